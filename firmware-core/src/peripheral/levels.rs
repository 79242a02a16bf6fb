//! The parts of a peripheral, each with what its level has to know, to be owned by one level each.

use crate::application::Application;
use crate::config::Config;
use crate::control::{Control, ControlConfig, ControlOutput, MinUsedChannels};
use crate::host::Host;
use crate::host::message::{HostInput, HostOutput};
use crate::link::{Link, LinkConfig};
use crate::peripheral::between::{Between, Down, Joint, Up};
use crate::peripheral::{Output, VERSION};
use ble::address::AddressKind;
use ble::crypto::aes::Aes;
use ble::invariant::{Broken, Invariant};
use ble::phy::PhySet;
use ble::random::Entropy;
use ble::time::Instant;
use ble::work::{Level, Work};

const fn on_all_phys(channels: u8) -> MinUsedChannels {
    MinUsedChannels { phys: PhySet(7), channels }
}

/// A whole peripheral in its parts. Where levels interrupt each other, they are lent to them one by
/// one and meet at a [`Joint`]; else [`Peripheral`](super::Peripheral) runs them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Levels<A: Application, const LINKS: usize> {
    /// What the radio's interrupt runs.
    pub link: Link<LINKS>,
    /// What runs after it.
    pub control: ControlLevel<LINKS>,
    /// What runs in the thread.
    pub host: HostLevel<A, LINKS>,
    /// What control and host share.
    pub between: Between<A::Button>,
}

impl<A: Application, const LINKS: usize> Levels<A, LINKS> {
    /// As after power-on.
    #[must_use]
    // Built in place: as a separate function it would be built on the stack and moved.
    #[inline(always)]
    pub fn new(config: &Config, application: A, entropy: &Entropy) -> Self {
        let public_address = match config.address.kind {
            AddressKind::Public => config.address.octets,
            AddressKind::Random => [0; 6],
        };
        let link = LinkConfig { sleep_clock_ppm: config.sleep_clock_ppm, csa2: true };
        let control = ControlConfig {
            public_address,
            features: ControlConfig::SUPPORTED.without(config.left_out),
            version: VERSION,
            max_tx_octets: 251,
            max_tx_time: 17_040,
            min_used_channels: (config.min_used_channels > 0)
                .then_some(on_all_phys(config.min_used_channels)),
            length_from_default: false,
            lapses: config.lapses,
        };
        Self {
            link: Link::new(link, entropy),
            control: ControlLevel { control: Control::new(control, entropy), broken: Broken::NONE },
            host: HostLevel {
                host: Host::new(config, application, entropy),
                full: false,
                broken: Broken::NONE,
            },
            between: Between::default(),
        }
    }
}

/// [`Control`] as a level of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ControlLevel<const LINKS: usize> {
    pub(super) control: Control<LINKS>,
    /// Faults of the queue to the host.
    pub(super) broken: Broken,
}

impl<const LINKS: usize> ControlLevel<LINKS> {
    /// Does what waits, as far as there is room for what follows from it.
    pub fn run<B, O>(&mut self, now: Instant, joint: &mut impl Joint<B, O>) -> Work {
        let mut work = self.pass_orders(now, joint, Work::none(Level::Control));
        if self.control.has_room() && joint.between(Between::take_control_timer) {
            let timer = self.control.timer(now);
            work = work.and(self.pass_orders(now, joint, timer));
        }
        if self.control.has_room()
            && let Some(channels) = joint.between(Between::take_channels)
        {
            let asked = self.control.ask_for_channels(now, on_all_phys(channels));
            work = work.and(self.pass_orders(now, joint, asked));
        }
        while self.control.has_room()
            && let Some(report) = joint.report()
        {
            let report = self.control.report(now, report);
            work = work.and(self.pass_orders(now, joint, report));
        }
        while self.control.has_room()
            && let Some(down) = joint.between(|between| between.down.pop())
        {
            let taken = match down {
                Down::Command(command) => self.control.command(now, command),
                Down::Acl(acl) => self.control.acl(now, acl),
            };
            work = work.and(self.pass_orders(now, joint, taken));
        }
        self.drain(joint);
        work
    }

    /// Passes on what waits for room further up.
    pub fn drain<B, O>(&mut self, joint: &mut impl Joint<B, O>) {
        // Orders that the link had no room for go first.
        while !self.control.has_orders()
            && joint.has_room()
            && joint.between(|between| !between.up.is_full())
        {
            let (up, copy) = match self.control.poll() {
                Some(ControlOutput::Event(event)) => {
                    (Some(Up::Event(event.clone())), Output::HciEvent(event))
                }
                Some(ControlOutput::Acl(acl)) => (Some(Up::Acl(acl.clone())), Output::AclIn(acl)),
                Some(ControlOutput::Trace(trace)) => (None, Output::Trace(trace)),
                Some(ControlOutput::Order(_)) => {
                    self.broken.shout(Invariant::OrdersArePassedOn);
                    continue;
                }
                None => return,
            };
            if let Some(up) = up {
                let passed = joint.between(|between| between.up.push(up).is_ok());
                self.broken.check(Invariant::QueuesBetweenLevelsFit, passed);
            }
            joint.output(copy);
        }
    }

    /// Has AES computed by another than software from here on.
    pub const fn lend_aes(&mut self, aes: Aes) {
        self.control.lend_aes(aes);
    }

    /// When [`Between::control_is_due`] is to be called, and this run then.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.control.deadline()
    }

    /// An invariant of this level that has been broken since it was last asked for, and how often
    /// any has been; see [`ble::invariant`].
    pub fn broken(&mut self) -> Option<(Invariant, u16)> {
        self.control.broken().or_else(|| self.broken.take())
    }

    /// Whether something waits that can be done; `reports`: those of the link.
    pub(super) fn waits<B>(&self, reports: bool, between: &Between<B>) -> bool {
        (reports || between.has_control_work()) && self.control.has_room()
    }

    fn pass_orders<B, O>(
        &mut self,
        now: Instant,
        joint: &mut impl Joint<B, O>,
        mut work: Work,
    ) -> Work {
        while joint.takes_order()
            && let Some(order) = self.control.poll_order()
        {
            joint.order(now, order);
            work = work.and(Work::one(Level::Control));
        }
        work
    }
}

/// [`Host`] as a level of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostLevel<A: Application, const LINKS: usize> {
    pub(super) host: Host<A, LINKS>,
    /// Its outputs were not taken to the last: it is not run before they are.
    pub(super) full: bool,
    /// Faults of the queue to the controller.
    pub(super) broken: Broken,
}

impl<A: Application, const LINKS: usize> HostLevel<A, LINKS> {
    /// Does what waits, as far as there is room for what follows from it.
    pub fn run(&mut self, now: Instant, joint: &mut impl Joint<A::Button, A::Output>) -> Work {
        let mut work = Work::none(Level::Host);
        self.drain(joint);
        while !self.full {
            let input = if joint.between(Between::take_start) {
                // Records found in storage come before the start.
                while let Some(input) = joint.between(|between| between.inputs.pop()) {
                    work = work.and(self.pass_input(now, input));
                }
                work = work.and(self.host.start(now));
                self.drain(joint);
                continue;
            } else if joint.between(Between::take_host_timer) {
                work = work.and(self.host.timer(now));
                self.drain(joint);
                continue;
            } else if let Some(up) = joint.between(|between| between.up.pop()) {
                match up {
                    Up::Event(event) => HostInput::Event(event),
                    Up::Acl(acl) => HostInput::Acl(acl),
                }
            } else if let Some(input) = joint.between(|between| between.inputs.pop()) {
                input
            } else {
                break;
            };
            work = work.and(self.pass_input(now, input));
            self.drain(joint);
        }
        work
    }

    fn pass_input(&mut self, now: Instant, input: HostInput<A::Button>) -> Work {
        self.host.input(now, input)
    }

    /// Passes on what waits for room.
    pub fn drain(&mut self, joint: &mut impl Joint<A::Button, A::Output>) {
        while joint.has_room() && joint.between(|between| !between.down.is_full()) {
            let (down, copy) = match self.host.poll() {
                Some(HostOutput::Command(command)) => {
                    (Some(Down::Command(command.clone())), Output::HciCommand(command))
                }
                Some(HostOutput::Acl(acl)) => (Some(Down::Acl(acl.clone())), Output::AclOut(acl)),
                Some(HostOutput::Effect(effect)) => (None, Output::Effect(effect)),
                Some(HostOutput::Log(log)) => (None, Output::Log(log)),
                Some(HostOutput::Said(severity, text)) => (None, Output::Said(severity, text)),
                Some(HostOutput::Dialog(dialog)) => (None, Output::Dialog(dialog)),
                Some(HostOutput::Show(output)) => (None, Output::Show(output)),
                Some(HostOutput::Trace(trace)) => (None, Output::Trace(trace)),
                None => {
                    self.full = false;
                    return;
                }
            };
            if let Some(down) = down {
                let passed = joint.between(|between| between.down.push(down).is_ok());
                self.broken.check(Invariant::QueuesBetweenLevelsFit, passed);
            }
            joint.output(copy);
        }
        self.full = true;
    }

    /// When [`Between::host_is_due`] is to be called, and this run then. `None` as well while it
    /// waits for room.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.host.deadline().filter(|_| !self.full)
    }

    /// An invariant of this level that has been broken since it was last asked for, and how often
    /// any has been; see [`ble::invariant`].
    pub fn broken(&mut self) -> Option<(Invariant, u16)> {
        self.host.broken().or_else(|| self.broken.take())
    }

    /// Whether it waits for room for its outputs.
    #[must_use]
    pub const fn is_held_up(&self) -> bool {
        self.full
    }

    /// Whether something waits that can be done.
    pub(super) fn waits(&self, between: &Between<A::Button>) -> bool {
        between.has_host_work() && !self.full
    }
}

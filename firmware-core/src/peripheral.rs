//! Link, Control and Host composed: the whole peripheral.
//!
//! ```text
//!            radio events            reports              events, ACL
//!   radio ──────────────▶ Link ──────────────▶ Control ──────────────▶ Host ◀── people, storage
//!         ◀──────────────      ◀──────────────         ◀──────────────
//!            radio commands          orders             commands, ACL
//! ```
//!
//! A radio event runs [`Link`] only. The rest waits in queues until the runner runs [`Control`] and
//! then [`Host`], each with the time that it costs on a chip. Every queue is bounded. While one is
//! full, the part that feeds it is not run, so that work waits and nothing is lost. The two queues
//! between Control and Host cannot block each other, because HCI flow control (one command,
//! `ACL_BUFFERS` packets) keeps the downward one below its size.

#[cfg(test)]
mod tests;

use crate::application::Application;
use crate::config::Config;
use crate::control::{ACL_BUFFERS, Control, ControlConfig, ControlOutput, MinUsedChannels};
use crate::host::Host;
use crate::host::message::{HostInput, HostOutput};
use crate::link::{Link, LinkConfig};
use ble::address::AddressKind;
use ble::armed::{Armed, Tell, What};
use ble::effect::Effect;
use ble::hci::{Acl, Command, Event};
use ble::invariant::{Broken, Invariant};
use ble::log::{Log, Severity};
use ble::pdu::control::VersionInd;
use ble::phy::PhySet;
use ble::queue::Queue;
use ble::radio::{RadioCommand, RadioEvent};
use ble::random::Entropy;
use ble::text::Text;
use ble::time::{Duration, Instant};
use ble::trace::Trace;
use ble::ui::Dialog;
use ble::work::{Level, Work};

/// Events and ACL packets from the controller to the host.
const UP: usize = 3;
/// Commands and ACL packets from the host to the controller.
const DOWN: usize = ACL_BUFFERS + 2;
/// Inputs from people and storage to the host.
const INPUTS: usize = 4;
/// Outputs that wait for [`Peripheral::poll`].
const OUTPUTS: usize = 6;

/// LL_VERSION_IND: Core 5.4, Nordic Semiconductor.
const VERSION: VersionInd = VersionInd { version: 13, company: 0x0059, subversion: 0 };

const fn on_all_phys(channels: u8) -> MinUsedChannels {
    MinUsedChannels { phys: PhySet(7), channels }
}

/// What reaches a peripheral.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input<B> {
    /// Power is on, and the records in storage have been given.
    Start,
    /// From the radio.
    Radio(RadioEvent),
    /// [`Peripheral::deadline`] is reached.
    Timer,
    /// From people and from those who do slow work.
    Host(HostInput<B>),
    /// The minimum number of used channels that an application wants, 2–37: see
    /// [`Control::ask_for_channels`].
    MinUsedChannels(u8),
}

/// An output of a peripheral.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output<O> {
    /// To the radio.
    Radio(RadioCommand),
    /// Slow work to be done outside.
    Effect(Effect),
    /// To the log.
    Log(Log),
    /// To the log: a line of the application's.
    Said(Severity, Text),
    /// To the display: dialogs of pairing.
    Dialog(Dialog),
    /// To the application's outputs.
    Show(O),
    /// To the record.
    Trace(Trace),
    /// Copy for the record: host to controller.
    HciCommand(Command),
    /// Copy for the record: controller to host.
    HciEvent(Event),
    /// Copy for the record: host to controller.
    AclOut(Acl),
    /// Copy for the record: controller to host.
    AclIn(Acl),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Up {
    Event(Event),
    Acl(Acl),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Down {
    Command(Command),
    Acl(Acl),
}

/// Inputs of parts that have not run yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
struct Due {
    start: bool,
    control_timer: bool,
    host_timer: bool,
    channels: Option<u8>,
}

/// A whole peripheral with its application and room for `LINKS` connections.
///
/// After each call: [`Peripheral::poll`] until `None`, then [`Peripheral::run`] while
/// [`Peripheral::pending`] names a level.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peripheral<A: Application, const LINKS: usize = 1> {
    link: Link<LINKS>,
    control: Control<LINKS>,
    host: Host<A, LINKS>,
    up: Queue<Up, UP>,
    down: Queue<Down, DOWN>,
    inputs: Queue<HostInput<A::Button>, INPUTS>,
    outputs: Queue<Output<A::Output>, OUTPUTS>,
    due: Due,
    /// The host's outputs were not taken to the last: it is not run before they are.
    host_full: bool,
    /// Faults of the queues between the levels.
    broken: Broken,
}

impl<A: Application, const LINKS: usize> Peripheral<A, LINKS> {
    /// A peripheral as after power-on. Give it the records in storage as
    /// [`HostInput::Completed`], then [`Input::Start`].
    #[must_use]
    // Built in place: as a separate function it would be built on the stack and moved.
    #[inline(always)]
    pub fn new(config: Config, application: A, entropy: &Entropy) -> Self {
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
            control: Control::new(control, entropy),
            host: Host::new(&config, application, entropy),
            up: Queue::new(),
            down: Queue::new(),
            inputs: Queue::new(),
            outputs: Queue::new(),
            due: Due::default(),
            host_full: false,
            broken: Broken::NONE,
        }
    }

    /// Takes an input. A radio event or a timer of the link runs [`Link`] and nothing else; all
    /// other work is left pending.
    pub fn handle(&mut self, now: Instant, input: Input<A::Button>) -> Work {
        match input {
            Input::Start => self.due.start = true,
            Input::Radio(event) => return self.radio(now, event),
            Input::Timer => return self.timer(now),
            Input::MinUsedChannels(channels) => self.due.channels = Some(channels),
            Input::Host(input) => {
                if let Err(input) = self.inputs.push(input) {
                    // The world does not wait: the host has its turn now, and then there is room.
                    let work = self.run_host(now);
                    let kept = self.inputs.push(input);
                    self.broken.check(Invariant::InputFits, kept.is_ok());
                    return work;
                }
            }
        }
        Work::none(Level::Host)
    }

    fn timer(&mut self, now: Instant) -> Work {
        let come = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        self.due.control_timer |= come(self.control.deadline());
        self.due.host_timer |= come(self.host.deadline());
        if come(self.link.deadline()) { self.link.timer(now) } else { Work::none(Level::Radio) }
    }

    /// The most urgent level at which work waits and can be done.
    #[must_use]
    pub fn pending(&self) -> Option<Level> {
        let due = self.due.control_timer || self.due.channels.is_some();
        let control = due || self.link.has_reports() || !self.down.is_empty();
        if control && self.control.has_room() {
            return Some(Level::Control);
        }
        let waits =
            self.due.start || self.due.host_timer || !self.up.is_empty() || !self.inputs.is_empty();
        (waits && !self.host_full).then_some(Level::Host)
    }

    /// Does the work that waits at a level, as far as there is room for what follows from it.
    pub fn run(&mut self, now: Instant, level: Level) -> Work {
        match level {
            Level::Radio => Work::none(Level::Radio),
            Level::Control => self.run_control(now),
            Level::Host => self.run_host(now),
        }
    }

    /// When [`Input::Timer`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        // A part whose deadline is past already only waits to be run.
        let control = self.control.deadline().filter(|_| !self.due.control_timer);
        let host = self.host.deadline().filter(|_| !self.due.host_timer && !self.host_full);
        self.link.deadline().into_iter().chain(control).chain(host).min()
    }

    /// The part of [`Self::deadline`] that a radio event changes.
    #[must_use]
    pub fn link_deadline(&self) -> Option<Instant> {
        self.link.deadline()
    }

    /// The rest: it stands until something else than a radio event is handled, a level is run, or
    /// [`Self::poll`] has given something other than a radio command.
    #[must_use]
    pub fn upper_deadline(&self) -> Option<Instant> {
        let control = self.control.deadline().filter(|_| !self.due.control_timer);
        let host = self.host.deadline().filter(|_| !self.due.host_timer && !self.host_full);
        control.into_iter().chain(host).min()
    }

    /// Reports what host and link layer have under way; see [`ble::armed`].
    pub fn armed(&self, report: Tell<'_>) {
        self.host.armed(report);
        self.control.armed(report);
        // These parts run soon.
        if self.due.start || !self.up.is_empty() || !self.down.is_empty() || !self.inputs.is_empty()
        {
            report(Armed::open(What::Work));
        }
    }

    /// The longest connSupervisionTimeout in force; `None` without a connection.
    #[must_use]
    pub fn supervision_timeout(&self) -> Option<Duration> {
        self.control.supervision_timeout()
    }

    /// [`Input::Radio`], without being made an input: a copy of a packet takes a chip 4 µs, and
    /// T_IFS is running.
    #[inline(never)]
    pub fn radio(&mut self, now: Instant, event: RadioEvent) -> Work {
        self.link.radio(now, &event)
    }

    /// The next command for the radio, which [`Self::poll`] gives before all else; likewise.
    #[inline(never)]
    pub fn command(&mut self) -> Option<RadioCommand> {
        self.link.command()
    }

    /// The next output; radio commands come first.
    pub fn poll(&mut self) -> Option<Output<A::Output>> {
        if let Some(command) = self.link.command() {
            return Some(Output::Radio(command));
        }
        if let Some((invariant, count)) = self.broken() {
            return Some(Output::Trace(Trace::Invariant { invariant, count }));
        }
        if self.outputs.is_empty() {
            self.drain_control();
            self.drain_host();
        }
        self.outputs.pop()
    }

    fn broken(&mut self) -> Option<(Invariant, u16)> {
        let lower = self.link.broken().or_else(|| self.control.broken());
        lower.or_else(|| self.host.broken()).or_else(|| self.broken.take())
    }

    /// The host, for its bonds and levels.
    #[must_use]
    pub const fn host(&self) -> &Host<A, LINKS> {
        &self.host
    }

    fn run_control(&mut self, now: Instant) -> Work {
        let mut work = Work::none(Level::Control);
        if self.control.has_room() && core::mem::take(&mut self.due.control_timer) {
            let timer = self.control.timer(now);
            work = work.and(self.pass_orders(now, timer));
        }
        if self.control.has_room()
            && let Some(channels) = self.due.channels.take()
        {
            let asked = self.control.ask_for_channels(now, on_all_phys(channels));
            work = work.and(self.pass_orders(now, asked));
        }
        while self.control.has_room()
            && let Some(report) = self.link.report()
        {
            let report = self.control.report(now, report);
            work = work.and(self.pass_orders(now, report));
        }
        while self.control.has_room()
            && let Some(down) = self.down.pop()
        {
            let taken = match down {
                Down::Command(command) => self.control.command(now, command),
                Down::Acl(acl) => self.control.acl(now, acl),
            };
            work = work.and(self.pass_orders(now, taken));
        }
        self.drain_control();
        work
    }

    fn pass_orders(&mut self, now: Instant, mut work: Work) -> Work {
        while let Some(order) = self.control.poll_order() {
            work = work.and(self.link.order(now, order));
        }
        work
    }

    fn drain_control(&mut self) {
        while !self.up.is_full() && !self.outputs.is_full() {
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
            let passed = up.is_none_or(|up| self.up.push(up).is_ok());
            let passed = self.outputs.push(copy).is_ok() && passed;
            self.broken.check(Invariant::QueuesBetweenLevelsFit, passed);
        }
    }

    fn run_host(&mut self, now: Instant) -> Work {
        let mut work = Work::none(Level::Host);
        self.drain_host();
        while !self.host_full {
            let input = if core::mem::take(&mut self.due.start) {
                // Records found in storage come before the start.
                while let Some(input) = self.inputs.pop() {
                    work = work.and(self.pass_input(now, input));
                }
                work = work.and(self.host.start(now));
                self.drain_host();
                continue;
            } else if core::mem::take(&mut self.due.host_timer) {
                work = work.and(self.host.timer(now));
                self.drain_host();
                continue;
            } else if let Some(up) = self.up.pop() {
                match up {
                    Up::Event(event) => HostInput::Event(event),
                    Up::Acl(acl) => HostInput::Acl(acl),
                }
            } else if let Some(input) = self.inputs.pop() {
                input
            } else {
                break;
            };
            work = work.and(self.pass_input(now, input));
            self.drain_host();
        }
        self.drain_control();
        work
    }

    fn pass_input(&mut self, now: Instant, input: HostInput<A::Button>) -> Work {
        self.host.input(now, input)
    }

    fn drain_host(&mut self) {
        while !self.down.is_full() && !self.outputs.is_full() {
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
                    self.host_full = false;
                    return;
                }
            };
            let passed = down.is_none_or(|down| self.down.push(down).is_ok());
            let passed = self.outputs.push(copy).is_ok() && passed;
            self.broken.check(Invariant::QueuesBetweenLevelsFit, passed);
        }
        self.host_full = true;
    }
}

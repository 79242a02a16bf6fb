//! Controller and host composed: a central as a node.
//!
//! The two meet only at HCI, and everything that crosses there is noted for the record.

#[cfg(test)]
mod firmware;
#[cfg(test)]
mod tests;

use ble::armed::Tell;
use ble::random::Entropy;
use ble::time::{Duration, Instant};
use ble::ui::Ui;
use bletwin_sim::leap::Idle;
use bletwin_sim::node::{Act, Node, NodeInput, NodeOutput, Outbox, Untracked};
use bletwin_sim::record::Note;
use bletwin_sim::remembered::Remembered;

use crate::controller::{CentralController, ControllerOutput};
use crate::host::{Bond, CentralHost, HostConfig, HostOutput, OTHER_SYSTEM};
use crate::profile::Profile;

/// More than this many HCI packets in one go is a quarrel between host and controller.
const ROUNDS_MAX: usize = 4096;

/// What exists while the power is on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Powered {
    controller: CentralController,
    host: CentralHost,
    /// The host's deadline, as long as the host is left alone: most of what happens is between
    /// radio and controller.
    host_due: Untracked<Option<Option<Instant>>>,
}

/// A central as a node: controller and host, which exist while its power is on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Central {
    profile: Profile,
    /// The other system on the same machine, if it behaves otherwise.
    other_system: Option<Box<Profile>>,
    /// The bond store, while the power is off.
    bonds: Vec<Bond>,
    powered: Option<Powered>,
}

impl Central {
    /// A central that is switched off and has the bonds of its profile.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self { bonds: profile.host.bonds.clone(), profile, other_system: None, powered: None }
    }

    /// The same machine with a second system, which the wish `other-system` boots: one address, two
    /// stores of keys, two behaviours.
    #[must_use]
    pub fn with_other_system(self, profile: Profile) -> Self {
        Self { other_system: Some(Box::new(profile)), ..self }
    }

    /// The profile of the central.
    #[must_use]
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Behaves by this profile from now on. Procedures under way continue, and bonds, address and
    /// random numbers stay: for counterfactual runs.
    pub fn behave_as(&mut self, profile: Profile) {
        if let Some(powered) = &mut self.powered {
            powered.controller.behave_as(&profile.controller);
            powered.host.behave_as(&profile.host);
            powered.host_due = Untracked(None);
        }
        self.profile = profile;
    }

    /// Boots the other system, if there is one.
    fn boot(&mut self) {
        if let Some(other) = self.other_system.take() {
            self.other_system = Some(Box::new(self.profile.clone()));
            self.behave_as(*other);
        }
    }

    /// Its host, while the power is on.
    #[must_use]
    pub fn host(&self) -> Option<&CentralHost> {
        self.powered.as_ref().map(|powered| &powered.host)
    }

    /// Its controller, while the power is on.
    #[must_use]
    pub fn controller(&self) -> Option<&CentralController> {
        self.powered.as_ref().map(|powered| &powered.controller)
    }

    /// The same, to do with it what its host does not.
    #[must_use]
    pub fn controller_mut(&mut self) -> Option<&mut CentralController> {
        self.powered.as_mut().map(|powered| &mut powered.controller)
    }

    fn power_on(&mut self, now: Instant, entropy: &Entropy) {
        let bonds = std::mem::take(&mut self.bonds);
        let config = HostConfig { bonds, ..self.profile.host.clone() };
        let mut host = CentralHost::new(config, entropy);
        host.start(now);
        let controller = CentralController::new(self.profile.controller.clone(), entropy);
        self.powered = Some(Powered { controller, host, host_due: Untracked(None) });
    }

    /// Only bonds outlast it. The world switches on again by another start.
    fn power_off(&mut self) {
        if let Some(powered) = self.powered.take() {
            self.bonds = powered.host.bonds().to_vec();
        }
    }
}

impl Powered {
    /// Carries everything that waits at HCI across, both ways, until nothing does.
    fn carry(&mut self, now: Instant, out: &mut Outbox) {
        for _ in 0..ROUNDS_MAX {
            if let Some(output) = self.host.poll() {
                self.host_due = Untracked(None);
                self.host_wants(now, output, out);
            } else if let Some(output) = self.controller.poll() {
                self.controller_says(now, output, out);
            } else {
                return;
            }
        }
        out.note(Note::Host("Host and controller do not come to rest".into()));
    }

    fn host_wants(&mut self, now: Instant, output: HostOutput, out: &mut Outbox) {
        match output {
            HostOutput::Command(command) => {
                out.note(Note::HciCommand(command.clone()));
                self.controller.command(now, command);
            }
            HostOutput::Acl(packet) => {
                out.note(Note::AclOut(packet.clone()));
                self.controller.acl(now, packet);
            }
            HostOutput::Show(ui) => {
                if matches!(ui, Ui::AskPasskey | Ui::ShowPasskey(_) | Ui::CompareNumber(_)) {
                    self.controller.dialog();
                }
                out.push(NodeOutput::Show(ui));
            }
            HostOutput::Note(text) => out.note(Note::Host(text)),
        }
    }

    fn controller_says(&mut self, now: Instant, output: ControllerOutput, out: &mut Outbox) {
        match output {
            ControllerOutput::Radio(command) => out.push(NodeOutput::Radio(command)),
            ControllerOutput::Event(event) => {
                out.note(Note::HciEvent(event.clone()));
                self.host.event(now, event);
                self.host_due = Untracked(None);
            }
            ControllerOutput::Acl(packet) => {
                out.note(Note::AclIn(packet.clone()));
                self.host.acl(now, &packet);
                self.host_due = Untracked(None);
            }
            ControllerOutput::Trace(trace) => out.note(Note::Trace(trace)),
            // This host does not know the extended commands.
            ControllerOutput::Extended(_) => {}
        }
    }

    /// Wakes whichever half has its time.
    fn timer(&mut self, now: Instant, keys: &mut Remembered) {
        let due = |deadline: Option<Instant>| deadline.is_some_and(|at| at <= now);
        if due(self.controller.deadline()) {
            self.controller.timer(now);
        }
        if due(self.host_deadline()) {
            self.host.timer(now, keys);
            self.host_due = Untracked(None);
        }
    }

    fn host_deadline(&self) -> Option<Instant> {
        let kept = self.host_due.0;
        debug_assert!(kept.is_none_or(|kept| kept == self.host.deadline()), "the host has changed");
        kept.unwrap_or_else(|| self.host.deadline())
    }
}

impl Node for Central {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        match (input, &mut self.powered) {
            (NodeInput::Start { entropy }, _) => {
                self.power_off();
                self.power_on(now, &Entropy::new(entropy));
            }
            (NodeInput::Act(Act::PowerCycle), _) => self.power_off(),
            (NodeInput::Act(act), Some(powered)) => {
                powered.host.act(now, &act);
                powered.host_due = Untracked(None);
                if matches!(&act, Act::Ask(wish) if wish == OTHER_SYSTEM) {
                    self.boot();
                }
            }
            (NodeInput::Radio(event), Some(powered)) => powered.controller.radio(now, event),
            (NodeInput::Timer, Some(powered)) => powered.timer(now, out.keys()),
            (
                NodeInput::Saw { .. }
                | NodeInput::Octets(_)
                | NodeInput::Antenna(_)
                | NodeInput::Resume,
                _,
            )
            | (_, None) => {}
        }
        if let Some(powered) = &mut self.powered {
            powered.carry(now, out);
            powered.host_due = Untracked(Some(powered.host_deadline()));
        }
    }

    fn idle(&self) -> Option<Idle> {
        let powered = self.powered.as_ref()?;
        let mut rests = true;
        powered.host.armed(&mut |armed| rests &= armed.what.only_waits());
        let idle = powered.controller.idle().filter(|_| rests)?;
        Some(Idle { until: Instant::earlier(idle.until, powered.host_deadline()), ..idle })
    }

    fn leap(&mut self, events: u16, _: Duration) {
        if let Some(powered) = &mut self.powered {
            powered.controller.leap(events);
        }
    }

    fn armed(&self, report: Tell<'_>) {
        if let Some(powered) = &self.powered {
            powered.host.armed(report);
            powered.controller.armed(report);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let powered = self.powered.as_ref()?;
        [powered.controller.deadline(), powered.host_deadline()].into_iter().flatten().min()
    }
}

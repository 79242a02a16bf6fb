//! A model central meets a user's own host: a scenario whose peripheral is an endpoint of
//! [`bletwin_bridge::serve`].
//!
//! Its end, its outcome and its findings are determined as in any scenario ([`Stage`]). The host is
//! the user's; the controller below it is bletwin's, so that faults of the user's own controller do
//! not show.

use std::cell::Cell;
use std::rc::Rc;

use ble::time::Instant;
use ble::ui::Ui;
use bletwin_bridge::raw::RawPacket;
use bletwin_bridge::serve::Lent;
use bletwin_bridge::twin::Port;
use bletwin_models::host::{HostConfig, Step, Target};
use bletwin_setup::Setup;
use bletwin_setup::error::BadInput;
use bletwin_sim::node::{Act, NodeId};
use bletwin_sim::record::Record;
use bletwin_sim::sniffer::{AirItem, Live};

use crate::guest::Guest;
use crate::stage::{Cast, Finished, Stage};
use crate::story::{Scenario, Story};

/// The commands that a person can type.
const HELP: &str = "passkey NUMBER | yes | no | cancel";

/// Whether a host from outside is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// It has not come yet.
    #[default]
    Awaited,
    /// It has connected to the endpoint, and has not advertised yet.
    Here,
    /// It has left without having advertised.
    Left,
    /// It has advertised: the scenario has begun, and continues even without it.
    Met,
}

/// A scenario under way with a host from outside. Time stands still until the host has connected to
/// its endpoint.
pub struct Meeting {
    stage: Stage,
    presence: Rc<Cell<Presence>>,
    live: Live,
    /// Records that [`Lent::settled`] has been given.
    passed_on: usize,
}

impl Meeting {
    /// Puts everybody in place.
    ///
    /// # Errors
    /// If the scenario needs an action that only bletwin's own firmware supports.
    pub fn new(scenario: &Scenario, setup: &Setup, guest: Guest) -> Result<Self, BadInput> {
        playable(scenario)?;
        let mut setup = setup.clone();
        let host = &mut setup.central.host;
        // It comes when the host advertises: getting ready takes no part of the scenario's time.
        host.autostart = false;
        // There is no other device in this air.
        if host.target == HostConfig::default().target {
            host.target = Target::Any;
        }
        if !setup.is_central_key_given("steps") {
            setup.central.host.steps.retain(|step| {
                !matches!(step, Step::Write(..) | Step::Read(_) | Step::Subscribe(_))
            });
        }
        let mut guest = guest;
        // Two devices on one air have two addresses.
        if guest.controller.public_address == setup.central.controller.public_address {
            let [low, ..] = &mut guest.controller.public_address;
            *low = low.wrapping_add(1);
        }
        let cast = Cast::of(scenario, &setup).with_guest(guest);
        let stage = Stage::with(scenario, cast);
        Ok(Self { stage, presence: Rc::default(), live: Live::default(), passed_on: 0 })
    }

    /// A handle that shows whether the host is there, while another task runs the meeting.
    #[must_use]
    pub fn presence(&self) -> Rc<Cell<Presence>> {
        Rc::clone(&self.presence)
    }

    /// Whether it was played to its end.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.is_over()
    }

    /// The host has disconnected, and no other input can come: runs the rest without delay.
    pub fn play_out(&mut self) {
        self.leave(Port(0));
        self.run_until(Instant::MAX);
    }

    /// The result so far, judged by the oracle.
    #[must_use]
    pub fn finish(self) -> Finished {
        self.stage.finish()
    }

    /// The scenario itself, to look at.
    #[must_use]
    pub const fn stage(&self) -> &Stage {
        &self.stage
    }

    fn ours(&self, port: Port) -> bool {
        port == Port(0)
    }
}

/// Whether a host from outside can play it.
fn playable(scenario: &Scenario) -> Result<(), BadInput> {
    match scenario.story {
        Story::Pair | Story::Stay | Story::Reconnect | Story::Forgotten | Story::WrongPasskey => {
            Ok(())
        }
        _ => Err(BadInput {
            what: format!(
                "`{}` turns on what only firmware of bletwin's own can be made to do",
                scenario.name
            ),
            help: "a host of yours can play pairing, stay, reconnect, forgotten, wrong-passkey"
                .into(),
        }),
    }
}

impl Lent for Meeting {
    fn now(&self) -> Instant {
        self.stage.world.now()
    }

    fn next_event(&self) -> Option<Instant> {
        let end = Some(self.stage.end()).filter(|end| *end < Instant::MAX);
        self.stage.world.next_event().into_iter().chain(end).min()
    }

    fn feed(&mut self, port: Port, octets: Vec<u8>) {
        if self.ours(port) {
            self.stage.world.octets(self.stage.peripheral, octets);
        }
        self.run_until(self.now());
    }

    fn take(&mut self, port: Port) -> Vec<u8> {
        let endpoint = self.stage.endpoint_mut().filter(|_| port == Port(0));
        endpoint.map(|node| node.take_octets()).unwrap_or_default()
    }

    fn come(&mut self, _: Port) {
        if !self.stage.has_begun() {
            self.presence.set(Presence::Here);
        }
    }

    fn leave(&mut self, port: Port) {
        if self.ours(port) {
            self.stage.world.act(self.stage.peripheral, self.now(), Act::PowerCycle);
        }
        self.run_until(self.now());
        if !self.stage.has_begun() {
            self.presence.set(Presence::Left);
        }
    }

    fn run_until(&mut self, until: Instant) {
        self.stage.pass_until(until);
        if self.stage.has_begun() {
            self.presence.set(Presence::Met);
        }
    }

    fn run_until_octets(&mut self, until: Instant) -> bool {
        let has_octets =
            |stage: &Stage| stage.endpoint().is_some_and(|endpoint| endpoint.has_octets());
        while !has_octets(&self.stage) {
            if !self.stage.advance(until) {
                self.stage.pass_until(until);
                break;
            }
        }
        // What happens at the same instant is one delivery.
        self.run_until(self.now());
        has_octets(&self.stage)
    }

    fn settled(&mut self) -> Vec<(Record, Option<AirItem>)> {
        let records = self.stage.world.records();
        self.live.add(records.get(self.passed_on..).unwrap_or_default().to_vec());
        self.passed_on = records.len();
        self.live.settled(self.stage.world.now())
    }

    fn name(&self, node: NodeId) -> &str {
        self.stage.world.name(node)
    }

    fn port_of(&self, node: NodeId) -> Option<Port> {
        (node == self.stage.peripheral).then_some(Port(0))
    }

    fn set_address(&mut self, port: Port, address: [u8; 6]) -> bool {
        let endpoint = self.stage.endpoint_mut().filter(|_| port == Port(0));
        endpoint.map(|node| node.set_public_address(address)).is_some()
    }

    fn transmit(&mut self, _: RawPacket) -> Result<(), &'static str> {
        Err("there is no transmitter beside a model central")
    }

    fn help(&self) -> &'static str {
        HELP
    }

    fn typed(&mut self, line: &str) -> Result<(), String> {
        let wrong = || Err(format!("`{line}`? type {HELP}"));
        let act = match line.split_once(' ').unwrap_or((line, "")) {
            ("passkey", number) => match number.trim().parse() {
                Ok(passkey) if passkey <= 999_999 => Act::TypePasskey(passkey),
                _ => return Err(format!("`{number}` is no passkey: six digits")),
            },
            ("yes", "") => Act::Confirm(true),
            ("no", "") => Act::Confirm(false),
            ("cancel", "") => Act::Cancel,
            _ => return wrong(),
        };
        self.stage.world.act(self.stage.central, self.now(), act);
        Ok(())
    }

    fn shows(&self, node: NodeId, ui: &Ui) -> Option<String> {
        let what = match ui {
            Ui::ShowPasskey(passkey) => format!("shows {passkey:06}: type it on your device"),
            Ui::AskPasskey => "asks for the passkey that your device shows".into(),
            Ui::CompareNumber(number) => {
                format!("shows {number:06}: is it what your device shows?")
            }
            Ui::Clear | Ui::Output(_) => return None,
        };
        (node == self.stage.central).then(|| format!("central: {what}"))
    }

    fn stands_still(&self) -> bool {
        matches!(self.presence.get(), Presence::Awaited | Presence::Left)
    }

    fn is_looked_at(&self) -> bool {
        self.stage.has_begun()
    }

    fn is_over(&self) -> bool {
        self.stage.has_begun() && self.now() >= self.stage.end()
    }
}

#[cfg(test)]
mod tests {
    use ble::time::Duration;
    use bletwin_bridge::endpoint::Endpoint;

    use super::*;
    use crate::catalogue;

    /// A central that has waited for half a minute is at rest; the run begins nevertheless when the
    /// host advertises at last, and is not over at once.
    #[test]
    fn a_host_may_be_late() {
        let setup = Setup::new("recommended", "phone", 1).expect("known names");
        let guest =
            Guest { name: "host".into(), controller: Endpoint::full(), level: 2, passkey: None };
        let scenario = catalogue::by_name("pairing").expect("known");
        let mut stage = Meeting::new(scenario, &setup, guest).expect("playable").stage;
        stage.run_until(Instant::ZERO + Duration::from_secs(60));
        let host = NodeId(0);
        for command in [
            &[1, 3, 0x0C, 0][..],
            &[1, 6, 0x20, 15, 0x20, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0],
            &[1, 0x0A, 0x20, 1, 1],
        ] {
            stage.world.octets(host, command.to_vec());
        }
        while !stage.has_begun() {
            assert!(stage.advance(Instant::MAX), "it advertises");
        }
        assert!(stage.end() > stage.world.now() + Duration::from_secs(1), "{:?}", stage.end());
    }

    /// Hosts that use their controller's own address (BlueZ, NimBLE) met `honest` under its own.
    #[test]
    fn the_host_has_an_address_that_the_central_has_not() {
        for name in ["honest", "phone", "macos"] {
            let setup = Setup::new("recommended", name, 1).expect("known names");
            let (controller, level) = (Endpoint::full(), 2);
            let guest = Guest { name: "host".into(), controller, level, passkey: None };
            let scenario = catalogue::by_name("pairing").expect("known");
            let meeting = Meeting::new(scenario, &setup, guest).expect("playable");
            let own = meeting.stage.endpoint().expect("an endpoint").config().public_address;
            assert_ne!(own, setup.central.controller.public_address, "{name}");
        }
    }
}

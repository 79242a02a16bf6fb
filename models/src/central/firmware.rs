//! Named centrals meet the firmware itself: the founding case, in short. Whole worlds with charged
//! time belong to the scenarios; here slow work is done immediately.

use ble::log::Line;
use ble::time::Duration;
use bletwin_sim::effects::{Storage, perform};
use bletwin_sim::node::NodeId;
use bletwin_sim::record::RecordKind;
use bletwin_sim::world::{Placement, World, WorldConfig};
use firmware_core::config::{Config, Passkey, PhyUpdate};
use firmware_core::host::message::HostInput;
use firmware_core::peripheral::{Input, Output, Peripheral};
use led_button::LedButton;

use super::*;
use crate::user::{User, UserConfig};

#[derive(Clone, PartialEq, Eq, Hash)]
struct Device {
    config: Config,
    peripheral: Option<Peripheral<LedButton>>,
    storage: Storage,
}

impl Device {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        let input = match input {
            NodeInput::Start { entropy } => {
                let entropy = Entropy::new(entropy);
                self.peripheral =
                    Some(Peripheral::new(self.config.clone(), LedButton::default(), &entropy));
                Input::Start
            }
            NodeInput::Radio(event) => Input::Radio(event),
            NodeInput::Timer => Input::Timer,
            NodeInput::Act(_)
            | NodeInput::Saw { .. }
            | NodeInput::Resume
            | NodeInput::Octets(_)
            | NodeInput::Antenna(_) => return,
        };
        let Some(peripheral) = &mut self.peripheral else { return };
        let _work = peripheral.handle(now, input);
        loop {
            while let Some(output) = peripheral.poll() {
                match output {
                    Output::Radio(command) => out.push(NodeOutput::Radio(command)),
                    Output::Dialog(dialog) => out.push(NodeOutput::Show(dialog.into())),
                    Output::Log(log) => out.note(Note::Log(log)),
                    Output::Effect(effect) => {
                        let done = HostInput::Completed(perform(effect, &mut self.storage));
                        let _work = peripheral.handle(now, Input::Host(done));
                    }
                    Output::HciEvent(event) => out.note(Note::HciEvent(event)),
                    _ => {}
                }
            }
            let Some(level) = peripheral.pending() else { return };
            let _work = peripheral.run(now, level);
        }
    }
}

/// Everything that the tests put into a world.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Actor {
    Central(Box<Central>),
    Device(Box<Device>),
    User(User),
}

impl Node for Actor {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        match self {
            Self::Central(central) => central.handle(now, input, out),
            Self::User(user) => user.handle(now, input, out),
            Self::Device(device) => device.handle(now, input, out),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Central(central) => central.deadline(),
            Self::User(user) => user.deadline(),
            Self::Device(device) => device.peripheral.as_ref()?.deadline(),
        }
    }

    fn watches(&self) -> bool {
        matches!(self, Self::User(_))
    }
}

/// The device's log, and the status of the central's host.
struct Story {
    lines: Vec<(Instant, Line)>,
    status: crate::host::Status,
}

fn story(config: Config, profile: Profile) -> Story {
    story_with(config, profile, UserConfig::default())
}

fn story_with(config: Config, profile: Profile, user: UserConfig) -> Story {
    let mut world = World::new(WorldConfig { seed: 1, recording: true, ..WorldConfig::default() });
    let device = Device { config, peripheral: None, storage: Storage::default() };
    world.add("device", Actor::Device(Box::new(device)), Placement::default());
    world.add("central", Actor::Central(Box::new(Central::new(profile))), Placement::default());
    world.add("user", Actor::User(User::new(user)), Placement::default());
    world.run_until(Instant::from_us(20_000_000));
    let lines = world
        .records()
        .iter()
        .filter_map(|record| match &record.kind {
            RecordKind::Note(Note::Log(log)) => Some((record.at, log.line.clone())),
            _ => None,
        })
        .collect();
    let Actor::Central(central) = world.node(NodeId(1)) else { unreachable!() };
    let status = central.host().map(|host| host.status().clone());
    Story { lines, status: status.unwrap_or_default() }
}

fn named(name: &str) -> Profile {
    Profile::by_name(name).unwrap()
}

fn with_phy(phy_update: PhyUpdate) -> Config {
    Config { phy_update, ..Config::zephyr_2024() }
}

fn bonds(config: Config, profile: Profile) -> bool {
    let story = story(config, profile);
    let complete = |line: &Line| matches!(line, Line::PairingComplete { bonded: true, .. });
    let both = story.lines.iter().any(|(_, line)| complete(line)) && story.status.bonded;
    both && story.status.level == 4
}

/// The HCI reason with which the device lost the connection, if it did while pairing.
fn reason(profile: Profile) -> Option<u8> {
    let story = story(with_phy(PhyUpdate::OnConnect), profile);
    assert!(!story.status.bonded);
    story.lines.iter().find_map(|(_, line)| match line {
        Line::Disconnected(reason) => Some(reason.0),
        _ => None,
    })
}

#[test]
fn honest_centrals_bond_whenever_the_phy_changes() {
    for phy in [PhyUpdate::OnConnect, PhyUpdate::AfterBonding, PhyUpdate::Never] {
        for profile in [Profile::phone(), Profile::windows_intel().without_quirks()] {
            let name = profile.name.clone();
            assert!(bonds(with_phy(phy), profile), "{name} {phy:?}");
        }
    }
}

#[test]
fn the_laptop_fails_with_the_automatic_phy_request_and_only_with_it() {
    let laptops = ["windows-intel", "windows-intel-m1", "windows-intel-m3"].map(named);
    for laptop in laptops {
        let name = laptop.name.clone();
        assert_eq!(reason(laptop.clone()), Some(8), "{name}");
        assert!(bonds(with_phy(PhyUpdate::Never), laptop.clone()), "{name}");
        assert!(bonds(with_phy(PhyUpdate::AfterBonding), laptop), "{name}");
    }
    assert_eq!(reason(named("windows-intel-restart")), Some(0x23));
}

#[test]
fn the_blocked_laptop_gives_up_after_some_15_seconds_without_a_dialog() {
    let story = story(with_phy(PhyUpdate::OnConnect), Profile::windows_intel());
    let at = |wanted: fn(&Line) -> bool| {
        story.lines.iter().find(|(_, line)| wanted(line)).map(|(at, _)| *at)
    };
    let connected = at(|line| matches!(line, Line::Connected)).unwrap();
    let lost = at(|line| matches!(line, Line::Disconnected(_))).unwrap();
    let lasted = lost.since(connected);
    assert!((Duration::from_secs(14)..Duration::from_secs(16)).contains(&lasted), "{lasted:?}");
    assert_eq!(story.status.dialogs, 0);
    assert!(!story.lines.iter().any(|(_, line)| matches!(line, Line::Passkey { .. })));
}

#[test]
fn a_static_passkey_falls_and_a_random_one_does_not() {
    let attacked = |passkey| {
        let config = Config { passkey, pairing_back_off: false, ..with_phy(PhyUpdate::Never) };
        story(config, Profile::attacker()).status
    };
    for passkey in [0, 123_456, 999_999] {
        let status = attacked(Passkey::Static(passkey));
        assert_eq!(status.pairing, Some(Ok(4)), "{passkey}");
        assert!(status.attempts <= 20, "{passkey}: {}", status.attempts);
    }
    let status = attacked(Passkey::Random);
    assert!(!status.bonded && status.attempts > 20, "{status:?}");
}

#[test]
fn a_wrong_passkey_is_noticed_on_both_sides() {
    let typing = crate::user::Typing::Wrong;
    let user = UserConfig { typing, ..UserConfig::default() };
    let story = story_with(with_phy(PhyUpdate::Never), Profile::phone(), user);
    assert_eq!(story.status.pairing, Some(Err(crate::host::PairingError::Peer(4))));
    let failed = |line: &Line| matches!(line, Line::PairingFailed { reason: 4, .. });
    assert!(story.lines.iter().any(|(_, line)| failed(line)));
}

#[test]
fn a_name_means_nothing() {
    let renamed = Profile { name: "acme".into(), ..Profile::windows_intel() };
    let config = || with_phy(PhyUpdate::OnConnect);
    assert_eq!(story(config(), renamed).lines, story(config(), Profile::windows_intel()).lines);
}

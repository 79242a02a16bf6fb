//! What is done in the middle of a run, at moments that the run itself defines.

use ble::hci::{Command, Event};
use ble::pdu::control::Opcode;
use ble::time::{Duration, Instant};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::prompt::{Milestone, Prompt, Target};
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_setup::Setup;
use bletwin_sim::node::Act;
use bletwin_sim::record::{Note, RecordKind};
use bletwin_sim::sniffer::sniff;

fn play(scenario: &str, prompts: &[Prompt]) -> Finished {
    let mut setup = Setup::new("recommended", "phone", 1).expect("known names");
    setup.set("phy-update=never").expect("a known key");
    Stage::new(catalogue::by_name(scenario).expect("known"), &setup).prompted(prompts).play()
}

fn ask(since: Milestone, after: Duration, connection: Option<u32>) -> Prompt {
    let act = Act::Ask("phy".into());
    Prompt { target: Target::Peripheral, act, connection, since, after }
}

/// When the peripheral's host requested a PHY, and when it got connection events.
fn asked(run: &Finished) -> (Vec<Instant>, Vec<Instant>) {
    let own = || run.records.iter().filter(|record| record.node == run.peripheral);
    let is = |kind: &RecordKind| {
        matches!(kind, RecordKind::Note(Note::HciCommand(Command::LeSetPhy { .. })))
    };
    let connected = |kind: &RecordKind| {
        matches!(kind, RecordKind::Note(Note::HciEvent(Event::LeConnectionComplete(_))))
    };
    let at = |wanted: &dyn Fn(&RecordKind) -> bool| {
        own().filter(|record| wanted(&record.kind)).map(|record| record.at).collect()
    };
    (at(&is), at(&connected))
}

#[test]
fn without_a_prompt_this_firmware_never_asks() {
    assert_eq!(asked(&play("pairing", &[])).0, []);
}

#[test]
fn an_application_asks_on_request_and_the_request_is_on_air() {
    let after = Duration::from_us(54_321);
    let run = play("pairing", &[ask(Milestone::Connected, after, None)]);
    let (asked, connected) = asked(&run);
    assert_eq!(asked.len(), 1);
    let late = asked[0].since(connected[0] + after);
    assert!(late <= Duration::from_ms(1), "{late:?}");
    let opcode = |pdu: &ble::pdu::control::ControlPdu| pdu.opcode();
    let items = sniff(&run.records);
    assert!(items.iter().any(|item| item.control().map(opcode) == Some(Opcode::PHY_REQ)));
}

#[test]
fn each_connection_has_its_own_moments() {
    let both = play("reconnect", &[ask(Milestone::Secured, Duration::ZERO, None)]);
    assert_eq!(asked(&both).0.len(), 2);
    let second = play("reconnect", &[ask(Milestone::Secured, Duration::ZERO, Some(2))]);
    let (asked_at, connected) = asked(&second);
    assert_eq!((asked_at.len(), connected.len()), (1, 2));
    assert!(asked_at[0] > connected[1]);
    let too_late =
        play("reconnect", &[ask(Milestone::Encrypted, Duration::from_secs(60), Some(1))]);
    assert_eq!(asked(&too_late).0, [], "what waits for a connection ends with it");
}

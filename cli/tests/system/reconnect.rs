//! What bonds are for: coming back after a power cycle, being refused without a key, and keeping
//! strangers out.

use ble::error::ErrorCode;
use ble::hci::Event;
use ble::log::{Line, Log};
use ble::pdu::control::Opcode;
use ble::time::{Duration, Instant};
use bletwin_models::profile::Profile;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::participant::Participant;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::Setup;
use bletwin_sim::node::{Act, NodeId};
use bletwin_sim::record::{Note, RecordKind};
use bletwin_sim::sniffer::{AirItem, Decoded, sniff};
use bletwin_sim::world::Placement;

/// People type slowly; by now the central has bonded.
const BONDED: Duration = Duration::from_secs(8);

/// A phone that has bonded and comes back a second after it was left.
fn bonded() -> Stage {
    let mut setup = Setup::new("zephyr-2024", "phone", 1).expect("known names");
    setup.central.host.reconnect = Some(Duration::from_secs(1));
    setup.central.host.max_connections = 2;
    let mut stage = Stage::new(catalogue::by_name("pairing").expect("known"), &setup);
    stage.world.run_until(Instant::ZERO + BONDED);
    assert_eq!(bonds(&stage), (1, 1));
    stage
}

/// Bonds of the peripheral and of the central.
fn bonds(stage: &Stage) -> (usize, usize) {
    let Participant::Peripheral(node) = stage.world.node(stage.peripheral) else {
        panic!("the peripheral is the peripheral");
    };
    let here = node.device().map_or(0, |device| device.bonds().count());
    (here, connections(stage, stage.central).0)
}

/// Bonds and connections of a central.
fn connections(stage: &Stage, central: NodeId) -> (usize, u32) {
    let Participant::Central(node) = stage.world.node(central) else {
        panic!("the central is a central");
    };
    node.host().map_or((0, 0), |host| (host.bonds().len(), host.status().connections))
}

fn run_for(stage: &mut Stage, time: Duration) {
    let until = stage.world.now() + time;
    stage.world.run_until(until);
}

fn press(stage: &mut Stage, button: &str) {
    let now = stage.world.now();
    stage.world.act(stage.peripheral, now, Act::press(button));
}

/// What was on air in the connection of this number, counted from 0.
fn on_air(stage: &Stage, connection: usize) -> Vec<AirItem> {
    let mut items = sniff(stage.world.records());
    items.retain(|item| item.connection == Some(connection));
    items
}

fn has(items: &[AirItem], opcode: Opcode) -> bool {
    items.iter().any(|item| matches!(&item.decoded, Decoded::Control(c) if c.opcode() == opcode))
}

fn pairs(items: &[AirItem]) -> bool {
    items.iter().filter_map(AirItem::frame).any(|(cid, frame)| cid == 6 && frame[0] == 1)
}

/// Lines of the peripheral's log since `from`.
fn logged(stage: &Stage, from: Instant) -> Vec<Line> {
    let mine = |r: &&bletwin_sim::record::Record| r.node == stage.peripheral && r.at >= from;
    let line = |r: &bletwin_sim::record::Record| match &r.kind {
        RecordKind::Note(Note::Log(Log { line, .. })) => Some(line.clone()),
        _ => None,
    };
    stage.world.records().iter().filter(mine).filter_map(line).collect()
}

#[test]
fn a_bond_outlasts_a_power_cycle() {
    let mut stage = bonded();
    let off = stage.world.now();
    stage.world.act(stage.peripheral, off, Act::PowerCycle);
    // Supervision timeout, a pause of the central, and encryption.
    run_for(&mut stage, Duration::from_secs(9));
    let lines = logged(&stage, off);
    assert!(lines.contains(&Line::Initialized), "{lines:?}");
    assert!(lines.contains(&Line::AdvertisingWithAcceptList), "{lines:?}");
    let secured = |line: &Line| matches!(line, Line::SecurityChanged { level: 4, .. });
    assert!(lines.iter().any(secured), "{lines:?}");
    let second = on_air(&stage, 1);
    assert!(has(&second, Opcode::ENC_REQ) && has(&second, Opcode::START_ENC_RSP));
    assert!(!pairs(&second), "the stored key is enough");
    assert!(second.iter().any(|item| item.decrypted == Some(true)));
    assert_eq!(bonds(&stage), (1, 1));
}

#[test]
fn a_deleted_bond_is_refused_and_nothing_is_encrypted() {
    let mut stage = bonded();
    let deleted = stage.world.now();
    press(&mut stage, "delete-bonds");
    run_for(&mut stage, Duration::from_secs(5));
    assert!(logged(&stage, deleted).contains(&Line::BondDeleted));
    let second = on_air(&stage, 1);
    assert!(has(&second, Opcode::ENC_REQ));
    let missing = |event: &Event| {
        matches!(event, Event::EncryptionChange { status: ErrorCode::PIN_OR_KEY_MISSING, .. })
    };
    assert!(stage.world.records().iter().any(|r| {
        let is_missing =
            matches!(&r.kind, RecordKind::Note(Note::HciEvent(event)) if missing(event));
        is_missing && r.node == stage.central
    }));
    assert!(!has(&second, Opcode::START_ENC_REQ));
    assert!(second.iter().all(|item| item.decrypted.is_none()), "nothing is encrypted");
    assert_eq!(bonds(&stage), (0, 1), "the central keeps its bond until its user removes it");
}

#[test]
fn strangers_stay_out_until_the_pairing_button_is_pressed() {
    let mut stage = bonded();
    let now = stage.world.now();
    stage.world.act(stage.central, now, Act::PowerCycle);
    let mut stranger = Profile::honest();
    stranger.host.connect_timeout = Duration::from_secs(600);
    stage.world.set_position(stage.central, (1_000_000, 0));
    let stranger = Participant::Central(Box::new(bletwin_models::central::Central::new(stranger)));
    let stranger = stage.world.add("stranger", stranger, Placement::default());
    run_for(&mut stage, Duration::from_secs(30));
    assert!(logged(&stage, now).contains(&Line::AdvertisingWithAcceptList));
    let requests = |stage: &Stage| {
        let sent = |item: &AirItem| {
            item.from == stranger
                && matches!(&item.decoded, Decoded::Advertising(pdu) if pdu.name() == "CONNECT_IND")
        };
        sniff(stage.world.records()).iter().filter(|item| sent(item)).count()
    };
    assert!(requests(&stage) > 0, "the stranger does try");
    let connected = |stage: &Stage, from| logged(stage, from).contains(&Line::Connected);
    assert!(!connected(&stage, now));
    assert_eq!(bonds(&stage).0, 1);
    let pressed = stage.world.now();
    press(&mut stage, "pairing");
    let wish = Act::Ask("connect".into());
    stage.world.act(stranger, pressed, wish);
    run_for(&mut stage, Duration::from_secs(15));
    assert!(connected(&stage, pressed));
    assert_eq!(connections(&stage, stranger), (1, 1));
    assert_eq!(bonds(&stage).0, 2, "both may come from now on");
}

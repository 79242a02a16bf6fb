//! A raw central against the whole firmware.

use ble::address::Address;
use ble::hci::Event;
use ble::pdu::advertising::{CHANNEL_MAP_ALL, ConnectInd};
use ble::pdu::control::{ConnectionUpdate, ControlPdu, EncReq, Opcode};
use ble::phy::{Phy, PhySet};
use ble::secret::Secret;
use ble::time::{Duration, Instant};
use bletwin_firmware_node::{Build, CpuConfig, PeripheralNode};
use bletwin_sim::node::{End, NodeId};
use bletwin_sim::record::{Note, RecordKind};
use bletwin_sim::sniffer::sniff;
use bletwin_sim::world::{Placement, World, WorldConfig};
use firmware_core::application::Application as _;
use firmware_core::config::{Accept, Config, ParamUpdate};
use firmware_core::host::bonds::Bond;
use led_button::LedButton;

use super::*;

const PERIPHERAL: NodeId = NodeId(0);
const LTK: [u8; 16] = [0x5A; 16];

type Actor = End<PeripheralNode, RawCentral>;

/// What the peripheral says, by event, and the reason with which it leaves.
fn play(steps: Vec<ScriptStep>) -> (Vec<(u16, Opcode)>, Option<u8>) {
    let config = Config {
        accept: Accept::Anyone,
        param_update: ParamUpdate::Never,
        ..Config::recommended()
    };
    let initiator = Address::public([0xCE; 6]);
    let connect = ConnectInd {
        initiator,
        advertiser: config.address,
        access_address: 0x5065_5DAB,
        crc_init: 0x12_3456,
        win_size: 2,
        win_offset: 1,
        interval: 6,
        latency: 0,
        timeout: 100,
        channel_map: CHANNEL_MAP_ALL,
        hop: 7,
        sca: 5,
        ch_sel: false,
    };
    let config = Config { phy_update: firmware_core::config::PhyUpdate::Never, ..config };
    let build = Build::new(config, LedButton::default());
    let mut peripheral = PeripheralNode::new(build, CpuConfig::default());
    let bond = Bond {
        identity: initiator,
        ltk: Secret::new(LTK),
        irk: None,
        level: 4,
        key_size: 16,
        slot: 0,
        cccd: 0,
        configured: LedButton::GATT.digest(),
        known: LedButton::GATT.digest(),
        number: 1,
    };
    peripheral.storage_mut().put(0, bond.to_record().unwrap());
    let mut world = World::new(WorldConfig { recording: true, ..WorldConfig::default() });
    let central = RawCentral::new(Script::new(connect, steps));
    world.add("peripheral", Actor::Peripheral(Box::new(peripheral)), Placement::default());
    world.add("central", Actor::Central(Box::new(central)), Placement::default());
    world.run_until(Instant::ZERO + Duration::from_ms(900));
    let said = sniff(world.records())
        .iter()
        .filter(|item| item.from == PERIPHERAL && !item.retransmission)
        .filter_map(|item| Some((item.event?, item.control()?.opcode())))
        .collect();
    let left = world.records().iter().find_map(|record| match &record.kind {
        RecordKind::Note(Note::HciEvent(Event::DisconnectionComplete { reason, .. })) => {
            Some(reason.0)
        }
        _ => None,
    });
    (said, left)
}

fn send(pdu: ControlPdu) -> ScriptPacket {
    ScriptPacket::control(&pdu)
}

fn ping() -> ScriptPacket {
    send(ControlPdu::PingReq)
}

const PONG: Opcode = Opcode::PING_RSP;

#[test]
fn what_is_sent_is_answered_in_the_next_event() {
    let steps = vec![ScriptStep::Idle(3), ping().into(), ScriptStep::Idle(3)];
    assert_eq!(play(steps), (vec![(4, PONG)], None));
}

#[test]
fn octets_bits_and_lengths_are_those_of_the_script() {
    let unknown = (5, Opcode::UNKNOWN_RSP);
    // An unknown opcode; then the same with another LLID.
    let odd = ScriptPacket::new(3, vec![0xFE, 1, 2]);
    let other = ScriptPacket { flip: 0x01, ..odd.clone() };
    let steps = vec![
        ScriptStep::Idle(4),
        odd.into(),
        ScriptStep::Idle(2),
        other.into(),
        ScriptStep::Idle(3),
    ];
    assert_eq!(play(steps), (vec![unknown], None));
    // A length octet that lies makes the CRC wrong.
    let lie = ScriptPacket { length: Some(0), ..ping() }.once();
    assert_eq!(play(vec![ScriptStep::Idle(2), lie.into(), ScriptStep::Idle(4)]), (vec![], None));
}

#[test]
fn a_repetition_is_not_answered_again_and_what_is_lost_is_repeated() {
    let steps = vec![ping().into(), ScriptStep::Repeat, ScriptStep::Repeat, ScriptStep::Idle(3)];
    assert_eq!(play(steps).0, [(1, PONG)]);
    // The central hears nothing in three events, and sends the request four times.
    let steps =
        vec![ScriptStep::Deaf(3), ping().into(), ScriptStep::Await(PONG, 9), ScriptStep::Idle(3)];
    assert_eq!(play(steps).0, [(3, PONG)]);
}

#[test]
fn two_pdus_fit_into_one_event_and_events_can_be_left_out() {
    let first = ScriptPacket { more: true, ..ping() };
    let nothing = send(ControlPdu::UnknownRsp(Opcode(9)));
    assert_eq!(play(vec![first.into(), nothing.into(), ScriptStep::Idle(2)]).0, [(0, PONG)]);
    let steps = vec![ping().into(), ScriptStep::Silent(5), ScriptStep::Idle(2)];
    assert_eq!(play(steps).0, [(6, PONG)]);
}

#[test]
fn t_ifs_and_anchor_points_can_be_off() {
    let first = ScriptPacket { more: true, ..ScriptPacket::new(1, vec![]) };
    for (ifs_us, answered) in [(1, true), (30, false), (-30, false)] {
        let steps = vec![
            first.clone().into(),
            ScriptPacket { ifs_us, ..ping() }.once().into(),
            ScriptStep::Idle(3),
        ];
        assert_eq!(!play(steps).0.is_empty(), answered, "{ifs_us}");
    }
    let steps =
        vec![ScriptStep::Idle(2), ScriptStep::Jitter(10), ping().into(), ScriptStep::Idle(2)];
    assert_eq!(play(steps).0, [(3, PONG)]);
    // Far beyond what clocks may err: never heard again.
    let steps =
        vec![ScriptStep::Idle(2), ScriptStep::Shift(900), ping().into(), ScriptStep::Idle(200)];
    assert_eq!(play(steps).0, []);
}

/// LL-UPD-1: new parameters from the instant on.
/// LL-MAP-1: from the instant on.
/// LL-PHY-1: PHY in force.
#[test]
fn the_central_keeps_to_the_instants_that_it_gives() {
    let update = ControlPdu::ConnectionUpdateInd(ConnectionUpdate {
        win_size: 1,
        win_offset: 2,
        interval: 12,
        latency: 0,
        timeout: 100,
        instant: 0,
    });
    let interval = ScriptChange::Interval { interval: 12, offset_us: 3_000 };
    let map = ControlPdu::ChannelMapInd { channel_map: 0b1011, instant: 0 };
    let two = PhySet::LE_2M;
    let phy = ControlPdu::PhyUpdateInd { c_to_p: two, p_to_c: two, instant: 0 };
    let steps = vec![
        send(update).stamped(10, 7, Some(interval)).into(),
        ScriptStep::UntilInstant(1),
        send(map).stamped(6, 7, Some(ScriptChange::ChannelMap(0b1011))).into(),
        ScriptStep::UntilInstant(1),
        send(ControlPdu::PhyReq { tx: two, rx: two }).into(),
        ScriptStep::Await(Opcode::PHY_RSP, 9),
        send(phy).stamped(3, 7, Some(ScriptChange::Phy { tx: Phy::Le2M, rx: Phy::Le2M })).into(),
        ScriptStep::UntilInstant(2),
        ping().into(),
        ScriptStep::Idle(3),
    ];
    let (said, left) = play(steps);
    let opcodes: Vec<_> = said.iter().map(|(_, opcode)| *opcode).collect();
    assert_eq!((opcodes, left), (vec![Opcode::PHY_RSP, PONG], None));
}

fn encrypt() -> Vec<ScriptStep> {
    let request = EncReq { rand: 0, ediv: 0, skd_c: [1; 8], iv_c: [2; 4] };
    vec![
        send(ControlPdu::EncReq(request)).into(),
        ScriptStep::Await(Opcode::START_ENC_REQ, 20),
        ScriptStep::Key(LTK),
        ScriptStep::SealTx(true),
        ScriptStep::SealRx(true),
        send(ControlPdu::StartEncRsp).into(),
        ScriptStep::Await(Opcode::START_ENC_RSP, 9),
    ]
}

/// LL-ENC-12: session key and nonce.
/// LL-MIC-2: wrong MIC.
#[test]
fn encryption_by_hand_is_what_the_peripheral_expects() {
    let with = |last: ScriptPacket| {
        let mut steps = encrypt();
        steps.extend([ping().into(), ScriptStep::Await(PONG, 9), last.into(), ScriptStep::Idle(3)]);
        let (said, left) = play(steps);
        (said.iter().filter(|(_, opcode)| *opcode == PONG).count(), left)
    };
    assert_eq!(with(ping()), (2, None));
    for seal in [Seal::Clear, Seal::WrongMic, Seal::SkippedCounter, Seal::WrongDirection] {
        assert_eq!(with(ping().sealed(seal)), (1, Some(0x3D)), "{seal:?}");
    }
}

#[test]
fn what_is_refused_comes_again() {
    let steps = vec![
        ping().into(),
        ScriptStep::Refuse(4),
        ScriptStep::Await(PONG, 3),
        ScriptStep::Await(PONG, 9),
        ping().into(),
        ScriptStep::Idle(4),
    ];
    let (said, left) = play(steps);
    assert_eq!(said.first(), Some(&(1, PONG)), "{said:?}");
    // Taken in the event after those that refused it.
    assert_eq!((said.get(1), left), (Some(&(7, PONG)), None), "{said:?}");
}

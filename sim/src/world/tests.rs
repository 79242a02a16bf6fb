//! The world with the simplest nodes that can tell right from wrong.

use ble::phy::{Phy, TxPhy};
use ble::radio::{AfterTransmit, AirPdu, RadioCommand, RadioEvent, Receiver, Tuning};

mod undisturbed;

use super::*;
use crate::clock::ClockConfig;
use crate::medium::fault::{FaultEffect, FaultRule, PacketKind, Pattern, Which};
use crate::record::{RadioError, Reception};

const TUNING: Tuning = Tuning { channel: 37, access_address: 0x8E89_BED6, crc_init: 0x55_5555 };

/// Sends every `every_us`, or listens all the time; answers if told to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Toy {
    Beacon {
        every_us: u64,
        phy: TxPhy,
        len: usize,
        next: Instant,
        answers: u32,
    },
    Scanner {
        phy: Phy,
        reply: bool,
        late_us: u64,
        /// CRC right, number of octets.
        heard: Vec<(bool, usize)>,
        due: Option<Instant>,
    },
    /// Listens once.
    Limited {
        receiver: Receiver,
        told: Vec<RadioEvent>,
    },
    /// Listens on LE Coded, and a little later on another channel for a moment.
    Fickle {
        changes: Option<Instant>,
        told: Vec<RadioEvent>,
    },
}

fn beacon(every_us: u64, phy: TxPhy, len: usize) -> Toy {
    Toy::Beacon { every_us, phy, len, next: Instant::MAX, answers: 0 }
}

fn scanner(phy: Phy, reply: bool) -> Toy {
    Toy::Scanner { phy, reply, late_us: 0, heard: Vec::new(), due: None }
}

fn pdu(len: usize) -> AirPdu {
    AirPdu::new(0x02, &vec![0x5A; len]).unwrap()
}

fn receive(now: Instant, phy: Phy) -> NodeOutput {
    let until = now + Duration::from_secs(100);
    let receiver = Receiver::any(phy);
    NodeOutput::Radio(RadioCommand::Receive { from: now, until, tuning: TUNING, receiver })
}

impl Node for Toy {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        match self {
            Self::Beacon { every_us, phy, len, next, answers } => {
                if let NodeInput::Radio(RadioEvent::Received { crc_ok: true, .. }) = input {
                    *answers += 1;
                }
                if matches!(input, NodeInput::Start { .. }) {
                    *next = now + Duration::from_us(1_000);
                } else if matches!(input, NodeInput::Timer) {
                    let at = now + Duration::from_us(100);
                    let then = AfterTransmit::Receive(Receiver::any(phy.phy()));
                    let (phy, pdu) = (*phy, pdu(*len));
                    let command =
                        RadioCommand::Transmit { at, tuning: TUNING, phy, pdu, tag: 0, then };
                    out.push(NodeOutput::Radio(command));
                    *next += Duration::from_us(*every_us);
                }
            }
            Self::Scanner { phy, reply, late_us, heard, due } => {
                let phy_to_send = if *phy == Phy::Le2M { TxPhy::Le2M } else { TxPhy::Le1M };
                let answer = || {
                    let (pdu, then) = (pdu(0), AfterTransmit::Stop);
                    NodeOutput::Radio(RadioCommand::Reply { phy: phy_to_send, pdu, tag: 0, then })
                };
                match input {
                    NodeInput::Radio(RadioEvent::Received { crc_ok, pdu, .. }) => {
                        heard.push((crc_ok, pdu.payload().len()));
                        match (*reply, *late_us) {
                            (false, _) => out.push(receive(now, *phy)),
                            (true, 0) => out.push(answer()),
                            (true, late) => *due = Some(now + Duration::from_us(late)),
                        }
                    }
                    NodeInput::Timer => {
                        *due = None;
                        out.push(answer());
                    }
                    _ => out.push(receive(now, *phy)),
                }
            }
            Self::Limited { receiver, told } => match input {
                NodeInput::Radio(event) => told.push(event),
                _ => {
                    let (until, receiver) = (now + Duration::from_secs(100), *receiver);
                    let tuning = TUNING;
                    let command = RadioCommand::Receive { from: now, until, tuning, receiver };
                    out.push(NodeOutput::Radio(command));
                }
            },
            Self::Fickle { changes, told } => match input {
                NodeInput::Radio(event) => told.push(event),
                NodeInput::Timer => {
                    *changes = None;
                    let (from, until) = (now, now + Duration::from_us(10));
                    let tuning = Tuning { channel: 38, ..TUNING };
                    let receiver = Receiver::any(Phy::LeCoded);
                    let command = RadioCommand::Receive { from, until, tuning, receiver };
                    out.push(NodeOutput::Radio(command));
                }
                _ => {
                    *changes = Some(now + Duration::from_ms(2));
                    out.push(receive(now, Phy::LeCoded));
                }
            },
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Beacon { next, .. } => Some(*next),
            Self::Scanner { due, .. } => *due,
            Self::Fickle { changes, .. } => *changes,
            Self::Limited { .. } => None,
        }
    }
}

fn config(seed: u64) -> WorldConfig {
    WorldConfig { seed, recording: true, air_hash: true, medium: MediumConfig::default() }
}

fn at(x: i32) -> Placement {
    Placement { position_m: (x, 0), ..Placement::default() }
}

fn heard(world: &World<Toy>, id: NodeId) -> &[(bool, usize)] {
    match world.node(id) {
        Toy::Scanner { heard, .. } => heard,
        Toy::Beacon { .. } | Toy::Fickle { .. } | Toy::Limited { .. } => &[],
    }
}

fn tx_starts(world: &World<Toy>, id: NodeId) -> Vec<(Instant, Instant)> {
    let mine = world.records().iter().filter(|record| record.node == id);
    mine.filter_map(|record| match &record.kind {
        RecordKind::AirTx(tx) => Some((record.at, tx.end)),
        _ => None,
    })
    .collect()
}

#[test]
fn packets_arrive_on_every_phy() {
    for (tx, rx) in [
        (TxPhy::Le1M, Phy::Le1M),
        (TxPhy::Le2M, Phy::Le2M),
        (TxPhy::CodedS2, Phy::LeCoded),
        (TxPhy::CodedS8, Phy::LeCoded),
    ] {
        let mut world = World::new(config(1));
        world.add("beacon", beacon(50_000, tx, 20), at(0));
        let right = world.add("right", scanner(rx, false), at(3));
        let other = if rx == Phy::Le1M { Phy::Le2M } else { Phy::Le1M };
        let wrong = world.add("wrong", scanner(other, false), at(3));
        world.run_until(Instant::from_us(1_000_000));
        assert_eq!(heard(&world, right), [(true, 20); 20], "{tx:?}");
        assert_eq!(heard(&world, wrong), [], "{tx:?}");
    }
}

/// LL-LEN-9: a receiver with a limit hears a longer packet to its end, keeps what it has room
/// for, and takes it for a damaged one.
#[test]
fn a_packet_beyond_the_limit_of_its_receiver_counts_as_damaged() {
    for (tx, phy) in [
        (TxPhy::Le1M, Phy::Le1M),
        (TxPhy::Le2M, Phy::Le2M),
        (TxPhy::CodedS2, Phy::LeCoded),
        (TxPhy::CodedS8, Phy::LeCoded),
    ] {
        for (len, right, kept) in [(27, true, 27), (28, false, 27), (69, false, 27)] {
            let mut world = World::new(config(1));
            let sender = world.add("beacon", beacon(50_000, tx, len), at(0));
            let limited =
                Toy::Limited { receiver: Receiver { phy, longest: 27 }, told: Vec::new() };
            let limited = world.add("limited", limited, at(3));
            world.run_until(Instant::from_us(40_000));
            let (_, ended) = tx_starts(&world, sender)[0];
            let Toy::Limited { told, .. } = world.node(limited) else { unreachable!() };
            let [RadioEvent::Received { end, pdu, crc_ok, .. }] = told.as_slice() else {
                panic!("{told:?}")
            };
            assert_eq!((*end, *crc_ok), (ended, right), "{tx:?} {len}");
            assert_eq!(pdu.octets().get(1), Some(&(len as u8)));
            assert_eq!(pdu.payload().len(), kept);
        }
    }
}

/// 6 dB above the noise one symbol in fifteen is wrong: too many for a packet without coding, few
/// enough for eight symbols a bit.
#[test]
fn a_command_ends_what_is_being_received() {
    let mut world = World::new(config(1));
    let sender = world.add("sender", beacon(50_000, TxPhy::CodedS8, 200), at(0));
    let fickle = world.add("fickle", Toy::Fickle { changes: None, told: Vec::new() }, at(1));
    world.run_until(Instant::from_us(40_000));
    let (start, end) = tx_starts(&world, sender)[0];
    let Toy::Fickle { told, .. } = world.node(fickle) else { unreachable!() };
    let [RadioEvent::Missed { at }] = told.as_slice() else { panic!("{told:?}") };
    assert!(start < *at && *at < end, "{at:?}");
}

#[test]
fn le_coded_is_heard_where_1m_is_not() {
    for (tx, rx, ok) in [(TxPhy::Le1M, Phy::Le1M, 0), (TxPhy::CodedS8, Phy::LeCoded, 20)] {
        let mut world = World::new(config(1));
        let far = world.add("beacon", beacon(50_000, tx, 20), at(0));
        let near = world.add("scanner", scanner(rx, false), at(3));
        world.set_path_loss(far, near, 98);
        world.run_until(Instant::from_us(1_000_000));
        let right = heard(&world, near).iter().filter(|(crc_ok, _)| *crc_ok).count();
        assert_eq!(right, ok, "{tx:?}");
    }
}

/// LL-TIFS-1: inter frame space.
/// LL-ADV-7: answers on advertising channels.
#[test]
fn t_ifs_is_150_us_by_the_active_clock_and_the_asker_hears_the_answer() {
    for (phy, tx) in [(Phy::Le1M, TxPhy::Le1M), (Phy::Le2M, TxPhy::Le2M)] {
        for ppb in [-50_000, 0, 50_000] {
            let mut world = World::new(config(1));
            let asker = world.add("asker", beacon(10_000, tx, 5), at(0));
            let clocks = ClockConfig { active_ppb: ppb, ..ClockConfig::default() };
            let place = Placement { clocks, ..at(1) };
            let answerer = world.add("answerer", scanner(phy, true), place);
            world.run_until(Instant::from_us(100_000));
            let (asked, answered) = (tx_starts(&world, asker), tx_starts(&world, answerer));
            assert_eq!(asked.len(), 10);
            assert_eq!(answered.len(), 10);
            for ((_, end), (start, _)) in asked.iter().zip(&answered) {
                let gap = start.since(*end).ticks() as i64;
                assert!((gap - 150 * 64_000).abs() <= 481, "{gap}");
                assert!(ppb != 0 || gap == 150 * 64_000);
            }
            assert!(matches!(world.node(asker), Toy::Beacon { answers: 10, .. }));
        }
    }
}

#[test]
fn a_late_reply_is_a_named_error_and_not_sent() {
    for (late_us, errors) in [(100, 0), (120, 1)] {
        let mut world = World::new(config(1));
        world.add("asker", beacon(10_000, TxPhy::Le1M, 5), at(0));
        let mut late = scanner(Phy::Le1M, true);
        if let Toy::Scanner { late_us: us, .. } = &mut late {
            *us = late_us;
        }
        let answerer = world.add("answerer", late, at(1));
        world.run_until(Instant::from_us(5_000));
        let named = RecordKind::RadioError(RadioError::ReplyTooLate);
        let found = world.records().iter().filter(|record| record.kind == named).count();
        assert_eq!((found, tx_starts(&world, answerer).len()), (errors, 1 - errors));
    }
}

#[test]
fn equal_signals_collide_and_a_stronger_one_captures() {
    for (near_m, survives) in [(10, false), (1, true)] {
        let mut world = World::new(config(5));
        world.add("a", beacon(10_000, TxPhy::Le1M, 30), at(0));
        world.add("b", beacon(10_000, TxPhy::Le1M, 30), at(10 + 10));
        let listener = world.add("listener", scanner(Phy::Le1M, false), at(near_m));
        world.run_until(Instant::from_us(1_000_000));
        let good = heard(&world, listener).iter().filter(|(ok, _)| *ok).count();
        assert_eq!(good, if survives { 100 } else { 0 }, "{near_m} m");
    }
}

#[test]
fn more_noise_more_errors() {
    let good = |loss_db| {
        let mut world = World::new(config(5));
        let a = world.add("a", beacon(10_000, TxPhy::Le1M, 30), at(0));
        let b = world.add("b", scanner(Phy::Le1M, false), at(1));
        world.set_path_loss(a, b, loss_db);
        world.run_until(Instant::from_us(2_000_000));
        heard(&world, b).iter().filter(|(ok, _)| *ok).count()
    };
    let counts: Vec<usize> = (86..=98).map(good).collect();
    assert!(counts.windows(2).all(|pair| pair[0] >= pair[1]), "{counts:?}");
    assert_eq!(counts.first(), Some(&200));
    assert!(counts.last() < Some(&20), "{counts:?}");
    assert!(counts.iter().any(|good| (40..160).contains(good)), "{counts:?}");
}

#[test]
fn same_seed_same_bytes_and_recording_changes_nothing() {
    let run = |seed, recording| {
        let mut world = World::new(WorldConfig { recording, ..config(seed) });
        world.faults().add(FaultRule {
            when: Pattern::default(),
            which: Which::Chance(300_000),
            effect: FaultEffect::Drop,
            at: None,
        });
        let clocks = ClockConfig { sleep_jitter_us: 16, ..ClockConfig::default() };
        world.add("asker", beacon(10_000, TxPhy::Le1M, 5), Placement { clocks, ..at(0) });
        world.add("answerer", scanner(Phy::Le1M, true), at(1));
        world.run_until(Instant::from_us(500_000));
        (world.trace_sha256(), world.canonical_hash())
    };
    assert_eq!(run(7, true), run(7, true));
    assert_eq!(run(7, true), run(7, false));
    assert_ne!(run(7, true), run(8, true));
}

#[test]
fn faults_strike_what_they_mean() {
    let rule = |which, effect| FaultRule {
        when: Pattern { kind: Some(PacketKind::Advertising(2)), ..Pattern::default() },
        which,
        effect,
        at: None,
    };
    let run = |rule| {
        let mut world = World::new(config(1));
        world.faults().add(rule);
        world.add("beacon", beacon(10_000, TxPhy::Le1M, 30), at(0));
        let listener = world.add("listener", scanner(Phy::Le1M, false), at(1));
        world.run_until(Instant::from_us(45_000));
        let faults = world.records().iter().filter(|r| matches!(r.kind, RecordKind::Fault(_)));
        (heard(&world, listener).to_vec(), faults.count())
    };
    assert_eq!(run(rule(Which::Nth(2), FaultEffect::Drop)), (vec![(true, 30); 4], 1));
    let (heard, _) = run(rule(Which::Nth(3), FaultEffect::Corrupt { bits: 2 }));
    assert_eq!(heard, [(true, 30), (true, 30), (false, 30), (true, 30), (true, 30)]);
    let twice = run(rule(Which::NthTimes { nth: 2, times: 2 }, FaultEffect::Drop));
    assert_eq!(twice, (vec![(true, 30); 4], 1), "advertising PDUs are never repetitions");
    let other = Pattern { channel: Some(38), ..Pattern::default() };
    let (_, struck) = run(FaultRule { when: other, ..rule(Which::All, FaultEffect::Drop) });
    assert_eq!(struck, 0);
}

/// Forward error correction mends a wrong symbol or two; what a fault means to arrive wrong does.
#[test]
fn what_is_corrupted_arrives_wrong_on_every_phy() {
    for phy in [TxPhy::Le1M, TxPhy::Le2M, TxPhy::CodedS8, TxPhy::CodedS2] {
        let mut world = World::new(config(1));
        let when = Pattern { kind: Some(PacketKind::Advertising(2)), ..Pattern::default() };
        let effect = FaultEffect::Corrupt { bits: 1 };
        world.faults().add(FaultRule { when, which: Which::Nth(3), effect, at: None });
        world.add("beacon", beacon(20_000, phy, 30), at(0));
        let listener = world.add("listener", scanner(phy.phy(), false), at(1));
        world.run_until(Instant::from_us(85_000));
        let right: Vec<bool> = heard(&world, listener).iter().map(|(right, _)| *right).collect();
        assert_eq!(right, [true, true, false, true, true], "{phy:?}");
    }
}

#[test]
fn lost_packets_are_as_many_as_asked_for() {
    let medium = MediumConfig { loss_ppm: 10_000, ..MediumConfig::default() };
    let mut world = World::new(WorldConfig { medium, seed: 4, ..WorldConfig::default() });
    world.add("beacon", beacon(1_000, TxPhy::Le1M, 3), at(0));
    let listener = world.add("listener", scanner(Phy::Le1M, false), at(1));
    world.run_until(Instant::ZERO + Duration::from_secs(20));
    let heard = heard(&world, listener).len();
    assert!((19_740..=19_860).contains(&heard), "{heard}");
}

#[test]
fn canonical_hash_does_not_see_the_date() {
    let world = |start_ms: u64, every| {
        let mut world = World::new(WorldConfig { recording: start_ms == 0, ..config(1) });
        let clocks = ClockConfig { sleep_ppb: 12_345, ..ClockConfig::default() };
        let place = Placement { clocks, start_after: Duration::from_ms(start_ms), ..at(0) };
        world.add("beacon", beacon(every, TxPhy::Le1M, 20), place);
        world.add("scanner", scanner(Phy::Le1M, false), Placement { position_m: (1, 0), ..place });
        world
    };
    let (mut early, mut late) = (world(0, 10_000), world(5_000, 10_000));
    let mut other = world(0, 10_001);
    for us in [50_000, 51_150, 51_250] {
        early.run_until(Instant::from_us(us));
        other.run_until(Instant::from_us(us));
        late.run_until(Instant::from_us(us + 5_000_000));
        assert_eq!(early.canonical_hash(), late.canonical_hash(), "{us}");
        assert_ne!(early.canonical_hash(), other.canonical_hash(), "{us}");
    }
    early.run_until(Instant::from_us(51_300));
    assert_ne!(early.canonical_hash(), late.canonical_hash());
}

#[test]
fn records_know_their_causes() {
    let mut world = World::new(config(1));
    world.add("beacon", beacon(10_000, TxPhy::Le1M, 20), at(0));
    world.add("scanner", scanner(Phy::Le1M, true), at(1));
    world.run_until(Instant::from_us(3_000));
    let by_id = |id: RecordId| world.records().iter().find(|record| record.id == id).unwrap();
    let answer = world.records().iter().rev().find(|r| matches!(r.kind, RecordKind::AirTx(_)));
    let reception = by_id(answer.unwrap().causes[0]);
    let RecordKind::AirRx { tx, reception: Reception::Ok, .. } = reception.kind else {
        panic!("{reception:?}");
    };
    assert_eq!(reception.causes, [tx]);
    assert!(matches!(by_id(tx).kind, RecordKind::AirTx(_)));
}

#[test]
fn power_cycle_starts_again_with_other_entropy() {
    let mut world = World::new(config(1));
    let id = world.add("beacon", beacon(10_000, TxPhy::Le1M, 20), at(0));
    world.act(id, Instant::from_us(5_000), Act::PowerCycle);
    world.run_until(Instant::from_us(6_000));
    let started = world.records().iter().filter(|r| r.kind == RecordKind::Started).count();
    assert_eq!(started, 2);
}

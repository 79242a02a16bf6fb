//! What a device keeps although its central leaves no gap: events of 7.5 ms that are full.

use ble::address::Address;
use ble::effect::Record;
use ble::log::{Line, Log};
use ble::pdu::advertising::{CHANNEL_MAP_ALL, ConnectInd};
use ble::time::{Duration, Instant};
use bletwin_models::raw::{RawCentral, Script, ScriptPacket, ScriptStep};
use bletwin_sim::node::Act;
use bletwin_sim::record::{AirTx, Note, RecordKind};
use firmware_core::config::{Accept, Config};

use super::kept::STORE;
use super::power::{bond, flash};
use super::stage::{CHIP, Device, FACTORY, Stage, image};

const INTERVAL: Duration = Duration::from_us(7_500);
/// Exchanges of an event that leaves no gap.
const FULL: usize = 16;
/// Packets of an event follow each other after T_IFS.
const WITHIN: Duration = Duration::from_us(160);

/// A central that sends without end, whatever is answered.
fn central() -> RawCentral {
    let [a, b, c, d, e, f, ..] = FACTORY.to_le_bytes();
    let connect = ConnectInd {
        initiator: Address::public([1, 2, 3, 4, 5, 6]),
        advertiser: Address::static_random([f, e, d, c, b, a]),
        access_address: 0x5A6B_4C3D,
        crc_init: 0x12_3456,
        win_size: 2,
        win_offset: 0,
        interval: 6,
        latency: 0,
        timeout: 100,
        channel_map: CHANNEL_MAP_ALL,
        hop: 7,
        sca: 0,
        ch_sel: false,
    };
    // Sixteen exchanges of Empty PDUs take 7.2 ms. A repetition would say that nothing follows.
    let packet = |more| {
        let empty = ScriptPacket::new(1, Vec::new());
        ScriptStep::Send(ScriptPacket { more, once: true, ..empty })
    };
    let steps = (0..20_000).map(|n| packet(n % FULL != FULL - 1)).collect();
    RawCentral::new(Script::new(connect, steps))
}

/// The answers in each event of the connection, from then on.
fn answers(stage: &Stage, from: Instant) -> Vec<usize> {
    let (mut answers, mut ended) = (Vec::new(), Instant::ZERO);
    for record in stage.records().iter().filter(|record| record.at >= from) {
        let RecordKind::AirTx(AirTx { access_address: 0x5A6B_4C3D, end, .. }) = record.kind else {
            continue;
        };
        if record.at > ended + WITHIN {
            answers.push(0);
        }
        ended = end;
        if record.node == CHIP
            && let Some(count) = answers.last_mut()
        {
            *count += 1;
        }
    }
    answers
}

/// Connects, lets a person delete all bonds, and tells how long that took.
fn deletes(mut stage: Stage) -> Duration {
    stage.run(600);
    let now = stage.world.now();
    stage.world.act(CHIP, now, Act::press("pairing"));
    stage.world.act(CHIP, now + Duration::from_ms(100), Act::release("pairing"));
    stage.run(1_000);
    let from = stage.world.now();
    stage.run(200);
    let full = answers(&stage, from);
    let is_full = full.iter().skip(1).rev().skip(1).all(|answers| *answers == FULL);
    assert!(full.len() > 20 && is_full, "no gap is left: {full:?}");
    let pressed = stage.world.now();
    stage.world.act(CHIP, pressed, Act::press("delete-bonds"));
    let deleted = |stage: &Stage| {
        stage.records().iter().rev().take(40).any(|record| {
            let line = |log: &Log| log.line == Line::BondDeleted;
            record.node == CHIP
                && matches!(&record.kind, RecordKind::Note(Note::Log(log)) if line(log))
        })
    };
    assert!(stage.until(5_000, deleted), "it waits in vain");
    let took = stage.world.now().since(pressed);
    stage.run(100);
    let all = answers(&stage, pressed);
    let missed = all.iter().filter(|count| **count == 0).count();
    let early = all.iter().filter(|count| (1..FULL).contains(count)).count();
    println!("{took:?}: of {} events {early} ended early, {missed} missed", all.len());
    assert_eq!(missed, 0, "{all:?}");
    assert!(early > 0 && all.len() as u64 > took.ticks() / INTERVAL.ticks());
    took
}

fn chip(full: bool) -> Option<Stage> {
    let mut image = image()?;
    assert!(image.put(STORE, &flash(3, false, full).octets()));
    Some(Stage::beside(Device::chip(image), Device::Raw(Box::new(central()))))
}

fn native(full: bool) -> Stage {
    let config = Config { accept: Accept::Anyone, ..Config::recommended() };
    let mut device = Device::native(config);
    let Device::Native(node) = &mut device else { unreachable!("just made") };
    for slot in 0..3 {
        let record = bond(slot, [slot + 1; 6], slot.into()).to_record().expect("short");
        node.storage_mut().put(slot, record);
    }
    for n in 0..if full { 26 } else { 0 } {
        node.storage_mut().put(31, Record::new(&[n; 8]).expect("short"));
    }
    Stage::beside(device, Device::Raw(Box::new(central())))
}

/// Without the rule for who waits it would never end: see `firmware_core::link::gap`.
#[test]
fn what_is_deleted_is_gone_although_events_are_full() {
    for (full, most) in [(false, Duration::from_ms(90)), (true, Duration::from_secs(2))] {
        let took = deletes(native(full));
        assert!(took < most, "native, {full}: {took:?}");
        let Some(chip) = chip(full) else { return };
        let took = deletes(chip);
        assert!(took < most, "chip, {full}: {took:?}");
    }
}

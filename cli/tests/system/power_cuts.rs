//! Power is cut in every operation of flash, and between any two, while a device changes what it
//! keeps; and again while it recovers. Each bond is the old one or the new one, and once its change
//! was reported it is the new one; whatever was seen once stays; the device advertises.

use ble::address::Address;
use ble::effect::{Completion, Record};
use ble::log::{Line, Log};
use ble::secret::Secret;
use ble::security::IoCapability;
use ble::time::{Duration, Instant};
use bletwin_firmware_node::PeripheralNode;
use bletwin_models::host::{OwnAddress, Step, Uuid};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::participant::Participant;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::Setup;
use bletwin_sim::node::Act;
use bletwin_sim::record::{Note, Record as Sim, RecordKind};
use firmware_core::config::{Accept, BondOverwrite, BondTableFull};
use firmware_core::host::bonds::Bond;
use store::Operation;

const OWNER: [u8; 6] = [0x00, 0x00, 0x5E, 0x00, 0x53, 0x01];
/// By then the phone has paired; it stays, and the person presses a button.
const PRESSED: Duration = Duration::from_secs(4);

/// A bond with somebody else, or with the phone by another key.
fn bond(slot: u8, identity: [u8; 6], number: u32) -> Record {
    let bond = Bond {
        identity: Address::public(identity),
        ltk: Secret::new([slot; 16]),
        irk: None,
        level: 2,
        key_size: 16,
        slot,
        cccd: 0,
        configured: 0,
        known: 0,
        number,
    };
    bond.to_record().expect("it is short")
}

fn node(stage: &Stage) -> &PeripheralNode {
    match stage.world.node(stage.peripheral) {
        Participant::Peripheral(node) => node,
        _ => panic!("the peripheral is the peripheral"),
    }
}

/// What is changed, and what is there before.
struct Change {
    name: &'static str,
    /// Bonds that are there.
    bonds: Vec<Record>,
    /// Changes of something else before. After 27 in all, the next one moves all to the other bank.
    used: u8,
    /// The person deletes all bonds.
    deletes: bool,
}

impl Change {
    /// A lamp, in pairing mode, and a phone that pairs and subscribes.
    fn stage(&self) -> Stage {
        let mut setup = Setup::new("recommended", "honest", 1).expect("known names");
        let config = &mut setup.peripheral.config;
        config.io = IoCapability::NoInputNoOutput;
        config.required_level = 2;
        config.accept = Accept::Anyone;
        config.bond_overwrite = BondOverwrite::Unauthenticated;
        config.bond_table_full = BondTableFull::ReplaceOldest;
        let controller = &mut setup.central.controller;
        controller.public_address = Address::public(OWNER).octets;
        let host = &mut setup.central.host;
        host.address = OwnAddress::Public;
        host.steps.retain(|step| !matches!(step, Step::Stay(_)));
        host.steps.push(Step::Secure);
        host.steps.push(Step::Subscribe(Uuid::BUTTON));
        host.steps.push(Step::Stay(Duration::from_secs(9)));
        let mut stage = Stage::new(catalogue::by_name("pairing").expect("known"), &setup);
        let peripheral = stage.peripheral;
        let Participant::Peripheral(node) = stage.world.node_mut(peripheral) else {
            panic!("the peripheral is the peripheral");
        };
        for n in 0..self.used {
            node.storage_mut().put(31, Record::new(&[n; 8]).expect("short"));
        }
        for (slot, bond) in self.bonds.iter().enumerate() {
            node.storage_mut().put(slot as u8, bond.clone());
        }
        if self.deletes {
            stage.world.act(peripheral, Instant::ZERO + PRESSED, Act::press("delete-bonds"));
        }
        stage
    }
}

/// The bonds and whatever else is stored.
type Contents = Vec<Completion>;

fn contents(stage: &Stage) -> Contents {
    node(stage).storage().load().collect()
}

/// What came of cuts, how many were in erasures, and how many were followed by another one while
/// the device was on again.
#[derive(Default, Debug)]
struct Count {
    old: usize,
    new: usize,
    slices: usize,
    again: usize,
}

/// Lets the device start again. Whether it advertises, and that it does.
fn restart(stage: &mut Stage, name: &str) -> Contents {
    let (peripheral, now) = (stage.peripheral, stage.world.now());
    stage.world.drain_records(&mut Vec::new());
    stage.world.act(peripheral, now, Act::PowerCycle);
    stage.world.run_until(now + Duration::from_ms(900));
    let said = |line: &Line| *line == Line::AdvertisingStarted;
    let advertises = stage.world.records().iter().any(|record| match &record.kind {
        RecordKind::Note(Note::Log(Log { line, .. })) => said(line) && record.node == peripheral,
        _ => false,
    });
    assert!(advertises, "{name}: cut at {now:?}");
    contents(stage)
}

/// Whether the device was told that what it is storing is stored, and has said what it says then.
fn is_answered(stage: &Stage) -> bool {
    let Some(id) = node(stage).storage().storing() else { return false };
    let ended = RecordKind::Note(Note::EffectEnded { id });
    stage
        .world
        .records()
        .iter()
        .any(|record| record.node == stage.peripheral && record.kind == ended)
}

/// Cuts power now, and then once more while the device recovers, if it has anything to do then.
fn cut(stage: &Stage, name: &str, [old, new]: [&Contents; 2], again: Duration, count: &mut Count) {
    let mut stage = stage.clone();
    let allowed = if is_answered(&stage) { [new, new] } else { [old, new] };
    let now = stage.world.now();
    let mut twice = stage.clone();
    let seen = restart(&mut stage, name);
    assert!(allowed.contains(&&seen), "{name}: {now:?}: {seen:?}, not {allowed:?}");
    *(if seen == *allowed[1] { &mut count.new } else { &mut count.old }) += 1;
    assert!(restart(&mut stage, name) == seen, "{name}: {now:?}: it was seen, and is gone");
    // The second cut comes before anything of the device is seen, or after.
    twice.world.drain_records(&mut Vec::new());
    twice.world.act(twice.peripheral, now, Act::PowerCycle);
    let off = twice.world.intended().map(|(at, _)| at).min().unwrap_or(now).max(now);
    twice.world.run_until(off + again);
    count.again += usize::from(node(&twice).device().is_some());
    let seen = restart(&mut twice, name);
    assert!(allowed.contains(&&seen), "{name}: {now:?}: cut twice");
}

/// Plays a change, and cuts power in one of so many operations.
fn play(change: &Change, one_in: usize, count: &mut Count) {
    let name = change.name;
    let mut stage = change.stage();
    let first = contents(&stage);
    let (mut number, mut storing, mut changes) = (usize::from(change.used), None, 0);
    let (mut old, mut new) = (first.clone(), first.clone());
    let end = Instant::ZERO + Duration::from_secs(6);
    while stage.world.now() < end {
        let local = stage.world.local_now(stage.peripheral);
        if node(&stage).storage().storing() != storing {
            storing = node(&stage).storage().storing();
            old = contents(&stage);
            // What will be there when this is answered.
            let mut ahead = stage.clone();
            while storing.is_some() && node(&ahead).storage().storing() == storing {
                ahead.world.step();
            }
            new = contents(&ahead);
            changes += usize::from(new != old);
        }
        let Some((operation, until)) = node(&stage).storage().operation(local) else {
            stage.world.step();
            continue;
        };
        number += 1;
        if number.is_multiple_of(one_in) {
            let allowed = [&old, &new];
            count.slices += usize::from(matches!(operation, Operation::Erase { .. }));
            cut(&stage, name, allowed, Duration::from_us(43 * (number as u64 % 97)), count);
            let middle = local + until.since(local).divided_by(2 + number as u64 % 3);
            let middle = stage.world.world_time(stage.peripheral, middle);
            let mut stage = stage.clone();
            stage.world.run_until(middle);
            cut(&stage, name, allowed, Duration::from_us(997 * (number as u64 % 89)), count);
        }
        let until = stage.world.world_time(stage.peripheral, until);
        let from = stage.world.now();
        stage.world.run_until(until);
        let overlaps = |record: &Sim| {
            let sent = matches!(record.kind, RecordKind::AirTx(_));
            sent && record.node == stage.peripheral && from < record.at && record.at < until
        };
        let overlap = stage.world.records().iter().rev().take(9).find(|record| overlaps(record));
        assert!(overlap.is_none(), "{name}: flash at work in an event: {overlap:?}");
    }
    assert!(changes > 0 && contents(&stage) != first, "{name}: {changes}");
}

#[test]
fn whenever_power_is_cut_each_bond_is_the_old_or_the_new_one() {
    let others = |count: u8| (0..count).map(|n| bond(n, [n + 1; 6], n.into())).collect();
    let known = || vec![bond(0, OWNER, 1)];
    let change = |name, bonds, used, deletes| Change { name, bonds, used, deletes };
    let changes = [
        change("first bond, and what the client configures", vec![], 0, false),
        change("overwritten bond", known(), 0, false),
        change("oldest bond dropped", others(5), 0, false),
        change("all bonds deleted", others(4), 0, true),
        change("bank full, overwritten bond", known(), 26, false),
        change("bank full, all bonds deleted", others(3), 24, true),
    ];
    let mut count = Count::default();
    for change in &changes {
        play(change, crate::one_in(13), &mut count);
    }
    assert!(count.old > 20 && count.new > 20 && count.slices > 10, "{count:?}");
    assert!(count.again > 20, "{count:?}");
}

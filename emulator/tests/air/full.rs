//! The worst that encryption can ask of the chip: events full of the longest PDUs at 2M.

use std::collections::BTreeMap;

use ble::hci::{Acl, AclBoundary, AclData, ConnectionParameters, Handle};
use ble::phy::TxPhy;
use ble::time::{Duration, Instant};
use bletwin_models::host::{Step, Uuid};
use bletwin_models::profile::Profile;
use bletwin_sim::record::{AirTx, RecordKind};

use super::levels::{Doing, doing};
use super::stage::{CENTRAL, CHIP, Device, Stage, trial};
use super::time::gaps;

/// ATT Read Multiple Request, for as many values as a PDU of 251 octets has room for: the answer is
/// as long. And an L2CAP frame on a channel that nobody has: no answer at all.
const READ_MULTIPLE: u8 = 0x0E;
const DEVICE_NAME: Uuid = Uuid::Short(0x2A00);
const NOBODY: u16 = 0x3F;

/// Events that are measured, and their interval.
const EVENTS: usize = 100;
const INTERVAL: Duration = Duration::from_us(7_500);

/// A frame that fills a PDU of 251 octets, and asks for one as long if there is an attribute.
fn frame(asks: Option<u16>) -> AclData {
    let mut octets = vec![247, 0];
    if let Some(attribute) = asks {
        octets.extend([4, 0, READ_MULTIPLE]);
        octets.extend([attribute.to_le_bytes(); 123].concat());
    } else {
        octets.extend(NOBODY.to_le_bytes());
        octets.extend([0x5A; 247]);
    }
    AclData::from_slice(&octets).expect("it is a packet")
}

/// Whatever room the central's controller has is filled.
fn feed(stage: &mut Stage, handle: Handle, asks: Option<u16>) {
    let now = stage.world.local_now(CENTRAL);
    let Device::Central(central) = stage.world.node_mut(CENTRAL) else { return };
    let Some(controller) = central.controller_mut() else { return };
    while controller.takes_acl(handle) {
        let (boundary, data) = (AclBoundary::First, frame(asks));
        controller.acl(now, Acl { handle, boundary, data });
    }
}

/// Encrypted, at 2M, with PDUs of 251 octets, at an interval of 7.5 ms.
fn bonded() -> Option<Stage> {
    let mut profile = Profile::phone();
    profile.host.parameters =
        ConnectionParameters { interval_min: 6, interval_max: 6, latency: 0, timeout: 400 };
    profile.set("parameter-rules", "reject").expect("it is a key");
    profile.host.steps.retain(|step| !matches!(step, Step::Stay(_)));
    profile.host.steps.push(Step::Stay(Duration::from_secs(1_000_000)));
    let mut stage = Stage::new(trial()?, profile, 6);
    assert!(stage.until(20_000, |stage| stage.status().bonded), "{:?}", stage.status());
    stage.run(10_000);
    Some(stage)
}

/// Cycles by the names of functions.
fn cycles(stage: &Stage) -> BTreeMap<String, u64> {
    let functions = stage.chip().functions().into_iter();
    functions.map(|function| (function.name.unwrap_or_default(), function.cycles)).collect()
}

/// The handle of the chip's name.
fn name_of(stage: &Stage) -> u16 {
    let database = stage.host().and_then(|host| host.database()).expect("it was discovered");
    database.find(&DEVICE_NAME).expect("it has a name").value
}

/// What was measured of events full of PDUs.
#[derive(Debug)]
struct Measured {
    /// PDUs of 251 octets that the central sent, and those of the chip.
    long: [usize; 2],
    /// How many of each were sent once more.
    again: [usize; 2],
    /// Cycles of an event: awake, and in AES.
    awake: u64,
    aes: u64,
    /// The longest time for which control was under way.
    control: Duration,
}

fn measure(stage: &mut Stage, answered: bool) -> Measured {
    let asks = answered.then(|| name_of(stage));
    let Device::Central(central) = stage.world.node(CENTRAL) else { unreachable!() };
    let controller = central.controller().expect("it is on");
    let mut handles = (0..16).map(Handle);
    let handle = handles.find(|handle| controller.takes_acl(*handle)).expect("it is connected");
    // Queues fill.
    let warm = stage.world.now() + Duration::from_ms(300);
    while stage.world.now() < warm {
        feed(stage, handle, asks);
        stage.world.step();
    }
    stage.drain();
    let Device::Chip(chip) = stage.world.node_mut(CHIP) else { unreachable!() };
    chip.profile(true);
    let awake = |stage: &Stage| stage.chip().cpu_use().expect("it is on").awake;
    let (begun, before) = (stage.world.now(), awake(stage));
    let (mut since, mut control) = (None::<Instant>, Duration::ZERO);
    while stage.world.now() < begun + INTERVAL.times(EVENTS as u64) {
        feed(stage, handle, asks);
        let next = stage.world.now() + Duration::from_us(20);
        stage.world.run_until(next);
        // What interrupts control is above it, and control goes on.
        match doing(stage) {
            Doing::Control | Doing::Above => {
                let since = *since.get_or_insert(next);
                control = control.max(next.since(since));
            }
            Doing::Nothing | Doing::Thread => since = None,
        }
    }
    let is_aes = |name: &str| ["ecb", "ccm", "cipher"].iter().any(|part| name.contains(part));
    let aes = cycles(stage).into_iter().filter(|(name, _)| is_aes(name)).map(|(_, cycles)| cycles);
    let (mut long, mut again) = ([0; 2], [0; 2]);
    for (n, node) in [CENTRAL, CHIP].into_iter().enumerate() {
        let mut before = None;
        for record in stage.records().iter().filter(|record| record.node == node) {
            let RecordKind::AirTx(AirTx { pdu, phy, .. }) = &record.kind else { continue };
            assert_eq!(*phy, TxPhy::Le2M);
            long[n] += usize::from(pdu.payload_len() == 255);
            // SN, which a PDU that was acknowledged leaves behind.
            let sequence = pdu.header() & 0x08;
            again[n] += usize::from(before.replace(sequence) == Some(sequence));
        }
    }
    let awake = (awake(stage) - before) / EVENTS as u64;
    Measured { long, again, awake, aes: aes.sum::<u64>() / EVENTS as u64, control }
}

/// Whichever way the event is full: each PDU is answered T_IFS after its end, none is refused, and
/// there is time for all.
#[test]
fn an_event_full_of_the_longest_pdus_is_answered_in_time() {
    let Some(stage) = bonded() else { return };
    for (answered, each_way) in [(false, [4, 0]), (true, [3, 3])] {
        let mut stage = stage.clone();
        let measured = measure(&mut stage, answered);
        println!("both ways {answered}: {measured:?}");
        let Measured { long, again, awake, aes, control } = measured;
        assert_eq!(again, [0; 2], "refused");
        for (long, each) in long.into_iter().zip(each_way) {
            assert!(long.abs_diff(each * EVENTS) <= each, "{long} long ones in {EVENTS} events");
        }
        let gaps = gaps(&stage);
        let late: Vec<_> =
            gaps.iter().filter(|gap| gap.ticks().abs_diff(150 * 64_000) > 2 * 64_000).collect();
        assert!(late.is_empty(), "{late:?} of {}", gaps.len());
        let asked = stage.records().iter().filter(|record| record.node == CENTRAL);
        let asked = asked.filter(|record| matches!(record.kind, RecordKind::AirTx(_))).count();
        assert!(asked <= gaps.len() + 1, "{asked} packets and {} answers", gaps.len());
        // What README.md of the firmware says, and some more for another compiler.
        assert!(aes < 240_000 && aes < awake && awake <= 480_000, "{aes} of {awake}");
        assert!(control < Duration::from_us(2_000), "{control:?}");
        assert_eq!(stage.chip().stopped(), None);
        assert_eq!(stage.status().disconnected, None);
    }
}

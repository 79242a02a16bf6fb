//! What the chip keeps without power: its bond, whenever that fails.

use ble::pdu::control::Opcode;
use ble::time::Duration;
use bletwin_emulator::node::ChipNode;
use bletwin_models::profile::Profile;
use bletwin_sim::node::Act;
use bletwin_sim::record::{Record, RecordKind};
use bletwin_sim::sniffer::{AirItem, Decoded, sniff};
use store::{Flash, SLOTS, Store};

use super::stage::{CENTRAL, CHIP, Stage, image, trial};

/// Where `memory.x` has the store.
pub(crate) const STORE: u32 = 0x3_C000;

/// A chip's flash, read by the store's own words.
pub(crate) struct Kept<'a>(pub(crate) &'a ChipNode);

impl Flash for Kept<'_> {
    fn word(&self, at: u16) -> u32 {
        let memory = self.0.cpu().expect("it is on").memory();
        u32::from_le_bytes(memory.read(STORE + 4 * u32::from(at)).expect("flash"))
    }
}

/// Slots with their octets.
pub(crate) type Records = Vec<(u8, Vec<u8>)>;

/// What is kept, unless some of it is just being written.
fn written(stage: &Stage) -> Option<Records> {
    let kept = Kept(stage.chip());
    let store = Store::open(&kept);
    let record = |slot| Some((slot, store.get(&kept, slot)?.expose().to_vec()));
    store.is_open().then(|| (0..SLOTS).filter_map(record).collect())
}

/// What is kept, once the firmware has recovered.
fn records(stage: &Stage) -> Records {
    written(stage).expect("the firmware has recovered")
}

/// Lets time pass until it has happened.
fn wait(stage: &mut Stage, happened: impl Fn(&Stage) -> bool) {
    let end = stage.world.now() + Duration::from_secs(1);
    while !happened(stage) {
        let next = stage.world.now() + Duration::from_us(50);
        assert!(next < end, "it never happens");
        stage.world.run_until(next);
    }
}

/// Whether flash was erased at the first start, and a first bank is begun.
fn is_ready(stage: &Stage) -> bool {
    Kept(stage.chip()).word(0) == 1
}

fn is_written(stage: &Stage) -> bool {
    written(stage).is_some_and(|records| !records.is_empty())
}

/// Whether the firmware has reported that its bond is kept.
fn is_kept(stage: &Stage) -> bool {
    stage.result()[2] == 1
}

/// Power fails; half a second later it advertises again, and that is what it has kept.
fn restart(stage: &mut Stage) -> Records {
    stage.drain();
    let now = stage.world.now();
    stage.world.act(CHIP, now, Act::PowerCycle);
    stage.run(1_000);
    let sends =
        |record: &Record| record.node == CHIP && matches!(record.kind, RecordKind::AirTx(_));
    assert!(stage.records().iter().any(sends), "it advertises: {now:?}");
    assert_eq!(stage.chip().stopped(), None);
    records(stage)
}

/// A phone that comes back a second after it has lost its peripheral, just bonded.
fn bonded() -> Option<Stage> {
    let mut phone = Profile::phone();
    phone.host.reconnect = Some(Duration::from_secs(1));
    phone.host.max_connections = 2;
    let mut stage = Stage::new(trial()?, phone, 1);
    assert!(stage.until(20_000, |stage| stage.status().bonded), "{:?}", stage.status());
    assert!(!is_kept(&stage), "flash takes longer than the last packet");
    Some(stage)
}

#[test]
fn it_comes_back_with_its_bond() {
    let Some(mut stage) = bonded() else { return };
    wait(&mut stage, is_written);
    let written = stage.world.now();
    wait(&mut stage, is_kept);
    let says = |record: &&Record| match &record.kind {
        RecordKind::AirTx(sent) => record.node == CENTRAL && !sent.pdu.payload().is_empty(),
        _ => false,
    };
    let key = stage.records().iter().rev().find(says).expect("the central's identity");
    let [took, reported] = [written, stage.world.now()].map(|at| at.since(key.at));
    println!("µs after the last key: {} kept, {} reported", took.as_us(), reported.as_us());
    assert!(reported < Duration::from_ms(30));
    stage.run(500);
    stage.assert_sound();
    assert_eq!(restart(&mut stage).len(), 1);
    assert!(stage.until(12_000, |stage| stage.result()[0] == 0), "{:?}", stage.status());
    let air = sniff(stage.records());
    let control = |opcode: Opcode| {
        air.iter().any(|item| matches!(&item.decoded, Decoded::Control(c) if c.opcode() == opcode))
    };
    assert!(control(Opcode::ENC_REQ) && control(Opcode::START_ENC_RSP));
    let pairs = |item: &AirItem| item.frame().is_some_and(|(cid, frame)| cid == 6 && frame[0] == 1);
    assert!(!air.iter().any(pairs), "the stored key is enough");
    stage.assert_sound();
}

/// Power is cut while flash is made ready at the first start, and from the last key on until the
/// bond is kept, and a little later: it is there, or nothing is; once it was reported it is there.
#[test]
fn its_bond_is_whole_or_not_there_whenever_power_fails() {
    let Some(image) = trial() else { return };
    let mut fresh = Stage::new(image, Profile::phone(), 1);
    for ms in [255, 290, 350, 611, 720] {
        fresh.until(ms - fresh.world.now().as_us() / 1_000, |_| false);
        assert_eq!(restart(&mut fresh.clone()), []);
    }
    let Some(stage) = bonded() else { return };
    let mut kept = stage.clone();
    wait(&mut kept, is_written);
    let (new, at) = (records(&kept), kept.world.now());
    assert_eq!(new.len(), 1);
    let mut count = [0; 2];
    for us in (0..1_600).step_by(if all() { 13 } else { 130 }) {
        let mut stage = stage.clone();
        stage.world.run_until(at.before(Duration::from_us(1_400)) + Duration::from_us(us));
        let reported = is_kept(&stage);
        let seen = restart(&mut stage);
        assert!(seen == new || seen.is_empty() && !reported, "{us} µs, reported: {reported}");
        count[usize::from(seen == new)] += 1;
    }
    assert!(count.iter().all(|count| *count > 1), "{count:?}");
}

/// At 7.5 ms between events six slices of an erasure take place between any two, and the chip,
/// whose processor stands still meanwhile, answers in each event.
#[test]
fn an_erasure_misses_no_event() {
    let Some(image) = image() else { return };
    let mut phone = Profile::phone();
    let parameters = &mut phone.host.parameters;
    (parameters.interval_min, parameters.interval_max) = (6, 6);
    let mut stage = Stage::new(image, phone, 1);
    let connected = |stage: &Stage| stage.status().connections == 1;
    assert!(stage.until(2_000, connected), "{:?}", stage.status());
    assert!(!is_ready(&stage), "its flash is being erased");
    let from = stage.world.now();
    wait(&mut stage, is_ready);
    let took = stage.world.now().since(from);
    let sent = |node| {
        let sends = move |record: &&Record| {
            let sent = matches!(&record.kind, RecordKind::AirTx(_));
            sent && record.node == node && record.at >= from
        };
        stage.records().iter().filter(sends).count()
    };
    println!("erased in {} ms of a connection", took.as_us() / 1_000);
    assert!(took > Duration::from_ms(60) && sent(CENTRAL) > 8, "{took:?}");
    // The first event may be before the chip listens, the last answer after the end.
    assert!(sent(CHIP) + 2 >= sent(CENTRAL), "{} of {}", sent(CHIP), sent(CENTRAL));
    stage.assert_sound();
}

/// The phone has lost its bond and pairs again: power is cut while the new key is written in the
/// place of the old one. One of both is there, and once the new one was seen it is that.
#[test]
fn a_key_that_was_overwritten_is_gone() {
    let Some(mut stage) = bonded() else { return };
    wait(&mut stage, is_written);
    stage.run(200);
    let old = records(&stage);
    for wish in ["forget", "disconnect", "connect"] {
        let now = stage.world.now();
        stage.world.act(CENTRAL, now, Act::Ask(wish.into()));
        stage.run(500);
    }
    let bonds = |stage: &Stage| stage.host().map_or(0, |host| host.bonds().len());
    assert_eq!(bonds(&stage), 0, "forgotten");
    assert!(stage.until(60_000, |stage| bonds(stage) == 1), "{:?}", stage.status());
    assert_eq!(records(&stage), old, "flash takes longer than the last packet");
    let mut kept = stage.clone();
    wait(&mut kept, |stage| written(stage).is_some_and(|records| records != old));
    let (new, at) = (records(&kept), kept.world.now());
    assert_eq!(new.len(), 1);
    let mut count = [0; 2];
    for us in (0..1_800).step_by(if all() { 13 } else { 130 }) {
        let mut stage = stage.clone();
        stage.world.run_until(at.before(Duration::from_us(1_000)) + Duration::from_us(us));
        let gone = stage.world.now() >= at;
        let seen = restart(&mut stage);
        assert!(seen == new || seen == old && !gone, "{us} µs, {gone}");
        count[usize::from(seen == new)] += 1;
    }
    assert!(count.iter().all(|count| *count > 1), "{count:?}");
}

/// Whether all numbers are asked for, or a sample.
pub(crate) fn all() -> bool {
    std::env::var_os("BLETWIN_ALL_NUMBERS").is_some()
}

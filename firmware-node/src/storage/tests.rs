//! Storage by itself: time, gaps, and what is left when power fails.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use ble::phy::TxPhy;
use ble::radio::{AirPdu, Tuning};
use store::SLICES;

use super::*;

const MS: Duration = Duration::from_ms(1);

fn at(us: u64) -> Instant {
    Instant::from_us(us)
}

fn record(octets: &[u8]) -> Option<Record> {
    Some(Record::new(octets).expect("short"))
}

fn on(mut storage: Storage, now: Instant) -> Storage {
    storage.power_up(now, [7; 32]);
    storage
}

fn want(storage: &mut Storage, now: Instant, slot: u8, record: Option<Record>) {
    let wanted = Wanted { id: EffectId(slot.into()), slot, record, causes: Untracked(vec![]) };
    storage.want(now, wanted);
    storage.plan(now, || None);
}

fn transmit(at: Instant) -> RadioCommand {
    let tuning = Tuning { channel: 37, access_address: 0x8E89_BED6, crc_init: 0x55_5555 };
    let pdu = AirPdu::new(0x02, &[0; 6]).expect("short");
    RadioCommand::Transmit { at, tuning, phy: TxPhy::Le1M, pdu, tag: 0, then: AfterTransmit::Stop }
}

/// Lets time pass until an answer comes. When it did.
fn answered(storage: &mut Storage) -> Instant {
    let due = storage.due().expect("nothing comes between");
    storage.plan(due, || None);
    let answer = storage.answer().expect("it is due");
    storage.plan(due, || None);
    assert!(answer.ok);
    due
}

/// Flash after so many sessions of one change each. 26, and the next change moves all to the other
/// bank.
fn used(sessions: u8) -> Storage {
    let mut storage = Storage::default();
    storage.put(1, Record::new(&[1; 56]).expect("short"));
    for n in 0..sessions {
        storage.put(31, Record::new(&[n; 8]).expect("short"));
    }
    storage
}

fn contents(storage: &Storage) -> Vec<Completion> {
    storage.load().collect()
}

#[test]
fn a_record_takes_41_us_a_word() {
    let mut storage = on(Storage::default(), at(0));
    want(&mut storage, at(1_000), 3, record(&[5; 8]));
    // The first cell of a session is given up; head, two words, check, mark.
    assert_eq!(answered(&mut storage), at(1_000 + 41 * 6));
    want(&mut storage, at(5_000), 3, record(&[6; 8]));
    // The replaced octets are overwritten as well.
    assert_eq!(answered(&mut storage), at(5_000 + 41 * 7));
    assert_eq!(
        contents(&storage),
        [Completion::Loaded { slot: 3, record: record(&[6; 8]).unwrap() }]
    );
    want(&mut storage, at(9_000), 4, None);
    assert_eq!(answered(&mut storage), at(9_000), "there is nothing to be deleted");
}

/// No operation is under way while the radio is at work, however short its gaps are.
#[test]
fn the_radio_never_waits_for_an_erasure() {
    let mut storage = on(used(26), at(0));
    let mut now = at(10_000);
    storage.commanded(now, &transmit(now + Duration::from_us(3_700)));
    want(&mut storage, now, 31, record(&[9; 8]));
    let (mut events, mut slices) = (0, 0);
    while storage.due().is_none() {
        // An event of 300 µs each 4 ms.
        let begins = now + Duration::from_us(3_700);
        storage.commanded(now, &transmit(begins));
        storage.plan(now, || None);
        for us in (0..4_000).step_by(10) {
            let under_way = storage.operation(now + Duration::from_us(us));
            if let Some((operation, end)) = under_way {
                assert!(end + SPARE <= begins, "{operation:?} at {us} µs");
                slices +=
                    u32::from(us % 1_000 == 0 && matches!(operation, Operation::Erase { .. }));
            }
        }
        storage.heard(begins, &RadioEvent::Transmitted { start: begins, end: begins });
        now += MS.times(4);
        storage.commanded(begins, &transmit(now + Duration::from_us(3_700)));
        storage.plan(now, || None);
        events += 1;
        assert!(events < 200, "it gets on");
    }
    assert!(slices > 150, "two pages: {slices}");
    assert!(events >= 2 * u32::from(SLICES) / 4, "{events}");
    answered(&mut storage);
    assert_eq!(contents(&storage).len(), 2);
}

/// What was begun under way of the radio is finished; nothing new begins.
#[test]
fn a_command_for_the_radio_ends_the_gap() {
    let mut storage = on(Storage::default(), at(0));
    want(&mut storage, at(1_000), 3, record(&[5; 8]));
    let due = storage.due().expect("nothing comes between");
    storage.commanded(at(1_060), &transmit(at(1_070)));
    storage.plan(at(1_060), || None);
    assert_eq!(storage.due(), None);
    let (_, end) = storage.operation(at(1_070)).expect("one is under way");
    assert_eq!(end, at(1_082));
    assert_eq!(storage.operation(at(1_090)), None);
    storage.heard(at(2_000), &RadioEvent::Missed { at: at(2_000) });
    storage.plan(at(2_000), || None);
    assert_eq!(storage.due(), Some(due + Duration::from_us(2_000 - 1_082)));
}

#[test]
fn what_is_cut_off_is_the_old_record_or_the_new_one() {
    let mut storage = used(2);
    storage.put(3, record(&[1; 20]).unwrap());
    let old = contents(&storage);
    let mut storage = on(storage, at(0));
    want(&mut storage, at(0), 3, record(&[2; 20]));
    let due = storage.due().expect("nothing comes between");
    let mut done = storage.clone();
    answered(&mut done);
    let new = contents(&done);
    let (mut olds, mut news) = (0, 0);
    for us in 0..due.as_us() + 100 {
        let mut storage = storage.clone();
        if at(us) >= due {
            storage.plan(due, || None);
        }
        storage.power_fails(at(us));
        let mut storage = on(storage, at(1_000_000));
        while !storage.is_open() {
            let due = storage.due().expect("it opens");
            storage.plan(due, || None);
        }
        let seen = storage.records();
        assert!(seen == new || seen == old && at(us) < due, "{us} µs");
        if seen == new { news += 1 } else { olds += 1 }
    }
    assert!(olds > 100 && news > 100, "{olds} {news}");
}

/// Whoever prints a state prints no key, and no entropy.
#[test]
fn what_is_stored_is_not_printed() {
    let mut storage = on(Storage::default(), at(0));
    want(&mut storage, at(0), 3, record(&[0x42; 16]));
    answered(&mut storage);
    let printed = format!("{storage:?}");
    assert!(printed.contains("redacted"), "{printed}");
    for word in [u32::from_le_bytes([0x42; 4]).to_string(), "66, 66".into(), "7, 7, 7".into()] {
        assert!(!printed.contains(&word), "{word}: {printed}");
    }
}

/// Equal states have equal hashes, however they came about.
#[test]
fn an_erased_page_is_like_a_new_one() {
    let hash = |flash: &Flash| {
        let mut hasher = DefaultHasher::new();
        flash.hash(&mut hasher);
        hasher.finish()
    };
    let mut chance = Chance::new([1; 32], tear::FLASH);
    let mut flash = Flash::blank();
    flash.execute(Operation::Write { at: 1_030, word: 0x1234_5678 }, &mut chance);
    assert!(flash != Flash::blank() && hash(&flash) != hash(&Flash::blank()));
    let mut other = Flash::blank();
    other.execute(Operation::Write { at: 1_030, word: 0x1234_FFFF }, &mut chance);
    assert!(flash != other && hash(&flash) != hash(&other));
    other.execute(Operation::Write { at: 1_030, word: 0xFFFF_5678 }, &mut chance);
    assert!(flash == other && hash(&flash) == hash(&other));
    for slice in 0..SLICES {
        flash.execute(Operation::Erase { page: 1, slice }, &mut chance);
    }
    assert!(flash == Flash::blank() && hash(&flash) == hash(&Flash::blank()));
}

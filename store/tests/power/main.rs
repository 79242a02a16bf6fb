//! Power is cut at every operation, and again at every operation of what follows, whatever the
//! store is doing: each record is the old one or the new one, and stays what it was seen to be.

mod chip;

use std::env;

use ble::effect::Record;
use chip::{Chip, Cut};
use store::{Event, Flash, Operation, Put, SLICES, SLOTS, Store};

/// What is stored, by slot.
type Contents = Vec<Option<Vec<u8>>>;

fn contents(store: &Store, chip: &Chip) -> Contents {
    (0..SLOTS).map(|slot| Some(store.get(chip, slot)?.expose().to_vec())).collect()
}

/// Does what is urgent, to the end. Whether something became durable.
fn finish(store: &mut Store, chip: &mut Chip) -> bool {
    let mut durable = false;
    while store.is_urgent() {
        let operation = store.next(chip).expect("what is urgent has an operation");
        chip.execute(operation);
        durable |= store.done(chip) == Some(Event::Durable);
    }
    durable
}

fn opened(chip: &mut Chip) -> Store {
    let mut store = Store::open(chip);
    finish(&mut store, chip);
    assert!(store.is_open(), "it opens whatever has happened: {store:?}");
    store
}

fn put(store: &mut Store, chip: &mut Chip, slot: u8, octets: Option<&[u8]>) {
    let record = octets.and_then(Record::new);
    if store.put(slot, record) == Put::Begun {
        assert!(finish(store, chip));
    }
}

/// A bond's record: so many octets, none like another's.
fn bond(number: u8) -> Vec<u8> {
    (0..56).map(|n: u8| n.wrapping_mul(7) ^ number).collect()
}

/// One change of what is stored, and what is there before.
struct Change {
    name: &'static str,
    chip: Chip,
    slot: u8,
    to: Option<Vec<u8>>,
}

/// Flash with so many cells used by changes of slot 31, besides `bonds`.
fn used(bonds: u8, cells: u8, seed: u64) -> Chip {
    let mut chip = Chip::new(seed);
    let mut store = opened(&mut chip);
    for slot in 0..bonds {
        put(&mut store, &mut chip, slot, Some(&bond(slot)));
    }
    for n in 0..cells {
        put(&mut store, &mut chip, 31, Some(&[n; 8]));
    }
    chip
}

/// The moments that a user may choose to pull the plug in.
fn changes(seed: u64) -> Vec<Change> {
    let change = |name, chip, slot, to| Change { name, chip, slot, to };
    let mut configured = bond(1);
    configured[26] ^= 1;
    let full = |slots| {
        let mut chip = used(slots, 0, seed);
        let mut store = opened(&mut chip);
        // Room for one cell less than are left: the first one of each session is given up.
        for n in 0..58 - slots - 1 {
            put(&mut store, &mut chip, 2, Some(&bond(n)));
        }
        chip
    };
    vec![
        change("first record of all", Chip::new(seed), 0, Some(bond(0))),
        change("first bond", used(0, 0, seed), 0, Some(bond(0))),
        change("another bond", used(3, 2, seed), 4, Some(bond(4))),
        change("overwritten bond", used(3, 0, seed), 1, Some(bond(9))),
        change("changed configuration", used(3, 0, seed), 1, Some(configured)),
        change("deleted bond", used(3, 0, seed), 1, None),
        change("bank full, overwritten bond", full(8), 1, Some(bond(9))),
        change("bank full, deleted bond", full(8), 1, None),
        change("all slots full", full(SLOTS), 0, Some(bond(9))),
    ]
}

/// What has been cut.
#[derive(Default, Debug)]
struct Count {
    cuts: u64,
    second: u64,
}

/// How operations are cut: not begun, and three degrees of done.
const CUTS: [Cut; 4] = [Cut::Before, Cut::Hardly, Cut::Half, Cut::Almost];

/// Operations that are cut by default: all but slices of an erasure that are like their neighbours.
/// Second cuts are played in these alone.
fn is_played(operation: Operation) -> bool {
    match operation {
        Operation::Write { .. } => true,
        Operation::Erase { slice, .. } => [0, 1, SLICES / 2, SLICES - 1].contains(&slice),
    }
}

/// What was seen once stays, however bits fall at later starts, and after other records are put.
fn stays(name: &str, mut chip: Chip, old: &Contents, new: &Contents, durable: bool) {
    let store = opened(&mut chip);
    let seen = contents(&store, &chip);
    assert!(&seen == new || &seen == old && !durable, "{name}: neither old nor new, {durable}");
    for start in 0..4_u8 {
        chip.restart();
        let mut store = opened(&mut chip);
        let mut now = contents(&store, &chip);
        now[30].clone_from(&seen[30]);
        assert!(now == seen, "{name}: another one at start {start}");
        put(&mut store, &mut chip, 30, Some(&[start; 20]));
    }
}

/// Plays a change with a cut at each operation, and for each a second one in what follows.
fn play(change: &Change, wide: bool, count: &mut Count) {
    // One part of the second cuts by default, spread over all first ones.
    let (again, one_in) = if wide { (&CUTS[..], 1) } else { (&CUTS[2..3], 11) };
    let Change { name, chip, slot, to } = change;
    let (mut old, mut new) = (vec![None; SLOTS.into()], vec![]);
    for done in [false, true] {
        let mut chip = chip.clone();
        let mut store = opened(&mut chip);
        if done {
            put(&mut store, &mut chip, *slot, to.as_deref());
        }
        *if done { &mut new } else { &mut old } = contents(&store, &chip);
    }
    assert!(old != new, "{name}");
    let mut chip = chip.clone();
    let mut store = Store::open(&chip);
    let mut asked = false;
    let mut durable = false;
    loop {
        if !asked && store.is_open() && !store.is_urgent() {
            asked = true;
            assert_eq!(store.put(*slot, to.as_deref().and_then(Record::new)), Put::Begun);
        }
        let Some(operation) = store.next(&chip) else { break };
        for cut in CUTS.into_iter().filter(|_| wide || is_played(operation)) {
            let mut chip = chip.clone();
            chip.cut(operation, cut);
            count.cuts += 1;
            stays(name, chip.clone(), &old, &new, durable);
            if is_played(operation) && count.cuts.is_multiple_of(one_in) {
                cut_again(name, chip, again, &old, &new, durable, count);
            }
        }
        chip.execute(operation);
        durable |= store.done(&chip) == Some(Event::Durable);
    }
    assert!(durable && asked, "{name}");
}

/// Cuts what follows a cut.
fn cut_again(
    name: &str,
    mut chip: Chip,
    again: &[Cut],
    old: &Contents,
    new: &Contents,
    durable: bool,
    count: &mut Count,
) {
    let mut store = Store::open(&chip);
    while let Some(operation) = store.next(&chip).filter(|_| store.is_urgent()) {
        for cut in again.iter().filter(|_| is_played(operation)) {
            let mut chip = chip.clone();
            chip.cut(operation, *cut);
            count.second += 1;
            stays(name, chip, old, new, durable);
        }
        chip.execute(operation);
        store.done(&chip);
    }
}

#[test]
fn whenever_power_is_cut_a_record_is_the_old_or_the_new_one() {
    let mut count = Count::default();
    for change in changes(0) {
        play(&change, false, &mut count);
    }
    assert!(count.cuts > 2_000 && count.second > 1_000, "{count:?}");
}

/// All cuts, of one change; with `BLETWIN_ALL_NUMBERS` of all of them. `BLETWIN_CASES`: with so
/// many seeds, 16 of which take a minute.
#[test]
fn whenever_power_is_cut_twice_a_record_is_the_old_or_the_new_one() {
    let all = env::var_os("BLETWIN_ALL_NUMBERS").is_some();
    let seeds = env::var("BLETWIN_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut count = Count::default();
    for seed in 0..seeds {
        for change in changes(seed).iter().filter(|change| all || change.name == "overwritten bond")
        {
            play(change, true, &mut count);
        }
    }
    assert!(count.second > count.cuts && count.cuts > 40, "{count:?}");
}

/// The last word of a move decides between two banks. However little of it is there, what it was
/// once taken for it stays.
#[test]
fn the_last_word_of_a_move_is_believed_for_good_or_never() {
    let moves = changes(1).into_iter().find(|change| change.name.starts_with("bank full"));
    let Change { name, chip, slot, to } = moves.expect("is there");
    for seed in 0..16 {
        let mut chip = chip.clone();
        chip.reseed(seed);
        let mut store = opened(&mut chip);
        let old = contents(&store, &chip);
        assert_eq!(store.put(slot, to.as_deref().and_then(Record::new)), Put::Begun);
        let mut before = None;
        while let Some(operation) = store.next(&chip).filter(|_| store.is_urgent()) {
            before = Some((chip.clone(), operation));
            chip.execute(operation);
            store.done(&chip);
        }
        let new = contents(&store, &chip);
        let (mut chip, operation) = before.expect("it writes");
        chip.cut(operation, Cut::Hardly);
        stays(name, chip, &old, &new, false);
    }
}

/// Once the answer is there, the replaced octets are nowhere in flash: neither in the bank that is
/// in use nor in the one before, if all had to move.
#[test]
fn a_replaced_key_is_gone_from_flash() {
    let full = || {
        let full = changes(1).into_iter().find(|change| change.name == "bank full, deleted bond");
        full.expect("is there").chip
    };
    for (mut chip, moves, to) in [
        (used(3, 0, 1), false, Some(bond(9))),
        (used(3, 0, 1), false, None),
        (full(), false, Some(bond(9))),
        (full(), false, None),
        (full(), true, None),
    ] {
        let mut store = opened(&mut chip);
        if moves {
            // A new one, for which nobody has to wait until the other bank is erased.
            put(&mut store, &mut chip, 20, Some(&bond(20)));
            assert!(store.next(&chip).is_some() && !store.is_urgent());
        }
        let is_there = |chip: &Chip| {
            let key: Vec<_> = bond(1)[8..24].to_vec();
            let octets: Vec<_> =
                (0..chip.len()).flat_map(|at| chip.word(at).to_le_bytes()).collect();
            octets.windows(16).any(|window| window == key)
        };
        assert!(is_there(&chip));
        put(&mut store, &mut chip, 1, to.as_deref());
        assert!(!is_there(&chip));
    }
}

/// What is left in the other bank after a move is erased at leisure.
#[test]
fn what_a_move_leaves_is_erased_at_leisure() {
    let mut chip = used(2, 80, 1);
    let mut store = opened(&mut chip);
    let before = contents(&store, &chip);
    assert!(!store.is_urgent());
    while let Some(operation) = store.next(&chip) {
        chip.execute(operation);
        assert_eq!(store.done(&chip), None);
    }
    let blank = |bank: u16| (0..2_048).all(|word| chip.word(bank * 2_048 + word) == u32::MAX);
    assert!(blank(0) != blank(1), "one is in use");
    assert_eq!(contents(&store, &chip), before);
    // And the next move finds it so.
    for n in 0..80 {
        put(&mut store, &mut chip, 31, Some(&[n; 8]));
    }
    assert_eq!(contents(&opened(&mut chip), &chip)[31], Some(vec![79; 8]));
    assert_eq!(contents(&store, &chip)[..31], before[..31]);
}

/// So is what something else has left before anything was stored.
#[test]
fn flash_that_was_used_for_something_else_is_erased_first() {
    for leisurely in [false, true] {
        let mut chip = Chip::new(7);
        let mut store = opened(&mut chip);
        while let Some(operation) = store.next(&chip).filter(|_| leisurely) {
            chip.execute(operation);
            let event = store.done(&chip);
            assert_eq!(event.is_some(), store.next(&chip).is_none(), "{event:?}");
        }
        put(&mut store, &mut chip, 1, Some(&bond(1)));
        assert_eq!(contents(&opened(&mut chip), &chip)[1], Some(bond(1)));
    }
}

/// A first bank is begun before there is a record for it, whatever is in flash and whenever power
/// fails; the first record then takes no erasure.
#[test]
fn a_first_start_makes_flash_ready() {
    let nothing: Contents = vec![None; SLOTS.into()];
    for seed in 0..4 {
        let mut chip = Chip::new(seed);
        let mut store = opened(&mut chip);
        while let Some(operation) = store.next(&chip) {
            for cut in CUTS.into_iter().filter(|_| is_played(operation)) {
                let mut chip = chip.clone();
                chip.cut(operation, cut);
                stays("first start", chip, &nothing, &nothing, false);
            }
            chip.execute(operation);
            store.done(&chip);
        }
        let mut store = opened(&mut chip);
        assert_eq!(store.next(&chip), None, "once is enough");
        assert_eq!(store.put(1, Record::new(&bond(1))), Put::Begun);
        while let Some(operation) = store.next(&chip) {
            assert!(matches!(operation, Operation::Write { .. }), "{operation:?}");
            chip.execute(operation);
            store.done(&chip);
        }
        assert_eq!(contents(&opened(&mut chip), &chip)[1], Some(bond(1)));
    }
}

/// Flash that was written by something else is not taken for a store, and records without a bank
/// that rules are not erased unasked.
#[test]
fn records_without_a_head_are_left_alone_until_somebody_says_so() {
    let mut chip = used(2, 0, 1);
    for at in [0, 1] {
        chip.spoil(at);
    }
    let mut store = Store::open(&chip);
    assert!(store.is_damaged() && !store.is_open());
    assert_eq!(store.next(&chip), None);
    assert_eq!(store.put(1, None), Put::Refused);
    store.format();
    assert_eq!(store.put(1, Record::new(&bond(1))), Put::Refused, "it is being erased");
    cut_while_formatted(&chip, store.clone());
    finish(&mut store, &mut chip);
    assert_eq!(contents(&store, &chip), vec![None; SLOTS.into()]);
    let seen = opened(&mut chip.clone());
    assert!(!seen.is_damaged(), "and so it stays");
    put(&mut store, &mut chip, 1, Some(&bond(1)));
    assert_eq!(contents(&opened(&mut chip), &chip)[1], Some(bond(1)));
}

/// Whenever power is cut the store is empty or still damaged, and no record comes back.
fn cut_while_formatted(chip: &Chip, mut store: Store) {
    let mut chip = chip.clone();
    while let Some(operation) = store.next(&chip).filter(|_| store.is_urgent()) {
        for cut in CUTS.into_iter().filter(|_| is_played(operation)) {
            let mut chip = chip.clone();
            chip.cut(operation, cut);
            let mut store = Store::open(&chip);
            store.format();
            finish(&mut store, &mut chip);
            assert_eq!(contents(&store, &chip), vec![None; SLOTS.into()], "{operation:?}");
            put(&mut store, &mut chip, 1, Some(&bond(1)));
            assert_eq!(contents(&opened(&mut chip), &chip)[1], Some(bond(1)));
        }
        chip.execute(operation);
        store.done(&chip);
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let mut chip = used(1, 0, 1);
    let mut store = opened(&mut chip);
    let record = Record::new(&[1; 128]);
    assert_eq!(store.put(SLOTS, record.clone()), Put::Refused);
    assert_eq!(store.put(7, None), Put::Durable, "nothing is there");
    assert_eq!(store.put(7, record.clone()), Put::Begun);
    assert_eq!(store.put(8, record.clone()), Put::Refused, "one after the other");
    finish(&mut store, &mut chip);
    assert_eq!(store.get(&chip, 7), record);
    assert_eq!(store.get(&chip, 200), None);
}

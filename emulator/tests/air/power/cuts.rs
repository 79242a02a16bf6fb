//! The cuts of one change, and what is there after each.

use std::fmt;

use ble::time::{Duration, Instant};
use bletwin_emulator::node::FlashOperation;
use bletwin_sim::node::Act;
use bletwin_sim::record::RecordKind;
use store::{Flash as _, PAGE_WORDS, PAGES, SLOTS};

use super::change::{Change, Words, bonds, last_key, let_go};
use crate::kept::{Kept, Records, STORE};
use crate::stage::{CHIP, Stage};

/// A change is over once nothing was written for so long.
const QUIET: Duration = Duration::from_ms(150);
/// From the return of power until it has to advertise: the crystal takes a quarter of a second.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two operations.
const MOMENT: Duration = Duration::from_us(1);

/// What would be found at a start now, if no bit were unstable.
fn found(stage: &Stage) -> Records {
    let kept = Kept(stage.chip());
    let words = u16::from(PAGES) * PAGE_WORDS;
    let mut flash = Words((0..words).map(|at| kept.word(at)).collect());
    let store = flash.opened();
    let record = |slot| Some((slot, store.get(&flash, slot)?.expose().to_vec()));
    (0..SLOTS).filter_map(record).collect()
}

/// A change as it goes if nobody pulls the plug.
struct Course {
    operations: Vec<FlashOperation>,
    /// What is kept before each operation, and after the last one.
    states: Vec<Records>,
    from: Instant,
    until: Instant,
    /// From the central's last key until it is kept, and until that is reported.
    durable: Duration,
    reported: Duration,
}

impl Course {
    fn of(change: &Change, stage: &Stage) -> Self {
        let mut stage = stage.clone();
        let from = stage.world.now();
        let mut operations: Vec<FlashOperation> = Vec::new();
        let (mut states, mut durable, mut reported) = (Vec::new(), None, None);
        let mut start = from;
        states.push(found(&stage));
        loop {
            stage.world.step();
            let now = stage.world.now();
            if reported.is_none() && change.is_reported(&stage) {
                reported = Some(now);
            }
            let latest = stage.chip().flash_operation();
            let last = operations.last().map(|last: &FlashOperation| last.from);
            if let Some(latest) = latest.filter(|latest| Some(latest.from) > last) {
                operations.push(latest);
                states.push(found(&stage));
                if durable.is_none() && change.is_in(&states[states.len() - 1], &stage) {
                    start = if change.deletes { None } else { last_key(&stage) }.unwrap_or(from);
                    durable = Some(latest.until);
                }
            }
            let last = operations.last().map_or(from, |last| last.until);
            if reported.is_some() && now > last + QUIET {
                break;
            }
            assert!(now < from + Duration::from_secs(20), "{}: it never ends", change.name);
        }
        let until = operations.last().expect("it writes").until + Duration::from_ms(1);
        let [durable, reported] = [durable, reported].map(|at| at.expect("seen").since(start));
        Self { operations, states, from, until, durable, reported }
    }

    /// What may be there after a cut then.
    fn allowed(&self, at: Instant) -> [&Records; 2] {
        let begun = self.operations.partition_point(|operation| operation.from < at);
        let done = self.operations.partition_point(|operation| operation.until <= at);
        [&self.states[done], &self.states[begun]]
    }

    /// When power is cut: in one of so many operations and behind it, and at random cycles.
    fn cuts(&self, one_in: usize, random: usize) -> Vec<Instant> {
        let mut cuts = Vec::new();
        for (n, operation) in self.operations.iter().enumerate().step_by(one_in.min(17)) {
            let span = operation.until.since(operation.from).ticks();
            // Anywhere in it, each time elsewhere.
            let part = (n as u64 * 37 + 11) % 101;
            cuts.push(operation.from + Duration::from_ticks(span / 101 * part + 1));
            cuts.push(operation.until + MOMENT);
        }
        let span = self.until.since(self.from).ticks();
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        for _ in (0..random).step_by(one_in) {
            // SplitMix64.
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = state;
            mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            cuts.push(self.from + Duration::from_ticks((mixed ^ mixed >> 31) % span));
        }
        cuts.sort_unstable();
        cuts
    }
}

/// What came of the cuts of one change.
#[derive(Default)]
pub(super) struct Row {
    name: &'static str,
    pub(super) writes: usize,
    pub(super) slices: usize,
    pub(super) cuts: usize,
    /// How many came before the change, and how many after it, and in operations.
    pub(super) old: usize,
    pub(super) new: usize,
    pub(super) torn: usize,
    /// Second cuts, in what follows the first.
    pub(super) again: usize,
    durable: Duration,
    reported: Duration,
}

impl Row {
    fn add(&mut self, other: &Self) {
        self.cuts += other.cuts;
        self.old += other.old;
        self.new += other.new;
        self.torn += other.torn;
        self.again += other.again;
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, writes, slices, cuts, old, new, torn, again, durable, reported } = self;
        let ms = |span: &Duration| span.as_us() as f64 / 1_000.0;
        let (durable, reported) = (ms(durable), ms(reported));
        write!(
            f,
            "| {name} | {writes} | {slices} | {cuts} | {torn} | {old} | {new} | {again} | \
             {durable:.1} ms | {reported:.1} ms |"
        )
    }
}

/// Lets power fail and come back, until it advertises: what it has kept, and the operations of
/// flash that came before that.
fn restart(stage: &mut Stage, name: &str) -> (Records, Vec<FlashOperation>) {
    fail(stage);
    let now = stage.world.now();
    let mut operations: Vec<FlashOperation> = Vec::new();
    loop {
        let before = stage.records().len();
        stage.world.step();
        if let Some(operation) = stage.chip().flash_operation()
            && operations.last().is_none_or(|last| last.from < operation.from)
        {
            operations.push(operation);
        }
        let sends = stage.records()[before..].iter().any(|record| {
            record.node == CHIP && matches!(record.kind, RecordKind::AirTx(_)) && record.at > now
        });
        if sends {
            break;
        }
        assert_eq!(stage.chip().stopped(), None, "{name}: cut at {now:?}");
        assert!(stage.world.now() < now + PATIENCE, "{name}: it is silent after a cut at {now:?}");
    }
    (found(stage), operations)
}

fn fail(stage: &mut Stage) {
    let_go(stage);
    stage.drain();
    let now = stage.world.now();
    stage.world.act(CHIP, now, Act::PowerCycle);
    stage.world.run_until(now);
}

/// The octets of the store, and whether these are among them, in any place.
fn has(stage: &Stage, octets: &[u8]) -> bool {
    let memory = stage.chip().cpu().expect("it is on").memory();
    let all = usize::from(PAGES) * usize::from(PAGE_WORDS) * 4;
    let kept = memory.octets(STORE, all).expect("flash");
    kept.windows(octets.len()).any(|window| window == octets)
}

/// Cuts power now, and if that leaves something to be done, once more while it is done.
fn cut(stage: &Stage, change: &Change, course: &Course, row: &mut Row) {
    let (name, now) = (change.name, stage.world.now());
    let reported = change.is_reported(stage);
    let allowed = course.allowed(now);
    let number = row.cuts;
    row.cuts += 1;
    row.torn += usize::from(course.operations.iter().any(|o| o.from < now && now < o.until));
    let is_allowed =
        |seen: &Records| allowed.contains(&seen) && (!reported || change.is_in(seen, stage));
    let mut first = stage.clone();
    let (seen, recovery) = restart(&mut first, name);
    assert!(is_allowed(&seen), "{name}: {now:?}, reported: {reported}: {seen:?}, not {allowed:?}");
    *(if change.is_in(&seen, stage) { &mut row.new } else { &mut row.old }) += 1;
    if reported {
        // Keys that are replaced or deleted are in flash no more.
        let kept: Vec<_> = bonds(&seen).collect();
        for old in bonds(&course.states[0]) {
            let is_kept = kept.iter().any(|bond| bond.ltk == old.ltk);
            assert_eq!(has(&first, &old.ltk.expose()[..8]), is_kept, "{name}: {now:?}: a key");
        }
    }
    if number.is_multiple_of(4) {
        let (again, _) = restart(&mut first, name);
        assert!(again == seen, "{name}: {now:?}: what was seen is seen no more");
    }
    if recovery.is_empty() {
        return;
    }
    let operation = recovery[number * 31 % recovery.len()];
    let span = operation.until.since(operation.from).ticks();
    let mut twice = stage.clone();
    fail(&mut twice);
    let part = Duration::from_ticks(span / 101 * (number as u64 * 53 % 101) + 1);
    twice.world.run_until(operation.from + part);
    let (seen, _) = restart(&mut twice, name);
    assert!(is_allowed(&seen), "{name}: {now:?}: cut again in {operation:?}: {seen:?}");
    row.again += 1;
}

/// All cuts of a change; `None`: there is no firmware to try.
pub(super) fn play(change: &Change, one_in: usize, random: usize) -> Option<Row> {
    let stage = change.stage()?;
    let course = Course::of(change, &stage);
    let slices = course.operations.iter().filter(|operation| operation.erases).count();
    let mut row = Row {
        name: change.name,
        writes: course.operations.len() - slices,
        slices,
        durable: course.durable,
        reported: course.reported,
        ..Row::default()
    };
    let cuts = course.cuts(one_in, random);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = cuts.len().div_ceil(threads);
    let course = &course;
    std::thread::scope(|scope| {
        let begin = |cuts: Vec<Instant>| {
            let mut stage = stage.clone();
            scope.spawn(move || {
                let mut row = Row::default();
                for at in cuts {
                    stage.world.run_until(at);
                    cut(&stage, change, course, &mut row);
                }
                row
            })
        };
        let parts: Vec<_> = cuts.chunks(share).map(|cuts| begin(cuts.to_vec())).collect();
        for part in parts {
            row.add(&part.join().expect("a cut went wrong"));
        }
    });
    Some(row)
}

//! What a device keeps without power: a [`Store`] in flash, whose operations take the time that
//! they take on the chip and find their place between the operations of the radio.
//!
//! A word takes 41 µs, a page 85 ms in slices of 1 ms. None begins that would not be over before
//! the radio begins what it is armed for; a record that finds no such gap waits. Processor and
//! radio are idealised as elsewhere: writing delays neither.

mod flash;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::LazyLock;

use ble::effect::{Completion, EffectId, Record};
use ble::radio::{AfterTransmit, RadioCommand, RadioEvent};
use ble::time::{Duration, Instant};
use bletwin_sim::charge::Draw;
use bletwin_sim::node::Untracked;
use bletwin_sim::record::RecordId;
use bletwin_sim::tear::{self, Chance};
use store::{BANK_PAGES, Event, Operation, PAGE_WORDS, Put, SLOTS, Store};

use flash::Flash;

/// What a word takes, and a slice of a page's erasure (4413_417 v1.7, 4.3.7).
const WORD: Duration = Duration::from_us(41);
const SLICE: Duration = Duration::from_ms(1);
/// Between the end of an operation and the radio's: the processor has to arm it.
const SPARE: Duration = Duration::from_us(100);

/// Whether bonds are kept there.
const fn is_bond(slot: u8) -> bool {
    (slot as usize) < firmware_core::host::BONDS
}

const fn takes(operation: Operation) -> Duration {
    match operation {
        Operation::Write { .. } => WORD,
        Operation::Erase { .. } => SLICE,
    }
}

/// A record that the core wants stored, or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    pub(crate) id: EffectId,
    pub(crate) slot: u8,
    pub(crate) record: Option<Record>,
    pub(crate) causes: Untracked<Vec<RecordId>>,
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stored {
    pub(crate) id: EffectId,
    pub(crate) ok: bool,
    pub(crate) causes: Untracked<Vec<RecordId>>,
}

/// Flash of one device, and what is under way with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Storage {
    flash: Flash,
    /// `None` without power.
    powered: Option<Powered>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Powered {
    work: Work,
    /// The first one is under way if `begun`.
    waiting: VecDeque<Wanted>,
    begun: bool,
    answers: VecDeque<Stored>,
    /// When the next answer will be there, if the radio does not come between.
    due: Untracked<Option<Instant>>,
    radio: Radio,
}

/// The store, and how far its next operation is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Work {
    store: Store,
    chance: Chance,
    /// From when on the next operation may begin; `None`: there is none.
    free: Option<Instant>,
    /// The end of the operation that has begun.
    ends: Option<Instant>,
    /// The end of the gap in which they take place; `None`: none is in sight.
    limit: Option<Instant>,
    /// Words written and slices erased since somebody asked.
    changed: Untracked<[u32; 2]>,
}

/// What the radio is armed for, as its last command says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
struct Radio {
    /// When that begins; it has begun if that is over. `None`: nothing.
    next: Option<Instant>,
    /// It listens after it has sent.
    then_listens: bool,
}

/// What a new device has: flash that was made ready when it was tested.
static READY: LazyLock<Flash> = LazyLock::new(|| {
    let mut flash = Flash::blank();
    for record in [Record::new(&[]), None] {
        put(&mut flash, 0, record);
    }
    flash
});

/// Puts a record into flash, in no time.
fn put(flash: &mut Flash, slot: u8, record: Option<Record>) {
    let mut chance = Chance::new([0; 32], tear::FLASH);
    let mut store = Store::open(flash);
    finish(&mut store, flash, &mut chance);
    if store.put(slot, record) == Put::Begun {
        finish(&mut store, flash, &mut chance);
    }
}

fn finish(store: &mut Store, flash: &mut Flash, chance: &mut Chance) {
    while let Some(operation) = store.next(flash).filter(|_| store.is_urgent()) {
        flash.execute(operation, chance);
        store.done(flash);
    }
}

impl Work {
    /// Does operations that begin before `now`, or at `now` if that is `included`, until one of
    /// them leads to an event.
    fn advance(&mut self, flash: &mut Flash, now: Instant, included: bool) -> Option<Event> {
        while let (Some(operation), Some(free)) = (self.store.next(flash), self.free) {
            let (begins, end) = (free < now || included && free == now, free + takes(operation));
            let has_room = self.limit.is_none_or(|limit| end + SPARE <= limit);
            if self.ends.is_none() && begins && has_room {
                self.ends = Some(end);
            }
            let end = self.ends.take_if(|end| *end <= now)?;
            self.free = Some(end);
            flash.execute(operation, &mut self.chance);
            let [words, slices] = &mut self.changed.0;
            match operation {
                Operation::Write { .. } => *words += 1,
                Operation::Erase { .. } => *slices += 1,
            }
            if let Some(event) = self.store.done(flash) {
                return Some(event);
            }
        }
        self.free = None;
        None
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self { flash: READY.clone(), powered: None }
    }
}

impl Storage {
    /// Puts a record into a slot of a device that is switched off, as if it had been there all the
    /// time.
    pub fn put(&mut self, slot: u8, record: Record) {
        put(&mut self.flash, slot, Some(record));
    }

    /// Spoils what says which records count, as if flash had failed; the records are there.
    pub fn spoil(&mut self) {
        let mut chance = Chance::new([0; 32], tear::FLASH);
        let bank = u16::from(BANK_PAGES) * PAGE_WORDS;
        for at in [0, 1, bank, bank + 1] {
            self.flash.execute(Operation::Write { at, word: 0 }, &mut chance);
        }
    }

    /// What it would report at a start now, in the order of slots.
    pub fn load(&self) -> impl Iterator<Item = Completion> + use<> {
        let (mut flash, mut chance) = (self.flash.clone(), Chance::new([0; 32], tear::FLASH));
        let mut store = Store::open(&flash);
        finish(&mut store, &mut flash, &mut chance);
        let load = move |slot| {
            let record = store.get(&flash, slot)?;
            Some(Completion::Loaded { slot, record })
        };
        (0..SLOTS).filter_map(load)
    }

    /// Number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.load().count()
    }

    /// Whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The operation under way, and when it will be over, by the device's clock.
    #[must_use]
    pub fn operation(&self, now: Instant) -> Option<(Operation, Instant)> {
        let mut storage = self.clone();
        let powered = storage.powered.as_mut()?;
        powered.advance(&mut storage.flash, now, true);
        Some((powered.work.store.next(&storage.flash)?, powered.work.ends?))
    }

    /// The effect that is being answered.
    #[must_use]
    pub fn storing(&self) -> Option<EffectId> {
        Some(self.powered.as_ref()?.waiting.front()?.id)
    }

    /// Power is there.
    pub(crate) fn power_up(&mut self, now: Instant, entropy: [u8; 32]) {
        let mut chance = Chance::new(entropy, tear::FLASH);
        self.flash.power_up(&mut chance);
        let store = Store::open(&self.flash);
        let work = Work {
            store,
            chance,
            free: Some(now),
            ends: None,
            limit: None,
            changed: Untracked([0; 2]),
        };
        let powered = Powered {
            work,
            waiting: VecDeque::new(),
            begun: false,
            answers: VecDeque::new(),
            due: Untracked(None),
            radio: Radio::default(),
        };
        self.powered.insert(powered).plan(&mut self.flash, now, None);
    }

    /// Power fails now, in the middle of whatever is under way.
    pub(crate) fn power_fails(&mut self, now: Instant) {
        let Some(mut powered) = self.powered.take() else { return };
        powered.catch_up(&mut self.flash, now);
        let Work { store, chance, ends, .. } = &mut powered.work;
        chance.at(now.ticks());
        // At the very moment at which an operation begins nothing is torn.
        let has_begun =
            |operation: &Operation| ends.is_some_and(|end| end.before(takes(*operation)) < now);
        self.flash.power_fails(store.next(&self.flash).filter(has_begun), chance);
    }

    /// Whether the records that were found can be read.
    pub(crate) fn is_open(&self) -> bool {
        let store = self.powered.as_ref().map(|powered| &powered.work.store);
        store.is_some_and(|store| store.is_open() || store.is_damaged())
    }

    /// Whether flash has records and does not say which of them count.
    pub(crate) fn is_damaged(&self) -> bool {
        self.powered.as_ref().is_some_and(|powered| powered.work.store.is_damaged())
    }

    /// The records that were found, in the order of slots.
    pub(crate) fn records(&self) -> Vec<Completion> {
        let load = |slot| {
            let record = self.powered.as_ref()?.work.store.get(&self.flash, slot)?;
            Some(Completion::Loaded { slot, record })
        };
        (0..SLOTS).filter_map(load).collect()
    }

    /// The core wants a record stored.
    pub(crate) fn want(&mut self, now: Instant, wanted: Wanted) {
        let Some(powered) = &mut self.powered else { return };
        powered.catch_up(&mut self.flash, now);
        powered.waiting.push_back(wanted);
        powered.begin();
        powered.work.free = Some(powered.work.free.map_or(now, |free| free.max(now)));
    }

    /// How long flash was written and erased since this was asked last.
    pub(crate) fn changed(&mut self) -> [(Draw, Duration); 2] {
        let work = self.powered.as_mut().map(|powered| &mut powered.work);
        let [words, slices] = work.map_or([0; 2], |work| std::mem::take(&mut work.changed.0));
        [(Draw::Writes, WORD.times(words.into())), (Draw::Erases, SLICE.times(slices.into()))]
    }

    /// The radio is given a command.
    pub(crate) fn commanded(&mut self, now: Instant, command: &RadioCommand) {
        let listens = |then: &AfterTransmit| matches!(then, AfterTransmit::Receive(_));
        let radio = match command {
            RadioCommand::Transmit { at, then, .. } => {
                Radio { next: Some(*at), then_listens: listens(then) }
            }
            RadioCommand::Receive { from, .. } => Radio { next: Some(*from), then_listens: false },
            RadioCommand::Reply { then, .. } => {
                Radio { next: Some(now), then_listens: listens(then) }
            }
            RadioCommand::Stop => Radio::default(),
        };
        self.radio_is(now, radio);
    }

    /// The radio has done what it was armed for.
    pub(crate) fn heard(&mut self, now: Instant, event: &RadioEvent) {
        let Some(powered) = &self.powered else { return };
        let listens = matches!(event, RadioEvent::Transmitted { .. }) && powered.radio.then_listens;
        self.radio_is(now, Radio { next: listens.then_some(now), then_listens: false });
    }

    fn radio_is(&mut self, now: Instant, radio: Radio) {
        let Some(powered) = &mut self.powered else { return };
        if powered.work.free.is_some() {
            powered.catch_up(&mut self.flash, now);
        }
        powered.radio = radio;
    }

    /// What follows from all that has happened until now. Without anything armed, the link layer
    /// arms the radio at its `deadline`.
    pub(crate) fn plan(&mut self, now: Instant, deadline: impl FnOnce() -> Option<Instant>) {
        if let Some(powered) = &mut self.powered
            && (powered.work.free.is_some() || powered.due.0.is_some())
        {
            powered.plan(&mut self.flash, now, deadline());
        }
    }

    /// The next answer, if it is due.
    pub(crate) fn answer(&mut self) -> Option<Stored> {
        self.powered.as_mut()?.answers.pop_front()
    }

    /// Whether nothing is left to do, neither for somebody nor at leisure.
    pub(crate) fn rests(&self) -> bool {
        self.powered.as_ref().is_none_or(|powered| {
            powered.work.free.is_none() && powered.waiting.is_empty() && powered.answers.is_empty()
        })
    }

    /// When the next answer is due, as far as can be told.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.powered.as_ref()?.due.0
    }

    /// Whether a record waits for the radio to leave a gap.
    pub(crate) fn waits_for_gap(&self) -> bool {
        let work = self.powered.as_ref().map(|powered| &powered.work);
        work.is_some_and(|work| work.store.is_urgent() && work.ends.is_none())
    }

    /// Whether somebody waits for what is under way.
    pub(crate) fn is_awaited(&self) -> bool {
        self.powered
            .as_ref()
            .is_some_and(|powered| powered.work.store.is_urgent() || !powered.waiting.is_empty())
    }
}

impl Powered {
    /// What has happened until now.
    fn catch_up(&mut self, flash: &mut Flash, now: Instant) {
        self.advance(flash, now, false);
    }

    fn advance(&mut self, flash: &mut Flash, now: Instant, included: bool) {
        while let Some(event) = self.work.advance(flash, now, included) {
            if event == Event::Durable {
                self.answer(true);
            }
            self.begin();
        }
    }

    /// The first record that waits is there, or will not be.
    fn answer(&mut self, ok: bool) {
        self.begun = false;
        if let Some(Wanted { id, causes, .. }) = self.waiting.pop_front() {
            self.answers.push_back(Stored { id, ok, causes });
        }
    }

    /// Begins with the first record that waits, if nothing else is under way.
    fn begin(&mut self) {
        while let Some(Wanted { slot, record, .. }) = self.waiting.front().filter(|_| !self.begun) {
            let deletes = record.is_none();
            match self.work.store.put(*slot, record.clone()) {
                Put::Begun => self.begun = true,
                Put::Durable => self.answer(true),
                // What the last session left undone comes first.
                Put::Refused if self.work.store.is_urgent() => return,
                // Who deletes bonds begins anew.
                Put::Refused if self.work.store.is_damaged() && is_bond(*slot) && deletes => {
                    return self.work.store.format();
                }
                Put::Refused => self.answer(false),
            }
        }
    }

    fn plan(&mut self, flash: &mut Flash, now: Instant, deadline: Option<Instant>) {
        self.catch_up(flash, now);
        self.work.limit = self.radio.next.or(deadline);
        self.work.free = self.work.free.map(|free| free.max(now));
        self.advance(flash, now, true);
        let due = || {
            let (mut work, mut flash) = (self.work.clone(), flash.clone());
            work.advance(&mut flash, Instant::MAX, false)?;
            work.free
        };
        self.due = Untracked(match () {
            () if !self.answers.is_empty() => Some(now),
            () if self.work.store.is_urgent() => due(),
            () => None,
        });
    }
}

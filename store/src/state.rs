//! The store as a machine: which operation comes next, and what follows when it is done.

use ble::effect::Record;

use crate::layout::{BANK_PAGES, Bank, CELLS, Cell, Head, MARK, PAGES, SLOTS, check};
use crate::{Event, Flash, Operation, Put, SLICES};

/// Cell of each slot's record, in the bank that rules.
pub(crate) type Live = [Option<u8>; SLOTS as usize];

/// The bank that rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ruling {
    pub(crate) bank: Bank,
    pub(crate) generation: u32,
    /// The cell to be written next.
    pub(crate) next: u8,
    /// Nothing was written in this session, so that the next cell may only look blank.
    pub(crate) fresh: bool,
}

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Doing {
    /// Nothing; what is left of the other bank is erased at leisure, and a first bank is begun.
    Nothing,
    /// Flash has lost what it had; nothing is done until somebody says so.
    Damaged,
    /// A mark is written, before all else, then another; then all is moved, if a cell is doubtful.
    Strengthen { at: u16, then: Option<u16>, moves: bool },
    /// The first blank cell of the session is given up.
    GiveUp,
    /// The request is written into the next cell: its word with this number.
    Append { word: u8 },
    /// Octets that a new cell replaces are overwritten.
    Wipe { cell: u8, word: u8, words: u8 },
    /// The other bank is erased because it may have octets that are replaced.
    Tidy,
    /// All that counts goes to the other bank, with the request if there is one.
    Move(Move),
}

/// How far a move is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Move {
    /// The other bank is made blank.
    Erase,
    /// A slot's record is written into a cell: its word with this number.
    Cell {
        slot: u8,
        cell: u8,
        word: u8,
    },
    /// The head of the bank: its generation, the check of it, and the mark.
    Generation,
    Check,
    Close,
}

/// A record to be put, or to be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Request {
    slot: u8,
    record: Option<Record>,
}

/// Records in flash; see the crate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Store {
    ruling: Option<Ruling>,
    live: Live,
    /// Slices of the other bank's erasure that were done in this session.
    erased: u16,
    /// The other bank holds what nobody needs any more.
    tidies: bool,
    doing: Doing,
    request: Option<Request>,
}

impl Store {
    /// A store at power-up, with the bank that was found to rule and its records.
    pub(crate) const fn starting(
        ruling: Option<Ruling>,
        live: Live,
        tidies: bool,
        doing: Doing,
    ) -> Self {
        Self { ruling, live, erased: 0, tidies, doing, request: None }
    }

    /// Whether records can be got and put: what the last session left undone is done.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        let opening = matches!(self.doing, Doing::Strengthen { .. } | Doing::Damaged);
        !opening && (!self.moves() || self.request.is_some())
    }

    const fn moves(&self) -> bool {
        matches!(self.doing, Doing::Move(_))
    }

    /// Whether flash has records and does not say which of them count. Nothing is read or written
    /// then, until [`Store::format`].
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.doing == Doing::Damaged
    }

    /// Whether somebody waits for [`Store::next`]. If not, what it says can be done at leisure.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        !matches!(self.doing, Doing::Nothing | Doing::Damaged)
    }

    /// Begins anew where the store [is damaged](Self::is_damaged): all of flash is erased, and with
    /// [`Event::Opened`] there is an empty store. Until then nothing can be put.
    pub fn format(&mut self) {
        if self.is_damaged() {
            self.doing = Doing::Move(Move::Erase);
        }
    }

    /// The record in a slot, if the store [is open](Self::is_open) and has one.
    #[must_use]
    pub fn get(&self, flash: &impl Flash, slot: u8) -> Option<Record> {
        let ruling = self.ruling.as_ref().filter(|_| self.is_open())?;
        ruling.bank.cell(self.cell_of(slot)?).record(flash)
    }

    fn cell_of(&self, slot: u8) -> Option<u8> {
        *self.live.get(usize::from(slot))?
    }

    /// Puts a record into a slot, or deletes what is there (`None`).
    pub fn put(&mut self, slot: u8, record: Option<Record>) -> Put {
        if self.is_urgent() || !self.is_open() || slot >= SLOTS {
            return Put::Refused;
        }
        if record.is_none() && self.cell_of(slot).is_none() {
            return Put::Durable;
        }
        self.request = Some(Request { slot, record });
        self.doing = self.begin();
        Put::Begun
    }

    /// How the request gets into flash.
    fn begin(&self) -> Doing {
        match self.ruling {
            Some(ruling) if ruling.next < CELLS && ruling.fresh => Doing::GiveUp,
            Some(ruling) if ruling.next < CELLS => Doing::Append { word: 0 },
            // At leisure the other bank may have been erased already.
            _ if self.is_erased() => Doing::Move(self.move_from(0, 0)),
            _ => Doing::Move(Move::Erase),
        }
    }

    /// The operation that comes next, if there is one. It is the same until it is
    /// [done](Self::done), unless a record is put where it was not
    /// [urgent](Self::is_urgent).
    #[must_use]
    pub fn next(&self, flash: &impl Flash) -> Option<Operation> {
        let write = |at, word| Some(Operation::Write { at, word });
        let ruling = self.ruling.as_ref();
        match self.doing {
            Doing::Nothing => self.tidies.then(|| self.erasure()),
            Doing::Damaged => None,
            Doing::Strengthen { at, .. } => write(at, MARK),
            Doing::GiveUp => {
                let ruling = ruling?;
                write(ruling.bank.cell(ruling.next).closed(), MARK)
            }
            Doing::Append { word } => {
                let ruling = ruling?;
                let slot = self.request.as_ref()?.slot;
                self.write(ruling.bank.cell(ruling.next), slot, word, flash)
            }
            Doing::Wipe { cell, word, .. } => write(ruling?.bank.cell(cell).payload(word), 0),
            Doing::Tidy | Doing::Move(Move::Erase) => Some(self.erasure()),
            Doing::Move(Move::Cell { slot, cell, word }) => {
                self.write(self.other().cell(cell), slot, word, flash)
            }
            Doing::Move(Move::Generation) => write(self.other().generation(), self.generation()),
            Doing::Move(Move::Check) => write(self.other().check(), check([self.generation()])),
            Doing::Move(Move::Close) => write(self.other().closed()[0], MARK),
        }
    }

    /// The bank that does not rule.
    fn other(&self) -> Bank {
        self.ruling.map_or(Bank(0), |ruling| ruling.bank.other())
    }

    /// The generation of the bank that will rule.
    fn generation(&self) -> u32 {
        self.ruling.map_or(1, |ruling| ruling.generation.saturating_add(1))
    }

    /// The pages of the other bank; at a first start, of both.
    fn pages(&self) -> core::ops::Range<u8> {
        match self.ruling {
            Some(_) => self.other().page(0)..self.other().page(BANK_PAGES),
            None => 0..PAGES,
        }
    }

    fn erasure(&self) -> Operation {
        let [number, slice] = [self.erased / u16::from(SLICES), self.erased % u16::from(SLICES)];
        let [number, slice] = [number, slice].map(|number| number.to_le_bytes()[0]);
        Operation::Erase { page: self.pages().start + number, slice }
    }

    /// Another slice is done. Whether that was the last one.
    fn sliced(&mut self) -> bool {
        self.erased += 1;
        self.is_erased()
    }

    fn is_erased(&self) -> bool {
        let pages = self.pages();
        self.erased >= u16::from(SLICES) * u16::from(pages.end - pages.start)
    }

    /// What a slot will have: its head, and where the record is if it is in flash already.
    fn source(&self, slot: u8, flash: &impl Flash) -> Option<(Head, Source<'_>)> {
        if let Some(request) = self.request.as_ref().filter(|request| request.slot == slot) {
            let record = request.record.as_ref().map(Record::expose);
            let length = record.and_then(|octets| u8::try_from(octets.len()).ok());
            return Some((Head { slot, length }, Source::Octets(record.unwrap_or(&[]))));
        }
        let cell = self.ruling?.bank.cell(self.cell_of(slot)?);
        // Not by its check again: a cell that was cut off was taken for whole once, and that stays.
        Some((cell.head_of(flash)?, Source::Cell(cell)))
    }

    /// Writes a word of a cell: head, payload, check, mark.
    fn write(&self, cell: Cell, slot: u8, word: u8, flash: &impl Flash) -> Option<Operation> {
        let (head, source) = self.source(slot, flash)?;
        let words = head.payload_words();
        let payload = |word| source.word(word, flash);
        let (at, word) = match word.checked_sub(1) {
            None => (cell.head(), head.to_word()),
            Some(word) if word < words => (cell.payload(word), payload(word)),
            Some(word) if word == words => {
                let all = core::iter::once(head.to_word()).chain((0..words).map(payload));
                (cell.check(), check(all))
            }
            Some(_) => (cell.closed(), MARK),
        };
        Some(Operation::Write { at, word })
    }

    /// Whether this was the last word of a slot's cell.
    fn is_last(&self, slot: u8, word: u8, flash: &impl Flash) -> bool {
        self.source(slot, flash).is_none_or(|(head, _)| word > head.payload_words() + 1)
    }

    /// The [next operation](Self::next) is done.
    pub fn done(&mut self, flash: &impl Flash) -> Option<Event> {
        match self.doing {
            Doing::Nothing | Doing::Damaged => {
                self.tidies = self.tidies && !self.sliced();
                // A first bank: so no record has to wait for an erasure.
                if self.doing == Doing::Nothing && !self.tidies && self.ruling.is_none() {
                    self.doing = Doing::Move(Move::Generation);
                }
                None
            }
            Doing::Strengthen { then: Some(at), moves, .. } => {
                self.doing = Doing::Strengthen { at, then: None, moves };
                None
            }
            Doing::Strengthen { moves: true, .. } => {
                self.doing = Doing::Move(Move::Erase);
                None
            }
            Doing::Strengthen { .. } => self.finish(),
            Doing::GiveUp => {
                self.used();
                self.doing = self.begin();
                None
            }
            Doing::Append { word } => self.appended(word, flash),
            Doing::Wipe { cell, word, words } if word + 1 < words => {
                self.doing = Doing::Wipe { cell, word: word + 1, words };
                None
            }
            Doing::Wipe { .. } => self.tidy(),
            Doing::Tidy => {
                self.tidies = !self.sliced();
                if self.tidies { None } else { self.finish() }
            }
            Doing::Move(step) => self.moved(step, flash),
        }
    }

    /// A cell of the bank that rules is used.
    fn used(&mut self) {
        if let Some(ruling) = &mut self.ruling {
            (ruling.next, ruling.fresh) = (ruling.next + 1, false);
        }
    }

    /// Nothing is under way any more.
    fn finish(&mut self) -> Option<Event> {
        self.doing = Doing::Nothing;
        Some(self.request.take().map_or(Event::Opened, |_| Event::Durable))
    }

    fn appended(&mut self, word: u8, flash: &impl Flash) -> Option<Event> {
        let slot = self.request.as_ref()?.slot;
        if !self.is_last(slot, word, flash) {
            self.doing = Doing::Append { word: word + 1 };
            return None;
        }
        let ruling = self.ruling?;
        self.used();
        let kept = self.request.as_ref().is_some_and(|request| request.record.is_some());
        let live = self.live.get_mut(usize::from(slot))?;
        let replaced = core::mem::replace(live, kept.then_some(ruling.next));
        match replaced.map(|cell| (cell, words(ruling.bank, cell, flash))) {
            Some((cell, words)) if words > 0 => {
                self.doing = Doing::Wipe { cell, word: 0, words };
                None
            }
            _ => self.finish(),
        }
    }

    /// Octets were replaced: ends the request once they are nowhere, neither in the other bank.
    fn tidy(&mut self) -> Option<Event> {
        if !self.tidies {
            return self.finish();
        }
        self.doing = Doing::Tidy;
        None
    }

    /// The first slot from this one on that has a record once the request is done.
    fn moving(&self, from: u8) -> Option<u8> {
        let request = self.request.as_ref();
        (from..SLOTS).find(|slot| match request.filter(|request| request.slot == *slot) {
            Some(request) => request.record.is_some(),
            None => self.cell_of(*slot).is_some(),
        })
    }

    /// The slot from this one on goes into this cell; if there is none, the head follows.
    fn move_from(&self, slot: u8, cell: u8) -> Move {
        self.moving(slot).map_or(Move::Generation, |slot| Move::Cell { slot, cell, word: 0 })
    }

    fn moved(&mut self, step: Move, flash: &impl Flash) -> Option<Event> {
        let next = match step {
            Move::Erase => {
                let erased = self.sliced();
                if erased { self.move_from(0, 0) } else { step }
            }
            Move::Cell { slot, cell, word } if self.is_last(slot, word, flash) => {
                self.move_from(slot + 1, cell + 1)
            }
            Move::Cell { slot, cell, word } => Move::Cell { slot, cell, word: word + 1 },
            Move::Generation => Move::Check,
            Move::Check => Move::Close,
            Move::Close => return self.has_moved(flash),
        };
        self.doing = Doing::Move(next);
        None
    }

    fn has_moved(&mut self, flash: &impl Flash) -> Option<Event> {
        let (bank, generation) = (self.other(), self.generation());
        let replaced = self.request.as_ref().and_then(|request| self.cell_of(request.slot));
        let replaces = replaced.is_some_and(|cell| words(bank.other(), cell, flash) > 0);
        let mut live = [None; SLOTS as usize];
        let mut next = 0;
        let mut slot = self.moving(0);
        while let Some(place) = slot {
            if let Some(live) = live.get_mut(usize::from(place)) {
                *live = Some(next);
            }
            next += 1;
            slot = self.moving(place + 1);
        }
        // The first bank has none before it.
        self.tidies = self.ruling.is_some();
        (self.live, self.erased) = (live, 0);
        self.ruling = Some(Ruling { bank, generation, next, fresh: false });
        if replaces { self.tidy() } else { self.finish() }
    }
}

/// Words of the record in a cell.
fn words(bank: Bank, cell: u8, flash: &impl Flash) -> u8 {
    bank.cell(cell).head_of(flash).map_or(0, Head::payload_words)
}

/// Where the octets of a record are.
#[derive(Clone, Copy)]
enum Source<'a> {
    Octets(&'a [u8]),
    Cell(Cell),
}

impl Source<'_> {
    fn word(self, word: u8, flash: &impl Flash) -> u32 {
        match self {
            Source::Cell(cell) => flash.word(cell.payload(word)),
            Source::Octets(octets) => {
                let octet = |n| octets.get(usize::from(word) * 4 + n).copied().unwrap_or(u8::MAX);
                u32::from_le_bytes(core::array::from_fn(octet))
            }
        }
    }
}

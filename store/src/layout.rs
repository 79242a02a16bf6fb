//! Where things lie in a store's flash, and what makes them valid.

use ble::effect::{RECORD_MAX, Record};

use crate::Flash;

/// Words of a page.
pub const PAGE_WORDS: u16 = 1024;
/// Pages of a bank.
pub const BANK_PAGES: u8 = 2;
/// Pages of a store: two banks.
pub const PAGES: u8 = 2 * BANK_PAGES;
/// Slots that records are stored under: 0 to `SLOTS` − 1.
pub const SLOTS: u8 = 32;

/// What a word is after an erasure.
pub(crate) const BLANK: u32 = u32::MAX;
/// What every mark is. All of its bits are written, so that it is seen if a few hold.
pub(crate) const MARK: u32 = 0;

/// Zeros of a mark that is taken for one.
const HOLDS: u32 = 16;
/// Zeros of a mark that will be taken for one however its unstable bits fall.
const FIRM: u32 = 20;

fn zeros(at: u16, flash: &impl Flash) -> u32 {
    flash.word(at).count_zeros()
}

const BANK_WORDS: u16 = PAGE_WORDS * BANK_PAGES as u16;
const HEAD_WORDS: u16 = 6;
const PAYLOAD_WORDS: u16 = RECORD_MAX as u16 / 4;
/// Head, mark, payload, check.
const CELL_WORDS: u16 = PAYLOAD_WORDS + 3;
/// Cells of a bank. Moving must leave room for what comes next.
pub(crate) const CELLS: u8 = ((BANK_WORDS - HEAD_WORDS) / CELL_WORDS) as u8;
const _: () = assert!(CELLS > SLOTS + 2 && RECORD_MAX < DELETED as usize);

/// First octet of a cell's head.
const TAG: u8 = 0xB5;
/// Instead of a length: there is nothing in this slot.
const DELETED: u8 = 0xFF;

/// One of the two banks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Bank(pub(crate) u8);

impl Bank {
    pub(crate) const ALL: [Self; 2] = [Self(0), Self(1)];

    pub(crate) const fn other(self) -> Self {
        Self(1 - self.0)
    }

    const fn first(self) -> u16 {
        BANK_WORDS * self.0 as u16
    }

    pub(crate) const fn page(self, number: u8) -> u8 {
        BANK_PAGES * self.0 + number
    }

    pub(crate) const fn generation(self) -> u16 {
        self.first()
    }

    pub(crate) const fn check(self) -> u16 {
        self.first() + 1
    }

    /// The marks that the bank's head is whole, and so its cells. The second one is for when the
    /// first one was cut off: no word is written a third time.
    pub(crate) const fn closed(self) -> [u16; 2] {
        [self.first() + 2, self.first() + 3]
    }

    /// The marks that the bank never counts again; two, as well.
    pub(crate) const fn retired(self) -> [u16; 2] {
        [self.first() + 4, self.first() + 5]
    }

    pub(crate) const fn cell(self, number: u8) -> Cell {
        Cell(self.first() + HEAD_WORDS + CELL_WORDS * number as u16)
    }

    /// The generation of a bank that counts.
    pub(crate) fn counts(self, flash: &impl Flash) -> Option<u32> {
        let generation = flash.word(self.generation());
        let valid = flash.word(self.check()) == check([generation]);
        (valid && self.is_closed(flash)).then_some(generation)
    }

    /// Whether its head was whole once, and it is not retired. Of a bank whose second mark does not
    /// hold, the least trace of being retired counts: nothing was seen of it yet.
    pub(crate) fn is_closed(self, flash: &impl Flash) -> bool {
        let holds = |at: u16| zeros(at, flash) >= HOLDS;
        let trace = self.retired().iter().any(|at| flash.word(*at) != BLANK);
        let retired = self.retired().into_iter().any(holds) || trace && !holds(self.closed()[1]);
        self.closed().into_iter().any(holds) && !retired
    }

    /// The mark to be written so that a bank that counts will count at every start.
    pub(crate) fn to_be_closed(self, flash: &impl Flash) -> Option<u16> {
        let firm = self.closed().into_iter().any(|at| zeros(at, flash) >= FIRM);
        (!firm).then_some(self.closed()[1])
    }

    /// The mark to be written so that a bank will never count.
    pub(crate) fn to_be_retired(self, flash: &impl Flash) -> Option<u16> {
        let [first, second] = self.retired();
        let firm = [first, second].into_iter().any(|at| zeros(at, flash) >= FIRM);
        let at = if flash.word(first) == BLANK { first } else { second };
        (!firm).then_some(at)
    }

    /// Whether nothing is in it, as far as reading tells.
    pub(crate) fn is_blank(self, flash: &impl Flash) -> bool {
        (0..BANK_WORDS).all(|word| flash.word(self.first() + word) == BLANK)
    }
}

/// A cell, by its first word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Cell(u16);

impl Cell {
    pub(crate) const fn head(self) -> u16 {
        self.0
    }

    /// The mark that nothing of the cell is under way any more.
    pub(crate) const fn closed(self) -> u16 {
        self.0 + 1
    }

    pub(crate) const fn payload(self, word: u8) -> u16 {
        self.0 + 2 + word as u16
    }

    pub(crate) const fn check(self) -> u16 {
        self.0 + CELL_WORDS - 1
    }

    pub(crate) fn is_used(self, flash: &impl Flash) -> bool {
        (0..CELL_WORDS).any(|word| flash.word(self.0 + word) != BLANK)
    }

    /// What the cell's head says, whether the cell is whole or not.
    pub(crate) fn head_of(self, flash: &impl Flash) -> Option<Head> {
        Head::from_word(flash.word(self.head()))
    }

    /// What the cell says, if it is whole.
    pub(crate) fn content(self, flash: &impl Flash) -> Option<Head> {
        let head = self.head_of(flash)?;
        let payload = (0..head.payload_words()).map(|word| flash.word(self.payload(word)));
        let words = core::iter::once(head.to_word()).chain(payload);
        (flash.word(self.check()) == check(words)).then_some(head)
    }

    /// The record of a cell that is whole.
    pub(crate) fn record(self, flash: &impl Flash) -> Option<Record> {
        let length = self.head_of(flash)?.length?;
        let mut octets = [0; RECORD_MAX];
        for (chunk, word) in octets.chunks_exact_mut(4).zip(0..) {
            chunk.copy_from_slice(&flash.word(self.payload(word)).to_le_bytes());
        }
        Record::new(octets.get(..usize::from(length))?)
    }
}

/// The head of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Head {
    pub(crate) slot: u8,
    /// Octets of the record; `None`: it is deleted.
    pub(crate) length: Option<u8>,
}

impl Head {
    pub(crate) const fn to_word(self) -> u32 {
        let length = match self.length {
            Some(length) => length,
            None => DELETED,
        };
        u32::from_le_bytes([length, self.slot, !self.slot, TAG])
    }

    fn from_word(word: u32) -> Option<Self> {
        let [length, slot, _, _] = word.to_le_bytes();
        let sane = slot < SLOTS && (length == DELETED || usize::from(length) <= RECORD_MAX);
        let head = Self { slot, length: Some(length).filter(|length| *length != DELETED) };
        (sane && head.to_word() == word).then_some(head)
    }

    pub(crate) fn payload_words(self) -> u8 {
        self.length.unwrap_or(0).div_ceil(4)
    }
}

/// CRC-32 (as in Ethernet) with its highest bit 0: a check is never blank.
pub(crate) fn check(words: impl IntoIterator<Item = u32>) -> u32 {
    let mut crc = u32::MAX;
    for word in words {
        crc ^= word;
        for _ in 0..32 {
            let carry = if crc & 1 == 1 { 0xEDB8_8320 } else { 0 };
            crc = crc >> 1 ^ carry;
        }
    }
    !crc & (BLANK >> 1)
}

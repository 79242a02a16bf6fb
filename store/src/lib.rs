//! Records in flash that outlast a loss of power at any moment: bonds with what their peers have
//! configured, and an application's octets.
//!
//! Flash is erased by pages, to ones; words of four octets are written, ones to zeros, each at most
//! twice between erasures. A write or an erasure that is cut off leaves bits that are old, new, or
//! *unstable*: they read one way or the other. What may be unstable is never built upon:
//!
//! - There are two [banks](BANK_PAGES), and the one with the higher generation rules. It is written
//!   from front to back in cells of one size, and for each slot its last whole cell counts. When
//!   it is full, what counts is moved to the other bank, whose head is written last.
//! - Each cell, and each head, has a mark that is written after all of it. A cell that was begun
//!   and has no mark was cut off: whatever it reads as now, it may read otherwise next time. So
//!   all is moved to the other bank before anything is reported.
//! - A head that was cut off is retired by another mark before anything else; one whose mark is
//!   there for the most part is marked again. A bank is erased within one session right to its
//!   end before it is used.
//! - A word whose write was cut off early may look blank. So the first blank cell of each session
//!   is given up.
//! - When a record is replaced or deleted its octets are overwritten with zeros, and the other bank
//!   is erased if they may be in it, before the answer.
//!
//! What need not be done at once is done [at leisure](Store::is_urgent): the bank that was left is
//! erased, and at a first start all of flash, so that no record has to wait for that.
//!
//! The store does nothing itself. It says which [`Operation`] comes next, and is told when that is
//! done; between two operations a radio may have its turn.
//!
//! ```
//! use ble::effect::Record;
//! use store::{Event, Flash, Operation, PAGE_WORDS, PAGES, Put, Store};
//!
//! struct Ram(Vec<u32>);
//! impl Flash for Ram {
//!     fn word(&self, at: u16) -> u32 {
//!         self.0[usize::from(at)]
//!     }
//! }
//! impl Ram {
//!     fn execute(&mut self, operation: Operation) {
//!         match operation {
//!             Operation::Write { at, word } => self.0[usize::from(at)] &= word,
//!             Operation::Erase { page, .. } => {
//!                 let first = usize::from(page) * usize::from(PAGE_WORDS);
//!                 self.0[first..][..usize::from(PAGE_WORDS)].fill(u32::MAX);
//!             }
//!         }
//!     }
//! }
//!
//! let mut flash = Ram(vec![u32::MAX; usize::from(PAGES) * usize::from(PAGE_WORDS)]);
//! let mut store = Store::open(&flash);
//! while let Some(operation) = store.next(&flash) {
//!     flash.execute(operation);
//!     store.done(&flash);
//! }
//! let record = Record::new(b"what is to be kept");
//! assert_eq!(store.put(3, record.clone()), Put::Begun);
//! let mut durable = false;
//! while let Some(operation) = store.next(&flash) {
//!     flash.execute(operation);
//!     durable |= store.done(&flash) == Some(Event::Durable);
//! }
//! assert!(durable);
//! assert_eq!(Store::open(&flash).get(&flash, 3), record);
//! ```

#![cfg_attr(not(test), no_std)]

mod layout;
mod opening;
mod state;

pub use layout::{BANK_PAGES, PAGE_WORDS, PAGES, SLOTS};
pub use state::Store;

/// Slices in which a page is erased. On the nRF52840, whose pages take 85 ms, one takes 1 ms.
pub const SLICES: u8 = 85;

/// The flash that a store lies in, to be read: [`PAGES`] pages of [`PAGE_WORDS`] words.
pub trait Flash {
    /// The word with this number, counted from the store's first one.
    fn word(&self, at: u16) -> u32;
}

/// What is to be done to flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Write a word.
    Write {
        /// Number of the word.
        at: u16,
        /// Its value. Bits that are 1 stay as they are.
        word: u32,
    },
    /// Erase a page by one more slice. After [`SLICES`] of them, one by one, it is erased.
    Erase {
        /// Number of the page.
        page: u8,
        /// Number of the slice, 0 to [`SLICES`] − 1.
        slice: u8,
    },
}

/// What has come of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// What the last session left undone is done, or a first bank is begun: records can be read and
    /// put.
    Opened,
    /// The record that was [put](Store::put) outlasts a loss of power from now on.
    Durable,
}

/// What comes of [`Store::put`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Put {
    /// Nothing had to be written.
    Durable,
    /// It will be durable with [`Event::Durable`].
    Begun,
    /// Not now (another record is being put, or the store is not open), never (there is no such
    /// slot), or not before [`Store::format`] (the store is damaged).
    Refused,
}

//! What is kept without power: a store in the last pages of the program's flash, written word by
//! word and erased in slices of a millisecond, between the operations of the radio.
//!
//! The processor stands still while flash is busy, because its program is in flash. So nothing is
//! begun that would not be over before the radio, or the core, is due: T_IFS never waits.

use ble::effect::{Completion, EffectId, Record};
use ble::queue::Queue;
use ble::time::Duration;
use firmware_core::host::BONDS;
use nrf_pac::{NVMC, nvmc};
use store::{Event, Flash, Operation, PAGE_WORDS, Put, SLOTS, Store};

/// Records that may wait: one for each bond, the device's own key, and the application's.
const WAITING: usize = 8;
/// Octets of a word and of a page.
const WORD: u32 = 4;
const PAGE: u32 = PAGE_WORDS as u32 * WORD;
/// What ERASEPAGEPARTIALCFG counts in, and a slice takes: a millisecond.
const SLICE: u8 = 1;

unsafe extern "C" {
    /// Where the store begins; `memory.x` has it.
    #[link_name = "_store"]
    static STORE: u32;
}

/// The chip's flash.
struct Nvm;

impl Nvm {
    fn first() -> u32 {
        (&raw const STORE) as u32
    }

    fn address(at: u16) -> *mut u32 {
        (Self::first() + u32::from(at) * WORD) as *mut u32
    }

    fn wait() {
        while !NVMC.ready().read().ready() {}
    }

    fn execute(operation: Operation) {
        let mode = |mode| {
            // What may be done to flash from here on.
            NVMC.config().write(|w| w.set_wen(mode));
            Self::wait();
        };
        match operation {
            Operation::Write { at, word } => {
                mode(nvmc::vals::Wen::Wen);
                // SAFETY: the word is one of the store's, which the linker keeps free for it, and
                // flash is enabled for writing. Nobody has a reference to it.
                unsafe { Self::address(at).write_volatile(word) };
                Self::wait();
            }
            Operation::Erase { page, .. } => {
                mode(nvmc::vals::Wen::Een);
                // A slice is a millisecond long.
                NVMC.erasepagepartialcfg().write(|w| w.set_duration(SLICE));
                // One slice of this page.
                NVMC.erasepagepartial().write_value(Self::first() + u32::from(page) * PAGE);
                Self::wait();
            }
        }
        // In any other mode the program is not cached.
        mode(nvmc::vals::Wen::Ren);
    }
}

impl Flash for Nvm {
    fn word(&self, at: u16) -> u32 {
        // SAFETY: the word is one of the store's, and always readable.
        unsafe { Self::address(at).read_volatile() }
    }
}

/// A record that waits, or is under way.
struct Wanted {
    id: EffectId,
    slot: u8,
    record: Option<Record>,
}

/// The store, and what waits for it.
pub struct Storage {
    store: Store,
    waiting: Queue<Wanted, WAITING>,
    /// The effect under way.
    storing: Option<EffectId>,
    /// Its answer, once it is there.
    answer: Option<Completion>,
}

impl Storage {
    /// Finishes what a power failure has cut off: there is no radio yet that would have to wait.
    pub fn open() -> Self {
        let mut store = Store::open(&Nvm);
        while let Some(operation) = store.next(&Nvm).filter(|_| store.is_urgent()) {
            Nvm::execute(operation);
            let _ = store.done(&Nvm);
        }
        Self { store, waiting: Queue::new(), storing: None, answer: None }
    }

    /// Whether flash has records and does not say which of them count.
    pub fn is_damaged(&self) -> bool {
        self.store.is_damaged()
    }

    /// The record in a slot.
    pub fn load(&self, slot: u8) -> Option<Completion> {
        let record = self.store.get(&Nvm, slot)?;
        Some(Completion::Loaded { slot, record })
    }

    /// All slots there are.
    pub const fn slots() -> core::ops::Range<u8> {
        0..SLOTS
    }

    /// A record is to be stored, or deleted.
    pub fn want(&mut self, id: EffectId, slot: u8, record: Option<Record>) {
        // Full only if the core broke its own limit of one for each slot.
        let _ = self.waiting.push(Wanted { id, slot, record });
    }

    /// An effect is answered.
    pub fn answer(&mut self) -> Option<Completion> {
        // It is asked at every wake-up, and a record is long.
        if self.waiting.is_empty() && self.answer.is_none() {
            return None;
        }
        self.begin();
        self.answer.take()
    }

    /// Begins with the record that has waited longest, if none is under way.
    fn begin(&mut self) {
        // Not before the last answer was taken, and not while the store does something else.
        if self.storing.is_some() || self.answer.is_some() || self.store.is_urgent() {
            return;
        }
        let Some(Wanted { id, slot, record }) = self.waiting.pop() else { return };
        if self.store.is_damaged() && record.is_none() && usize::from(slot) < BONDS {
            // Who deletes bonds begins anew; it comes again when all is erased.
            self.store.format();
            return self.want(id, slot, record);
        }
        match self.store.put(slot, record) {
            Put::Begun => self.storing = Some(id),
            Put::Durable => self.answer = Some(Completion::Persisted { id, ok: true }),
            Put::Refused => self.answer = Some(Completion::Persisted { id, ok: false }),
        }
    }

    /// How long the next operation makes the processor stand still, if there is one: that somebody
    /// waits for, or that nobody does.
    pub fn next(&self, at_leisure: bool) -> Option<Duration> {
        if at_leisure == self.store.is_urgent() {
            return None;
        }
        Some(match self.store.next(&Nvm)? {
            Operation::Write { .. } => Duration::from_us(41),
            Operation::Erase { .. } => Duration::from_ms(SLICE.into()),
        })
    }

    /// Does the next operation.
    pub fn execute(&mut self) {
        let Some(operation) = self.store.next(&Nvm) else { return };
        Nvm::execute(operation);
        if self.store.done(&Nvm) == Some(Event::Durable)
            && let Some(id) = self.storing.take()
        {
            self.answer = Some(Completion::Persisted { id, ok: true });
        }
    }
}

//! NVMC: writing and erasing flash and UICR, and the instruction cache of flash.
//!
//! Times are those of the product specification (4413_417 v1.7, 4.3.7). What a power failure
//! leaves is in [`bletwin_sim::tear`]; a page that was erased in part only is torn as well.
//! Gaps: no count of erasures and of writes to a word; no counting of hits and misses (IHIT and
//! IMISS read 0); a processor that runs from RAM waits for flash only by asking READY, also to read
//! from it; writing to a page that is being erased is not refused.

use bletwin_sim::tear::{self, Chance, Torn, Unstable, Words};

use super::peripheral::{Common, MICROSECOND, Moment, Peripheral};
use crate::bus::Ticks;
use crate::memory::{Memory, UICR_BASE};

impl Words for Memory {
    fn word(&self, address: u32) -> u32 {
        self.read(address).map_or(0, u32::from_le_bytes)
    }

    fn put(&mut self, address: u32, word: u32) {
        self.write_flash(address, word.to_le_bytes());
    }
}

/// Octets erased by one operation.
const PAGE: u32 = 4096;
const WRITE: Ticks = 41 * MICROSECOND;
const ERASE_PAGE: Ticks = 85_000 * MICROSECOND;
const ERASE_ALL: Ticks = 169_000 * MICROSECOND;
/// What ERASEPAGEPARTIALCFG counts.
const PARTIAL_UNIT: Ticks = 1_000 * MICROSECOND;

/// Values of CONFIG: flash may be written, or erased; 0: only read.
const MAY_WRITE: u32 = 1;
const MAY_ERASE: u32 = 2;

/// The latest operation, and the words before it by address.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Work {
    erases: bool,
    begun: Ticks,
    before: Vec<(u32, u32)>,
}

/// The flash controller's registers, and until when flash is busy.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Nvmc {
    common: Common,
    mode: u32,
    partial: u32,
    /// The page that is being erased bit by bit, and for how long it has been.
    begun: Option<(u32, Ticks)>,
    cache: u32,
    busy_until: Ticks,
    work: Option<Work>,
    unstable: Unstable,
    chance: Chance,
    /// Power is about to fail, so that flash may not be changed.
    warned: bool,
    /// It was asked to nevertheless.
    hangs: bool,
}

/// Words from a multiple of four on, by address.
fn words(memory: &Memory, first: u32, octets: u32) -> impl Iterator<Item = (u32, u32)> {
    let word = |address| memory.read(address).map_or(u32::MAX, u32::from_le_bytes);
    (first..first + octets).step_by(4).map(move |address| (address, word(address)))
}

impl Nvmc {
    pub(super) fn new(entropy: [u8; 32]) -> Self {
        Self {
            common: Common::default(),
            mode: 0,
            partial: 10,
            begun: None,
            cache: 0,
            busy_until: 0,
            work: None,
            unstable: Unstable::default(),
            chance: Chance::new(entropy, tear::FLASH),
            warned: false,
            hangs: false,
        }
    }

    /// After a power-up: some bits of flash may be unstable.
    pub(super) fn power_up(&mut self, unstable: Unstable, memory: &mut Memory) {
        self.unstable = unstable;
        self.unstable.waver(memory, &mut self.chance);
    }

    /// After a reset: the operation under way continues if it was `powered`.
    pub(super) fn follow(&mut self, before: &Self, powered: bool) {
        if powered {
            self.busy_until = before.busy_until;
            self.begun = before.begun;
            self.work = before.work.clone();
        }
        self.unstable = before.unstable.clone();
        self.chance = before.chance.clone();
    }

    /// Whether the instruction cache works: not while flash may change.
    pub(super) fn caches(&self) -> bool {
        self.cache & 1 == 1 && self.mode == 0
    }

    /// Whether power is about to fail.
    pub(super) fn warn(&mut self, warned: bool) {
        self.warned = warned;
    }

    /// Whether the processor hangs, because it asked for something during a power failure warning
    /// (erratum 242).
    pub(super) fn hangs(&self) -> bool {
        self.hangs
    }

    /// Until when flash is busy.
    pub(super) fn busy_until(&self) -> Ticks {
        self.busy_until
    }

    /// The operation under way, or the latest one: whether it erases, from when, until when.
    pub(super) fn operation(&self) -> Option<(bool, Ticks, Ticks)> {
        self.work.as_ref().map(|work| (work.erases, work.begun, self.busy_until))
    }

    /// Until when flash is busy, and whether with an erasure.
    pub(super) fn busy(&self) -> (Ticks, bool) {
        (self.busy_until, self.work.as_ref().is_some_and(|work| work.erases))
    }

    /// Power fails: draws how much of the operation is done, and reports the bits that are unstable
    /// from now on. The chip may be ahead of the moment at which it fails.
    pub(super) fn power_fails(&mut self, now: Ticks, memory: &mut Memory) -> Unstable {
        let work = self.work.take().filter(|_| self.busy_until > now);
        self.chance.at(now);
        if let Some(Work { erases, begun, before }) = work {
            let torn = |(address, before): (u32, u32)| {
                let after = memory.read(address).map_or(before, u32::from_le_bytes);
                let touched = match (now <= begun, erases) {
                    (true, _) => 0,
                    (false, true) => u32::MAX,
                    (false, false) => before & !after,
                };
                Torn { address, before, after, touched }
            };
            let torn: Vec<Torn> = before.into_iter().map(torn).collect();
            self.unstable.tear(torn.into_iter(), memory, &mut self.chance);
        }
        std::mem::take(&mut self.unstable)
    }

    /// A store of the processor to flash or UICR: bits only go from 1 to 0. False: not allowed now.
    pub(super) fn store(
        &mut self,
        address: u32,
        word: u32,
        now: Ticks,
        memory: &mut Memory,
    ) -> bool {
        if self.mode != MAY_WRITE {
            return false;
        }
        if self.warned {
            self.hangs = true;
            return true;
        }
        let begun = now.max(self.busy_until);
        let before = memory.read(address).map_or(u32::MAX, u32::from_le_bytes);
        memory.write_flash(address, (before & word).to_le_bytes());
        self.busy_until = begun + WRITE;
        self.work = Some(Work { erases: false, begun, before: vec![(address, before)] });
        self.unstable.waver(memory, &mut self.chance);
        true
    }

    /// Erases stretches: where each begins, and its octets.
    fn erase(&mut self, stretches: &[(u32, u32)], moment: &mut Moment<'_>, takes: Ticks) {
        let begun = moment.now.max(self.busy_until);
        let mut before = Vec::new();
        for (first, octets) in stretches.iter().copied() {
            let from = before.len();
            before.extend(words(moment.memory, first, octets));
            for (address, _) in &before[from..] {
                moment.memory.write_flash(*address, u32::MAX.to_le_bytes());
            }
            self.unstable.forget(first, octets);
        }
        self.busy_until = begun + takes;
        self.work = Some(Work { erases: true, begun, before });
        self.unstable.waver(moment.memory, &mut self.chance);
    }

    /// A page is erased once its partial erasures add up to a whole one; until then it is torn.
    fn erase_partially(&mut self, page: u32, moment: &mut Moment<'_>) {
        let takes = Ticks::from(self.partial) * PARTIAL_UNIT;
        let before = self.begun.filter(|(begun, _)| *begun == page).map_or(0, |(_, so_far)| so_far);
        if before + takes >= ERASE_PAGE {
            self.begun = None;
            self.erase(&[(page, PAGE)], moment, takes);
            return;
        }
        self.begun = Some((page, before + takes));
        let begun = moment.now.max(self.busy_until);
        let memory = &mut *moment.memory;
        let before: Vec<_> = words(memory, page, PAGE).collect();
        let torn = |&(address, before): &(u32, u32)| Torn {
            address,
            before,
            after: u32::MAX,
            touched: u32::MAX,
        };
        self.unstable.tear(before.iter().map(torn), memory, &mut self.chance);
        self.busy_until = begun + takes;
        self.work = Some(Work { erases: true, begun, before });
    }
}

impl Peripheral for Nvmc {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    fn read(&mut self, offset: u32, now: Ticks) -> Option<u32> {
        Some(match offset {
            0x400 | 0x408 => {
                // Done: there is nothing to be torn.
                self.work.take_if(|_| now >= self.busy_until);
                u32::from(now >= self.busy_until)
            }
            0x504 => self.mode,
            0x51C => self.partial,
            0x540 => self.cache,
            0x548 | 0x54C => 0,
            _ => return None,
        })
    }

    fn write(&mut self, offset: u32, value: u32, moment: &mut Moment<'_>) -> bool {
        let page = value & !(PAGE - 1);
        let may_erase = self.mode == MAY_ERASE && page < moment.memory.flash_len();
        let (flash, uicr) = (moment.memory.flash_len(), moment.memory.uicr_len());
        match offset {
            0x504 => self.mode = value & 3,
            0x508 | 0x50C | 0x514 | 0x518 if self.warned && self.mode == MAY_ERASE => {
                self.hangs = true;
            }
            0x508 if may_erase => self.erase(&[(page, PAGE)], moment, ERASE_PAGE),
            0x50C if self.mode == MAY_ERASE && value == 1 => {
                self.erase(&[(0, flash), (UICR_BASE, uicr)], moment, ERASE_ALL);
            }
            0x514 if self.mode == MAY_ERASE && value == 1 => {
                self.erase(&[(UICR_BASE, uicr)], moment, ERASE_PAGE);
            }
            0x518 if may_erase => self.erase_partially(page, moment),
            // A forbidden write has no effect.
            0x508 | 0x50C | 0x514 | 0x518 => {}
            0x51C => self.partial = value & 0x7F,
            0x540 => self.cache = value & 0x101,
            _ => return false,
        }
        true
    }
}

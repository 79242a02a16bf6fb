//! NVMC: writing and erasing flash, and its instruction cache.
//!
//! Times are those of the product specification (4413_417 v1.7, 4.3.7). Gaps: a power failure
//! leaves what was begun done; no count of erasures; no UICR; no counting of hits and misses
//! (IHIT and IMISS read 0); a processor that runs from RAM waits as well once it is back in flash
//! only by asking READY; writing to a page that is being erased is not refused.

use super::peripheral::{Common, MICROSECOND, Moment, Peripheral};
use crate::bus::Ticks;
use crate::memory::Memory;

/// Octets that are erased at once.
const PAGE: u32 = 4096;
const WRITE: Ticks = 41 * MICROSECOND;
const ERASE_PAGE: Ticks = 85_000 * MICROSECOND;
const ERASE_ALL: Ticks = 169_000 * MICROSECOND;
/// What ERASEPAGEPARTIALCFG counts.
const PARTIAL_UNIT: Ticks = 1_000 * MICROSECOND;

/// Values of CONFIG: flash may be written, or erased; 0: only read.
const MAY_WRITE: u32 = 1;
const MAY_ERASE: u32 = 2;

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
}

impl Nvmc {
    pub(super) fn new() -> Self {
        let common = Common::default();
        Self { common, mode: 0, partial: 10, begun: None, cache: 0, busy_until: 0 }
    }

    /// Whether the instruction cache works: not while flash may change.
    pub(super) fn caches(&self) -> bool {
        self.cache & 1 == 1 && self.mode == 0
    }

    /// Until when flash is busy.
    pub(super) fn busy_until(&self) -> Ticks {
        self.busy_until
    }

    /// A store of the processor to flash: bits only go from 1 to 0. False: not allowed now.
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
        let old = memory.read(address).map_or(u32::MAX, u32::from_le_bytes);
        memory.write_flash(address, (old & word).to_le_bytes());
        self.busy_until = now.max(self.busy_until) + WRITE;
        true
    }

    fn erase(&mut self, page: u32, moment: &mut Moment<'_>, takes: Ticks) {
        for word in 0..PAGE / 4 {
            moment.memory.write_flash(page + 4 * word, u32::MAX.to_le_bytes());
        }
        self.busy_until = moment.now.max(self.busy_until) + takes;
    }

    /// A page is erased once its partial erasures add up to a whole one.
    fn erase_partially(&mut self, page: u32, moment: &mut Moment<'_>) {
        let takes = Ticks::from(self.partial) * PARTIAL_UNIT;
        let before = self.begun.filter(|(begun, _)| *begun == page).map_or(0, |(_, so_far)| so_far);
        if before + takes >= ERASE_PAGE {
            self.begun = None;
            self.erase(page, moment, takes);
        } else {
            self.begun = Some((page, before + takes));
            self.busy_until = moment.now.max(self.busy_until) + takes;
        }
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
            0x400 | 0x408 => u32::from(now >= self.busy_until),
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
        match offset {
            0x504 => self.mode = value & 3,
            0x508 if may_erase => self.erase(page, moment, ERASE_PAGE),
            0x50C if self.mode == MAY_ERASE && value == 1 => {
                let pages = moment.memory.flash_len() / PAGE;
                (0..pages).for_each(|n| self.erase(n * PAGE, moment, 0));
                self.busy_until = moment.now + ERASE_ALL;
            }
            0x518 if may_erase => self.erase_partially(page, moment),
            // What is not allowed does nothing.
            0x508 | 0x50C | 0x518 => {}
            0x51C => self.partial = value & 0x7F,
            0x540 => self.cache = value & 0x101,
            _ => return false,
        }
        true
    }
}

//! TIMER0–4. Gap: the counter modes' low-power difference is none here.

use super::peripheral::{Common, Moment, Peripheral, TICK_16M};
use crate::bus::Ticks;

/// The first COMPARE event, and the first CAPTURE task.
const FIRST: u8 = 16;

/// One timer with four or six compare registers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Timer {
    common: Common,
    compares: usize,
    /// 0 counts time; 1 and 2 count the COUNT task.
    mode: u32,
    width: u32,
    prescaler: u32,
    compare: [u32; 6],
    /// Counting since that moment, from `count`.
    since: Option<Ticks>,
    count: u32,
}

impl Timer {
    pub(super) fn new(compares: usize) -> Self {
        Self {
            common: Common::default(),
            compares,
            mode: 0,
            width: 0,
            prescaler: 4,
            compare: [0; 6],
            since: None,
            count: 0,
        }
    }

    fn period(&self) -> Ticks {
        TICK_16M << self.prescaler.min(9)
    }

    /// BITMODE: 16, 8, 24, 32 bits.
    fn mask(&self) -> u32 {
        [0xFFFF, 0xFF, 0x00FF_FFFF, u32::MAX][(self.width & 3) as usize]
    }

    fn counted(&self, now: Ticks) -> u32 {
        let ticks = match self.since {
            Some(since) if self.mode == 0 => (now - since) / self.period(),
            _ => 0,
        };
        self.count.wrapping_add(ticks as u32) & self.mask()
    }

    /// The present count becomes the base for further counting.
    fn settle(&mut self, now: Ticks) {
        let count = self.counted(now);
        if let Some(since) = self.since.filter(|_| self.mode == 0) {
            self.since = Some(now - (now - since) % self.period());
        }
        self.count = count;
    }

    /// When the count reaches a compare register by counting time.
    fn reaches(&self, compare: u32) -> Option<Ticks> {
        let since = self.since.filter(|_| self.mode == 0)?;
        let left = compare.wrapping_sub(self.count) & self.mask();
        // At it already: all the way around.
        let left = if left == 0 { u64::from(self.mask()) + 1 } else { left.into() };
        Some(since + left * self.period())
    }

    fn enabled_compares(&self) -> impl Iterator<Item = (u8, u32)> {
        let mask = self.mask();
        let used = &self.compare[..self.compares];
        used.iter().enumerate().filter(move |(_, c)| **c <= mask).map(|(n, c)| (n as u8, *c))
    }

    fn count_once(&mut self, moment: &mut Moment<'_>) {
        self.count = self.count.wrapping_add(1) & self.mask();
        self.raise_equal(moment);
    }

    fn raise_equal(&self, moment: &mut Moment<'_>) {
        for (n, compare) in self.enabled_compares() {
            if compare == self.count {
                moment.raise(FIRST + n);
            }
        }
    }
}

impl Peripheral for Timer {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    fn task(&mut self, task: u8, moment: &mut Moment<'_>) {
        self.settle(moment.now);
        match task {
            0 => self.since = self.since.or(Some(moment.now)),
            // STOP, and SHUTDOWN which also clears.
            1 => self.since = None,
            2 if self.mode != 0 && self.since.is_some() => self.count_once(moment),
            3 => {
                self.count = 0;
                // The prescaler is cleared as well.
                self.since = self.since.map(|_| moment.now);
            }
            4 => {
                self.since = None;
                self.count = 0;
            }
            FIRST.. => {
                if let Some(place) = self.compare.get_mut(usize::from(task - FIRST)) {
                    *place = self.count;
                }
            }
            _ => {}
        }
    }

    fn read(&mut self, offset: u32, _: Ticks) -> Option<u32> {
        Some(match offset {
            0x504 => self.mode,
            0x508 => self.width,
            0x510 => self.prescaler,
            0x540..0x558 => self.compare[(offset - 0x540) as usize / 4],
            _ => return None,
        })
    }

    fn write(&mut self, offset: u32, value: u32, moment: &mut Moment<'_>) -> bool {
        self.settle(moment.now);
        match offset {
            0x504 => self.mode = value & 3,
            0x508 => self.width = value & 3,
            0x510 => self.prescaler = value & 0xF,
            0x540..0x558 => self.compare[(offset - 0x540) as usize / 4] = value,
            _ => return false,
        }
        true
    }

    fn next_event(&self) -> Option<Ticks> {
        self.enabled_compares().filter_map(|(_, compare)| self.reaches(compare)).min()
    }

    fn due(&mut self, moment: &mut Moment<'_>) {
        self.settle(moment.now);
        self.raise_equal(moment);
    }

    /// COMPARE to CLEAR in bits 0–5, to STOP in bits 8–13.
    fn shorted(&self, event: u8) -> u32 {
        let Some(n) = event.checked_sub(FIRST) else { return 0 };
        (self.common.shorts >> n & 1) << 3 | (self.common.shorts >> (8 + n) & 1) << 1
    }
}

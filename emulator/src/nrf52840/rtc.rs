//! RTC0–2: 24 bits on the 32,768 Hz clock, with overflow.
//!
//! Tasks act on the next edge of the clock, as a rule 15 to 46 µs later on a chip. A compare
//! register that is written takes effect after that edge (4413_417 v1.7, 6.22): until then the
//! old value counts, so that a match at the present count plus one is missed. A chip may make that
//! match; whether it does, here as there, is nothing to rely on.

use super::peripheral::{Common, Moment, Peripheral, TICK_32K};
use crate::bus::Ticks;

const TICK: u8 = 0;
const OVERFLOW: u8 = 1;
const FIRST: u8 = 16;
const MASK: u32 = 0x00FF_FFFF;
/// Where TRIGOVRFLW sets the counter.
const NEAR_OVERFLOW: u32 = 0x00FF_FFF0;

/// One real-time counter.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Rtc {
    common: Common,
    compares: usize,
    /// EVTEN: bit n lets event n happen, as its interrupt enable does.
    routed: u32,
    prescaler: u32,
    compare: [u32; 4],
    /// What a compare register was, and the edge up to which that counts.
    former: [Option<(u32, Ticks)>; 4],
    /// A moment at which the 32,768 Hz clock ticks.
    clock: Option<Ticks>,
    started: bool,
    /// Counting since that moment, from `count`.
    since: Option<Ticks>,
    count: u32,
}

impl Rtc {
    pub(super) fn new(compares: usize) -> Self {
        Self {
            common: Common::default(),
            compares,
            routed: 0,
            prescaler: 0,
            compare: [0; 4],
            former: [None; 4],
            clock: None,
            started: false,
            since: None,
            count: 0,
        }
    }

    fn period(&self) -> Ticks {
        TICK_32K * Ticks::from(self.prescaler + 1)
    }

    fn counted(&self, now: Ticks) -> u32 {
        let ticks = self.since.map_or(0, |since| now.saturating_sub(since) / self.period());
        self.count.wrapping_add(ticks as u32) & MASK
    }

    fn settle(&mut self, now: Ticks) {
        let count = self.counted(now);
        if let Some(since) = self.since.filter(|since| *since <= now) {
            self.since = Some(now - (now - since) % self.period());
        }
        self.count = count;
    }

    /// The next edge of the clock.
    fn edge(&self, now: Ticks) -> Option<Ticks> {
        let clock = self.clock?;
        let passed = now.saturating_sub(clock) / TICK_32K + 1;
        Some(clock + passed * TICK_32K)
    }

    /// Counting begins at the next edge, if there is a clock.
    fn begin(&mut self, now: Ticks) {
        self.since = if self.started { self.edge(now) } else { None };
    }

    /// When the count reaches a value, one tick from now at least.
    fn reaches(&self, value: u32) -> Option<Ticks> {
        let left = value.wrapping_sub(self.count) & MASK;
        let left = if left == 0 { u64::from(MASK) + 1 } else { left.into() };
        Some(self.since? + left * self.period())
    }

    /// When a compare register matches.
    fn matches(&self, n: usize) -> Option<Ticks> {
        let new = self.reaches(self.compare[n])?;
        let Some((former, until)) = self.former[n] else { return Some(new) };
        let round = (Ticks::from(MASK) + 1) * self.period();
        let new = if new <= until { new + round } else { new };
        let former = self.reaches(former).filter(|at| *at <= until);
        Some(former.map_or(new, |former| former.min(new)))
    }

    /// The value that a compare register counts as.
    fn in_force(&mut self, n: usize, now: Ticks) -> u32 {
        self.former[n].take_if(|(_, until)| *until < now);
        self.former[n].map_or(self.compare[n], |(former, _)| former)
    }

    fn wanted(&self, event: u8) -> bool {
        (self.routed | self.common.interrupts) >> event & 1 == 1
    }
}

impl Peripheral for Rtc {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    fn task(&mut self, task: u8, moment: &mut Moment<'_>) {
        self.settle(moment.now);
        match task {
            0 if !self.started => {
                self.started = true;
                self.begin(moment.now);
            }
            1 => {
                self.started = false;
                self.since = None;
            }
            2 | 3 => {
                self.count = if task == 2 { 0 } else { NEAR_OVERFLOW };
                self.begin(moment.now);
            }
            _ => {}
        }
    }

    fn read(&mut self, offset: u32, now: Ticks) -> Option<u32> {
        Some(match offset {
            0x340 | 0x344 | 0x348 => self.routed,
            0x504 => self.counted(now),
            0x508 => self.prescaler,
            0x540..0x550 => self.compare[(offset - 0x540) as usize / 4],
            _ => return None,
        })
    }

    fn write(&mut self, offset: u32, value: u32, moment: &mut Moment<'_>) -> bool {
        self.settle(moment.now);
        match offset {
            0x340 => self.routed = value,
            0x344 => self.routed |= value,
            0x348 => self.routed &= !value,
            // It may only be written while the counter stands.
            0x508 if !self.started => self.prescaler = value & 0xFFF,
            0x508 => {}
            0x540..0x550 => {
                let n = (offset - 0x540) as usize / 4;
                let former = self.in_force(n, moment.now);
                let edge = self.since.and_then(|_| self.edge(moment.now));
                self.former[n] = edge.map(|edge| (former, edge));
                self.compare[n] = value & MASK;
            }
            _ => return false,
        }
        true
    }

    fn next_event(&self) -> Option<Ticks> {
        let compares = (0..self.compares)
            .filter(|n| self.wanted(FIRST + *n as u8))
            .filter_map(|n| self.matches(n));
        let overflow = self.wanted(OVERFLOW).then(|| self.reaches(0)).flatten();
        let tick = self.wanted(TICK).then(|| Some(self.since? + self.period())).flatten();
        compares.chain(overflow).chain(tick).min()
    }

    fn due(&mut self, moment: &mut Moment<'_>) {
        self.settle(moment.now);
        moment.raise(TICK);
        if self.count == 0 {
            moment.raise(OVERFLOW);
        }
        for n in 0..self.compares {
            if self.in_force(n, moment.now) == self.count {
                moment.raise(FIRST + n as u8);
            }
        }
    }

    fn passes(&self, event: u8) -> bool {
        self.wanted(event)
    }

    fn low_frequency_clock(&mut self, since: Option<Ticks>, now: Ticks) {
        self.settle(now);
        self.clock = since;
        if self.since.is_none() || since.is_none() {
            self.begin(now);
        }
    }
}

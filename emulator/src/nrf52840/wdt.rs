//! WDT: resets the chip unless each reload register that is enabled was written in time.
//!
//! It counts 32,768 Hz, which it starts by itself. A reset by software leaves it running. Gaps: the
//! 32,768 Hz clock that it keeps running is its own; a debugger that halts the chip halts all time,
//! whatever CONFIG says.

use super::peripheral::{Common, Moment, Peripheral, TICK_32K};
use crate::bus::Ticks;

const TIMEOUT: u8 = 0;
/// The value that a reload register requires.
const RELOAD: u32 = 0x6E52_4635;
/// From TIMEOUT to the reset: two ticks.
const GRACE: Ticks = 2 * TICK_32K;

/// The watchdog's registers, and when it runs out.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Wdt {
    common: Common,
    /// CRV, RREN, CONFIG.
    value: u32,
    enabled: u32,
    configuration: u32,
    /// Reload registers that are still to be written.
    requested: u32,
    runs_out: Option<Ticks>,
    /// How much was left when it paused.
    paused: Option<Ticks>,
    resets: Option<Ticks>,
    bitten: bool,
}

impl Wdt {
    pub(super) fn new() -> Self {
        Self {
            common: Common::default(),
            value: u32::MAX,
            enabled: 1,
            configuration: 1,
            requested: 0,
            runs_out: None,
            paused: None,
            resets: None,
            bitten: false,
        }
    }

    /// Whether it has reset the chip.
    pub(super) fn has_bitten(&self) -> bool {
        self.bitten
    }

    fn runs(&self) -> bool {
        self.runs_out.is_some() || self.paused.is_some() || self.resets.is_some()
    }

    /// Whether it stands still while the processor sleeps.
    pub(super) fn pauses(&self) -> bool {
        self.configuration & 1 == 0 && self.runs()
    }

    /// The processor falls asleep, or wakes: it pauses meanwhile, unless CONFIG.SLEEP lets it run.
    pub(super) fn sleeps(&mut self, asleep: bool, now: Ticks) {
        if asleep && self.configuration & 1 == 0 {
            self.paused = self.runs_out.take().map(|at| at.saturating_sub(now));
        } else if let Some(left) = self.paused.take().filter(|_| !asleep) {
            self.runs_out = Some(now + left);
        }
    }

    fn reload(&mut self, now: Ticks) {
        self.requested = self.enabled;
        let tick = now / TICK_32K * TICK_32K;
        self.runs_out = Some(tick + (Ticks::from(self.value) + 1) * TICK_32K);
    }
}

impl Peripheral for Wdt {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    fn task(&mut self, task: u8, moment: &mut Moment<'_>) {
        // Once it runs, nothing stops it.
        if task == 0 && !self.runs() {
            self.reload(moment.now);
        }
    }

    fn read(&mut self, offset: u32, _: Ticks) -> Option<u32> {
        Some(match offset {
            0x400 => self.runs().into(),
            0x404 => self.requested,
            0x504 => self.value,
            0x508 => self.enabled,
            0x50C => self.configuration,
            _ => return None,
        })
    }

    fn write(&mut self, offset: u32, value: u32, moment: &mut Moment<'_>) -> bool {
        match offset {
            // Locked while it runs.
            0x504..0x510 if self.runs() => {}
            0x504 => self.value = value.max(0xF),
            0x508 => self.enabled = value & 0xFF,
            0x50C => self.configuration = value & 9,
            0x600..0x620 => {
                if value == RELOAD && self.runs_out.is_some() {
                    self.requested &= !(1 << ((offset - 0x600) / 4));
                    if self.requested == 0 {
                        self.reload(moment.now);
                    }
                }
            }
            _ => return false,
        }
        true
    }

    fn next_event(&self) -> Option<Ticks> {
        self.runs_out.or(self.resets)
    }

    fn due(&mut self, moment: &mut Moment<'_>) {
        if self.runs_out.take().is_some() {
            self.resets = Some(moment.now + GRACE);
            moment.raise(TIMEOUT);
        } else if self.resets.take().is_some() {
            self.bitten = true;
        }
    }
}

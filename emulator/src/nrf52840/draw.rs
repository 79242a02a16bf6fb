//! What the chip draws: for how long its radio, processor, flash and crystal do what.
//!
//! Gaps: TXPOWER (0 dBm is assumed), UARTE, GPIO and what hangs on it, RNG, ECB and CCM, timers
//! without the crystal; System OFF and brown-out count as sleep.

use ble::phy::Phy;
use ble::time::Duration;
use bletwin_sim::charge::{Draw, Phase, Spent};

use super::air::Mode;
use super::clock::Crystal;
use super::radio::Use;
use crate::bus::Ticks;

/// What it does, and since when.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Meter {
    since: Ticks,
    now: Now,
    spent: Spent,
    phase: Phase,
}

/// What its current depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Now {
    pub(super) radio: Use,
    /// Whether the processor is awake.
    pub(super) awake: bool,
    pub(super) crystal: Crystal,
    /// Until when flash is busy, and whether it is being erased.
    pub(super) flash: (Ticks, bool),
}

impl Default for Now {
    fn default() -> Self {
        Self { radio: Use::Off, awake: true, crystal: Crystal::Off, flash: (0, false) }
    }
}

const fn phy(mode: Mode) -> Phy {
    match mode {
        Mode::Le1M => Phy::Le1M,
        Mode::Le2M => Phy::Le2M,
        Mode::CodedS2 | Mode::CodedS8 => Phy::LeCoded,
    }
}

impl Now {
    /// With flash idle: what it does, and what its processor does beside.
    const fn draws(&self) -> (Draw, Option<Draw>) {
        let (draw, beside) = match self.radio {
            Use::Sends(mode) => (Draw::Sends(phy(mode)), Draw::WorksBesideSending),
            Use::SendsSoon => (Draw::SendsSoon, Draw::WorksBesideSending),
            Use::Listens(mode) => (Draw::Listens(phy(mode)), Draw::WorksBesideListening),
            Use::ListensSoon => (Draw::ListensSoon, Draw::WorksBesideListening),
            Use::Off => {
                return match self.crystal {
                    _ if self.awake => (Draw::Works, None),
                    Crystal::Runs => (Draw::CrystalRuns, None),
                    Crystal::Starts => (Draw::CrystalStarts, None),
                    Crystal::Off => (Draw::Sleeps, None),
                };
            }
        };
        (draw, if self.awake { Some(beside) } else { None })
    }
}

impl Meter {
    /// From then on it does this, with its radio tuned to that access address.
    pub(super) fn does(&mut self, at: Ticks, now: Now, access_address: u32) {
        if now == self.now {
            return;
        }
        self.pass(at);
        if now.radio != Use::Off && self.now.radio == Use::Off {
            self.phase = Phase::of(access_address);
        }
        self.now = now;
    }

    /// For how long it has done what.
    pub(super) fn spent(mut self, now: Ticks) -> Spent {
        self.pass(now);
        self.spent
    }

    /// It has done the same until now.
    fn pass(&mut self, until: Ticks) {
        let (busy_until, erases) = self.now.flash;
        let busy = busy_until.clamp(self.since, until.max(self.since)) - self.since;
        let idle = until.saturating_sub(self.since) - busy;
        let times = self.spent.of_mut(self.phase);
        let (draw, beside) = self.now.draws();
        let flash = match self.now.radio {
            Use::Off if erases => Draw::Erases,
            Use::Off => Draw::Writes,
            _ => draw,
        };
        times.add(flash, Duration::from_ticks(busy));
        times.add(draw, Duration::from_ticks(idle));
        if let Some(beside) = beside {
            times.add(beside, Duration::from_ticks(idle));
        }
        self.since = self.since.max(until);
    }
}

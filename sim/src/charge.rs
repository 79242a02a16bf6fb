//! What a device draws from its supply: for how long it did what, and the current of each.
//!
//! ```
//! use ble::phy::Phy;
//! use ble::time::Duration;
//! use bletwin_sim::charge::{Draw, Regulator, Times};
//!
//! let mut times = Times::default();
//! times.add(Draw::Sends(Phy::Le1M), Duration::from_us(1_000));
//! // 6.40 mA for a millisecond.
//! assert_eq!(times.nanocoulombs(Regulator::DcDc), 6_400);
//! ```

mod nrf52840;

use ble::phy::Phy;
use ble::time::Duration;

/// What a device does, as far as its current depends on it. It does one at a time, the first in
/// [`Draw::ALL`] that applies; beside a radio that is on, the processor's share is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Draw {
    /// The transmitter is on, and the processor asleep.
    Sends(Phy),
    /// The receiver is on, and the processor asleep.
    Listens(Phy),
    /// The transmitter ramps up, or stands ready.
    SendsSoon,
    /// The receiver ramps up, or stands ready.
    ListensSoon,
    /// Flash is written; the processor stands still.
    Writes,
    /// Flash is erased; the processor stands still.
    Erases,
    /// The processor runs from flash, and the radio is off.
    Works,
    /// The 64 MHz crystal runs, and a timer by it; the processor sleeps and the radio is off.
    CrystalRuns,
    /// The 64 MHz crystal starts; the processor sleeps.
    CrystalStarts,
    /// All sleeps but the counter of the 32,768 Hz clock; RAM is kept.
    Sleeps,
    /// What the processor takes besides while the transmitter is on or ramps up.
    WorksBesideSending,
    /// What the processor takes besides while the receiver is on or ramps up.
    WorksBesideListening,
}

impl Draw {
    /// All there are. The last two come on top of others.
    pub const ALL: [Self; 16] = [
        Self::Sends(Phy::Le1M),
        Self::Sends(Phy::Le2M),
        Self::Sends(Phy::LeCoded),
        Self::Listens(Phy::Le1M),
        Self::Listens(Phy::Le2M),
        Self::Listens(Phy::LeCoded),
        Self::SendsSoon,
        Self::ListensSoon,
        Self::Writes,
        Self::Erases,
        Self::Works,
        Self::CrystalRuns,
        Self::CrystalStarts,
        Self::Sleeps,
        Self::WorksBesideSending,
        Self::WorksBesideListening,
    ];

    #[inline]
    const fn number(self) -> usize {
        match self {
            Self::Sends(Phy::Le1M) => 0,
            Self::Sends(Phy::Le2M) => 1,
            Self::Sends(Phy::LeCoded) => 2,
            Self::Listens(Phy::Le1M) => 3,
            Self::Listens(Phy::Le2M) => 4,
            Self::Listens(Phy::LeCoded) => 5,
            Self::SendsSoon => 6,
            Self::ListensSoon => 7,
            Self::Writes => 8,
            Self::Erases => 9,
            Self::Works => 10,
            Self::CrystalRuns => 11,
            Self::CrystalStarts => 12,
            Self::Sleeps => 13,
            Self::WorksBesideSending => 14,
            Self::WorksBesideListening => 15,
        }
    }

    /// Whether it comes on top of others, so that its time is theirs as well.
    #[must_use]
    pub const fn is_beside(self) -> bool {
        matches!(self, Self::WorksBesideSending | Self::WorksBesideListening)
    }

    /// A word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sends(Phy::Le1M) => "send-1m",
            Self::Sends(Phy::Le2M) => "send-2m",
            Self::Sends(Phy::LeCoded) => "send-coded",
            Self::Listens(Phy::Le1M) => "listen-1m",
            Self::Listens(Phy::Le2M) => "listen-2m",
            Self::Listens(Phy::LeCoded) => "listen-coded",
            Self::SendsSoon => "ramp-up-send",
            Self::ListensSoon => "ramp-up-listen",
            Self::Writes => "flash-write",
            Self::Erases => "flash-erase",
            Self::Works => "processor",
            Self::CrystalRuns => "crystal",
            Self::CrystalStarts => "crystal-start",
            Self::Sleeps => "sleep",
            Self::WorksBesideSending => "processor-beside-send",
            Self::WorksBesideListening => "processor-beside-listen",
        }
    }

    /// The same for people.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Sends(Phy::Le1M) => "sending on 1M",
            Self::Sends(Phy::Le2M) => "sending on 2M",
            Self::Sends(Phy::LeCoded) => "sending on LE Coded",
            Self::Listens(Phy::Le1M) => "listening on 1M",
            Self::Listens(Phy::Le2M) => "listening on 2M",
            Self::Listens(Phy::LeCoded) => "listening on LE Coded",
            Self::SendsSoon => "ramp-up to send",
            Self::ListensSoon => "ramp-up to listen",
            Self::Writes => "writing flash",
            Self::Erases => "erasing flash",
            Self::Works => "processor",
            Self::CrystalRuns => "crystal and timer",
            Self::CrystalStarts => "start of the crystal",
            Self::Sleeps => "sleep",
            Self::WorksBesideSending => "processor, beside sending",
            Self::WorksBesideListening => "processor, beside listening",
        }
    }
}

/// What regulates the supply of the nRF52840's core (REG1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Regulator {
    /// Linear, as after a reset.
    Ldo,
    /// Switching (POWER.DCDCEN); the board needs an inductor for it.
    DcDc,
}

impl Regulator {
    /// A word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ldo => "ldo",
            Self::DcDc => "dc-dc",
        }
    }
}

/// The supply that the currents are for, in mV.
pub const SUPPLY_MILLIVOLTS: u16 = 3_000;

/// How long a device did what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times([Duration; Draw::ALL.len()]);

impl Times {
    /// It did that for so much longer.
    #[inline]
    pub fn add(&mut self, what: Draw, span: Duration) {
        let time = &mut self.0[what.number()];
        *time = Duration::from_ticks(time.ticks().saturating_add(span.ticks()));
    }

    /// It did so much less of that: a part of it was something else.
    pub fn take(&mut self, what: Draw, span: Duration) {
        let time = &mut self.0[what.number()];
        *time = time.saturating_sub(span);
    }

    /// All of another's times as well.
    pub fn add_all(&mut self, others: &Self) {
        Draw::ALL.into_iter().for_each(|what| self.add(what, others.of(what)));
    }

    /// How long it did that.
    #[must_use]
    pub const fn of(&self, what: Draw) -> Duration {
        self.0[what.number()]
    }

    /// How long it had power.
    #[must_use]
    pub fn total(&self) -> Duration {
        let alone = Draw::ALL.into_iter().filter(|what| !what.is_beside());
        let ticks = alone.fold(0_u64, |sum, what| sum.saturating_add(self.of(what).ticks()));
        Duration::from_ticks(ticks)
    }

    /// What that took of the supply, in nC.
    #[must_use]
    pub fn nanocoulombs(&self, regulator: Regulator) -> u64 {
        nanocoulombs(Draw::ALL.into_iter().map(|what| (what, self.of(what))), regulator)
    }

    /// What one thing took, in nC.
    #[must_use]
    pub fn nanocoulombs_of(&self, what: Draw, regulator: Regulator) -> u64 {
        nanocoulombs([(what, self.of(what))].into_iter(), regulator)
    }
}

fn nanocoulombs(times: impl Iterator<Item = (Draw, Duration)>, regulator: Regulator) -> u64 {
    let second = u128::from(Duration::from_secs(1).ticks());
    let product = |(what, time): (Draw, Duration)| {
        u128::from(nanoamperes(what, regulator)) * u128::from(time.ticks())
    };
    let sum: u128 = times.map(product).sum();
    u64::try_from((sum + second / 2) / second).unwrap_or(u64::MAX)
}

/// The current of an nRF52840 at [`SUPPLY_MILLIVOLTS`] that does this, in nA.
#[must_use]
pub const fn nanoamperes(what: Draw, regulator: Regulator) -> u32 {
    match regulator {
        Regulator::Ldo => nrf52840::ldo(what),
        Regulator::DcDc => nrf52840::dc_dc(what),
    }
}

/// What the radio is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Advertising, and whatever comes before it.
    #[default]
    Advertising,
    /// Whatever belongs to a connection.
    Connected,
}

impl Phase {
    /// By the access address that the radio is tuned to (Vol 6, Part B, 2.1.2).
    #[inline]
    #[must_use]
    pub const fn of(access_address: u32) -> Self {
        match access_address {
            0x8E89_BED6 => Self::Advertising,
            _ => Self::Connected,
        }
    }
}

/// How long a device did what, by what it used its radio for last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// From power-up, or the last use for that, to the next use for a connection.
    pub advertising: Times,
    /// From the first event of a connection to the next advertising.
    pub connected: Times,
}

impl Spent {
    /// The times of a phase, to add to them.
    #[inline]
    pub const fn of_mut(&mut self, phase: Phase) -> &mut Times {
        match phase {
            Phase::Advertising => &mut self.advertising,
            Phase::Connected => &mut self.connected,
        }
    }

    /// All of another's times as well.
    pub fn add_all(&mut self, others: &Self) {
        self.advertising.add_all(&others.advertising);
        self.connected.add_all(&others.connected);
    }

    /// The times of both phases together.
    #[must_use]
    pub fn whole(&self) -> Times {
        let mut whole = self.advertising;
        whole.add_all(&self.connected);
        whole
    }
}

#[cfg(test)]
mod tests;

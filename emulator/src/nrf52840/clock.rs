//! CLOCK, which shares address and interrupt with [`super::power`].
//!
//! Start-up times are the typical ones of the product specification (4413_417 v1.7, 5.4.4).
//! Calibration takes its time, which is an own choice, and changes nothing: the RC oscillator is as
//! good as the crystal. APPROTECT's registers, which revision 3 has here, are kept and do nothing.
//! When a revision with erratum 201 raises HFCLKSTARTED again is an own choice.

use super::peripheral::{Common, MICROSECOND, Moment, Peripheral};
use super::power::Power;
use super::revision::Revision;
use crate::bus::Ticks;

const HFCLK_STARTED: u8 = 0;
const LFCLK_STARTED: u8 = 1;
const CALIBRATED: u8 = 3;
const TIMED_OUT: u8 = 4;
const TIMER_STARTED: u8 = 10;
const TIMER_STOPPED: u8 = 11;

/// The 64 MHz crystal: 360 µs to start, then 256 µs (HFXODEBOUNCE's default) until it is trusted.
const CRYSTAL: Ticks = 360 * MICROSECOND;
const DEBOUNCE_UNIT: Ticks = 16 * MICROSECOND;
/// The 32,768 Hz oscillators by LFCLKSRC: RC, crystal, synthesized from 64 MHz.
const LOW: [Ticks; 3] = [600 * MICROSECOND, 250_000 * MICROSECOND, 100 * MICROSECOND];

/// How long a calibration of the RC oscillator takes.
const CALIBRATION: Ticks = 16_000 * MICROSECOND;
/// What CTIV counts: a quarter of a second.
const INTERVAL_UNIT: Ticks = 250_000 * MICROSECOND;

/// Until HFCLKSTARTED comes again (erratum 201).
const AGAIN: Ticks = 64 * MICROSECOND;

/// The state of one clock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Oscillator {
    Off,
    Starting { until: Ticks },
    Running { since: Ticks },
}

/// What the 64 MHz crystal does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Crystal {
    Off,
    Starts,
    Runs,
}

/// Both clocks, and POWER.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Clock {
    common: Common,
    high: Oscillator,
    low: Oscillator,
    source: u32,
    /// The source that LFCLKSTART took.
    running_source: u32,
    debounce: u32,
    pub(super) power: Power,
    revision: Revision,
    /// When HFCLKSTARTED comes a second time.
    again: Option<Ticks>,
    calibrated_at: Option<Ticks>,
    /// CTIV, and when its timer runs out.
    interval: u32,
    times_out: Option<Ticks>,
    /// FORCEPROTECT and DISABLE of APPROTECT.
    protection: [u32; 2],
}

impl Clock {
    pub(super) fn new(revision: Revision, power: Power) -> Self {
        Self {
            common: Common::default(),
            high: Oscillator::Off,
            low: Oscillator::Off,
            source: 0,
            running_source: 0,
            debounce: 0x10,
            power,
            revision,
            again: None,
            calibrated_at: None,
            interval: 0,
            times_out: None,
            protection: [0; 2],
        }
    }

    /// POWER's comparator looks.
    pub(super) fn compare(&mut self, moment: &mut Moment<'_>) {
        self.power.compare(self.high != Oscillator::Off, moment);
    }

    /// Whether the 64 MHz crystal runs.
    pub(super) const fn crystal(&self) -> Crystal {
        match self.high {
            Oscillator::Off => Crystal::Off,
            Oscillator::Starting { .. } => Crystal::Starts,
            Oscillator::Running { .. } => Crystal::Runs,
        }
    }

    /// Since when the 32,768 Hz clock runs.
    pub(super) fn low_since(&self) -> Option<Ticks> {
        match self.low {
            Oscillator::Running { since } => Some(since),
            _ => None,
        }
    }

    fn start(oscillator: &mut Oscillator, event: u8, takes: Ticks, moment: &mut Moment<'_>) {
        match oscillator {
            Oscillator::Off => *oscillator = Oscillator::Starting { until: moment.now + takes },
            Oscillator::Starting { .. } => {}
            Oscillator::Running { .. } => moment.raise(event),
        }
    }

    fn running(oscillator: Oscillator) -> u32 {
        u32::from(matches!(oscillator, Oscillator::Running { .. }))
    }

    fn asked(oscillator: Oscillator) -> u32 {
        u32::from(oscillator != Oscillator::Off)
    }
}

impl Peripheral for Clock {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    fn task(&mut self, task: u8, moment: &mut Moment<'_>) {
        match task {
            0 => {
                let takes = CRYSTAL + DEBOUNCE_UNIT * Ticks::from(self.debounce);
                Self::start(&mut self.high, HFCLK_STARTED, takes, moment);
            }
            1 => (self.high, self.again) = (Oscillator::Off, None),
            2 => {
                self.running_source = self.source & 3;
                let takes = LOW.get(self.running_source as usize).copied().unwrap_or(LOW[0]);
                Self::start(&mut self.low, LFCLK_STARTED, takes, moment);
            }
            3 => self.low = Oscillator::Off,
            // Against the crystal, which has to run.
            4 if Self::running(self.high) == 1 => {
                self.calibrated_at = Some(moment.now + CALIBRATION);
            }
            5 => {
                let takes = INTERVAL_UNIT * Ticks::from(self.interval.max(1));
                self.times_out = Some(moment.now + takes);
                moment.raise(TIMER_STARTED);
            }
            6 => {
                self.times_out = None;
                moment.raise(TIMER_STOPPED);
            }
            _ => {}
        }
        self.compare(moment);
    }

    fn read(&mut self, offset: u32, _: Ticks) -> Option<u32> {
        Some(match offset {
            0x408 => Self::asked(self.high),
            // The source is the crystal whenever it runs, else the internal oscillator, always on.
            0x40C => 1 << 16 | Self::running(self.high),
            0x414 => Self::asked(self.low),
            0x418 => Self::running(self.low) << 16 | self.running_source,
            0x41C => self.running_source,
            0x518 => self.source,
            0x528 => self.debounce,
            0x538 => self.interval,
            0x550 | 0x558 if self.revision.has(249) => self.protection[offset as usize / 8 % 2],
            _ => return self.power.read(offset),
        })
    }

    fn write(&mut self, offset: u32, value: u32, moment: &mut Moment<'_>) -> bool {
        match offset {
            0x518 => self.source = value,
            0x528 => self.debounce = value & 0xFF,
            0x538 => self.interval = value & 0x7F,
            0x550 | 0x558 if self.revision.has(249) => {
                self.protection[offset as usize / 8 % 2] = value;
            }
            _ if self.power.write(offset, value) => {
                self.power.lose(moment.memory);
                self.compare(moment);
            }
            _ => return false,
        }
        true
    }

    fn next_event(&self) -> Option<Ticks> {
        let due = |oscillator| match oscillator {
            Oscillator::Starting { until } => Some(until),
            _ => None,
        };
        let others = [self.again, self.calibrated_at, self.times_out];
        [due(self.high), due(self.low)].into_iter().chain(others).flatten().min()
    }

    fn due(&mut self, moment: &mut Moment<'_>) {
        for (at, event) in [(&mut self.calibrated_at, CALIBRATED), (&mut self.times_out, TIMED_OUT)]
        {
            if at.take_if(|at| *at <= moment.now).is_some() {
                moment.raise(event);
            }
        }
        if self.again.is_some_and(|at| at <= moment.now) {
            self.again = None;
            moment.raise(HFCLK_STARTED);
        }
        let starts = matches!(self.high, Oscillator::Starting { until } if until <= moment.now);
        if starts && self.revision.has(201) {
            self.again = Some(moment.now + AGAIN);
        }
        for (oscillator, event) in [(&mut self.high, HFCLK_STARTED), (&mut self.low, LFCLK_STARTED)]
        {
            if let Oscillator::Starting { until } = *oscillator
                && until <= moment.now
            {
                *oscillator = Oscillator::Running { since: until };
                moment.raise(event);
            }
        }
    }
}

//! EGU0–5 and the temperature sensor.

use super::peripheral::{Common, MICROSECOND, Moment, Peripheral};
use crate::bus::Ticks;

/// An event generator: each of sixteen tasks raises its event.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(super) struct Egu {
    common: Common,
}

impl Peripheral for Egu {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    fn task(&mut self, task: u8, moment: &mut Moment<'_>) {
        if task < 16 {
            moment.raise(task);
        }
    }

    fn read(&mut self, _: u32, _: Ticks) -> Option<u32> {
        None
    }

    fn write(&mut self, _: u32, _: u32, _: &mut Moment<'_>) -> bool {
        false
    }
}

/// How long a measurement takes.
const MEASUREMENT: Ticks = 36 * MICROSECOND;

/// The registers of TEMP's calibration: A0–A5, B0–B5, T0–T4.
const CALIBRATION: [std::ops::Range<u32>; 3] = [0x520..0x538, 0x540..0x558, 0x560..0x574];

/// Their place, if an offset is one of theirs.
fn calibration(offset: u32) -> Option<usize> {
    let known = CALIBRATION.iter().any(|range| range.contains(&offset));
    known.then(|| (offset - 0x520) as usize / 4)
}

/// TEMP: 25 °C, always, however it is calibrated.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(super) struct Temperature {
    common: Common,
    ready_at: Option<Ticks>,
    /// In quarters of a degree.
    value: u32,
    calibration: [u32; 21],
}

impl Peripheral for Temperature {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    fn task(&mut self, task: u8, moment: &mut Moment<'_>) {
        self.ready_at = (task == 0).then_some(moment.now + MEASUREMENT);
    }

    fn read(&mut self, offset: u32, _: Ticks) -> Option<u32> {
        match calibration(offset) {
            Some(place) => Some(self.calibration[place]),
            None => (offset == 0x508).then_some(self.value),
        }
    }

    fn write(&mut self, offset: u32, value: u32, _: &mut Moment<'_>) -> bool {
        let place = calibration(offset);
        place.map(|place| self.calibration[place] = value).is_some()
    }

    fn next_event(&self) -> Option<Ticks> {
        self.ready_at
    }

    fn due(&mut self, moment: &mut Moment<'_>) {
        self.ready_at = None;
        self.value = 25 * 4;
        moment.raise(0);
    }
}

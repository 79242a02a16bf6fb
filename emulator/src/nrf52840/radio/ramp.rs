//! Ramp-up, and the spacing of TIFS.

use super::super::air::Mode;
use super::super::peripheral::MICROSECOND;
use super::packet::TRANSMITTER;
use super::{Radio, State};
use crate::bus::Ticks;

/// Ramp-up, default and fast (product specification 6.20.15).
const DEFAULT_RAMP_UP: Ticks = 140 * MICROSECOND;
const FAST_RAMP_UP: Ticks = 40 * MICROSECOND;
/// The shortest ramp-up of a transmitter that TIFS starts on LE Coded, as Zephyr's controller
/// measured it (`radio_nrf52840.h`: 119.6 µs for S=8).
const CODED_RAMP_UP: Ticks = 119_600 * MICROSECOND / 1000;

/// By how much an answer on LE Coded comes later than TIFS says (erratum 243, which gives the
/// values of TIFS that make 150 µs): by 6 µs from S=2 to S=2, by 1 from 8 to 8, by 11 from 8 to 2,
/// by −4 from 2 to 8.
const fn inaccuracy(received: Mode, sent: Mode) -> i64 {
    let received = if matches!(received, Mode::CodedS8) { 5 } else { 0 };
    let sent = if matches!(sent, Mode::CodedS8) { -10 } else { 0 };
    (6 + received + sent) * MICROSECOND as i64
}

impl Radio {
    fn fast(&self) -> bool {
        self.configuration & 1 == 1
    }

    /// Begins to switch transmitter or receiver on.
    pub(super) fn ramp_up(&mut self, send: bool, now: Ticks) {
        let takes = if self.fast() { FAST_RAMP_UP } else { DEFAULT_RAMP_UP };
        let mut until = now + takes;
        // TIFS holds only with default ramp-up and both shorts.
        let ended = self.common.shorts & (1 << 1 | 1 << 20) != 0;
        let short = if send { 1 << 2 } else { 1 << 3 };
        let chained = ended && self.common.shorts & short != 0 && !self.fast();
        if let Some((end, mode)) = self.last.filter(|_| chained) {
            let spaced = end + Ticks::from(self.spacing) * MICROSECOND;
            until = if !send {
                until.max(spaced)
            } else if mode.is_coded() && self.air_mode().is_coded() {
                let off = inaccuracy(mode, self.air_mode());
                (now + CODED_RAMP_UP).max(spaced.saturating_add_signed(off) - TRANSMITTER)
            } else {
                until.max(spaced - TRANSMITTER)
            };
        }
        self.state = State::RampingUp { send, until };
    }
}

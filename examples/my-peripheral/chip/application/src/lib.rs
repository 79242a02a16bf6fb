//! The plant on the development kit: what the firmware is for, and where one sees it.
#![no_std]

/// The application of this firmware.
pub use my_peripheral::Plant as App;
use my_peripheral::Pump;

/// The LED of the board, 1–4, that an output switches, and whether it is lit from then on; `None`:
/// it is for none of them, and is logged.
#[must_use]
pub const fn led(pump: &Pump) -> Option<(u8, bool)> {
    Some((4, pump.0))
}

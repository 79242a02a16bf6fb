//! What this firmware is for. Another one has a crate like this in its place:
//! `examples/my-peripheral/chip`.
#![no_std]
#![forbid(unsafe_code)]

/// The application of this firmware.
pub use led_button::LedButton as App;
use led_button::Light;

/// The LED of the board, 1–4, that an output switches, and whether it is lit from then on; `None`:
/// it is for none of them, and is logged.
#[must_use]
pub const fn led(light: &Light) -> Option<(u8, bool)> {
    Some((light.led, light.on))
}

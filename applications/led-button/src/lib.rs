//! The LED Button Service: an LED that a central switches, a button whose state is notified (after
//! lesson 5, exercise 2 of Nordic's "Bluetooth LE fundamentals" course).
//!
//! Writing the LED needs the security level that the device demands: it is what makes a central
//! pair. The other buttons delete all bonds and open pairing mode.
//!
//! ```
//! use ble::{random::Entropy, time::Instant};
//! use firmware_core::config::Config;
//! use firmware_core::peripheral::{Input, Peripheral};
//! use led_button::LedButton;
//!
//! let application = LedButton::default();
//! let mut device: Peripheral<LedButton, 1> =
//!     Peripheral::new(Config::recommended(), application, &Entropy::new([7; 32]));
//! device.handle(Instant::ZERO, Input::Start);
//! assert!(device.pending().is_some(), "its host has work to do");
//! ```
#![no_std]
#![forbid(unsafe_code)]

// A file of its own, because firmware-core's tests use this application, too.
mod application;

pub use application::{
    BUTTON, BUTTON_HANDLE, Edition, LED, LED_HANDLE, LedButton, Light, Press, SECOND_TABLE,
    SERVICE, SecondLedButton, TABLE,
};

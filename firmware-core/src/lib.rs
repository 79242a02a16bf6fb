//! The portable firmware of a Bluetooth LE peripheral: link layer, host and application.
//!
//! Sans-IO: nothing in here reads a clock, draws entropy, touches a radio or allocates. Three
//! values with one owner each do the work, joined by bounded queues:
//!
//! * [`link::Link`] — what the radio interrupt must decide within T_IFS,
//! * [`control::Control`] — the link layer's procedures and the controller side of HCI,
//! * [`host::Host`] — L2CAP, ATT/GATT, SMP, bonds, and the [`application::Application`].
//!
//! [`peripheral::Peripheral`] composes them. The same value runs on a chip and inside the
//! simulator; it does not know which.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

#[cfg(test)]
extern crate std;

// The tests' application is the LED Button itself, which knows this crate by its name.
#[cfg(test)]
extern crate self as firmware_core;
#[cfg(test)]
#[path = "../../applications/led-button/src/application.rs"]
pub mod led_button;

pub mod application;
pub mod config;
pub mod control;
pub mod controller;
pub mod host;
pub mod link;
pub mod peripheral;

//! The portable firmware of a Bluetooth LE peripheral: link layer, host and application.
//!
//! Sans-IO: nothing in here reads a clock, draws entropy, touches a radio or allocates. Three
//! values with one owner each do the work, joined by bounded queues:
//!
//! * [`link::Link`] — what the radio interrupt must decide within T_IFS,
//! * [`control::Control`] — the link layer's procedures and the controller side of HCI,
//! * [`host::Host`] — L2CAP, ATT/GATT, SMP, bonds, and the [`application::Application`].
//!
//! [`peripheral::Peripheral`] composes them, one after the other, for the simulator;
//! [`peripheral::Levels`] are its parts, which interrupt each other on a chip. They do not know
//! which.
//!
//! The application is a separate crate. For a host that speaks HCI, the part below it is:
//!
//! ```
//! use ble::hci::Command;
//! use ble::pdu::control::VersionInd;
//! use ble::radio::RadioCommand;
//! use ble::{random::Entropy, time::Instant};
//! use firmware_core::control::ControlConfig;
//! use firmware_core::controller::{Controller, ControllerOutput};
//! use firmware_core::link::LinkConfig;
//!
//! let link = LinkConfig { sleep_clock_ppm: 50, csa2: true };
//! let control = ControlConfig {
//!     public_address: [0xC0, 0x1D, 0xB0, 0x0B, 0x1E, 0x55],
//!     features: ControlConfig::SUPPORTED,
//!     version: VersionInd { version: 13, company: 0x59, subversion: 1 },
//!     max_tx_octets: 251,
//!     max_tx_time: 2120,
//!     min_used_channels: None,
//!     length_from_default: false,
//!     lapses: Default::default(),
//! };
//! let mut controller: Controller<1> = Controller::new(link, control, &Entropy::new([7; 32]));
//! let now = Instant::from_us(1_000);
//! let _ = controller.command(now, Command::LeSetAdvertisingEnable { enable: true });
//! while controller.poll().is_some() {}
//! // Nothing runs by itself: the controller says when it wants to be woken.
//! let due = controller.deadline().expect("an advertising event");
//! let _ = controller.timer(due);
//! assert!(matches!(
//!     controller.poll(),
//!     Some(ControllerOutput::Radio(RadioCommand::Transmit { .. }))
//! ));
//! ```
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

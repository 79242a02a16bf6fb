//! The vocabulary of Bluetooth LE: the types that both ends of a link, the medium between them and
//! the oracle share.
//!
//! Values and codecs only. Nothing in here has a state that a rule of the specification changes:
//! no procedure, no connection, no host. The peripheral's machine (`firmware-core`), the model of
//! the central (`models`) and the oracle are written apart on top of it, so that a mistake in a
//! rule cannot cancel itself.
//!
//! ```
//! use ble::pdu::control::{ControlPdu, Opcode};
//!
//! // What the peripheral of the founding case sends while the laptop pairs.
//! let pdu = ControlPdu::parse(&[0x16, 0x02, 0x02])?;
//! assert_eq!(pdu.opcode(), Opcode::PHY_REQ);
//! assert_eq!(pdu.encode()[..], [0x16, 0x02, 0x02]);
//! # Ok::<(), ble::pdu::control::ControlError>(())
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

pub mod address;
pub mod armed;
pub mod crc;
pub mod crypto;
pub mod divisor;
pub mod effect;
pub mod error;
pub mod hci;
pub mod invariant;
pub mod link;
pub mod log;
pub mod pdu;
pub mod phy;
pub mod queue;
pub mod radio;
pub mod random;
pub mod schedule;
pub mod secret;
pub mod security;
pub mod text;
pub mod time;
pub mod trace;
pub mod ui;
pub mod work;

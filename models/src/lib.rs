//! Centrals for the simulated air: honest ones, quirky ones, attackers.
//!
//! Written from the rules and not from `firmware-core`: PDU codecs, HCI values and crypto
//! primitives are shared, state machines are not, so that a mistake does not cancel itself.
#![forbid(unsafe_code)]

pub mod attacker;
pub mod central;
pub mod controller;
pub mod host;
pub mod profile;
pub mod raw;
pub mod user;

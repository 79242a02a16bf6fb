//! Centrals for the simulated air: honest ones, quirky ones, attackers.
//!
//! Written from the rules and not from `firmware-core`: PDU codecs, HCI values and crypto
//! primitives are shared, state machines are not, so that a mistake does not cancel itself.
//!
//! ```
//! use bletwin_models::profile::{Profile, catalogue};
//!
//! let mut laptop = Profile::by_name("windows-intel").expect("it is built in");
//! assert!(!laptop.breaks.is_empty(), "it says which rules it breaks");
//! // The same key as in a file, and after `--set central.`.
//! laptop.set("phy-req", "reject-ext:0x1A@pairing")?;
//! assert!(laptop.set("phy-req", "regect").unwrap_err().to_string().contains("reject"));
//! assert!(catalogue::quirks().len() > 20);
//! # Ok::<(), bletwin_schema::Fault>(())
//! ```
#![forbid(unsafe_code)]

pub mod attacker;
pub mod central;
pub mod controller;
pub mod host;
pub mod profile;
pub mod raw;
pub mod user;

//! bletwin: a digital twin for Bluetooth LE peripherals.
//!
//! This crate is the `bletwin` command, and the entry point for tests of your own: [`setup::Setup`]
//! names firmware, central, air and seed; [`stage::Stage`] plays a scenario of the [`catalogue`]
//! with it; [`report`] describes the result in words. [`main_with`] is the command with a
//! peripheral of your own.
//!
//! ```
//! use bletwin::{catalogue, report, setup::Setup, stage::Stage, summary::Verdict};
//!
//! let mut setup = Setup::new("zephyr-2024", "windows-intel", 1)?;
//! setup.set("phy-update=after-bonding")?;
//! let run = Stage::new(catalogue::by_name("pairing")?, &setup).play();
//! assert_eq!(run.summary.outcome, Verdict::Bonded);
//! assert!(run.passed(), "{}", report::failure(&run).unwrap_or_default());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

pub mod commands;
mod debugger;
mod guest;
mod interrupt;
pub mod junit;
pub mod matrix;
mod meeting;
pub mod output;
mod program;
pub mod quirks;

pub use bletwin_explain::{report, why};
pub use bletwin_scenarios::{catalogue, prompt, stage, summary};
pub use bletwin_setup as setup;
pub use commands::main_with;

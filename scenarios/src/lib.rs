//! Scenarios: actions of people and devices, the expected outcome, and the result.
//!
//! [`bletwin_setup::Setup`] says which firmware, which central, which air and which seed;
//! [`stage::Stage`] plays a scenario of the [`catalogue`] with it. What happened is in
//! [`stage::Finished`]; `bletwin-explain` puts it into words, from the record alone.
//!
//! ```
//! use bletwin_scenarios::{catalogue, stage::Stage, summary::Verdict};
//! use bletwin_setup::Setup;
//!
//! let setup = Setup::new("zephyr-2024", "phone", 1)?;
//! let run = Stage::new(catalogue::by_name("pairing")?, &setup).play();
//! assert_eq!(run.summary.outcome, Verdict::Bonded);
//! # Ok::<(), bletwin_setup::error::BadInput>(())
//! ```
#![forbid(unsafe_code)]

pub mod catalogue;
pub mod collision;
pub mod costs;
pub mod guest;
pub mod judgement;
pub mod meeting;
pub mod participant;
pub mod prompt;
pub mod stage;
mod story;
pub mod summary;

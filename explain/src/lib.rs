//! What happened in a run, in words and pictures: the log, the ladder, why it failed, which rules
//! were broken, what the numbers mean, the page that a browser shows. Functions of the record; what
//! somebody else has captured is told by the same machinery from a view ([`captured`]).
//!
//! ```
//! use bletwin_explain::report;
//! use bletwin_scenarios::{catalogue, stage::Stage};
//! use bletwin_setup::Setup;
//!
//! let setup = Setup::new("zephyr-2024", "windows-intel", 1)?;
//! let run = Stage::new(catalogue::by_name("pairing")?, &setup).play();
//! let why = report::why(&run).expect("it failed");
//! assert!(why.contains("LL_PHY_REQ"), "{why}");
//! # Ok::<(), bletwin_setup::error::BadInput>(())
//! ```
#![forbid(unsafe_code)]

pub mod captured;
pub mod codes;
pub mod html;
pub mod report;
pub mod rules;
pub mod why;

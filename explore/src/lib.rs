//! The search for violations: a run as a plain value, campaigns of many runs, and their findings.
//!
//! A run depends on its [`Case`] alone. The firmware under test is whole; the central is a
//! controller of a profile below a host that only starts the procedures of the case. [`run()`]
//! plays one case and judges it.
//!
//! ```
//! use bletwin_explore::{Case, run};
//!
//! let outcome = run(&Case::default())?;
//! assert!(outcome.findings.is_empty(), "an honest central, and nothing that meets");
//! # Ok::<(), bletwin_setup::error::BadInput>(())
//! ```
#![forbid(unsafe_code)]

mod base;
mod beginning;
pub mod campaign;
pub mod case;
pub mod caught;
mod guard;
pub mod known;
mod live;
mod node;
pub mod pairs;
pub mod random;
mod run;
pub mod saved;
mod simpler;
mod watch;

pub use base::Base;
pub use case::Case;
pub use live::Live;
pub use node::{Actor, AskingCentral};
pub use run::{Found, INVARIANT, Outcome, PANIC, Runner, run};
pub use watch::{CENTRAL, PERIPHERAL};

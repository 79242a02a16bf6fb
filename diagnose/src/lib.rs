//! `bletwin diagnose`: finds out why a firmware fails with a central that it knows nothing about,
//! and what to change.
//!
//! The central is an opaque node ([`bench::Unknown`]); runs are the only source of knowledge.
//! [`search`] looks for the smallest changes of the configuration ([`candidates`]) that cure,
//! [`divergence`] finds the first PDU at which the failing and the cured run diverge, [`cause`]
//! proves that it is the cause by removing it alone and putting it back alone ([`suspect`]); if no
//! PDU is the cause, [`turn`] finds what the run depends on. [`timing`] starts the procedure at
//! other moments, [`behaviour`] describes the central's reaction, [`cost`] measures a cure,
//! [`stacks`] says how to make it, and [`user`] tries what a person can do if the firmware cannot
//! help. [`report`] prints the result.
//!
//! ```
//! use bletwin_diagnose::bench::{Bench, Watcher};
//! use bletwin_diagnose::diagnosis::{Question, diagnose};
//! use bletwin_scenarios::catalogue;
//! use bletwin_setup::Setup;
//!
//! let setup = Setup::new("zephyr-2024", "windows-intel", 1)?;
//! let bench = Bench::of(catalogue::by_name("pairing")?, &setup, Watcher::NONE)?;
//! let names = ["my firmware", "that laptop"].map(String::from);
//! let question = Question { names, config: setup.peripheral.clone(), seed: 1, seeds: 1 };
//! let diagnosis = diagnose(bench, &question).expect("nobody interrupts it");
//! assert_eq!(diagnosis.causes.len(), 1, "the automatic LL_PHY_REQ");
//! # Ok::<(), bletwin_setup::error::BadInput>(())
//! ```
#![forbid(unsafe_code)]

pub mod behaviour;
pub mod bench;
pub mod candidates;
pub mod cause;
pub mod cost;
pub mod diagnosis;
pub mod divergence;
pub mod environment;
pub mod outcome;
pub mod report;
pub mod requests;
pub mod search;
pub mod side_by_side;
pub mod stacks;
pub mod suspect;
pub mod timing;
pub mod turn;
pub mod user;

pub use bench::{Bench, Unknown, Watcher};
pub use diagnosis::{Diagnosis, Evidence, Question, diagnose};

//! Scenarios: what people and devices do, what is expected, and what came of it.
//!
//! [`setup::Setup`] says which firmware, which central, which air and which seed;
//! [`stage::Stage`] plays a scenario of the [`catalogue`] with it; [`report`] and [`why`] tell
//! what happened, from the record alone.
#![forbid(unsafe_code)]

pub mod catalogue;
pub mod centrals;
pub mod chip;
pub mod cli;
pub mod codes;
pub mod collision;
pub mod diagnose;
pub mod error;
pub mod explore;
pub mod html;
pub mod judgement;
pub mod junit;
pub mod keys;
pub mod matrix;
pub mod output;
pub mod participant;
pub mod prompt;
pub mod quirks;
pub mod report;
pub mod rules;
pub mod setup;
pub mod stage;
pub mod summary;
pub mod why;

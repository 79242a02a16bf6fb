//! Scenarios: what people and devices do, what is expected, and what came of it.
//!
//! [`bletwin_setup::Setup`] says which firmware, which central, which air and which seed;
//! [`stage::Stage`] plays a scenario of the [`catalogue`] with it. What happened is in
//! [`stage::Finished`]; `bletwin-explain` puts it into words, from the record alone.
#![forbid(unsafe_code)]

pub mod catalogue;
pub mod collision;
pub mod judgement;
pub mod participant;
pub mod prompt;
pub mod stage;
pub mod summary;

//! The simulated world: integer time, a radio medium that carries real bits, per-node clocks,
//! faults, and one causal record of everything that happened.
//!
//! One direction: scenario → world → node → medium → record → report. No callbacks upward, no
//! shared mutability, no async, no global state. The same seed gives the same bytes anywhere.
#![forbid(unsafe_code)]

pub mod antenna;
pub mod clock;
pub mod effects;
pub mod explore;
pub mod hash;
pub mod medium;
pub mod node;
pub mod queue;
pub mod radio;
pub mod random;
pub mod record;
pub mod report;
pub mod sniffer;
mod view;
pub mod world;

pub use view::view;

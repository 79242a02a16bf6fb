//! What the firmware writes into the nRF52840's RADIO, TIMER and RTC registers, as pure functions
//! that run (and are tested) anywhere. Register layouts: nRF52840 Product Specification, chapters
//! RADIO, TIMER, RTC and PPI.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod frame;
pub mod time;

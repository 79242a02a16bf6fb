//! What people and other tools read, each derived from the records alone.

pub mod btsnoop;
pub mod capture;
pub mod degrade;
pub mod json;
pub mod ladder;
pub mod log;
pub mod names;

/// World time as `12.345_678` seconds.
#[must_use]
pub fn seconds(at: ble::time::Instant) -> String {
    let us = at.as_us();
    format!("{}.{:03}_{:03}", us / 1_000_000, us / 1_000 % 1_000, us % 1_000)
}

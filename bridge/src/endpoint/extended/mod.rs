//! Extended advertising, scanning and initiating (Vol 4, Part E, 7.8.52 to 7.8.66).
//!
//! The waist does not carry these commands. Advertising PDUs of its own a set sends through
//! firmware-core's [`AdvertisingSet`](firmware_core::link::extended::AdvertisingSet); a set of
//! legacy PDUs is advertising as the commands of old ask for it, and so is told to the
//! peripheral's half by those. There is one set at a time.

mod advertise;
mod connect;
mod legacy;
pub(super) mod parameters;
mod scan;
mod set;
mod sets;
mod tell;

pub(super) use scan::ExtendedScanning;
pub(super) use sets::Sets;

/// Most octets of a set's advertising data, and of its scan response.
pub(super) const DATA_MAX: usize = 1_650;

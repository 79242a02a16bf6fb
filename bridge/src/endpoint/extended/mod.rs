//! Extended advertising, scanning and initiating (Vol 4, Part E, 7.8.52 to 7.8.66).
//!
//! The waist does not carry these commands. A set sends extended PDUs through firmware-core's
//! [`AdvertisingSet`](firmware_core::link::extended::AdvertisingSet); a set of legacy PDUs is
//! carried out by the peripheral's half, by the legacy commands. There is one set at a time.

mod advertise;
mod connect;
mod events;
mod legacy;
pub(super) mod parameters;
mod scan;
mod set;
mod sets;

pub(super) use scan::ExtendedScanning;
pub(super) use sets::Sets;

/// Most octets of a set's advertising data, and of its scan response.
pub(super) const DATA_MAX: usize = 1_650;

//! The host: L2CAP, ATT/GATT, SMP, bonds and the application, above any controller.

pub mod app;
pub mod att;
pub mod bonds;
pub mod gatt;
pub mod l2cap;
pub mod message;
pub mod smp;

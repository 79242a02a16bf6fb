//! The waist between controller and host, as owned values.
//!
//! Everything a link layer offers and a host asks passes here, on both sides of the air: the
//! peripheral's link layer is usable below any host and its host above any controller, and so is
//! the model central's. Bytes and `bt-hci` types appear only in [`codec`].
//!
//! Two liberties against the wire format, both undone by the codec: a connection event carries
//! the on-air address *and* the identity it was resolved to, and return parameters are values.

pub mod acl;
pub mod codec;
pub mod command;
pub mod event;

pub use acl::{ACL_MAX, Acl, AclBoundary, AclData};
pub use command::{
    AdvertisingParameters, AdvertisingType, Command, ConnectionParameters, CreateConnection,
    FilterPolicy, HciOpcode, ScanParameters,
};
pub use event::{AdvertisingReport, ConnectionComplete, Event, Return, Role, VendorEvent};

/// Connection handle, 0x0000–0x0EFF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(pub u16);

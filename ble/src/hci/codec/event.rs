//! Events (Vol 4, Part E, 5.4.4).

mod encode;
mod parse;
mod returned;

pub use encode::encode_event;
pub use parse::parse_event;

/// Most octets of an event packet: code, length, parameters.
pub const EVENT_PACKET_MAX: usize = 2 + 255;

/// Which of its two forms a connection complete event takes. A host asks for the enhanced one
/// with its LE event mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionEvent {
    /// LE Connection Complete. An identity takes the place of the peer's on-air address.
    Plain,
    /// LE Enhanced Connection Complete, version 1: identity and on-air address.
    Enhanced,
}

//! ACL data packets (Vol 4, Part E, 5.4.2).

use octets::OctetVec;

use super::Handle;

/// Most octets in one ACL packet across this waist: one LL data PDU's worth.
pub const ACL_MAX: usize = 251;

/// What an ACL packet carries: up to [`ACL_MAX`] octets.
pub type AclData = OctetVec<ACL_MAX>;

/// Packet boundary flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AclBoundary {
    /// First fragment of an L2CAP frame, or all of it.
    First,
    /// Later fragment of the L2CAP frame that a first one began.
    Continuing,
}

/// A fragment of an L2CAP frame on its way through the waist.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Acl {
    /// Connection that the fragment belongs to.
    pub handle: Handle,
    /// First or continuing.
    pub boundary: AclBoundary,
    /// Up to [`ACL_MAX`] octets.
    pub data: AclData,
}

//! What the core tells about itself beyond its outputs: for records, ladders and explanations.
//! Nothing in the core depends on whether anybody listens.

use crate::error::{ErrorCode, PeerMisbehaved};
use crate::link::message::LinkId;
use crate::pdu::control::Opcode;
use crate::radio::Tag;

/// A link-layer control procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "named as the specification names them")]
pub enum Procedure {
    ConnectionUpdate,
    ChannelMapUpdate,
    EncryptionStart,
    EncryptionPause,
    FeatureExchange,
    VersionExchange,
    Termination,
    ConnectionParametersRequest,
    LePing,
    DataLengthUpdate,
    PhyUpdate,
    MinUsedChannels,
}

/// Who started a procedure, seen from the device that tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Initiator {
    /// This device.
    Local,
    /// The peer.
    Remote,
}

/// Something worth recording.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Trace {
    /// A PDU was queued for the air. Its transmissions carry the same tag.
    Queued {
        /// On which connection.
        link: LinkId,
        /// Names the PDU.
        tag: Tag,
        /// Opcode, for a control PDU.
        opcode: Option<Opcode>,
    },
    /// A procedure has begun.
    ProcedureStarted {
        /// On which connection.
        link: LinkId,
        /// Which.
        procedure: Procedure,
        /// Whose.
        initiator: Initiator,
    },
    /// A procedure is over.
    ProcedureEnded {
        /// On which connection.
        link: LinkId,
        /// Which.
        procedure: Procedure,
        /// Whose.
        initiator: Initiator,
        /// How.
        outcome: ErrorCode,
    },
    /// The own host sent an ACL packet beyond its credits; it was dropped.
    HostOverrun {
        /// On which connection.
        link: LinkId,
    },
    /// The peer broke a rule.
    Misbehaved {
        /// On which connection, if on one.
        link: Option<LinkId>,
        /// How.
        sin: PeerMisbehaved,
    },
}

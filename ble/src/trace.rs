//! What the core reports about itself beyond its outputs: for records, ladders and explanations.
//! The core behaves the same whether or not these reports are read.

use crate::error::{ErrorCode, PeerMisbehaved};
use crate::invariant::Invariant;
use crate::link::LinkId;
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

impl Procedure {
    /// All there are.
    pub const ALL: [Self; 12] = [
        Self::ConnectionUpdate,
        Self::ChannelMapUpdate,
        Self::EncryptionStart,
        Self::EncryptionPause,
        Self::FeatureExchange,
        Self::VersionExchange,
        Self::Termination,
        Self::ConnectionParametersRequest,
        Self::LePing,
        Self::DataLengthUpdate,
        Self::PhyUpdate,
        Self::MinUsedChannels,
    ];

    /// As the specification calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConnectionUpdate => "Connection Update",
            Self::ChannelMapUpdate => "Channel Map Update",
            Self::EncryptionStart => "Encryption Start",
            Self::EncryptionPause => "Encryption Pause",
            Self::FeatureExchange => "Feature Exchange",
            Self::VersionExchange => "Version Exchange",
            Self::Termination => "ACL Termination",
            Self::ConnectionParametersRequest => "Connection Parameters Request",
            Self::LePing => "LE Ping",
            Self::DataLengthUpdate => "Data Length Update",
            Self::PhyUpdate => "PHY Update",
            Self::MinUsedChannels => "Minimum Number of Used Channels",
        }
    }
}

/// Who started a procedure, as seen from the reporting device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Initiator {
    /// The device whose trace this is.
    Local,
    /// Its peer on the connection.
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
        /// The procedure that has begun.
        procedure: Procedure,
        /// Which end started it.
        initiator: Initiator,
    },
    /// A procedure is over.
    ProcedureEnded {
        /// On which connection.
        link: LinkId,
        /// The procedure that is over.
        procedure: Procedure,
        /// Which end started it.
        initiator: Initiator,
        /// `SUCCESS`, or the error that ended it.
        outcome: ErrorCode,
    },
    /// The local host sent an ACL packet beyond its credits; it was dropped.
    HostOverrun {
        /// On which connection.
        link: LinkId,
    },
    /// The peer broke a rule.
    Misbehaved {
        /// On which connection, if on one.
        link: Option<LinkId>,
        /// The violation that this device has noticed.
        violation: PeerMisbehaved,
    },
    /// This device has a fault: what it takes for granted about itself does not hold.
    Invariant {
        /// What does not hold.
        invariant: Invariant,
        /// How often any invariant of the same level has been broken so far, up to 65,535.
        count: u16,
    },
}

//! What a device has set going and is not over yet: open procedures, requests without an answer,
//! timers. A runner learns from it whether anything can still happen.
//!
//! What recurs for as long as a link lives is not in here: advertising, connection events,
//! supervision, and the ping that keeps the authenticated payload timeout away.

use core::fmt;

use crate::time::Instant;
use crate::trace::Procedure;

/// Something that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// A link-layer procedure of this device, up to its instant.
    Own(Procedure),
    /// One that waits for its turn.
    Deferred(Procedure),
    /// A link-layer procedure of the peer, up to its instant.
    Peers(Procedure),
    /// ACL data that the peer has not acknowledged.
    Data,
    /// HCI commands without an answer.
    Commands,
    /// A pairing, or encryption with a stored key, as the host sees it.
    Security,
    /// An ATT request or indication without an answer.
    Att,
    /// A request of L2CAP without an answer.
    Signalling,
    /// The host will ask for this at a later time.
    Later(&'static str),
    /// Slow work: P-256, or a write to storage.
    Work,
    /// A device looks for a peer, or waits for it to answer.
    Connecting,
    /// A connection is being ended.
    Disconnecting,
    /// A request of the peer is held back.
    HeldRequest,
    /// Something is announced for an instant ahead.
    Instant,
    /// The link layer is about to stop.
    Stopping,
    /// Steps that a user or an application still has to take.
    Steps,
    /// A user is about to act on a device.
    Act,
    /// What a story has in store.
    Story,
}

impl What {
    /// Whether nothing of it is on air or in the devices before its time has come.
    #[must_use]
    pub const fn only_waits(self) -> bool {
        matches!(self, Self::Later(_) | Self::Steps | Self::Act | Self::Story)
    }

    /// All that [`Self::kind`] can be.
    pub const KINDS: [&'static str; 18] = [
        "own-procedure",
        "deferred-procedure",
        "peers-procedure",
        "data",
        "commands",
        "security",
        "att",
        "signalling",
        "later",
        "work",
        "connecting",
        "disconnecting",
        "held-request",
        "instant",
        "stopping",
        "steps",
        "act",
        "story",
    ];

    /// A word for programs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Own(_) => "own-procedure",
            Self::Deferred(_) => "deferred-procedure",
            Self::Peers(_) => "peers-procedure",
            Self::Data => "data",
            Self::Commands => "commands",
            Self::Security => "security",
            Self::Att => "att",
            Self::Signalling => "signalling",
            Self::Later(_) => "later",
            Self::Work => "work",
            Self::Connecting => "connecting",
            Self::Disconnecting => "disconnecting",
            Self::HeldRequest => "held-request",
            Self::Instant => "instant",
            Self::Stopping => "stopping",
            Self::Steps => "steps",
            Self::Act => "act",
            Self::Story => "story",
        }
    }
}

/// What is under way, and until when at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Armed {
    /// What is not over yet: a procedure, a request, slow work, a step to take.
    pub what: What,
    /// When its timer ends it, in the device's own time; `None` without a timer.
    pub until: Option<Instant>,
}

impl Armed {
    /// Without a timer.
    #[must_use]
    pub const fn open(what: What) -> Self {
        Self { what, until: None }
    }

    /// Until then at most.
    #[must_use]
    pub const fn until(what: What, at: Instant) -> Self {
        Self { what, until: Some(at) }
    }
}

/// Receives each item that a device has under way.
pub type Tell<'a> = &'a mut dyn FnMut(Armed);

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(procedure) => f.write_str(procedure.name()),
            Self::Deferred(procedure) => write!(f, "{}, deferred", procedure.name()),
            Self::Peers(procedure) => write!(f, "{} of the peer", procedure.name()),
            Self::Data => f.write_str("data without acknowledgement"),
            Self::Commands => f.write_str("HCI command without answer"),
            Self::Security => f.write_str("pairing or encryption"),
            Self::Att => f.write_str("ATT request without answer"),
            Self::Signalling => f.write_str("L2CAP request without answer"),
            Self::Later(what) => write!(f, "{what}, later"),
            Self::Work => f.write_str("slow work"),
            Self::Connecting => f.write_str("connecting"),
            Self::Disconnecting => f.write_str("disconnecting"),
            Self::HeldRequest => f.write_str("request of the peer held back"),
            Self::Instant => f.write_str("instant ahead"),
            Self::Stopping => f.write_str("link layer about to stop"),
            Self::Steps => f.write_str("steps to be taken"),
            Self::Act => f.write_str("somebody is about to act"),
            Self::Story => f.write_str("the story goes on"),
        }
    }
}

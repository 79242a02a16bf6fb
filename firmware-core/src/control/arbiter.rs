//! Who may start a procedure, who yields, who leaves (Vol 6, Part B, 5.2 and 5.3): one table.
//!
//! Two procedures are *incompatible* when both involve an instant. Code asks [`decide`]; the
//! decisions themselves are there and nowhere else. They are the peripheral's; a central has
//! rows of its own, and `docs/rules/collisions.md` prints both as one table.

use ble::error::ErrorCode;
use ble::trace::Procedure;

use super::procedure::row as procedures;

/// How far the other procedure of a pair has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Situation {
    /// We want to start; nothing that matters is open.
    OwnStart,
    /// We want to start; another own procedure is open.
    OwnStartOwnOpen,
    /// We want to start; the peer's incompatible procedure is open.
    OwnStartPeerIncompatible,
    /// We want to start; encryption is being started or paused.
    OwnStartEncrypting,
    /// We want to start; the connection is being terminated.
    OwnStartTerminating,
    /// The peer starts; nothing incompatible is open.
    PeerStart,
    /// The peer starts the procedure that we have asked for; it has not answered us yet.
    PeerStartSameUnanswered,
    /// The peer starts an incompatible procedure; it has not answered our own yet.
    PeerStartOtherUnanswered,
    /// The peer starts the procedure that we started, after answering it and before its end.
    PeerStartSameAnswered,
    /// The peer starts an incompatible procedure, after answering our own and before its end.
    PeerStartOtherAnswered,
    /// The peer starts its own procedure again before its end.
    PeerStartSameTwice,
    /// The peer starts an incompatible procedure before the end of its own other one.
    PeerStartOtherTwice,
}

impl Situation {
    /// The situation in words, as `docs/rules/collisions.md` prints it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::OwnStart => "own start, nothing in the way",
            Self::OwnStartOwnOpen => "own start, another own procedure is open",
            Self::OwnStartPeerIncompatible => "own start, the peer's incompatible one is open",
            Self::OwnStartEncrypting => "own start while encryption starts or pauses",
            Self::OwnStartTerminating => "own start while the connection is terminated",
            Self::PeerStart => "the peer starts, nothing incompatible is open",
            Self::PeerStartSameUnanswered => "the peer starts what we have asked it for",
            Self::PeerStartOtherUnanswered => {
                "the peer starts an incompatible one, our request is unanswered"
            }
            Self::PeerStartSameAnswered => {
                "the peer has answered our request, and starts the same before the instant"
            }
            Self::PeerStartOtherAnswered => {
                "the peer has answered our request, and starts another one before the instant"
            }
            Self::PeerStartSameTwice => "the peer starts its own procedure again before its end",
            Self::PeerStartOtherTwice => {
                "the peer starts an incompatible one before the end of its own other"
            }
        }
    }
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Start, or serve the peer's procedure.
    Proceed,
    /// Start later: when the obstacle is gone.
    Wait,
    /// Serve the peer's procedure; the own one only waits for its rejection.
    Yield,
    /// Leave the connection at once with the row's error.
    Disconnect,
}

/// What this device does in one situation, and the rule that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decision {
    /// Names the rule in documents, tests and findings.
    pub rule: &'static str,
    /// The situation in which it applies.
    pub situation: Situation,
    /// What to do.
    pub verdict: Verdict,
    /// With which error: the reason of the disconnection, or what a rejection of the procedure
    /// that has yielded is expected to say. Success where the verdict has none.
    pub error: ErrorCode,
}

const fn row(
    rule: &'static str,
    situation: Situation,
    verdict: Verdict,
    error: ErrorCode,
) -> Decision {
    Decision { rule, situation, verdict, error }
}

const NONE: ErrorCode = ErrorCode::SUCCESS;
const SAME: ErrorCode = ErrorCode::LL_PROCEDURE_COLLISION;
const OTHER: ErrorCode = ErrorCode::DIFFERENT_TRANSACTION_COLLISION;

/// Looks the decision up. The ids that are missing here are the central's.
#[must_use]
pub const fn decide(situation: Situation) -> Decision {
    use Verdict::{Disconnect, Proceed, Wait, Yield};
    match situation {
        Situation::OwnStart => row("LL-ARB-1", situation, Proceed, NONE),
        Situation::OwnStartOwnOpen => row("LL-ARB-2", situation, Wait, NONE),
        Situation::OwnStartPeerIncompatible => row("LL-ARB-3", situation, Wait, NONE),
        Situation::OwnStartEncrypting => row("LL-ARB-4", situation, Wait, NONE),
        Situation::OwnStartTerminating => row("LL-ARB-5", situation, Wait, NONE),
        Situation::PeerStart => row("LL-ARB-6", situation, Proceed, NONE),
        Situation::PeerStartSameUnanswered => row("LL-ARB-7", situation, Yield, SAME),
        Situation::PeerStartOtherUnanswered => row("LL-ARB-8", situation, Yield, OTHER),
        Situation::PeerStartSameAnswered => row("LL-ARB-11", situation, Disconnect, SAME),
        Situation::PeerStartOtherAnswered => row("LL-ARB-12", situation, Disconnect, OTHER),
        Situation::PeerStartSameTwice => row("LL-ARB-13", situation, Disconnect, SAME),
        Situation::PeerStartOtherTwice => row("LL-ARB-14", situation, Disconnect, OTHER),
    }
}

/// All decisions of a peripheral, one a situation, for who prints or tests them.
pub const TABLE: [Decision; 12] = [
    decide(Situation::OwnStart),
    decide(Situation::OwnStartOwnOpen),
    decide(Situation::OwnStartPeerIncompatible),
    decide(Situation::OwnStartEncrypting),
    decide(Situation::OwnStartTerminating),
    decide(Situation::PeerStart),
    decide(Situation::PeerStartSameUnanswered),
    decide(Situation::PeerStartOtherUnanswered),
    decide(Situation::PeerStartSameAnswered),
    decide(Situation::PeerStartOtherAnswered),
    decide(Situation::PeerStartSameTwice),
    decide(Situation::PeerStartOtherTwice),
];

/// Whether a procedure involves an instant.
#[must_use]
pub const fn has_instant(procedure: Procedure) -> bool {
    procedures(procedure).has_instant
}

/// Whether two procedures must not overlap.
#[must_use]
pub const fn incompatible(a: Procedure, b: Procedure) -> bool {
    // LL-COLL-5: incompatible procedures.
    has_instant(a) && has_instant(b)
}

/// Whether a procedure that meets an open one counts as the same: a connection parameters request
/// that meets a connection update does, and not the other way round.
#[must_use]
pub fn same(open: Procedure, starting: Procedure) -> bool {
    // LL-COLL-6: same procedures.
    open == starting
        || matches!(
            (open, starting),
            (Procedure::ConnectionUpdate, Procedure::ConnectionParametersRequest)
        )
}

/// The situation in which a peer starts `starting`. `own` is our open procedure and whether the
/// peer has answered it; `peers` is an open procedure of the peer.
#[must_use]
pub fn peer_starts(
    starting: Procedure,
    own: Option<(Procedure, bool)>,
    peers: Option<Procedure>,
) -> Situation {
    if let Some(open) = peers
        && incompatible(open, starting)
    {
        return if same(open, starting) {
            Situation::PeerStartSameTwice
        } else {
            Situation::PeerStartOtherTwice
        };
    }
    match own {
        Some((open, answered)) if incompatible(open, starting) => {
            // As long as it has not answered, its own procedure is the open one in its eyes, and it
            // is the peer who chooses the error.
            let alike = if answered { same(open, starting) } else { same(starting, open) };
            match (alike, answered) {
                (true, false) => Situation::PeerStartSameUnanswered,
                (false, false) => Situation::PeerStartOtherUnanswered,
                (true, true) => Situation::PeerStartSameAnswered,
                (false, true) => Situation::PeerStartOtherAnswered,
            }
        }
        _ => Situation::PeerStart,
    }
}

/// What stands in the way of an own procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Obstacles {
    /// The connection is being terminated.
    pub terminating: bool,
    /// Encryption is being started or paused.
    pub encrypting: bool,
    /// Another own procedure is open.
    pub own_open: bool,
    /// An open procedure of the peer.
    pub peers: Option<Procedure>,
}

/// The situation in which we want to start `starting`.
#[must_use]
pub fn own_starts(starting: Procedure, obstacles: Obstacles) -> Situation {
    if obstacles.terminating {
        Situation::OwnStartTerminating
    } else if obstacles.encrypting {
        Situation::OwnStartEncrypting
    } else if obstacles.own_open {
        Situation::OwnStartOwnOpen
    } else if obstacles.peers.is_some_and(|open| incompatible(open, starting)) {
        // LL-COLL-1: no incompatible procedure after an answer.
        Situation::OwnStartPeerIncompatible
    } else {
        Situation::OwnStart
    }
}

//! Who may start a procedure, who yields, who disconnects (Vol 6, Part B, 5.2 and 5.3): one table.
//!
//! Two procedures are *incompatible* when both involve an instant. [`decide`] is the only place
//! that decides. The decisions are those of a peripheral; a central has its own rows, and
//! `docs/rules/collisions.md` prints both as one table.

use ble::error::ErrorCode;
use ble::trace::Procedure;

use super::procedure::row as procedures;

/// The state of the other procedure of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Situation {
    /// This device wants to start; nothing that matters is open.
    LocalStart,
    /// This device wants to start; another local procedure is open.
    LocalStartLocalOpen,
    /// This device wants to start; an incompatible remote procedure is open.
    LocalStartRemoteOpen,
    /// This device wants to start; encryption is being started or paused.
    LocalStartEncrypting,
    /// This device wants to start; the connection is being terminated.
    LocalStartTerminating,
    /// The peer starts; nothing incompatible is open.
    RemoteStart,
    /// The peer starts the procedure that this device has asked for, and has not answered it yet.
    RemoteStartSameUnanswered,
    /// The peer starts an incompatible procedure, and has not answered the local one yet.
    RemoteStartOtherUnanswered,
    /// The peer starts the local procedure after answering it and before its end.
    RemoteStartSameAnswered,
    /// The peer starts an incompatible procedure after answering the local one, before its end.
    RemoteStartOtherAnswered,
    /// The peer starts its own procedure again before its end.
    RemoteStartSameTwice,
    /// The peer starts an incompatible procedure before the end of its own other one.
    RemoteStartOtherTwice,
}

impl Situation {
    /// The situation in words, as `docs/rules/collisions.md` prints it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::LocalStart => "own start, nothing in the way",
            Self::LocalStartLocalOpen => "own start, another own procedure is open",
            Self::LocalStartRemoteOpen => "own start, the peer's incompatible one is open",
            Self::LocalStartEncrypting => "own start while encryption starts or pauses",
            Self::LocalStartTerminating => "own start while the connection is terminated",
            Self::RemoteStart => "the peer starts, nothing incompatible is open",
            Self::RemoteStartSameUnanswered => "the peer starts what we have asked it for",
            Self::RemoteStartOtherUnanswered => {
                "the peer starts an incompatible one, our request is unanswered"
            }
            Self::RemoteStartSameAnswered => {
                "the peer has answered our request, and starts the same before the instant"
            }
            Self::RemoteStartOtherAnswered => {
                "the peer has answered our request, and starts another one before the instant"
            }
            Self::RemoteStartSameTwice => "the peer starts its own procedure again before its end",
            Self::RemoteStartOtherTwice => {
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
    /// Start later: when the obstacle is over.
    Wait,
    /// Serve the remote procedure; the local one only waits for its rejection.
    Yield,
    /// Disconnect immediately with the row's error.
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
    /// The reason of the disconnection, or the error expected in the rejection of the procedure
    /// that yields. Success if the verdict has none.
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
        Situation::LocalStart => row("LL-ARB-1", situation, Proceed, NONE),
        Situation::LocalStartLocalOpen => row("LL-ARB-2", situation, Wait, NONE),
        Situation::LocalStartRemoteOpen => row("LL-ARB-3", situation, Wait, NONE),
        Situation::LocalStartEncrypting => row("LL-ARB-4", situation, Wait, NONE),
        Situation::LocalStartTerminating => row("LL-ARB-5", situation, Wait, NONE),
        Situation::RemoteStart => row("LL-ARB-6", situation, Proceed, NONE),
        Situation::RemoteStartSameUnanswered => row("LL-ARB-7", situation, Yield, SAME),
        Situation::RemoteStartOtherUnanswered => row("LL-ARB-8", situation, Yield, OTHER),
        Situation::RemoteStartSameAnswered => row("LL-ARB-11", situation, Disconnect, SAME),
        Situation::RemoteStartOtherAnswered => row("LL-ARB-12", situation, Disconnect, OTHER),
        Situation::RemoteStartSameTwice => row("LL-ARB-13", situation, Disconnect, SAME),
        Situation::RemoteStartOtherTwice => row("LL-ARB-14", situation, Disconnect, OTHER),
    }
}

/// All decisions of a peripheral, one per situation, for documents and tests.
pub const TABLE: [Decision; 12] = [
    decide(Situation::LocalStart),
    decide(Situation::LocalStartLocalOpen),
    decide(Situation::LocalStartRemoteOpen),
    decide(Situation::LocalStartEncrypting),
    decide(Situation::LocalStartTerminating),
    decide(Situation::RemoteStart),
    decide(Situation::RemoteStartSameUnanswered),
    decide(Situation::RemoteStartOtherUnanswered),
    decide(Situation::RemoteStartSameAnswered),
    decide(Situation::RemoteStartOtherAnswered),
    decide(Situation::RemoteStartSameTwice),
    decide(Situation::RemoteStartOtherTwice),
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

/// The situation in which a peer starts `starting`. `own` is the open local procedure and whether
/// the peer has answered it; `peers` is an open procedure of the peer.
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
            Situation::RemoteStartSameTwice
        } else {
            Situation::RemoteStartOtherTwice
        };
    }
    match own {
        Some((open, answered)) if incompatible(open, starting) => {
            // Until the peer has answered, its own procedure is the open one in its view, and the
            // peer chooses the error.
            let alike = if answered { same(open, starting) } else { same(starting, open) };
            match (alike, answered) {
                (true, false) => Situation::RemoteStartSameUnanswered,
                (false, false) => Situation::RemoteStartOtherUnanswered,
                (true, true) => Situation::RemoteStartSameAnswered,
                (false, true) => Situation::RemoteStartOtherAnswered,
            }
        }
        _ => Situation::RemoteStart,
    }
}

/// What prevents a local procedure from starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Obstacles {
    /// The connection is being terminated.
    pub terminating: bool,
    /// Encryption is being started or paused.
    pub encrypting: bool,
    /// Another local procedure is open.
    pub own_open: bool,
    /// An open procedure of the peer.
    pub peers: Option<Procedure>,
}

/// The situation in which we want to start `starting`.
#[must_use]
pub fn own_starts(starting: Procedure, obstacles: Obstacles) -> Situation {
    if obstacles.terminating {
        Situation::LocalStartTerminating
    } else if obstacles.encrypting {
        Situation::LocalStartEncrypting
    } else if obstacles.own_open {
        Situation::LocalStartLocalOpen
    } else if obstacles.peers.is_some_and(|open| incompatible(open, starting)) {
        // LL-COLL-1: no incompatible procedure after an answer.
        Situation::LocalStartRemoteOpen
    } else {
        Situation::LocalStart
    }
}

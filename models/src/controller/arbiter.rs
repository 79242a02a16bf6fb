//! The decisions of a central when procedures collide (Vol 6, Part B, 5.3): its half of the table
//! that `docs/rules/collisions.md` prints, written independently of the peripheral's.

use ble::error::ErrorCode;
use ble::trace::Procedure;

/// How procedures meet. The names are those of the peripheral's table; what follows is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Situation {
    /// The central starts a procedure; nothing is in the way.
    LocalStart,
    /// It starts one while another local procedure is open; encryption start and pause are such.
    LocalStartLocalOpen,
    /// It starts one with an instant while a remote procedure with an instant is open.
    LocalStartRemoteOpen,
    /// It starts one after LL_TERMINATE_IND was queued or sent.
    LocalStartTerminating,
    /// The peripheral starts a procedure, and nothing forbids it.
    RemoteStart,
    /// The peripheral starts the local procedure that is open, in which it has said nothing yet.
    RemoteStartSameUnanswered,
    /// The same, with another procedure that has an instant.
    RemoteStartOtherUnanswered,
    /// The peripheral starts the local procedure that is open, in which it has taken part.
    RemoteStartSameAnswered,
    /// The same, with another procedure that has an instant.
    RemoteStartOtherAnswered,
    /// The peripheral starts its own procedure again before its end.
    RemoteStartSameTwice,
    /// The same, with another procedure that has an instant.
    RemoteStartOtherTwice,
}

impl Situation {
    /// The situation in a phrase, as `docs/rules/collisions.md` prints it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::LocalStart => "own start, nothing in the way",
            Self::LocalStartLocalOpen => "own start, another own procedure is open",
            Self::LocalStartRemoteOpen => "own start, the peer's incompatible one is open",
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

/// The action of the central.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Starts, or serves the request.
    Proceed,
    /// Starts later, when nothing is in the way any more.
    Wait,
    /// Rejects with the row's error and continues.
    Reject,
    /// Disconnects immediately with the row's error.
    Disconnect,
}

/// The decision of a central in one situation, and its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decision {
    /// Names the rule.
    pub rule: &'static str,
    /// The situation in which the row applies.
    pub situation: Situation,
    /// The action to take.
    pub verdict: Verdict,
    /// With which error, where the verdict has one.
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

/// Looks the decision up. The ids that are missing here are the peripheral's.
#[must_use]
pub const fn decide(situation: Situation) -> Decision {
    use Verdict::{Disconnect, Proceed, Reject, Wait};
    match situation {
        Situation::LocalStart => row("LL-ARB-1", situation, Proceed, NONE),
        Situation::LocalStartLocalOpen => row("LL-ARB-2", situation, Wait, NONE),
        Situation::LocalStartRemoteOpen => row("LL-ARB-3", situation, Wait, NONE),
        Situation::LocalStartTerminating => row("LL-ARB-5", situation, Wait, NONE),
        Situation::RemoteStart => row("LL-ARB-6", situation, Proceed, NONE),
        Situation::RemoteStartSameUnanswered => row("LL-ARB-9", situation, Reject, SAME),
        Situation::RemoteStartOtherUnanswered => row("LL-ARB-10", situation, Reject, OTHER),
        Situation::RemoteStartSameAnswered => row("LL-ARB-11", situation, Disconnect, SAME),
        Situation::RemoteStartOtherAnswered => row("LL-ARB-12", situation, Disconnect, OTHER),
        Situation::RemoteStartSameTwice => row("LL-ARB-15", situation, Reject, SAME),
        Situation::RemoteStartOtherTwice => row("LL-ARB-16", situation, Reject, OTHER),
    }
}

/// All decisions of a central, one per situation, for documents and tests.
pub const TABLE: [Decision; 11] = [
    decide(Situation::LocalStart),
    decide(Situation::LocalStartLocalOpen),
    decide(Situation::LocalStartRemoteOpen),
    decide(Situation::LocalStartTerminating),
    decide(Situation::RemoteStart),
    decide(Situation::RemoteStartSameUnanswered),
    decide(Situation::RemoteStartOtherUnanswered),
    decide(Situation::RemoteStartSameAnswered),
    decide(Situation::RemoteStartOtherAnswered),
    decide(Situation::RemoteStartSameTwice),
    decide(Situation::RemoteStartOtherTwice),
];

/// Whether a procedure has an instant: two such ones are incompatible.
const fn has_instant(procedure: Procedure) -> bool {
    super::procedure::row(procedure).has_instant
}

/// What prevents a local procedure from starting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Obstacles {
    /// LL_TERMINATE_IND is queued or sent.
    pub terminating: bool,
    /// A local procedure is open.
    pub own: bool,
    /// A procedure of the peripheral with an instant is open, or an instant lies ahead.
    pub instant: bool,
}

/// The situation of a local procedure, given these obstacles.
#[must_use]
pub const fn own_starts(procedure: Procedure, obstacles: Obstacles) -> Situation {
    if obstacles.terminating {
        Situation::LocalStartTerminating
    } else if obstacles.own {
        Situation::LocalStartLocalOpen
    } else if obstacles.instant && has_instant(procedure) {
        // LL-COLL-1: no incompatible procedure after an answer.
        Situation::LocalStartRemoteOpen
    } else {
        Situation::LocalStart
    }
}

/// The situation of a request of the peripheral, given the local procedure (and whether the
/// peripheral has answered it) and an open procedure of the peripheral.
#[must_use]
pub fn peripheral_starts(
    procedure: Procedure,
    own: Option<(Procedure, bool)>,
    remote: Option<Procedure>,
) -> Situation {
    // LL-COLL-5: incompatible procedures.
    if !has_instant(procedure) {
        return Situation::RemoteStart;
    }
    match (own.filter(|(own, _)| has_instant(*own)), remote) {
        (Some((own, false)), _) if same(own, procedure) => Situation::RemoteStartSameUnanswered,
        (Some((_, false)), _) => Situation::RemoteStartOtherUnanswered,
        (Some((own, true)), _) if same(own, procedure) => Situation::RemoteStartSameAnswered,
        (Some((_, true)), _) => Situation::RemoteStartOtherAnswered,
        (None, Some(remote)) if same(remote, procedure) => Situation::RemoteStartSameTwice,
        (None, Some(_)) => Situation::RemoteStartOtherTwice,
        (None, None) => Situation::RemoteStart,
    }
}

/// Changing the parameters counts as the same procedure in both its forms.
pub(super) fn same(a: Procedure, b: Procedure) -> bool {
    // LL-COLL-6: same procedures. That a request counts as the update and not the other way round
    // makes no difference to a central: a peripheral never starts a connection update.
    let form = |p| match p {
        Procedure::ConnectionUpdate => Procedure::ConnectionParametersRequest,
        other => other,
    };
    form(a) == form(b)
}

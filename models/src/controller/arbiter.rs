//! What a central decides when procedures meet (Vol 6, Part B, 5.3): its half of the table that
//! `docs/rules/collisions.md` prints, written apart from the peripheral's.

use ble::error::ErrorCode;
use ble::trace::Procedure;

/// How procedures meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Situation {
    /// Nothing is in the way of an own procedure.
    Free,
    /// Another own procedure is open; encryption start and pause are such.
    OwnOpen,
    /// A procedure of the peripheral with an instant is open, and the own one has one too.
    RemoteOpen,
    /// LL_TERMINATE_IND is queued or sent.
    Terminating,
    /// The peripheral starts, and nothing forbids it.
    Request,
    /// It starts what is open as an own procedure in which it has said nothing yet.
    RequestSameCrosses,
    /// The same, with another procedure that has an instant.
    RequestOtherCrosses,
    /// It starts what is open as an own procedure in which it has taken part.
    RequestSameBeforeInstant,
    /// The same, with another procedure that has an instant.
    RequestOtherBeforeInstant,
    /// It starts again what it has started before and is not over.
    RequestSameTwice,
    /// The same, with another procedure that has an instant.
    RequestOtherTwice,
}

impl Situation {
    /// The situation in a phrase, as `docs/rules/collisions.md` prints it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Free => "own start, nothing in the way",
            Self::OwnOpen => "own start, another own procedure is open",
            Self::RemoteOpen => "own start, the peer's incompatible one is open",
            Self::Terminating => "own start while the connection is terminated",
            Self::Request => "the peer starts, nothing incompatible is open",
            Self::RequestSameCrosses => "the peer starts what we have asked it for",
            Self::RequestOtherCrosses => {
                "the peer starts an incompatible one, our request is unanswered"
            }
            Self::RequestSameBeforeInstant => {
                "the peer has answered our request, and starts the same before the instant"
            }
            Self::RequestOtherBeforeInstant => {
                "the peer has answered our request, and starts another one before the instant"
            }
            Self::RequestSameTwice => "the peer starts its own procedure again before its end",
            Self::RequestOtherTwice => {
                "the peer starts an incompatible one before the end of its own other"
            }
        }
    }
}

/// What the central does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Starts, or serves the request.
    Proceed,
    /// Starts later, when nothing is in the way any more.
    Wait,
    /// Rejects with the row's error and goes on.
    Reject,
    /// Leaves at once with the row's error.
    Disconnect,
}

/// What a central decides in one situation, and by which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decision {
    /// Names the rule.
    pub rule: &'static str,
    /// The situation in which the row applies.
    pub situation: Situation,
    /// What is done.
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

/// All decisions of a central, one a situation.
pub const TABLE: &[Decision] = &[
    row("LL-ARB-1", Situation::Free, Verdict::Proceed, NONE),
    row("LL-ARB-2", Situation::OwnOpen, Verdict::Wait, NONE),
    row("LL-ARB-3", Situation::RemoteOpen, Verdict::Wait, NONE),
    row("LL-ARB-5", Situation::Terminating, Verdict::Wait, NONE),
    row("LL-ARB-6", Situation::Request, Verdict::Proceed, NONE),
    row("LL-ARB-9", Situation::RequestSameCrosses, Verdict::Reject, SAME),
    row("LL-ARB-10", Situation::RequestOtherCrosses, Verdict::Reject, OTHER),
    row("LL-ARB-11", Situation::RequestSameBeforeInstant, Verdict::Disconnect, SAME),
    row("LL-ARB-12", Situation::RequestOtherBeforeInstant, Verdict::Disconnect, OTHER),
    row("LL-ARB-15", Situation::RequestSameTwice, Verdict::Reject, SAME),
    row("LL-ARB-16", Situation::RequestOtherTwice, Verdict::Reject, OTHER),
];

/// Looks the decision up.
#[must_use]
pub fn decide(situation: Situation) -> Decision {
    // Every situation has a row, as a test sees to.
    TABLE
        .iter()
        .find(|row| row.situation == situation)
        .copied()
        .unwrap_or_else(|| row("no rule", situation, Verdict::Disconnect, ErrorCode::UNSPECIFIED))
}

/// Whether a procedure has an instant: two such ones are incompatible.
const fn has_instant(procedure: Procedure) -> bool {
    super::procedure::row(procedure).has_instant
}

/// What stands in the way of an own procedure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Obstacles {
    /// LL_TERMINATE_IND is queued or sent.
    pub terminating: bool,
    /// An own procedure is open.
    pub own: bool,
    /// A procedure of the peripheral with an instant is open, or an instant lies ahead.
    pub instant: bool,
}

/// How an own procedure meets what is under way.
#[must_use]
pub const fn own_starts(procedure: Procedure, obstacles: Obstacles) -> Situation {
    if obstacles.terminating {
        Situation::Terminating
    } else if obstacles.own {
        Situation::OwnOpen
    } else if obstacles.instant && has_instant(procedure) {
        // LL-COLL-1: no incompatible procedure after an answer.
        Situation::RemoteOpen
    } else {
        Situation::Free
    }
}

/// How a request of the peripheral meets the own procedure, with whether the peripheral has taken
/// part in it, and a procedure of its own that is not over.
#[must_use]
pub fn peripheral_starts(
    procedure: Procedure,
    own: Option<(Procedure, bool)>,
    remote: Option<Procedure>,
) -> Situation {
    // LL-COLL-5: incompatible procedures.
    if !has_instant(procedure) {
        return Situation::Request;
    }
    match (own.filter(|(own, _)| has_instant(*own)), remote) {
        (Some((own, false)), _) if same(own, procedure) => Situation::RequestSameCrosses,
        (Some((_, false)), _) => Situation::RequestOtherCrosses,
        (Some((own, true)), _) if same(own, procedure) => Situation::RequestSameBeforeInstant,
        (Some((_, true)), _) => Situation::RequestOtherBeforeInstant,
        (None, Some(remote)) if same(remote, procedure) => Situation::RequestSameTwice,
        (None, Some(_)) => Situation::RequestOtherTwice,
        (None, None) => Situation::Request,
    }
}

/// Changing the parameters counts as the same procedure in both its forms.
pub(super) fn same(a: Procedure, b: Procedure) -> bool {
    // LL-COLL-6: same procedures.
    let form = |p| match p {
        Procedure::ConnectionUpdate => Procedure::ConnectionParametersRequest,
        other => other,
    };
    form(a) == form(b)
}

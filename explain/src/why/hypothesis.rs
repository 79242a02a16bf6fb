//! What may have been the cause of a failure, with what speaks for it and against it.

use serde::Serialize;

use super::seen::Sighting;

/// What kind of cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// One side is bonded, and the other has no key for it.
    KeyMissing,
    /// Both have a key, and not the same.
    KeysDiffer,
    /// A packet did not decrypt while encryption ran.
    MicFailure,
    /// Encryption was asked for and did not start in time.
    EncryptionLate,
    /// An instant was received when it had passed.
    InstantPassed,
    /// A procedure was started or granted before the instant of another.
    Collision,
    /// From an instant on the two did not hear each other.
    SwitchMissed,
    /// A refusal was not taken for the end of a procedure.
    RefusalNotUnderstood,
    /// A request got no answer, and the link was given up for that.
    Unanswered,
    /// One side said nothing more after a request, or after a refusal.
    Stalled,
    /// Packets in a row were not received until the supervision timeout had run out.
    Loss,
    /// A side did not get the connection parameters that it insisted on, and left for that.
    ParametersNotGranted,
    /// The peripheral left for LL Control PDUs that it does not know.
    UnknownPdu,
    /// One side ended pairing.
    PairingFailed,
    /// Pairing came to a halt, and its timeout ran out.
    PairingStuck,
    /// Pairing went well, and a side had said that it keeps no bond.
    NoBond,
    /// A person was asked, and cancelled.
    PersonCancelled,
    /// A person was asked, and did nothing.
    PersonIdle,
    /// An attribute was refused at a handle that comes from an earlier connection.
    StaleHandles,
    /// An attribute was refused for want of security, and no pairing followed.
    AttributeRefused,
    /// An ATT request got no answer in 30 s, or too late.
    AttributeUnanswered,
    /// Nothing that was asked for demands security.
    NothingProtected,
    /// A CONNECT_IND was not taken.
    ConnectNotTaken,
    /// Nobody connected, or nobody came back.
    NobodyConnected,
    /// A host left, and the evidence does not say why.
    HostLeft,
    /// A side fell silent, and the evidence does not say why.
    Silent,
}

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The end itself names it: an error code, a timer that ran out, packets that were not
    /// received.
    Shown,
    /// Order and time point to it.
    Likely,
    /// It is not excluded.
    Possible,
    /// The evidence tells what happened, and not why.
    Undecided,
}

/// What may have been the cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hypothesis {
    /// What kind of cause it is.
    pub cause: Cause,
    /// How sure it is that this was the cause.
    pub confidence: Confidence,
    /// What was seen of the exchange that it turns on; `None`: it turns on no PDU, or nobody has
    /// looked yet.
    pub seen: Option<Sighting>,
    /// Indices of the PDUs that it turns on, in the order on air.
    pub places: Vec<usize>,
    /// What happened, in sentences.
    pub text: String,
    /// What speaks against it.
    pub doubt: Option<String>,
    /// The one further piece of evidence that would decide, as the subject of a sentence; `None`:
    /// it is shown.
    pub would_decide: Option<String>,
}

impl Hypothesis {
    /// One for which nothing more is to be said.
    #[must_use]
    pub fn new(
        cause: Cause,
        confidence: Confidence,
        places: impl IntoIterator<Item = usize>,
        text: impl Into<String>,
    ) -> Self {
        let mut places: Vec<usize> = places.into_iter().collect();
        places.sort_unstable();
        places.dedup();
        Self {
            cause,
            confidence,
            seen: None,
            places,
            text: text.into(),
            doubt: None,
            would_decide: None,
        }
    }

    /// How sure it is that this was the cause, in a sentence; `None`: its explanation says that
    /// this is not decided.
    pub(crate) fn sure(&self) -> Option<String> {
        match (self.confidence, &self.doubt) {
            (Confidence::Shown, _) => Some("That it was the cause is shown.".into()),
            (Confidence::Likely, Some(doubt)) => {
                Some(format!("That it was the cause is likely: {doubt}."))
            }
            (Confidence::Likely, None) => {
                Some("That it was the cause is likely: another reason is not excluded.".into())
            }
            (Confidence::Possible | Confidence::Undecided, _) => None,
        }
    }

    /// The same, behind one that fits better.
    #[must_use]
    pub fn merely_possible(self) -> Self {
        Self { confidence: Confidence::Possible, ..self }
    }

    /// The same, with what speaks against it.
    #[must_use]
    pub fn but(self, doubt: impl Into<String>) -> Self {
        Self { doubt: Some(doubt.into()), ..self }
    }
}

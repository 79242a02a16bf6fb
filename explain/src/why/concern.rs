//! What went wrong in a connection that somebody else has captured, where no scenario says what
//! was to come of it.

use ble::error::ErrorCode;
use ble::pdu::control::ControlPdu;

use super::account::Account;
use super::air::What;
use super::answer::Why;
use super::ending::How;
use super::hypothesis::{Cause, Hypothesis};

/// What went wrong, as far as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concern {
    /// The two lost each other, or one left without a word.
    Lost,
    /// One side left for this reason, which is no user's wish.
    Left(ErrorCode),
    /// One side ended pairing, or left in the middle of it.
    Pairing,
    /// Encryption was refused.
    Key,
    /// ATT refused a request for want of security, or did not answer one.
    Attribute,
    /// The peripheral did not say a word.
    NotTaken,
}

/// Reasons of people and hosts that have what they wanted, and of devices that are switched off.
pub(crate) const ORDERLY: [ErrorCode; 3] = [
    ErrorCode::REMOTE_USER_TERMINATED,
    ErrorCode::REMOTE_POWER_OFF,
    ErrorCode::LOCAL_HOST_TERMINATED,
];

/// A central that has heard nothing in this many events takes a connection for not established
/// (Vol 6, Part B, 4.5).
const ESTABLISHED: usize = 6;

impl Concern {
    /// `None`: nothing went wrong that was seen.
    #[must_use]
    pub fn of(why: &Why) -> Option<Self> {
        let Why { account, hypotheses } = why;
        // What a packet may undo that nobody saw is no failure yet.
        let sure = |one: &&Hypothesis| is_whole(account, one.places.first().copied());
        let is = |causes: &[Cause]| {
            hypotheses.iter().filter(sure).any(|one| causes.contains(&one.cause))
        };
        if hypotheses.iter().any(|one| one.cause == Cause::ConnectNotTaken) {
            return (account.pdus.len() > ESTABLISHED).then_some(Self::NotTaken);
        }
        if is(&[Cause::KeyMissing, Cause::KeysDiffer]) {
            return Some(Self::Key);
        }
        let ending = account.ending.as_ref();
        if ending.is_some_and(|ending| !matches!(ending.how, How::Terminated { .. })) {
            return Some(Self::Lost);
        }
        if pairing_broke(account) || is(&[Cause::PairingStuck]) && ending.is_none() {
            return Some(Self::Pairing);
        }
        if let Some(reason) = goodbye(account).filter(|reason| !ORDERLY.contains(reason)) {
            return Some(Self::Left(reason));
        }
        is(&[Cause::StaleHandles, Cause::AttributeRefused, Cause::AttributeUnanswered])
            .then_some(Self::Attribute)
    }

    /// The same in a few words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Lost => "the link was lost".into(),
            Self::Left(reason) => {
                format!("the link was ended for reason {} ({})", reason.0, reason.name())
            }
            Self::Pairing => "pairing did not come to its end".into(),
            Self::Key => "encryption failed for want of a key that fits".into(),
            Self::Attribute => "a request was not served".into(),
            Self::NotTaken => "the connection did not come about".into(),
        }
    }
}

/// The reason that an LL_TERMINATE_IND gave.
fn goodbye(account: &Account) -> Option<ErrorCode> {
    let How::Terminated { pdu } = account.ending.as_ref()?.how else { return None };
    match account.pdu(pdu)?.what {
        What::Control(ControlPdu::TerminateInd(reason)) => Some(reason),
        _ => None,
    }
}

/// Whether no packet may have been on air unseen behind a PDU.
fn is_whole(account: &Account, from: Option<usize>) -> bool {
    from.is_none_or(|from| account.sight.hidden(from, account.pdus.len()) == 0)
}

/// Whether pairing failed, or was open when the link ended.
fn pairing_broke(account: &Account) -> bool {
    account.pairing.is_some_and(|pairing| {
        let open = pairing.encrypted.is_none() && account.ending.is_some();
        pairing.failed.is_some() || open && is_whole(account, Some(pairing.last))
    })
}

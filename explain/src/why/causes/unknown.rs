//! LL Control PDUs that a peripheral does not know, and for which it left.

use ble::error::ErrorCode;
use ble::pdu::control::ControlPdu;
use ble::time::Duration;

use crate::why::account::Account;
use crate::why::air::{Pdu, What};
use crate::why::ending::How;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases::count;

/// What makes it leave does so within some events.
const AT_ONCE: Duration = Duration::from_ms(500);

/// The peripheral left by itself, with Different Transaction Collision, right after several of
/// them; no procedure that had an instant was open.
pub(super) fn look(account: &Account) -> Option<Hypothesis> {
    let ending = account.ending.as_ref()?;
    let local = matches!(ending.how, How::Other)
        && ending.reason == Some(ErrorCode::DIFFERENT_TRANSACTION_COLLISION);
    if !local {
        return None;
    }
    let unknown = |p: &Pdu| matches!(p.what, What::Control(ControlPdu::Unknown(_)));
    let recent = |p: &Pdu| ending.at.since(p.at) <= AT_ONCE;
    // What was lost at first arrives when it is repeated, and again if nothing acknowledges it.
    let mut arrived = false;
    let mut arrives = |p: &Pdu| {
        arrived &= p.repeated;
        p.heard && !std::mem::replace(&mut arrived, true)
    };
    let central = account.pdus.iter().enumerate().filter(|(_, p)| p.from_central);
    let all = central.filter(|(_, p)| arrives(p) && unknown(p) && recent(p));
    let places: Vec<usize> = all.map(|(index, _)| index).collect();
    let (&first, &last) = (places.first()?, places.last()?);
    let instant = account.announcements.iter().any(|open| {
        let event = account.pdu(last).and_then(|pdu| pdu.event).unwrap_or_default();
        open.instant.wrapping_sub(event) < 0x8000
    });
    if places.len() < 2 || instant {
        return None;
    }
    let text = format!(
        "The central sent {} that the peripheral does not know, from {} to {}. LL_UNKNOWN_RSP \
         answers each of them, and the link goes on; the peripheral left with 0x2A (Different \
         Transaction Collision).",
        count(places.len(), "LL Control PDU"),
        account.named(first),
        account.named(last),
    );
    Some(Hypothesis::new(Cause::UnknownPdu, Confidence::Likely, places, text))
}

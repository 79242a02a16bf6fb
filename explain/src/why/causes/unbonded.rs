//! Pairing that went well, and of which no bond was to come.

use crate::why::account::Account;
use crate::why::air::NoBond;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases::side;

/// Bonding takes the Bonding_Flags of both sides (Vol 3, Part C, 9.4.2 and 9.4.3), and a device
/// that is not in debug mode keeps no debug key (Part H, 2.3.5.6.1).
pub(super) fn look(account: &Account) -> Option<Hypothesis> {
    let pairing = account.pairing.filter(|p| p.encrypted.is_some() && p.failed.is_none())?;
    let says = |wanted: NoBond| {
        let told = account.pdus.iter().enumerate().take(pairing.last + 1).skip(pairing.begun);
        let found = told.filter(|(_, pdu)| pdu.no_bond == Some(wanted) && !pdu.repeated);
        found.map(|(index, _)| index).next()
    };
    let (index, confidence, what) = match (says(NoBond::Flags), says(NoBond::DebugKey)) {
        (Some(index), _) => (index, Confidence::Shown, "says No Bonding"),
        (None, Some(index)) => (index, Confidence::Likely, "is the debug key, which nobody keeps"),
        (None, None) => return None,
    };
    let from_central = account.pdu(index)?.from_central;
    let more = match from_central && confidence == Confidence::Shown {
        true => {
            " What the peripheral answers to one that asks for a bond, this evidence does not tell."
        }
        false => "",
    };
    let text = format!(
        "The {}'s {} {what}. Pairing went well, and its keys end with the connection: no bond was \
         to come of it.{more}",
        side(from_central),
        account.named(index),
    );
    Some(Hypothesis::new(Cause::NoBond, confidence, [index], text))
}

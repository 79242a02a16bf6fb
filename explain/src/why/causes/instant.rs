//! Instants that had passed when they were received.

use ble::error::ErrorCode;

use crate::why::account::Account;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases::count;

/// How many events an instant should lie ahead (LL-INST-1).
const AHEAD: u16 = 6;

pub(super) fn look(account: &Account) -> Option<Hypothesis> {
    if account.ending.as_ref()?.reason != Some(ErrorCode::INSTANT_PASSED) {
        return None;
    }
    let late = account.announcements.iter().rev().find_map(|announced| {
        let heard = |&index: &usize| account.pdu(index).is_some_and(|pdu| pdu.heard);
        let heard = account.copies(announced.pdu).find(heard)?;
        let event = account.pdu(heard)?.event?;
        (event.wrapping_sub(announced.instant) < 0x8000).then_some((announced, heard, event))
    });
    let (announced, heard, event) = late?;
    let (first, instant) = (account.pdu(announced.pdu)?, announced.instant);
    let lost: Vec<usize> =
        account.copies(announced.pdu).take_while(|&index| index < heard).collect();
    let ahead = instant.wrapping_sub(first.event?);
    let near = match ahead {
        0..AHEAD => {
            format!(", {} ahead; six at least are recommended", count(usize::from(ahead), "event"))
        }
        0x8000.. => ", which had passed when it was sent".to_owned(),
        _ => format!(", {ahead} events ahead"),
    };
    let missed = match lost.len() {
        0 => String::new(),
        n => format!(": before that {} did not arrive", count(n, "copy of it")),
    };
    let text = format!(
        "The central's {} set the instant to event {instant}{near}. The peripheral first received \
         it in event {event}{missed}. For an instant that has passed it may leave, and for that of \
         connection parameters it has to.",
        account.named(announced.pdu),
    );
    let places = lost.into_iter().chain([announced.pdu, heard]);
    Some(Hypothesis::new(Cause::InstantPassed, Confidence::Shown, places, text))
}

//! Instants that had passed when they were received.

use ble::error::ErrorCode;

use crate::why::account::Account;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases::count;

/// How many events an instant should lie ahead (LL-INST-1).
const AHEAD: u16 = 6;

pub(super) fn look(account: &Account) -> Vec<Hypothesis> {
    passed(account).into_iter().collect()
}

fn passed(account: &Account) -> Option<Hypothesis> {
    if account.ending.as_ref()?.reason != ErrorCode::INSTANT_PASSED {
        return None;
    }
    let late = account.announcements.iter().rev().find_map(|announced| {
        let first = account.pdu(announced.pdu)?;
        let copies = account.pdus.iter().enumerate().skip(announced.pdu);
        let mut copies = copies.filter(|(_, p)| p.from_central && p.what == first.what);
        let (heard, pdu) = copies.find(|(_, p)| p.heard)?;
        (pdu.event?.wrapping_sub(announced.instant) < 0x8000).then_some((announced, heard))
    });
    let (announced, heard) = late?;
    let (first, instant) = (account.pdu(announced.pdu)?, announced.instant);
    let lost: Vec<usize> = (announced.pdu..heard)
        .filter(|&i| account.pdu(i).is_some_and(|p| p.from_central && p.what == first.what))
        .collect();
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
         it in event {}{missed}. Whoever learns of an instant that has passed has to leave.",
        account.named(announced.pdu),
        account.pdu(heard)?.event?,
    );
    let places = lost.into_iter().chain([announced.pdu, heard]);
    Some(Hypothesis::new(Cause::InstantPassed, Confidence::Shown, places, text))
}

//! Instants that had passed when they were received.

use ble::error::ErrorCode;

use crate::why::account::Account;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases::count;
use crate::why::timing::Timing;

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
    let latency = Timing::at(&account.pdus, announced.pdu).map_or(0, |timing| timing.latency);
    let near = distance(ahead, latency);
    let missed = match lost.len() {
        0 => String::new(),
        n => format!(": before that {} did not arrive", count(n, "copy of it")),
    };
    let late = count(usize::from(event.wrapping_sub(instant)), "event");
    let after = if event == instant { "the instant".into() } else { format!("{late} after it") };
    let text = format!(
        "The central's {} set the instant to event {instant}{near}. The peripheral first received \
         it in event {event}, {after}{missed}. For an instant that has passed it may leave, and \
         for that of connection parameters it has to.",
        account.named(announced.pdu),
    );
    let places = lost.into_iter().chain([announced.pdu, heard]);
    Some(Hypothesis::new(Cause::InstantPassed, Confidence::Shown, places, text))
}

/// How far ahead an instant was, and how far the rules recommend. No limit was broken: a closer one
/// is allowed (LL-INST-1, LL-INST-4).
fn distance(ahead: u16, latency: u16) -> String {
    let heeded = u32::from(AHEAD) * (u32::from(latency) + 1);
    match ahead {
        0x8000.. => ", which had passed when it was sent".to_owned(),
        0..AHEAD => format!(
            ", {} ahead: {} fewer than is recommended (LL-INST-1: six), and allowed",
            count(usize::from(ahead), "event"),
            AHEAD - ahead
        ),
        _ if u32::from(ahead) < heeded => format!(
            ", {ahead} events ahead: with latency {latency} that is {} fewer than is recommended \
             (LL-INST-4: {heeded}), and allowed",
            heeded - u32::from(ahead)
        ),
        _ => format!(", {ahead} events ahead, as is recommended"),
    }
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn what_is_recommended_and_by_how_much_it_was_not_kept() {
        assert!(distance(2, 0).contains("2 events ahead: 4 fewer than is recommended (LL-INST-1"));
        assert!(distance(62, 30).contains("124 fewer than is recommended (LL-INST-4: 186)"));
        assert!(distance(6, 0).ends_with("6 events ahead, as is recommended"));
        assert!(distance(186, 30).ends_with("as is recommended"));
        assert!(distance(0xFFFE, 0).contains("had passed when it was sent"));
    }
}

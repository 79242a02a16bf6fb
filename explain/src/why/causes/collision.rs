//! Procedures with instants that met.

use ble::error::ErrorCode;
use ble::pdu::control::ControlPdu;
use ble::time::Duration;

use crate::why::account::Account;
use crate::why::air::{Pdu, What};
use crate::why::ending::How;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases::{self, side};
use crate::why::procedures::Exchange;

/// What makes a side leave does so within some events, and some time where those are short.
const EVENTS: u64 = 12;
const AT_ONCE: Duration = Duration::from_ms(500);

/// What was still under way when the other came.
struct Open<'a> {
    exchange: Option<&'a Exchange>,
    /// Its last PDU.
    last: usize,
    instant: Option<u16>,
}

pub(super) fn look(account: &Account) -> Option<Hypothesis> {
    let ending = account.ending.as_ref()?;
    let codes = [ErrorCode::LL_PROCEDURE_COLLISION, ErrorCode::DIFFERENT_TRANSACTION_COLLISION];
    if !ending.reason.is_some_and(|reason| codes.contains(&reason)) {
        return None;
    }
    // Whoever leaves does so for what the other has sent.
    let by_central = match ending.how {
        How::Terminated { pdu } => !account.pdu(pdu)?.from_central,
        _ => true,
    };
    let offending = offending(account, by_central).filter(|index| is_recent(account, *index))?;
    let open = open(account, offending)?;
    let pdu = account.pdu(offending)?;
    let before = open.instant.map_or_else(String::new, |i| format!(", before instant {i}"));
    let first = match open.exchange {
        Some(exchange) => phrases::exchange(account, exchange),
        None => {
            let instant = open.instant.map_or_else(String::new, |i| format!(", instant {i}"));
            format!("The central sent {}{instant}.", account.named(open.last))
        }
    };
    let granted = account.asked_for(offending);
    let second = match granted {
        Some(granted) if granted.request != offending => format!(
            "Before that instant the {} granted {} with {}: two instants at once, for which the \
             {} left.",
            side(pdu.from_central),
            account.named(granted.request),
            account.named(offending),
            side(!pdu.from_central),
        ),
        _ => format!(
            "The {} started {}{before}: {}, and the {} left.",
            side(pdu.from_central),
            account.named(offending),
            match (open.exchange, open.instant) {
                (Some(_), Some(_)) =>
                    "after answering a procedure with an instant no other such procedure may be \
                     started until it is over",
                (Some(_), None) => "the other procedure was still under way",
                (None, _) =>
                    "until an instant has passed no other procedure with an instant may be started",
            },
            side(!pdu.from_central),
        ),
    };
    let places = [Some(open.last), Some(offending), granted.map(|e| e.request)]
        .into_iter()
        .flatten()
        .chain(open.exchange.map(|e| e.request));
    let text = format!("{first} {second}");
    Some(Hypothesis::new(Cause::Collision, Confidence::Shown, places, text))
}

/// Whoever leaves for a collision does so at once: within a few events of the last copy.
fn is_recent(account: &Account, index: usize) -> bool {
    let events = account.timing().map_or(1, |timing| u64::from(timing.latency) + EVENTS);
    let interval = account.timing().map_or(Duration::ZERO, |timing| timing.interval);
    let what = account.pdu(index).map(|pdu| (pdu.from_central, &pdu.what));
    let mut copies = account.pdus.iter().skip(index);
    let last = copies.rfind(|pdu| Some((pdu.from_central, &pdu.what)) == what);
    last.is_some_and(|pdu| account.end().since(pdu.at) <= interval.times(events).max(AT_ONCE))
}

/// The last request or announcement of a side: what the other could not take. A request for longer
/// PDUs, features or a version has no instant and meets none.
// LL-COLL-2: one procedure with an instant at a time.
fn offending(account: &Account, by_central: bool) -> Option<usize> {
    let asked = account.exchanges.iter().filter(|e| e.from_central == by_central);
    let asked = asked.filter(|e| e.has_instant());
    let asked = asked.map(|e| e.request).max();
    let announced = account.announcements.iter().map(|a| a.pdu).max();
    asked.max(announced.filter(|_| by_central))
}

/// What was still under way when the PDU at `offending` came.
fn open(account: &Account, offending: usize) -> Option<Open<'_>> {
    let now = account.pdu(offending)?.event?;
    let scheduled = account.announcements.iter().rev().find(|announced| {
        let ahead = announced.instant.wrapping_sub(now);
        announced.pdu < offending && ahead != 0 && ahead < 0x8000
    });
    if let Some(announced) = scheduled {
        let exchange = account.asked_for(announced.pdu);
        return Some(Open { exchange, last: announced.pdu, instant: Some(announced.instant) });
    }
    // Its instant was still to be named.
    let waiting = account.exchanges.iter().rfind(|e| {
        let before = |index: usize| index < offending;
        e.awaits_instant() && before(e.last()) && !ended(&account.pdus, e, offending)
    });
    waiting.map(|exchange| Open { exchange: Some(exchange), last: exchange.last(), instant: None })
}

/// Whether an LL_PHY_UPDATE_IND that changes nothing had ended it.
fn ended(pdus: &[Pdu], exchange: &Exchange, before: usize) -> bool {
    let between = pdus.get(exchange.request..before).unwrap_or_default();
    between.iter().any(|p| {
        matches!(&p.what, What::Control(ControlPdu::PhyUpdateInd { c_to_p, p_to_c, .. })
            if c_to_p.0 == 0 && p_to_c.0 == 0)
    })
}

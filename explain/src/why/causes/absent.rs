//! Connections that did not come about.

use crate::why::account::Account;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases::count;
use ble::time::Duration;
use bletwin_scenarios::judgement::seconds;

/// How long nobody has to come for that to be worth a word.
const AWAY: Duration = Duration::from_secs(10);

pub(super) fn look(account: &Account) -> Option<Hypothesis> {
    not_taken(account).or_else(|| nobody(account))
}

/// A peripheral that never said a word in the connection that the central believes in.
fn not_taken(account: &Account) -> Option<Hypothesis> {
    let (first, rest) = account.pdus.split_first()?;
    let last = rest.last()?;
    // Whom a sniffer does not hear, the central may.
    let alone = first.event.is_none()
        && rest.iter().all(|pdu| pdu.from_central)
        && !account.sight.is_acknowledged();
    alone.then(|| {
        let text = format!(
            "The peripheral did not {} the central's {}: the central went on until {}, and \
             nothing answered it.",
            if first.heard { "take" } else { "receive" },
            account.named(0),
            last.place()
        );
        // Who has several links advertises on although it took this one.
        if account.sight.is_partial() {
            return Hypothesis::new(Cause::ConnectNotTaken, Confidence::Likely, [0], text)
                .but("a peripheral that neither the central nor the sniffer heard looks the same");
        }
        Hypothesis::new(Cause::ConnectNotTaken, Confidence::Shown, [0], text)
    })
}

/// There was no connection at all, or none after one that its user had ended.
fn nobody(account: &Account) -> Option<Hypothesis> {
    let over = account.over_before().and_then(|index| account.pdu(index));
    let long = over.is_some_and(|over| account.until.since(over.at) >= AWAY);
    if !account.pdus.is_empty() && !long {
        return None;
    }
    let before = over.map_or_else(String::new, |over| {
        format!("The connection before was over at {}. ", seconds(over.at))
    });
    let advertised = match (account.adverts.first(), account.adverts.last()) {
        (Some(first), Some(last)) => format!(
            "The peripheral sent {} from {} to {}, and nobody connected",
            count(account.adverts.len(), "advertising PDU"),
            seconds(first.at),
            seconds(last.at)
        ),
        _ => "The peripheral did not advertise".to_owned(),
    };
    let advertised = before + &advertised;
    Some(match account.hosts.not_connecting {
        Some((at, status)) => {
            let text = format!(
                "{advertised}: the central's controller refused LE Create Connection with 0x{:02X} \
                 ({}) at {}.",
                status.0,
                status.name(),
                seconds(at)
            );
            Hypothesis::new(Cause::NobodyConnected, Confidence::Shown, [], text)
        }
        None if account.adverts.is_empty() => {
            let text = format!("{advertised}.");
            Hypothesis::new(Cause::NobodyConnected, Confidence::Shown, [], text)
        }
        None => {
            let text = format!("{advertised}.");
            Hypothesis::new(Cause::NobodyConnected, Confidence::Undecided, [], text)
        }
    })
}

//! Instants at which only one of the two did what had been announced.

use ble::pdu::control::ControlPdu;
use ble::phy::Phy;

use crate::why::account::Account;
use crate::why::air::What;
use crate::why::ending::How;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases;

pub(super) fn look(account: &Account) -> Option<Hypothesis> {
    unheard(account).or_else(|| missed(account))
}

/// Most events from the first packet that was lost to an instant that was not heard of for that.
/// Where more got lost before it, the instant changed nothing any more.
const LOST_BEFORE: u16 = 3;

/// What set the instant was not received, and the central went on without the peripheral.
fn unheard(account: &Account) -> Option<Hypothesis> {
    let How::Deaf { first_unheard, .. } = account.ending.as_ref()?.how else { return None };
    let event = account.pdu(first_unheard)?.event?;
    let announced = account.announcements.iter().rfind(|announced| {
        announced.pdu >= first_unheard && announced.instant.wrapping_sub(event) <= LOST_BEFORE
    })?;
    let last = account.pdu(account.last_of(true)?)?.event?;
    (last.wrapping_sub(announced.instant) < 0x8000).then_some(())?;
    let copies: Vec<usize> = account.copies(announced.pdu).collect();
    // On an air that loses packets one by one; else the two may as well be out of reach.
    let lossy = account.pdus.get(..first_unheard)?.iter().any(|p| p.event.is_some() && !p.heard);
    let confidence = if lossy { Confidence::Likely } else { Confidence::Possible };
    let text = format!(
        "The central's {} set the instant to event {}. The peripheral received {}, and from that \
         instant on the two did not meet again.",
        account.named(announced.pdu),
        announced.instant,
        match copies.len() {
            1 => "no copy of it".to_owned(),
            n => format!("none of its {n} copies"),
        },
    );
    Some(Hypothesis::new(Cause::SwitchMissed, confidence, copies, text))
}

fn missed(account: &Account) -> Option<Hypothesis> {
    let How::Deaf { first_unheard, .. } = account.ending.as_ref()?.how else { return None };
    let unheard = account.pdu(first_unheard)?;
    let event = unheard.event?;
    let announced = account.announcements.iter().rfind(|announced| {
        announced.pdu < first_unheard && event.wrapping_sub(announced.instant) < 2
    })?;
    let exchange = account.asked_for(announced.pdu);
    let first = match exchange {
        Some(exchange) => phrases::exchange(account, exchange),
        None => format!(
            "The central's {} set the instant to event {}.",
            account.named(announced.pdu),
            announced.instant
        ),
    };
    let expected = match &account.pdu(announced.pdu)?.what {
        What::Control(ControlPdu::PhyUpdateInd { c_to_p, .. }) => c_to_p.single(),
        _ => None,
    };
    let (confidence, text) = match expected {
        Some(expected) if expected != unheard.phy.phy() => (
            Confidence::Shown,
            format!(
                "{first} From that instant on the central was still sending on {} when the \
                 peripheral had switched to {}.",
                phy_name(unheard.phy.phy()),
                phy_name(expected)
            ),
        ),
        _ => (
            Confidence::Likely,
            format!("{first} From that instant on the peripheral heard nothing of the central."),
        ),
    };
    let places = exchange.map(|e| e.request).into_iter().chain([announced.pdu]);
    Some(Hypothesis::new(Cause::SwitchMissed, confidence, places, text))
}

const fn phy_name(phy: Phy) -> &'static str {
    match phy {
        Phy::Le1M => "1M",
        Phy::Le2M => "2M",
        Phy::LeCoded => "Coded",
    }
}

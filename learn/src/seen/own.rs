//! Procedures that it begins without being asked.

use ble::pdu::control::{ControlPdu, Opcode};
use ble::phy::PhySet;
use bletwin_explain::why::What;

use super::Seen;
use crate::looking::Looking;

/// A connection as long as this shows what is begun at its beginning.
const BEGINNING: u16 = 60;

/// A procedure that it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The name that profiles have for it.
    pub name: &'static str,
    /// PHYs to send and to receive on, where it asked for some.
    pub phys: Option<(PhySet, PhySet)>,
    /// Parameters that it set: interval in µs, latency, timeout in ms.
    pub parameters: Option<(u32, u16, u32)>,
    /// connEventCount in which it was first on air.
    pub event: u16,
    /// Number of the connection.
    pub connection: usize,
    /// Where that is, for a comment.
    pub place: String,
}

impl Looking<'_> {
    pub(super) fn own(&self, seen: &mut Seen) {
        let account = &self.link.why.account;
        let begun = |opcode: Opcode, at: usize| {
            account
                .exchanges
                .iter()
                .any(|e| e.from_central && e.opcode == opcode && e.request == at)
        };
        let asked = |at: usize| {
            let of = |e: &&bletwin_explain::why::Exchange| !e.from_central && e.last() == at;
            account.exchanges.iter().any(|e| of(&e))
        };
        let signalled = self.news(false).any(|(_, pdu)| matches!(pdu.what, What::Signalling(_)));
        let mut names = Vec::new();
        for (index, pdu) in self.news(true) {
            let What::Control(control) = &pdu.what else { continue };
            let (name, phys, parameters) = match control {
                ControlPdu::FeatureReq(_) => ("features", None, None),
                ControlPdu::VersionInd(_) if begun(Opcode::VERSION_IND, index) => {
                    ("version", None, None)
                }
                ControlPdu::LengthReq(_) => ("length", None, None),
                ControlPdu::PhyReq { tx, rx } => ("phy", Some((*tx, *rx)), None),
                ControlPdu::PingReq => ("ping", None, None),
                ControlPdu::ConnectionUpdateInd(update) if !asked(index) && !signalled => {
                    let us = u32::from(update.interval) * 1_250;
                    let set = (us, update.latency, u32::from(update.timeout) * 10);
                    ("parameters", None, Some(set))
                }
                _ => continue,
            };
            let Some(event) = pdu.event else { continue };
            names.push(name);
            let place = self.place(index);
            let connection = self.number;
            seen.own.push(Start { name, phys, parameters, event, connection, place });
        }
        let whole = self.link.from_the_start && self.link.missing == 0;
        let events = self.pdus().iter().filter_map(|pdu| pdu.event).max().unwrap_or(0);
        // Who says nothing any more begins nothing either.
        let talks = self.news(true).filter_map(|(_, pdu)| pdu.event).max().unwrap_or(0);
        if whole && events.min(talks.saturating_add(BEGINNING / 2)) >= BEGINNING {
            let shown = |code: Opcode| {
                account.exchanges.iter().any(|e| !e.from_central && e.opcode == code)
            };
            for (name, asked) in [
                ("features", shown(Opcode::PERIPHERAL_FEATURE_REQ)),
                ("version", shown(Opcode::VERSION_IND)),
                ("length", shown(Opcode::LENGTH_REQ)),
                ("phy", shown(Opcode::PHY_REQ)),
            ] {
                if !asked && !names.contains(&name) {
                    seen.absent.insert(name);
                }
            }
        }
    }
}

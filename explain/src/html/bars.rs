//! What was under way, and for how long: link-layer procedures and pairing, read from the air.

use std::collections::{BTreeMap, BTreeSet};

use ble::pdu::control::{ControlPdu, Opcode};
use ble::time::Instant;
use bletwin_sim::record::RecordId;
use bletwin_sim::sniffer::AirItem;

use super::marks::ns;
use super::model::{Bar, Lane, ProcedureOutcome};
use crate::why::air::pdu;
use crate::why::procedures::{announcements, exchanges};
use crate::why::{Answer, Exchange, Pairing, Pdu, What};

/// All bars, connection by connection.
pub(super) fn bars<'a>(
    decisive: &BTreeSet<RecordId>,
    items: impl IntoIterator<Item = &'a AirItem>,
) -> Vec<Bar> {
    let mut connections: BTreeMap<usize, Vec<Pdu>> = BTreeMap::new();
    for item in items {
        if let Some(connection) = item.connection {
            connections.entry(connection).or_default().push(pdu(item));
        }
    }
    connections
        .values()
        .flat_map(|pdus| {
            let exchanges = exchanges(pdus);
            let procedures = exchanges.iter().map(|e| procedure(decisive, pdus, e));
            let alone = unasked(decisive, pdus, &exchanges);
            procedures.chain(alone).chain(pairing(pdus)).collect::<Vec<_>>()
        })
        .collect()
}

fn procedure(decisive: &BTreeSet<RecordId>, pdus: &[Pdu], exchange: &Exchange) -> Bar {
    let begun = &pdus[exchange.request];
    let last = pdus.last().map_or(begun.at, |pdu| pdu.at);
    let (to, outcome) = match exchange.answer {
        None => (last, ProcedureOutcome::Unanswered),
        Some(Answer::Refused { pdu, .. }) => (pdus[pdu].at, ProcedureOutcome::Refused),
        Some(Answer::Answered(pdu)) if exchange.opcode == Opcode::ENC_REQ => {
            end_of_encryption_start(pdus, pdu).unwrap_or((last, ProcedureOutcome::Unfinished))
        }
        Some(Answer::Answered(pdu)) => (pdus[pdu].at, ProcedureOutcome::Done),
        Some(Answer::Scheduled { pdu, instant }) => {
            (event_begins(pdus, pdu, instant).unwrap_or(last), ProcedureOutcome::Done)
        }
    };
    Bar {
        lane: if exchange.from_central { Lane::CentralLink } else { Lane::PeripheralLink },
        name: name(exchange.opcode).to_owned(),
        from_ns: ns(begun.at),
        to_ns: ns(to),
        outcome,
        id: begun.id.0,
        decisive: decisive.contains(&begun.id),
    }
}

/// What the central announces without having been asked.
fn unasked(decisive: &BTreeSet<RecordId>, pdus: &[Pdu], exchanges: &[Exchange]) -> Vec<Bar> {
    let asked = |index: usize| exchanges.iter().any(|e| e.instant().is_some() && e.last() == index);
    let own = announcements(pdus).into_iter().filter(|announced| !asked(announced.pdu));
    own.filter_map(|announced| {
        let pdu = pdus.get(announced.pdu)?;
        let name = match &pdu.what {
            What::Control(ControlPdu::ConnectionUpdateInd(_)) => "connection update",
            What::Control(ControlPdu::ChannelMapInd { .. }) => "channel map",
            _ => return None,
        };
        let end = event_begins(pdus, announced.pdu, announced.instant)
            .or_else(|| pdus.last().map(|pdu| pdu.at))?;
        Some(Bar {
            lane: Lane::CentralLink,
            name: name.into(),
            from_ns: ns(pdu.at),
            to_ns: ns(end),
            outcome: ProcedureOutcome::Done,
            id: pdu.id.0,
            decisive: decisive.contains(&pdu.id),
        })
    })
    .collect()
}

/// The encryption start goes on after its first answer, to the peripheral's LL_START_ENC_RSP, or
/// to the refusal that comes for want of a key.
fn end_of_encryption_start(pdus: &[Pdu], answer: usize) -> Option<(Instant, ProcedureOutcome)> {
    let end = |pdu: &Pdu| match &pdu.what {
        What::Control(control) if !pdu.from_central => match control.opcode() {
            Opcode::START_ENC_RSP => Some((pdu.at, ProcedureOutcome::Done)),
            Opcode::REJECT_IND | Opcode::REJECT_EXT_IND => {
                Some((pdu.at, ProcedureOutcome::Refused))
            }
            _ => None,
        },
        _ => None,
    };
    pdus.get(answer..)?.iter().find_map(end)
}

/// When the event of an instant began.
fn event_begins(pdus: &[Pdu], after: usize, instant: u16) -> Option<Instant> {
    let reached = |pdu: &&Pdu| pdu.event.is_some_and(|now| now.wrapping_sub(instant) < 0x8000);
    pdus.get(after..)?.iter().find(reached).map(|pdu| pdu.at)
}

fn pairing(pdus: &[Pdu]) -> Option<Bar> {
    let pairing = Pairing::last_of(pdus)?;
    let begun = pdus.get(pairing.begun)?;
    let (end, outcome) = match (pairing.encrypted, pairing.failed) {
        (Some(end), _) => (pdus.get(end)?, ProcedureOutcome::Done),
        (None, Some(end)) => (pdus.get(end)?, ProcedureOutcome::Refused),
        (None, None) => {
            let heard = |pdu: &Pdu| {
                matches!(pdu.what, What::Smp(_)) && pdu.from_central != begun.from_central
            };
            let answered = pdus.get(pairing.begun..)?.iter().any(heard);
            let outcome =
                if answered { ProcedureOutcome::Unfinished } else { ProcedureOutcome::Unanswered };
            (pdus.last()?, outcome)
        }
    };
    Some(Bar {
        lane: if begun.from_central { Lane::CentralHost } else { Lane::PeripheralHost },
        name: "pairing".into(),
        from_ns: ns(begun.at),
        to_ns: ns(end.at),
        outcome,
        id: begun.id.0,
        decisive: false,
    })
}

const fn name(opcode: Opcode) -> &'static str {
    match opcode {
        Opcode::FEATURE_REQ | Opcode::PERIPHERAL_FEATURE_REQ => "feature exchange",
        Opcode::VERSION_IND => "version exchange",
        Opcode::LENGTH_REQ => "data length update",
        Opcode::PHY_REQ => "PHY update",
        Opcode::CONNECTION_PARAM_REQ => "connection parameters",
        Opcode::PING_REQ => "LE ping",
        Opcode::ENC_REQ => "encryption start",
        Opcode::PAUSE_ENC_REQ => "encryption pause",
        _ => "procedure",
    }
}

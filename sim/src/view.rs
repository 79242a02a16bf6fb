//! From the record to what an observer has seen of it: everything.

use std::collections::BTreeMap;

use ble::time::Instant;
use bletwin_sniffer::{Arrival, Fact, Frame, Hci, Hearing, NodeFact, Said, Sealing, View};

use crate::record::{AirTx, Note, Record, RecordId, RecordKind};

/// How packets arrived, and where.
pub(crate) type Arrivals = BTreeMap<RecordId, Vec<Arrival>>;

/// Packets, HCI and receivers of a record; nothing is unknown.
#[must_use]
pub fn view(records: &[Record]) -> View {
    // By packet, as packets are in order of their numbers.
    let mut arrivals: Vec<(RecordId, Arrival)> = received(records).collect();
    arrivals.sort_by_key(|(packet, _)| *packet);
    let mut arrivals = arrivals.into_iter().peekable();
    let mut view = View {
        frames: Vec::new(),
        hci: Some(Vec::new()),
        nodes: Some(Vec::new()),
        exact_times: true,
        complete: true,
        end: records.last().map_or(Instant::ZERO, |record| record.at),
    };
    for record in records {
        let Record { id, at, node, .. } = *record;
        match &record.kind {
            RecordKind::AirTx(tx) => {
                while arrivals.next_if(|(packet, _)| *packet < id).is_some() {}
                let here = || Some(arrivals.next_if(|(packet, _)| *packet == id)?.1);
                let heard = std::iter::from_fn(here).collect();
                view.frames.push(frame(record, tx, heard));
            }
            RecordKind::Note(note) => {
                let said = said(note).map(|said| Hci { id, at, node, said });
                view.hci.get_or_insert_default().extend(said);
            }
            kind => {
                let fact = fact(kind).map(|fact| NodeFact { id, at, node, fact });
                view.nodes.get_or_insert_default().extend(fact);
            }
        }
    }
    view
}

/// A packet, and all who heard it.
pub(crate) fn frame(record: &Record, tx: &AirTx, heard: Vec<Arrival>) -> Frame {
    Frame {
        id: record.id,
        at: record.at,
        end: Some(tx.end),
        from: record.node,
        access_address: tx.access_address,
        pdu: tx.pdu.clone(),
        channel: Some(tx.channel),
        phy: Some(tx.phy),
        crc_init: Some(tx.crc_init),
        hearing: Hearing::Known(heard),
        sealing: Sealing::AsOnAir,
        followed: None,
    }
}

/// What a note says of HCI.
pub(crate) fn said(note: &Note) -> Option<Said> {
    match note {
        Note::HciCommand(command) => Some(Said::Command(command.clone())),
        Note::HciEvent(event) => Some(Said::Event(event.clone())),
        Note::H4 { to_host: false, octets } => Some(Said::Octets(octets.clone())),
        _ => None,
    }
}

/// What a record says of its device alone.
fn fact(kind: &RecordKind) -> Option<Fact> {
    match kind {
        RecordKind::Started => Some(Fact::Started),
        RecordKind::AirMiss => Some(Fact::ReceiverClosed),
        _ => None,
    }
}

/// All receptions among the records, each with its packet.
fn received(records: &[Record]) -> impl Iterator<Item = (RecordId, Arrival)> {
    records.iter().filter_map(|record| match record.kind {
        RecordKind::AirRx { tx, reception, rssi_dbm } => {
            let arrival = Arrival { node: record.node, how: reception, rssi_dbm, at: record.at };
            Some((tx, arrival))
        }
        _ => None,
    })
}

/// All receptions among the records.
pub(crate) fn arrivals(records: &[Record]) -> Arrivals {
    let mut arrivals = Arrivals::new();
    for (packet, arrival) in received(records) {
        arrivals.entry(packet).or_default().push(arrival);
    }
    arrivals
}

//! Reads packets out of records while they come.

use std::collections::VecDeque;

use ble::time::Instant;

use bletwin_sniffer::{AirItem, Sniffer};

use crate::record::{Record, RecordId, RecordKind};
use crate::view::{Arrivals, arrivals, frame, said};

/// A sniffer for a world that goes on. How a packet arrived is known when its last bit has
/// passed; until then it is kept back, and what was recorded after it as well.
#[derive(Default)]
pub struct Live {
    sniffer: Sniffer,
    arrivals: Arrivals,
    waiting: VecDeque<Record>,
    read: usize,
}

impl Live {
    /// Takes records, in their order.
    pub fn add(&mut self, records: Vec<Record>) {
        merge(&mut self.arrivals, arrivals(&records));
        self.waiting.extend(records);
    }

    /// What is settled now, in order; a packet on air with what it turned out to be.
    pub fn settled(&mut self, now: Instant) -> Vec<(Record, Option<AirItem>)> {
        let mut settled = Vec::new();
        while self.waiting.front().is_some_and(|record| is_settled(record, now))
            && let Some(record) = self.waiting.pop_front()
        {
            let item = match &record.kind {
                RecordKind::AirTx(tx) => {
                    let heard = self.arrivals.remove(&record.id).unwrap_or_default();
                    Some(self.sniffer.frame(self.read, &frame(&record, tx, heard)))
                }
                RecordKind::Note(note) => {
                    if let Some(said) = said(note) {
                        self.sniffer.hci(record.node, &said);
                    }
                    None
                }
                _ => None,
            };
            self.read += 1;
            let next = RecordId(record.id.0.saturating_add(1));
            self.arrivals = self.arrivals.split_off(&next);
            settled.push((record, item));
        }
        self.sniffer.forget(now);
        settled
    }
}

const fn is_settled(record: &Record, now: Instant) -> bool {
    match &record.kind {
        RecordKind::AirTx(tx) => tx.end.ticks() <= now.ticks(),
        _ => true,
    }
}

fn merge(into: &mut Arrivals, more: Arrivals) {
    for (id, receptions) in more {
        into.entry(id).or_default().extend(receptions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::NodeId;
    use crate::record::AirTx;
    use crate::sniffer::sniff;
    use crate::sniffer::tests::Tape;
    use ble::pdu::advertising::{AdvertisingPdu, ConnectInd};
    use ble::pdu::control::ControlPdu;
    use ble::phy::PhySet;

    /// One that goes on all the time, and very many that are soon over.
    #[test]
    fn connections_that_are_over_are_forgotten_and_no_other() {
        let mut tape = Tape::connected();
        tape.empty(NodeId(0), 5_000);
        let begins = tape.records[0].clone();
        let mut live = Live::default();
        let mut last = None;
        for second in 0..5_000_u64 {
            let us = second * 1_000_000 + 10_000;
            let records: Vec<Record> = if second % 10 == 1 {
                tape.records.clear();
                tape.empty(NodeId(0), us);
                std::mem::take(&mut tape.records)
            } else if second == 0 {
                tape.records.clone()
            } else {
                vec![other(&begins, us, second as u32)]
            };
            live.add(
                records.into_iter().map(|record| Record { id: RecordId(us), ..record }).collect(),
            );
            for (_, item) in live.settled(Instant::from_us(us + 500_000)) {
                last = item.filter(|_| second % 10 == 1).or(last);
            }
        }
        assert_eq!(last.and_then(|item| item.connection), Some(0), "it was there all the time");
        assert!(live.sniffer.known() < 400, "{} are kept", live.sniffer.known());
    }

    /// A CONNECT_IND as this one at another time, for a connection with another access address.
    fn other(begins: &Record, us: u64, access_address: u32) -> Record {
        let RecordKind::AirTx(tx) = &begins.kind else { panic!("a packet") };
        let Some(AdvertisingPdu::ConnectInd(request)) = AdvertisingPdu::parse(&tx.pdu) else {
            panic!("CONNECT_IND")
        };
        let pdu = AdvertisingPdu::ConnectInd(ConnectInd { access_address, ..request }).encode();
        let at = Instant::from_us(us);
        let end = at + tx.end.since(begins.at);
        let kind = RecordKind::AirTx(AirTx { pdu, end, ..tx.clone() });
        Record { at, kind, ..begins.clone() }
    }

    #[test]
    fn record_by_record_it_reads_what_the_whole_record_says() {
        let mut tape = Tape::connected();
        tape.empty(NodeId(0), 5_000);
        let two = PhySet::LE_2M;
        tape.control(NodeId(1), 5_230, ControlPdu::PhyReq { tx: two, rx: two });
        let mut live = Live::default();
        let mut read = Vec::new();
        for record in &tape.records {
            live.add(vec![record.clone()]);
            read.extend(live.settled(record.at));
        }
        read.extend(live.settled(Instant::MAX));
        let order: Vec<RecordId> = read.iter().map(|(record, _)| record.id).collect();
        assert_eq!(order, tape.records.iter().map(|r| r.id).collect::<Vec<_>>());
        let items: Vec<AirItem> = read.into_iter().filter_map(|(_, item)| item).collect();
        assert_eq!(items, sniff(&tape.records));
        assert!(live.arrivals.is_empty());
    }
}

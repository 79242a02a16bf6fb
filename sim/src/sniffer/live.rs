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
    use crate::sniffer::sniff;
    use crate::sniffer::tests::Tape;
    use ble::pdu::control::ControlPdu;
    use ble::phy::PhySet;

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

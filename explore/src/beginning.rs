//! What an observer has seen up to the start of a run: read once, and not again for each of the
//! thousands of runs that begin there.

use bletwin_oracle::{Finding, judge_sniffed};
use bletwin_sim::record::{Record, RecordKind};
use bletwin_sniffer::{AirItem, Moment, Sniffer, View};

/// The beginning of many tapes, seen and sniffed.
#[derive(Clone, Debug)]
pub(super) struct Beginning {
    view: View,
    items: Vec<AirItem>,
    sniffer: Sniffer,
    /// Frames, HCI packets and facts of nodes that belong to the beginning.
    own: [usize; 3],
    records: usize,
}

impl Beginning {
    pub(super) fn new(tape: &[Record]) -> Self {
        let view = bletwin_sim::view(tape);
        let (mut sniffer, mut items) = (Sniffer::default(), Vec::new());
        read(&mut sniffer, &view, 0, &mut items);
        let nodes = view.nodes.as_ref().map_or(0, Vec::len);
        let own = [view.frames.len(), view.hci().len(), nodes];
        Self { view, items, sniffer, own, records: tape.len() }
    }

    /// As [`bletwin_oracle::judge`] of the whole tape, which begins as this one did.
    pub(super) fn judge(&mut self, tape: &[Record]) -> Vec<Finding> {
        let more = tape.get(self.records..).unwrap_or_default();
        let first = more.first().map(|record| record.id);
        let earlier = |record: &Record| match record.kind {
            RecordKind::AirRx { tx, .. } => first.is_some_and(|first| tx < first),
            _ => false,
        };
        // A packet on air when the beginning ended was not read to its end.
        if more.len() == tape.len() || more.iter().any(earlier) {
            return bletwin_oracle::judge(&bletwin_sim::view(tape));
        }
        // Also after a judge that panicked.
        self.cut();
        let mut rest = bletwin_sim::view(more);
        read(&mut self.sniffer.clone(), &rest, self.items.len(), &mut self.items);
        self.view.frames.append(&mut rest.frames);
        let said = rest.hci.iter_mut();
        said.for_each(|said| self.view.hci.get_or_insert_default().append(said));
        let facts = rest.nodes.iter_mut();
        facts.for_each(|facts| self.view.nodes.get_or_insert_default().append(facts));
        self.view.end = self.view.end.max(rest.end);
        judge_sniffed(&self.view, &self.items)
    }

    fn cut(&mut self) {
        let [frames, said, facts] = self.own;
        self.view.frames.truncate(frames);
        self.items.truncate(frames);
        self.view.hci.iter_mut().for_each(|hci| hci.truncate(said));
        self.view.nodes.iter_mut().for_each(|nodes| nodes.truncate(facts));
    }
}

/// Reads all of a view, whose first packet has the place `from`.
fn read(sniffer: &mut Sniffer, view: &View, from: usize, items: &mut Vec<AirItem>) {
    for moment in view.moments() {
        match moment {
            Moment::Frame(place, frame) => items.push(sniffer.frame(from + place, frame)),
            Moment::Hci(hci) => sniffer.hci(hci.node, &hci.said),
        }
    }
}

#[cfg(test)]
mod tests {
    use ble::time::Duration;

    use super::*;
    use crate::Base;
    use crate::case::{Case, Procedure, Side, Switch, What};

    /// Cut anywhere, also in the middle of a packet, it is judged as the whole.
    #[test]
    fn what_was_seen_before_changes_nothing() {
        let ask = |who, what, event| Procedure { who, what, event, position: 300, forced: false };
        let phy = What::Phy { tx: 2, rx: 2 };
        let procedures = vec![
            ask(Side::Peripheral, phy, 2),
            ask(Side::Central, What::Encryption, 2),
            ask(Side::Peripheral, What::DataLength { octets: 251, time: 2120 }, 3),
        ];
        let case = Case { procedures, encryption: Switch::Off, ..Case::default() };
        let mut tape = Base::new(&case).unwrap().run(&case).records;
        // Some packets begin too late, so that there is something to find before and after a cut.
        for place in [tape.len() / 2, tape.len() * 3 / 4, tape.len() - 40] {
            let sent = |record: &&mut Record| matches!(record.kind, RecordKind::AirTx(_));
            let packet = tape[place..].iter_mut().find(sent).unwrap();
            packet.at += Duration::from_us(9);
        }
        let whole = bletwin_oracle::judge(&bletwin_sim::view(&tape));
        assert!(!whole.is_empty());
        for at in (0..=tape.len()).step_by(7) {
            let mut seen = Beginning::new(&tape[..at]);
            for _ in 0..2 {
                assert_eq!(seen.judge(&tape), whole, "{at}");
            }
            let part = tape.len().min(at + 30);
            let partly = bletwin_oracle::judge(&bletwin_sim::view(&tape[..part]));
            assert_eq!(seen.judge(&tape[..part]), partly, "{at}");
        }
    }
}

//! The page of a capture: a column for each connection, with what was not captured.

use std::collections::BTreeSet;
use std::io::{self, Write};

use bletwin_scenarios::judgement::seconds;
use bletwin_sniffer::{Hci, Said, View};

use super::marks::{self, note, ns, packet, told};
use super::model::{Lane, Mark, MarkKind, Run};
use super::{Ends, bars, words};
use crate::captured::{CapturedLink, Explained, Naming};
use crate::why::sight::Gap;

/// What no capture has, and what it is concluded from.
const INFERRED: &str = "Inferred: events from time and channels; senders from time, where the \
                        sniffer does not say; what arrived from what was acknowledged; gaps from \
                        events and sequence numbers";

/// A capture that a page shows.
#[derive(Clone, Copy, Debug)]
pub struct Capture<'a> {
    /// What was seen.
    pub view: &'a View,
    /// What is told of it.
    pub explained: &'a Explained,
    /// What its devices are called.
    pub names: &'a Naming,
}

impl Capture<'_> {
    /// Writes the page.
    ///
    /// # Errors
    /// Whatever writing ran into.
    pub fn page(&self, title: &str, out: &mut impl Write) -> io::Result<()> {
        super::write(
            title,
            self.explained.links.iter().map(|link| self.column(link)).collect(),
            out,
        )
    }

    fn column(&self, link: &CapturedLink) -> Run {
        let verdict = match (link.set_aside, link.concern) {
            (Some(aside), _) => format!("not judged: {}", aside.why),
            (None, None) => "nothing went wrong that was captured".to_owned(),
            (None, Some(concern)) => concern.words(),
        };
        let mut facts = link.facts();
        facts.push(INFERRED.into());
        let mut why = Vec::new();
        if link.concern.is_some() {
            why.extend(link.why.sure());
            why.push(link.why.paragraph());
        }
        why.extend(link.further());
        let wanted = match link.concern {
            Some(_) => link.why.wanted(),
            None => BTreeSet::new(),
        };
        let [from, to] = link.span;
        let (central, peripheral) = (link.central, link.peripheral);
        let ends = Ends { central, others: &[], peripheral, decisive: &wanted };
        let here = || {
            let number = Some(link.number - 1);
            self.explained.items.iter().filter(move |item| item.connection == number)
        };
        let packets = here().filter_map(|item| {
            let octets = self.view.frames.get(item.index)?.pdu.octets();
            packet(&ends, item, octets)
        });
        let hosts = self.view.hci().iter().filter(|hci| hci.at >= from && hci.at <= to);
        let hosts = hosts.filter_map(|hci| said(&ends, hci));
        let records: BTreeSet<_> = here().map(|item| item.record).collect();
        let examined = &self.explained.examined;
        let lists = [
            (&examined.findings, MarkKind::Finding),
            (&examined.observations, MarkKind::Observation),
        ];
        let broken = lists.into_iter().flat_map(|(list, kind)| {
            let of_link = list.iter().filter(|finding| records.contains(&finding.record));
            of_link.map(move |finding| told(finding.clone(), kind))
        });
        let all = packets.chain(hosts).chain(broken).chain(gaps(link));
        let mut marks: Vec<Mark> =
            all.map(|mark| Mark { text: self.names.hide(&mark.text), ..mark }).collect();
        marks.sort_by_key(|mark| (mark.at_ns, mark.id, mark.kind));
        marks::set_apart(&mut marks);
        Run {
            heading: link.heading(self.names),
            codes: words::codes(&why.join(" ")),
            good: link.concern.is_none(),
            bars: bars::bars(&wanted, here()),
            end_ns: ns(to),
            verdict,
            why,
            facts,
            marks,
        }
    }
}

/// Where packets may have been on air that were not captured.
fn gaps(link: &CapturedLink) -> impl Iterator<Item = Mark> + '_ {
    let pdus = &link.why.account.pdus;
    link.why.account.sight.gaps().filter_map(move |Gap { until, central, count, .. }| {
        let (before, pdu) = (pdus.get(until.checked_sub(1)?)?, pdus.get(until)?);
        let lane = if central { Lane::CentralLink } else { Lane::PeripheralLink };
        let text = match count {
            1 => "1 packet may be missing".to_owned(),
            n => format!("up to {n} packets may be missing"),
        };
        let fields = vec![
            ("between", format!("{} and {}", seconds(before.at), seconds(pdu.at))),
            ("inferred", "from events and sequence numbers around it".to_owned()),
        ];
        let to = if central { Lane::PeripheralLink } else { Lane::CentralLink };
        Some(Mark { to, fields, ..note(pdu.id.0, pdu.at, lane, MarkKind::Gap, text) })
    })
}

fn said(ends: &Ends<'_>, hci: &Hci) -> Option<Mark> {
    let (host, link) = ends.lanes(hci.node)?;
    let (from, to, name, values) = match &hci.said {
        Said::Command(command) => (host, link, command.name(), format!("{command:?}")),
        Said::Event(event) => (link, host, event.name(), format!("{event:?}")),
        Said::Octets(_) => return None,
    };
    let fields = vec![("values", values)];
    let text = marks::spaced(name);
    Some(Mark { to, fields, ..note(hci.id.0, hci.at, from, MarkKind::Hci, text) })
}

//! An independent judge of both link layers: it watches the air and the HCI events in a [`View`],
//! and names rule, culprit and evidence of every violation. Written from the rules, not from the
//! link layers that it judges; it shares with them no more than the formats of PDUs.
//!
//! ```
//! use ble::time::Instant;
//! use bletwin_sniffer::{AirItem, View};
//!
//! let silence = View {
//!     frames: Vec::new(),
//!     hci: None,
//!     nodes: None,
//!     exact_times: true,
//!     complete: true,
//!     end: Instant::from_us(1_000_000),
//! };
//! assert!(bletwin_oracle::judge(&silence).is_empty(), "nobody is accused for silence");
//! ```

use std::collections::BTreeSet;

use bletwin_sniffer::{AirItem, View};

mod advertising;
mod agreement;
mod asked;
mod beyond;
mod channel;
mod choice;
mod clock;
mod command_completion;
mod encryption;
mod ending;
mod extended;
mod extent;
mod feature_bits;
mod features;
mod findings;
mod flow;
mod framing;
mod gap;
mod host_events;
mod hosts;
mod l2cap;
mod latency;
mod length;
mod link;
mod needs;
mod obligations;
mod payload;
mod phy;
mod phy_length;
mod privacy;
mod procedure;
mod rivals;
mod shared_radio;
mod stale_parameters;
mod table;
mod timing;
mod values;
mod window;

pub use bletwin_rules::{Force, Rule};
use findings::Findings;
pub use findings::{Examined, Finding, Judged, Stop};
pub use needs::Needs;

/// The violations of rules in a view, in its order: [`examine`] without observations.
#[must_use]
pub fn judge(view: &View) -> Vec<Finding> {
    judge_sniffed(view, &bletwin_sniffer::sniff(view))
}

/// The same of a view that has been sniffed already: `items` are what came of it.
#[must_use]
pub fn judge_sniffed(view: &View, items: &[AirItem]) -> Vec<Finding> {
    let mut judge = Judge::default();
    judge.connections(view, items);
    let (examined, _) = judge.sorted(view, items);
    examined.findings
}

/// Judges everything that is in a view. Time and memory are linear in its length.
#[must_use]
pub fn examine(view: &View) -> Examined {
    examine_sniffed(view, &bletwin_sniffer::sniff(view))
}

/// The same of a view that has been sniffed already: `items` are what came of it.
#[must_use]
pub fn examine_sniffed(view: &View, items: &[AirItem]) -> Examined {
    let mut judge = Judge::default();
    judge.connections(view, items);
    judge.verdict(view, items)
}

/// Judges a long view in pieces, so that no more than one of them has to be there at a time.
///
/// A piece has whole connections, and with them all that they have to do with: the advertisement
/// that each answers, and the other connections of its devices at the same time.
#[derive(Debug, Default)]
pub struct Judge {
    /// What all pieces have; `None`: there was none.
    there: Option<Needs>,
    examined: Examined,
}

impl Judge {
    /// Judges the connections of a piece.
    pub fn connections(&mut self, view: &View, items: &[AirItem]) {
        let (there, all) = (Needs::present(view), &mut self.examined);
        let facts = Facts::of(view);
        let mut links = link::links(view, items, &mut all.unjudged);
        all.unjudged.extend(links.iter_mut().filter_map(|link| link.end_where_restarted(view)));
        if view.hci.is_none() {
            let known = |link: &&mut link::Link<'_>| !link.is_captured();
            let worlds = links.iter_mut().filter(known);
            all.unjudged.extend(worlds.filter_map(link::Link::end_where_opaque));
        }
        let before = all.links.len();
        let extents: Vec<Needs> =
            links.iter_mut().map(|link| extent::settle(link, there, &mut all.links)).collect();
        let sealed = all.links.iter().skip(before).filter_map(|link| link.stop);
        let sealed = sealed.filter(|(_, stop)| *stop == Stop::Sealed).map(|(record, _)| record);
        all.unjudged.extend(sealed);
        let shared = shared_radio::Shared::of(&links);
        for (number, (link, there)) in links.into_iter().zip(extents).enumerate() {
            self.take(one_link(link, &facts, &shared.of_peripheral(number), there).examined);
        }
        self.there = Some(self.there.map_or(there, |before| before.common(there)));
    }

    fn take(&mut self, mut examined: Examined) {
        self.examined.findings.append(&mut examined.findings);
        self.examined.observations.append(&mut examined.observations);
    }

    /// What there is to say, each in the order of the whole, when all pieces have been judged;
    /// `view` has its advertising.
    #[must_use]
    pub fn verdict(self, view: &View, items: &[AirItem]) -> Examined {
        let (mut all, there) = self.sorted(view, items);
        let judged = bletwin_rules::judged().map(|rule| rule.id);
        let decided: BTreeSet<_> = all.links.iter().flat_map(|l| &l.decided).copied().collect();
        let open = |rule: &&str| !Needs::decide(rule, there) && !decided.contains(rule);
        all.undecided = judged.filter(open).collect();
        all
    }

    /// What was found, in order, and the evidence that all of it had.
    fn sorted(mut self, view: &View, items: &[AirItem]) -> (Examined, Needs) {
        let there = Needs::present(view);
        let there = self.there.map_or(there, |pieces| pieces.common(there));
        let mut findings = Findings::with(there);
        advertising::check(view, &mut findings);
        extended::check(items, &mut findings);
        gap::check(view, &mut findings);
        self.take(findings.examined);
        let mut all = self.examined;
        for list in [&mut all.findings, &mut all.observations] {
            list.sort_by_key(|finding| (finding.record, finding.rule));
        }
        all.unjudged.sort_unstable();
        all.links.sort_by_key(|link| link.connection);
        (all, there)
    }
}

/// The facts of a view beside the packets of connections.
struct Facts {
    own: feature_bits::Own,
    closed: window::Closed,
    unfinished: Vec<command_completion::Unfinished>,
    timeouts: Vec<payload::Set>,
}

impl Facts {
    fn of(view: &View) -> Self {
        Self {
            own: feature_bits::own(view.hci()),
            closed: window::closed(view),
            unfinished: command_completion::unfinished(view),
            timeouts: payload::set(view.hci()),
        }
    }
}

/// Everything about one connection; `busy`: what its peripheral did meanwhile in others.
fn one_link(
    mut link: link::Link<'_>,
    facts: &Facts,
    busy: &shared_radio::Busy<'_>,
    there: Needs,
) -> Findings {
    let mut findings = Findings::with(there);
    if let Some(index) = beyond::beyond(&link) {
        link.truncate(index);
    }
    if let Some((index, update)) = stale_parameters::kept(&link) {
        stale_parameters::report(&link, index, update, &mut findings);
        link.truncate(index);
    }
    framing::check(&link, &facts.own, &mut findings);
    values::check(&link, &mut findings);
    flow::check(&link, &mut findings);
    timing::check(&link, busy, &mut findings);
    channel::check(&link, &mut findings);
    length::values(&link, &mut findings);
    let refusals = encryption::check(&link, &mut findings);
    let procedures = procedure::check(&link, &mut findings);
    // Above, PDUs are judged by themselves; from here on, what followed them.
    phy::check(&link, &mut findings);
    choice::check(&link, &mut findings);
    length::check(&link, &mut findings);
    timing::room(&link, &mut findings);
    features::check(&link, &mut findings);
    ending::check(&link, &procedures, &refusals, &mut findings);
    agreement::check(&link, &mut findings);
    feature_bits::check(&link, &facts.own, &mut findings);
    window::check(&link, &facts.closed, busy, &mut findings);
    command_completion::check(&link, &facts.unfinished, &mut findings);
    latency::check(&link, &facts.closed, busy, &mut findings);
    phy_length::check(&link, &mut findings);
    payload::check(&link, &facts.own, &facts.timeouts, &mut findings);
    host_events::check(&link, &mut findings);
    obligations::check(&link, &procedures, &mut findings);
    l2cap::check(&link, &mut findings);
    findings
}

#[cfg(test)]
mod tests;

//! A capture explained piece by piece: no more than one is there at a time, and what is told is
//! that of the whole.

use std::collections::BTreeSet;

use bletwin_oracle::{Examined, Judge};
use bletwin_sniffer::{Outline, RecordId, View, sniff};

use super::{Aside, CapturedLink, Explained, links};
use crate::why::watched::Around;

/// Explains all that was seen, without hosts' logs; `set_aside`: packets of connections of which
/// nothing shall be told, as [`Explained::set_aside`] does, and why.
#[must_use]
pub fn in_pieces(
    outline: &Outline,
    pieces: impl Iterator<Item = View>,
    set_aside: &[(RecordId, Aside)],
) -> Explained {
    let Outline { view, firsts } = outline;
    let adverts = sniff(view);
    let mut judge = Judge::default();
    let mut all = Vec::new();
    let mut aside = BTreeSet::new();
    for piece in pieces {
        let items = sniff(&piece);
        judge.connections(&piece, &items);
        let around = Around { end: view.end, hci: &[], adverts: &adverts, firsts };
        for link in links(&items, &around) {
            let here = || link.why.account.pdus.iter().map(|pdu| pdu.id);
            let one = set_aside.iter().find(|(packet, _)| here().any(|id| id == *packet));
            let link = match one {
                Some(&(_, one)) => {
                    aside.extend(here());
                    link.aside(one)
                }
                None => link,
            };
            all.push(link.without_packets());
        }
    }
    let mut examined = judge.verdict(view, &adverts);
    let Examined { findings, observations, .. } = &mut examined;
    for list in [findings, observations] {
        list.retain(|finding| !aside.contains(&finding.record));
    }
    all.sort_by_key(|link| link.first);
    let numbered = (1..).zip(all).map(|(number, link)| CapturedLink { number, ..link });
    let links = numbered.map(|link| link.examined(&examined)).collect();
    let firsts = firsts.clone();
    Explained { links, logs: Vec::new(), examined, items: adverts, firsts }
}

//! Several centrals that answer one advertisement: their CONNECT_INDs overlap on air, and the
//! advertiser accepts at most one. The accepted one is the connection in which it has sent a
//! packet; without a packet, the one whose CONNECT_IND it is known to have received. In the others
//! it never took part, and has no obligations.

use std::collections::BTreeSet;

use ble::hci::Role;
use ble::time::Duration;

use super::link::Link;
use bletwin_sniffer::{Hearing, NodeId, Reception, View};

/// CONNECT_INDs that begin within this time answer the same packet: all have the same length, and
/// another advertisement does not fit between them.
const TOGETHER: Duration = Duration::from_us(100);

/// Marks those that the advertiser did not take.
pub(super) fn mark(view: &View, links: &mut [Link<'_>]) {
    let mut first = 0;
    while let Some(head) = links.get(first) {
        let at = head.connect.at;
        let behind = links.get(first..).unwrap_or_default();
        let together = |link: &&Link<'_>| link.connect.at.since(at) < TOGETHER;
        let last = first + behind.iter().take_while(together).count().max(1);
        let at_once = links.get_mut(first..last).unwrap_or_default();
        // There may be several advertisers as well, on other channels.
        let called: BTreeSet<NodeId> = at_once.iter().map(|link| link.nodes[1]).collect();
        for node in called.into_iter().filter(|_| last > first + 1) {
            let theirs = |link: &&mut Link<'_>| link.is_legacy() && link.nodes[1] == node;
            settle(view, at_once.iter_mut().filter(theirs).collect());
        }
        first = last;
    }
}

/// Of several that answer one advertisement.
fn settle(view: &View, rivals: Vec<&mut Link<'_>>) {
    if rivals.len() < 2 {
        return;
    }
    let spoken = rivals.iter().position(|link| link.last_of(Role::Peripheral).is_some());
    let heard = |link: &Link<'_>| {
        let frame = view.frames.get(link.connect.index);
        let known = frame.is_some_and(|frame| matches!(frame.hearing, Hearing::Known(_)));
        known && link.connect.reception == Some(Reception::Ok)
    };
    let begun = spoken.or_else(|| rivals.iter().position(|link| heard(link)));
    for (number, link) in rivals.into_iter().enumerate() {
        link.in_vain = begun != Some(number);
    }
}

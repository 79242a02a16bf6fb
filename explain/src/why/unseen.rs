//! Packets that were not captured although others of their connection event were: what sequence
//! numbers, times and the MD bit of their neighbours show.

use std::collections::BTreeSet;

use ble::pdu::data::DataHeader;
use ble::time::Duration;
use bletwin_sim::sniffer::AirItem;

use super::sight::{header, side};

/// Between a packet and its answer there is less than that; with another one between, more.
const ANSWER: Duration = Duration::from_us(300);

/// The last packet of an end.
struct Last<'a> {
    header: DataHeader,
    payload: &'a [u8],
    /// Whether its peer was seen since.
    answered: bool,
    /// Whether it is known already that a packet of it is missing since.
    noted: bool,
}

/// connEventCount of each packet: one for which it is not known belongs to the event of the packet
/// that it follows at once.
pub(super) fn events(items: &[&AirItem]) -> Vec<Option<u16>> {
    let mut last: Option<(&AirItem, Option<u16>)> = None;
    let of = |item: &&AirItem, last: Option<(&AirItem, Option<u16>)>| {
        let before = last.filter(|(last, _)| item.at.since(last.end) <= ANSWER);
        item.event.or_else(|| before.and_then(|(_, event)| event))
    };
    let found = items.iter().map(|item| {
        let event = of(item, last);
        last = Some((*item, event));
        event
    });
    found.collect()
}

/// Where a packet of a side is missing: index of the packet that follows, and whether it was the
/// central's.
pub(super) fn within_events(items: &[&AirItem], events: &[Option<u16>]) -> BTreeSet<(usize, bool)> {
    let mut missing = BTreeSet::new();
    let mut ends: [Option<Last<'_>>; 2] = [None, None];
    let mut before: [Option<(&AirItem, u16)>; 2] = [None; 2];
    for (index, (item, event)) in items.iter().zip(events).enumerate() {
        let (Some(central), Some(event)) = (side(item), *event) else { continue };
        let now = header(item);
        if let Some(last) = &ends[usize::from(central)] {
            // What it expects next has changed, or what it sends: the peer has spoken.
            let heard = last.header.nesn != now.nesn || last.header.sn != now.sn;
            // Another PDU with the same number: there was one with the other in between.
            let between = last.header.sn == now.sn
                && !item.retransmission
                && last.payload != item.payload.as_slice();
            let (peer, own) = ((heard || between) && !last.answered, between && !last.noted);
            if own {
                missing.insert((index, central));
            }
            let other = ends[usize::from(!central)].as_mut().filter(|_| peer);
            if other.is_none_or(|other| !std::mem::replace(&mut other.noted, true)) && peer {
                missing.insert((index, !central));
            }
        }
        if let Some((last, of)) = before[1] {
            let same = of == event;
            let apart = same && item.at.since(last.end) > ANSWER;
            // Two lost packets in each direction leave no trace in sequence numbers. To a central
            // that got no answer the event was over, whatever it had promised.
            let answered = side(last) == Some(false);
            let promised =
                !same && answered && before.iter().flatten().any(|(last, _)| header(last).md);
            if apart || promised {
                missing.extend([(index, true), (index, false)]);
                ends.iter_mut().flatten().for_each(|end| end.noted = true);
            }
        }
        let own = Last { header: now, payload: &item.payload, answered: false, noted: false };
        ends[usize::from(central)] = Some(own);
        if let Some(peer) = &mut ends[usize::from(!central)] {
            peer.answered = true;
        }
        // The last two of an event.
        let earlier = before[1].filter(|(_, of)| *of == event);
        before = [earlier, Some((*item, event))];
    }
    missing
}

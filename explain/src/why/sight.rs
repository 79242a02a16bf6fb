//! What may have been on air without being seen: of an absence a capture with gaps proves little.

use std::ops::RangeInclusive;

use ble::pdu::data::DataHeader;
use bletwin_sim::sniffer::{AirItem, Decoded, Direction};

use super::unseen;

/// Where packets of a side may have been on air unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Index of the PDU in front of which they were.
    pub until: usize,
    /// Whether they were the central's.
    pub central: bool,
    /// How many at most.
    pub count: u32,
    /// The first of the connection events that they were in, one each; `None`: right in front of
    /// that PDU.
    pub from: Option<u16>,
}

/// Packets that were not seen, or not understood, by the PDU that follows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    missing: Vec<Gap>,
    /// Indices of PDUs that were not understood.
    unread: Vec<usize>,
    /// Whether anything may be missing at all.
    partial: bool,
    /// Whether packets of the central were acknowledged: a peripheral that was not heard is there.
    acknowledged: bool,
}

impl Sight {
    /// Where everything was seen.
    #[must_use]
    pub fn whole() -> Self {
        Self::default()
    }

    /// What the packets of a connection leave open, in their order; `advertised_on`: whether the
    /// peripheral was heard to advertise meanwhile.
    #[must_use]
    pub fn of(items: &[&AirItem], advertised_on: bool) -> Self {
        let opaque = |(_, item): &(usize, &&AirItem)| {
            item.decoded == Decoded::Opaque && item.event.is_some()
        };
        let unread = items.iter().enumerate().filter(opaque).map(|(index, _)| index).collect();
        let events = unseen::events(items);
        let (mut hidden, mut skipped) = (Vec::new(), [Vec::new(), Vec::new()]);
        for central in [true, false] {
            let mut last: Option<(u16, usize)> = None;
            for (index, item) in items.iter().enumerate() {
                let event = events.get(index).copied().flatten();
                let Some(event) = event.filter(|_| side(item) == Some(central)) else {
                    continue;
                };
                let missing = match last {
                    Some((before, _)) => event.wrapping_sub(before).saturating_sub(1),
                    None => event,
                };
                let behind = last.map(|(_, behind)| behind);
                if missing > 0 {
                    let behind = behind.map_or(0, |behind| behind + 1);
                    skipped[usize::from(central)].push(behind..=index);
                }
                let new = behind.is_none_or(|behind| may_be_new(items, behind, index, missing));
                // What goes back in time, nothing can be said of.
                if (1..u16::MAX / 2).contains(&missing) && new {
                    let (until, count) = (index, u32::from(missing));
                    let from = Some(event.wrapping_sub(missing));
                    hidden.push(Gap { until, central, count, from });
                }
                last = Some((event, index));
            }
        }
        // What is missing where whole events are has been counted.
        let within =
            unseen::within_events(items, &events).into_iter().filter(|(index, central)| {
                let spans: &[RangeInclusive<usize>] = &skipped[usize::from(*central)];
                let place = spans.partition_point(|span| span.end() < index);
                !spans.get(place).is_some_and(|span| span.contains(index))
            });
        let one = |until, central| Gap { until, central, count: 1, from: None };
        hidden.extend(within.map(|(index, central)| one(index, central)));
        // Where it is not known which event it was, nobody knows what was missed before it.
        let placeless = items.iter().enumerate().filter(|(index, _)| events[*index].is_none());
        let placeless = placeless.filter_map(|(index, item)| Some(one(index, side(item)?)));
        hidden.extend(placeless.filter(|gap| gap.until > 0));
        // A side of which nothing was seen may have said anything; not who is busy elsewhere, and
        // whose peer has had nothing acknowledged.
        let acknowledged = !is_unheeded(items, 0);
        for central in [true, false] {
            if !central && advertised_on && !acknowledged {
                continue;
            }
            let seen = |item: &&AirItem| item.event.is_some() && side(item) == Some(central);
            if !items.iter().any(seen) {
                let other = items.iter().enumerate().filter(|(_, item)| item.event.is_some());
                hidden.extend(other.map(|(index, _)| one(index, central)));
            }
        }
        hidden.sort_unstable();
        Self { missing: hidden, unread, partial: true, acknowledged }
    }

    /// Where packets of a side may have been on air unseen.
    pub fn gaps(&self) -> impl Iterator<Item = Gap> + '_ {
        self.missing.iter().copied()
    }

    /// Whether anything may be missing at all.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.partial
    }

    /// Whether the central's packets show that somebody acknowledged them.
    #[must_use]
    pub const fn is_acknowledged(&self) -> bool {
        self.acknowledged
    }

    /// Indices of the PDUs that were not understood.
    pub fn unread_at(&self) -> impl Iterator<Item = usize> + '_ {
        self.unread.iter().copied()
    }

    /// How many PDUs were not understood.
    #[must_use]
    pub const fn unread(&self) -> usize {
        self.unread.len()
    }

    /// How many packets behind the PDU at `from`, up to the one at `to`, may have been on air
    /// unseen or were not understood.
    #[must_use]
    pub fn hidden(&self, from: usize, to: usize) -> u32 {
        let (missing, unread) = self.behind(from, to);
        missing.saturating_add(unread)
    }

    /// The same apart: how many may have been on air unseen, and how many were not understood.
    #[must_use]
    pub fn behind(&self, from: usize, to: usize) -> (u32, u32) {
        let between = |index: usize| index > from && index <= to;
        let missing = self.missing.iter().filter(|gap| between(gap.until));
        let unread = self.unread.iter().filter(|index| between(**index)).count();
        let missing = missing.fold(0_u32, |all, gap| all.saturating_add(gap.count));
        (missing, u32::try_from(unread).unwrap_or(u32::MAX))
    }
}

pub(super) fn side(item: &AirItem) -> Option<bool> {
    item.direction.map(|direction| direction == Direction::CentralToPeripheral)
}

/// Whether one of the `missing` packets between two of one side may have said what neither says.
fn may_be_new(items: &[&AirItem], from: usize, to: usize, missing: u16) -> bool {
    let (Some(first), Some(next)) = (items.get(from), items.get(to)) else { return true };
    let between = items.get(from + 1..to).unwrap_or_default();
    // A single one between two that differ in SN repeats one of them. It is a single one if its
    // event had one answer, behind which nothing more was to come.
    let event = first.event.map(|event| event.wrapping_add(1));
    let mut answers =
        between.iter().filter(|item| item.event == event && side(item) != side(first));
    let answer = answers.next().filter(|_| answers.next().is_none());
    let single = missing == 1 && answer.is_some_and(|answer| !header(answer).md);
    if single && header(first).sn != header(next).sn {
        return false;
    }
    // If the other side was seen in each event and its NESN stood still, it has taken nothing.
    let acknowledged: Vec<bool> = between
        .iter()
        .filter(|item| item.event.is_some() && side(item) != side(first))
        .map(|item| header(item).nesn)
        .collect();
    let all = acknowledged.len() > usize::from(missing);
    let still = acknowledged.windows(2).all(|two| two[0] == two[1]);
    side(first) == Some(true) || !(all && still)
}

/// Whether the central's packets behind a PDU all have one sequence number: none of them was
/// acknowledged.
#[must_use]
pub fn is_unheeded(items: &[&AirItem], behind: usize) -> bool {
    let later = items.iter().skip(behind + 1).filter(|item| side(item) == Some(true));
    let mut numbers = later.map(|item| header(item).sn);
    let first = numbers.next();
    numbers.all(|sn| Some(sn) == first)
}

pub(super) const fn header(item: &AirItem) -> DataHeader {
    DataHeader::from_octet(item.header)
}

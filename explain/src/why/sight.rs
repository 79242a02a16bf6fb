//! What may have been on air without being seen: of an absence a capture with gaps proves little.

use ble::pdu::data::DataHeader;
use bletwin_sim::sniffer::{AirItem, Decoded, Direction};

/// Packets that were not seen, or not understood, by the PDU that follows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// Index of the PDU in front of which they were, whether the central's, and how many.
    missing: Vec<(usize, bool, u32)>,
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

    /// What the packets of a connection leave open, in their order.
    #[must_use]
    pub fn of(items: &[&AirItem]) -> Self {
        let opaque = |(_, item): &(usize, &&AirItem)| {
            item.decoded == Decoded::Opaque && item.event.is_some()
        };
        let unread = items.iter().enumerate().filter(opaque).map(|(index, _)| index).collect();
        let mut hidden = Vec::new();
        for central in [true, false] {
            let mut last: Option<(u16, usize)> = None;
            for (index, item) in items.iter().enumerate() {
                let Some(event) = item.event.filter(|_| side(item) == Some(central)) else {
                    continue;
                };
                let missing = match last {
                    Some((before, _)) => event.wrapping_sub(before).saturating_sub(1),
                    None => event,
                };
                let behind = last.map(|(_, behind)| behind);
                let new = behind.is_none_or(|behind| may_be_new(items, behind, index, missing));
                // What goes back in time, nothing can be said of.
                if (1..u16::MAX / 2).contains(&missing) && new {
                    hidden.push((index, central, u32::from(missing)));
                }
                last = Some((event, index));
            }
        }
        // Where it is not known which event it was, nobody knows what was missed before it.
        let placeless = items.iter().enumerate().filter(|(_, item)| item.event.is_none());
        let placeless = placeless.filter_map(|(index, item)| Some((index, side(item)?, 1)));
        hidden.extend(placeless.filter(|(index, ..)| *index > 0));
        // A side of which nothing was seen may have said anything.
        for central in [true, false] {
            let seen = |item: &&AirItem| item.event.is_some() && side(item) == Some(central);
            if !items.iter().any(seen) {
                let other = items.iter().enumerate().filter(|(_, item)| item.event.is_some());
                hidden.extend(other.map(|(index, _)| (index, central, 1)));
            }
        }
        hidden.sort_unstable();
        let acknowledged = !is_unheeded(items, 0);
        Self { missing: hidden, unread, partial: true, acknowledged }
    }

    /// Where packets of a side may have been on air unseen: index of the PDU that follows, whether
    /// they are the central's, and how many at most.
    pub fn gaps(&self) -> impl Iterator<Item = (usize, bool, u32)> + '_ {
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
        let missing = self.missing.iter().filter(|(index, ..)| between(*index));
        let unread = self.unread.iter().filter(|index| between(**index)).count();
        let missing = missing.fold(0_u32, |all, (.., count)| all.saturating_add(*count));
        (missing, u32::try_from(unread).unwrap_or(u32::MAX))
    }
}

fn side(item: &AirItem) -> Option<bool> {
    item.direction.map(|direction| direction == Direction::CentralToPeripheral)
}

/// Whether one of the `missing` packets between two of one side may have said what neither says.
fn may_be_new(items: &[&AirItem], from: usize, to: usize, missing: u16) -> bool {
    let (Some(first), Some(next)) = (items.get(from), items.get(to)) else { return true };
    // A single one between two that differ in SN repeats one of them.
    if missing == 1 && header(first).sn != header(next).sn {
        return false;
    }
    // If the other side was seen in each event and its NESN stood still, it has taken nothing.
    let between = items.get(from + 1..to).unwrap_or_default();
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

const fn header(item: &AirItem) -> DataHeader {
    DataHeader::from_octet(item.header)
}

//! The [sniffer](bletwin_sniffer) on records, whole or while they come.

mod live;

pub use bletwin_sniffer::{AirItem, Decoded, Direction};
pub use live::Live;

use crate::record::{Record, RecordKind};

/// Reads all packets out of records; [`AirItem::index`] is a packet's place among them.
#[must_use]
pub fn sniff(records: &[Record]) -> Vec<AirItem> {
    let mut items = bletwin_sniffer::sniff(&crate::view::view(records));
    let sent = records.iter().enumerate();
    let sent = sent.filter(|(_, record)| matches!(record.kind, RecordKind::AirTx(_)));
    for (item, (index, _)) in items.iter_mut().zip(sent) {
        item.index = index;
    }
    items
}

#[cfg(test)]
pub(crate) mod tests;

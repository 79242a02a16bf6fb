//! A capture that is too long for memory, in pieces.
//!
//! Each piece is a [`View`] with whole connections and what they depend on, so that judging a piece
//! finds the same as judging the whole. What belongs to no connection is in the [`Outline`].

use std::collections::{BTreeMap, BTreeSet};

use ble::time::Instant;

use super::{AirItem, NodeId, RecordId, View};

/// What a capture has beside the packets of its connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its advertising, requests for connections included, and what holds for all of it.
    pub view: View,
    /// The first packets of its connections, in their order.
    pub firsts: Vec<First>,
}

/// The first packet of one end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct First {
    /// The first packet of the connection.
    pub begun: RecordId,
    /// This packet itself.
    pub record: RecordId,
    /// When it was on air.
    pub at: Instant,
    /// Who sent it.
    pub from: NodeId,
}

impl First {
    /// Those of all connections of which there are packets.
    #[must_use]
    pub fn all(items: &[AirItem]) -> Vec<Self> {
        let mut begun = BTreeMap::new();
        let mut ends = BTreeSet::new();
        let mut all = Vec::new();
        for item in items {
            let Some(number) = item.connection else { continue };
            let begun = *begun.entry(number).or_insert(item.record);
            if item.direction.is_some() && ends.insert((number, item.from)) {
                all.push(Self { begun, record: item.record, at: item.at, from: item.from });
            }
        }
        all
    }
}

//! Keeps the records and the running hash of what was on air.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use ble::phy::TxPhy;
use ble::radio::Tag;
use ble::time::Instant;

use crate::medium::symbols::Symbols;
use crate::node::NodeId;
use crate::record::{Record, RecordId, RecordKind};

/// For how many records the queueing of a PDU is remembered at least.
const QUEUED_SPAN: u64 = 1 << 16;
/// How many may be remembered before any is forgotten.
const QUEUED_MAX: usize = 1 << 14;

#[derive(Clone, Debug)]
pub(super) struct Recorder {
    recording: bool,
    records: Vec<Record>,
    next: u64,
    /// Records of queued PDUs by sender and tag, for the transmissions to point at.
    queued: BTreeMap<(NodeId, Tag), RecordId>,
    /// If it is wanted.
    air: Option<Sha256>,
}

impl Recorder {
    pub(super) fn new(recording: bool, air_hash: bool) -> Self {
        Self {
            recording,
            records: Vec::new(),
            next: 1,
            queued: BTreeMap::new(),
            air: air_hash.then(Sha256::new),
        }
    }

    pub(super) const fn is_on(&self) -> bool {
        self.recording
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }

    /// Moves what has been recorded to the end of `to`. Numbers go on. In a world that lives for
    /// long, PDUs that were queued long ago are forgotten.
    pub(super) fn drain(&mut self, to: &mut Vec<Record>) {
        to.append(&mut self.records);
        if self.queued.len() > QUEUED_MAX {
            let next = self.next;
            self.queued.retain(|_, id| id.0.saturating_add(QUEUED_SPAN) > next);
        }
    }

    /// Records something, if records are kept; `kind` is only made then.
    pub(super) fn add(
        &mut self,
        at: Instant,
        node: NodeId,
        causes: &[RecordId],
        kind: impl FnOnce() -> RecordKind,
    ) -> Option<RecordId> {
        if !self.recording {
            return None;
        }
        let id = RecordId(self.next);
        self.next += 1;
        self.records.push(Record { id, causes: causes.to_vec(), at, node, kind: kind() });
        Some(id)
    }

    /// Remembers which record tells of the queueing of a PDU.
    pub(super) fn name(&mut self, node: NodeId, tag: Tag, record: Option<RecordId>) {
        if let Some(record) = record.filter(|_| tag != 0) {
            self.queued.insert((node, tag), record);
        }
    }

    /// The record that tells of the queueing of a PDU.
    pub(super) fn queued(&self, node: NodeId, tag: Tag) -> Option<RecordId> {
        self.queued.get(&(node, tag)).copied()
    }

    /// Hashes a packet that goes on air, if that is wanted: time of its first bit (ticks), channel
    /// index, PHY, number of symbols, and the symbols, eight to an octet, the first in the least
    /// significant bit. Numbers are little-endian.
    pub(super) fn on_air(
        &mut self,
        start: Instant,
        channel: u8,
        phy: TxPhy,
        symbols: impl FnOnce() -> Symbols,
    ) {
        let Some(air) = &mut self.air else {
            return;
        };
        let symbols = symbols();
        let mut head = [0; 14];
        head[..8].copy_from_slice(&start.ticks().to_le_bytes());
        head[8] = channel;
        head[9] = match phy {
            TxPhy::Le1M => 1,
            TxPhy::Le2M => 2,
            TxPhy::CodedS2 => 3,
            TxPhy::CodedS8 => 4,
        };
        let len = u32::try_from(symbols.len()).unwrap_or(u32::MAX);
        head[10..].copy_from_slice(&len.to_le_bytes());
        air.update(head);
        air.update(symbols.octets());
    }

    pub(super) fn forgo_air_hash(&mut self) {
        self.air = None;
    }

    pub(super) const fn forgoes_air_hash(&self) -> bool {
        self.air.is_none()
    }

    pub(super) fn air_sha256(&self) -> Option<[u8; 32]> {
        self.air.clone().map(|air| air.finalize().into())
    }
}

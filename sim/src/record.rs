//! The one record of what happened: log, ladder, "why", captures, oracles and hashes derive from
//! it and from nothing else.

use ble::effect::EffectId;
use ble::hci::{Acl, Command, Event};
use ble::log::{Log, Severity};
use ble::radio::Tag;
use ble::text::Text;
use ble::time::Instant;
use ble::trace::Trace;
use ble::ui::Ui;

use crate::node::{Act, NodeId};

/// Version of the meaning of records; raised whenever a reader of old records would go wrong.
pub const RECORD_SCHEMA: u32 = 1;

/// Number of a record, from 1 in the order of recording; and how a packet arrived.
pub use bletwin_sniffer::{Reception, RecordId};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Number by which later records name this one as a cause.
    pub id: RecordId,
    /// What it happened because of.
    pub causes: Vec<RecordId>,
    /// World time, not the node's own clock.
    pub at: Instant,
    /// To or at whom.
    pub node: NodeId,
    /// What happened, with its details.
    pub kind: RecordKind,
}

impl Record {
    /// Where a device has noticed a fault of its own (see [`ble::invariant`]): what does not hold,
    /// in a sentence.
    #[must_use]
    pub fn broken_invariant(&self) -> Option<String> {
        let RecordKind::Note(Note::Trace(Trace::Invariant { invariant, count })) = &self.kind
        else {
            return None;
        };
        Some(format!("it does not hold that {} (time {count})", invariant.text()))
    }
}

/// What a node tells for the record only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A command crossed the waist.
    HciCommand(Command),
    /// An event crossed the waist.
    HciEvent(Event),
    /// ACL data crossed the waist from host to controller.
    AclOut(Acl),
    /// ACL data crossed the waist from controller to host.
    AclIn(Acl),
    /// Octets of HCI as a transport carries them, packet indicator first.
    H4 {
        /// From the controller to the host, or the other way.
        to_host: bool,
        /// One packet, or what was sent in its place.
        octets: Vec<u8>,
    },
    /// A log line.
    Log(Log),
    /// A line of the application's log.
    Said(Severity, Text),
    /// The link layer tells about itself.
    Trace(Trace),
    /// Slow work began.
    EffectStarted {
        /// The effect that has begun.
        id: EffectId,
        /// In a word or two: `P-256 public key`.
        what: &'static str,
    },
    /// Slow work ended.
    EffectEnded {
        /// The effect that is complete.
        id: EffectId,
    },
    /// A line that a chip's program has printed, by RTT.
    Printed(String),
    /// Free text from a model's host: what its user would see or its log would say.
    Host(String),
}

/// What happened to a node, or what it told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// A node was switched on.
    Started,
    /// A node told something.
    Note(Note),
    /// A node showed something.
    Shown(Ui),
    /// A person did something to this node.
    Acted(Act),
    /// A packet went on air. `at` is its first bit.
    AirTx(AirTx),
    /// A packet arrived here. `at` is its last bit; the cause is its `AirTx`.
    AirRx {
        /// The [`RecordKind::AirTx`] of the packet.
        tx: RecordId,
        /// Whether its CRC was right.
        reception: Reception,
        /// Signal strength in dBm.
        rssi_dbm: i8,
    },
    /// A receiver was open and saw no packet. `at` is when it closed.
    AirMiss,
    /// A fault rule struck: its text. The cause is the `AirTx` that it struck.
    Fault(String),
    /// The radio was asked for what it could not do in time. It reported
    /// [`RadioEvent::Missed`](ble::radio::RadioEvent::Missed) instead.
    RadioError(RadioError),
}

/// A command that the radio could not execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RadioError {
    /// A reply came later than T_IFS less the radio's ramp-up.
    ReplyTooLate,
    /// A reply without a packet to reply to.
    NothingToReplyTo,
    /// The time of a transmission had passed.
    TransmitTooLate,
}

/// A packet on air, as sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AirTx {
    /// Channel index 0–39.
    pub channel: u8,
    /// PHY and coding.
    pub phy: ble::phy::TxPhy,
    /// Access address that the packet was sent with.
    pub access_address: u32,
    /// CRC preset that the sender used.
    pub crc_init: u32,
    /// Header and payload before whitening.
    pub pdu: ble::radio::AirPdu,
    /// CRC as sent, 24 bits.
    pub crc: u32,
    /// World time at which its last bit ends.
    pub end: Instant,
    /// The sender's name for the PDU; see [`Trace::Queued`].
    pub tag: Tag,
}

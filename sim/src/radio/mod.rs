//! One node's radio: what it is doing, as [`ble::radio`] defines it.

use std::sync::Arc;

use ble::phy::TxPhy;
use ble::radio::{AfterTransmit, AirPdu, RadioCommand, Receiver, Tag, Tuning};
use ble::time::Instant;

use crate::medium::TxId;
use crate::medium::symbols::Symbols;
use crate::record::RecordId;

/// From the decision to send until the first symbol can be on air, in µs (nRF52, fast ramp-up).
pub const RAMP_UP_US: u64 = 40;

/// A receiver catches an access address only if it is on this long before it begins, in µs.
pub const SYNC_LEAD_US: u64 = 4;

/// How far from T_IFS an answer may come, in µs (Vol 6, Part B, 4.2.1).
pub const T_IFS_TOLERANCE_US: u64 = 2;

/// A packet to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Outgoing {
    pub(crate) tuning: Tuning,
    pub(crate) phy: TxPhy,
    pub(crate) pdu: AirPdu,
    pub(crate) tag: Tag,
    pub(crate) then: AfterTransmit,
    /// The octets themselves, from a node that is its own radio.
    pub(crate) body: Option<Arc<[u8]>>,
}

/// A packet that is being received.
#[derive(Clone, Debug)]
pub(crate) struct Lock {
    pub(crate) packet: TxId,
    pub(crate) phy: TxPhy,
    pub(crate) start: Instant,
    pub(crate) record: Option<RecordId>,
    pub(crate) rssi_dbm: i8,
    /// Symbols as they arrive here.
    pub(crate) symbols: Arc<Symbols>,
    /// Most octets that the receiver takes.
    pub(crate) longest: u8,
    /// Once the header is in.
    pub(crate) length: Option<u8>,
}

/// What a radio is doing. Instants are world time; each state but `Off` has one step scheduled,
/// but for a node that is its own radio and listens without end.
#[derive(Clone, Debug)]
pub(crate) enum State {
    Off,
    /// Will send: its step is the start of the packet.
    ToSend(Outgoing),
    /// Will listen; switched off at `close`.
    ToListen {
        tuning: Tuning,
        receiver: Receiver,
        close: Instant,
    },
    /// Has nothing to do but to report a missed packet.
    ToReportMiss,
    /// Listens; no access address was seen yet.
    Listening {
        tuning: Tuning,
        receiver: Receiver,
        since: Instant,
    },
    /// Receives a packet.
    Receiving {
        tuning: Tuning,
        lock: Lock,
    },
    /// Sends a packet.
    Sending {
        tuning: Tuning,
        start: Instant,
        end: Instant,
        then: AfterTransmit,
        record: Option<RecordId>,
    },
}

/// A command with the records that it happens because of.
pub(crate) type Caused = (RadioCommand, Vec<RecordId>);

/// A packet that its receiver has yet to find right or wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged {
    pub(crate) tx: Option<RecordId>,
    pub(crate) rssi_dbm: i8,
}

/// A node's radio.
#[derive(Clone, Debug)]
pub(crate) struct Radio {
    pub(crate) state: State,
    /// What made it do what it does.
    pub(crate) causes: Vec<RecordId>,
    /// To be done when the own packet on air has ended.
    pub(crate) pending: Option<Caused>,
    /// Tuning and end of the packet received last, until something else begins.
    pub(crate) received: Option<(Tuning, Instant)>,
    /// The node is its own radio: see [`crate::antenna`].
    pub(crate) bare: bool,
    pub(crate) judged: Option<Judged>,
}

impl Default for Radio {
    fn default() -> Self {
        Self {
            state: State::Off,
            causes: Vec::new(),
            pending: None,
            received: None,
            bare: false,
            judged: None,
        }
    }
}

impl Radio {
    /// Whether an own packet is on air.
    pub(crate) const fn is_sending(&self) -> bool {
        matches!(self.state, State::Sending { .. })
    }

    /// Whether this radio still needs a packet on air.
    pub(crate) fn needs(&self, packet: TxId) -> bool {
        matches!(&self.state, State::Receiving { lock, .. } if lock.packet == packet)
    }
}

//! One node's radio: what it is doing, as [`ble::radio`] defines it.

use std::sync::Arc;

use ble::phy::TxPhy;
use ble::radio::{AfterTransmit, AirPdu, RadioCommand, Receiver, Tag, Tuning};
use ble::time::Instant;

use crate::medium::symbols::Symbols;
use crate::medium::{Transmission, TxId};
use crate::queue::Ticket;
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
    /// Symbols as they arrive here; `None` as long as they are as sent.
    pub(crate) symbols: Option<Symbols>,
    /// Most octets that the receiver takes.
    pub(crate) longest: u8,
    /// Once the header is in.
    pub(crate) length: Option<u8>,
    /// The end of the header, if the packet is received as one: nothing could disturb it. Somebody
    /// who begins to send before has it divided.
    pub(crate) undivided: Option<Ticket>,
}

impl Lock {
    /// Is received as one: this PDU, whose header will have passed with that ticket.
    pub(crate) fn take_whole(&mut self, pdu: &AirPdu, header: Ticket) {
        (self.undivided, self.length) = (Some(header), pdu.octets().get(1).copied());
    }

    /// Its header is received for itself after all, if it has not passed: with this ticket.
    pub(crate) fn divide(&mut self, now: Instant) -> Option<Ticket> {
        let header = self.undivided.filter(|header| header.at() > now)?;
        (self.undivided, self.length) = (None, None);
        Some(header)
    }

    /// Symbols as they arrive here, to be changed.
    pub(crate) fn symbols_mut(&mut self, packet: &Transmission) -> &mut Symbols {
        self.symbols.get_or_insert_with(|| packet.symbols())
    }
}

/// What a radio is doing. Instants are world time; each state but `Off` has one step scheduled,
/// but for a node that is its own radio and listens without end.
#[derive(Clone, Debug)]
pub(crate) enum State {
    Off,
    /// Will send: its step is the start of the packet.
    ToSend(Outgoing),
    /// Has nothing to do but to report a missed packet.
    ToReportMiss,
    /// Listens from `since` on, which may be to come; no access address was seen yet.
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
    state: State,
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

impl State {
    /// Whether the receiver is on, or will be without a further event.
    pub(crate) const fn is_receiver(&self) -> bool {
        matches!(self, Self::Listening { .. } | Self::Receiving { .. })
    }
}

impl Radio {
    /// What it does.
    pub(crate) const fn state(&self) -> &State {
        &self.state
    }

    /// Begins something. Only for whoever keeps the list of all receivers, as [`Self::end`] is.
    #[inline]
    pub(crate) fn begin(&mut self, state: State) {
        self.state = state;
    }

    /// Ends what it does: that is returned.
    #[inline]
    pub(crate) const fn end(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Off)
    }

    /// The packet that it receives.
    pub(crate) const fn lock_mut(&mut self) -> Option<(Tuning, &mut Lock)> {
        match &mut self.state {
            State::Receiving { tuning, lock } => Some((*tuning, lock)),
            _ => None,
        }
    }

    /// Whether an own packet is on air.
    pub(crate) const fn is_sending(&self) -> bool {
        matches!(self.state, State::Sending { .. })
    }

    /// Whether this radio still needs a packet on air.
    pub(crate) fn needs(&self, packet: TxId) -> bool {
        matches!(&self.state, State::Receiving { lock, .. } if lock.packet == packet)
    }
}

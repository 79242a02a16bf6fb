//! Data length update (Vol 6, Part B, 5.1.9 and 4.5.10).

use crate::error::ErrorCode;
use crate::hci::Event;
use crate::pdu::control::{ControlPdu, DataLength, FeatureSet};
use crate::trace::Procedure;

use super::connection::{Connection, Context};

/// Octets that every device can send and receive.
pub(super) const MIN_OCTETS: u16 = 27;
/// Time in µs that every device can send and receive.
pub(super) const MIN_TIME: u16 = 328;
/// Largest values of the fields.
pub(super) const MAX_OCTETS: u16 = 251;
/// Largest values of the fields, µs.
pub(super) const MAX_TIME: u16 = 17_040;

/// Octets and time of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Length {
    pub(super) octets: u16,
    /// µs.
    pub(super) time: u16,
}

impl Length {
    pub(super) const MIN: Self = Self { octets: MIN_OCTETS, time: MIN_TIME };

    fn effective(self, other: Self) -> Self {
        Self {
            octets: self.octets.min(other.octets).max(MIN_OCTETS),
            time: self.time.min(other.time).max(MIN_TIME),
        }
    }

    /// Whether a host may ask for it.
    pub(super) fn is_valid(self) -> bool {
        // LL-LEN-3.
        (MIN_OCTETS..=MAX_OCTETS).contains(&self.octets)
            && (MIN_TIME..=MAX_TIME).contains(&self.time)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct DataLengths {
    /// connMaxTxOctets and -Time: what the host asked for.
    own_tx: Length,
    /// connMaxRxOctets and -Time: what this controller can take.
    own_rx: Length,
    /// connRemoteMaxTx…
    peer_tx: Length,
    /// connRemoteMaxRx…
    peer_rx: Length,
}

impl DataLengths {
    pub(super) const fn new(own_tx: Length, own_rx: Length) -> Self {
        Self { own_tx, own_rx, peer_tx: Length::MIN, peer_rx: Length::MIN }
    }

    /// connEffectiveMaxTx…
    pub(super) fn tx(&self) -> Length {
        // LL-LEN-1, LL-LEN-2, LL-LEN-4.
        self.own_tx.effective(self.peer_rx)
    }

    /// connEffectiveMaxRx…
    fn rx(&self) -> Length {
        self.own_rx.effective(self.peer_tx)
    }

    /// connMaxTxOctets and -Time, limited to what this controller can do.
    fn set_own(&mut self, own: Length) {
        self.own_tx = Length {
            octets: own.octets.min(self.own_rx.octets),
            time: own.time.min(self.own_rx.time),
        };
    }

    const fn pdu(&self) -> DataLength {
        DataLength {
            max_rx_octets: self.own_rx.octets,
            max_rx_time: self.own_rx.time,
            max_tx_octets: self.own_tx.octets,
            max_tx_time: self.own_tx.time,
        }
    }
}

impl Connection {
    pub(super) fn start_data_length(&mut self, cx: &mut Context<'_>) {
        if self.features.lacks(FeatureSet::DATA_LENGTH_EXTENSION) {
            self.end_own(cx, ErrorCode::UNSUPPORTED_REMOTE_FEATURE);
        } else {
            self.send(cx, ControlPdu::LengthReq(self.data_length.pdu()));
        }
    }

    /// The remote's values apply on a request as on a response.
    fn learn_length(&mut self, cx: &mut Context<'_>, peer: DataLength) {
        // LL-LEN-5.
        let before = self.data_length;
        self.data_length.peer_tx = Length { octets: peer.max_tx_octets, time: peer.max_tx_time };
        self.data_length.peer_rx = Length { octets: peer.max_rx_octets, time: peer.max_rx_time };
        self.tell_length(cx, before);
    }

    /// The host asks for longer transmissions; what the peer can take is known from before.
    pub(super) fn set_own_length(&mut self, cx: &mut Context<'_>, own: Length) {
        let before = self.data_length;
        self.data_length.set_own(own);
        self.tell_length(cx, before);
    }

    fn tell_length(&self, cx: &mut Context<'_>, before: DataLengths) {
        let (tx, rx) = (self.data_length.tx(), self.data_length.rx());
        // LL-LEN-6.
        if (before.tx(), before.rx()) != (tx, rx) {
            cx.out.event(Event::LeDataLengthChange {
                handle: self.handle,
                tx_octets: tx.octets,
                tx_time: tx.time,
                rx_octets: rx.octets,
                rx_time: rx.time,
            });
        }
    }

    pub(super) fn on_length_req(&mut self, cx: &mut Context<'_>, peer: DataLength) {
        self.trace_served(cx, Procedure::DataLengthUpdate);
        self.send(cx, ControlPdu::LengthRsp(self.data_length.pdu()));
        self.learn_length(cx, peer);
    }

    pub(super) fn on_length_rsp(&mut self, cx: &mut Context<'_>, peer: DataLength) {
        if self.procedures.asked(Procedure::DataLengthUpdate).is_some() {
            self.learn_length(cx, peer);
            self.end_own(cx, ErrorCode::SUCCESS);
        } else {
            self.unexpected(cx);
        }
    }
}

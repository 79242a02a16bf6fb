//! Data length update (Vol 6, Part B, 5.1.9 and 4.5.10).

use super::{ProcedureRow, Step};
use crate::control::config::ControlConfig;
use crate::control::connection::{Connection, Context};
use ble::hci::{Command, Event};
use ble::pdu::control::{ControlPdu, DataLength, FeatureSet, Opcode};
use ble::phy::{Coding, Phy};
use ble::trace::Procedure;

const DLE: FeatureSet = FeatureSet::DATA_LENGTH_EXTENSION;

/// The host is notified of changed lengths, not of the procedure.
pub(super) const ROW: ProcedureRow = ProcedureRow {
    starts_with: Some(Opcode::LENGTH_REQ),
    needs: DLE,
    hears: &[(Opcode::LENGTH_REQ, DLE), (Opcode::LENGTH_RSP, DLE)],
    started_by: |command| matches!(command, Command::LeSetDataLength { .. }),
    ..ProcedureRow::NONE
};

/// Octets that every device can send and receive.
pub(in crate::control) const MIN_OCTETS: u16 = 27;
/// Time in µs that every device can send and receive.
pub(in crate::control) const MIN_TIME: u16 = 328;
/// Time in µs that every device can send and receive on LE Coded: 27 octets and a MIC at S=8.
const MIN_TIME_CODED: u16 = 2_704;
/// Longest packet on LE 1M, µs. A peer without LE Coded is sent no larger value.
pub(in crate::control) const MAX_TIME_UNCODED: u16 = 2_120;
/// Octets of a MIC.
const MIC: u16 = 4;
/// Both T_IFS of an exchange, µs.
const TWO_T_IFS: u32 = 300;
/// Largest values of the fields.
pub(in crate::control) const MAX_OCTETS: u16 = 251;
/// Largest values of the fields, µs.
pub(in crate::control) const MAX_TIME: u16 = 17_040;

/// Octets and time of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::control) struct Length {
    pub(in crate::control) octets: u16,
    /// Air time of a whole packet, µs.
    pub(in crate::control) time: u16,
}

impl Length {
    pub(in crate::control) const MIN: Self = Self { octets: MIN_OCTETS, time: MIN_TIME };

    fn effective(self, other: Self) -> Self {
        Self {
            octets: self.octets.min(other.octets).max(MIN_OCTETS),
            time: self.time.min(other.time).max(MIN_TIME),
        }
    }

    /// Whether a host may ask for it.
    pub(in crate::control) fn is_valid(self) -> bool {
        // LL-LEN-3: values of the data length update.
        (MIN_OCTETS..=MAX_OCTETS).contains(&self.octets)
            && (MIN_TIME..=MAX_TIME).contains(&self.time)
    }
}

/// The largest lengths that a controller requests on a connection.
pub(in crate::control) fn longest(config: &ControlConfig) -> Length {
    if config.own_features().has(FeatureSet::DATA_LENGTH_EXTENSION) {
        let coded = config.own_features().has(FeatureSet::LE_CODED);
        let most = if coded { MAX_TIME } else { MAX_TIME_UNCODED };
        Length {
            octets: config.max_tx_octets.clamp(MIN_OCTETS, MAX_OCTETS),
            time: config.max_tx_time.clamp(MIN_TIME, most),
        }
    } else {
        Length::MIN
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::control) struct DataLengths {
    /// connMaxTxOctets and -Time: requested by the host.
    own_tx: Length,
    /// connMaxRxOctets and -Time: what this controller can take.
    own_rx: Length,
    /// connRemoteMaxTxOctets and -Time: the maximum that the peer sends, by its latest length PDU.
    peer_tx: Length,
    /// connRemoteMaxRxOctets and -Time: the maximum that the peer receives, by its latest length
    /// PDU.
    peer_rx: Length,
    /// The peer was known to have LE Coded when the local lengths were sent.
    coded: bool,
    /// The largest connMaxRxOctets sent so far: the peer may have queued PDUs of that length.
    promised: u16,
}

impl DataLengths {
    pub(in crate::control) const fn new(own_tx: Length, own_rx: Length) -> Self {
        let (peer_tx, peer_rx) = (Length::MIN, Length::MIN);
        Self { own_tx, own_rx, peer_tx, peer_rx, coded: false, promised: MIN_OCTETS }
    }

    /// Most octets of a packet of the peer, MIC included if there is one.
    pub(in crate::control) fn longest(&self, encrypted: bool) -> u8 {
        // LL-LEN-9: what a receiver takes.
        let mic = if encrypted { MIC } else { 0 };
        u8::try_from(self.promised.saturating_add(mic)).unwrap_or(u8::MAX)
    }

    /// connEffectiveMaxTxOctets and -TimeUncoded; for LE Coded see [`Self::tx_time`].
    pub(in crate::control) fn tx(&self) -> Length {
        // LL-LEN-1: octets in force.
        // LL-LEN-2: time in force.
        // LL-LEN-4: effective values.
        self.as_sent(self.own_tx).effective(self.peer_rx)
    }

    /// connEffectiveMaxRxOctets and -TimeUncoded.
    fn rx(&self) -> Length {
        self.as_sent(self.own_rx).effective(self.peer_tx)
    }

    /// connEffectiveMaxTxTime on a PHY, with this connInterval: on LE Coded limited so that the
    /// peer's longest packet still fits, but never below the time of 27 octets.
    pub(in crate::control) fn tx_time(&self, phy: Phy, interval: u16) -> u16 {
        let uncoded = self.tx().time;
        if phy != Phy::LeCoded {
            return uncoded;
        }
        // LL-LEN-7: time in force on LE Coded.
        let rx = self.rx();
        let longest_rx =
            Phy::LeCoded.sent_with(Coding::S8).air_time_us(rx.octets.saturating_add(MIC));
        // As if the peer sent on LE Coded too; on another PHY there would be a little more room.
        let longest_rx = longest_rx.min(u32::from(rx.time.max(MIN_TIME_CODED)));
        let required = longest_rx.saturating_add(TWO_T_IFS);
        let available = (u32::from(interval) * 1_250).saturating_sub(required);
        let available = u16::try_from(available).unwrap_or(u16::MAX);
        uncoded.min(available).max(MIN_TIME_CODED)
    }

    /// A local length as it is sent to the peer.
    fn as_sent(&self, own: Length) -> Length {
        // LL-LEN-8: a peer without LE Coded.
        let most = if self.coded { MAX_TIME } else { MAX_TIME_UNCODED };
        Length { time: own.time.min(most), ..own }
    }

    /// connMaxTxOctets and -Time, limited to what this controller can do.
    fn set_own(&mut self, own: Length) {
        self.own_tx = Length {
            octets: own.octets.min(self.own_rx.octets),
            time: own.time.min(self.own_rx.time),
        };
    }

    fn pdu(&self) -> DataLength {
        let (rx, tx) = (self.as_sent(self.own_rx), self.as_sent(self.own_tx));
        DataLength {
            max_rx_octets: rx.octets,
            max_rx_time: rx.time,
            max_tx_octets: tx.octets,
            max_tx_time: tx.time,
        }
    }
}

/// The lengths to send. A peer without LE Coded is sent no times that need it.
fn own_lengths(c: &mut Connection, cx: &Context<'_>) -> DataLength {
    c.data_length.coded = c.features.common(cx.features(), FeatureSet::LE_CODED);
    let pdu = c.data_length.pdu();
    c.data_length.promised = c.data_length.promised.max(pdu.max_rx_octets);
    pdu
}

/// The remote's values apply on a request as on a response.
pub(super) fn learn(c: &mut Connection, cx: &mut Context<'_>, peer: DataLength) {
    // LL-LEN-5: at once and on either PDU.
    let before = c.data_length;
    c.data_length.peer_tx = Length { octets: peer.max_tx_octets, time: peer.max_tx_time };
    c.data_length.peer_rx = Length { octets: peer.max_rx_octets, time: peer.max_rx_time };
    report_change(c, cx, before);
}

/// The host changes its maximum; the peer's limits are those last received.
pub(super) fn set_own(c: &mut Connection, cx: &mut Context<'_>, own: Length) {
    let before = c.data_length;
    c.data_length.set_own(own);
    report_change(c, cx, before);
}

fn report_change(c: &Connection, cx: &mut Context<'_>, before: DataLengths) {
    let (tx, rx) = (c.data_length.tx(), c.data_length.rx());
    // LL-LEN-6: the host is told of changes.
    if (before.tx(), before.rx()) != (tx, rx) {
        cx.out.event(Event::LeDataLengthChange {
            handle: c.handle,
            tx_octets: tx.octets,
            tx_time: tx.time,
            rx_octets: rx.octets,
            rx_time: rx.time,
        });
    }
}

pub(super) fn start(c: &mut Connection, cx: &mut Context<'_>) -> Step<()> {
    let pdu = own_lengths(c, cx);
    c.send(cx, ControlPdu::LengthReq(pdu));
    Step::Next(())
}

/// Answers the peer's LL_LENGTH_REQ and learns its lengths.
pub(super) fn serve(c: &mut Connection, cx: &mut Context<'_>, peer: DataLength) {
    c.trace_served(cx, Procedure::DataLengthUpdate);
    let pdu = own_lengths(c, cx);
    c.send(cx, ControlPdu::LengthRsp(pdu));
    learn(c, cx, peer);
}

//! Data length update (Vol 6, Part B, 5.1.9 and 4.5.10).

use ble::error::PeerMisbehaved;
use ble::hci::Event;
use ble::pdu::control::{ControlPdu, DataLength, FeatureSet, Opcode};
use ble::phy::{Coding, Phy};
use ble::time::Duration;
use ble::trace::Procedure;

use super::ProcedureRow;
use crate::controller::link::Link;
use crate::controller::shared::Shared;

const FEATURE: FeatureSet = FeatureSet::DATA_LENGTH_EXTENSION;

/// Changes are reported to the host by their own event, regardless of who started the procedure.
pub(super) const ROW: ProcedureRow = ProcedureRow {
    starts_with: Some(Opcode::LENGTH_REQ),
    // LL-FEAT-3: features of the peer.
    needs: FEATURE,
    requests: &[(Opcode::LENGTH_REQ, FEATURE)],
    answers: &[(Opcode::LENGTH_RSP, FEATURE)],
    ..ProcedureRow::NONE
};

const OCTETS_MIN: u16 = 27;
const OCTETS_MAX: u16 = 251;
const TIME_MIN: u16 = 328;
const TIME_MAX: u16 = 17_040;
/// The longest packet on LE 1M; a peer without LE Coded is sent no larger value.
const TIME_MAX_UNCODED: u16 = 2_120;
/// The least connEffectiveMaxTxTime on LE Coded: 27 octets and a MIC at S=8.
const TIME_MIN_CODED: u16 = 2_704;

/// Longest payloads and packets of one direction, without MIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Limit {
    octets: u16,
    time: u16,
}

impl Limit {
    const INITIAL: Self = Self { octets: OCTETS_MIN, time: TIME_MIN };

    fn new(octets: u16, time: u16) -> Self {
        // LL-LEN-3: values of the data length update.
        Self { octets: octets.clamp(OCTETS_MIN, OCTETS_MAX), time: time.clamp(TIME_MIN, TIME_MAX) }
    }

    fn and(self, other: Self) -> Self {
        Self { octets: self.octets.min(other.octets), time: self.time.min(other.time) }
    }
}

/// What both ends can and want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::controller) struct Lengths {
    /// connMaxTx of this end.
    wanted: Limit,
    /// connMaxRx of this end.
    rx: Limit,
    remote_tx: Limit,
    remote_rx: Limit,
    /// The peer was known to have LE Coded when the lengths were sent.
    coded: bool,
    /// The largest receive length that the peer has been sent.
    offered: u16,
    /// Effective limits, tx and rx, as the host knows them.
    reported: (Limit, Limit),
}

impl Lengths {
    pub(in crate::controller) fn new(sh: &Shared) -> Self {
        let (octets, time) = sh.default_length;
        let rx = if sh.has(FEATURE) {
            Limit::new(sh.config.max_octets, sh.config.max_time)
        } else {
            Limit::INITIAL
        };
        Self {
            wanted: Limit::new(octets, time).and(rx),
            rx,
            remote_tx: Limit::INITIAL,
            remote_rx: Limit::INITIAL,
            coded: false,
            offered: OCTETS_MIN,
            reported: (Limit::INITIAL, Limit::INITIAL),
        }
    }

    /// The host wants to send as much, as far as the controller can.
    pub(in crate::controller) fn want(&mut self, octets: u16, time: u16) {
        self.wanted = Limit::new(octets, time).and(self.rx);
    }

    fn tx(&self) -> Limit {
        self.said(self.wanted).and(self.remote_rx)
    }

    fn effective_rx(&self) -> Limit {
        self.said(self.rx).and(self.remote_tx)
    }

    /// A local limit as it is sent to the peer.
    fn said(&self, limit: Limit) -> Limit {
        // LL-LEN-8: a peer without LE Coded.
        let most = if self.coded { TIME_MAX } else { TIME_MAX_UNCODED };
        Limit { time: limit.time.min(most), ..limit }
    }

    /// connEffectiveMaxRxTime on this PHY, µs.
    pub(in crate::controller) fn rx_time(&self, phy: Phy) -> u16 {
        let time = self.effective_rx().time;
        if phy == Phy::LeCoded { time.max(TIME_MIN_CODED) } else { time }
    }

    /// connIntervalRequired in µs, as if the peer sent on LE Coded: its longest packet and twice
    /// T_IFS.
    fn required(&self) -> u32 {
        let octets = 976 + 64 * u32::from(self.effective_rx().octets);
        300 + octets.min(u32::from(self.rx_time(Phy::LeCoded)))
    }

    /// connEffectiveMaxTxTime with this connInterval.
    pub(in crate::controller) fn tx_time(&self, phy: Phy, interval: u16) -> u16 {
        let time = self.tx().time;
        if phy != Phy::LeCoded {
            return time;
        }
        // LL-LEN-7: time in force on LE Coded.
        let available = (u32::from(interval) * 1_250).saturating_sub(self.required());
        (u32::from(time).min(available) as u16).max(TIME_MIN_CODED)
    }

    /// connIntervalCodedMin, in units of 1.25 ms.
    pub(in crate::controller) fn least_coded_interval(&self) -> u16 {
        (self.required() + u32::from(TIME_MIN_CODED)).div_ceil(1_250) as u16
    }

    /// Effective octets in both directions.
    pub(in crate::controller) fn octets(&self) -> (u16, u16) {
        (self.tx().octets, self.effective_rx().octets)
    }

    /// The lengths to send; `coded`: the peer is known to have LE Coded.
    fn pdu(&mut self, coded: bool) -> DataLength {
        self.coded = coded;
        let (rx, wanted) = (self.said(self.rx), self.said(self.wanted));
        self.offered = self.offered.max(rx.octets);
        DataLength {
            max_rx_octets: rx.octets,
            max_rx_time: rx.time,
            max_tx_octets: wanted.octets,
            max_tx_time: wanted.time,
        }
    }

    fn learn(&mut self, remote: DataLength) {
        self.remote_tx = Limit::new(remote.max_tx_octets, remote.max_tx_time);
        self.remote_rx = Limit::new(remote.max_rx_octets, remote.max_rx_time);
    }
}

/// LL_LENGTH_REQ with this device's limits; times beyond 2,120 µs if both ends have LE Coded.
pub(super) fn request(link: &mut Link, sh: &Shared) -> ControlPdu {
    let coded = link.agreed(sh, FeatureSet::LE_CODED);
    ControlPdu::LengthReq(link.lengths.pdu(coded))
}

/// LL_LENGTH_REQ of the peripheral.
pub(super) fn serve(link: &mut Link, sh: &mut Shared, pdu: DataLength) {
    let coded = link.agreed(sh, FeatureSet::LE_CODED);
    let answer = link.lengths.pdu(coded);
    link.send(sh, ControlPdu::LengthRsp(answer));
    learn(link, sh, pdu);
    link.served(sh, Procedure::DataLengthUpdate);
}

/// Stores the peripheral's lengths, of either PDU.
pub(super) fn learn(link: &mut Link, sh: &mut Shared, pdu: DataLength) {
    if pdu.max_rx_octets < OCTETS_MIN || pdu.max_tx_octets < OCTETS_MIN {
        link.misbehaved(sh, PeerMisbehaved::InvalidParameters);
    }
    // LL-LEN-5: at once and on either PDU.
    link.lengths.learn(pdu);
    let (tx, rx) = (link.lengths.tx(), link.lengths.effective_rx());
    // LL-LEN-6: the host is told of changes.
    // The local host may have changed them before.
    if core::mem::replace(&mut link.lengths.reported, (tx, rx)) != (tx, rx) {
        sh.event(Event::LeDataLengthChange {
            handle: link.handle,
            tx_octets: tx.octets,
            tx_time: tx.time,
            rx_octets: rx.octets,
            rx_time: rx.time,
        });
    }
}

impl Link {
    /// Air time of the longest packets in both directions.
    pub(in crate::controller) fn longest_exchange(&self) -> Duration {
        let (tx_octets, rx_octets) = self.lengths.octets();
        let (tx, rx) = (self.phys.tx(), self.phys.rx());
        let on = |phy: Phy, octets: u16| phy.sent_with(Coding::S8).air_time(octets + 4);
        let tx_time = u64::from(self.lengths.tx_time(tx, self.parameters.interval));
        let rx_time = u64::from(self.lengths.rx_time(rx));
        on(tx, tx_octets).min(Duration::from_us(tx_time))
            + on(rx, rx_octets).min(Duration::from_us(rx_time))
    }

    /// Most octets of a packet of the peer, MIC included.
    pub(in crate::controller) fn longest_heard(&self) -> u8 {
        // LL-LEN-9: PDUs that were queued under a former limit come as they are.
        u8::try_from(self.lengths.offered + self.ciphers.mic()).unwrap_or(u8::MAX)
    }

    /// Maximum length of a data PDU sent now: by octets, and by time on the PHY in use and on the
    /// one that an LL_PHY_UPDATE_IND has announced, with the interval in use and the one that an
    /// LL_CONNECTION_UPDATE_IND has announced.
    pub(in crate::controller) fn longest_fragment(&self) -> usize {
        // LL-LEN-1: octets in force.
        // LL-LEN-2: time in force.
        // LL-LEN-4: effective values.
        let now = self.phys.tx();
        let announced = self.next_tx().unwrap_or(now);
        let interval = self.shortest_interval();
        let fits = |phy: Phy, octets: u16| {
            let time = u32::from(self.lengths.tx_time(phy, interval));
            phy.sent_with(self.phys.coding()).air_time_us(octets.saturating_add(4)) <= time
        };
        let longest = (OCTETS_MIN..=self.lengths.octets().0)
            .rev()
            .find(|octets| fits(now, *octets) && fits(announced, *octets));
        usize::from(longest.unwrap_or(OCTETS_MIN))
    }
}

//! Data length update (Vol 6, Part B, 5.1.9 and 4.5.10).

use firmware_core::error::{ErrorCode, PeerMisbehaved};
use firmware_core::hci::Event;
use firmware_core::pdu::control::{ControlPdu, DataLength, FeatureSet, Opcode};
use firmware_core::phy::TxPhy;
use firmware_core::time::Instant;
use firmware_core::trace::Procedure;

use crate::controller::control::Request;
use crate::controller::link::Link;
use crate::controller::shared::Shared;

const OCTETS_MIN: u16 = 27;
const OCTETS_MAX: u16 = 251;
const TIME_MIN: u16 = 328;
const TIME_MAX: u16 = 17_040;
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
        // LL-LEN-3.
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
    /// Effective limits, tx and rx, as the host knows them.
    told: (Limit, Limit),
}

impl Lengths {
    pub(in crate::controller) fn new(sh: &Shared) -> Self {
        let (octets, time) = sh.default_length;
        let rx = if sh.has(FeatureSet::DATA_LENGTH_EXTENSION) {
            Limit::new(sh.config.max_octets, sh.config.max_time)
        } else {
            Limit::INITIAL
        };
        Self {
            wanted: Limit::new(octets, time).and(rx),
            rx,
            remote_tx: Limit::INITIAL,
            remote_rx: Limit::INITIAL,
            told: (Limit::INITIAL, Limit::INITIAL),
        }
    }

    /// The host wants to send as much, as far as the controller can.
    pub(in crate::controller) fn want(&mut self, octets: u16, time: u16) {
        self.wanted = Limit::new(octets, time).and(self.rx);
    }

    fn tx(&self) -> Limit {
        self.wanted.and(self.remote_rx)
    }

    fn effective_rx(&self) -> Limit {
        self.rx.and(self.remote_tx)
    }

    /// Effective octets in both directions.
    pub(in crate::controller) fn octets(&self) -> (u16, u16) {
        (self.tx().octets, self.effective_rx().octets)
    }

    /// LL_LENGTH_REQ.
    pub(in crate::controller) fn request(&self) -> ControlPdu {
        ControlPdu::LengthReq(self.pdu())
    }

    fn pdu(&self) -> DataLength {
        DataLength {
            max_rx_octets: self.rx.octets,
            max_rx_time: self.rx.time,
            max_tx_octets: self.wanted.octets,
            max_tx_time: self.wanted.time,
        }
    }

    fn learn(&mut self, remote: DataLength) {
        self.remote_tx = Limit::new(remote.max_tx_octets, remote.max_tx_time);
        self.remote_rx = Limit::new(remote.max_rx_octets, remote.max_rx_time);
    }
}

impl Link {
    pub(in crate::controller) fn start_length(&mut self, sh: &mut Shared, now: Instant) {
        let feature = FeatureSet::DATA_LENGTH_EXTENSION;
        // LL-FEAT-3.
        if sh.has(feature) && !self.lacks(feature) {
            let pdu = self.lengths.request();
            self.begin(sh, now, Request::Length, pdu);
        }
    }

    pub(in crate::controller) fn receive_length_rsp(&mut self, sh: &mut Shared, pdu: DataLength) {
        if !self.awaits(Opcode::LENGTH_REQ) {
            return sh.misbehaved(Some(self.id), PeerMisbehaved::UnexpectedResponse);
        }
        self.learn_lengths(sh, pdu);
        self.end_own(sh, ErrorCode::SUCCESS);
    }

    pub(in crate::controller) fn answer_length_req(&mut self, sh: &mut Shared, pdu: DataLength) {
        if !sh.has(FeatureSet::DATA_LENGTH_EXTENSION) {
            return self.send(sh, ControlPdu::UnknownRsp(Opcode::LENGTH_REQ));
        }
        self.send(sh, ControlPdu::LengthRsp(self.lengths.pdu()));
        self.learn_lengths(sh, pdu);
        self.served(sh, Procedure::DataLengthUpdate);
    }

    fn learn_lengths(&mut self, sh: &mut Shared, pdu: DataLength) {
        if pdu.max_rx_octets < OCTETS_MIN || pdu.max_tx_octets < OCTETS_MIN {
            sh.misbehaved(Some(self.id), PeerMisbehaved::InvalidParameters);
        }
        // LL-LEN-5.
        self.lengths.learn(pdu);
        let (tx, rx) = (self.lengths.tx(), self.lengths.effective_rx());
        // LL-LEN-6.
        // What the own host wants may have changed them before.
        if core::mem::replace(&mut self.lengths.told, (tx, rx)) != (tx, rx) {
            sh.event(Event::LeDataLengthChange {
                handle: self.handle,
                tx_octets: tx.octets,
                tx_time: tx.time,
                rx_octets: rx.octets,
                rx_time: rx.time,
            });
        }
    }

    /// Most octets of a data PDU sent now: by octets, and by time on the PHY in use and on the
    /// one that an LL_PHY_UPDATE_IND has announced.
    pub(in crate::controller) fn longest_fragment(&self) -> usize {
        // LL-LEN-1, LL-LEN-2, LL-LEN-4.
        let Limit { octets, time } = self.lengths.tx();
        let announced = self.scheduled.tx().unwrap_or(self.tx);
        let fits = |phy: TxPhy, octets: u16| {
            let time = match phy {
                TxPhy::CodedS2 | TxPhy::CodedS8 => time.max(TIME_MIN_CODED),
                TxPhy::Le1M | TxPhy::Le2M => time,
            };
            phy.air_time_us(octets.saturating_add(4)) <= u32::from(time)
        };
        let longest = (OCTETS_MIN..=octets)
            .rev()
            .find(|octets| fits(self.tx, *octets) && fits(announced, *octets));
        usize::from(longest.unwrap_or(OCTETS_MIN))
    }
}

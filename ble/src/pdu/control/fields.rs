//! What control PDUs carry after their opcode, where it is more than a value or two.

use crate::pdu::cursor::Reader;
use crate::phy::PhySet;

/// CtrData of LL_CONNECTION_UPDATE_IND.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionUpdate {
    /// transmitWindowSize, units of 1.25 ms.
    pub win_size: u8,
    /// transmitWindowOffset, units of 1.25 ms.
    pub win_offset: u16,
    /// connInterval, units of 1.25 ms.
    pub interval: u16,
    /// connPeripheralLatency: connection events that the peripheral may skip in a row, 0–499.
    pub latency: u16,
    /// connSupervisionTimeout, units of 10 ms.
    pub timeout: u16,
    /// Event counter from which the values apply.
    pub instant: u16,
}

/// CtrData of LL_CONNECTION_PARAM_REQ and _RSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionParam {
    /// Units of 1.25 ms.
    pub interval_min: u16,
    /// Units of 1.25 ms.
    pub interval_max: u16,
    /// Connection events that the peripheral may skip in a row, 0–499.
    pub latency: u16,
    /// Units of 10 ms.
    pub timeout: u16,
    /// Units of 1.25 ms; 0 = none.
    pub preferred_periodicity: u8,
    /// Event counter that the offsets refer to.
    pub reference_conn_event_count: u16,
    /// Possible anchor positions, best first, units of 1.25 ms; 0xFFFF = not valid.
    pub offsets: [u16; 6],
}

/// CtrData of LL_LENGTH_REQ and _RSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DataLength {
    /// connMaxRxOctets of the sender, 27–251.
    pub max_rx_octets: u16,
    /// connMaxRxTime of the sender, µs, 328–17,040.
    pub max_rx_time: u16,
    /// connMaxTxOctets of the sender.
    pub max_tx_octets: u16,
    /// connMaxTxTime of the sender, µs.
    pub max_tx_time: u16,
}

/// CtrData of LL_ENC_REQ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EncReq {
    /// Rand, zero for LE Secure Connections.
    pub rand: u64,
    /// EDIV, zero for LE Secure Connections.
    pub ediv: u16,
    /// Central's half of the session key diversifier, least significant octet first.
    pub skd_c: [u8; 8],
    /// Central's half of the initialization vector.
    pub iv_c: [u8; 4],
}

/// CtrData of LL_ENC_RSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EncRsp {
    /// Peripheral's half of the session key diversifier, least significant octet first.
    pub skd_p: [u8; 8],
    /// Peripheral's half of the initialization vector.
    pub iv_p: [u8; 4],
}

/// CtrData of LL_VERSION_IND.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VersionInd {
    /// Link Layer version (Assigned Numbers): 12 = 5.3, 13 = 5.4, 14 = 6.0.
    pub version: u8,
    /// Company identifier of the controller's manufacturer (Assigned Numbers).
    pub company: u16,
    /// Revision of the controller, as its manufacturer numbers them.
    pub subversion: u16,
}

pub(super) fn param(r: &mut Reader<'_>) -> Option<ConnectionParam> {
    Some(ConnectionParam {
        interval_min: r.u16()?,
        interval_max: r.u16()?,
        latency: r.u16()?,
        timeout: r.u16()?,
        preferred_periodicity: r.u8()?,
        reference_conn_event_count: r.u16()?,
        offsets: [r.u16()?, r.u16()?, r.u16()?, r.u16()?, r.u16()?, r.u16()?],
    })
}

pub(super) fn length(r: &mut Reader<'_>) -> Option<DataLength> {
    Some(DataLength {
        max_rx_octets: r.u16()?,
        max_rx_time: r.u16()?,
        max_tx_octets: r.u16()?,
        max_tx_time: r.u16()?,
    })
}

pub(super) fn phys(r: &mut Reader<'_>) -> Option<(PhySet, PhySet)> {
    Some((PhySet(r.u8()?), PhySet(r.u8()?)))
}

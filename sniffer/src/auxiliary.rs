//! Which extended advertising PDU a packet is: they share a PDU type, and their place in a chain
//! distinguishes them.

use std::collections::BTreeMap;

use ble::pdu::advertising::AdvertisingPdu;
use ble::pdu::extended::ExtendedPdu;
use ble::time::{Duration, Instant};

use super::{AirItem, NodeId, PRIMARY};

/// A packet that begins so soon after another answers it.
const T_IFS_LATEST: Duration = Duration::from_us(155);

/// What was seen on secondary channels. Bounded: one entry a channel and sender.
#[derive(Clone, Debug, Default)]
pub(super) struct Auxiliary {
    /// Whether the packet that a node's AuxPtr announces on a channel continues a chain.
    named: BTreeMap<(NodeId, u8), bool>,
    /// End of the last AUX_SCAN_REQ on a channel.
    asked: BTreeMap<u8, Instant>,
}

impl Auxiliary {
    /// Notices a request.
    pub(super) fn request(&mut self, item: &AirItem, pdu: &AdvertisingPdu) {
        if let AdvertisingPdu::ScanReq { .. } = pdu {
            self.asked.insert(item.channel, item.end);
        }
    }

    /// What a PDU is called.
    pub(super) fn name(&mut self, item: &AirItem, pdu: &ExtendedPdu) -> &'static str {
        let primary = item.channel >= PRIMARY;
        let asked = self.asked.remove(&item.channel);
        let answers = asked.is_some_and(|end| item.at.since(end) < T_IFS_LATEST);
        let named = self.named.remove(&(item.from, item.channel)).filter(|_| !primary);
        if let Some(aux) = pdu.aux {
            self.named.insert((item.from, aux.channel), !primary);
        }
        match (primary, pdu.connect_rsp, named) {
            (true, ..) => "ADV_EXT_IND",
            (_, true, _) => "AUX_CONNECT_RSP",
            _ if answers => "AUX_SCAN_RSP",
            (.., Some(true)) => "AUX_CHAIN_IND",
            _ => "AUX_ADV_IND",
        }
    }
}

/// The name of a PDU that both kinds of advertising have.
pub(super) const fn legacy_name(channel: u8, pdu: &AdvertisingPdu) -> &'static str {
    match pdu {
        AdvertisingPdu::ScanReq { .. } if channel < PRIMARY => "AUX_SCAN_REQ",
        AdvertisingPdu::ConnectInd(_) if channel < PRIMARY => "AUX_CONNECT_REQ",
        _ => pdu.name(),
    }
}

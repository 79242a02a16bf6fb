//! Flag and octets of the CRC disagree in every way; which of them is informative, a file shows.

use std::collections::BTreeMap;

use ble::crc::crc24;

use super::decision::{TrustDecision, share};
use crate::air::SniffedPacket;

/// What tells whether a packet arrived unharmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrcBy {
    /// Its octets, where the preset is known, else the flag.
    Octets,
    /// The flag of the sniffer alone.
    Flag,
    /// Nothing in this file.
    Nothing,
}

/// Whether the octets of a packet have the CRC that is with them; `None`: the preset is not known.
fn right(packet: &SniffedPacket, presets: &BTreeMap<u32, u32>) -> Option<bool> {
    let preset = presets.get(&packet.access_address)?;
    Some(crc24(*preset, &packet.octets) == packet.crc?)
}

impl CrcBy {
    /// Whether a packet arrived unharmed, and whether its CRC is right with the preset of its
    /// access address; `claims`: its sniffer says that it has decrypted it.
    pub(super) fn judge(
        self,
        packet: &SniffedPacket,
        claims: bool,
        presets: &BTreeMap<u32, u32>,
    ) -> (Option<bool>, bool) {
        match (self, right(packet, presets)) {
            (Self::Nothing, _) => (None, false),
            // The CRC on air is that of the ciphertext: what was decrypted has the sniffer's word.
            (Self::Octets, Some(right)) if !claims => (Some(right), right),
            (Self::Octets | Self::Flag, _) => (packet.crc_ok, false),
        }
    }
}

pub(super) fn decide(
    packets: &[SniffedPacket],
    presets: &BTreeMap<u32, u32>,
) -> TrustDecision<CrcBy> {
    let told = packets.iter().filter(|packet| packet.crc_ok.is_some()).count();
    let good = packets.iter().filter(|packet| packet.crc_ok != Some(false) && !packet.opened);
    let octets: Vec<_> = good.filter_map(|packet| right(packet, presets)).collect();
    let fit = octets.iter().filter(|right| **right).count();
    let counted = share(fit, octets.len());
    let (value, why) = if fit > 0 && fit * 2 >= octets.len() {
        (CrcBy::Octets, format!("CRC by its octets: they fit in {counted} packets"))
    } else if told > 0 {
        let none =
            if octets.is_empty() { String::new() } else { format!(", {counted} octets fit") };
        (CrcBy::Flag, format!("CRC by the sniffer's flag alone{none}"))
    } else {
        let why = format!("nothing tells whether a packet is damaged: {counted} CRCs fit, no flag");
        (CrcBy::Nothing, why)
    };
    TrustDecision { value, why }
}

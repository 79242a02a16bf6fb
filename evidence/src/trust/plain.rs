//! Sniffers that know the key write the payload without its MIC; others raise the same flags and
//! leave the ciphertext.

use ble::pdu::control::ControlPdu;
use ble::pdu::data::{DataHeader, Llid};

use super::decision::{TrustDecision, share};
use crate::air::SniffedPacket;

/// What the flags "encrypted, MIC right" stand for in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// No packet has them.
    Absent,
    /// The payload is plain, and the MIC is not in it.
    MicRemoved,
    /// Nothing: the payload is as on air.
    Meaningless,
}

/// Whether what follows the header of a data PDU can be plain: an L2CAP frame that fits its length,
/// or a control PDU that is one. `None`: it could be anything.
fn looks_plain(packet: &SniffedPacket) -> Option<bool> {
    let header = DataHeader::from_octet(*packet.octets.first()?);
    match header.llid {
        Llid::Control => Some(ControlPdu::parse(packet.payload()).is_ok()),
        Llid::Start => {
            let (&[low, high, c0, c1], rest) = packet.payload().split_first_chunk()?;
            let (length, cid) = (u16::from_le_bytes([low, high]), u16::from_le_bytes([c0, c1]));
            Some(usize::from(length) >= rest.len() && length < 0x1000 && cid < 0x80 && cid > 0)
        }
        _ => None,
    }
}

pub(super) fn decide(packets: &[SniffedPacket]) -> TrustDecision<Plain> {
    let claims = packets.iter().filter(|packet| packet.opened);
    let looks: Vec<_> = claims.filter_map(looks_plain).collect();
    let plain = looks.iter().filter(|plain| **plain).count();
    let counted = share(plain, looks.len());
    let (value, why) = if looks.is_empty() {
        (Plain::Absent, "no payload was decrypted by the sniffer".to_owned())
    } else if plain * 2 >= looks.len() {
        let why = format!("the sniffer decrypted and left out the MIC: {counted} are plain");
        (Plain::MicRemoved, why)
    } else {
        let why = format!("flags of decryption are not believed: only {counted} could be plain");
        (Plain::Meaningless, why)
    };
    TrustDecision { value, why }
}

//! LINKTYPE 256 counts channels by frequency, and one tool writes indices in their place.

use ble::pdu::advertising::ADVERTISING_ACCESS_ADDRESS;

use super::decision::{TrustDecision, share};
use crate::air::SniffedPacket;

/// How the channels of a file are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// As its format has it.
    AsFormat,
    /// By index, though the format counts frequencies.
    Indices,
    /// In no way that can be believed, or not at all.
    Unknown,
}

/// The frequency, as a number from 0, that a channel index has.
const fn rf_channel(index: u8) -> u8 {
    match index {
        37 => 0,
        38 => 12,
        39 => 39,
        0..=10 => index + 1,
        _ => index + 2,
    }
}

impl Channels {
    pub(super) fn index(self, channel: Option<u8>) -> Option<u8> {
        match self {
            Self::AsFormat => channel,
            Self::Indices => channel.map(rf_channel).filter(|index| *index < 40),
            Self::Unknown => None,
        }
    }
}

/// Legacy advertising is on the three primary channels and nowhere else.
pub(super) fn decide(packets: &[SniffedPacket]) -> TrustDecision<Channels> {
    let legacy = |packet: &&SniffedPacket| {
        let kind = packet.octets.first().map(|header| header & 0x0F);
        // What asks on a secondary channel looks like what asks on a primary one.
        packet.access_address == ADVERTISING_ACCESS_ADDRESS
            && matches!(kind, Some(0 | 1 | 2 | 4 | 6))
            && packet.crc_ok != Some(false)
    };
    let told: Vec<_> = packets.iter().filter(legacy).filter_map(|packet| packet.channel).collect();
    let primary = told.iter().filter(|channel| **channel >= 37).count();
    let otherwise = told.iter().filter(|channel| rf_channel(**channel) >= 37).count();
    let any = packets.iter().any(|packet| packet.channel.is_some());
    let counted = share(primary, told.len());
    let (value, why) = match told.len() {
        _ if !any => (Channels::Unknown, "no channels in the file".to_owned()),
        0 => (Channels::AsFormat, "channels as the format has them, not tested".to_owned()),
        all if primary * 10 >= all * 9 => {
            (Channels::AsFormat, format!("channels are right: {counted} advertise on primary ones"))
        }
        all if otherwise * 10 >= all * 9 => {
            let why = format!("channels are indices, against the format: as they stand {counted}");
            (Channels::Indices, why)
        }
        _ => {
            let why = format!("channels are not believed: {counted} advertise on primary ones");
            (Channels::Unknown, why)
        }
    };
    TrustDecision { value, why }
}

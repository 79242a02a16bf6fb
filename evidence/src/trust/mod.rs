//! Which fields of a file can be believed: every sniffer gets another one wrong, so each file is
//! tested by what cannot be otherwise on air.

mod channel;
mod clock;
mod coding;
mod crc;
mod decision;
mod own;
mod packets;
mod plain;

pub use channel::Channels;
pub use clock::{Clock, Stamp};
pub use crc::CrcBy;
pub use decision::TrustDecision;
pub(crate) use packets::{presets, request};
pub use plain::Plain;

use std::collections::BTreeMap;

use crate::air::SniffedPacket;

/// What of one interface of one file is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// Whose time it is.
    pub clock: TrustDecision<Clock>,
    /// What tells whether a packet arrived unharmed at the sniffer.
    pub crc: TrustDecision<CrcBy>,
    /// How channels are counted.
    pub channels: TrustDecision<Channels>,
    /// Whether it says the coding of LE Coded.
    pub coding: TrustDecision<bool>,
    /// What "decrypted" means in it.
    pub plain: TrustDecision<Plain>,
    /// Whether its writer took part itself, and logged what it queued.
    pub own_log: TrustDecision<bool>,
}

/// Tests the packets of one interface, and leaves in them what passes.
pub(crate) fn examine(packets: &mut [SniffedPacket], presets: &BTreeMap<u32, u32>) -> Trust {
    let own_log = own::decide(packets);
    let plain = plain::decide(packets);
    let removed = plain.value == Plain::MicRemoved;
    let crc = crc::decide(packets, presets);
    let channels = channel::decide(packets);
    let mut clock = clock::decide(packets, removed);
    clock.value.exact &= !own_log.value;
    let coding = coding::decide(packets, removed, clock.value);
    for packet in packets {
        let claims = packet.opened;
        let (ok, right) = crc.value.judge(packet, claims, presets);
        packet.channel = channels.value.index(packet.channel);
        packet.opened = removed && claims;
        (packet.crc_ok, packet.found.crc_right) = (ok, right);
    }
    Trust { clock, crc, channels, coding, plain, own_log }
}

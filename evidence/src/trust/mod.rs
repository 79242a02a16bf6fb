//! Which fields of a file can be believed: every sniffer gets another one wrong, so each file is
//! tested by what cannot be otherwise on air.

mod channel;
mod clock;
mod crc;
mod decision;
mod own;
mod packets;
mod plain;

pub use channel::Channels;
pub use clock::{Clock, Stamp};
pub use crc::CrcBy;
pub use decision::TrustDecision;
pub(crate) use packets::request;
pub use plain::Plain;

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
    /// What "decrypted" means in it.
    pub plain: TrustDecision<Plain>,
    /// Whether its writer took part itself, and logged what it queued.
    pub own_log: TrustDecision<bool>,
}

/// A packet with what is believed of it.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub packet: SniffedPacket,
    /// First bit, in 1/64 ns since the first packet of the file, or before.
    pub at: i64,
    pub crc_ok: Option<bool>,
    /// The preset with which its CRC is right.
    pub crc_init: Option<u32>,
    /// Its payload was decrypted by the sniffer.
    pub opened: bool,
}

impl Heard {
    /// Octets that were on air after its header.
    pub(crate) fn on_air(&self) -> u16 {
        packets::on_air(&self.packet, self.opened)
    }
}

/// Tests the packets of one interface, and believes what passes.
pub(crate) fn examine(packets: Vec<SniffedPacket>) -> (Vec<Heard>, Trust) {
    let presets = packets::presets(&packets);
    let plain = plain::decide(&packets);
    let removed = plain.value == Plain::MicRemoved;
    let crc = crc::decide(&packets, &presets);
    let channels = channel::decide(&packets);
    let (times, mut clock) = clock::decide(&packets, removed);
    let own_log = own::decide(&packets);
    clock.value.exact &= !own_log.value;
    let heard = packets.into_iter().zip(times).map(|(mut packet, at)| {
        packet.channel = channels.value.index(packet.channel);
        let opened = removed && packet.mic_ok;
        let (crc_ok, crc_init) = crc.value.judge(&packet, &presets);
        Heard { packet, at, crc_ok, crc_init, opened }
    });
    (heard.collect(), Trust { clock, crc, channels, plain, own_log })
}

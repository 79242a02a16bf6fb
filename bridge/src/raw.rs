//! A transmitter of raw packets, as test programs ask for them.

use std::collections::VecDeque;

use ble::phy::TxPhy;
use ble::radio::{AfterTransmit, AirPdu, RadioCommand, Tuning};
use ble::time::{Duration, Instant};
use bletwin_sim::node::{Node, NodeInput, NodeOutput, Outbox};

/// How long before its time a packet is handed to the radio.
const LEAD: Duration = Duration::from_us(20);

/// A packet to be sent unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RawPacket {
    /// When the first bit of its preamble is on air, local time.
    pub at: Instant,
    /// Channel index, 0–39.
    pub channel: u8,
    /// PHY and coding.
    pub phy: TxPhy,
    /// Access address that it is sent with.
    pub access_address: u32,
    /// Header and payload before whitening.
    pub pdu: AirPdu,
    /// CRC as on air, first octet first.
    pub crc: [u8; 3],
}

impl RawPacket {
    fn end(&self) -> Instant {
        self.at + self.phy.air_time(self.pdu.payload_len())
    }

    /// The CRC preset that makes the radio send this CRC: there is exactly one.
    fn crc_init(&self) -> u32 {
        let [a, b, c] = self.crc;
        // First bit on air: least significant bit of the first octet, x²³ of the register.
        let mut register = u32::from_le_bytes([a, b, c, 0]).reverse_bits() >> 8;
        let bits = |octet: &u8| {
            let octet = *octet;
            (0..8).rev().map(move |bit| u32::from(octet >> bit & 1))
        };
        for bit in self.pdu.octets().iter().rev().flat_map(bits) {
            // The register's lowest bit is 1 after a shift with feedback, and only then.
            let feedback = register & 1;
            if feedback == 1 {
                register ^= 1 << 10 | 1 << 9 | 1 << 6 | 1 << 4 | 1 << 3 | 1 << 1 | 1;
            }
            register = register >> 1 | (feedback ^ bit) << 23;
        }
        register
    }
}

/// Sends packets at their times; it hears nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RawSender {
    waiting: VecDeque<RawPacket>,
}

impl RawSender {
    /// Takes a packet for later. `false`: it would overlap one that waits, and there is only one
    /// transmitter.
    #[must_use]
    pub fn plan(&mut self, packet: RawPacket) -> bool {
        let overlaps =
            |other: &RawPacket| packet.at <= other.end() + LEAD && other.at <= packet.end() + LEAD;
        if self.waiting.iter().any(overlaps) {
            return false;
        }
        let place = self.waiting.partition_point(|other| other.at < packet.at);
        self.waiting.insert(place, packet);
        true
    }
}

impl Node for RawSender {
    fn handle(&mut self, now: Instant, _: NodeInput, out: &mut Outbox) {
        while self.waiting.front().is_some_and(|packet| packet.at.before(LEAD) <= now)
            && let Some(packet) = self.waiting.pop_front()
        {
            let tuning = Tuning {
                channel: packet.channel,
                access_address: packet.access_address,
                crc_init: packet.crc_init(),
            };
            out.push(NodeOutput::Radio(RadioCommand::Transmit {
                at: packet.at,
                tuning,
                phy: packet.phy,
                pdu: packet.pdu,
                tag: 0,
                then: AfterTransmit::Stop,
            }));
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.waiting.front().map(|packet| packet.at.before(LEAD))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bletwin_sim::medium::crc::crc24;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_crc_has_its_preset(
            pdu in proptest::collection::vec(any::<u8>(), 2..60),
            crc in any::<[u8; 3]>(),
        ) {
            let pdu = AirPdu::from_octets(&pdu).unwrap();
            let packet = RawPacket {
                at: Instant::ZERO,
                channel: 37,
                phy: TxPhy::Le1M,
                access_address: 0x8E89_BED6,
                pdu,
                crc,
            };
            prop_assert_eq!(crc24(packet.crc_init(), packet.pdu.octets()), crc);
        }
    }
}

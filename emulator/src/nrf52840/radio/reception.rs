//! The reception of a packet.

use super::super::air::{Burst, Mode, crc, crc_octets};
use super::super::peripheral::{MICROSECOND, Moment};
use super::packet::{Incoming, Packet};
use super::{ADDRESS, CRC_ERROR, CRC_OK, MATCH, MISS, PAYLOAD, RATE_BOOST, Radio, State};
use crate::bus::Ticks;

/// From ADDRESS to CISTAT, as the text of erratum 243 has it.
const INDICATION: Ticks = MICROSECOND;

impl Radio {
    /// Whether an address that ends now is this receiver's, which had to listen all its time.
    fn matches(&self, burst: &Burst) -> bool {
        let (mode, address) = (self.air_mode(), burst.mode.address());
        matches!(self.state, State::Listening { since } if since + address <= burst.address_end())
            && (burst.mode == mode || burst.mode.is_coded() && mode.is_coded())
            && burst.frequency == self.megahertz()
            && self
                .receives_logical()
                .is_some_and(|logical| burst.access_address == self.access_address(logical))
    }

    /// The whitened octets that a receiver takes, as long as their length says.
    pub(super) fn taken(&self, burst: &Burst) -> (Vec<u8>, usize) {
        let mut octets = burst.octets.clone();
        octets.resize(octets.len().max(2), 0);
        let mut header = octets[..2].to_vec();
        self.whiten(&mut header);
        let length = usize::from(header[1]).min(self.longest());
        octets.resize(2 + length + self.crc_length() as usize, 0);
        self.whiten(&mut octets);
        (octets, length)
    }

    pub(super) fn address_passes(&mut self, moment: &mut Moment<'_>) {
        let now = moment.now;
        let (passing, rest): (Vec<Incoming>, _) =
            std::mem::take(&mut self.heard).into_iter().partition(|heard| heard.due() <= now);
        self.heard = rest;
        let Some(heard) = passing.into_iter().find(|heard| self.matches(&heard.burst)) else {
            return;
        };
        let Incoming { burst, rssi, whole } = heard;
        self.matched = self.receives_logical().unwrap_or(0);
        let boosted = burst.mode == Mode::CodedS2;
        let (_, _, before) = self.indicated;
        self.indicated = (now + INDICATION, before, boosted);
        let mut packet = Packet {
            burst,
            rssi,
            next: PAYLOAD,
            payload_end: Ticks::MAX,
            end: Ticks::MAX,
            air_end: Ticks::MAX,
            whole,
        };
        if whole {
            self.measure(&mut packet);
        }
        self.state = State::Receiving(packet);
        moment.raise(ADDRESS);
        if boosted {
            moment.raise(RATE_BOOST);
        }
    }

    /// When the parts of a packet end, by the length that its header says.
    pub(super) fn measure(&self, packet: &mut Packet) {
        let (octets, length) = self.taken(&packet.burst);
        packet.payload_end = packet.burst.after(2 + length);
        packet.end = packet.burst.after(octets.len());
        packet.air_end = packet.burst.ends(octets.len());
    }

    /// PDUSTAT: never longer than MAXLEN; CISTAT.
    pub(super) fn packet_status(&self, now: Ticks) -> u32 {
        let (from, before, after) = self.indicated;
        u32::from(if now >= from { after } else { before }) << 1
    }

    /// Puts a packet into RAM, once its CRC has passed.
    pub(super) fn store(&mut self, burst: &Burst, moment: &mut Moment<'_>) {
        let (octets, length) = self.taken(burst);
        let (pdu, check) = octets.split_at(2 + length);
        let first = self.gap_in_memory();
        let mut put = |offset: u32, octet: u8| {
            moment.memory.write_ram(self.latched.wrapping_add(offset), [octet]);
        };
        put(0, pdu[0]);
        put(1, length as u8);
        for (n, octet) in pdu[2..].iter().enumerate() {
            put(first + n as u32, *octet);
        }
        self.crc_ok = self.checks((pdu, check));
        self.received_crc = check.iter().rev().fold(0, |word, octet| word << 8 | u32::from(*octet));
        moment.raise(if self.crc_ok { CRC_OK } else { CRC_ERROR });
        if let Some(matches) = self.devices.compare(pdu) {
            moment.raise(if matches { MATCH } else { MISS });
        }
    }

    /// Whether the CRC of a PDU is right.
    pub(super) fn checks(&self, (pdu, check): (&[u8], &[u8])) -> bool {
        let length = self.crc_length().max(1);
        let right = crc(pdu, self.crc[1], self.crc[2], length);
        crc_octets(right, length).starts_with(check)
    }
}

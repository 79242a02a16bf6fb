//! LINKTYPE 192: fields before the packet, of which Ubertooth writes one of its own.

use super::packet::{Counted, SniffedPacket};

/// The link types of what may follow: a number for everybody's own use, which Ubertooth took, and
/// that which was assigned later.
const BODIES: [u32; 2] = [147, 251];
const FIELD: u16 = 30_006;

/// Reads the header, and gives what follows.
pub(super) fn header<'a>(packet: &mut SniffedPacket, octets: &'a [u8]) -> Option<&'a [u8]> {
    let (&[_version, _flags, l0, l1, d0, d1, d2, d3], _) = octets.split_first_chunk()?;
    if !BODIES.contains(&u32::from_le_bytes([d0, d1, d2, d3])) {
        return None;
    }
    let (header, rest) = octets.split_at_checked(usize::from(u16::from_le_bytes([l0, l1])))?;
    let mut fields = header.get(8..)?;
    while let Some((&[t0, t1, n0, n1], after)) = fields.split_first_chunk() {
        let length = usize::from(u16::from_le_bytes([n0, n1]));
        let (value, after) = after.split_at_checked(length)?;
        if u16::from_le_bytes([t0, t1]) == FIELD {
            field(packet, value);
        }
        fields = after;
    }
    Some(rest)
}

/// Version, frequency, clock, strength at best, worst and on average, and of how many samples.
fn field(packet: &mut SniffedPacket, value: &[u8]) -> Option<()> {
    let (&[_version, f0, f1, _clkn, c0, c1, c2, c3], _) = value.split_first_chunk()?;
    let mhz = u16::from_le_bytes([f0, f1]);
    let channel = mhz.checked_sub(2_402)?.checked_div(2)?;
    packet.channel = super::packet::index_of_rf_channel(u8::try_from(channel).ok()?);
    packet.counted = Some(Counted::Tenths(u32::from_le_bytes([c0, c1, c2, c3])));
    Some(())
}

//! Data whitening (Vol 6, Part B, 3.2): x⁷ + x⁴ + 1, started from the channel index.

/// The stream repeats after 127 bits, hence after 127 octets.
const PERIOD: usize = 127;

static STREAMS: [[u8; PERIOD]; 40] = {
    let mut streams = [[0; PERIOD]; 40];
    let mut channel = 0;
    while channel < 40 {
        streams[channel] = stream(channel as u8);
        channel += 1;
    }
    streams
};

const fn stream(channel: u8) -> [u8; PERIOD] {
    // Position 0 of the register is the 1 at bit 6; positions 1 to 6 hold the channel index, most
    // significant bit first. The output is position 6.
    let mut register = 0x40 | channel;
    let mut octets = [0; PERIOD];
    let mut bit = 0;
    while bit < PERIOD * 8 {
        let out = register & 1;
        octets[bit / 8] |= out << (bit % 8);
        // The output feeds positions 0 and 4.
        register = (register >> 1) ^ (out * 0b100_0100);
        bit += 1;
    }
    octets
}

/// Whitens PDU and CRC in place, or takes the whitening away: it is its own inverse. A channel
/// index beyond 39 does not exist and leaves the octets alone.
pub fn whiten(channel: u8, octets: &mut [u8]) {
    let Some(stream) = STREAMS.get(usize::from(channel)) else {
        return;
    };
    for chunk in octets.chunks_mut(PERIOD) {
        chunk.iter_mut().zip(stream).for_each(|(octet, key)| *octet ^= key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::medium::vectors::hex;

    /// First eight octets for channel indices 0 to 39 (table of nccgroup/Sniffle).
    const STREAM_STARTS: [&str; 40] = [
        "40b2bcc31f374a5f",
        "8940b2bcc31f374a",
        "d257a13da766b075",
        "1ba5af427b4ecd60",
        "6479873f6e94be0a",
        "ad8b8940b2bcc31f",
        "f69c9ac1d6c54420",
        "3f6e94be0aed3935",
        "0824cb3bfc71a3f4",
        "c1d6c5442059dee1",
        "9ac1d6c5442059de",
        "5333d8ba980824cb",
        "2ceff0c78dd257a1",
        "e51dfeb851fa2ab4",
        "be0aed393583ad8b",
        "77f8e346e9abd09e",
        "d09e5333d8ba9808",
        "196c5d4c0492e51d",
        "427b4ecd60eb6222",
        "8b8940b2bcc31f37",
        "f45568cfa9196c5d",
        "3da766b075311148",
        "66b0753111489677",
        "af427b4ecd60eb62",
        "980824cb3bfc71a3",
        "51fa2ab4e7d40cb6",
        "0aed393583ad8b89",
        "c31f374a5f85f69c",
        "bcc31f374a5f85f6",
        "753111489677f8e3",
        "2e2602c9f20e7fdc",
        "e7d40cb62e2602c9",
        "60eb6222902ceff0",
        "a9196c5d4c0492e5",
        "f20e7fdc287d15da",
        "3bfc71a3f45568cf",
        "442059dee18f1ba5",
        "8dd257a13da766b0",
        "d6c5442059dee18f",
        "1f374a5f85f69c9a",
    ];

    #[test]
    fn whitening_streams_of_all_channels() {
        for (channel, expected) in (0..).zip(STREAM_STARTS) {
            let mut octets = [0; 8];
            whiten(channel, &mut octets);
            assert_eq!(octets.as_slice(), hex(expected), "channel {channel}");
        }
    }

    /// LL-WHITE-1: whitening of advertising and data channel packets.
    #[test]
    fn whitening_of_captured_packets() {
        let advertising = "00177e0100d0220002010603020d1806ff6b00031652020a00f40992";
        let data = "06141000040009071000101100372a1300021400382a732aa3";
        let cases = [
            (37, advertising, "8dc529a03d7744b07730174b947ae0e5b982abd3880131d2ba6c01b6"),
            (38, advertising, "d6d23a21590ec38f19a4a9417943d566140922933abdf2cd8d265e33"),
            (39, advertising, "1f20345e8526be9ac3d7c3472254c6e77070a5ac54294cc7601f6bb0"),
            (0, data, "46a6acc31b37435895f68c8bc1e1ef57205bcae1b731d685e1"),
            (17, data, "1f784d4c0092ec1aeeb841eb2a83cdc70cb43a263ae38124dc"),
            (36, data, "423449dee58f12a2bf426b5fcd57c171229238efc8edfef8f4"),
        ];
        for (channel, clear, whitened) in cases {
            let mut octets = hex(clear);
            whiten(channel, &mut octets);
            assert_eq!(octets, hex(whitened), "channel {channel}");
        }
    }

    #[test]
    fn stream_repeats_after_127_octets_and_undoes_itself() {
        let mut octets = [0; 260];
        whiten(23, &mut octets);
        assert_eq!(octets[..100], octets[127..227]);
        whiten(23, &mut octets);
        assert_eq!(octets, [0; 260]);
    }
}

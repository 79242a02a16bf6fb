//! The 24-bit CRC of every packet (Vol 6, Part B, 3.1.1).

/// x²⁴ + x¹⁰ + x⁹ + x⁶ + x⁴ + x³ + x + 1, without its highest term, mirrored because data enter
/// least significant bit first.
const POLYNOMIAL_MIRRORED: u32 = (0x00_065B_u32).reverse_bits() >> 8;

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut places = table.as_mut_slice();
    let mut octet = 0;
    while let [place, rest @ ..] = places {
        let mut register: u32 = octet;
        let mut bit = 0;
        while bit < 8 {
            let out = register & 1;
            register >>= 1;
            if out == 1 {
                register ^= POLYNOMIAL_MIRRORED;
            }
            bit += 1;
        }
        *place = register;
        places = rest;
        octet += 1;
    }
    table
};

/// CRC of header and payload. `init` is the preset (0x555555 or CRCInit). The octets come in the
/// order of the air, each to be sent least significant bit first (the CRC itself goes most
/// significant bit first, which this mirroring undoes).
#[must_use]
pub fn crc24(init: u32, octets: &[u8]) -> [u8; 3] {
    // LL-CRC-2: CRC.
    let mut register = (init & 0xFF_FFFF).reverse_bits() >> 8;
    for octet in octets {
        let index = (register as u8 ^ octet) as usize;
        // The table has a place for each octet.
        register = register >> 8 ^ TABLE.get(index).copied().unwrap_or_default();
    }
    let [a, b, c, _] = register.to_le_bytes();
    [a, b, c]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn hex(text: &str) -> Vec<u8> {
        let digits = text.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).unwrap());
        digits.map(|two| u8::from_str_radix(two, 16).unwrap()).collect()
    }

    /// The rule itself, bit by bit: a shift register with taps.
    fn crc_by_rule(init: u32, octets: &[u8]) -> [u8; 3] {
        let mut register = init;
        for bit in octets.iter().flat_map(|octet| (0..8).map(move |i| u32::from(octet >> i & 1))) {
            let feedback = (register >> 23 & 1) ^ bit;
            register = register << 1 & 0xFF_FFFF;
            if feedback == 1 {
                register ^= 1 << 10 | 1 << 9 | 1 << 6 | 1 << 4 | 1 << 3 | 1 << 1 | 1;
            }
        }
        let mut wire = [0; 3];
        for i in 0..24 {
            wire[i / 8] |= ((register >> (23 - i) & 1) as u8) << (i % 8);
        }
        wire
    }

    /// Captured packets (BlueZ, unit/test-crc.c): preset, header and payload, CRC as sniffed.
    const CAPTURED: [(u32, &str, &str); 9] = [
        (0x55_5555, "00177e0100d0220002010603020d1806ff6b00031652020a00", "f40992"),
        (0x55_5555, "00177e0100d0220002010603020d1806ff6b00031654020a00", "955f14"),
        (0x55_5555, "00177e0100d0220002010603020d1806ff6b00031655020a00", "856663"),
        (0x55_5555, "00177e0100d0220002010603020d1806ff6b00031653020a00", "e430e5"),
        (0x55_5555, "030c461cda7202007e0100d02200", "6ef46f"),
        (0x55_5555, "04177e0100d022001009506f6c617220483720303030313745", "0f8a65"),
        (
            0x55_5555,
            "0522461cda7202007e0100d0220096839aafbe1d16030500360000002a00ffffffff1fa5",
            "772d95",
        ),
        (0x16_1DBE, "0100", "c7154d"),
        (0x16_1DBE, "06141000040009071000101100372a1300021400382a", "732aa3"),
    ];

    /// LL-CRC-1: CRC preset.
    /// LL-CRC-2: CRC.
    #[test]
    fn crc_of_captured_packets() {
        for (init, pdu, crc) in CAPTURED {
            assert_eq!(crc24(init, &hex(pdu)).as_slice(), hex(crc), "{pdu}");
        }
    }

    proptest::proptest! {
        #[test]
        fn table_and_shift_register_agree(
            init in 0u32..1 << 24, octets in proptest::collection::vec(0u8.., 0..260),
        ) {
            proptest::prop_assert_eq!(crc24(init, &octets), crc_by_rule(init, &octets));
        }
    }
}

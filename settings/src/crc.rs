//! CRC-32 as in ISO/IEC 8802-3 (reflected, 0x04C11DB7), bit by bit: it is for some words at a
//! start.

/// The CRC of octets.
#[must_use]
pub const fn crc32(octets: &[u8]) -> u32 {
    const REFLECTED: u32 = 0xEDB8_8320;
    let mut register = u32::MAX;
    let mut rest = octets;
    while let [octet, more @ ..] = rest {
        register ^= *octet as u32;
        let mut bit = 0;
        while bit < 8 {
            let out = register & 1;
            register >>= 1;
            if out == 1 {
                register ^= REFLECTED;
            }
            bit += 1;
        }
        rest = more;
    }
    !register
}

//! What passes between the radio and the air: bits, without a world to carry them.

use super::peripheral::MICROSECOND;
use crate::bus::Ticks;

/// How bits are sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mode {
    /// LE 1M: 1 Msymbol/s, a preamble of one octet.
    Le1M,
    /// LE 2M: 2 Msymbol/s, a preamble of two octets.
    Le2M,
    /// LE Coded, S=8: 125 kbit/s.
    CodedS8,
    /// LE Coded, S=2: 500 kbit/s.
    CodedS2,
}

impl Mode {
    /// How long a bit of the PDU takes.
    pub(super) const fn bit(self) -> Ticks {
        match self {
            Self::Le1M => MICROSECOND,
            Self::Le2M => MICROSECOND / 2,
            Self::CodedS8 => 8 * MICROSECOND,
            Self::CodedS2 => 2 * MICROSECOND,
        }
    }

    pub(super) const fn is_coded(self) -> bool {
        matches!(self, Self::CodedS8 | Self::CodedS2)
    }

    /// How long the preamble takes (Vol 6, Part B, 2.1.1 and 2.2.1).
    const fn preamble(self) -> Ticks {
        match self {
            Self::Le1M | Self::Le2M => 8 * MICROSECOND,
            Self::CodedS8 | Self::CodedS2 => 80 * MICROSECOND,
        }
    }

    /// How long the access address takes; S=8 is its coding in any case.
    pub(super) const fn address(self) -> Ticks {
        match self {
            Self::Le1M | Self::Le2M => 32 * self.bit(),
            Self::CodedS8 | Self::CodedS2 => 256 * MICROSECOND,
        }
    }

    /// Coding indicator and TERM1, of 2 and 3 bits with S=8.
    const fn indicator(self) -> Ticks {
        if self.is_coded() { (2 + 3) * 8 * MICROSECOND } else { 0 }
    }

    /// TERM2, of 3 bits.
    const fn termination(self) -> Ticks {
        if self.is_coded() { 3 * self.bit() } else { 0 }
    }
}

/// One packet as it is on air.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Burst {
    /// When the first bit of its preamble begins.
    pub start: Ticks,
    /// How its bits are sent.
    pub mode: Mode,
    /// The carrier, in MHz.
    pub frequency: u16,
    /// The access address.
    pub access_address: u32,
    /// What follows it, least significant bit first, whitened, with the CRC.
    pub octets: Vec<u8>,
}

impl Burst {
    /// When the last bit of the access address ends.
    #[must_use]
    pub fn address_end(&self) -> Ticks {
        self.start + self.mode.preamble() + self.mode.address()
    }

    /// When the first bit of the header begins: immediately, or after coding indicator and TERM1.
    pub(super) fn body(&self) -> Ticks {
        self.address_end() + self.mode.indicator()
    }

    /// When a number of octets of PDU and CRC have passed.
    pub(super) fn after(&self, octets: usize) -> Ticks {
        self.body() + octets as Ticks * 8 * self.mode.bit()
    }

    /// When the last bit ends, TERM2 included.
    #[must_use]
    pub fn end(&self) -> Ticks {
        self.ends(self.octets.len())
    }

    /// The same of a packet with a number of octets of PDU and CRC.
    pub(super) fn ends(&self, octets: usize) -> Ticks {
        self.after(octets) + self.mode.termination()
    }
}

/// Whitens octets, or undoes it: x⁷ + x⁴ + 1, from the seven bits of DATAWHITEIV, whose bit 6 is
/// the constant 1 of position 0.
pub(super) fn whiten(octets: &mut [u8], initial: u8) {
    let mut register = initial & 0x7F | 0x40;
    for octet in octets {
        for bit in 0..8 {
            // Position 6 goes out; position 0 is bit 6 here.
            let out = register & 1;
            *octet ^= out << bit;
            register >>= 1;
            if out == 1 {
                register ^= 0x44;
            }
        }
    }
}

/// The remainder of octets, least significant bit first, by a polynomial of `length` octets
/// without its highest term. Its bits are sent most significant first.
pub(super) fn crc(octets: &[u8], polynomial: u32, initial: u32, length: u32) -> u32 {
    let bits = 8 * length;
    let mask = u32::MAX >> (32 - bits);
    let mut register = initial & mask;
    for octet in octets {
        for bit in 0..8 {
            let feedback = register >> (bits - 1) ^ u32::from(octet >> bit) & 1;
            register = register << 1 & mask;
            if feedback & 1 == 1 {
                register ^= polynomial & mask;
            }
        }
    }
    register
}

/// A remainder as octets on air.
pub(super) fn crc_octets(crc: u32, length: u32) -> Vec<u8> {
    let reversed = crc.reverse_bits() >> (32 - 8 * length);
    reversed.to_le_bytes()[..length as usize].to_vec()
}

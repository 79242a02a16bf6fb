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
}

impl Mode {
    /// How long a bit takes.
    pub(super) const fn bit(self) -> Ticks {
        match self {
            Self::Le1M => MICROSECOND,
            Self::Le2M => MICROSECOND / 2,
        }
    }

    /// Octets of preamble.
    pub(super) const fn preamble(self) -> Ticks {
        match self {
            Self::Le1M => 1,
            Self::Le2M => 2,
        }
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
        self.start + (self.mode.preamble() + 4) * 8 * self.mode.bit()
    }

    /// When a number of octets after the access address have passed.
    pub(super) fn after(&self, octets: usize) -> Ticks {
        self.address_end() + octets as Ticks * 8 * self.mode.bit()
    }

    /// When the last bit ends.
    #[must_use]
    pub fn end(&self) -> Ticks {
        self.after(self.octets.len())
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

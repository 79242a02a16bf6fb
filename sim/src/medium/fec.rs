//! LE Coded: convolutional code, pattern mapper, and the two FEC blocks (Vol 6, Part B, 3.3).

use ble::phy::TxPhy;
use ble::radio::{AirPdu, Tuning};

use super::frame::open;
use super::symbols::Symbols;

/// Ones of the preamble's repeated pattern 00111100, least significant bit first.
const PREAMBLE_OCTET: u8 = 0b0011_1100;
const PREAMBLE_REPEATS: usize = 10;
/// Coding indicator for S=2; S=8 is zero.
const CI_S2: u8 = 1;
/// Symbols of coding indicator and TERM1, after the access address.
pub const INDICATOR: usize = 16 + 24;
/// Symbols of preamble, access address, coding indicator and TERM1.
const BLOCK_2_START: usize = 80 + 256 + INDICATOR;

/// Output pair for a register of the current bit (bit 3) and the three before it.
const fn outputs(register: u8) -> (bool, bool) {
    // G0 = 1 + x + x² + x³, G1 = 1 + x + x³.
    let g0 = (register & 0b1111).count_ones() % 2 == 1;
    let g1 = (register & 0b1101).count_ones() % 2 == 1;
    (g0, g1)
}

struct Encoder<'a> {
    register: u8,
    symbols: &'a mut Symbols,
}

impl Encoder<'_> {
    fn bit(&mut self, bit: bool, s8: bool) {
        self.register = self.register >> 1 | u8::from(bit) << 3;
        let (first, second) = outputs(self.register);
        for coded in [first, second] {
            if s8 {
                // 0 → 0011, 1 → 1100.
                for symbol in [coded, coded, !coded, !coded] {
                    self.symbols.push(symbol);
                }
            } else {
                self.symbols.push(coded);
            }
        }
    }

    fn octets(&mut self, octets: &[u8], s8: bool) {
        for octet in octets {
            (0..8).for_each(|i| self.bit(octet >> i & 1 == 1, s8));
        }
    }

    fn terminate(&mut self, s8: bool) {
        (0..3).for_each(|_| self.bit(false, s8));
    }
}

/// Symbols of a coded packet. `body` is the whitened PDU and CRC.
pub(super) fn encode(phy: TxPhy, access_address: u32, body: &[u8]) -> Symbols {
    let s8 = phy == TxPhy::CodedS8;
    let mut symbols = Symbols::with_capacity(BLOCK_2_START + body.len() * 64 + 24);
    symbols.push_octets(&[PREAMBLE_OCTET; PREAMBLE_REPEATS]);
    let mut encoder = Encoder { register: 0, symbols: &mut symbols };
    encoder.octets(&access_address.to_le_bytes(), true);
    let indicator = if s8 { 0 } else { CI_S2 };
    (0..2).for_each(|i| encoder.bit(indicator >> i & 1 == 1, true));
    encoder.terminate(true);
    encoder.octets(body, s8);
    encoder.terminate(s8);
    symbols
}

/// Most likely bits behind a terminated block (Viterbi, hard decisions), TERM included.
fn viterbi(symbols: &Symbols, start: usize, bits: usize, s8: bool) -> Vec<bool> {
    let spread = if s8 { 4 } else { 1 };
    let mut cost = [u32::MAX / 2; 8];
    cost[0] = 0;
    let mut came_from: Vec<[u8; 8]> = Vec::with_capacity(bits);
    for bit in 0..bits {
        let at = start + bit * 2 * spread as usize;
        // Of both coded bits: how far from a zero, and from a one.
        let far = [at, at + spread as usize].map(|at| {
            let from_zero = from_zero(symbols, at, spread);
            [from_zero, spread - from_zero]
        });
        let mut next = [u32::MAX / 2; 8];
        let mut from = [0; 8];
        for (state, so_far) in (0_u8..).zip(cost) {
            for input in [0, 1_u8] {
                let register = state | input << 3;
                let target = usize::from(register >> 1);
                let (first, second) = outputs(register);
                let total = so_far + far[0][usize::from(first)] + far[1][usize::from(second)];
                if total < next[target] {
                    next[target] = total;
                    from[target] = state;
                }
            }
        }
        cost = next;
        came_from.push(from);
    }
    // TERM brought the encoder back to state 0.
    let mut state = 0_u8;
    let mut decoded: Vec<bool> = came_from
        .iter()
        .rev()
        .map(|from| {
            let bit = state & 0b100 != 0;
            state = from[usize::from(state)];
            bit
        })
        .collect();
    decoded.reverse();
    decoded
}

/// Symbols of a coded bit that differ from those of a zero, out of `spread`.
fn from_zero(symbols: &Symbols, at: usize, spread: u32) -> u32 {
    if spread == 1 {
        return u32::from(symbols.get(at));
    }
    [false, false, true, true]
        .into_iter()
        .enumerate()
        .map(|(i, expected)| u32::from(symbols.get(at + i) != expected))
        .sum()
}

fn octets(bits: &[bool]) -> Vec<u8> {
    bits.chunks_exact(8)
        .map(|chunk| chunk.iter().rev().fold(0, |octet, bit| octet << 1 | u8::from(*bit)))
        .collect()
}

/// How many of the symbols of the access address differ from those of `expected`.
#[must_use]
pub fn address_errors(symbols: &Symbols, expected: u32) -> u32 {
    let mut wanted = Symbols::with_capacity(256);
    Encoder { register: 0, symbols: &mut wanted }.octets(&expected.to_le_bytes(), true);
    (0..256).map(|i| u32::from(symbols.get(80 + i) != wanted.get(i))).sum()
}

/// Access address and coding as received: `None` for a coding indicator that is reserved.
#[must_use]
pub fn decode_block_1(symbols: &Symbols) -> Option<(u32, TxPhy)> {
    let bits = viterbi(symbols, 80, 32 + 2 + 3, true);
    let address: [u8; 4] = octets(bits.get(..32)?).try_into().ok()?;
    let phy = match (bits.get(32)?, bits.get(33)?) {
        (false, false) => TxPhy::CodedS8,
        (true, false) => TxPhy::CodedS2,
        _ => return None,
    };
    Some((u32::from_le_bytes(address), phy))
}

/// PDU of a coded packet as received, and whether its CRC is right. How many symbols there are
/// tells the length: a receiver of coded packets follows the carrier, not the length octet.
#[must_use]
pub fn decode(tuning: &Tuning, phy: TxPhy, symbols: &Symbols) -> Option<(AirPdu, bool)> {
    open(tuning, &mut body(phy, symbols)?)
}

/// The same without taking off whitening and CRC.
#[must_use]
pub fn body(phy: TxPhy, symbols: &Symbols) -> Option<Vec<u8>> {
    let s8 = phy == TxPhy::CodedS8;
    let bits = symbols.len().checked_sub(BLOCK_2_START)? / if s8 { 8 } else { 2 };
    let decoded = viterbi(symbols, BLOCK_2_START, bits, s8);
    Some(octets(decoded.get(..bits.checked_sub(3)?)?))
}

#[cfg(test)]
mod tests {
    use super::super::frame;
    use super::*;

    const TUNING: Tuning = Tuning { channel: 5, access_address: 0x71764129, crc_init: 0x12_3456 };

    #[test]
    fn coded_packets_have_the_air_time_of_the_specification() {
        for phy in [TxPhy::CodedS2, TxPhy::CodedS8] {
            for payload in [0, 27, 255] {
                let pdu = AirPdu::new(2, &vec![7; payload]).unwrap();
                let (symbols, _) = frame::encode(&TUNING, phy, &pdu);
                assert_eq!(symbols.len(), frame::packet_symbols(phy, payload));
            }
        }
    }

    #[test]
    fn coding_mends_scattered_symbol_errors() {
        for (phy, every) in [(TxPhy::CodedS2, 23), (TxPhy::CodedS8, 5)] {
            let pdu = AirPdu::new(2, b"coded over the air").unwrap();
            let (mut symbols, _) = frame::encode(&TUNING, phy, &pdu);
            (80..336).step_by(11).for_each(|i| symbols.flip(i));
            (BLOCK_2_START..symbols.len()).step_by(every).for_each(|i| symbols.flip(i));
            assert_eq!(decode_block_1(&symbols), Some((TUNING.access_address, phy)));
            assert_eq!(decode(&TUNING, phy, &symbols), Some((pdu, true)));
        }
    }
}

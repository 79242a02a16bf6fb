//! Packets to symbols and back: preamble, access address, whitened PDU and CRC.

use ble::phy::TxPhy;
use ble::radio::{AirPdu, Tuning};

use super::symbols::Symbols;
use super::whitening::whiten;
use ble::crc::crc24;

/// Ticks of 1/64 ns that one symbol takes.
#[must_use]
pub const fn symbol_ticks(phy: TxPhy) -> u64 {
    match phy {
        TxPhy::Le2M => 32_000,
        TxPhy::Le1M | TxPhy::CodedS2 | TxPhy::CodedS8 => 64_000,
    }
}

/// Symbols of the preamble.
#[must_use]
pub const fn preamble_symbols(phy: TxPhy) -> usize {
    match phy {
        TxPhy::Le1M => 8,
        TxPhy::Le2M => 16,
        TxPhy::CodedS2 | TxPhy::CodedS8 => 80,
    }
}

/// Symbols up to the end of the access address.
#[must_use]
pub const fn sync_symbols(phy: TxPhy) -> usize {
    preamble_symbols(phy)
        + match phy {
            TxPhy::Le1M | TxPhy::Le2M => 32,
            TxPhy::CodedS2 | TxPhy::CodedS8 => 256,
        }
}

/// Symbols that a packet with `payload` octets after its header has.
#[must_use]
pub fn packet_symbols(phy: TxPhy, payload: usize) -> usize {
    let us = phy.air_time_us(u16::try_from(payload).unwrap_or(u16::MAX)) as usize;
    match phy {
        TxPhy::Le2M => us * 2,
        TxPhy::Le1M | TxPhy::CodedS2 | TxPhy::CodedS8 => us,
    }
}

/// CRC of a packet (24 bits, first octet on air least significant).
#[must_use]
pub fn crc(tuning: &Tuning, pdu: &AirPdu) -> u32 {
    let [a, b, c] = crc24(tuning.crc_init, pdu.octets());
    u32::from_le_bytes([a, b, c, 0])
}

/// Symbols of a packet as sent, and its CRC (24 bits, first octet on air least significant).
#[must_use]
pub fn encode(tuning: &Tuning, phy: TxPhy, pdu: &AirPdu) -> (Symbols, u32) {
    // LL-CRC-1, LL-WHITE-1: the CRC first, then whitening over both.
    // LL-CRC-2: CRC.
    let crc = crc24(tuning.crc_init, pdu.octets());
    let mut octets = [0; 260];
    let len = pdu.octets().len();
    octets[..len].copy_from_slice(pdu.octets());
    octets[len..len + 3].copy_from_slice(&crc);
    let body = &mut octets[..len + 3];
    whiten(tuning.channel, body);
    let [a, b, c] = crc;
    (symbols(phy, tuning.access_address, body), u32::from_le_bytes([a, b, c, 0]))
}

/// Symbols of a packet whose octets are whitened already and end with its CRC, and that CRC.
#[must_use]
pub fn bare(tuning: &Tuning, phy: TxPhy, body: &[u8]) -> (Symbols, u32) {
    let mut plain = body.to_vec();
    whiten(tuning.channel, &mut plain);
    let crc = plain.last_chunk().map_or(0, |[a, b, c]| u32::from_le_bytes([*a, *b, *c, 0]));
    (symbols(phy, tuning.access_address, body), crc)
}

fn symbols(phy: TxPhy, access_address: u32, body: &[u8]) -> Symbols {
    match phy {
        TxPhy::Le1M => uncoded(1, access_address, body),
        TxPhy::Le2M => uncoded(2, access_address, body),
        TxPhy::CodedS2 | TxPhy::CodedS8 => super::fec::encode(phy, access_address, body),
    }
}

fn uncoded(preamble_octets: usize, access_address: u32, body: &[u8]) -> Symbols {
    let mut symbols = Symbols::with_capacity((preamble_octets + 4 + body.len()) * 8);
    // Alternating, and the first bit of the preamble equals the first of the access address.
    let preamble = if access_address & 1 == 1 { 0x55 } else { 0xAA };
    symbols.push_octets(&[preamble; 2][..preamble_octets]);
    symbols.push_octets(&access_address.to_le_bytes());
    symbols.push_octets(body);
    symbols
}

/// Length octet of an uncoded packet, as received so far.
#[must_use]
pub fn length_of(channel: u8, phy: TxPhy, symbols: &Symbols) -> u8 {
    let start = sync_symbols(phy) / 8;
    let mut header = [0; 2];
    if let Some(octets) = symbols.octets().get(start..start + 2) {
        header.copy_from_slice(octets);
    }
    whiten(channel, &mut header);
    header[1]
}

/// PDU of a packet of `len` octets after the header, as received, and whether its CRC is right.
#[must_use]
pub fn decode(tuning: &Tuning, phy: TxPhy, symbols: &Symbols, len: u8) -> Option<(AirPdu, bool)> {
    let mut octets = [0; 260];
    let size = 2 + usize::from(len) + 3;
    let body = octets.get_mut(..size)?;
    let start = sync_symbols(phy) / 8;
    body.copy_from_slice(symbols.octets().get(start..start + size)?);
    open(tuning, body)
}

/// Takes the whitening off PDU and CRC and checks the CRC.
pub(super) fn open(tuning: &Tuning, body: &mut [u8]) -> Option<(AirPdu, bool)> {
    whiten(tuning.channel, body);
    let (pdu, crc) = body.split_at(body.len().checked_sub(3)?);
    Some((AirPdu::from_octets(pdu)?, crc24(tuning.crc_init, pdu) == *crc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TUNING: Tuning = Tuning { channel: 37, access_address: 0x8E89_BED6, crc_init: 0x55_5555 };

    #[test]
    fn first_octets_on_air_are_those_of_the_specification() {
        let (symbols, _) = encode(&TUNING, TxPhy::Le1M, &AirPdu::new(0, &[]).unwrap());
        assert_eq!(symbols.octets()[..5], [0xAA, 0xD6, 0xBE, 0x89, 0x8E]);
        let odd = Tuning { access_address: 0x8E89_BED7, ..TUNING };
        let (symbols, _) = encode(&odd, TxPhy::Le2M, &AirPdu::new(0, &[]).unwrap());
        assert_eq!(symbols.octets()[..6], [0x55, 0x55, 0xD7, 0xBE, 0x89, 0x8E]);
    }

    #[test]
    fn air_time_2m_is_half_a_microsecond_a_bit() {
        for (phy, empty_us, full_us) in [(TxPhy::Le1M, 80, 2_120), (TxPhy::Le2M, 44, 1_064)] {
            for (payload, us) in [(0, empty_us), (255, full_us)] {
                let pdu = AirPdu::new(0, &vec![0; payload]).unwrap();
                let symbols = encode(&TUNING, phy, &pdu).0.len();
                assert_eq!(symbols as u64 * symbol_ticks(phy), us * 64_000, "{phy:?} {payload}");
                assert_eq!(symbols, packet_symbols(phy, payload));
            }
        }
    }

    proptest! {
        #[test]
        fn one_wrong_bit_is_always_noticed(
            payload in prop::collection::vec(0u8.., 0..=255), wrong in any::<prop::sample::Index>(),
            two in any::<bool>(), channel in 0u8..40,
        ) {
            let phy = if two { TxPhy::Le2M } else { TxPhy::Le1M };
            let tuning = Tuning { channel, ..TUNING };
            let pdu = AirPdu::new(2, &payload).unwrap();
            let (mut symbols, _) = encode(&tuning, phy, &pdu);
            let len = length_of(channel, phy, &symbols);
            prop_assert_eq!(usize::from(len), payload.len());
            prop_assert_eq!(decode(&tuning, phy, &symbols, len), Some((pdu, true)));
            let first = sync_symbols(phy);
            symbols.flip(first + wrong.index(symbols.len() - first));
            prop_assert!(!decode(&tuning, phy, &symbols, len).unwrap().1);
        }
    }
}

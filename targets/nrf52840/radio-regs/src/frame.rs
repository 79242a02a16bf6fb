//! How a packet is framed and where the radio is tuned.

use ble::phy::{Coding, Phy, TxPhy};
use ble::radio::Tuning;

/// FREQUENCY: MHz above 2,400 of a channel index (Vol 6, Part B, 1.4.1). Indices above 39 do not
/// exist and give channel 39's.
#[must_use]
pub const fn frequency(channel: u8) -> u32 {
    match channel {
        0..=10 => 4 + 2 * channel as u32,
        11..=36 => 28 + 2 * (channel as u32 - 11),
        37 => 2,
        38 => 26,
        _ => 80,
    }
}

/// DATAWHITEIV: the channel index in the low bits; the chip's bit 6 is the constant 1 of the
/// shift register.
#[must_use]
pub const fn whitening(channel: u8) -> u32 {
    0x40 | (channel & 0x3F) as u32
}

/// BASE0 and PREFIX0: the access address is sent base first, prefix last, so that the prefix is
/// its most significant octet.
#[must_use]
pub const fn address(access_address: u32) -> (u32, u32) {
    (access_address << 8, access_address >> 24)
}

/// CRCCNF: three octets, the access address left out.
pub const CRC_CONFIGURATION: u32 = 0x0103;

/// CRCPOLY: x²⁴ + x¹⁰ + x⁹ + x⁶ + x⁴ + x³ + x + 1; x²⁴ is implied (Vol 6, Part B, 3.1.1).
pub const CRC_POLYNOMIAL: u32 = 0x00_065B;

/// CRCINIT: 24 bits.
#[must_use]
pub const fn crc_init(tuning: Tuning) -> u32 {
    tuning.crc_init & 0xFF_FFFF
}

/// MODE of a packet to be sent.
#[must_use]
pub const fn transmit_mode(phy: TxPhy) -> u32 {
    match phy {
        TxPhy::Le1M => 3,
        TxPhy::Le2M => 4,
        TxPhy::CodedS8 => 5,
        TxPhy::CodedS2 => 6,
    }
}

/// MODE of a receiver. A receiver set to Coded finds out by itself whether S=2 or S=8 is used.
#[must_use]
pub const fn receive_mode(phy: Phy) -> u32 {
    match phy {
        Phy::Le1M => 3,
        Phy::Le2M => 4,
        Phy::LeCoded => 5,
    }
}

/// The coding of the packet received last, from PDUSTAT: bits 1 and 2 repeat the coding indicator,
/// 0 for S=8 and 1 for S=2.
#[must_use]
pub const fn received_coding(pdu_status: u32) -> Coding {
    if pdu_status >> 1 & 0b11 == 1 { Coding::S2 } else { Coding::S8 }
}

/// PCNF0: one octet S0 (the header), eight bits of length, no S1; the preamble and, on Coded, CI
/// and TERM1.
#[must_use]
pub const fn packet_configuration_0(phy: Phy) -> u32 {
    const LENGTH_8_BITS: u32 = 8;
    const S0_1_OCTET: u32 = 1 << 8;
    const PREAMBLE_16_BITS: u32 = 1 << 24;
    const PREAMBLE_CODED: u32 = 3 << 24;
    const CI_2_BITS: u32 = 2 << 22;
    const TERM_3_BITS: u32 = 3 << 29;
    let preamble = match phy {
        Phy::Le1M => 0,
        Phy::Le2M => PREAMBLE_16_BITS,
        Phy::LeCoded => PREAMBLE_CODED | CI_2_BITS | TERM_3_BITS,
    };
    LENGTH_8_BITS | S0_1_OCTET | preamble
}

/// PCNF1: MAXLEN, three octets of base address (and one of prefix), little endian, whitening on.
#[must_use]
pub const fn packet_configuration_1(longest: u8) -> u32 {
    longest as u32 | (3 << 16) | (1 << 25)
}

/// Erratum 191: what a register without a name, at offset 0x740 of RADIO, has to be for LE Coded,
/// or for another PHY again, from what it is.
#[must_use]
pub const fn erratum_191(register: u32, phy: Phy) -> u32 {
    match phy {
        Phy::Le1M | Phy::Le2M => register & 0x7FFF_FFFF,
        Phy::LeCoded => register & 0x7FFF_00FF | 1 << 31 | 196 << 8,
    }
}

/// MODECNF0: fast ramp-up, and the carrier in the centre between ramp-up and packet.
pub const MODE_CONFIGURATION: u32 = 1 | (2 << 8);

#[cfg(test)]
mod tests {
    use super::*;
    use nrf_pac::radio::{regs, vals};

    #[test]
    fn channels_lie_where_the_specification_puts_them() {
        // Data channels fill 2404–2478 MHz in order, leaving out 2426; the rest advertise.
        let mut mhz = 2404;
        for channel in 0..37 {
            if mhz == 2426 {
                mhz += 2;
            }
            assert_eq!(2400 + frequency(channel), mhz, "channel {channel}");
            mhz += 2;
        }
        assert_eq!([37, 38, 39].map(frequency), [2, 26, 80]);
    }

    #[test]
    fn the_prefix_is_the_last_octet_on_air() {
        assert_eq!(address(0x8E89_BED6), (0x89BE_D600, 0x8E));
    }

    #[test]
    fn crc_agrees_with_the_generated_fields() {
        let mut crc = regs::Crccnf(0);
        crc.set_len(vals::Len::Three);
        crc.set_skipaddr(vals::Skipaddr::Skip);
        assert_eq!(CRC_CONFIGURATION, crc.0);
        let taps = [0, 1, 3, 4, 6, 9, 10];
        assert_eq!(CRC_POLYNOMIAL, taps.iter().map(|tap| 1 << tap).sum());
        let tuning = Tuning { channel: 37, access_address: 0, crc_init: 0xFF55_5555 };
        assert_eq!(crc_init(tuning), 0x55_5555);
    }

    #[test]
    fn packets_agree_with_the_generated_fields() {
        let mut base = regs::Pcnf0(0);
        base.set_lflen(8);
        base.set_s0len(true);
        let mut two = base;
        two.set_plen(vals::Plen::_16bit);
        let mut coded = base;
        coded.set_plen(vals::Plen::LongRange);
        coded.set_cilen(2);
        coded.set_termlen(3);
        assert_eq!(packet_configuration_0(Phy::Le1M), base.0);
        assert_eq!(packet_configuration_0(Phy::Le2M), two.0);
        assert_eq!(packet_configuration_0(Phy::LeCoded), coded.0);

        let mut pcnf1 = regs::Pcnf1(0);
        pcnf1.set_maxlen(255);
        pcnf1.set_balen(3);
        pcnf1.set_endian(vals::Endian::Little);
        pcnf1.set_whiteen(true);
        assert_eq!(packet_configuration_1(255), pcnf1.0);
        pcnf1.set_maxlen(27);
        assert_eq!(packet_configuration_1(27), pcnf1.0);

        let mut mode = regs::Modecnf0(0);
        mode.set_ru(vals::Ru::Fast);
        mode.set_dtx(vals::Dtx::Center);
        assert_eq!(MODE_CONFIGURATION, mode.0);
    }

    #[test]
    fn the_coding_of_a_packet_is_read_from_its_status() {
        // Bit 0 tells whether the PDU was too long; it has no say.
        for (status, coding) in [(0, Coding::S8), (1, Coding::S8), (2, Coding::S2), (3, Coding::S2)]
        {
            assert_eq!(received_coding(status), coding);
        }
    }

    #[test]
    fn the_workaround_for_coded_leaves_other_bits_alone() {
        assert_eq!(erratum_191(0x1234_5678, Phy::LeCoded), 0x9234_C478);
        assert_eq!(erratum_191(0x9234_C478, Phy::Le2M), 0x1234_C478);
    }

    #[test]
    fn modes_agree_with_the_generated_values() {
        let of = |mode: vals::Mode| u32::from(mode.to_bits());
        assert_eq!(transmit_mode(TxPhy::Le1M), of(vals::Mode::Ble1mbit));
        assert_eq!(transmit_mode(TxPhy::Le2M), of(vals::Mode::Ble2mbit));
        assert_eq!(transmit_mode(TxPhy::CodedS8), of(vals::Mode::BleLr125kbit));
        assert_eq!(transmit_mode(TxPhy::CodedS2), of(vals::Mode::BleLr500kbit));
        assert_eq!(receive_mode(Phy::Le2M), of(vals::Mode::Ble2mbit));
        // A receiver of LE Coded is set to the coding that the first block always has.
        assert_eq!(receive_mode(Phy::LeCoded), of(vals::Mode::BleLr125kbit));
        let mut whitening_register = regs::Datawhiteiv(0);
        whitening_register.set_datawhiteiv(0x40 | 39);
        assert_eq!(whitening(39), whitening_register.0);
    }
}

//! Access addresses of connections (Vol 6, Part B, 2.1.2).

use super::advertising::ADVERTISING_ACCESS_ADDRESS;

/// Most equal bits in a row.
const RUN_MAX: u32 = 6;

/// Whether an initiator may give a connection this access address. `coded`: it is known to have
/// LE Coded, which asks for more.
#[must_use]
pub const fn is_allowed(address: u32, coded: bool) -> bool {
    // LL-AIR-3: access address of a connection.
    // Bit n: bits n and n + 1 of the address differ.
    let changes = (address ^ (address >> 1)) & 0x7FFF_FFFF;
    let first_octet = address & 0xFF;
    (address ^ ADVERTISING_ACCESS_ADDRESS).count_ones() > 1
        && longest_run(address) <= RUN_MAX
        && address != first_octet.wrapping_mul(0x0101_0101)
        && changes.count_ones() <= 24
        // In the six most significant bits: five places.
        && (changes >> 26).count_ones() >= 2
        && (!coded || first_octet.count_ones() >= 3 && (changes & 0x7FFF).count_ones() <= 11)
}

/// Most equal bits in a row: zeros of the address, or of its complement.
const fn longest_run(address: u32) -> u32 {
    let (zeros, ones) = (longest_ones(!address), longest_ones(address));
    if zeros > ones { zeros } else { ones }
}

/// Most ones in a row: each round takes one off every run.
const fn longest_ones(mut bits: u32) -> u32 {
    let mut length = 0_u32;
    while bits != 0 {
        bits &= bits << 1;
        length = length.saturating_add(1);
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    /// LL-AIR-3: addresses that just keep a condition, and next to each one that breaks it alone.
    #[test]
    fn each_condition_has_its_bound() {
        let kept = [0x8E89_BEC7, 0x4D53_6956, 0x9D75_F47A, 0x4B6F_81F1, 0x32CF_D51D, 0xAF9A_8396];
        for address in kept {
            assert!(is_allowed(address, false), "{address:08X}");
        }
        for (address, broken) in [
            (ADVERTISING_ACCESS_ADDRESS, "that of advertising"),
            (ADVERTISING_ACCESS_ADDRESS ^ 1 << 15, "one bit from that of advertising"),
            (0x7171_7171, "four equal octets"),
            (0xC406_9545, "seven zeros"),
            (0x4A0F_E75D, "seven ones"),
            (0x2A7C_1880, "seven zeros at the end"),
            (0x2B56_955D, "25 transitions"),
            (0xC27B_231F, "one transition in the six most significant bits"),
        ] {
            assert!(!is_allowed(address, false), "{address:08X}: {broken}");
        }
    }

    /// LL-AIR-3: what only devices with LE Coded must keep.
    #[test]
    fn devices_with_le_coded_keep_two_conditions_more() {
        for (address, broken) in [
            (0x5065_5A82, "two ones in the least significant octet"),
            (0x30F8_5555, "15 transitions in the lower half"),
        ] {
            assert!(is_allowed(address, false), "{address:08X}");
            assert!(!is_allowed(address, true), "{address:08X}: {broken}");
        }
        assert!(is_allowed(0x5065_5A8D, true));
    }
}

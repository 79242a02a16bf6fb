//! Access addresses of connections (Vol 6, Part B, 2.1.2).

use ble::pdu::advertising::ADVERTISING_ACCESS_ADDRESS;
use ble::random::Stream;

/// Whether a connection may use this access address. The stricter rules for devices with
/// LE Coded PHY are applied always.
pub(super) const fn is_valid(address: u32) -> bool {
    // LL-AIR-3: access address of a connection.
    // Bit n of `edges`: bits n and n+1 differ (n < 31).
    let edges = (address ^ (address >> 1)) & 0x7FFF_FFFF;
    let [a, b, c, d] = address.to_le_bytes();
    (address ^ ADVERTISING_ACCESS_ADDRESS).count_ones() > 1
        && longest_run(edges) <= 6
        && !(a == b && b == c && c == d)
        && edges.count_ones() <= 24
        && (edges >> 26).count_ones() >= 2
        && a.count_ones() >= 3
        && (edges & 0x7FFF).count_ones() <= 11
}

/// Longest run of equal bits, given where neighbours differ.
const fn longest_run(edges: u32) -> u32 {
    let (mut longest, mut run, mut bit) = (1, 1, 0);
    while bit < 31 {
        run = if edges >> bit & 1 == 1 { 1 } else { run + 1 };
        if run > longest {
            longest = run;
        }
        bit += 1;
    }
    longest
}

/// A random valid access address that differs from all of `others` in more than one bit.
pub(super) fn draw(random: &mut Stream, others: &[u32]) -> u32 {
    // About one in three is valid; the bound keeps even a broken stream finite.
    for _ in 0..1_000 {
        let address = random.u32();
        if is_valid(address) && others.iter().all(|o| (o ^ address).count_ones() > 1) {
            return address;
        }
    }
    0x5065_5A8D
}

#[cfg(test)]
mod tests {
    use super::*;
    use ble::random::{Entropy, Purpose};

    /// LL-AIR-3: access address of a connection.
    #[test]
    fn each_rule_refuses() {
        // Taken from public captures.
        assert!(is_valid(0xAF9A_8396));
        assert!(is_valid(0x5065_5A8D));
        for (address, why) in [
            (ADVERTISING_ACCESS_ADDRESS, "the advertising access address"),
            (ADVERTISING_ACCESS_ADDRESS ^ 0x100, "one bit away from it"),
            (0x5065_5AFE, "seven equal bits"),
            (0x5353_5353, "four equal octets"),
            (0x5555_5A57, "more than 24 transitions"),
            (0xF065_5A8D & 0x03FF_FFFF | 0xFC00_0000, "no transition in the top six bits"),
            (0x5065_5A81, "fewer than three ones in the low octet"),
            (0x5065_5555, "more than 11 transitions in the low half"),
        ] {
            assert!(!is_valid(address), "{why}");
        }
    }

    #[test]
    fn what_is_drawn_is_valid() {
        let mut random = Entropy::new([3; 32]).stream(Purpose::Advertising);
        for _ in 0..200 {
            assert!(is_valid(draw(&mut random, &[])));
        }
    }
}

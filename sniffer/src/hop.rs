//! Which channel a connection event is on (Vol 6, Part B, 4.5.8), as an observer works it out. Bit
//! n of a map is data channel n.

/// The used channels in ascending order, at `index`.
fn used(map: u64, index: u64) -> Option<u8> {
    (0..37).filter(|channel| map >> channel & 1 == 1).nth(usize::try_from(index).ok()?)
}

fn count(map: u64) -> u64 {
    u64::from((map & 0x1F_FFFF_FFFF).count_ones())
}

/// Channel Selection Algorithm #1 (4.5.8.2): the hop increment is added once an event, from zero.
/// `None`: the map has no channel.
#[must_use]
pub fn algorithm_1(hop: u8, event: u64, map: u64) -> Option<u8> {
    let unmapped = (event % 37 + 1) * u64::from(hop) % 37;
    if map >> unmapped & 1 == 1 {
        return u8::try_from(unmapped).ok();
    }
    used(map, unmapped.checked_rem(count(map))?)
}

/// Channel Selection Algorithm #2 (4.5.8.3). `None`: the map has no channel.
#[must_use]
pub fn algorithm_2(access_address: u32, event: u16, map: u64) -> Option<u8> {
    let identifier = (access_address >> 16) as u16 ^ access_address as u16;
    let mut random = event ^ identifier;
    for _ in 0..3 {
        let [low, high] = random.to_le_bytes();
        let permuted = u16::from_le_bytes([low.reverse_bits(), high.reverse_bits()]);
        random = permuted.wrapping_mul(17).wrapping_add(identifier);
    }
    let random = u64::from(random ^ identifier);
    let unmapped = random % 37;
    if map >> unmapped & 1 == 1 {
        return u8::try_from(unmapped).ok();
    }
    used(map, (random * count(map)) >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sample data of Vol 6, Part C, 3: access address 8E89BED6; all channels, then nine.
    #[test]
    fn algorithm_2_gives_the_sample_sequences() {
        let all = 0x1F_FFFF_FFFF;
        let nine = [9, 10, 21, 22, 23, 33, 34, 35, 36].iter().map(|c| 1_u64 << c).sum();
        let hop = |event, map| algorithm_2(0x8E89_BED6, event, map).unwrap();
        assert_eq!([1, 2, 3].map(|event| hop(event, all)), [20, 6, 21]);
        assert_eq!([6, 7, 8].map(|event| hop(event, nine)), [23, 9, 34]);
    }

    #[test]
    fn algorithm_1_counts_by_the_increment_and_remaps() {
        let hops: Vec<u8> =
            (0..6).map(|event| algorithm_1(7, event, 0x1F_FFFF_FFFF).unwrap()).collect();
        assert_eq!(hops, [7, 14, 21, 28, 35, 5]);
        // 7 is not used; three are: 7 mod 3 = 1.
        assert_eq!(algorithm_1(7, 0, 0b111), Some(1));
        assert_eq!(algorithm_1(7, 0, 0), None);
    }
}

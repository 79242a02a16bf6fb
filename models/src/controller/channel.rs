//! Channel selection (Vol 6, Part B, 4.5.8).

use ble::pdu::advertising::CHANNEL_MAP_ALL;

/// How a connection hops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Hopping {
    /// Channel Selection Algorithm #1.
    One {
        /// hopIncrement of Channel Selection Algorithm #1, 5–16.
        hop: u8,
        /// lastUnmappedChannel, 0–36; 0 before the first event.
        last: u8,
    },
    /// Channel Selection Algorithm #2.
    Two {
        /// channelIdentifier: the XOR of both halves of the access address.
        identifier: u16,
    },
}

impl Hopping {
    pub(super) const fn one(hop: u8) -> Self {
        Self::One { hop, last: 0 }
    }

    pub(super) const fn two(access_address: u32) -> Self {
        Self::Two { identifier: (access_address >> 16) as u16 ^ access_address as u16 }
    }

    /// So many events are over.
    pub(super) fn leap(&mut self, events: u16) {
        if let Self::One { hop, last } = self {
            *last = ((u32::from(*last) + u32::from(*hop) * u32::from(events)) % 37) as u8;
        }
    }

    /// The data channel of the event with this counter. To be called once for every event in
    /// order: algorithm #1 counts by itself.
    pub(super) fn next(&mut self, event: u16, channel_map: u64) -> u8 {
        let map = channel_map & CHANNEL_MAP_ALL;
        match self {
            Self::One { hop, last } => {
                // LL-CHAN-2: algorithm #1.
                let unmapped = (*last + *hop) % 37;
                *last = unmapped;
                pick(map, unmapped, |used| u32::from(unmapped) % used)
            }
            Self::Two { identifier } => {
                // LL-CHAN-3: algorithm #2.
                let random = prn_e(event, *identifier);
                let unmapped = (random % 37) as u8;
                pick(map, unmapped, |used| (used * u32::from(random)) >> 16)
            }
        }
    }
}

/// `unmapped` if it is in use, else the channel in use at the place that `index` computes from
/// their number.
fn pick(map: u64, unmapped: u8, index: impl Fn(u32) -> u32) -> u8 {
    if map >> unmapped & 1 == 1 || map == 0 {
        return unmapped;
    }
    let used: Vec<u8> = (0..37).filter(|channel| map >> channel & 1 == 1).collect();
    let index = index(used.len() as u32) as usize;
    used.get(index).copied().unwrap_or(unmapped)
}

fn prn_e(counter: u16, identifier: u16) -> u16 {
    let permute = |v: u16| {
        let [a, b] = v.to_be_bytes();
        u16::from_be_bytes([a.reverse_bits(), b.reverse_bits()])
    };
    let mut value = counter ^ identifier;
    for _ in 0..3 {
        value = permute(value).wrapping_mul(17).wrapping_add(identifier);
    }
    value ^ identifier
}

#[cfg(test)]
mod tests {
    use super::*;

    const NINE: u64 = 0x1E_00E0_0600;

    /// Vol 6, Part C, 3.1 and 3.2.
    /// LL-CHAN-3: algorithm #2.
    #[test]
    fn algorithm_2_of_the_sample_data() {
        let mut hopping = Hopping::two(0x8E89_BED6);
        assert_eq!(hopping, Hopping::Two { identifier: 0x305F });
        let all = [(0, 56857, 25), (1, 1685, 20), (2, 38301, 6), (3, 27475, 21)];
        for (event, random, channel) in all {
            assert_eq!(prn_e(event, 0x305F), random);
            assert_eq!(hopping.next(event, CHANNEL_MAP_ALL), channel);
        }
        for (event, random, channel) in [(6, 10975, 23), (7, 5490, 9), (8, 46970, 34)] {
            assert_eq!(prn_e(event, 0x305F), random);
            assert_eq!(hopping.next(event, NINE), channel);
        }
    }

    /// Computed by the rule; the specification has no sample.
    /// LL-CHAN-2: algorithm #1.
    #[test]
    fn algorithm_1_of_the_rule() {
        let cases: [(u8, u64, &[u8]); 3] = [
            (5, CHANNEL_MAP_ALL, &[5, 10, 15, 20, 25, 30, 35, 3, 8, 13]),
            (16, CHANNEL_MAP_ALL, &[16, 32, 11, 27, 6, 22, 1, 17, 33, 12]),
            (7, NINE, &[35, 33, 21, 10, 35, 33, 22, 10, 36, 33, 22, 10]),
        ];
        for (hop, map, channels) in cases {
            let mut hopping = Hopping::one(hop);
            for &channel in channels {
                assert_eq!(hopping.next(0, map), channel);
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn only_channels_in_use_are_chosen(
            address: u32, hop in 5u8..=16, map in 1u64..=CHANNEL_MAP_ALL, event: u16,
        ) {
            for mut hopping in [Hopping::one(hop), Hopping::two(address)] {
                let channel = hopping.next(event, map);
                proptest::prop_assert!(map >> channel & 1 == 1);
            }
        }
    }
}

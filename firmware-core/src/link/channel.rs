//! Which data channel a connection event uses (Vol 6, Part B, 4.5.8).

use ble::pdu::advertising::CHANNEL_MAP_ALL;

/// Number of data channels.
const CHANNELS: u32 = 37;

/// Channel Selection Algorithm #1 or #2 with its state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Hopper {
    /// Algorithm #1: hops by a constant, whether an event is listened to or not.
    One {
        /// hopIncrement of CONNECT_IND, 5–16.
        hop: u8,
        /// unmappedChannel of the event at hand.
        unmapped: u8,
    },
    /// Algorithm #2: a function of event counter and access address.
    Two {
        /// channelIdentifier: both halves of the access address, XORed.
        identifier: u16,
    },
}

impl Hopper {
    /// Algorithm #1, before its first event.
    pub(super) const fn one(hop: u8) -> Self {
        // LL-CHAN-2: algorithm #1.
        // lastUnmappedChannel is 0 before the first event.
        Self::One { hop, unmapped: modulo(hop as u32) }
    }

    /// Algorithm #2 for the connection with this access address.
    pub(super) const fn two(access_address: u32) -> Self {
        // LL-CHAN-3: algorithm #2.
        let [a, b, c, d] = access_address.to_le_bytes();
        Self::Two { identifier: u16::from_le_bytes([a, b]) ^ u16::from_le_bytes([c, d]) }
    }

    /// Advances by `events` connection events; skipped ones count.
    pub(super) fn advance(&mut self, events: u16) {
        if let Self::One { hop, unmapped } = self {
            let way = u32::from(*hop).saturating_mul(u32::from(events));
            let sum = u32::from(*unmapped).saturating_add(way);
            *unmapped = modulo(sum);
        }
    }

    /// The channel of event `event` under `map` (bit n = channel n).
    pub(super) fn channel(&self, event: u16, map: u64) -> u8 {
        let used = used_channels(map);
        match *self {
            Self::One { unmapped, .. } => {
                if is_used(map, unmapped) {
                    return unmapped;
                }
                let index = u32::from(unmapped).checked_rem(used).unwrap_or(0);
                nth_used(map, index).unwrap_or(unmapped)
            }
            Self::Two { identifier } => {
                let prn = pseudo_random(event, identifier);
                let unmapped = modulo(u32::from(prn));
                if is_used(map, unmapped) {
                    return unmapped;
                }
                let index = u32::from(prn).saturating_mul(used) >> 16;
                nth_used(map, index).unwrap_or(unmapped)
            }
        }
    }
}

/// `value` modulo the number of data channels.
const fn modulo(value: u32) -> u8 {
    let [rest, ..] = (value % CHANNELS).to_le_bytes();
    rest
}

/// prn_e of Algorithm #2.
fn pseudo_random(event: u16, identifier: u16) -> u16 {
    let mut value = event ^ identifier;
    for _ in 0..3 {
        value = permute(value).wrapping_mul(17).wrapping_add(identifier);
    }
    value ^ identifier
}

/// Reverses the bits within each octet.
const fn permute(value: u16) -> u16 {
    value.reverse_bits().swap_bytes()
}

const fn used_channels(map: u64) -> u32 {
    (map & CHANNEL_MAP_ALL).count_ones()
}

fn is_used(map: u64, channel: u8) -> bool {
    map.checked_shr(u32::from(channel)).unwrap_or(0) & 1 == 1
}

/// The used channel number `index`, counted from 0 in ascending order.
fn nth_used(map: u64, index: u32) -> Option<u8> {
    (0..37).filter(|&channel| is_used(map, channel)).nth(usize::try_from(index).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// The channels 9, 10, 21, 22, 23, 33, 34, 35, 36 of the sample data (Vol 6, Part C, 3.2).
    const NINE: u64 = 0x1E_00E0_0600;

    fn csa1(hop: u8, map: u64, events: usize) -> Vec<u8> {
        let mut hopper = Hopper::one(hop);
        (0..events)
            .map(|_| {
                let channel = hopper.channel(0, map);
                hopper.advance(1);
                channel
            })
            .collect()
    }

    /// LL-CHAN-2: algorithm #1.
    #[test]
    fn csa1_hops_through_all_channels() {
        assert_eq!(csa1(5, CHANNEL_MAP_ALL, 10), [5, 10, 15, 20, 25, 30, 35, 3, 8, 13]);
        assert_eq!(csa1(16, CHANNEL_MAP_ALL, 10), [16, 32, 11, 27, 6, 22, 1, 17, 33, 12]);
    }

    #[test]
    fn csa1_remaps_unused_channels() {
        let expected = [35, 33, 21, 10, 35, 33, 22, 10, 36, 33, 22, 10];
        assert_eq!(csa1(7, NINE, 12), expected);
    }

    /// The worked example of Vol 6, Part B, 5.1.2: hop 10, channel 11 unused from event 100 on.
    #[test]
    fn csa1_keeps_hopping_when_the_map_changes() {
        let mut hopper = Hopper::one(10);
        hopper.advance(99);
        assert_eq!(hopper.channel(99, CHANNEL_MAP_ALL), 1);
        hopper.advance(1);
        assert_eq!(hopper.channel(100, 0x1F_FFFF_F7FF), 12);
        hopper.advance(1);
        assert_eq!(hopper.channel(101, 0x1F_FFFF_F7FF), 21);
    }

    #[test]
    fn csa1_counts_skipped_events() {
        let mut step = Hopper::one(13);
        let mut leap = step.clone();
        for _ in 0..499 {
            step.advance(1);
        }
        leap.advance(499);
        assert_eq!(step, leap);
    }

    /// Vol 6, Part C, 3.1.
    /// LL-CHAN-3: algorithm #2.
    #[test]
    fn csa2_sample_data_with_all_channels() {
        let hopper = Hopper::two(0x8E89_BED6);
        assert_eq!(hopper, Hopper::Two { identifier: 0x305F });
        let prn: Vec<u16> = (0..4).map(|event| pseudo_random(event, 0x305F)).collect();
        assert_eq!(prn, [56857, 1685, 38301, 27475]);
        let channels: Vec<u8> =
            (0..4).map(|event| hopper.channel(event, CHANNEL_MAP_ALL)).collect();
        assert_eq!(channels, [25, 20, 6, 21]);
    }

    /// Vol 6, Part C, 3.2.
    #[test]
    fn csa2_sample_data_with_nine_channels() {
        let hopper = Hopper::two(0x8E89_BED6);
        let prn: Vec<u16> = (6..9).map(|event| pseudo_random(event, 0x305F)).collect();
        assert_eq!(prn, [10975, 5490, 46970]);
        let channels: Vec<u8> = (6..9).map(|event| hopper.channel(event, NINE)).collect();
        assert_eq!(channels, [23, 9, 34]);
    }

    proptest::proptest! {
        #[test]
        fn both_algorithms_use_used_channels_only(
            event: u16, hop in 5u8..=16, access_address: u32, map in 3u64..=CHANNEL_MAP_ALL,
        ) {
            proptest::prop_assume!(map.count_ones() >= 2);
            let mut one = Hopper::one(hop);
            one.advance(event);
            proptest::prop_assert!(is_used(map, one.channel(event, map)));
            proptest::prop_assert!(is_used(map, Hopper::two(access_address).channel(event, map)));
        }
    }
}

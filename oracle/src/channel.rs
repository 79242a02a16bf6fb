//! The channel of each connection event: both selection algorithms, and maps that change at
//! instants.

use ble::pdu::control::ControlPdu;
use bletwin_rules::channels::LL_CHAN_1;

use super::Findings;
use super::link::{Link, Packet};

pub(super) fn check(link: &Link<'_>, findings: &mut Findings) {
    let mut maps = Maps { now: link.request.channel_map, next: Vec::new() };
    for packet in &link.packets {
        // What is told in the event of its own instant is too late for that event's channel.
        if packet.anchor {
            maps.reach(packet.event);
        }
        let wanted = if link.csa2 {
            algorithm_2(link.request.access_address, packet.event as u16, maps.now)
        } else {
            algorithm_1(link.request.hop, packet.event, maps.now)
        };
        if wanted.is_some_and(|wanted| wanted != packet.item.channel) {
            let text = format!(
                "event {} on channel {} instead of {}",
                packet.event,
                packet.item.channel,
                wanted.unwrap_or_default()
            );
            let evidence = [maps.next.last().map_or(link.connect.record, |(_, _, record)| *record)];
            link.report(findings, LL_CHAN_1.id, packet, &evidence, text);
        }
        maps.learn(packet);
    }
}

struct Maps {
    now: u64,
    /// Event, map and record of the changes to come: of one told in the event of its instant, and
    /// of the next.
    next: Vec<(u64, u64, bletwin_sniffer::RecordId)>,
}

impl Maps {
    fn reach(&mut self, event: u64) {
        for (_, map, _) in self.next.extract_if(.., |(instant, ..)| event >= *instant) {
            self.now = map;
        }
    }

    fn learn(&mut self, packet: &Packet<'_>) {
        if let (true, Some(ControlPdu::ChannelMapInd { channel_map, instant })) =
            (packet.new, packet.control())
        {
            let ahead = instant.wrapping_sub(packet.event as u16);
            let instant = packet.event + u64::from(ahead);
            self.next.retain(|(instant, ..)| *instant <= packet.event);
            self.next.push((instant, *channel_map, packet.item.record));
        }
    }
}

/// The used channels in ascending order, at `index`.
fn used(map: u64, index: u64) -> Option<u8> {
    (0..37).filter(|channel| map >> channel & 1 == 1).nth(usize::try_from(index).ok()?)
}

fn count(map: u64) -> u64 {
    u64::from((map & 0x1F_FFFF_FFFF).count_ones())
}

/// Channel Selection Algorithm #1 (4.5.8.2): the hop increment is added once an event, from zero.
pub(super) fn algorithm_1(hop: u8, event: u64, map: u64) -> Option<u8> {
    let unmapped = (event + 1) * u64::from(hop) % 37;
    if map >> unmapped & 1 == 1 {
        return u8::try_from(unmapped).ok();
    }
    used(map, unmapped.checked_rem(count(map))?)
}

/// Channel Selection Algorithm #2 (4.5.8.3).
pub(super) fn algorithm_2(access_address: u32, event: u16, map: u64) -> Option<u8> {
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

//! The channel of each connection event: both selection algorithms, and maps that change at
//! instants.

use ble::pdu::control::ControlPdu;
use bletwin_rules::channels::LL_CHAN_1;

use super::Findings;
use super::link::{Link, Packet};
pub(super) use bletwin_sniffer::hop::{algorithm_1, algorithm_2};

pub(super) fn check(link: &Link<'_>, findings: &mut Findings) {
    let mut maps = Maps { now: link.request.channel_map, next: Vec::new() };
    for packet in &link.packets {
        // A map announced in the event of its own instant is too late for that event's channel.
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
    /// Event, map and record of pending changes: of one announced in the event of its instant, and
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

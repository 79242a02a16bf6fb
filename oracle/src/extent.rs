//! How far one connection of a capture can be judged. A sniffer that loses packets in one
//! connection, or of its end, has others whole, and the beginning of this one.

use ble::hci::Role;
use ble::pdu::control::ControlPdu;
use ble::time::Duration;
use bletwin_sniffer::{AirItem, Frame, Hearing, RecordId};

use crate::findings::{Judged, Stop};
use crate::link::{Link, Packet};
use crate::needs::Needs;
use crate::procedure::PAST;

/// Between a packet and its answer there is less, rules or not; with another one between, more.
const ANSWER: Duration = Duration::from_us(300);

impl<'a> Link<'a> {
    /// Whether it was followed in a capture.
    pub(super) fn is_captured(&self) -> bool {
        self.packets.first().is_some_and(|packet| packet.tx.followed.is_some())
    }

    /// Drops everything from the first packet on that is encrypted with an unknown key, and returns
    /// that packet.
    pub(super) fn end_where_opaque(&mut self) -> Option<RecordId> {
        self.end_before_opaque().map(|item| item.record)
    }

    fn end_before_opaque(&mut self) -> Option<&'a AirItem> {
        let opaque = |packet: &Packet<'_>| packet.item.decrypted == Some(false);
        let index = self.packets.iter().position(opaque)?;
        let item = self.packets.get(index)?.item;
        self.truncate(index);
        Some(item)
    }
}

/// Ends a connection of a capture where it can no longer be judged, and reports that; returns the
/// available evidence. A connection of a simulated world has that of its view.
pub(crate) fn settle(link: &mut Link<'_>, view: Needs, report: &mut Vec<Judged>) -> Needs {
    if !link.is_captured() {
        return view;
    }
    link.hci.clear();
    (link.farewells, link.keys) = ([None; 2], [None; 2]);
    let before = link.packets.len();
    let sealed = link.end_before_opaque().map(|item| (item.record, item.at, Stop::Sealed));
    let lossy = link.packets.iter().any(lacks);
    let mut update = None;
    let broken = link.packets.iter().enumerate().find_map(|(index, packet)| {
        let before = link.packets.get(..index).unwrap_or_default();
        let moved = update.is_some_and(|at| (packet.event as u16).wrapping_sub(at) < PAST);
        let why = match () {
            () if lacks(packet) => Stop::Gap,
            () if lossy && (promised(before, packet) || apart(before, packet)) => Stop::Gap,
            () if index == 0 && !begins(&link.packets, lossy) => Stop::Gap,
            () if lossy && moved => Stop::Window,
            () if packet.tx.hearing == Hearing::Unknown => Stop::Unacknowledged,
            () => {
                if let Some(ControlPdu::ConnectionUpdateInd(announced)) = packet.control() {
                    update.get_or_insert(announced.instant);
                }
                return None;
            }
        };
        Some((index, (packet.item.record, packet.item.at, why)))
    });
    if let Some((index, _)) = broken {
        link.truncate(index);
    }
    let stop = broken.map(|(_, stop)| stop).or(sealed);
    let there = present(link, view);
    let decided = bletwin_rules::judged().map(|rule| rule.id);
    report.push(Judged {
        connection: link.connect.record,
        packets: link.packets.len(),
        stop: stop.map(|(record, _, why)| (record, why)),
        until: stop.map(|(_, at, _)| at),
        rest: before - link.packets.len(),
        decided: decided.filter(|rule| Needs::decide(rule, there)).collect(),
    });
    there
}

/// Whether packets before it are known to be missing.
fn lacks(packet: &Packet<'_>) -> bool {
    packet.tx.followed.is_some_and(|followed| followed.missing > 0)
}

/// Whether the first packets can be those of a connection. If some are missing, only an answer
/// shows that the first one is the central's.
fn begins(packets: &[Packet<'_>], lossy: bool) -> bool {
    let is = |at: usize, by: Role| {
        let packet = packets.get(at);
        packet.is_some_and(|p| p.by == by && p.event == 0 && !p.header.sn)
    };
    is(0, Role::Central) && (!lossy || is(1, Role::Peripheral))
}

/// Whether something was between two packets of one event.
fn apart(before: &[Packet<'_>], packet: &Packet<'_>) -> bool {
    before.last().is_some_and(|last| {
        last.event == packet.event && packet.item.at.since(last.item.end) > ANSWER
    })
}

/// Whether the event before this packet's had more data of which no packet was captured: two lost
/// packets in each direction leave no trace in sequence numbers.
fn promised(before: &[Packet<'_>], packet: &Packet<'_>) -> bool {
    let Some(last) = before.last().filter(|last| last.event != packet.event) else { return false };
    let in_it = before.iter().rev().take_while(|other| other.event == last.event);
    in_it.take(2).any(|other| other.header.md)
}

/// The available evidence of the judged part of a connection. Its HCI log, if there is one, has
/// other times than the air, and seldom both ends.
fn present(link: &Link<'_>, view: Needs) -> Needs {
    let all = |has: fn(&Frame) -> bool| link.packets.iter().all(|packet| has(packet.tx));
    let there = [
        (!link.packets.is_empty(), Needs::ADJACENCY.and(Needs::ACKNOWLEDGED)),
        (Needs::CLOCKS.are_met_by(view), Needs::CLOCKS),
        (all(|frame| frame.end.is_some()), Needs::LENGTH),
        (all(|frame| frame.channel.is_some()), Needs::CHANNEL),
        (all(|frame| frame.phy.is_some()), Needs::PHY),
        (all(|frame| frame.crc_init.is_some()), Needs::CRC),
    ];
    let met = there.into_iter().filter(|(is_there, _)| *is_there);
    met.fold(Needs::PACKETS, |all, (_, need)| all.and(need))
}

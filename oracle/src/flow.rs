//! Sequence numbers, acknowledgement, repetition, and when a connection event is over.

use ble::hci::Role;
use bletwin_rules::acknowledgement::{LL_NESN_1, LL_RETX_1, LL_SN_1};
use bletwin_rules::connection::LL_EVENT_1;

use super::Findings;
use super::link::{Link, Packet, other};
use bletwin_sniffer::Reception;

/// What one end must send next.
#[derive(Default)]
struct End {
    sn: bool,
    nesn: bool,
    /// A packet has been heard that may be acknowledged.
    may_acknowledge: bool,
    /// Index of its last packet.
    last: Option<usize>,
}

pub(super) fn check(link: &Link<'_>, findings: &mut Findings) {
    let mut ends = [End::default(), End::default()];
    for (index, packet) in link.packets.iter().enumerate() {
        let before = [ends[0].last, ends[1].last];
        let mut report = |rule, text: &str| {
            let before = before.iter().flatten();
            let evidence: Vec<_> = before.map(|at| link.packets[*at].item.record).collect();
            link.report(findings, rule, packet, &evidence, format!("{}: {text}", packet.name()));
        };
        let own = &mut ends[packet.by as usize];
        if packet.header.sn != own.sn {
            let text = if packet.new { "SN advanced without acknowledgement" } else { "SN stays" };
            report(LL_SN_1.id, text);
        }
        if packet.header.nesn != own.nesn && !own.may_acknowledge {
            report(LL_NESN_1.id, "acknowledges what was not received");
        }
        let before = own.last.map(|at| &link.packets[at]);
        if before.is_some_and(|before| repeats_wrongly(before, packet)) {
            report(LL_RETX_1.id, "the repetition differs from the first transmission");
        }
        if packet.by == Role::Central && is_after_end(link, index) {
            report(LL_EVENT_1.id, "the connection event was over");
        }
        own.may_acknowledge &= packet.header.nesn == own.nesn;
        own.nesn = packet.header.nesn;
        own.sn = packet.header.sn;
        own.last = Some(index);
        if packet.heard() {
            let peer = &mut ends[other(packet.by) as usize];
            peer.may_acknowledge |= packet.header.sn == peer.nesn;
            if peer.last.is_some() && packet.header.nesn != peer.sn {
                peer.sn = !peer.sn;
            }
        }
    }
}

fn repeats_wrongly(before: &Packet<'_>, packet: &Packet<'_>) -> bool {
    before.header.sn == packet.header.sn
        && (before.header.llid != packet.header.llid
            || before.tx.pdu.payload() != packet.tx.pdu.payload())
}

/// Whether the central continues an event that has ended: after a packet of the peripheral that it
/// did not see, after two wrong CRCs in a row, or when neither had more data.
fn is_after_end(link: &Link<'_>, index: usize) -> bool {
    let packets = link.packets.get(..index).unwrap_or_default();
    let event = link.packets[index].event;
    let mut earlier = packets.iter().rev().take_while(|packet| packet.event == event);
    let Some(last) = earlier.next() else {
        return false;
    };
    if last.by == Role::Central {
        return true;
    }
    match last.item.reception {
        None => true,
        Some(Reception::Ok) => {
            let more = earlier.next().is_some_and(|asked| asked.header.md);
            !more && !last.header.md
        }
        Some(Reception::CrcError) => {
            let former = earlier.find(|packet| packet.by == Role::Peripheral);
            former.is_some_and(|packet| packet.item.reception == Some(Reception::CrcError))
        }
    }
}

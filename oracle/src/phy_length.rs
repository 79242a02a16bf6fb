//! Length limits while a PHY update is open (Table 5.1): a PDU must not take too long on any PHY
//! that may apply when it is retransmitted.

use ble::hci::Role;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::phy::{PhySet, TxPhy};
use bletwin_rules::phy::LL_PHY_7;

use super::Findings;
use super::length::{Lengths, TIME_MIN_CODED};
use super::link::{Link, Packet};
use super::procedure::PAST;
use bletwin_sniffer::RecordId;

pub(super) fn check(link: &Link<'_>, findings: &mut Findings) {
    let mut lengths = Lengths::default();
    let mut open = PhyPending::default();
    for packet in &link.packets {
        open.reach(packet.event);
        let possible = open.of(packet.by);
        if possible.0 != 0 && packet.new {
            let (_, time) = lengths.limit(packet);
            if let Some(phy) = too_long(possible, packet, time) {
                let text = format!("{} takes too long on {phy:?}, which may apply", packet.name());
                let evidence: Vec<_> = open.record.into_iter().collect();
                link.report(findings, LL_PHY_7.id, packet, &evidence, text);
            }
        }
        let wrong = findings.is_wrong(packet);
        open.learn(packet, findings.is_stray(packet));
        lengths.learn(packet, wrong);
    }
}

/// The PHY on which a packet would take longer than `time` µs, or the least that is always allowed.
fn too_long(possible: PhySet, packet: &Packet<'_>, time: u16) -> Option<TxPhy> {
    let payload = packet.tx.pdu.payload_len();
    // LE Coded may be sent with either coding: the faster one counts here.
    let all = [
        (PhySet::LE_1M, TxPhy::Le1M, 0),
        (PhySet::LE_2M, TxPhy::Le2M, 0),
        (PhySet::CODED, TxPhy::CodedS2, TIME_MIN_CODED),
    ];
    let wrong = all.into_iter().find(|(set, phy, least)| {
        possible.0 & set.0 != 0 && phy.air_time_us(payload) > u32::from(time.max(*least))
    });
    wrong.map(|(_, phy, _)| phy)
}

#[derive(Default)]
struct PhyPending {
    /// The peripheral's own request, or its answer to the central's.
    offered: Option<PhySet>,
    /// RX_PHYS of the central's request.
    asked: PhySet,
    /// By sender: instant, and the PHY that applies from it on.
    next: [Option<(u64, PhySet)>; 2],
    record: Option<RecordId>,
}

impl PhyPending {
    fn reach(&mut self, event: u64) {
        for next in &mut self.next {
            next.take_if(|(instant, _)| event >= *instant);
        }
    }

    fn of(&self, by: Role) -> PhySet {
        let next = self.next[by as usize].map_or(PhySet::NONE, |(_, set)| set);
        match by {
            Role::Central => next,
            Role::Peripheral => next.union(self.offered.unwrap_or(PhySet::NONE)),
        }
    }

    /// `stray`: the packet answers nothing.
    fn learn(&mut self, packet: &Packet<'_>, stray: bool) {
        let Some(pdu) = packet.control() else { return };
        match (pdu, packet.by) {
            (ControlPdu::PhyReq { tx, .. }, Role::Peripheral) if packet.new => {
                (self.offered, self.record) = (Some(*tx), Some(packet.item.record));
            }
            (ControlPdu::PhyReq { rx, .. }, Role::Central) if packet.taken => self.asked = *rx,
            (ControlPdu::PhyRsp { tx, .. }, Role::Peripheral) if packet.new => {
                self.offered = Some(tx.intersection(self.asked));
                self.record = Some(packet.item.record);
            }
            // Whether it is heeded is left open.
            (ControlPdu::PhyUpdateInd { .. }, _) if stray => {}
            (ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant }, Role::Central) => {
                let ahead = instant.wrapping_sub(packet.event as u16);
                let single = |set: &PhySet| set.single().map_or(PhySet::NONE, PhySet::only);
                let at = packet.event + u64::from(ahead);
                if packet.new && ahead < PAST {
                    self.next[Role::Central as usize] = Some((at, single(c_to_p)));
                    self.record = Some(packet.item.record);
                }
                if packet.taken {
                    self.offered = None;
                    let next = (ahead < PAST).then_some((at, single(p_to_c)));
                    self.next[Role::Peripheral as usize] = next;
                }
            }
            (
                ControlPdu::UnknownRsp(Opcode::PHY_REQ)
                | ControlPdu::RejectInd(_)
                | ControlPdu::RejectExtInd { opcode: Opcode::PHY_REQ, .. },
                Role::Central,
            ) if packet.taken => self.offered = None,
            _ => {}
        }
    }
}

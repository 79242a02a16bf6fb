//! A procedure that the peer starts before the instant of another one: whoever meets that leaves,
//! and does not serve it.

use firmware_core::hci::Role;
use firmware_core::pdu::control::Opcode;

use super::Findings;
use super::link::{Link, Packet};
use super::procedure::instant;
use crate::record::RecordId;

/// Changes that have been announced and have not come, and what was asked for in between.
#[derive(Default)]
struct Pending {
    /// Event of the instant and the PDU that announced it.
    changes: Vec<(u64, RecordId)>,
    /// The peer's request, its record, and the announcement that forbids it.
    asked: Option<(Opcode, [RecordId; 2])>,
}

pub(super) fn check(link: &Link<'_>, findings: &mut Findings) {
    let mut pending = Pending::default();
    for packet in &link.packets {
        let Some(opcode) = packet.opcode() else { continue };
        pending.changes.retain(|(until, _)| *until > packet.event);
        match packet.by {
            Role::Central if packet.taken => pending.heard(packet, opcode),
            Role::Peripheral if packet.new => {
                if let Some(evidence) = pending.served(opcode) {
                    let text = format!("{} instead of leaving the connection", packet.name());
                    link.report(findings, "LL-COLL-4", packet, &evidence, text);
                }
            }
            _ => {}
        }
    }
}

impl Pending {
    fn heard(&mut self, packet: &Packet<'_>, opcode: Opcode) {
        let asks = matches!(opcode, Opcode::PHY_REQ | Opcode::CONNECTION_PARAM_REQ);
        if let (true, Some((_, announced))) = (asks, self.changes.first()) {
            self.asked = Some((opcode, [*announced, packet.item.record]));
        }
        if let Some(instant) = instant(packet) {
            let ahead = instant.wrapping_sub(packet.event as u16);
            self.changes.push((packet.event + u64::from(ahead), packet.item.record));
        }
    }

    fn served(&mut self, opcode: Opcode) -> Option<[RecordId; 2]> {
        let answer = |asked: &(Opcode, _)| match asked.0 {
            Opcode::PHY_REQ => opcode == Opcode::PHY_RSP,
            _ => opcode == Opcode::CONNECTION_PARAM_RSP,
        };
        self.asked.take_if(|asked| answer(asked)).map(|(_, evidence)| evidence)
    }
}

//! Procedures that change the rules of a connection in ways that the oracle does not know:
//! subrating, other frame spaces, other connection rates. Nothing after them is judged.

use ble::hci::Role;
use ble::pdu::control::Opcode;

use super::features::set;
use super::link::{Link, Packet};

const FRAME_SPACE_REQ: Opcode = Opcode(0x3B);
const FRAME_SPACE_RSP: Opcode = Opcode(0x3C);
const CONNECTION_RATE_IND: Opcode = Opcode(0x3F);
/// Connection Subrating (Host Support): without it none of this is said to a peripheral (5.1.19).
const SUBRATING: u64 = 1 << 38;

/// Finds the PDU from which on this is so.
pub(super) fn beyond(link: &Link<'_>) -> Option<usize> {
    let mut subrated = false;
    let mut asked = [false; 2];
    link.packets.iter().position(|packet| {
        let Some(opcode) = packet.opcode() else { return false };
        match (packet.by, opcode) {
            (Role::Central, Opcode::SUBRATE_IND | CONNECTION_RATE_IND) => {
                return subrated && packet.taken;
            }
            (by, FRAME_SPACE_RSP) => return asked[1 - by as usize] && packet.taken,
            (by, FRAME_SPACE_REQ) => asked[by as usize] |= packet.taken,
            (Role::Peripheral, _) => subrated |= shows_subrating(packet),
            _ => {}
        }
        false
    })
}

fn shows_subrating(packet: &Packet<'_>) -> bool {
    packet.control().and_then(set).is_some_and(|shown| shown.0 & SUBRATING != 0)
}

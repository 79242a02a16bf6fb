//! When an end had nothing left to send: PDUs that it sends later were not queued before.

use ble::hci::Role;
use ble::pdu::control::Opcode;
use ble::time::Instant;
use bletwin_sniffer::Decoded;

use crate::link::Packet;

/// The last time that each end was seen to have nothing to send, by role.
#[derive(Default)]
pub(super) struct Idle {
    last: [Option<Instant>; 2],
    /// Data wait for encryption, although other PDUs are sent meanwhile.
    held: bool,
}

impl Idle {
    /// Sees a packet; whether its sender has nothing to send.
    pub(super) fn pass(&mut self, packet: &Packet<'_>) -> bool {
        match packet.opcode().filter(|_| is_of_encryption(packet)) {
            Some(Opcode::START_ENC_RSP) if packet.by == Role::Peripheral => self.held = false,
            Some(Opcode::REJECT_IND | Opcode::REJECT_EXT_IND) => self.held = false,
            Some(_) => self.held = true,
            None => {}
        }
        let idle = matches!(packet.item.decoded, Decoded::Empty) && packet.new && !self.held;
        if idle {
            self.last[packet.by as usize] = Some(packet.item.at);
        }
        idle
    }

    pub(super) const fn of(&self, by: Role) -> Option<Instant> {
        self.last[by as usize]
    }
}

/// Whether a packet starts encryption, pauses it, or refuses to.
pub(super) fn is_of_encryption(packet: &Packet<'_>) -> bool {
    matches!(
        packet.opcode(),
        Some(
            Opcode::ENC_REQ
                | Opcode::ENC_RSP
                | Opcode::START_ENC_REQ
                | Opcode::START_ENC_RSP
                | Opcode::PAUSE_ENC_REQ
                | Opcode::PAUSE_ENC_RSP
                | Opcode::REJECT_IND
                | Opcode::REJECT_EXT_IND
        )
    )
}

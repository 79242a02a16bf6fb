//! Who sends what one role alone may send: what a sniffer says of directions is held against that.

use ble::crypto::ccm::Direction;
use ble::pdu::control::Opcode;
use ble::pdu::data::{DataHeader, Llid};

/// The sender of a control PDU that is for one role to send (LL-ROLE-1: PDUs of a role).
/// Only of those that are not taken for something else where a connection is encrypted: with a MIC
/// hardly any PDU is as long.
pub(super) fn sender(header: DataHeader, payload: &[u8]) -> Option<Direction> {
    let opcode = payload.first().filter(|_| header.llid == Llid::Control)?;
    match (Opcode(*opcode), payload.len()) {
        (Opcode::ENC_REQ, 23) | (Opcode::PAUSE_ENC_REQ, 1) => Some(Direction::CentralToPeripheral),
        (Opcode::START_ENC_REQ, 1) | (Opcode::PHY_RSP | Opcode::MIN_USED_CHANNELS_IND, 3) => {
            Some(Direction::PeripheralToCentral)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_role_sends_tells_who_it_was() {
        let of = |llid: u8, opcode: u8, length: usize| {
            let mut payload = vec![0; length];
            payload[0] = opcode;
            sender(DataHeader::from_octet(llid), &payload)
        };
        assert_eq!(of(3, 0x03, 23), Some(Direction::CentralToPeripheral));
        assert_eq!(of(3, 0x05, 1), Some(Direction::PeripheralToCentral));
        assert_eq!(of(3, 0x17, 3), Some(Direction::PeripheralToCentral));
        // Encrypted, or data; and either end may send LL_PHY_REQ.
        assert_eq!(of(3, 0x05, 5), None);
        assert_eq!(of(2, 0x03, 23), None);
        assert_eq!(of(3, 0x16, 3), None);
        assert_eq!(sender(DataHeader::from_octet(3), &[]), None);
    }
}

//! Feature bits agree with behaviour: exactly the PDUs of offered features are understood.

use proptest::prelude::*;
use std::vec::Vec;

use super::script::{HANDLE, Script};
use crate::control::ControlConfig;
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{Command, ConnectionParameters};
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};
use ble::pdu::data::Llid;
use ble::phy::PhySet;
use ble::secret::Secret;

/// Opcodes that a peripheral acts on: CtrData octets, and the features of which one is needed
/// (none: always). From the lists of Vol 6, Part B, 2.4.2 and 4.6; not from the code.
const UNDERSTOOD: [(u8, usize, u64); 20] = [
    (0x00, 11, 0),
    (0x01, 7, 0),
    (0x02, 1, 0),
    // Without encryption it is rejected, not unknown (5.1.3.1).
    (0x03, 22, 0),
    (0x06, 0, 1),
    (0x07, 1, 0),
    (0x08, 8, 0),
    (0x09, 8, 1 << 3),
    (0x0A, 0, 1),
    (0x0B, 0, 1),
    (0x0C, 5, 0),
    (0x0D, 1, 0),
    (0x0F, 23, 1 << 1),
    (0x11, 2, 1 << 2),
    (0x12, 0, 1 << 4),
    (0x13, 0, 1 << 4),
    (0x14, 8, 1 << 5),
    (0x15, 8, 1 << 5),
    (0x16, 2, 1 << 8 | 1 << 11),
    (0x18, 4, 1 << 8 | 1 << 11),
];

fn understood(features: u64, opcode: u8, len: usize) -> bool {
    UNDERSTOOD.iter().any(|(of, octets, needed)| {
        *of == opcode && *octets == len && (*needed == 0 || features & needed != 0)
    })
}

/// All control PDUs that come of a PDU.
fn answers(features: u64, opcode: u8, data: &[u8]) -> (Vec<ControlPdu>, bool) {
    let mut s = Script::with(FeatureSet(features));
    let mut pdu = std::vec![opcode];
    pdu.extend_from_slice(data);
    s.receive(Llid::Control, &pdu);
    if s.dropped {
        return (Vec::new(), true);
    }
    // Answers that lead to encryption are not read.
    let sent = s.event(&[]);
    (sent, s.dropped)
}

fn check(features: u64, opcode: u8, data: &[u8]) -> Result<(), TestCaseError> {
    let (sent, dropped) = answers(features, opcode, data);
    let unknown = ControlPdu::UnknownRsp(Opcode(opcode));
    if understood(features & ControlConfig::SUPPORTED.0, opcode, data.len()) {
        prop_assert!(!sent.contains(&unknown), "{opcode:02X} {sent:?}");
    } else {
        prop_assert!(!dropped);
        prop_assert_eq!(sent, [unknown]);
    }
    Ok(())
}

/// LL-FEAT-2: feature bits are true.
/// LL-CTRL-2: what is not understood.
#[test]
fn each_feature_alone_and_all_but_each_decide_about_every_opcode() {
    for bit in 0..20 {
        for features in [1 << bit, !(1_u64 << bit), 0, u64::MAX] {
            for opcode in 0..=0xFF {
                let usual = Opcode(opcode).ctr_data_len().unwrap_or(3);
                for len in [usual, usual.saturating_sub(1), usual + 1] {
                    check(features, opcode, &std::vec![0; len]).unwrap();
                }
            }
        }
    }
}

/// LL-ROLE-1: only the opcodes that a central never sends are named so.
#[test]
fn pdus_of_the_wrong_role_are_named() {
    let peripherals = [0x04, 0x05, 0x0E, 0x10, 0x17, 0x19];
    for opcode in 0..=0xFF {
        let mut s = Script::new();
        let mut pdu = std::vec![0; Opcode(opcode).ctr_data_len().unwrap_or(0) + 1];
        pdu[0] = opcode;
        s.receive(Llid::Control, &pdu);
        let named = s.misbehaved(PeerMisbehaved::WrongRole);
        assert_eq!(named, peripherals.contains(&opcode), "{opcode:02X}");
    }
}

proptest! {
    #[test]
    fn any_pdu_meets_any_features(
        features: u64,
        opcode in prop_oneof![0..0x30_u8, any::<u8>()],
        data in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        check(features, opcode, &data)?;
    }
}

/// Commands that exist with a feature only (Vol 4, Part E, 3.1 and Vol 6, Part B, 4.6).
#[test]
fn commands_of_a_feature_that_is_off_do_not_exist() {
    let handle = HANDLE;
    let parameters =
        ConnectionParameters { interval_min: 24, interval_max: 24, latency: 0, timeout: 100 };
    let (tx, rx, coded_options) = (PhySet::NONE, PhySet::NONE, 0);
    let (tx_octets, tx_time) = (27, 328);
    let (ltk, reason) = (Secret::new([1; 16]), ErrorCode::UNACCEPTABLE_CONNECTION_PARAMETERS);
    let phys = 1 << 8 | 1 << 11;
    let commands = [
        (Command::LeSetPhy { handle, tx, rx, coded_options }, phys),
        (Command::LeReadPhy { handle }, phys),
        (Command::LeSetDefaultPhy { tx, rx }, phys),
        (Command::LeSetDataLength { handle, tx_octets, tx_time }, 1 << 5),
        (Command::LeReadMaximumDataLength, 1 << 5),
        (Command::LeWriteSuggestedDefaultDataLength { tx_octets, tx_time }, 1 << 5),
        (Command::LeRemoteConnectionParameterRequestReply { handle, parameters }, 1 << 1),
        (Command::LeRemoteConnectionParameterRequestNegativeReply { handle, reason }, 1 << 1),
        (Command::LeLongTermKeyRequestReply { handle, ltk }, 1),
        (Command::LeLongTermKeyRequestNegativeReply { handle }, 1),
        (Command::ReadAuthenticatedPayloadTimeout { handle }, 1 << 4),
        (Command::WriteAuthenticatedPayloadTimeout { handle, timeout: 3_000 }, 1 << 4),
        (Command::LeClearResolvingList, 1 << 6),
    ];
    for (command, bits) in commands {
        let mut off = Script::with(FeatureSet(!bits));
        assert_eq!(off.ask(command.clone()), ErrorCode::UNKNOWN_COMMAND, "{command:?}");
        let mut on = Script::with(FeatureSet(bits));
        assert_ne!(on.ask(command.clone()), ErrorCode::UNKNOWN_COMMAND, "{command:?}");
    }
}

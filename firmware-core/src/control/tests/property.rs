//! For any inputs in any order: no panic, and never more than `Link` can hold.

use proptest::prelude::*;
use std::vec::Vec;

use super::script::{HANDLE, Script};
use ble::error::ErrorCode;
use ble::hci::{Acl, AclBoundary, AclData, Command, ConnectionParameters};
use ble::pdu::control::Opcode;
use ble::pdu::data::Llid;
use ble::phy::PhySet;
use ble::secret::Secret;
use ble::time::Duration;

#[derive(Clone, Debug)]
enum Step {
    Pdu(u8, Vec<u8>),
    Data(Vec<u8>),
    Ask(u8),
    Acl(usize),
    Event,
    Acknowledge,
    Wait(u64),
    Jump(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0_u8..0x2A, proptest::collection::vec(any::<u8>(), 36))
            .prop_map(|(opcode, data)| Step::Pdu(opcode, data)),
        1 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(Step::Data),
        6 => (0_u8..15).prop_map(Step::Ask),
        2 => (0_usize..252).prop_map(Step::Acl),
        8 => Just(Step::Event),
        1 => Just(Step::Acknowledge),
        1 => (0_u64..60_000).prop_map(Step::Wait),
        1 => any::<u16>().prop_map(Step::Jump),
    ]
}

fn command(which: u8) -> Command {
    let handle = HANDLE;
    let parameters =
        ConnectionParameters { interval_min: 24, interval_max: 40, latency: 0, timeout: 400 };
    match which {
        0 => Command::LeReadRemoteFeatures { handle },
        1 => Command::ReadRemoteVersion { handle },
        2 => super::phy::SET_2M,
        3 => Command::LeSetDataLength { handle, tx_octets: 251, tx_time: 2120 },
        4 => Command::LeConnectionUpdate { handle, parameters },
        5 => Command::LeRemoteConnectionParameterRequestReply { handle, parameters },
        6 => Command::LeRemoteConnectionParameterRequestNegativeReply {
            handle,
            reason: ErrorCode(0x3B),
        },
        7 => Command::LeLongTermKeyRequestReply { handle, ltk: Secret::new([3; 16]) },
        8 => Command::LeLongTermKeyRequestNegativeReply { handle },
        9 => Command::Disconnect { handle, reason: ErrorCode(0x13) },
        10 => Command::WriteAuthenticatedPayloadTimeout { handle, timeout: 100 },
        11 => Command::LeSetPhy { handle, tx: PhySet::NONE, rx: PhySet(1), coded_options: 0 },
        12 => Command::LeReadChannelMap { handle },
        13 => Command::LeSetPhy { handle, tx: PhySet(4), rx: PhySet(6), coded_options: 1 },
        _ => Command::LeReadPhy { handle },
    }
}

/// `Script` itself checks the number of unacknowledged PDUs and that nothing follows the end.
fn play(script: &mut Script, step: Step) {
    match step {
        Step::Pdu(opcode, mut data) => {
            data.truncate(Opcode(opcode).ctr_data_len().unwrap_or(0));
            if matches!(opcode, 0x00 | 0x01 | 0x18) {
                // Mostly an instant that is near: the last two octets.
                let at = script.at.wrapping_add(6).to_le_bytes();
                let len = data.len();
                data[len - 2..].copy_from_slice(&at);
            }
            data.insert(0, opcode);
            script.receive(Llid::Control, &data);
        }
        Step::Data(octets) => script.receive(Llid::Start, &octets),
        Step::Ask(which) => script.command(command(which)),
        Step::Acl(length) => {
            let data = AclData::from_slice(&std::vec![0xAA; length]).unwrap();
            script.acl(Acl { handle: HANDLE, boundary: AclBoundary::First, data });
        }
        Step::Event => {
            script.event(&[]);
        }
        Step::Acknowledge => script.acknowledge(),
        Step::Wait(ms) => script.wait(Duration::from_ms(ms)),
        Step::Jump(at) => script.at = at,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_sequence_is_survived(steps in proptest::collection::vec(step(), 1..60)) {
        let mut script = Script::new();
        for step in steps {
            if script.dropped {
                break;
            }
            // Queued PDUs cannot be distinguished from encrypted ones here, so they are not parsed.
            script.deaf = true;
            play(&mut script, step);
        }
    }
}

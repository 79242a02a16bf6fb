//! No input from the air causes a panic or unbounded outputs, or gives security by itself.

use super::initiator::REQUEST;
use super::*;
use crate::host::smp::link::OUTPUTS;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Input {
    Pdu(Vec<u8>),
    Ltk(u64, u16),
    User(u32, bool),
    Wait(u64),
    Reconnect,
    SecurityRequest,
}

fn pdu() -> impl Strategy<Value = Vec<u8>> {
    let lengths = [0, 6, 16, 16, 1, 16, 10, 16, 7, 16, 1, 64, 16, 1];
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..70),
        (1_usize..=14).prop_flat_map(move |code| {
            proptest::collection::vec(any::<u8>(), lengths[code - 1]).prop_map(move |mut pdu| {
                pdu.insert(0, u8::try_from(code).unwrap());
                pdu
            })
        }),
        Just(REQUEST.to_vec()),
        Just(initiator::Initiator::new(REQUEST).public_key_pdu()),
    ]
}

fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        8 => pdu().prop_map(Input::Pdu),
        1 => (0_u64..2, 0_u16..2).prop_map(|(rand, ediv)| Input::Ltk(rand, ediv)),
        1 => (0_u32..1_100_000, any::<bool>()).prop_map(|(n, yes)| Input::User(n, yes)),
        1 => (0_u64..40).prop_map(Input::Wait),
        1 => Just(Input::Reconnect),
        1 => Just(Input::SecurityRequest),
    ]
}

fn io() -> impl Strategy<Value = IoCapability> {
    prop_oneof![
        Just(IoCapability::DisplayOnly),
        Just(IoCapability::DisplayYesNo),
        Just(IoCapability::KeyboardOnly),
        Just(IoCapability::NoInputNoOutput),
        Just(IoCapability::KeyboardDisplay),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hostile_octets_never_give_security(
        io in io(),
        inputs in proptest::collection::vec(input(), 1..40),
    ) {
        let mut device = Device::new(config(io, 1));
        device.connect();
        for input in inputs {
            let manager = &mut device.manager;
            match input {
                Input::Pdu(pdu) => manager.received(device.now, HANDLE, &pdu),
                Input::Ltk(rand, ediv) => manager.ltk_request(device.now, HANDLE, rand, ediv),
                Input::User(n, yes) => {
                    manager.passkey_entered(device.now, n);
                    manager.numeric_confirmed(device.now, yes);
                }
                Input::Wait(secs) => {
                    device.now += Duration::from_secs(secs);
                    manager.timer(device.now);
                }
                Input::Reconnect => {
                    manager.disconnected(device.now, HANDLE, ErrorCode::CONNECTION_TIMEOUT);
                    manager.connected(device.now, HANDLE, LOCAL, PEER, None);
                }
                Input::SecurityRequest => manager.request_security(device.now, HANDLE),
            }
            prop_assert!(device.manager.shared.outputs.len() < OUTPUTS);
            device.pump();
            prop_assert_eq!(device.manager.level(HANDLE), 1);
            prop_assert_eq!(device.manager.bonds().count(), 0);
            // A pairing never hangs without a timer to end it.
            if device.manager.is_pairing(HANDLE) {
                prop_assert!(device.manager.deadline().is_some());
            }
        }
    }
}

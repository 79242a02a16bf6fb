//! HCI: answers to commands, masks.

use super::script::{HANDLE, LINK, OK, Script, config, connect_ind};
use crate::control::{Control, ControlConfig, ControlOutput};
use crate::link::message::{LinkOrder, LinkReport, Loss};
use ble::error::ErrorCode;
use ble::hci::{
    Acl, AclBoundary, AclData, Command, ConnectionComplete, Event, Handle, HciOpcode, Return, Role,
};
use ble::pdu::control::FeatureSet;
use ble::phy::{Phy, PhySet};
use ble::random::Entropy;
use ble::secret::Secret;
use ble::time::Instant;

fn returned(s: &mut Script, command: Command) -> Return {
    s.command(command);
    match s.events().pop() {
        Some(Event::CommandComplete { status: OK, returned, .. }) => returned,
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_that_a_host_reads() {
    let mut s = Script::new();
    assert_eq!(returned(&mut s, Command::ReadBdAddr), Return::BdAddr([1, 2, 3, 4, 5, 6]));
    assert_eq!(
        returned(&mut s, Command::LeReadBufferSize),
        Return::BufferSize { length: 251, count: 4 }
    );
    assert_eq!(
        returned(&mut s, Command::LeReadLocalFeatures),
        Return::Features(ControlConfig::SUPPORTED)
    );
    let phys = Return::Phy { handle: HANDLE, tx: Phy::Le1M, rx: Phy::Le1M };
    assert_eq!(returned(&mut s, Command::LeReadPhy { handle: HANDLE }), phys);
    let timeout = Return::AuthenticatedPayloadTimeout { handle: HANDLE, timeout: 3000 };
    let read = Command::ReadAuthenticatedPayloadTimeout { handle: HANDLE };
    assert_eq!(returned(&mut s, read), timeout);
    assert_ne!(returned(&mut s, Command::LeRand), returned(&mut s, Command::LeRand));
}

#[test]
fn features_that_do_not_exist_are_not_offered() {
    let mut s = Script::with(FeatureSet(u64::MAX));
    assert_eq!(
        returned(&mut s, Command::LeReadLocalFeatures),
        Return::Features(ControlConfig::SUPPORTED)
    );
}

/// Appendix C.1 of FIPS 197.
#[test]
fn le_encrypt_is_aes() {
    let mut s = Script::new();
    let key = Secret::new(core::array::from_fn(|n| u8::try_from(n).unwrap()));
    let plaintext = Secret::new(core::array::from_fn(|n| u8::try_from(n).unwrap() * 0x11));
    let Return::Encrypted(octets) = returned(&mut s, Command::LeEncrypt { key, plaintext }) else {
        panic!("no ciphertext");
    };
    assert_eq!(octets[..4], [0x69, 0xc4, 0xe0, 0xd8]);
}

#[test]
fn wrong_commands_have_the_right_errors() {
    let mut s = Script::new();
    let other = Handle(1);
    let cases = [
        (Command::Unknown(HciOpcode(0x1234)), ErrorCode::UNKNOWN_COMMAND),
        (Command::LeCreateConnectionCancel, ErrorCode::UNKNOWN_COMMAND),
        (Command::ReadRemoteVersion { handle: other }, ErrorCode::UNKNOWN_CONNECTION),
        (Command::LeReadPhy { handle: Handle(0x0100) }, ErrorCode::UNKNOWN_CONNECTION),
        (
            Command::LeSetDataLength { handle: HANDLE, tx_octets: 26, tx_time: 328 },
            ErrorCode::INVALID_PARAMETERS,
        ),
        (
            Command::LeSetPhy { handle: HANDLE, tx: PhySet(8), rx: PhySet::NONE, coded_options: 0 },
            ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER,
        ),
        (
            Command::LeLongTermKeyRequestReply { handle: HANDLE, ltk: Secret::new([0; 16]) },
            ErrorCode::COMMAND_DISALLOWED,
        ),
        (
            Command::WriteAuthenticatedPayloadTimeout { handle: HANDLE, timeout: 0 },
            ErrorCode::INVALID_PARAMETERS,
        ),
        (super::parameters::ask(5), ErrorCode::INVALID_PARAMETERS),
    ];
    for (command, error) in cases {
        let name = command.name();
        assert_eq!(s.ask(command), error, "{name}");
        assert_eq!(s.events(), []);
    }
}

#[test]
fn too_many_commands_are_refused_with_an_error() {
    let mut s = Script::new();
    let answers: std::vec::Vec<_> = (0..12).map(|_| s.ask(super::phy::SET_2M)).collect();
    assert_eq!(answers[..9], [OK; 9]);
    assert_eq!(answers[9..], [ErrorCode::CONTROLLER_BUSY; 3]);
}

#[test]
fn after_power_on_le_events_are_masked() {
    let mut control: Control<1> =
        Control::new(config(ControlConfig::SUPPORTED), &Entropy::new([1; 32]));
    let at = Instant::ZERO;
    let request = connect_ind();
    let connected =
        LinkReport::Connected { link: LINK, request, identity: None, provisional: false, at };
    let _ = control.report(at, connected);
    assert_eq!(control.poll(), None);
    let _ = control.command(at, Command::Reset);
    assert!(matches!(control.poll(), Some(ControlOutput::Order(LinkOrder::Drop(LINK)))));
}

/// LL-CONN-3: created and established.
#[test]
fn connection_complete_carries_what_was_on_air() {
    let mut s = Script::unconnected(ControlConfig::SUPPORTED);
    let request = connect_ind();
    let (link, at) = (LINK, s.now);
    s.report(LinkReport::Connected {
        link,
        request: request.clone(),
        identity: None,
        provisional: false,
        at,
    });
    assert_eq!(
        s.events(),
        [
            Event::LeConnectionComplete(ConnectionComplete {
                status: OK,
                handle: HANDLE,
                role: Role::Peripheral,
                peer: request.initiator,
                peer_identity: None,
                local: request.advertiser,
                interval: 24,
                latency: 0,
                timeout: 100,
                sca: 5,
            }),
            // LL-CONN-2: choice of the channel selection algorithm.
            Event::LeChannelSelectionAlgorithm { handle: HANDLE, second: request.ch_sel },
        ]
    );
}

#[test]
fn reset_forgets_everything() {
    let mut s = Script::new();
    s.ask(super::phy::SET_2M);
    s.orders.clear();
    assert_eq!(s.ask(Command::Reset), OK);
    assert!(s.orders.contains(&LinkOrder::Drop(LINK)));
    assert!(s.orders.contains(&LinkOrder::AcceptListClear));
    assert_eq!(s.events(), [], "no Disconnection Complete after a reset");
    assert_eq!(s.control.deadline(), None);
    assert_eq!(s.ask(Command::ReadRemoteVersion { handle: HANDLE }), ErrorCode::UNKNOWN_CONNECTION);
}

#[test]
fn commands_follow_the_feature_bits() {
    let mut s = Script::with(FeatureSet::ENCRYPTION);
    let cases = [
        (Command::LeClearResolvingList, ErrorCode::UNKNOWN_COMMAND),
        (Command::LeReadRemoteFeatures { handle: HANDLE }, ErrorCode::COMMAND_DISALLOWED),
        (
            Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: 2120 },
            ErrorCode::UNKNOWN_COMMAND,
        ),
        (Command::ReadAuthenticatedPayloadTimeout { handle: HANDLE }, ErrorCode::UNKNOWN_COMMAND),
    ];
    for (command, error) in cases {
        assert_eq!(s.ask(command), error);
    }
}

/// The next connection in the same place has another handle: nothing that the host sends late
/// reaches it.
#[test]
fn late_data_and_commands_do_not_reach_the_next_connection() {
    let mut s = Script::new();
    s.report(LinkReport::Lost { link: LINK, loss: Loss::SupervisionTimeout });
    assert!(s.orders.contains(&LinkOrder::Drop(LINK)), "the place is given back");
    (s.dropped, s.at) = (false, 0);
    s.connect(connect_ind());
    let handle = s.heard.iter().rev().find_map(|event| match event {
        Event::LeConnectionComplete(complete) => Some(complete.handle),
        _ => None,
    });
    let handle = handle.unwrap();
    assert_ne!(handle, HANDLE);
    let acl = |handle| Acl {
        handle,
        boundary: AclBoundary::First,
        data: AclData::from_slice(&[1, 2, 3]).unwrap(),
    };
    s.acl(acl(HANDLE));
    s.event(&[]);
    assert_eq!(s.data, []);
    s.heard.clear();
    let reason = ErrorCode::REMOTE_USER_TERMINATED;
    let unknown = ErrorCode::UNKNOWN_CONNECTION;
    assert_eq!(s.ask(Command::Disconnect { handle: HANDLE, reason }), unknown);
    s.acl(acl(handle));
    s.event(&[]);
    assert_eq!(s.data.len(), 1);
}

/// Vol 4, Part E, 7.3.94: at least one interval with latency, here 30 ms.
#[test]
fn an_authenticated_payload_timeout_leaves_a_chance_to_be_heard() {
    let mut s = Script::new();
    for (timeout, status) in
        [(0, ErrorCode::INVALID_PARAMETERS), (2, ErrorCode::INVALID_PARAMETERS), (3, OK)]
    {
        let command = Command::WriteAuthenticatedPayloadTimeout { handle: HANDLE, timeout };
        assert_eq!(s.ask(command), status, "{timeout}");
    }
}

use super::*;
use crate::hci::*;
use crate::pdu::advertising::AdvertisingData;
use crate::pdu::control::FeatureSet;
use crate::phy::{Phy, PhySet};
use crate::secret::Secret;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::vec;
use std::vec::Vec;

const OWN: Address = Address::static_random([0xC0, 1, 2, 3, 4, 5]);

fn peer(random: bool, octets: [u8; 6]) -> Address {
    Address::new(if random { AddressKind::Random } else { AddressKind::Public }, octets)
}

/// One command of each kind (but for `Unknown`), with fields made of the arguments.
fn every_command(a: u16, b: u16, flag: bool, octets: [u8; 16], data: &[u8]) -> Vec<Command> {
    let handle = Handle(a & 0x0FFF);
    let [o0, o1, o2, o3, o4, o5, ..] = octets;
    let address = peer(flag, [o0, o1, o2, o3, o4, o5]);
    let secret = Secret::new(octets);
    let data = AdvertisingData::from_slice(data).unwrap();
    let parameters =
        ConnectionParameters { interval_min: a, interval_max: b, latency: a ^ b, timeout: !b };
    let kinds = [
        AdvertisingType::ConnectableUndirected,
        AdvertisingType::DirectedHighDuty,
        AdvertisingType::ScannableUndirected,
        AdvertisingType::NonConnectable,
        AdvertisingType::DirectedLowDuty,
    ];
    let filters = [
        FilterPolicy::Any,
        FilterPolicy::ScanFromList,
        FilterPolicy::ConnectFromList,
        FilterPolicy::BothFromList,
    ];
    let advertising = AdvertisingParameters {
        interval_min: a,
        interval_max: b,
        kind: kinds[usize::from(o0) % 5],
        own_address_random: flag,
        peer: address,
        channel_map: o1,
        filter: filters[usize::from(o2) % 4],
    };
    let scan = ScanParameters {
        active: flag,
        interval: a,
        window: b,
        own_address_random: !flag,
        filter: flag,
    };
    let request = CreateConnection {
        scan_interval: a,
        scan_window: b,
        peer: (o3 & 1 == 0).then_some(address),
        own_address_random: flag,
        parameters,
    };
    let reason = [0x05, 0x13, 0x14, 0x15, 0x1A, 0x29, 0x3B][usize::from(o0) % 7];
    let mask = u64::from_le_bytes([o0, o1, o2, o3, o4, o5, o0, o1]);
    let (tx, rx) = (PhySet(o4), PhySet(o5));
    vec![
        Command::Disconnect { handle, reason: ErrorCode(reason) },
        Command::ReadRemoteVersion { handle },
        Command::SetEventMask { mask },
        Command::Reset,
        Command::ReadAuthenticatedPayloadTimeout { handle },
        Command::WriteAuthenticatedPayloadTimeout { handle, timeout: b },
        Command::ReadBdAddr,
        Command::LeSetEventMask { mask },
        Command::LeReadBufferSize,
        Command::LeReadLocalFeatures,
        Command::LeSetRandomAddress { address: address.octets },
        Command::LeSetAdvertisingParameters { parameters: advertising },
        Command::LeSetAdvertisingData { data: data.clone() },
        Command::LeSetScanResponseData { data },
        Command::LeSetAdvertisingEnable { enable: flag },
        Command::LeSetScanParameters { parameters: scan },
        Command::LeSetScanEnable { enable: flag, filter_duplicates: !flag },
        Command::LeCreateConnection { request },
        Command::LeCreateConnectionCancel,
        Command::LeReadFilterAcceptListSize,
        Command::LeClearFilterAcceptList,
        Command::LeAddToFilterAcceptList { address },
        Command::LeRemoveFromFilterAcceptList { address },
        Command::LeConnectionUpdate { handle, parameters },
        Command::LeSetHostChannelClassification { channel_map: mask & 0xFF_FFFF_FFFF },
        Command::LeReadChannelMap { handle },
        Command::LeReadRemoteFeatures { handle },
        Command::LeEncrypt { key: secret.clone(), plaintext: Secret::new([o5; 16]) },
        Command::LeRand,
        Command::LeEnableEncryption { handle, rand: mask, ediv: b, ltk: secret.clone() },
        Command::LeLongTermKeyRequestReply { handle, ltk: secret.clone() },
        Command::LeLongTermKeyRequestNegativeReply { handle },
        Command::LeRemoteConnectionParameterRequestReply { handle, parameters },
        Command::LeRemoteConnectionParameterRequestNegativeReply { handle, reason: ErrorCode(o0) },
        Command::LeSetDataLength { handle, tx_octets: a, tx_time: b },
        Command::LeWriteSuggestedDefaultDataLength { tx_octets: a, tx_time: b },
        Command::LeAddToResolvingList {
            identity: address,
            peer_irk: secret,
            local_irk: Secret::new([o4; 16]),
        },
        Command::LeRemoveFromResolvingList { identity: address },
        Command::LeClearResolvingList,
        Command::LeSetAddressResolutionEnable { enable: flag },
        Command::LeReadMaximumDataLength,
        Command::LeReadPhy { handle },
        Command::LeSetDefaultPhy { tx, rx },
        Command::LeSetPhy { handle, tx, rx, coded_options: a },
        Command::LeSetPrivacyMode { identity: address, device_privacy: flag },
    ]
}

/// Events of each kind, with fields made of the arguments.
fn every_event(a: u16, b: u16, flag: bool, octets: [u8; 16], data: &[u8]) -> Vec<Event> {
    let handle = Handle(a & 0x0FFF);
    let [o0, o1, o2, o3, o4, o5, o6, o7, ..] = octets;
    let eight = [o0, o1, o2, o3, o4, o5, o6, o7];
    let address = peer(flag, [o0, o1, o2, o3, o4, o5]);
    let private = peer(true, [o5, o4, o3, o2, o1, 0x40 | (o0 & 0x3F)]);
    let status = ErrorCode(o0);
    let phys = [Phy::Le1M, Phy::Le2M, Phy::LeCoded];
    let (tx, rx) = (phys[usize::from(o1) % 3], phys[usize::from(o2) % 3]);
    let (tx_octets, tx_time, rx_octets, rx_time) = (a, b, !a, !b);
    let complete =
        |opcode, returned| Event::CommandComplete { opcode: HciOpcode(opcode), status, returned };
    let connection = ConnectionComplete {
        status,
        handle,
        role: if flag { Role::Central } else { Role::Peripheral },
        peer: if o6 & 1 == 0 { address } else { private },
        peer_identity: (o6 & 1 != 0).then_some(address),
        local: if o6 & 2 == 0 { OWN } else { private },
        interval: a,
        latency: b,
        timeout: a ^ b,
        sca: o3 % 8,
    };
    let report = AdvertisingReport {
        event_type: o0 % 5,
        address,
        resolved: o2 & 1 == 1,
        data: AdvertisingData::from_slice(data).unwrap(),
        rssi: i8::from_le_bytes([o1]),
    };
    let map = u64::from_le_bytes(eight) & 0xFF_FFFF_FFFF;
    vec![
        complete(0x0C03, Return::None),
        complete(0x201A, Return::Handle(handle)),
        complete(0x1009, Return::BdAddr(address.octets)),
        complete(0x2002, Return::BufferSize { length: a, count: o0 }),
        complete(0x2003, Return::Features(FeatureSet(map))),
        complete(0x2018, Return::Random(eight)),
        complete(0x2017, Return::Encrypted(octets)),
        complete(0x200F, Return::Size(o5)),
        complete(0x2015, Return::ChannelMap { handle, channel_map: map }),
        complete(0x202F, Return::MaximumDataLength { tx_octets, tx_time, rx_octets, rx_time }),
        complete(0x2030, Return::Phy { handle, tx, rx }),
        complete(0x0C7B, Return::AuthenticatedPayloadTimeout { handle, timeout: b }),
        Event::CommandStatus { opcode: HciOpcode(a), status },
        Event::DisconnectionComplete { handle, reason: status },
        Event::EncryptionChange { handle, status, enabled: flag },
        Event::EncryptionKeyRefreshComplete { handle, status },
        Event::RemoteVersion { handle, status, version: o1, company: a, subversion: b },
        Event::NumberOfCompletedPackets { handle, count: b },
        Event::AuthenticatedPayloadTimeoutExpired { handle },
        Event::HardwareError { code: o4 },
        Event::Vendor(VendorEvent::new(&[o4, 1, 2]).unwrap()),
        Event::LeConnectionComplete(connection),
        Event::LeAdvertisingReport(report),
        Event::LeConnectionUpdateComplete { handle, status, interval: a, latency: b, timeout: !a },
        Event::LeRemoteFeatures { handle, status, features: FeatureSet(!map) },
        Event::LeLongTermKeyRequest { handle, rand: map, ediv: b },
        Event::LeRemoteConnectionParameterRequest {
            handle,
            interval_min: a,
            interval_max: b,
            latency: !a,
            timeout: !b,
        },
        Event::LeDataLengthChange { handle, tx_octets, tx_time, rx_octets, rx_time },
        Event::LePhyUpdateComplete { handle, status, tx, rx },
        Event::LeChannelSelectionAlgorithm { handle, second: flag },
    ]
}

proptest! {
    #[test]
    fn every_command_survives_the_wire(
        a: u16, b: u16, flag: bool, octets: [u8; 16],
        data in proptest::collection::vec(any::<u8>(), 0..=31),
    ) {
        for command in every_command(a, b, flag, octets, &data) {
            let packet = encode_command(&command).unwrap();
            prop_assert_eq!(parse_command(&packet), Ok(command));
        }
    }

    #[test]
    fn every_event_survives_the_wire(
        a: u16, b: u16, flag: bool, octets: [u8; 16],
        data in proptest::collection::vec(any::<u8>(), 0..=31),
    ) {
        for event in every_event(a, b, flag, octets, &data) {
            let packet = encode_event(&event, ConnectionEvent::Enhanced).unwrap();
            prop_assert_eq!(parse_event(&packet, OWN), Ok(event));
        }
    }

    #[test]
    fn acl_survives_the_wire(
        handle in 0_u16..0x1000, first: bool, from_host: bool,
        data in proptest::collection::vec(any::<u8>(), 0..=251),
    ) {
        let acl = Acl {
            handle: Handle(handle),
            boundary: if first { AclBoundary::First } else { AclBoundary::Continuing },
            data: AclData::from_slice(&data).unwrap(),
        };
        prop_assert_eq!(parse_acl(&encode_acl(&acl, from_host).unwrap()), Ok(acl));
    }

    /// A wrong length is refused, too short or too long, for every command.
    #[test]
    fn wrong_length_is_refused(octets: [u8; 16], cut in 1_usize..4, grow: bool) {
        for command in every_command(64, 80, true, octets, &[1, 2, 3]) {
            let mut packet = encode_command(&command).unwrap().to_vec();
            if grow {
                packet.resize(packet.len() + cut, 0);
            } else {
                packet.truncate((packet.len().saturating_sub(cut)).max(3));
            }
            if packet.len() == 3 && !grow && packet[2] == 0 {
                continue;
            }
            prop_assert_eq!(parse_command(&packet), Err(CodecError::Framing));
            packet[2] = u8::try_from(packet.len() - 3).unwrap();
            let error = parse_command(&packet).unwrap_err();
            prop_assert_eq!(error, CodecError::Parameters(command.opcode()));
            prop_assert_eq!(error.status(), ErrorCode::INVALID_PARAMETERS);
        }
    }

    /// Any octets, with known opcodes and codes in front, are taken without a panic; a command
    /// that is understood means the same when it is written again.
    #[test]
    fn no_octets_panic(
        mut packet in proptest::collection::vec(any::<u8>(), 0..80),
        which: prop::sample::Index, fix_length: bool,
    ) {
        let _ = (parse_command(&packet), parse_event(&packet, OWN), parse_acl(&packet));
        let known = every_command(0, 0, false, [0; 16], &[]);
        let opcode = known[which.index(known.len())].opcode();
        if packet.len() >= 3 {
            packet[..2].copy_from_slice(&opcode.0.to_le_bytes());
            if fix_length {
                packet[2] = u8::try_from(packet.len() - 3).unwrap();
            }
            if let Ok(command) = parse_command(&packet) {
                let again = encode_command(&command).unwrap();
                prop_assert_eq!(parse_command(&again), Ok(command));
            }
            for code in [0x05, 0x08, 0x0C, 0x0E, 0x0F, 0x10, 0x13, 0x30, 0x3E, 0x57, 0x59] {
                packet[0] = code;
                packet[1] = u8::try_from(packet.len() - 2).unwrap();
                for subevent in 0..14 {
                    packet[2] = subevent;
                    let _ = parse_event(&packet, OWN);
                }
            }
        }
    }
}

#[test]
fn the_examples_cover_every_command_and_opcodes_agree() {
    let all = every_command(1, 2, true, [3; 16], &[4]);
    let opcodes: BTreeSet<_> = all.iter().map(Command::opcode).collect();
    assert_eq!((all.len(), opcodes.len()), (45, 45));
    for command in all {
        let packet = encode_command(&command).unwrap();
        assert_eq!(packet[..2], command.opcode().0.to_le_bytes());
        assert!(!matches!(parse_command(&packet), Ok(Command::Unknown(_))), "{command:?}");
    }
}

#[test]
fn commands_as_hosts_send_them() {
    let command = |octets: &[u8]| {
        let command = parse_command(octets).unwrap();
        assert_eq!(encode_command(&command).unwrap(), octets, "{command:?}");
        command
    };
    assert_eq!(command(&[0x03, 0x0C, 0x00]), Command::Reset);
    assert_eq!(
        command(&[0x06, 0x04, 0x03, 0x40, 0x00, 0x13]),
        Command::Disconnect { handle: Handle(0x40), reason: ErrorCode::REMOTE_USER_TERMINATED }
    );
    assert_eq!(
        command(&[0x0A, 0x20, 0x01, 0x01]),
        Command::LeSetAdvertisingEnable { enable: true }
    );
    let advertise = command(&[
        0x06, 0x20, 0x0F, 0x00, 0x08, 0x00, 0x08, 0x00, 0x00, 0x00, 0, 0, 0, 0, 0, 0, 0x07, 0x00,
    ]);
    let Command::LeSetAdvertisingParameters { parameters } = advertise else { panic!() };
    assert_eq!((parameters.interval_min, parameters.channel_map), (0x0800, 7));
    assert_eq!(parameters.kind, AdvertisingType::ConnectableUndirected);
    // LE Set PHY: no preference for transmitting, 2M for receiving.
    assert_eq!(
        command(&[0x32, 0x20, 0x07, 0x40, 0x00, 0x01, 0x00, 0x02, 0x00, 0x00]),
        Command::LeSetPhy {
            handle: Handle(0x40),
            tx: PhySet::NONE,
            rx: PhySet::LE_2M,
            coded_options: 0
        }
    );
}

/// FIPS-197, appendix B, as LE Encrypt carries it: least significant octet first.
#[test]
fn blocks_turn_round_on_the_wire() {
    let key = [
        0x2B, 0x7E, 0x15, 0x16, 0x28, 0xAE, 0xD2, 0xA6, 0xAB, 0xF7, 0x15, 0x88, 0x09, 0xCF, 0x4F,
        0x3C,
    ];
    let command = Command::LeEncrypt { key: Secret::new(key), plaintext: Secret::new([0; 16]) };
    let packet = encode_command(&command).unwrap();
    assert_eq!(packet[3..6], [0x3C, 0x4F, 0xCF]);
}

#[test]
fn forbidden_values_are_refused() {
    let refused = |octets: &[u8]| {
        assert!(matches!(parse_command(octets), Err(CodecError::Parameters(_))), "{octets:02x?}");
    };
    refused(&[0x0A, 0x20, 0x01, 0x02]);
    // Own address type 2, advertising type 5, advertising data of 32 octets.
    refused(&[6, 0x20, 15, 0, 8, 0, 8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 7, 0]);
    refused(&[6, 0x20, 15, 0, 8, 0, 8, 5, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0]);
    let mut data = vec![0x08, 0x20, 32, 32];
    data.resize(35, 0);
    refused(&data);
    // A preference for no PHY.
    refused(&[0x31, 0x20, 0x03, 0x00, 0x00, 0x02]);
    // Connection Timeout is no reason that a host may give.
    refused(&[0x06, 0x04, 0x03, 0x40, 0x00, 0x08]);
    let timeout = Command::Disconnect { handle: Handle(1), reason: ErrorCode::CONNECTION_TIMEOUT };
    assert_eq!(encode_command(&timeout), Err(CodecError::Unrepresentable));
}

#[test]
fn unknown_commands_keep_their_opcode() {
    for octets in [&[0x06, 0xFC, 0x02, 1, 2][..], &[0x7F, 0x20, 0x00], &[0x10, 0x20, 0x00]] {
        let opcode = HciOpcode(u16::from_le_bytes([octets[0], octets[1]]));
        let expected = match opcode.0 {
            0x2010 => Command::LeClearFilterAcceptList,
            _ => Command::Unknown(opcode),
        };
        assert_eq!(parse_command(octets), Ok(expected));
    }
}

#[test]
fn events_as_controllers_send_them() {
    let event = |octets: &[u8]| {
        let event = parse_event(octets, OWN).unwrap();
        assert_eq!(encode_event(&event, ConnectionEvent::Plain).unwrap(), octets, "{event:?}");
        event
    };
    assert_eq!(
        event(&[0x0E, 0x04, 0x01, 0x03, 0x0C, 0x00]),
        Event::CommandComplete {
            opcode: HciOpcode(0x0C03),
            status: ErrorCode::SUCCESS,
            returned: Return::None
        }
    );
    assert_eq!(
        event(&[0x05, 0x04, 0x00, 0x40, 0x00, 0x08]),
        Event::DisconnectionComplete {
            handle: Handle(0x40),
            reason: ErrorCode::CONNECTION_TIMEOUT
        }
    );
    event(&[0x13, 0x05, 0x01, 0x40, 0x00, 0x01, 0x00]);
    event(&[0x3E, 0x06, 0x0C, 0x00, 0x40, 0x00, 0x02, 0x02]);
    let complete = event(&[
        0x3E, 0x13, 0x01, 0x00, 0x40, 0x00, 0x01, 0x00, 0x0A, 0x35, 0xA6, 0x23, 0xA0, 0x58, 0x18,
        0x00, 0x00, 0x00, 0x90, 0x01, 0x05,
    ]);
    let Event::LeConnectionComplete(complete) = complete else { panic!() };
    assert_eq!(complete.peer, Address::public([0x58, 0xA0, 0x23, 0xA6, 0x35, 0x0A]));
    assert_eq!((complete.interval, complete.timeout, complete.sca), (24, 400, 5));
}

#[test]
fn an_error_may_come_without_its_parameters() {
    let event = parse_event(&[0x0E, 0x04, 0x01, 0x30, 0x20, 0x02], OWN);
    let expected = Event::CommandComplete {
        opcode: HciOpcode(0x2030),
        status: ErrorCode::UNKNOWN_CONNECTION,
        returned: Return::None,
    };
    assert_eq!(event, Ok(expected));
    // Success may not.
    let event = parse_event(&[0x0E, 0x04, 0x01, 0x30, 0x20, 0x00], OWN);
    assert_eq!(event, Err(CodecError::Unsupported));
}

/// A vendor-specific event has at least its subevent, and is refused if it is longer than
/// `VENDOR_MAX`.
#[test]
fn vendor_events_are_carried_as_they_are() {
    let own = Address::public([0; 6]);
    let fault = Event::Vendor(VendorEvent::fault(crate::invariant::Invariant::InputFits, 0x0102));
    let octets = encode_event(&fault, ConnectionEvent::Plain).unwrap();
    assert_eq!(octets, [0xFF, 4, VendorEvent::FAULT, 13, 0x02, 0x01]);
    assert_eq!(parse_event(&octets, own), Ok(fault));
    assert_eq!(parse_event(&[0xFF, 0], own), Err(CodecError::Unsupported));
    let long = [vec![0xFF, 17], vec![1; 17]].concat();
    assert_eq!(parse_event(&long, own), Err(CodecError::Unsupported));
}

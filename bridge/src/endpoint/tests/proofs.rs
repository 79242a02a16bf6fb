//! What Supported Commands and Features announce is there, seen from both ends of the air. A bit
//! without a proof here fails.

mod device;
mod direct_test;
mod extended;
mod parameters;
mod privacy;

use ble::pdu::advertising::AdvertisingPdu;
use ble::pdu::control::{FeatureSet, Opcode};
use ble::phy::TxPhy;
use ble::time::Duration;
use bletwin_sim::sniffer::{AirItem, Decoded};
use bt_hci::FromHciBytes as _;
use bt_hci::param::CmdMask;

use super::rig::{A, B, PUBLIC, Rig};
use crate::endpoint::Endpoint;
use crate::endpoint::table::COMMANDS;
use crate::twin::Port;

const LTK: [u8; 16] = [7; 16];
const SECOND: Duration = Duration::from_secs(1);

type Proof = (&'static [u16], FeatureSet, fn());

const NONE: FeatureSet = FeatureSet(0);

/// Commands and features, and what proves them.
const PROOFS: &[Proof] = &[
    (&[0x0C2D, 0x1405], NONE, device::signal_strength),
    (&[0x0C31, 0x0C33, 0x0C35], NONE, device::host_flow_control),
    (&[0x201D, 0x201E, 0x201F, 0x2033, 0x2034], NONE, direct_test::packets_are_counted),
    (&[0x2002, 0x2006, 0x200A, 0x200D, 0x0406], NONE, data_both_ways),
    (&[0x2008, 0x2009, 0x200B, 0x200C, 0x2005], NONE, scanning),
    (&[0x200E], NONE, cancelling),
    (&[0x200F, 0x2010, 0x2011, 0x2012], NONE, accept_list),
    (&[0x2013], NONE, parameters::central_asks),
    (&[], NONE, parameters::central_is_refused),
    (&[], NONE, parameters::central_falls_back),
    (&[], NONE, parameters::peripheral_falls_back_to_l2cap),
    (&[0x2014, 0x2015], NONE, channel_map),
    (&[0x2016, 0x041D], FeatureSet::PERIPHERAL_FEATURE_EXCHANGE, what_the_peer_is),
    (&[0x2019, 0x201A], FeatureSet::ENCRYPTION, encryption),
    (&[0x201B], NONE, encryption_without_a_key),
    (&[0x2017, 0x2018], NONE, device::aes_and_random_numbers),
    (&[0x2020], FeatureSet::CONNECTION_PARAMETERS_REQUEST, parameters::accepted),
    (&[0x2021], FeatureSet::EXTENDED_REJECT, parameters::refused),
    (&[0x2022, 0x2023, 0x2024, 0x202F], FeatureSet::DATA_LENGTH_EXTENSION, data_length),
    (&[0x2030, 0x2031, 0x2032], FeatureSet::LE_2M, phy),
    (&[], FeatureSet::LE_CODED, coded_phy),
    (&[0x0C7B, 0x0C7C], FeatureSet::PING, authenticated_payload_timeout),
    (&[0x2025, 0x2026], NONE, device::p256),
    (&[0x0C01, 0x0C63, 0x2001], NONE, device::masks),
    (&[0x0C03], NONE, device::reset),
    (&[0x1001, 0x1002, 0x1003, 0x2003, 0x2007, 0x201C, 0x204B], NONE, device::what_the_device_is),
    (&[0x1009, 0xFC06], NONE, device::public_address),
    (&[], FeatureSet::CSA2, channel_selection),
    (&[0x2027, 0x2028, 0x2029, 0x202A], FeatureSet::PRIVACY, privacy::resolving_list),
    (&[0x202B, 0x202C, 0x202D, 0x202E], NONE, privacy::private_addresses),
    (&[0x204E], NONE, privacy::privacy_mode),
    (&[], NONE, privacy::private_initiator_of_the_list),
    (&[], NONE, privacy::directed_reconnection),
    (&[], NONE, privacy::own_addresses_that_are_not_there),
    (&[], NONE, privacy::network_privacy),
    (&[], FeatureSet::MIN_USED_CHANNELS, device::features_on_air),
    (
        &[0x2036, 0x2037, 0x2039, 0x203A, 0x2041, 0x2042],
        FeatureSet::EXTENDED_ADVERTISING,
        extended::data_in_chains,
    ),
    (&[0x2038], NONE, extended::scan_responses),
    (&[0x2043], NONE, extended::connections),
    (&[0x2035, 0x203B, 0x203C, 0x203D], NONE, extended::sets),
    (&[], NONE, extended::legacy_pdus),
    (&[], NONE, extended::the_firmware),
    (&[], NONE, extended::limits),
    (&[], NONE, extended::families),
    (&[], NONE, extended::too_much_data),
];

#[test]
fn every_announced_command_and_feature_has_its_proof() {
    for row in COMMANDS.iter().filter(|row| Endpoint::OFFERED.has(row.needs)) {
        let proven = PROOFS.iter().any(|(opcodes, ..)| opcodes.contains(&row.opcode));
        assert!(proven, "{} is announced and nothing proves it", row.name);
    }
    let proven = PROOFS.iter().fold(NONE, |all, (_, feature, _)| all.with(*feature));
    assert_eq!(proven, Endpoint::OFFERED);
}

#[test]
fn all_proofs_hold() {
    for (_, _, proof) in PROOFS {
        proof();
    }
}

/// bt-hci's reading of Supported Commands names the same commands.
#[test]
fn supported_commands_read_the_same_to_a_foreign_parser() {
    let mut rig = Rig::new(1);
    let octets = rig.ok(A, 0x1002, &[]);
    let (mask, rest) = <&CmdMask>::from_hci_bytes(&octets).unwrap();
    assert!(rest.is_empty());
    assert!(mask.disconnect() && mask.read_remote_version_information());
    assert!(mask.set_event_mask() && mask.reset() && mask.set_event_mask_page_2());
    assert!(mask.read_transmit_power_level() && mask.read_rssi());
    assert!(mask.set_controller_to_host_flow_control() && mask.host_buffer_size());
    assert!(mask.host_number_of_completed_packets());
    assert!(mask.read_authenticated_payload_timeout());
    assert!(mask.write_authenticated_payload_timeout());
    assert!(mask.read_local_version_information() && mask.read_local_supported_features());
    assert!(mask.read_bd_addr() && mask.le_set_event_mask_v1() && mask.le_read_buffer_size_v1());
    assert!(mask.le_read_local_supported_features() && mask.le_set_random_addr());
    assert!(mask.le_set_adv_parameters() && mask.le_read_adv_physical_channel_tx_power());
    assert!(mask.le_set_adv_data() && mask.le_set_scan_response_data());
    assert!(mask.le_set_adv_enable() && mask.le_set_scan_parameters());
    assert!(mask.le_set_scan_enable() && mask.le_create_conn() && mask.le_create_conn_cancel());
    assert!(mask.le_read_filter_accept_list_size() && mask.le_clear_filter_accept_list());
    assert!(mask.le_add_device_to_filter_accept_list());
    assert!(mask.le_remove_device_from_filter_accept_list() && mask.le_conn_update());
    assert!(mask.le_set_host_channel_classification() && mask.le_read_channel_map());
    assert!(mask.le_read_remote_features() && mask.le_encrypt() && mask.le_rand());
    assert!(mask.le_enable_encryption() && mask.le_long_term_key_request_reply());
    assert!(mask.le_long_term_key_request_negative_reply() && mask.le_read_supported_states());
    assert!(mask.le_remote_conn_parameter_request_reply() && mask.le_set_data_length());
    assert!(mask.le_remote_conn_parameter_request_negative_reply());
    assert!(mask.le_read_suggested_default_data_length());
    assert!(mask.le_write_suggested_default_data_length() && mask.le_read_maximum_data_length());
    assert!(mask.le_read_local_p256_public_key() && mask.le_generate_dhkey_v1());
    assert!(mask.le_read_phy() && mask.le_set_default_phy() && mask.le_set_phy());
    assert!(mask.le_read_transmit_power() && mask.le_set_ext_adv_parameters_v1());
    assert!(mask.le_set_adv_set_random_addr() && mask.le_set_ext_adv_data());
    assert!(mask.le_set_ext_scan_response_data() && mask.le_set_ext_adv_enable());
    assert!(mask.le_read_maximum_adv_data_length() && mask.le_remove_adv_set());
    assert!(mask.le_read_number_of_supported_adv_sets() && mask.le_clear_adv_sets());
    assert!(mask.le_set_ext_scan_parameters() && mask.le_set_ext_scan_enable());
    assert!(mask.le_ext_create_conn_v1() && !mask.le_set_periodic_adv_enable());
    assert!(mask.le_add_device_to_resolving_list() && mask.le_clear_resolving_list());
    assert!(mask.le_remove_device_from_resolving_list() && mask.le_read_resolving_list_size());
    assert!(mask.le_read_peer_resolvable_addr() && mask.le_read_local_resolvable_addr());
    assert!(mask.le_set_addr_resolution_enable() && mask.le_set_privacy_mode());
    assert!(mask.le_set_resolvable_private_addr_timeout_v1() && !mask.le_receiver_test_v3());
    assert!(mask.le_receiver_test_v1() && mask.le_receiver_test_v2() && mask.le_test_end());
    assert!(mask.le_transmitter_test_v1() && mask.le_transmitter_test_v2());
    let bits: u32 = octets.iter().map(|octet| octet.count_ones()).sum();
    let rows = COMMANDS.iter().filter(|row| Endpoint::OFFERED.has(row.needs));
    assert_eq!(bits as usize, rows.filter(|row| row.bit.is_some()).count());
}

pub(super) fn air(rig: &mut Rig) -> Vec<AirItem> {
    rig.twin.settled().into_iter().filter_map(|(_, item)| item).collect()
}

fn was_on_air(rig: &mut Rig, opcode: Opcode) -> bool {
    air(rig).iter().any(|item| item.control().is_some_and(|pdu| pdu.opcode() == opcode))
}

fn data_both_ways() {
    let mut rig = Rig::new(2);
    let size = rig.ok(A, 0x2002, &[]);
    assert_eq!(size, [251, 0, 4]);
    let [central, peripheral] = rig.connect(A, B);
    rig.acl(A, central, &[3, 0, 4, 0, 1, 2, 3]);
    assert_eq!(rig.data(B), [3, 0, 4, 0, 1, 2, 3]);
    let completed = rig.event(A, 0x13);
    assert_eq!(completed, [&[1], &central[..], &[1, 0]].concat());
    rig.acl(B, peripheral, &[1, 0, 4, 0, 9]);
    assert_eq!(rig.data(A), [1, 0, 4, 0, 9]);
    assert_eq!(rig.event(B, 0x13), [&[1], &peripheral[..], &[1, 0]].concat());
    rig.ok(A, 0x0406, &[&central[..], &[0x13]].concat());
    assert_eq!(rig.event(A, 0x05), [&[0], &central[..], &[0x16]].concat());
    assert_eq!(rig.event(B, 0x05), [&[0], &peripheral[..], &[0x13]].concat());
}

fn scanning() {
    let mut rig = Rig::new(2);
    let address = [1, 2, 3, 4, 5, 0xC6];
    rig.ok(B, 0x2005, &address);
    rig.ok(B, 0x2008, &[&[3, 2, 1, 6][..], &[0; 28]].concat());
    rig.ok(B, 0x2009, &[&[2, 1, 9][..], &[0; 29]].concat());
    rig.ok(B, 0x2006, &[0x20, 0, 0x20, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0]);
    rig.ok(B, 0x200A, &[1]);
    rig.ok(A, 0x200B, &[1, 0x10, 0, 0x10, 0, PUBLIC, 0]);
    rig.ok(A, 0x200C, &[1, 0]);
    for (kind, data) in [(0, &[2_u8, 1, 6][..]), (4, &[1, 9][..])] {
        let report = rig.expect(A, |packet| match packet {
            [4, 0x3E, _, 2, 1, found, rest @ ..] if *found == kind => Some(rest.to_vec()),
            _ => None,
        });
        assert_eq!(report[..7], [&[1], &address[..]].concat()[..]);
        assert_eq!(report[7..8 + data.len()], [&[data.len() as u8], data].concat()[..]);
    }
    rig.ok(A, 0x200C, &[0, 0]);
    rig.waiting(A);
    rig.pass(SECOND);
    assert!(rig.waiting(A).is_empty());
}

fn cancelling() {
    let mut rig = Rig::new(1);
    rig.ok(A, 0x200D, &Rig::create(&[9; 6]));
    rig.fails(A, 0x200D, &Rig::create(&[9; 6]), 0x0C);
    rig.ok(A, 0x200E, &[]);
    assert_eq!(rig.subevent(A, 0x01)[0], 0x02);
    rig.fails(A, 0x200E, &[], 0x0C);
}

fn accept_list() {
    let mut rig = Rig::new(3);
    assert_eq!(rig.ok(A, 0x200F, &[]), [8]);
    let other = rig.address(B);
    let listed = rig.address(Port(2));
    for address in [&other, &listed] {
        rig.ok(A, 0x2011, &[&[PUBLIC], &address[..]].concat());
    }
    rig.ok(A, 0x2012, &[&[PUBLIC], &other[..]].concat());
    rig.advertise(B);
    rig.advertise(Port(2));
    rig.ok(A, 0x200B, &[0, 0x10, 0, 0x10, 0, PUBLIC, 1]);
    rig.ok(A, 0x200C, &[1, 0]);
    rig.fails(A, 0x2010, &[], 0x0C);
    rig.pass(SECOND);
    let reports = rig.waiting(A);
    assert!(reports.len() > 10);
    assert!(reports.iter().all(|report| report[7..13] == listed));
    rig.ok(A, 0x200C, &[0, 0]);
    rig.ok(A, 0x2010, &[]);
    rig.ok(A, 0x200C, &[1, 0]);
    rig.pass(SECOND);
    assert!(rig.waiting(A).is_empty());
}

fn channel_map() {
    let mut rig = Rig::new(2);
    let [central, peripheral] = rig.connect(A, B);
    let map = [0xFF, 0x0F, 0, 0, 0x1F];
    rig.ok(A, 0x2014, &map);
    rig.pass(SECOND);
    for (port, handle) in [(A, central), (B, peripheral)] {
        assert_eq!(rig.ok(port, 0x2015, &handle), [&handle[..], &map].concat());
    }
    let used = air(&mut rig);
    assert!(used.iter().any(|item| item.connection.is_some()));
}

fn what_the_peer_is() {
    let mut rig = Rig::new(2);
    let handles = rig.connect(A, B);
    for (port, handle) in [A, B].into_iter().zip(handles) {
        rig.ok(port, 0x2016, &handle);
        let features = rig.subevent(port, 0x04);
        assert_eq!(features[..3], [&[0], &handle[..]].concat()[..]);
        assert_eq!(features[3] & 0x3F, 0x3F);
        rig.ok(port, 0x041D, &handle);
        let version = rig.event(port, 0x0C);
        assert_eq!(version, [&[0], &handle[..], &[12, 0xFF, 0xFF, 0, 0]].concat());
    }
}

fn encrypted(rig: &mut Rig) -> [[u8; 2]; 2] {
    let [central, peripheral] = rig.connect(A, B);
    let rand = [1, 2, 3, 4, 5, 6, 7, 8];
    rig.ok(A, 0x2019, &[&central[..], &rand, &[0xAB, 0xCD], &LTK].concat());
    let asked = rig.subevent(B, 0x05);
    assert_eq!(asked, [&peripheral[..], &rand, &[0xAB, 0xCD]].concat());
    assert_eq!(rig.ok(B, 0x201A, &[&peripheral[..], &LTK].concat()), peripheral);
    for (port, handle) in [(A, central), (B, peripheral)] {
        assert_eq!(rig.event(port, 0x08), [&[0], &handle[..], &[1]].concat());
    }
    [central, peripheral]
}

fn encryption() {
    let mut rig = Rig::new(2);
    let [central, peripheral] = encrypted(&mut rig);
    rig.acl(A, central, &[1, 0, 4, 0, 5]);
    assert_eq!(rig.data(B), [1, 0, 4, 0, 5]);
    // A new key: pause, and the event of a refreshed key.
    rig.ok(A, 0x2019, &[&central[..], &[0; 10], &LTK].concat());
    rig.subevent(B, 0x05);
    rig.ok(B, 0x201A, &[&peripheral[..], &LTK].concat());
    for (port, handle) in [(A, central), (B, peripheral)] {
        assert_eq!(rig.event(port, 0x30), [&[0], &handle[..]].concat());
    }
    let items = air(&mut rig);
    assert!(items.iter().any(|item| item.decrypted == Some(true)));
    // Roles: only centrals start, only peripherals have keys to give.
    rig.fails(B, 0x2019, &[&peripheral[..], &[0; 10], &LTK].concat(), 0x0C);
    rig.fails(A, 0x201A, &[&central[..], &LTK].concat(), 0x0C);
}

fn encryption_without_a_key() {
    let mut rig = Rig::new(2);
    let [central, peripheral] = rig.connect(A, B);
    rig.fails(B, 0x201B, &peripheral, 0x0C);
    rig.ok(A, 0x2019, &[&central[..], &[0; 10], &LTK].concat());
    rig.subevent(B, 0x05);
    assert_eq!(rig.ok(B, 0x201B, &peripheral), peripheral);
    assert_eq!(rig.event(A, 0x08), [&[6], &central[..], &[0]].concat());
}

fn data_length() {
    let mut rig = Rig::new(2);
    assert_eq!(rig.ok(A, 0x2023, &[]), [27, 0, 0x48, 1]);
    assert_eq!(rig.ok(A, 0x202F, &[]), [251, 0, 0x90, 0x42, 251, 0, 0x90, 0x42]);
    rig.ok(A, 0x2024, &[100, 0, 0x48, 8]);
    assert_eq!(rig.ok(A, 0x2023, &[]), [100, 0, 0x48, 8]);
    let [central, peripheral] = rig.connect(A, B);
    // LL-LEN-10: the length to start with is told at once.
    assert_eq!(rig.subevent(A, 0x07)[2..4], [100, 0]);
    assert_eq!(rig.subevent(B, 0x07)[6..8], [100, 0]);
    rig.ok(A, 0x2022, &[&central[..], &[251, 0, 0x48, 8]].concat());
    for port in [A, B] {
        rig.subevent(port, 0x07);
    }
    rig.ok(B, 0x2022, &[&peripheral[..], &[251, 0, 0x48, 8]].concat());
    rig.pass(SECOND);
    air(&mut rig);
    let packet = [&[247, 0, 4, 0][..], &[0x5A; 247]].concat();
    rig.acl(B, peripheral, &packet);
    assert_eq!(rig.data(A), packet);
    let longest = air(&mut rig).iter().map(|item| item.payload.len()).max();
    assert_eq!(longest, Some(251));
}

fn phy() {
    let mut rig = Rig::new(2);
    let [central, peripheral] = rig.connect(A, B);
    for (port, handle) in [(A, central), (B, peripheral)] {
        assert_eq!(rig.ok(port, 0x2030, &handle), [&handle[..], &[1, 1]].concat());
    }
    rig.ok(A, 0x2031, &[0, 2, 2]);
    rig.ok(B, 0x2032, &[&peripheral[..], &[0, 2, 2, 0, 0]].concat());
    for (port, handle) in [(A, central), (B, peripheral)] {
        assert_eq!(rig.subevent(port, 0x0C), [&[0], &handle[..], &[2, 2]].concat());
        assert_eq!(rig.ok(port, 0x2030, &handle), [&handle[..], &[2, 2]].concat());
    }
    // A PHY that is not there.
    rig.fails(A, 0x2032, &[&central[..], &[0, 8, 8, 0, 0]].concat(), 0x11);
    rig.fails(A, 0x2031, &[0, 8, 8], 0x11);
}

/// Asked for with S=8, and data go through.
fn coded_phy() {
    let mut rig = Rig::new(2);
    let [central, peripheral] = rig.connect(A, B);
    rig.ok(A, 0x2032, &[&central[..], &[0, 4, 4, 2, 0]].concat());
    for (port, handle) in [(A, central), (B, peripheral)] {
        assert_eq!(rig.subevent(port, 0x0C), [&[0], &handle[..], &[3, 3]].concat());
    }
    air(&mut rig);
    rig.acl(A, central, &[3, 0, 4, 0, 1, 2, 3]);
    assert_eq!(rig.data(B), [3, 0, 4, 0, 1, 2, 3]);
    let coded = |item: &AirItem| item.phy == TxPhy::CodedS8;
    assert!(air(&mut rig).iter().filter(|item| item.connection.is_some()).all(coded));
}

fn authenticated_payload_timeout() {
    let mut rig = Rig::new(2);
    let [central, peripheral] = encrypted(&mut rig);
    for (port, handle) in [(A, central), (B, peripheral)] {
        assert_eq!(rig.ok(port, 0x0C7B, &handle), [&handle[..], &[0xB8, 0x0B]].concat());
        assert_eq!(rig.ok(port, 0x0C7C, &[&handle[..], &[40, 0]].concat()), handle);
        assert_eq!(rig.ok(port, 0x0C7B, &handle), [&handle[..], &[40, 0]].concat());
    }
    air(&mut rig);
    rig.pass(SECOND);
    assert!(was_on_air(&mut rig, Opcode::PING_REQ));
    // The link layers answer each other; if one is lost, the other host is notified.
    rig.waiting(A);
    rig.twin.leave(B);
    assert_eq!(rig.event(A, 0x57), central);
}

fn channel_selection() {
    let mut rig = Rig::new(2);
    let [central, peripheral] = rig.connect(A, B);
    rig.pass(SECOND);
    let items = air(&mut rig);
    let bits: Vec<bool> = items
        .iter()
        .filter_map(|item| match &item.decoded {
            Decoded::Advertising(AdvertisingPdu::AdvInd { ch_sel, .. }) => Some(*ch_sel),
            Decoded::Advertising(AdvertisingPdu::ConnectInd(request)) => Some(request.ch_sel),
            _ => None,
        })
        .collect();
    assert!(bits.len() >= 2 && bits.iter().all(|bit| *bit));
    for (port, handle) in [(A, central), (B, peripheral)] {
        assert_eq!(rig.subevent(port, 0x14), [&handle[..], &[1]].concat());
    }
    // With algorithm #1, hops would be the same every time.
    let answered = items.iter().filter(|item| item.connection.is_some()).count();
    assert!(answered > 40, "the link holds: {answered}");
    // A peer without #2: the other end reports #1.
    let mut first = Endpoint::full();
    first.features = first.features.without(FeatureSet::CSA2);
    for (configs, notified) in
        [([Endpoint::full(), first.clone()], A), ([first, Endpoint::full()], B)]
    {
        let mut rig = Rig::with(configs.to_vec());
        let handles = rig.connect(A, B);
        let handle = handles[notified.0];
        assert_eq!(rig.subevent(notified, 0x14), [&handle[..], &[0]].concat());
    }
}

//! Scanning, connecting, connection events, acknowledgement, supervision.

use ble::address::{Address, AddressKind};
use ble::crypto::address::resolvable;
use ble::error::ErrorCode;
use ble::hci::{Command, ConnectionParameters, CreateConnection, Event, ScanParameters};
use ble::link::LinkId;
use ble::pdu::advertising::{AdvertisingData, AdvertisingPdu};
use ble::pdu::control::ControlPdu;
use ble::pdu::data::Llid;
use ble::phy::T_IFS_US;
use ble::secret::Secret;
use ble::time::Duration;

use super::rig::{HANDLE, PARAMETERS, PEER, Rig, honest};
use crate::controller::link::LEAD;
use crate::controller::{AutomaticProcedure, ControllerConfig, OwnProcedure};

fn adv_ind(advertiser: Address) -> AdvertisingPdu {
    AdvertisingPdu::AdvInd {
        advertiser,
        data: AdvertisingData::from_slice(&[2, 1, 6]).unwrap(),
        ch_sel: true,
    }
}

fn scan(rig: &mut Rig, active: bool) {
    let parameters = ScanParameters {
        active,
        interval: 16,
        window: 16,
        own_address_random: false,
        filter: false,
    };
    rig.command(Command::LeSetScanParameters { parameters });
    rig.command(Command::LeSetScanEnable { enable: true, filter_duplicates: true });
}

#[test]
fn passive_scanning_reports_and_is_silent() {
    let mut rig = Rig::new(honest());
    scan(&mut rig, false);
    assert_eq!(rig.advertise(&adv_ind(PEER)), None);
    assert_eq!(rig.advertise(&adv_ind(PEER)), None);
    let reports = rig.take_events();
    let [Event::LeAdvertisingReport(report)] = reports.as_slice() else { panic!("{reports:?}") };
    assert_eq!((report.event_type, report.address, report.rssi), (0, PEER, -50));
    assert_eq!(report.data.as_slice(), [2, 1, 6]);
}

#[test]
fn active_scanning_asks_and_reports_the_answer() {
    let mut rig = Rig::new(honest());
    scan(&mut rig, true);
    let asked = rig.advertise(&adv_ind(PEER));
    assert!(matches!(asked, Some(AdvertisingPdu::ScanReq { advertiser: PEER, .. })), "{asked:?}");
    let data = AdvertisingData::from_slice(&[1, 9]).unwrap();
    assert_eq!(rig.advertise(&AdvertisingPdu::ScanRsp { advertiser: PEER, data }), None);
    let reports = rig.take_events();
    let [_, Event::LeAdvertisingReport(report)] = reports.as_slice() else { panic!("{reports:?}") };
    assert_eq!((report.event_type, report.data.as_slice()), (4, [1, 9].as_slice()));
}

/// LL-CONN-1: fields of CONNECT_IND.
/// LL-WIN-1: transmit window.
#[test]
fn connects_to_the_right_peer_with_legal_values() {
    let mut rig = Rig::new(honest());
    rig.connect(PARAMETERS);
    let request = rig.connect.clone().unwrap();
    assert!(request.is_valid(true));
    assert_eq!((request.advertiser, request.interval, request.timeout), (PEER, 24, 200));
    let told = rig.events.clone();
    let [.., Event::LeConnectionComplete(complete), algorithm] = &told[..] else {
        panic!("{told:?}")
    };
    let (handle, second) = (complete.handle, request.ch_sel);
    assert_eq!(*algorithm, Event::LeChannelSelectionAlgorithm { handle, second });
    assert_eq!((complete.status, complete.peer), (ErrorCode::SUCCESS, PEER));
    let end_of_request = rig.now;
    rig.exchange(None);
    let opens = end_of_request + Duration::from_us(1_250 * (1 + u64::from(request.win_offset)));
    let closes = opens + Duration::from_us(1_250 * u64::from(request.win_size));
    let first = rig.last().at;
    assert!(opens <= first && first <= closes);
    for _ in 0..10 {
        let before = rig.last().at;
        rig.exchange(None);
        assert_eq!(rig.last().at.since(before), Duration::from_us(30_000));
    }
}

#[test]
fn a_stranger_is_not_connected_to_and_cancelling_completes() {
    let mut rig = Rig::new(honest());
    rig.command(Command::LeCreateConnection {
        request: CreateConnection {
            scan_interval: 16,
            scan_window: 16,
            peer: Some(PEER),
            own_address_random: false,
            parameters: PARAMETERS,
        },
    });
    assert_eq!(rig.advertise(&adv_ind(Address::static_random([0xC0, 9, 9, 9, 9, 9]))), None);
    rig.command(Command::LeCreateConnectionCancel);
    let told = rig.take_events();
    let [Event::LeConnectionComplete(complete)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(complete.status, ErrorCode::UNKNOWN_CONNECTION);
    assert_eq!(rig.advertise(&adv_ind(PEER)), None);
}

#[test]
fn a_private_address_is_resolved() {
    let irk = Secret::new([5; 16]);
    let rpa = resolvable(&irk, [1, 2, 3]);
    let mut rig = Rig::new(honest());
    let local_irk = Secret::new([0; 16]);
    rig.command(Command::LeAddToResolvingList { identity: PEER, peer_irk: irk, local_irk });
    rig.command(Command::LeSetAddressResolutionEnable { enable: true });
    rig.command(Command::LeAddToFilterAcceptList { address: PEER });
    rig.command(Command::LeCreateConnection {
        request: CreateConnection {
            scan_interval: 16,
            scan_window: 16,
            peer: None,
            own_address_random: false,
            parameters: PARAMETERS,
        },
    });
    let other = Address::new(AddressKind::Random, [1, 2, 3, 4, 5, 0x46]);
    assert_eq!(rig.advertise(&adv_ind(other)), None);
    assert!(rig.advertise(&adv_ind(rpa)).is_some());
    let told = rig.take_events();
    let [Event::LeConnectionComplete(complete), _] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((complete.peer, complete.peer_identity), (rpa, Some(PEER)));
}

/// LL-RETX-1: repetition.
#[test]
fn an_unanswered_packet_is_repeated_unchanged() {
    let mut rig = Rig::connected(honest());
    rig.host_sends(b"once");
    rig.deaf = true;
    rig.events(3);
    rig.deaf = false;
    rig.sent.clear();
    rig.exchange(None);
    assert_eq!((rig.last().payload.as_slice(), rig.last().llid), (b"once".as_slice(), Llid::Start));
    assert_eq!(rig.take_events().len(), 1);
    rig.exchange(None);
    assert!(rig.last().payload.is_empty());
}

/// LL-EVENT-1: end of a connection event.
#[test]
fn more_data_keeps_the_event_open() {
    let mut rig = Rig::connected(honest());
    for n in 0..5 {
        rig.host_sends(&[n; 20]);
    }
    rig.sent.clear();
    rig.exchange(None);
    let sent: Vec<u8> = rig.sent.iter().map(|(_, s)| s.payload[0]).collect();
    assert_eq!(sent, [0, 1, 2, 3, 4]);
    rig.exchange(None);
    assert_eq!(rig.take_events().len(), 5);
}

#[test]
fn credits_are_limited() {
    let mut rig = Rig::connected(ControllerConfig { acl_buffers: 2, ..honest() });
    rig.deaf = true;
    for n in 0..5 {
        rig.host_sends(&[n; 20]);
    }
    rig.deaf = false;
    rig.events(3);
    let data = rig.sent.iter().filter(|(_, s)| s.llid == Llid::Start).count();
    assert_eq!(data, 2);
}

/// LL-CONN-3: created and established.
/// LL-SUP-2: six intervals.
#[test]
fn never_established_is_0x3e_after_six_intervals() {
    let mut rig = Rig::new(honest());
    rig.connect(PARAMETERS);
    rig.deaf = true;
    rig.pass(Duration::from_ms(179));
    assert_eq!(rig.disconnected(), None);
    rig.pass(Duration::from_ms(2));
    assert_eq!(rig.disconnected(), Some(ErrorCode::FAILED_TO_ESTABLISH));
}

/// LL-SUP-1: supervision.
#[test]
fn supervision_ends_an_established_connection() {
    let mut rig = Rig::connected(honest());
    rig.exchange(None);
    rig.deaf = true;
    rig.pass(Duration::from_ms(1_990));
    assert_eq!(rig.disconnected(), None);
    rig.pass(Duration::from_ms(20));
    assert_eq!(rig.disconnected(), Some(ErrorCode::CONNECTION_TIMEOUT));
}

/// LL-TERM-1: own termination.
/// LL-END-1: permitted reasons.
#[test]
fn own_termination_waits_for_its_acknowledgement() {
    let mut rig = Rig::connected(honest());
    rig.deaf = true;
    let reason = ErrorCode::REMOTE_USER_TERMINATED;
    rig.command(Command::Disconnect { handle: HANDLE, reason });
    rig.events(2);
    assert_eq!(rig.disconnected(), None);
    rig.deaf = false;
    assert_eq!(rig.exchange(None), [ControlPdu::TerminateInd(reason)]);
    assert_eq!(rig.disconnected(), Some(ErrorCode::LOCAL_HOST_TERMINATED));
}

/// LL-TERM-2: the peer’s termination.
#[test]
fn termination_of_the_peer_is_acknowledged() {
    let mut rig = Rig::connected(honest());
    let reason = ErrorCode::REMOTE_POWER_OFF;
    rig.exchange(Some(ControlPdu::TerminateInd(reason)));
    assert_eq!(rig.disconnected(), None);
    let before = rig.sent.len();
    rig.exchange(None);
    assert_eq!(rig.sent.len(), before + 1);
    assert_eq!(rig.disconnected(), Some(reason));
}

#[test]
fn automatic_procedures_start_at_their_event() {
    let own = OwnProcedure::at;
    let automatic =
        vec![own(AutomaticProcedure::Version, 2), own(AutomaticProcedure::ChannelMap(3), 4)];
    let mut rig = Rig::new(ControllerConfig { automatic, ..honest() });
    rig.connect(PARAMETERS);
    let sent: Vec<usize> = (0..6).map(|_| rig.exchange(None).len()).collect();
    // The channel map waits for LL_VERSION_IND of the peer.
    assert_eq!(sent, [0, 0, 1, 0, 0, 0]);
    let version = ble::pdu::control::VersionInd { version: 9, company: 1, subversion: 1 };
    rig.exchange(Some(ControlPdu::VersionInd(version)));
    assert_eq!(rig.exchange(None), [ControlPdu::ChannelMapInd { channel_map: 3, instant: 13 }]);
}

#[test]
fn two_connections_share_the_radio() {
    let mut rig = Rig::connected(honest());
    let other = Address::static_random([0xC0, 6, 6, 6, 6, 6]);
    rig.connect = None;
    let parameters = ConnectionParameters { interval_min: 24, interval_max: 24, ..PARAMETERS };
    rig.command(Command::LeCreateConnection {
        request: CreateConnection {
            scan_interval: 16,
            scan_window: 16,
            peer: Some(other),
            own_address_random: false,
            parameters,
        },
    });
    for _ in 0..20 {
        if rig.connect.is_none() {
            rig.advertise(&adv_ind(other));
        }
    }
    let request = rig.connect.clone().unwrap();
    rig.sent.clear();
    rig.pass(Duration::from_ms(300));
    let second = rig.sent.iter().filter(|(_, s)| s.tuning.access_address == request.access_address);
    let second = second.count();
    assert!((8..=11).contains(&second), "{second}");
    assert!((8..=11).contains(&(rig.sent.len() - second)), "{}", rig.sent.len());
}

#[test]
fn reset_forgets_everything() {
    let mut rig = Rig::connected(honest());
    rig.command(Command::Reset);
    assert_eq!(rig.central.deadline(), None);
    rig.command(Command::LeReadPhy { handle: HANDLE });
    assert!(matches!(
        rig.take_events().as_slice(),
        [Event::CommandComplete { status: ErrorCode::UNKNOWN_CONNECTION, .. }]
    ));
}

/// The answer to the longest packet ends T_IFS later than both packets are long.
#[test]
fn a_link_gives_way_to_one_that_begins_during_its_last_answer() {
    let mut rig = Rig::connected(honest());
    let central = &mut rig.central;
    let own = central.links[0].clone().unwrap();
    central.links.push(None);
    for (after_us, gives_way) in [(656 - 10, true), (656 + T_IFS_US - 10, true), (5_000, false)] {
        let mut other = own.clone();
        other.link.id = LinkId(1);
        other.link.waited.miss();
        other.link.anchor = own.link.anchor + LEAD + Duration::from_us(u64::from(after_us));
        central.links[1] = Some(other);
        assert_eq!(central.gives_way(0), gives_way, "{after_us}");
        assert!(!central.gives_way(1));
    }
}

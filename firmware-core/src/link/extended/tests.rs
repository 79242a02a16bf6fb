use super::*;
use ble::address::AddressKind;
use ble::hci::FilterPolicy;
use ble::pdu::advertising::{AdvertisingPdu, CHANNEL_MAP_ALL};
use ble::pdu::extended::{AdvMode, ExtendedPdu, T_MAFS};
use ble::phy::{T_IFS_US, TxPhy};
use ble::radio::{AfterTransmit, AirPdu, RadioEvent, Receiver};
use ble::random::{Entropy, Purpose};
use proptest::prelude::*;
use std::vec::Vec;

const OWN: Address = Address::static_random([0xC0, 1, 2, 3, 4, 5]);
const PEER: Address = Address::public([0x58, 0xA0, 0x23, 0xA6, 0x35, 0x0A]);
const T_IFS: Duration = Duration::from_us(T_IFS_US as u64);
const PHYS: [TxPhy; 4] = [TxPhy::Le1M, TxPhy::Le2M, TxPhy::CodedS2, TxPhy::CodedS8];

struct All {
    who: Who,
    room: bool,
}

impl Neighbours for All {
    fn who(&self, _: Address) -> Who {
        self.who
    }

    fn has_room(&self) -> bool {
        self.room
    }
}

const ANYBODY: All = All { who: Who { identity: None, listed: false, hides: false }, room: true };

fn parameters(mode: AdvMode) -> SetParameters {
    SetParameters {
        mode,
        own: OWN,
        anonymous: false,
        target: None,
        target_shown: None,
        interval: 160,
        channel_map: 7,
        secondary_map: CHANNEL_MAP_ALL,
        primary: TxPhy::Le1M,
        secondary: TxPhy::Le2M,
        sid: 3,
        tx_power: None,
        filter: FilterPolicy::Any,
        accurate: true,
    }
}

/// A packet of the set.
#[derive(Clone, Debug)]
struct Sent {
    at: Instant,
    end: Instant,
    channel: u8,
    pdu: ExtendedPdu,
    then: AfterTransmit,
}

type Set = AdvertisingSet<1_650>;

const NOW: Instant = Instant::from_us(1_000);

fn set(what: SetParameters, data: &[u8]) -> Set {
    let mut set = Set::new(Entropy::new([1; 32]).stream(Purpose::Advertising), what);
    assert!(set.set_data(NOW, data));
    set.enable(NOW, None, 0);
    set
}

/// The packet that the set sends next: `end` is when the one before ended.
fn next(set: &mut Set, end: Instant) -> Option<Sent> {
    let (at, channel, phy, pdu, then) = match set.command()? {
        RadioCommand::Transmit { at, tuning, phy, pdu, then, .. } => {
            (at, tuning.channel, phy, pdu, then)
        }
        RadioCommand::Reply { phy, pdu, then, .. } => (end + T_IFS, 0, phy, pdu, then),
        other => panic!("{other:?}"),
    };
    let end = at + phy.air_time(pdu.payload_len());
    set.radio(end, RadioEvent::Transmitted { start: at, end }, &ANYBODY);
    Some(Sent { at, end, channel, pdu: ExtendedPdu::parse(&pdu).unwrap(), then })
}

/// All packets of the coming event up to the first that is followed by listening.
fn event(set: &mut Set) -> Vec<Sent> {
    let due = set.deadline().unwrap();
    set.timer(due);
    let mut all = Vec::new();
    while let Some(sent) = next(set, Instant::ZERO) {
        all.push(sent);
    }
    all
}

/// Lets a peer ask after the last packet.
fn ask(set: &mut Set, asked: &Sent, pdu: AirPdu, all: &All) -> Instant {
    let start = asked.end + T_IFS;
    let end = start + set.parameters().secondary.air_time(pdu.payload_len());
    set.radio(end, RadioEvent::Received { start, end, pdu, crc_ok: true, rssi_dbm: -50 }, all);
    end
}

/// Whether the AuxPtr of `from` points at `to`, with enough time between them.
fn points_at(from: &Sent, to: &Sent) -> bool {
    let Some(aux) = from.pdu.aux else { return false };
    let earliest = from.at + aux.earliest();
    let in_time = earliest <= to.at && to.at <= earliest + aux.unit();
    in_time && aux.channel == to.channel && to.at.since(from.end) >= T_MAFS
}

fn scan_req(scanner: Address) -> AirPdu {
    AdvertisingPdu::ScanReq { scanner, advertiser: OWN }.encode()
}

fn request() -> ConnectInd {
    ConnectInd {
        initiator: PEER,
        advertiser: OWN,
        access_address: 0xAF9A_8396,
        crc_init: 0x16_1DBE,
        win_size: 3,
        win_offset: 5,
        interval: 24,
        latency: 0,
        timeout: 42,
        channel_map: CHANNEL_MAP_ALL,
        hop: 5,
        sca: 5,
        ch_sel: false,
    }
}

fn connect_req(edit: impl Fn(&mut ConnectInd)) -> AirPdu {
    let mut request = request();
    edit(&mut request);
    AdvertisingPdu::ConnectInd(request).encode()
}

/// LL-EXT-1: fields of extended advertising.
/// LL-EXT-2: AuxPtr.
#[test]
fn every_primary_channel_points_at_the_one_auxiliary_packet() {
    for secondary in PHYS {
        for (primary, map) in [(TxPhy::Le1M, 7), (TxPhy::CodedS8, 5)] {
            let what =
                SetParameters { primary, secondary, channel_map: map, ..parameters(AdvMode::None) };
            let sent = event(&mut set(what, &[2, 1, 6]));
            let (aux, first) = sent.split_last().unwrap();
            let channels: Vec<u8> = first.iter().map(|sent| sent.channel).collect();
            assert_eq!(channels, if map == 7 { std::vec![37, 38, 39] } else { std::vec![37, 39] });
            assert!(first.iter().all(|sent| points_at(sent, aux)), "{sent:?}");
            assert!(first.iter().all(|sent| sent.pdu.advertiser.is_none()));
            assert_eq!((aux.pdu.advertiser, &aux.pdu.data[..]), (Some(OWN), &[2, 1, 6][..]));
            assert!(sent.iter().all(|sent| sent.pdu.adi == aux.pdu.adi));
            assert_eq!(aux.pdu.aux, None);
        }
    }
}

/// LL-EXT-2: AuxPtr.
#[test]
fn data_that_do_not_fit_go_on_in_a_chain() {
    for secondary in PHYS {
        for length in [0, 243, 244, 245, 700, 1_650] {
            let what = SetParameters { secondary, ..parameters(AdvMode::None) };
            let data: Vec<u8> = (0..length).map(|n: usize| n.to_le_bytes()[0]).collect();
            let sent = event(&mut set(what, &data));
            let chain = &sent[3..];
            let arrived: Vec<u8> =
                chain.iter().flat_map(|sent| sent.pdu.data.iter().copied()).collect();
            assert_eq!(arrived, data);
            assert!(chain.windows(2).all(|pair| points_at(&pair[0], &pair[1])));
            assert_eq!(chain.last().unwrap().pdu.aux, None);
        }
    }
}

#[test]
fn more_data_than_there_is_room_for_are_refused() {
    let mut set = set(parameters(AdvMode::None), &[7; 3]);
    assert!(!set.set_data(NOW, &[0; 1_651]));
    assert_eq!(event(&mut set)[3].pdu.data[..], [7; 3]);
}

/// LL-EXT-1: a connectable set has one PDU for its data.
#[test]
fn a_connectable_set_has_no_chain() {
    let fits = |mode, length| {
        let mut set = set(parameters(mode), &[]);
        assert!(set.set_data(NOW, &std::vec![0; length]));
        set.fits()
    };
    assert!(fits(AdvMode::Connectable, 245) && !fits(AdvMode::Connectable, 246));
    assert!(fits(AdvMode::Scannable, 1_650) && fits(AdvMode::None, 1_650));
}

/// LL-EXT-3: answers on secondary channels.
#[test]
fn a_scan_request_is_answered_with_the_data_and_their_chain() {
    let data: Vec<u8> = (0..=255).chain(0..=255).collect();
    let mut set = set(parameters(AdvMode::Scannable), &data);
    let sent = event(&mut set);
    let aux = &sent[3];
    assert_eq!(aux.then, AfterTransmit::Receive(Receiver::any(Phy::Le2M)));
    assert_eq!((aux.pdu.mode, aux.pdu.data.len()), (AdvMode::Scannable, 0));
    let end = ask(&mut set, aux, scan_req(PEER), &ANYBODY);
    let answer = next(&mut set, end).unwrap();
    assert_eq!((answer.pdu.mode, answer.pdu.advertiser), (AdvMode::None, Some(OWN)));
    let mut chain = std::vec![answer];
    while let Some(sent) = next(&mut set, Instant::ZERO) {
        chain.push(sent);
    }
    let arrived: Vec<u8> = chain.iter().flat_map(|sent| sent.pdu.data.iter().copied()).collect();
    assert_eq!(arrived, data);
    assert!(chain.windows(2).all(|pair| points_at(&pair[0], &pair[1])));
    let report = SetReport::ScanRequested { scanner: PEER, identity: None };
    assert_eq!(set.report(), Some(report));
    assert!(set.is_enabled());
}

/// LL-EXT-3: answers on secondary channels.
/// LL-EXT-6: connections of extended advertising.
#[test]
fn a_connection_begins_after_aux_connect_rsp() {
    let mut set = set(parameters(AdvMode::Connectable), &[2, 1, 6]);
    let sent = event(&mut set);
    let end = ask(&mut set, &sent[3], connect_req(|_| {}), &ANYBODY);
    assert_eq!(set.report(), None);
    let answer = next(&mut set, end).unwrap();
    assert!(answer.pdu.connect_rsp);
    assert_eq!((answer.pdu.advertiser, answer.pdu.target), (Some(OWN), Some(PEER)));
    let (request, phy) = (request(), Phy::Le2M);
    let report = SetReport::Connected { request, identity: None, phy, at: end };
    assert_eq!(set.report(), Some(report));
    assert!(!set.is_enabled() && set.deadline().is_none());
}

/// LL-EXT-3: answers on secondary channels.
/// LL-ADV-5: filter accept list.
/// LL-ADV-6: network privacy.
#[test]
fn who_may_not_ask_is_not_answered() {
    let who = ANYBODY.who;
    let all = |who, room| All { who, room };
    let hidden = all(Who { hides: true, ..who }, true);
    let listed = all(Who { listed: true, ..who }, true);
    let target = all(Who { identity: Some(OWN), ..who }, true);
    let full = all(who, false);
    let any = parameters(AdvMode::Connectable);
    let from_list =
        SetParameters { filter: FilterPolicy::BothFromList, ..parameters(AdvMode::Connectable) };
    let directed = SetParameters { target: Some(OWN), ..parameters(AdvMode::Connectable) };
    let other = |r: &mut ConnectInd| r.advertiser = Address::new(AddressKind::Public, OWN.octets);
    let cases = [
        (&any, &ANYBODY, connect_req(|_| {}), true),
        (&any, &ANYBODY, connect_req(other), false),
        (&any, &ANYBODY, connect_req(|r| r.interval = 0), false),
        (&any, &ANYBODY, scan_req(PEER), false),
        (&any, &hidden, connect_req(|_| {}), false),
        (&any, &full, connect_req(|_| {}), false),
        (&from_list, &ANYBODY, connect_req(|_| {}), false),
        (&from_list, &listed, connect_req(|_| {}), true),
        (&directed, &listed, connect_req(|_| {}), false),
        (&directed, &target, connect_req(|_| {}), true),
    ];
    for (number, (what, all, pdu, answered)) in cases.into_iter().enumerate() {
        let mut set = set(what.clone(), &[]);
        let sent = event(&mut set);
        ask(&mut set, &sent[3], pdu, all);
        assert_eq!(set.command().is_some(), answered, "case {number}");
        assert!(set.is_enabled());
    }
}

/// LL-EXT-4: interval of extended advertising.
#[test]
fn events_are_an_interval_and_up_to_10_ms_apart() {
    let mut set = set(parameters(AdvMode::None), &[]);
    let starts: Vec<Instant> = (0..50).map(|_| event(&mut set)[0].at).collect();
    let gaps: Vec<u64> = starts.windows(2).map(|pair| pair[1].since(pair[0]).as_us()).collect();
    assert!(gaps.iter().all(|gap| (100_000..=110_000).contains(gap)), "{gaps:?}");
    assert!(gaps.iter().any(|gap| *gap < 103_000) && gaps.iter().any(|gap| *gap > 107_000));
}

#[test]
fn a_set_ends_after_its_events_or_its_time() {
    let mut by_count = set(parameters(AdvMode::None), &[]);
    by_count.enable(Instant::from_us(1_000), None, 2);
    for _ in 0..2 {
        assert_eq!(event(&mut by_count).len(), 4);
    }
    assert_eq!(by_count.report(), Some(SetReport::Ended(ErrorCode::LIMIT_REACHED)));
    assert_eq!((by_count.completed(), by_count.deadline()), (2, None));

    let mut by_time = set(parameters(AdvMode::None), &[]);
    by_time.enable(Instant::from_us(1_000), Some(Duration::from_ms(250)), 0);
    let events = core::iter::from_fn(|| Some(event(&mut by_time)).filter(|sent| !sent.is_empty()));
    assert_eq!(events.count(), 3);
    assert_eq!(by_time.report(), Some(SetReport::Ended(ErrorCode::ADVERTISING_TIMEOUT)));
}

/// LL-EXT-5: ADI.
#[test]
fn new_data_have_a_new_number() {
    let mut set = set(parameters(AdvMode::None), &[1]);
    let mut last = event(&mut set)[3].pdu.adi.unwrap();
    for _ in 0..100 {
        assert!(set.set_data(NOW, &[1]));
        let adi = event(&mut set)[3].pdu.adi.unwrap();
        assert!(adi.did != last.did && adi.sid == 3);
        last = adi;
    }
}

/// LL-EXT-4: an event that is prepared has not begun: it is neither left out nor counted.
#[test]
fn new_data_do_not_leave_out_an_event_that_has_not_begun() {
    let mut set = set(parameters(AdvMode::None), &[1]);
    let first = event(&mut set)[0].at;
    let due = set.deadline().unwrap();
    set.timer(due);
    let Some(RadioCommand::Transmit { at: prepared, .. }) = set.command() else { panic!() };
    assert!(set.set_data(due, &[2; 3]));
    assert_eq!((set.command(), set.completed()), (Some(RadioCommand::Stop), 1));
    let sent = event(&mut set);
    assert_eq!((sent[0].at, &sent[3].pdu.data[..]), (prepared, &[2; 3][..]));
    assert!(prepared.since(first) <= Duration::from_ms(110));
}

#[test]
fn new_data_break_off_the_event_under_way() {
    let mut set = set(parameters(AdvMode::None), &[1; 700]);
    let due = set.deadline().unwrap();
    set.timer(due);
    // PREPARE_LEAD after `due` the first PDU begins.
    assert!(matches!(set.command(), Some(RadioCommand::Transmit { .. })));
    assert!(set.set_data(due + Duration::from_ms(2), &[2; 3]));
    assert_eq!(set.command(), Some(RadioCommand::Stop));
    assert_eq!(event(&mut set)[3].pdu.data[..], [2; 3]);
}

#[test]
fn a_radio_that_does_not_answer_is_given_up() {
    let mut set = set(parameters(AdvMode::Connectable), &[]);
    let due = set.deadline().unwrap();
    set.timer(due);
    set.command();
    let overdue = set.deadline().unwrap();
    set.timer(overdue);
    assert_eq!(set.command(), Some(RadioCommand::Stop));
    assert_eq!(event(&mut set).len(), 4);
}

proptest! {
    #[test]
    fn whatever_is_heard_does_no_harm(
        mode in prop_oneof![Just(AdvMode::Connectable), Just(AdvMode::Scannable)],
        header in any::<u8>(),
        payload in proptest::collection::vec(any::<u8>(), 0..255),
        crc_ok in any::<bool>(),
    ) {
        let mut set = set(parameters(mode), &[3; 20]);
        let sent = event(&mut set);
        let start = sent[3].end + T_IFS;
        let pdu = AirPdu::new(header, &payload).unwrap();
        let end = start + TxPhy::Le2M.air_time(pdu.payload_len());
        set.radio(end, RadioEvent::Received { start, end, pdu, crc_ok, rssi_dbm: -50 }, &ANYBODY);
        while next(&mut set, end).is_some() {}
        prop_assert!(set.is_enabled());
        prop_assert_eq!(event(&mut set).len(), 4);
    }
}

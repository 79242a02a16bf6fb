//! Legacy advertising on air.

use super::*;
use crate::link::schedule::Owner;
use ble::error::PeerMisbehaved;

/// One whole event without an answer: start and channel of each PDU.
fn event(b: &mut Bench<1>, channels: usize) -> Vec<(Instant, u8)> {
    let turn = |_| {
        let (start, channel, _) = b.advertises();
        b.nobody();
        (start, channel)
    };
    (0..channels).map(turn).collect()
}

/// LL-ADV-1: channels of an advertising event.
/// LL-ADV-8: advertising as the host asks.
#[test]
fn an_event_visits_the_channels_in_ascending_order() {
    let mut b = Bench::new();
    b.order(LinkOrder::Advertise(advertising()));
    let turns = event(&mut b, 3);
    assert_eq!(turns.iter().map(|t| t.1).collect::<Vec<_>>(), [37, 38, 39]);
    assert!(turns.is_sorted());
    assert!(turns.windows(2).all(|t| t[1].0.since(t[0].0) <= Duration::from_ms(10)));
}

#[test]
fn only_channels_of_the_map_are_used() {
    let mut b = Bench::new();
    b.order(LinkOrder::Advertise(Advertising { channel_map: 0b101, ..advertising() }));
    let channels: Vec<u8> = event(&mut b, 4).iter().map(|t| t.1).collect();
    assert_eq!(channels, [37, 39, 37, 39]);
}

/// LL-ADV-2: random delay.
#[test]
fn events_are_an_interval_and_a_random_delay_apart() {
    let mut b = Bench::new();
    b.order(LinkOrder::Advertise(Advertising { channel_map: 1, ..advertising() }));
    let starts: Vec<Instant> = event(&mut b, 40).iter().map(|t| t.0).collect();
    let mut delays: Vec<Duration> =
        starts.windows(2).map(|s| s[1].since(s[0]) - Duration::from_ms(100)).collect();
    assert!(starts.windows(2).all(|s| s[1].since(s[0]) >= Duration::from_ms(100)));
    assert!(delays.iter().all(|delay| *delay <= Duration::from_ms(10)));
    delays.sort();
    delays.dedup();
    assert!(delays.len() > 30);
}

/// GAP-RPA-2: private addresses change. The first event under one comes anywhere within an
/// interval, or its time would link it to the address before; with others, and at a high duty
/// cycle, it comes at once.
#[test]
fn a_new_private_address_begins_at_any_time() {
    let delays = |own, kind| -> Vec<Duration> {
        let mut b = Bench::<1>::new();
        let mut one = |_| {
            b.order(LinkOrder::Advertise(Advertising { own, kind, ..advertising() }));
            let asked = b.now;
            let delay = b.advertises().0.since(asked);
            b.order(LinkOrder::StopAdvertising);
            b.command = None;
            delay
        };
        (0..40).map(&mut one).collect()
    };
    let undirected = AdvertisingType::ConnectableUndirected;
    for (own, kind) in [(OWN, undirected), (RPA, AdvertisingType::DirectedHighDuty)] {
        let at_once = delays(own, kind);
        assert!(at_once.iter().all(|delay| *delay == at_once[0]), "{at_once:?}");
    }
    let at_once = delays(OWN, undirected)[0];
    let mut private = delays(RPA, undirected);
    let latest = at_once + Duration::from_ms(100);
    assert!(private.iter().all(|delay| *delay >= at_once && *delay < latest), "{private:?}");
    private.sort();
    private.dedup();
    assert!(private.len() > 30, "{private:?}");
}

/// LL-ADV-2: other data, or another own address, between two events and in the middle of one.
#[test]
fn what_changes_does_not_change_when_events_come() {
    for answered in 0..3 {
        let mut b = Bench::new();
        b.order(LinkOrder::Advertise(advertising()));
        let first = event(&mut b, 3)[0].0;
        let mut second = None;
        for _ in 0..answered {
            let start = event(&mut b, 1)[0].0;
            second.get_or_insert(start);
        }
        let own = Address::static_random([9; 6]);
        b.order(LinkOrder::Advertise(Advertising { own, ..advertising() }));
        let (start, channel, _) = b.advertises();
        let before = second.unwrap_or(first);
        let apart = start.since(before);
        assert_eq!(channel, 37);
        assert!(apart >= Duration::from_ms(100) && apart <= Duration::from_ms(110), "{apart:?}");
    }
}

/// LL-ADV-2: an event that is prepared has not begun, and is not left out for what changes. One
/// whose first PDU is on its way has begun: the next is an interval later.
#[test]
fn what_changes_after_an_event_was_prepared_does_not_leave_it_out() {
    for since_start_us in [-999, -301, -300, -1, 0, 40] {
        let mut b = Bench::<1>::new();
        b.order(LinkOrder::Advertise(advertising()));
        let mut before = event(&mut b, 3)[0].0;
        let prepared = b.next_command();
        let RadioCommand::Transmit { at, .. } = prepared else { panic!("{prepared:?}") };
        b.now = Instant::from_us(at.as_us().checked_add_signed(since_start_us).unwrap());
        let own = Address::static_random([9; 6]);
        b.order(LinkOrder::Advertise(Advertising { own, ..advertising() }));
        let imminent = (-300..0).contains(&since_start_us);
        assert_eq!(b.command.is_none(), imminent, "{since_start_us}");
        if imminent {
            // Its first PDU is sent unchanged, and is its only one.
            b.command = Some(prepared);
            assert_eq!(b.advertises().0, at);
            b.nobody();
        }
        if imminent || since_start_us >= 0 {
            before = at;
        }
        let (start, channel, pdu) = b.advertises();
        assert!(matches!(pdu, AdvertisingPdu::AdvInd { advertiser, .. } if advertiser == own));
        let apart = start.since(before);
        assert_eq!(channel, 37);
        assert!(apart >= Duration::from_ms(100) && apart <= Duration::from_ms(110), "{apart:?}");
    }
}

/// LL-ADV-2: what changes between a CONNECT_IND and what `Control` makes of it waits for that. A
/// refusal lets advertising go on when it would have; a connection lets it end.
#[test]
fn what_changes_while_a_connection_is_decided_begins_no_event() {
    for refused in [true, false] {
        let mut b = Bench::<1>::new();
        b.order(LinkOrder::Advertise(advertising()));
        let (before, ..) = b.advertises();
        assert_eq!(b.requests(connect(request())), None);
        let own = Address::static_random([9; 6]);
        b.order(LinkOrder::Advertise(Advertising { own, ..advertising() }));
        b.order(if refused { LinkOrder::Refuse(LINK) } else { LinkOrder::StopAdvertising });
        if refused {
            let (start, _, pdu) = b.advertises();
            assert!(matches!(pdu, AdvertisingPdu::AdvInd { advertiser, .. } if advertiser == own));
            let apart = start.since(before);
            assert!(apart >= Duration::from_ms(100) && apart <= Duration::from_ms(110));
        } else {
            b.listens();
            // If ordered, it advertises beside the connection immediately.
            b.order(LinkOrder::Advertise(advertising()));
            assert!(b.link.wishes().any(|wish| wish.owner == Owner::Advertising));
        }
    }
}

/// What `Control` would not order: no interval, and no channel.
#[test]
fn the_shortest_interval_and_some_channel_are_kept() {
    let mut b = Bench::new();
    b.order(LinkOrder::Advertise(Advertising { interval: 0, channel_map: 8, ..advertising() }));
    let turns = event(&mut b, 6);
    assert_eq!(turns.iter().map(|t| t.1).collect::<Vec<_>>(), [37, 38, 39, 37, 38, 39]);
    let apart = turns[3].0.since(turns[0].0);
    assert!(apart >= Duration::from_ms(20) && apart <= Duration::from_ms(30), "{apart:?}");
}

#[test]
fn a_scan_request_is_answered_and_the_event_goes_on() {
    let mut b = Bench::<1>::new();
    let AdvertisingPdu::AdvInd { advertiser, data, ch_sel } = b.advertise(advertising()) else {
        panic!("not ADV_IND")
    };
    assert_eq!((advertiser, data.as_slice(), ch_sel), (OWN, [2, 1, 6].as_slice(), true));
    let answer = b.requests(scan_request(CENTRAL));
    let data = advertising().scan_response;
    assert_eq!(answer, Some(AdvertisingPdu::ScanRsp { advertiser: OWN, data }));
    b.command = None;
    let start = b.now + T_IFS;
    b.radio(start + Duration::from_us(160), RadioEvent::Transmitted { start, end: start });
    assert_eq!(b.advertises().1, 38);
}

/// LL-ADV-4: requests for this advertiser.
#[test]
fn only_requests_to_the_own_address_and_its_type_count() {
    let stranger = Address::static_random([0xC0, 9, 9, 9, 9, 9]);
    let other_kind = Address::new(AddressKind::Public, OWN.octets);
    for advertiser in [stranger, other_kind] {
        let mut b = Bench::<1>::new();
        b.advertise(advertising());
        let scan = AdvertisingPdu::ScanReq { scanner: CENTRAL, advertiser }.encode();
        assert_eq!(b.requests(scan), None);
        assert_eq!(b.advertises().1, 38);
        assert_eq!(b.requests(connect(ConnectInd { advertiser, ..request() })), None);
        assert_eq!(b.advertises().1, 39);
        assert_eq!(b.reports(), []);
    }
}

#[test]
fn a_damaged_request_is_ignored() {
    let mut b = Bench::<1>::new();
    b.advertise(advertising());
    let (start, pdu) = (b.now + T_IFS, connect(request()));
    let end = start + TxPhy::Le1M.air_time(pdu.payload_len());
    b.radio(end, RadioEvent::Received { start, end, pdu, crc_ok: false, rssi_dbm: -90 });
    assert_eq!((b.advertises().1, b.reports()), (38, Vec::new()));
}

#[test]
fn a_scannable_advertiser_is_not_connectable() {
    let mut b = Bench::<1>::new();
    let kind = AdvertisingType::ScannableUndirected;
    let pdu = b.advertise(Advertising { kind, ..advertising() });
    assert!(matches!(pdu, AdvertisingPdu::AdvScanInd { .. }));
    assert_eq!(b.requests(connect(request())), None);
    assert_eq!(b.reports(), []);
    b.advertises();
    assert!(matches!(b.requests(scan_request(CENTRAL)), Some(AdvertisingPdu::ScanRsp { .. })));
}

#[test]
fn a_non_connectable_advertiser_does_not_listen() {
    let mut b = Bench::<1>::new();
    b.order(LinkOrder::Advertise(Advertising {
        kind: AdvertisingType::NonConnectable,
        ..advertising()
    }));
    for channel in [37, 38, 39, 37] {
        // `advertises` says that the PDU has left; nothing else happens in between.
        assert_eq!(b.advertises().1, channel);
    }
}

/// LL-ADV-3: high duty cycle.
#[test]
fn high_duty_cycle_repeats_within_3_75_ms_and_ends_after_1_28_s() {
    let mut b = Bench::<1>::new();
    let kind = AdvertisingType::DirectedHighDuty;
    b.order(LinkOrder::Advertise(Advertising { kind, ..advertising() }));
    let begin = b.now;
    let mut last = [None; 3];
    while let Some(command) = b.run(b.now + Duration::from_ms(4)) {
        b.command = Some(command);
        let (start, channel, pdu) = b.advertises();
        let target = CENTRAL;
        assert_eq!(pdu, AdvertisingPdu::AdvDirectInd { advertiser: OWN, target, ch_sel: true });
        if let Some(before) = last[usize::from(channel - 37)].replace(start) {
            assert!(start.since(before) <= Duration::from_us(3_750));
        }
        b.nobody();
    }
    assert_eq!(b.reports(), [LinkReport::AdvertisingTimeout]);
    assert!(b.reported.since(begin) >= Duration::from_ms(1_276));
    assert!(b.reported.since(begin) <= Duration::from_ms(1_285));
    assert_eq!(b.link.deadline(), None);
}

#[test]
fn low_duty_cycle_goes_on_and_is_for_its_target_only() {
    let mut b = Bench::<1>::new();
    let kind = AdvertisingType::DirectedLowDuty;
    b.advertise(Advertising { kind, ..advertising() });
    assert_eq!(b.requests(scan_request(CENTRAL)), None);
    b.advertises();
    assert_eq!(b.requests(connect(ConnectInd { initiator: IDENTITY, ..request() })), None);
    assert_eq!(b.reports(), []);
    b.advertises();
    b.requests(connect(request()));
    assert!(matches!(b.reports()[..], [LinkReport::Connected { provisional: false, .. }]));
}

#[test]
fn a_connect_ind_out_of_range_is_named_and_ignored() {
    let mut b = Bench::<1>::new();
    b.advertise(advertising());
    assert_eq!(b.requests(connect(ConnectInd { hop: 4, ..request() })), None);
    let violation = PeerMisbehaved::InvalidConnectInd;
    assert_eq!(b.reports(), [LinkReport::Misbehaved { link: None, violation }]);
    assert_eq!(b.advertises().1, 38);
}

#[test]
fn a_connection_ends_advertising() {
    let mut b = Bench::<1>::new();
    b.advertise(advertising());
    b.requests(connect(request()));
    let connected = LinkReport::Connected {
        link: LINK,
        request: request(),
        identity: None,
        provisional: false,
        at: b.now,
    };
    assert_eq!(b.reports(), [connected]);
    b.listens();
}

#[test]
fn stopping_cancels_what_was_prepared() {
    let mut b = Bench::<1>::new();
    b.advertise(advertising());
    b.order(LinkOrder::StopAdvertising);
    assert_eq!(b.command.take(), Some(RadioCommand::Stop));
    assert_eq!(b.link.deadline(), None);
    // A request that was on air just then comes too late.
    assert_eq!(b.requests(connect(request())), None);
    assert_eq!((b.reports(), b.command.take()), (Vec::new(), None));
}

#[test]
fn without_a_free_link_no_central_can_connect() {
    let mut b = established(|_| ());
    b.order(LinkOrder::Advertise(advertising()));
    let pdu = b.advertises();
    assert_eq!(pdu.1, 37);
    assert_eq!(b.requests(connect(request())), None);
    assert_eq!(b.reports(), []);
}

//! Connection events, packet by packet.

use super::*;
use ble::error::PeerMisbehaved;
use ble::phy::Coding;

#[test]
fn the_first_window_starts_1_25_ms_and_the_offset_after_the_request() {
    let mut b = Bench::<1>::new();
    let end = b.connect(request());
    let listen = b.listens();
    // Offset 5 and size 3 in units of 1.25 ms; 100 ppm of 11.25 ms is 1.125 µs.
    let widening = Duration::from_us(11_250).ppm(100) + Duration::from_us(16);
    assert_eq!(listen.from, (end + Duration::from_us(1_250 + 6_250)).before(widening));
    assert_eq!(listen.until, end + Duration::from_us(1_250 + 6_250 + 3_750) + widening);
    assert_eq!((listen.access_address, listen.phy), (0xAF9A_8396, Phy::Le1M));
}

/// LL-WIN-2: missed transmit window.
#[test]
fn a_missed_first_window_comes_again_one_interval_later() {
    let mut b = Bench::<1>::new();
    b.connect(request());
    let first = b.silence();
    let second = b.silence();
    assert!(second.from < first.from + INTERVAL);
    assert!(second.until > first.until + INTERVAL);
    assert_eq!(second.channel, 10);
    assert_eq!(b.ended(), (1, 2, false));
}

/// LL-WIDE-2: synchronisation.
#[test]
fn every_anchor_is_synchronised_to_and_the_next_window_is_widened() {
    let mut b = Bench::<1>::new();
    b.connect(request());
    let listen = b.listens();
    let mut anchor = listen.from + Duration::from_us(1_234);
    for n in 0..4 {
        let reply = b.receives(anchor, TxPhy::Le1M, &empty(n % 2, n % 2), true).unwrap();
        b.replies(&reply);
        let next = b.listens();
        assert_eq!(next.from, (anchor + INTERVAL).before(WIDENING));
        assert_eq!(next.until, anchor + INTERVAL + WIDENING);
        // The central's clock is a little fast.
        anchor = next.from + Duration::from_us(1);
    }
}

/// LL-WIDE-1: window widening.
#[test]
fn missed_events_widen_the_window() {
    let mut b = established(|_| ());
    let first = b.silence();
    b.silence();
    let third = b.listens();
    assert_eq!(third.middle(), first.middle() + INTERVAL.times(2));
    // 100 ppm of 90 ms.
    let widening = Duration::from_us(9 + 16);
    assert_eq!(third.from, third.middle().before(widening));
    assert_eq!(b.ended(), (2, 3, false));
}

#[test]
fn an_event_is_prepared_a_millisecond_ahead() {
    let mut b = established(|_| ());
    let listen = b.listens();
    assert_eq!(listen.given, listen.from.before(Duration::from_ms(1)));
}

/// LL-CHAN-1: channel sequence.
#[test]
fn csa1_hops_by_the_increment() {
    let mut b = established(|_| ());
    // Event 0 used channel 5.
    assert_eq!([b.silence().channel, b.silence().channel, b.silence().channel], [10, 15, 20]);
}

/// LL-CONN-2: choice of the channel selection algorithm.
#[test]
fn csa2_is_used_if_both_offer_it() {
    let mut b = Bench::<1>::new();
    b.connect(ConnectInd { ch_sel: true, access_address: 0x8E89_BEE5, ..request() });
    let expected = crate::link::channel::Hopper::two(0x8E89_BEE5);
    for event in 0..6 {
        let channel = b.silence().channel;
        assert_eq!(channel, expected.channel(event, CHANNEL_MAP_ALL));
        assert_eq!(b.ended().0, event);
    }
}

#[test]
fn sn_and_nesn_flip_with_every_good_exchange() {
    let mut b = established(|_| ());
    let bits: Vec<_> =
        [(1, 1), (0, 0), (1, 1)].map(|(sn, nesn)| b.event(&empty(sn, nesn)).bits()).into();
    assert_eq!(bits, [(1, 0, 0), (0, 1, 0), (1, 0, 0)]);
}

/// LL-TIFS-3: the peripheral does answer.
/// LL-NESN-1: acknowledgement.
#[test]
fn a_damaged_packet_is_answered_with_nesn_unchanged() {
    let mut b = established(|_| ());
    let listen = b.listens();
    let reply = b.receives(listen.middle(), TxPhy::Le1M, &empty(1, 1), false).unwrap();
    // Neither its SN nor its acknowledgement count: the last packet again.
    assert_eq!(reply.bits(), (0, 1, 0));
    let end = b.replies(&reply);
    let reply = b.receives(end + T_IFS, TxPhy::Le1M, &empty(1, 1), true).unwrap();
    assert_eq!((reply.bits(), reply.goes_on()), ((1, 0, 0), false));
}

/// LL-EVENT-3: more data.
#[test]
fn two_damaged_packets_in_a_row_close_the_event() {
    let mut b = established(|_| ());
    let anchor = b.listens().middle();
    let reply = b.receives(anchor, TxPhy::Le1M, &empty(1, 1), false).unwrap();
    let end = b.replies(&reply);
    assert_eq!(b.receives(end + T_IFS, TxPhy::Le1M, &empty(1, 1), false), None);
    assert_eq!(b.ended(), (1, 2, true));
    // The anchor counts all the same.
    assert_eq!(b.listens().middle(), anchor + INTERVAL);
}

/// LL-TIFS-2: the peripheral only answers.
#[test]
fn nothing_is_sent_when_nothing_was_heard() {
    let mut b = established(|_| ());
    b.silence();
    assert_eq!(b.command, None);
    assert_eq!(b.ended(), (1, 2, false));
}

/// LL-EVENT-3: more data.
#[test]
fn an_event_goes_on_while_the_central_has_more() {
    let mut b = established(|_| ());
    let anchor = b.listens().middle();
    let more = packet(1, 1, 1, Llid::Start, &[1]);
    let reply = b.receives(anchor, TxPhy::Le1M, &more, true).unwrap();
    assert_eq!((reply.bits(), reply.goes_on()), ((1, 0, 0), true));
    let end = b.replies(&reply);
    let last = packet(0, 0, 0, Llid::Continuation, &[2]);
    let reply = b.receives(end + T_IFS, TxPhy::Le1M, &last, true).unwrap();
    assert_eq!((reply.bits(), reply.goes_on()), ((0, 1, 0), false));
    b.replies(&reply);
    let reports = b.reports();
    let received: Vec<_> = reports
        .iter()
        .map(|report| match report {
            LinkReport::Received { event, llid, payload, at, .. } => {
                (*event, *llid, payload.as_slice(), *at)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let second = (1, Llid::Continuation, [2].as_slice(), end + T_IFS);
    assert_eq!(received, [(1, Llid::Start, [1].as_slice(), anchor), second]);
}

#[test]
fn queued_pdus_set_md_and_are_reported_sent_and_acknowledged() {
    let mut b = established(|_| ());
    b.order(send(7, 70));
    b.order(send(8, 80));
    let anchor = b.listens().middle();
    let reply = b.receives(anchor, TxPhy::Le1M, &empty(1, 1), true).unwrap();
    assert_eq!((reply.bits(), reply.tag, reply.payload.as_slice()), ((1, 0, 1), 7, &[70][..]));
    assert!(reply.goes_on());
    assert_eq!(b.reports(), []);
    let end = b.replies(&reply);
    assert_eq!(b.reports(), [LinkReport::Sent { link: LINK, event: 1, tag: 7 }]);
    let data = packet(0, 0, 0, Llid::Start, &[9]);
    let reply = b.receives(end + T_IFS, TxPhy::Le1M, &data, true).unwrap();
    assert_eq!((reply.bits(), reply.tag, reply.goes_on()), ((0, 1, 0), 8, false));
    let reports = b.reports();
    assert_eq!(reports[0], LinkReport::Acknowledged { link: LINK, event: 1, tag: 7 });
    assert!(matches!(reports[1], LinkReport::Received { event: 1, .. }));
    b.replies(&reply);
    b.event(&empty(1, 1));
    assert_eq!(
        b.reports(),
        [
            LinkReport::Sent { link: LINK, event: 1, tag: 8 },
            LinkReport::Acknowledged { link: LINK, event: 2, tag: 8 },
        ]
    );
}

#[test]
fn an_unacknowledged_pdu_is_sent_again_in_the_next_event() {
    let mut b = established(|_| ());
    b.order(send(7, 70));
    assert_eq!(b.event(&empty(1, 1)).bits(), (1, 0, 0));
    // The central heard nothing: it repeats itself.
    let again = b.event(&empty(1, 1));
    assert_eq!((again.bits(), again.tag), ((1, 0, 0), 7));
    assert_eq!(b.reports(), [LinkReport::Sent { link: LINK, event: 1, tag: 7 }]);
}

/// LL-EVENT-4: room before the next anchor.
#[test]
fn the_event_ends_before_the_next_anchor() {
    let mut b = established(|c| c.interval = 6);
    let mut start = b.listens().middle();
    let (anchor, long) = (start, [0; 255]);
    let (mut sn, mut answers) = (1, 0);
    while let Some(reply) =
        b.receives(start, TxPhy::Le1M, &packet(sn, sn, 1, Llid::Start, &long), true)
    {
        answers += 1;
        let end = b.replies(&reply);
        assert!(end + T_IFS <= anchor + Duration::from_us(7_500));
        if !reply.goes_on() {
            break;
        }
        (start, sn) = (end + T_IFS, 1 - sn);
    }
    assert_eq!(answers, 2);
    assert_eq!(b.listens().middle(), anchor + Duration::from_us(7_500));
}

/// LL-FRAME-1, LL-FRAME-3: what breaks the rules of a data channel PDU is acknowledged all the
/// same, named, and not delivered.
#[test]
fn only_well_formed_pdus_are_delivered() {
    let control = packet(1, 1, 0, Llid::Control, &[7]).header();
    let announcing = |length| AirPdu::from_octets(&[control, length, 7, 8]).unwrap();
    let (reserved, wrong) = (PeerMisbehaved::ReservedLlid, PeerMisbehaved::WrongLength);
    for (pdu, delivered, named) in [
        (packet(1, 1, 0, Llid::Start, &[7]), Some(Llid::Start), None),
        (packet(1, 1, 0, Llid::Continuation, &[7]), Some(Llid::Continuation), None),
        (packet(1, 1, 0, Llid::Control, &[7]), Some(Llid::Control), None),
        (packet(1, 1, 0, Llid::Continuation, &[]), None, None),
        (packet(1, 1, 0, Llid::Control, &[]), Some(Llid::Control), None),
        (packet(1, 1, 0, Llid::Reserved, &[7]), None, Some(reserved)),
        (packet(1, 1, 0, Llid::Reserved, &[]), None, Some(reserved)),
        (announcing(2), Some(Llid::Control), None),
        (announcing(1), None, Some(wrong)),
        (announcing(3), None, Some(wrong)),
    ] {
        let mut b = established(|_| ());
        assert_eq!(b.event(&pdu).bits(), (1, 0, 0), "{pdu:?}");
        let reports = b.reports();
        let found = match reports[..] {
            [] => (None, None),
            [LinkReport::Received { llid, ref payload, .. }] => {
                assert_eq!(payload, pdu.payload());
                (Some(llid), None)
            }
            [LinkReport::Misbehaved { link: Some(LINK), violation }] => (None, Some(violation)),
            _ => panic!("{reports:?}"),
        };
        assert_eq!(found, (delivered, named), "{pdu:?}");
    }
}

#[test]
fn a_repetition_is_not_delivered_twice() {
    let mut b = established(|_| ());
    let data = packet(1, 1, 0, Llid::Start, &[5]);
    b.event(&data);
    assert_eq!(b.reports().len(), 1);
    assert_eq!(b.event(&data).bits(), (1, 0, 0));
    assert_eq!(b.reports(), []);
}

#[test]
fn a_dropped_connection_is_silent() {
    let mut b = established(|_| ());
    let anchor = b.listens().middle();
    b.order(LinkOrder::Drop(LINK));
    assert_eq!(b.command.take(), Some(RadioCommand::Stop));
    assert_eq!(b.receives(anchor, TxPhy::Le1M, &empty(1, 1), true), None);
    assert_eq!((b.link.deadline(), b.reports()), (None, Vec::new()));
}

#[test]
fn a_reply_that_comes_too_late_is_not_given() {
    let mut b = established(|_| ());
    let start = b.listens().middle();
    b.now = start + Duration::from_us(80 + 151);
    assert_eq!(b.receives(start, TxPhy::Le1M, &empty(1, 1), true), None);
    assert_eq!(b.ended(), (1, 2, true));
}

/// LL-EXT-6: connections of extended advertising.
#[test]
fn a_connection_of_extended_advertising_begins_later_and_on_its_phy() {
    for (phy, delay) in [(Phy::Le1M, 2_500), (Phy::Le2M, 2_500), (Phy::LeCoded, 3_750)] {
        let mut link =
            Link::<1>::new(LinkConfig { sleep_clock_ppm: 50, csa2: true }, &Entropy::new([3; 32]));
        let end = ms(20);
        assert!(link.has_room() && link.adopt(request(), None, phy, end) && !link.has_room());
        let connected = link.report();
        let Some(LinkReport::Connected { request, .. }) = connected else {
            panic!("no connection")
        };
        assert!(request.ch_sel, "there is no other algorithm");
        assert_eq!(link.report(), Some(LinkReport::OnPhy { link: LINK, phy }));
        let due = link.deadline().unwrap();
        let _ = link.timer(due);
        let Some(RadioCommand::Receive { from, until, tuning, receiver }) = link.command() else {
            panic!("it listens");
        };
        let window = end + Duration::from_us(delay + 5 * 1_250);
        let widening = Duration::from_us(2 + 16);
        assert!(from <= window && window.since(from) <= widening, "{from:?}");
        assert!(until.since(window + Duration::from_us(3 * 1_250)) <= widening);
        assert_eq!(receiver, Receiver { phy, longest: 27 });
        // Channel Selection Algorithm #2 for this access address; #1 would begin with 5.
        assert_ne!(tuning.channel, 5);
        let pdu = empty(0, 0);
        let (start, end) = (window, window + phy.sent_with(Coding::S8).air_time(0));
        let heard = RadioEvent::Received { start, end, pdu, crc_ok: true, rssi_dbm: 0 };
        let _ = link.radio(end, &heard);
        let Some(RadioCommand::Reply { phy: answered, .. }) = link.command() else {
            panic!("it answers");
        };
        assert_eq!(answered, phy.sent_with(Coding::S8));
    }
}

/// LL-LEN-9: the receiver of the first packet and of those that follow in its event takes as many
/// octets as was ordered last, if that was more than before; a longer packet, which arrives as one
/// with a wrong CRC, is not acknowledged, and its repetition is taken once there is room.
#[test]
fn longer_packets_are_taken_once_they_are_allowed() {
    let limit = |b: &mut Bench<1>, octets| b.order(LinkOrder::Longest { link: LINK, octets });
    let mut b = established(|_| ());
    let long = packet(1, 1, 1, Llid::Start, &[7; 28]);
    let listen = b.listens();
    assert_eq!(listen.longest, 27);
    let refused = b.receives(listen.middle(), TxPhy::Le1M, &long, false).unwrap();
    assert_eq!(refused.bits(), (0, 1, 0));
    // The order may come between two packets of an event.
    b.replies(&refused);
    assert_eq!(b.reports(), []);
    limit(&mut b, 28);
    let start = b.now + T_IFS;
    let taken = b.receives(start, TxPhy::Le1M, &long, true).unwrap();
    assert_eq!(taken.bits(), (1, 0, 0));
    let next = Receiver { phy: Phy::Le1M, longest: 28 };
    assert_eq!(taken.then, AfterTransmit::Receive(next));
    b.replies(&taken);
    assert!(matches!(b.reports()[..], [LinkReport::Received { .. }]));
    b.misses(b.now + T_IFS);
    for (octets, longest) in [(251, 251), (27, 251), (100, 251), (255, 255)] {
        limit(&mut b, octets);
        assert_eq!(b.listens().longest, longest);
    }
}

//! The link stays sound for any event of the radio and any order.

use super::*;
use crate::link::message::NewParameters;
use ble::phy::Coding;
use proptest::prelude::*;

#[test]
fn events_that_belong_to_nothing_are_ignored() {
    let mut b = established(|_| ());
    let listen = b.listens();
    let before = b.link.clone();
    let (early, at) = (listen.from.before(Duration::from_ms(1)), listen.middle());
    let stale = |start: Instant| RadioEvent::Received {
        start,
        end: start + Duration::from_us(80),
        pdu: empty(1, 1),
        crc_ok: true,
        rssi_dbm: 0,
    };
    let _ = b.link.radio(early, &RadioEvent::Missed { at: early });
    let _ = b.link.radio(at, &RadioEvent::Transmitted { start: at, end: at });
    let _ = b.link.radio(at, &stale(early));
    let _ = b.link.radio(at, &stale(at + Duration::from_ms(5)));
    assert_eq!(b.link, before);
}

#[test]
fn a_radio_that_does_not_answer_is_given_up() {
    let mut b = established(|_| ());
    let first = b.listens();
    let second = b.listens();
    assert_eq!(second.middle(), first.middle() + INTERVAL);
    assert_eq!(b.ended(), (1, 2, false));
}

#[test]
fn pdus_without_room_for_them_are_not_acknowledged() {
    let mut b = established(|_| ());
    b.now = b.listens().middle();
    let (mut sn, mut nesn, mut refused, mut start) = (1, 1, 0, b.now);
    let mut octet = 0;
    // Without asking for reports: the central sends PDU after PDU.
    for _ in 0..12 {
        let pdu = packet(sn, nesn, 1, Llid::Start, &[octet]);
        let end = start + Duration::from_us(88);
        let event = RadioEvent::Received { start, end, pdu, crc_ok: true, rssi_dbm: 0 };
        let _ = b.link.radio(end, &event);
        let Some(RadioCommand::Reply { pdu, .. }) = b.link.command() else { panic!("no reply") };
        let header = DataHeader::from_octet(pdu.header());
        if u8::from(header.nesn) == sn {
            refused += 1;
        } else {
            (sn, octet) = (1 - sn, octet + 1);
        }
        nesn = 1 - nesn;
        let from = end + T_IFS;
        start = from + Duration::from_us(80) + T_IFS;
        let sent = RadioEvent::Transmitted { start: from, end: from + Duration::from_us(80) };
        let _ = b.link.radio(from + Duration::from_us(80), &sent);
        b.now = start;
    }
    assert!(refused > 0);
    b.settle();
    let received: Vec<u8> = b
        .reports()
        .iter()
        .filter_map(|report| match report {
            LinkReport::Received { payload, .. } => payload.first().copied(),
            _ => None,
        })
        .collect();
    assert_eq!(received, (0..octet).collect::<Vec<u8>>());
}

/// A step of a random run. Times are in microseconds from now.
#[derive(Clone, Debug)]
enum Step {
    Order(LinkOrder),
    /// The radio reports something that may or may not fit its command.
    Radio {
        after: u32,
        offset: i32,
        kind: u8,
        octets: Vec<u8>,
        crc_ok: bool,
    },
    /// The radio obeys its command and receives these octets, if it listens.
    Obey {
        into: u16,
        octets: Vec<u8>,
        crc_ok: bool,
    },
    /// A central answers the advertising with CONNECT_IND.
    Connect(ConnectInd),
    Timer {
        late: u32,
    },
}

fn any_request() -> impl Strategy<Value = ConnectInd> {
    let numbers = (6u16..100, 0u16..10, 10u16..3_200, 1u8..9, 0u16..100, 0u8..8, any::<bool>());
    numbers.prop_map(|(interval, latency, timeout, win_size, win_offset, sca, ch_sel)| ConnectInd {
        interval,
        latency,
        timeout,
        win_size,
        win_offset,
        sca,
        ch_sel,
        ..request()
    })
}

fn any_parameters() -> impl Strategy<Value = NewParameters> {
    any::<(u8, u16, u16, u16, u16)>().prop_map(
        |(win_size, win_offset, interval, latency, timeout)| NewParameters {
            win_size,
            win_offset,
            interval,
            latency,
            timeout,
        },
    )
}

fn any_order() -> impl Strategy<Value = LinkOrder> {
    let link = prop_oneof![Just(LinkId(0)), Just(LinkId(1)), Just(LinkId(9))];
    let kind = prop_oneof![
        Just(AdvertisingType::ConnectableUndirected),
        Just(AdvertisingType::DirectedHighDuty),
        Just(AdvertisingType::DirectedLowDuty),
        Just(AdvertisingType::ScannableUndirected),
        Just(AdvertisingType::NonConnectable),
    ];
    let rare = prop_oneof![
        Just(LinkOrder::StopAdvertising),
        link.clone().prop_map(LinkOrder::Drop),
        link.clone().prop_map(LinkOrder::Refuse),
    ];
    prop_oneof![
        3 => (kind, any::<u16>(), any::<u8>()).prop_map(|(kind, interval, channel_map)| {
            LinkOrder::Advertise(Advertising { kind, interval, channel_map, ..advertising() })
        }),
        1 => rare,
        4 => (link.clone(), any::<u8>(), 0usize..256).prop_map(|(link, octet, len)| {
            let payload = Payload::from_slice(&[octet].repeat(len)).unwrap_or_default();
            LinkOrder::Send { link, llid: Llid::Start, payload, tag: 1 }
        }),
        1 => (link.clone(), any::<u16>(), any::<u64>()).prop_map(|(link, instant, channel_map)| {
            LinkOrder::ChannelMap { link, instant, channel_map }
        }),
        1 => (link.clone(), 0u16..40, any_phy()).prop_map(|(link, instant, phy)| LinkOrder::Phy {
            link, instant, tx: phy.sent_with(Coding::S8), rx: phy,
        }),
        1 => (link.clone(), any::<u16>()).prop_map(|(link, options)| LinkOrder::Coding {
            link, coding: Coding::preferred(options),
        }),
        1 => (link.clone(), prop_oneof![0u16..40, any::<u16>()], any_parameters()).prop_map(
            |(link, instant, parameters)| LinkOrder::Update { link, instant, parameters },
        ),
        1 => (link, any::<bool>()).prop_map(|(link, on)| LinkOrder::ListenAlways { link, on }),
    ]
}

fn any_phy() -> impl Strategy<Value = Phy> {
    prop_oneof![Just(Phy::Le1M), Just(Phy::Le2M), Just(Phy::LeCoded)]
}

fn any_step() -> impl Strategy<Value = Step> {
    let octets = || proptest::collection::vec(any::<u8>(), 2..40);
    prop_oneof![
        2 => any_order().prop_map(Step::Order),
        2 => (0u32..40_000, -30_000i32..30_000, 0u8..3, octets(), any::<bool>()).prop_map(
            |(after, offset, kind, octets, crc_ok)| {
                Step::Radio { after, offset, kind, octets, crc_ok }
            },
        ),
        8 => (any::<u16>(), octets(), any::<bool>())
            .prop_map(|(into, octets, crc_ok)| Step::Obey { into, octets, crc_ok }),
        2 => any_request().prop_map(Step::Connect),
        6 => prop_oneof![Just(0u32), 0u32..5_000, any::<u32>()]
            .prop_map(|late| Step::Timer { late }),
    ]
}

/// What a radio may report after `command`, with `octets` received if it listens.
fn obey(
    command: &RadioCommand,
    now: Instant,
    into: u16,
    octets: &[u8],
    crc_ok: bool,
) -> RadioEvent {
    let receive = |start: Instant| {
        let pdu = AirPdu::from_octets(octets).unwrap();
        let end = start + TxPhy::Le1M.air_time(pdu.payload_len());
        RadioEvent::Received { start, end, pdu, crc_ok, rssi_dbm: 0 }
    };
    match command {
        RadioCommand::Transmit { at, .. } => {
            RadioEvent::Transmitted { start: *at, end: *at + Duration::from_us(300) }
        }
        RadioCommand::Reply { .. } => {
            let start = now + T_IFS;
            RadioEvent::Transmitted { start, end: start + Duration::from_us(80) }
        }
        RadioCommand::Receive { from, until, .. } => {
            let width = until.since(*from).ticks().max(1);
            receive(*from + Duration::from_ticks(u64::from(into) * 64_000 % width))
        }
        RadioCommand::Stop => receive(now + T_IFS),
    }
}

fn step(b: &mut Bench<2>, step: Step) {
    match step {
        Step::Order(order) => b.order(order),
        Step::Radio { after, offset, kind, octets, crc_ok } => {
            b.now += Duration::from_us(u64::from(after));
            let away = Duration::from_us(u64::from(offset.unsigned_abs()));
            let start = if offset < 0 { b.now.before(away) } else { b.now + away };
            let pdu = AirPdu::from_octets(&octets).unwrap();
            let event = match kind {
                0 => RadioEvent::Missed { at: start },
                1 => RadioEvent::Transmitted { start, end: b.now },
                _ => RadioEvent::Received { start, end: b.now, pdu, crc_ok, rssi_dbm: 0 },
            };
            b.radio(b.now, event);
        }
        Step::Obey { into, octets, crc_ok } => {
            let command = b.command.take().unwrap_or(RadioCommand::Stop);
            let event = obey(&command, b.now, into, &octets, crc_ok);
            let (RadioEvent::Transmitted { end: at, .. }
            | RadioEvent::Received { end: at, .. }
            | RadioEvent::Missed { at }) = event;
            b.radio(at, event);
        }
        Step::Connect(request) => {
            b.requests(connect(request));
        }
        Step::Timer { late } => {
            let deadline = b.link.deadline().unwrap_or(b.now);
            b.now = b.now.max(deadline) + Duration::from_us(u64::from(late));
            let _ = b.link.timer(b.now);
            b.settle();
        }
    }
}

proptest! {
    #[test]
    fn nothing_breaks_the_link(steps in proptest::collection::vec(any_step(), 0..150)) {
        let mut b = Bench::<2>::new();
        b.order(LinkOrder::Advertise(advertising()));
        b.run(b.now + Duration::from_ms(2));
        for each in steps {
            step(&mut b, each);
        }
        // The timer always gets ahead of the present.
        for _ in 0..200 {
            if b.link.deadline().is_none_or(|deadline| deadline > b.now) {
                return Ok(());
            }
            let _ = b.link.timer(b.now);
            b.settle();
        }
        prop_assert!(false, "stuck at {:?}: {:?}", b.now, b.link);
    }
}

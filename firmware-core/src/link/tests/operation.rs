//! Which events of the radio belong to its command, and when the command is given up.

use super::*;
use crate::link::operation::Operation;
use ble::radio::{Receiver, Tuning};

const TUNING: Tuning = Tuning { channel: 5, access_address: 1, crc_init: 2 };
/// What clocks may disagree by.
const SLACK: Duration = Duration::from_us(50);
const LITTLE: Duration = Duration::from_us(1);
/// Far later than anything here.
const LATE: Instant = Instant::from_us(1_000_000);

fn us(us: u64) -> Instant {
    Instant::from_us(us)
}

fn received(start: Instant, end: Instant) -> RadioEvent {
    RadioEvent::Received { start, end, pdu: empty(0, 0), crc_ok: true, rssi_dbm: 0 }
}

fn listening() -> Operation {
    let (from, until) = (us(1_000), us(2_000));
    Operation::of(
        us(0),
        &RadioCommand::Receive { from, until, tuning: TUNING, receiver: Receiver::any(Phy::Le1M) },
    )
}

fn replying(then: AfterTransmit) -> Operation {
    let (phy, pdu) = (TxPhy::Le1M, empty(0, 0));
    Operation::of(us(1_000), &RadioCommand::Reply { phy, pdu, tag: 0, then })
}

fn advertising(then: AfterTransmit) -> Operation {
    let (phy, pdu) = (TxPhy::Le1M, empty(0, 0));
    let command = RadioCommand::Transmit { at: us(1_000), tuning: TUNING, phy, pdu, tag: 0, then };
    Operation::of(us(0), &command)
}

/// Listening after a packet that ended at 1 ms.
fn awaiting(phy: Phy) -> Operation {
    let mut operation = advertising(AfterTransmit::Receive(Receiver::any(phy)));
    operation.advance(&RadioEvent::Transmitted { start: us(920), end: us(1_000) });
    operation
}

#[test]
fn a_packet_counts_if_it_starts_in_the_window() {
    let starts = [us(1_000).before(SLACK), us(1_000), us(1_500), us(2_000), us(2_000) + SLACK];
    for start in starts {
        let end = start + Duration::from_us(80);
        assert!(listening().expects(end, &received(start, end)), "{start:?}");
    }
    for start in [us(1_000).before(SLACK + LITTLE), us(2_000) + SLACK + LITTLE] {
        let end = start + Duration::from_us(80);
        assert!(!listening().expects(end, &received(start, end)), "{start:?}");
    }
}

#[test]
fn no_packet_ends_before_it_starts_or_after_now() {
    let start = us(1_500);
    let now = us(1_580);
    for (end, expected) in [
        (start, true),
        (start.before(LITTLE), false),
        (now, true),
        (now + SLACK, true),
        (now + SLACK + LITTLE, false),
    ] {
        assert_eq!(listening().expects(now, &received(start, end)), expected, "{end:?}");
    }
}

#[test]
fn silence_is_reported_after_listening_has_begun() {
    for operation in [listening(), awaiting(Phy::Le1M)] {
        for (at, expected) in [
            (us(1_000).before(SLACK + LITTLE), false),
            (us(1_000).before(SLACK), true),
            (us(1_000), true),
            (us(9_000), true),
        ] {
            assert_eq!(operation.expects(LATE, &RadioEvent::Missed { at }), expected, "{at:?}");
        }
    }
}

/// Each operation leads to its own events and to no others.
#[test]
fn events_of_another_kind_are_leftovers() {
    let (start, end) = (us(1_500), us(1_580));
    let sent = RadioEvent::Transmitted { start, end };
    let heard = received(start, end);
    let missed = RadioEvent::Missed { at: start };
    for (operation, leads_to) in [
        (Operation::Idle, [false, false, false]),
        (listening(), [false, true, true]),
        (replying(AfterTransmit::Stop), [true, false, false]),
        (advertising(AfterTransmit::Stop), [true, false, false]),
        (awaiting(Phy::Le1M), [false, true, true]),
        (Operation::of(us(0), &RadioCommand::Stop), [false, false, false]),
    ] {
        let expected = [&sent, &heard, &missed].map(|event| operation.expects(LATE, event));
        assert_eq!(expected, leads_to, "{operation:?}");
    }
    // What left before the packet was ordered is another one.
    let start = us(1_000).before(SLACK + LITTLE);
    let before = RadioEvent::Transmitted { start, end: us(1_000) };
    assert!(!replying(AfterTransmit::Stop).expects(LATE, &before));
    assert!(!advertising(AfterTransmit::Stop).expects(LATE, &before));
}

#[test]
fn only_what_was_sent_to_be_answered_is_followed_by_listening() {
    let sent = RadioEvent::Transmitted { start: us(1_150), end: us(1_230) };
    for phy in [Phy::Le1M, Phy::LeCoded] {
        let mut operation = replying(AfterTransmit::Receive(Receiver::any(phy)));
        operation.advance(&sent);
        assert_eq!(operation, Operation::Awaiting { from: us(1_230), phy });
        operation.advance(&received(us(1_380), us(1_460)));
        assert_eq!(operation, Operation::Idle);
    }
    let mut operation = replying(AfterTransmit::Stop);
    operation.advance(&sent);
    assert_eq!(operation, Operation::Idle);
    for event in [received(us(1_500), us(1_580)), RadioEvent::Missed { at: us(2_000) }] {
        let mut operation = listening();
        operation.advance(&event);
        assert_eq!(operation, Operation::Idle);
    }
}

/// Half a millisecond after the longest packet that may have begun would be over: 255 octets are
/// 2,120 µs on LE 1M and 17,040 µs on LE Coded.
#[test]
fn a_radio_is_given_up_when_it_must_have_answered() {
    let patience = Duration::from_us(500);
    assert_eq!(Operation::Idle.overdue(), None);
    assert_eq!(listening().overdue(), Some(us(2_000 + 2_120) + patience));
    // An empty PDU lasts 80 µs.
    let then = AfterTransmit::Stop;
    assert_eq!(advertising(then).overdue(), Some(us(1_000 + 80) + patience));
    assert_eq!(replying(then).overdue(), Some(us(1_000 + 150 + 80) + patience));
    for (phy, longest) in [(Phy::Le1M, 2_120), (Phy::Le2M, 1_064), (Phy::LeCoded, 17_040)] {
        let overdue = us(1_000 + 150 + longest) + patience;
        assert_eq!(awaiting(phy).overdue(), Some(overdue), "{phy:?}");
    }
}

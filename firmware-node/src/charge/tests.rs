//! Against times and charges that were worked out by hand, with the DC/DC regulator.

use ble::radio::{AirPdu, Receiver, Tuning};
use bletwin_sim::charge::{Regulator, Times};

use super::*;

const ADVERTISING: Tuning =
    Tuning { channel: 37, access_address: 0x8E89_BED6, crc_init: 0x55_5555 };
const DATA: Tuning = Tuning { channel: 5, access_address: 0x1234_5678, crc_init: 0x12_3456 };

fn at(us: u64) -> Instant {
    Instant::from_us(us)
}

fn us(us: u64) -> Duration {
    Duration::from_us(us)
}

fn on() -> Meter {
    let mut meter = Meter::default();
    meter.power_up(Instant::ZERO);
    meter
}

fn listening(phy: Phy) -> AfterTransmit {
    AfterTransmit::Receive(Receiver::any(phy))
}

fn is(times: &Times, expected: &[(Draw, u64)]) {
    for draw in Draw::ALL {
        let us = expected.iter().find(|(what, _)| *what == draw).map_or(0, |(_, us)| *us);
        assert_eq!(times.of(draw).as_us(), us, "{draw:?} in {times:?}");
    }
}

/// Three ADV_IND of 280 µs, 500 µs apart, and nobody answers: on each channel 40 µs of ramp-up,
/// 286 µs until the transmitter is off, 40 µs of ramp-up, and from 146 to 200 µs after the packet a
/// receiver. The crystal is on from a millisecond before the first to the end of the last.
#[test]
fn an_advertising_event_on_three_channels() {
    let mut meter = on();
    for (n, ordered) in [9_000_u64, 10_480, 10_980].into_iter().enumerate() {
        let start = 10_000 + 500 * n as u64;
        let (pdu, phy) = (AirPdu::default(), TxPhy::Le1M);
        let command = RadioCommand::Transmit {
            at: at(start),
            tuning: ADVERTISING,
            phy,
            pdu,
            tag: 0,
            then: listening(Phy::Le1M),
        };
        meter.commanded(at(ordered), &command);
        let end = at(start + 280);
        meter.heard(end, &RadioEvent::Transmitted { start: at(start), end });
        let missed = at(start + 480);
        meter.heard(missed, &RadioEvent::Missed { at: missed });
    }
    let spent = meter.spent(at(1_000_000));
    // The crystal is on for 2,480 µs, for 420 of each 500 µs with the radio.
    let busy = 3 * (40 + 286 + 40 + 54);
    is(
        &spent.advertising,
        &[
            (Draw::SendsSoon, 120),
            (Draw::Sends(Phy::Le1M), 858),
            (Draw::ListensSoon, 120),
            (Draw::Listens(Phy::Le1M), 162),
            (Draw::CrystalStarts, 616),
            (Draw::CrystalRuns, 2_480 - busy - 616),
            (Draw::Sleeps, 1_000_000 - 2_480),
        ],
    );
    is(&spent.connected, &[]);
    // 120 · 6.8 + 858 · 6.4 + 120 · 5.36 + 162 · 6.26 + 616 · 0.58 + 604 · 0.823 nC, and
    // 997,520 µs of 3.16 µA.
    let radio = 816_000 + 5_491_200 + 643_200 + 1_014_120;
    let picocoulombs = radio + 357_280 + 604 * 823 + 997_520 * 316 / 100;
    assert_eq!(spent.whole().nanocoulombs(Regulator::DcDc), (picocoulombs + 500) / 1_000);
}

/// An event of two empty PDUs: the receiver is on 30 µs before, hears 80 µs (2M: 44 µs) and learns
/// of the end 9.4 µs (5 µs) later; the transmitter sends as long and is off 6 µs (4 µs) later.
#[test]
fn a_connection_event_of_two_empty_pdus() {
    for (phy, air, heard, sent) in [(Phy::Le1M, 80, 1_194, 86), (Phy::Le2M, 44, 790, 48)] {
        let mut meter = on();
        let receiver = Receiver::any(phy);
        let (from, until) = (at(9_970), at(10_030));
        let command = RadioCommand::Receive { from, until, tuning: DATA, receiver };
        meter.commanded(at(8_970), &command);
        let end = at(10_000 + air);
        let (start, pdu) = (at(10_000), AirPdu::default());
        let event = RadioEvent::Received { start, end, pdu, crc_ok: true, rssi_dbm: -50 };
        meter.heard(end, &event);
        // What the radio's interrupt does is done by the crystal, and nothing else is.
        meter.works(Level::Radio, end, us(40));
        let as_heard = match phy {
            Phy::Le2M => TxPhy::Le2M,
            _ => TxPhy::Le1M,
        };
        let (pdu, then) = (AirPdu::default(), AfterTransmit::Stop);
        meter.commanded(end, &RadioCommand::Reply { phy: as_heard, pdu, tag: 0, then });
        let (start, over) = (end + us(150), end + us(150 + air));
        meter.heard(over, &RadioEvent::Transmitted { start, end: over });
        meter.works(Level::Control, over, us(100));
        let spent = meter.spent(at(1_000_000));
        let crystal = over.since(at(8_970)).as_us();
        let connected = &spent.connected;
        let times = |draw| connected.of(draw).as_us();
        let listens = connected.of(Draw::Listens(phy));
        assert_eq!(listens.ticks(), heard * 6_400, "tenths of a µs");
        assert_eq!(times(Draw::Sends(phy)), sent);
        assert_eq!((times(Draw::SendsSoon), times(Draw::ListensSoon)), (40, 40));
        // 119.4 µs (79 µs) of 6.26 mA (6.86 mA), 86 µs (48 µs) of 6.4 mA; 40 µs of 6.8 mA, and of
        // 5.36 mA.
        let radio = [Draw::Listens(phy), Draw::Sends(phy), Draw::SendsSoon, Draw::ListensSoon];
        let took = radio.map(|draw| connected.nanocoulombs_of(draw, Regulator::DcDc));
        assert_eq!(took, [if phy == Phy::Le1M { 747 } else { 542 }, sent * 64 / 10, 272, 214]);
        assert_eq!(times(Draw::Works), 140);
        assert_eq!(times(Draw::CrystalStarts), 616);
        let rest = crystal - 616 - 40 - 40 - 40 - sent;
        assert_eq!(connected.of(Draw::CrystalRuns), us(rest).saturating_sub(listens));
        let rest = 1_000_000 - 8_970 - crystal - 100;
        assert_eq!(times(Draw::Sleeps), rest);
        assert_eq!(spent.advertising.of(Draw::Sleeps).as_us(), 8_970);
    }
}

/// A receiver that is called off was on until then, and a packet that nothing follows is the last.
#[test]
fn what_is_called_off_counts_until_then() {
    let mut meter = on();
    let receiver = Receiver::any(Phy::LeCoded);
    let (from, until) = (at(1_000), at(9_000));
    meter.commanded(at(0), &RadioCommand::Receive { from, until, tuning: DATA, receiver });
    meter.commanded(at(3_000), &RadioCommand::Stop);
    let spent = meter.spent(at(10_000));
    let expected = [
        (Draw::ListensSoon, 40),
        (Draw::Listens(Phy::LeCoded), 2_000),
        (Draw::CrystalStarts, 616),
        (Draw::CrystalRuns, 3_000 - 2_040 - 616),
        (Draw::Sleeps, 7_000),
    ];
    is(&spent.connected, &expected);
}

/// 4.0 mA for a word of 41 µs is 164 nC; without power nothing is.
#[test]
fn flash_costs_while_it_is_changed_and_nothing_without_power() {
    let mut meter = on();
    meter.changed_flash(Draw::Writes, us(41));
    meter.power_fails(at(1_000));
    meter.power_up(at(500_000));
    let whole = meter.spent(at(501_000)).whole();
    is(&whole, &[(Draw::Writes, 41), (Draw::Sleeps, 1_959)]);
    assert_eq!(whole.nanocoulombs_of(Draw::Writes, Regulator::DcDc), 164);
}

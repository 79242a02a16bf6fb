//! The long wait for connEventCount to come near its end: half an hour of idle events, nearly all
//! of which are [left out](bletwin_sim::world::World::leap). Now and then some are played, so that
//! no silence is too long for who reads the records: even numbers of events are left out between,
//! and sequence numbers go on.

use ble::time::{Duration, Instant};
use bletwin_oracle as oracle;
use bletwin_sim::record::Record;

use crate::case::Clocks;
use crate::live::{Live, Tape};
use crate::watch::CENTRAL;

/// connEventCount of event 0 of the run proper.
const TARGET: u64 = 65_528;
/// Where events are counted once more, by the rules of the air. All are played from there on.
const RECOUNT: u64 = TARGET - 40;
/// Maximum number of events left out between two that are played; at the shortest interval shorter
/// than the supervision timeout.
const GAP: u64 = 510;
/// Events that are played between two gaps.
const BETWEEN: u64 = 2;
/// How far the central's clock may drift in a gap, µs: an observer that counts events takes one
/// that is 2 ms early for the one before.
const ASTRAY_MAX: u64 = 1_800;

/// Waits. `false` if the link was lost or a rule was broken.
pub(super) fn wait(live: &mut Live, tape: &mut Tape, clocks: Clocks) -> bool {
    let (mut counted, mut played) = (events(tape), 0);
    let mut anchor = live.watch.anchor;
    while counted + 1 < TARGET {
        if live.watch.is_over() || live.next_event().is_none() {
            return false;
        }
        if played >= BETWEEN {
            let most = gap(live.watch.interval(), clocks).min(RECOUNT.saturating_sub(counted + 1));
            let left_out = live.world.leap(Instant::MAX, most);
            counted += left_out;
            played = if left_out > 0 { 0 } else { played };
        }
        live.step(tape);
        if live.watch.anchor > anchor {
            anchor = live.watch.anchor;
            (counted, played) = (counted + 1, played + 1);
            if counted == RECOUNT {
                // A change of the interval may have hidden an event.
                counted = events(tape);
            }
        }
    }
    oracle::judge(&bletwin_sim::view(tape)).is_empty() && events(tape) + 1 == TARGET
}

/// Events left out between two that are played.
fn gap(interval: Duration, clocks: Clocks) -> u64 {
    let astray_ppm = u64::from(clocks.central.unsigned_abs()) + 1;
    let astray = interval.as_us().max(1) * astray_ppm;
    (ASTRAY_MAX * 1_000_000 / astray).min(GAP)
}

/// Connection events that began on the tape.
fn events(tape: &[Record]) -> u64 {
    let items = bletwin_sim::sniffer::sniff(tape);
    let last = items.iter().rev().find(|item| item.from == CENTRAL && item.event.is_some());
    last.and_then(|item| item.event).map_or(0, u64::from)
}

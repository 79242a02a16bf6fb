//! The long wait for connEventCount to come near its end: half an hour of idle events, judged as
//! a whole once. Of its records an excerpt is kept, which a judge reads as it would read all: an
//! event here and there, even numbers of them left out between, so that sequence numbers go on and
//! no silence is too long.

use ble::time::Duration;
use bletwin_oracle as oracle;
use bletwin_sim::record::{Record, RecordKind};

use crate::case::Clocks;
use crate::live::{Live, Tape};
use crate::watch::CENTRAL;

/// connEventCount of event 0 of the run proper.
const TARGET: u64 = 65_528;
/// Where events are counted once more, by the rules of the air.
const RECOUNT: u64 = TARGET - 40;
/// Maximum number of events skipped between two that are kept; even, and shorter than the
/// supervision timeout.
const GAP: u64 = 510;
/// How far the central's clock may drift in a gap, µs: an observer that counts events takes one
/// that is 2 ms early for the one before.
const ASTRAY_MAX: u64 = 1_800;

/// Waits, and leaves an excerpt on the tape. `false` if the link was lost or a rule was broken.
pub(super) fn wait(live: &mut Live, tape: &mut Tape, clocks: Clocks) -> bool {
    let mut counted = events(tape);
    let mut all = tape.clone();
    let mut cut = Cut { skipped: 0, held: None };
    let mut event = Tape::new();
    let mut anchor = live.watch.anchor;
    while counted + 1 < TARGET {
        if live.watch.is_over() || live.next_event().is_none() {
            return false;
        }
        let at = event.len();
        live.step(&mut event);
        if live.watch.anchor > anchor {
            // The packet that has begun an event is the first of the next excerpt.
            anchor = live.watch.anchor;
            counted += 1;
            let rest = event.split_off(at);
            all.extend(event.iter().cloned());
            if counted == RECOUNT {
                // A change of the interval may have hidden an event.
                counted = events(&all) + 1;
            }
            let gap = gap(live.watch.interval(), clocks);
            cut.take(std::mem::replace(&mut event, rest), gap, tape);
        }
    }
    all.extend(event.iter().cloned());
    cut.flush(tape);
    tape.append(&mut event);
    oracle::judge(&bletwin_sim::view(&all)).is_empty() && events(tape) + 1 == TARGET
}

/// Events left out between two that are kept.
fn gap(interval: Duration, clocks: Clocks) -> u64 {
    let astray_ppm = u64::from(clocks.central.unsigned_abs()) + 1;
    let astray = interval.as_us().max(1) * astray_ppm;
    (ASTRAY_MAX * 1_000_000 / astray).min(GAP) & !1
}

/// Connection events that began on the tape.
fn events(tape: &[Record]) -> u64 {
    let items = bletwin_sim::sniffer::sniff(tape);
    let last = items.iter().rev().find(|item| item.from == CENTRAL && item.event.is_some());
    last.and_then(|item| item.event).map_or(0, u64::from)
}

struct Cut {
    skipped: u64,
    /// An idle event, left out together with the next if that is idle too.
    held: Option<Tape>,
}

impl Cut {
    fn take(&mut self, event: Tape, gap: u64, tape: &mut Tape) {
        let may_go = is_idle(&event) && self.skipped < gap;
        match (self.held.take(), may_go) {
            (Some(_), true) => self.skipped += 2,
            (None, true) => self.held = Some(event),
            (held, false) => {
                tape.extend(held.into_iter().flatten());
                tape.extend(event);
                self.skipped = 0;
            }
        }
    }

    fn flush(&mut self, tape: &mut Tape) {
        tape.extend(self.held.take().into_iter().flatten());
    }
}

/// One empty packet each way, both heard.
fn is_idle(event: &[Record]) -> bool {
    let empty = |record: &Record| match &record.kind {
        RecordKind::AirTx(tx) => tx.pdu.payload_len() == 0,
        RecordKind::AirRx { .. } => true,
        _ => false,
    };
    event.len() == 4 && event.iter().all(empty)
}

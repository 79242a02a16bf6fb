//! Time without the radio for somebody who waits for it.

use super::*;
use crate::link::{EARLY, GIVES_UP};

/// 7.5 ms.
const SHORT: u16 = 6;

fn us(us: u64) -> Duration {
    Duration::from_us(us)
}

/// A central that has more data in every event, whatever was sent.
struct Busy {
    bench: Bench<1>,
    sn: u8,
    /// Anchors of the events that this device listened to.
    anchors: Vec<Instant>,
}

impl Busy {
    fn new(interval: u16, timeout: u16) -> Self {
        let bench = established(|c| (c.interval, c.timeout) = (interval, timeout));
        Self { bench, sn: 1, anchors: Vec::new() }
    }

    /// Plays an event: how often this device has answered.
    fn event(&mut self) -> usize {
        let b = &mut self.bench;
        let mut start = b.listens().middle();
        self.anchors.push(start);
        for answers in 0.. {
            let pdu = packet(self.sn, self.sn, 1, Llid::Start, &[7; 20]);
            let Some(reply) = b.receives(start, TxPhy::Le1M, &pdu, true) else { return answers };
            self.sn ^= 1;
            let end = b.replies(&reply);
            if !reply.goes_on() {
                return answers + 1;
            }
            start = end + T_IFS;
        }
        0
    }

    fn events(&mut self, count: usize) {
        for _ in 0..count {
            self.event();
        }
    }

    /// Events missed before each that was played, beside the first.
    fn missed(&self, interval: Duration) -> Vec<u64> {
        let pairs = self.anchors.windows(2);
        pairs.map(|pair| pair[1].since(pair[0]).ticks() / interval.ticks() - 1).collect()
    }

    fn waits(&mut self, waits: bool) {
        self.bench.link.wait_for_gap(self.bench.now, waits);
    }
}

/// LL-EVENT-4: an event goes on until T_IFS before the next, if nobody waits.
#[test]
fn nothing_is_given_up_without_need() {
    let mut busy = Busy::new(SHORT, 42);
    for _ in 0..50 {
        assert!(busy.event() > 8);
        // There was a gap after all, each time soon enough.
        busy.waits(true);
        busy.waits(false);
    }
    assert!(busy.missed(us(7_500)).iter().all(|missed| *missed == 0));
}

#[test]
fn events_end_early_for_who_has_waited() {
    let mut busy = Busy::new(SHORT, 42);
    busy.event();
    busy.waits(true);
    let since = busy.bench.now;
    let (mut full, mut early) = (0, 0);
    while busy.bench.now < since + (GIVES_UP - us(9_000)) {
        let answers = busy.event();
        let waited = busy.bench.now.since(since);
        match answers {
            1 => early += u32::from(waited >= EARLY),
            _ => full += u32::from(answers > 8 && waited < EARLY + us(7_500)),
        }
    }
    assert!(full >= 3 && early >= 2, "{full} {early}");
    assert!(busy.missed(us(7_500)).iter().all(|missed| *missed == 0));
    busy.waits(false);
    assert!(busy.event() > 8, "as before");
}

/// If that does not help, an event is given up, and never two in a row.
#[test]
fn an_event_is_given_up_for_who_has_waited_longer() {
    let mut busy = Busy::new(SHORT, 42);
    busy.event();
    busy.waits(true);
    let since = busy.bench.now;
    busy.events(30);
    let missed = busy.missed(us(7_500));
    let first = missed.iter().position(|missed| *missed > 0).expect("one is given up");
    assert!(busy.anchors[first + 1] >= since + GIVES_UP, "not before");
    assert!(busy.anchors[first] < since + GIVES_UP + us(7_500), "and no later");
    assert!(missed.iter().all(|missed| *missed <= 1), "{missed:?}");
    // Who has had a gap waits anew.
    busy.waits(false);
    busy.waits(true);
    busy.anchors.clear();
    busy.events(6);
    assert!(busy.missed(us(7_500)).iter().all(|missed| *missed == 0));
}

/// LL-SUP-1: of a connection that supervision would end four events later nothing is given up.
#[test]
fn supervision_is_never_risked() {
    // 40 ms and 190 ms: another one leaves less than four.
    for (timeout, gives_up) in [(19, false), (30, true)] {
        let mut busy = Busy::new(32, timeout);
        busy.event();
        busy.waits(true);
        busy.events(20);
        let missed = busy.missed(us(40_000));
        assert_eq!(missed.contains(&1), gives_up, "{timeout}: {missed:?}");
    }
}

/// LL-SUP-2: nor is any before the connection is established.
#[test]
fn a_new_connection_is_listened_to() {
    let mut b = Bench::<1>::new();
    b.link.wait_for_gap(b.now, true);
    b.now += Duration::from_secs(1);
    b.connect(ConnectInd { interval: SHORT, ..request() });
    let anchor = b.silence().from;
    assert!(b.silence().from < anchor + us(7_500 + 100));
}

//! When a connection is lost.

use super::*;
use crate::link::message::Loss;

fn lost(b: &mut Bench<1>) -> (Loss, Instant) {
    for _ in 0..100 {
        let reports = b.reports();
        if let [LinkReport::Lost { link: LINK, loss }] = reports[..] {
            assert_eq!(b.link.deadline(), None);
            return (loss, b.reported);
        }
        assert_eq!(reports, []);
        if let Some(RadioCommand::Receive { until, .. }) = b.run(b.now + Duration::from_secs(1)) {
            let at = until + Duration::from_us(40);
            if b.link.deadline().is_none_or(|deadline| at < deadline) {
                b.misses(at);
            }
        }
    }
    panic!("never lost")
}

/// LL-SUP-2: six intervals.
#[test]
fn a_connection_that_is_never_established_lasts_six_intervals() {
    let mut b = Bench::new();
    let end = b.connect(request());
    assert_eq!(lost(&mut b), (Loss::FailedToEstablish, end + INTERVAL.times(6)));
}

/// LL-SUP-1: supervision.
#[test]
fn an_established_connection_lasts_for_the_supervision_timeout() {
    let mut b = established(|_| ());
    let anchor = b.listens().middle();
    let reply = b.receives(anchor, TxPhy::Le1M, &empty(1, 1), true).unwrap();
    b.replies(&reply);
    let end = anchor + Duration::from_us(80);
    assert_eq!(lost(&mut b), (Loss::SupervisionTimeout, end + Duration::from_ms(420)));
}

/// LL-SUP-1: supervision.
#[test]
fn damaged_packets_do_not_keep_a_connection_alive() {
    let mut b = established(|_| ());
    let established_at = b.now;
    for _ in 0..5 {
        let listen = b.listens();
        let reply = b.receives(listen.middle(), TxPhy::Le1M, &empty(1, 1), false).unwrap();
        let end = b.replies(&reply);
        b.misses(end + Duration::from_us(200));
    }
    let (loss, at) = lost(&mut b);
    assert_eq!(loss, Loss::SupervisionTimeout);
    assert!(at < established_at + Duration::from_ms(421));
}

#[test]
fn a_damaged_packet_does_not_establish() {
    let mut b = Bench::new();
    let end = b.connect(request());
    let listen = b.listens();
    let reply = b.receives(listen.middle(), TxPhy::Le1M, &empty(0, 0), false).unwrap();
    let last = b.replies(&reply);
    b.misses(last + Duration::from_us(200));
    assert_eq!(lost(&mut b), (Loss::FailedToEstablish, end + INTERVAL.times(6)));
}

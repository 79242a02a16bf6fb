//! LL-CTRL-4, LL-LEN-3: each field of a control PDU at both ends of its range.

use ble::pdu::control::{ConnectionParam, ConnectionUpdate, DataLength};
use ble::phy::PhySet;

use super::broken::LENGTH;
use super::procedures::*;
use super::*;

/// A change, its name, and whether all values stay in range.
type Case<T> = (&'static str, fn(&mut T), bool);

/// Checks that a change of a PDU is accepted or not.
fn check<T: Copy>(
    rule: &'static str,
    by: Role,
    fair: T,
    pdu: fn(T) -> ControlPdu,
    cases: &[Case<T>],
) {
    for (name, edit, good) in cases {
        let mut fields = fair;
        edit(&mut fields);
        let named = Script::new().say(by, pdu(fields)).named();
        assert_eq!(named.contains(&(rule, by)), !good, "{name}: {named:?}");
    }
}

/// 20 ms, 1 s.
#[test]
fn the_fields_of_a_connection_update_have_their_ranges() {
    let fair = ConnectionUpdate {
        win_size: 1,
        win_offset: 0,
        interval: 16,
        latency: 0,
        timeout: 100,
        instant: 30,
    };
    check(
        "LL-CTRL-4",
        C,
        fair,
        ControlPdu::ConnectionUpdateInd,
        &[
            ("fair", |_| {}, true),
            ("interval 6", |u| (u.interval, u.win_size) = (6, 5), true),
            ("interval 5", |u| (u.interval, u.win_size) = (5, 1), false),
            ("interval 3200", |u| (u.interval, u.timeout) = (3_200, 3_200), true),
            ("interval 3201", |u| (u.interval, u.timeout) = (3_201, 3_200), false),
            ("latency 499", |u| (u.interval, u.latency, u.timeout) = (6, 499, 751), true),
            ("latency 500", |u| (u.interval, u.latency, u.timeout) = (6, 500, 3_200), false),
            ("timeout 10", |u| (u.interval, u.timeout) = (6, 10), true),
            ("timeout 9", |u| (u.interval, u.timeout) = (6, 9), false),
            ("timeout 3201", |u| u.timeout = 3_201, false),
            ("two intervals", |u| u.timeout = 4, false),
            ("two intervals of 40 and 10 ms", |u| (u.interval, u.timeout) = (64, 17), true),
            ("two intervals of 40 ms", |u| (u.interval, u.timeout) = (64, 16), false),
            ("with latency 1", |u| (u.interval, u.latency, u.timeout) = (64, 1, 33), true),
            ("twice that", |u| (u.interval, u.latency, u.timeout) = (64, 1, 32), false),
            ("window 8", |u| u.win_size = 8, true),
            ("window 9", |u| u.win_size = 9, false),
            ("no window", |u| u.win_size = 0, false),
            ("window of the interval", |u| (u.interval, u.win_size) = (8, 8), false),
            ("window below the interval", |u| (u.interval, u.win_size) = (8, 7), true),
        ],
    );
}

#[test]
fn the_fields_of_a_parameter_request_have_their_ranges() {
    let fair = ConnectionParam {
        interval_min: 8,
        interval_max: 16,
        latency: 0,
        timeout: 100,
        preferred_periodicity: 0,
        reference_conn_event_count: 0,
        offsets: [0xFFFF; 6],
    };
    let cases: [Case<ConnectionParam>; 8] = [
        ("fair", |_| {}, true),
        ("one interval", |p| p.interval_min = 16, true),
        ("the wrong way round", |p| p.interval_min = 17, false),
        ("6", |p| p.interval_min = 6, true),
        ("5", |p| p.interval_min = 5, false),
        ("3201", |p| (p.interval_max, p.timeout) = (3_201, 3_200), false),
        ("the longer interval counts", |p| (p.interval_max, p.timeout) = (64, 16), false),
        ("the latency counts", |p| (p.latency, p.timeout) = (24, 100), false),
    ];
    for by in [C, P] {
        check("LL-CTRL-4", by, fair, ControlPdu::ConnectionParamReq, &cases);
    }
    let answered = |edit: fn(&mut ConnectionParam)| {
        let mut param = fair;
        edit(&mut param);
        all(&[(C, PARAM_REQ), (P, ControlPdu::ConnectionParamRsp(param))]).named()
    };
    assert_eq!(answered(|_| {}), BTreeSet::new());
    assert_eq!(answered(|p| p.interval_min = 5), breaks("LL-CTRL-4", P));
}

#[test]
fn maps_have_two_channels_and_sets_of_phys_one_that_is_known() {
    let map = |channel_map| ControlPdu::ChannelMapInd { channel_map, instant: 30 };
    check(
        "LL-CTRL-4",
        C,
        0,
        map,
        &[
            ("two", |m| *m = 1 | 1 << 36, true),
            ("one", |m| *m = 1 << 36, false),
            ("one and one that is none", |m| *m = 1 | 1 << 37, false),
        ],
    );
    let sets = |(tx, rx)| ControlPdu::PhyReq { tx: PhySet(tx), rx: PhySet(rx) };
    let cases: [Case<(u8, u8)>; 6] = [
        ("all", |s| *s = (7, 7), true),
        ("coded", |s| *s = (4, 1), true),
        ("no PHY to send on", |s| *s = (0, 1), false),
        ("no PHY to receive on", |s| *s = (1, 0), false),
        ("unknown to send on", |s| *s = (8, 1), false),
        ("unknown to receive on", |s| *s = (1, 8), false),
    ];
    check("LL-CTRL-4", C, (0, 0), sets, &cases);
    check("LL-CTRL-4", P, (0, 0), sets, &cases);
    let set = |(c_to_p, p_to_c)| {
        let (c_to_p, p_to_c) = (PhySet(c_to_p), PhySet(p_to_c));
        ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant: 30 }
    };
    for ((c_to_p, p_to_c), good) in
        [((1, 0), true), ((0, 4), true), ((3, 1), false), ((1, 3), false), ((0, 0), true)]
    {
        let named = all(&[(P, PHY_REQ), (C, set((c_to_p, p_to_c)))]).named();
        assert_eq!(named.contains(&("LL-CTRL-4", C)), !good, "{c_to_p} {p_to_c}");
    }
    let used = |(phys, min_used_channels)| ControlPdu::MinUsedChannelsInd {
        phys: PhySet(phys),
        min_used_channels,
    };
    check(
        "LL-CTRL-4",
        P,
        (1, 2),
        used,
        &[
            ("two", |_| {}, true),
            ("one", |u| u.1 = 1, false),
            ("37", |u| u.1 = 37, true),
            ("38", |u| u.1 = 38, false),
            ("coded", |u| u.0 = 4, true),
            ("none", |u| u.0 = 0, false),
            ("unknown", |u| u.0 = 8, false),
        ],
    );
}

#[test]
fn lengths_have_their_ranges() {
    let cases: [Case<DataLength>; 13] = [
        ("fair", |_| {}, true),
        ("27", |l| (l.max_rx_octets, l.max_tx_octets) = (27, 27), true),
        ("26 to receive", |l| l.max_rx_octets = 26, false),
        ("26 to send", |l| l.max_tx_octets = 26, false),
        ("251", |l| (l.max_rx_octets, l.max_tx_octets) = (251, 251), true),
        ("252 to receive", |l| l.max_rx_octets = 252, false),
        ("252 to send", |l| l.max_tx_octets = 252, false),
        ("328", |l| (l.max_rx_time, l.max_tx_time) = (328, 328), true),
        ("327 to receive", |l| l.max_rx_time = 327, false),
        ("327 to send", |l| l.max_tx_time = 327, false),
        ("17040", |l| (l.max_rx_time, l.max_tx_time) = (17_040, 17_040), true),
        ("17041 to receive", |l| l.max_rx_time = 17_041, false),
        ("17041 to send", |l| l.max_tx_time = 17_041, false),
    ];
    for by in [C, P] {
        check("LL-LEN-3", by, LENGTH, ControlPdu::LengthReq, &cases);
    }
}

/// LL-LEN-1, LL-LEN-2: 27 octets until the peer has announced its receive length, and then exactly
/// that.
#[test]
fn as_many_octets_are_sent_as_the_peer_receives() {
    for (by, peer) in [(C, P), (P, C)] {
        let sent = |script: Script, octets| script.raw(by, Llid::Start, &vec![1; octets]).named();
        assert_eq!(sent(Script::new(), 27), BTreeSet::new());
        assert_eq!(sent(Script::new(), 28), breaks("LL-LEN-1", by));
        let asked = || {
            let (req, rsp) = (ControlPdu::LengthReq(LENGTH), ControlPdu::LengthRsp(LENGTH));
            all(&[(by, req), (peer, rsp)])
        };
        assert_eq!(sent(asked(), 100), BTreeSet::new());
        assert_eq!(sent(asked(), 101), breaks("LL-LEN-1", by));
        // The sender's own receive length does not matter.
        let own = DataLength { max_tx_octets: 27, ..LENGTH };
        let found = DataLength { max_rx_octets: 27, ..LENGTH };
        let script = all(&[(by, ControlPdu::LengthReq(own)), (peer, ControlPdu::LengthRsp(found))]);
        assert_eq!(sent(script, 28), breaks("LL-LEN-1", by));
        // 90 octets take 800 µs on 1M.
        for (time, good) in [(800, true), (799, false)] {
            let found = DataLength { max_rx_time: time, ..LENGTH };
            let script =
                all(&[(by, ControlPdu::LengthReq(LENGTH)), (peer, ControlPdu::LengthRsp(found))]);
            let wanted = if good { BTreeSet::new() } else { breaks("LL-LEN-2", by) };
            assert_eq!(sent(script, 90), wanted, "{time}");
        }
    }
}

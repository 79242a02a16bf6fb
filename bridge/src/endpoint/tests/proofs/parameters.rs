//! Connection parameters: who requests them, and by which procedure.

use ble::pdu::control::{FeatureSet, Opcode};

use super::super::rig::{A, B, Rig};
use super::{SECOND, air, was_on_air};
use crate::endpoint::Endpoint;
use crate::twin::Port;

/// Interval, latency and timeout that a host wants.
const WANTED: [u8; 8] = [40, 0, 40, 0, 2, 0, 200, 0];

/// What an endpoint has sent of this procedure, by opcode and in order.
fn procedure(rig: &mut Rig) -> Vec<Opcode> {
    let all = [
        Opcode::CONNECTION_PARAM_REQ,
        Opcode::CONNECTION_PARAM_RSP,
        Opcode::CONNECTION_UPDATE_IND,
        Opcode::REJECT_IND,
        Opcode::REJECT_EXT_IND,
        Opcode::UNKNOWN_RSP,
    ];
    let sent = air(rig).into_iter().filter(|item| !item.retransmission);
    let sent = sent.filter_map(|item| item.control().map(|pdu| pdu.opcode()));
    sent.filter(|opcode| all.contains(opcode)).collect()
}

/// Both hosts are notified of the update.
fn updated(rig: &mut Rig, [central, peripheral]: [[u8; 2]; 2]) {
    for (port, handle) in [(A, central), (B, peripheral)] {
        let update = rig.subevent(port, 0x03);
        assert_eq!(update, [&[0], &handle[..], &[40, 0, 2, 0, 200, 0]].concat());
    }
}

/// The central asks by LL_CONNECTION_PARAM_REQ, and the peripheral's host accepts.
pub(super) fn central_asks() {
    let mut rig = Rig::new(2);
    let handles = rig.connect(A, B);
    rig.ok(A, 0x2013, &[&handles[0][..], &WANTED, &[0; 4]].concat());
    assert_eq!(rig.subevent(B, 0x06), [&handles[1][..], &WANTED].concat());
    rig.pass(SECOND);
    assert!(rig.waiting(A).is_empty(), "nothing happens before the host has answered");
    rig.ok(B, 0x2020, &[&handles[1][..], &WANTED, &[0; 4]].concat());
    updated(&mut rig, handles);
    let [req, rsp] = [Opcode::CONNECTION_PARAM_REQ, Opcode::CONNECTION_PARAM_RSP];
    assert_eq!(procedure(&mut rig), [req, rsp, Opcode::CONNECTION_UPDATE_IND]);
}

/// The peripheral's host refuses: the central's is notified, and the link does not change. Devices
/// that know each other's features use LL_REJECT_EXT_IND (LL-REJ-1).
pub(super) fn central_is_refused() {
    let mut rig = Rig::new(2);
    let handles = rig.connect(A, B);
    rig.ok(A, 0x2016, &handles[0]);
    rig.subevent(A, 0x04);
    rig.ok(A, 0x2013, &[&handles[0][..], &WANTED, &[0; 4]].concat());
    rig.subevent(B, 0x06);
    rig.ok(B, 0x2021, &[&handles[1][..], &[0x3B]].concat());
    let event = rig.subevent(A, 0x03);
    assert_eq!(event[..5], [&[0x3B], &handles[0][..], &[24, 0]].concat()[..]);
    rig.pass(SECOND);
    assert_eq!(procedure(&mut rig), [Opcode::CONNECTION_PARAM_REQ, Opcode::REJECT_EXT_IND]);
    assert!(rig.waiting(B).iter().all(|packet| packet[1] != 0x05), "the link holds");
}

/// A host that has not unmasked the event cannot be asked (0x1A), a controller without the feature
/// does not know the request: the central then sends LL_CONNECTION_UPDATE_IND alone, and
/// immediately if it knows beforehand.
///
/// LL-PAR-7: a request that is not understood.
/// LL-FEAT-3: features of the peer.
pub(super) fn central_falls_back() {
    let [req, update] = [Opcode::CONNECTION_PARAM_REQ, Opcode::CONNECTION_UPDATE_IND];
    let mut masked = Rig::new(2);
    masked.ok(B, 0x2001, &[0x1F, 0, 0, 0, 0, 0, 0, 0]);
    let cases = [
        (masked, true, vec![req, Opcode::REJECT_EXT_IND, update]),
        (with_older(B), false, vec![req, Opcode::UNKNOWN_RSP, update]),
        (with_older(B), true, vec![update]),
    ];
    for (mut rig, acquainted, sent) in cases {
        let handles = rig.connect(A, B);
        if acquainted {
            rig.ok(A, 0x2016, &handles[0]);
            rig.subevent(A, 0x04);
        }
        rig.ok(A, 0x2013, &[&handles[0][..], &WANTED, &[0; 4]].concat());
        updated(&mut rig, handles);
        assert_eq!(procedure(&mut rig), sent);
    }
}

/// Two endpoints, one without Connection Parameters Request.
fn with_older(port: Port) -> Rig {
    let mut configs = vec![Endpoint::full(); 2];
    let lacks = FeatureSet::CONNECTION_PARAMETERS_REQUEST;
    configs[port.0].features = configs[port.0].features.without(lacks);
    Rig::with(configs)
}

/// The peripheral's host gets 0x1A if the central lacks the feature, and requests by L2CAP. The
/// central's host carries it out; its controller needs no request for that.
///
/// LL-PAR-4: which way a peripheral asks.
pub(super) fn peripheral_falls_back_to_l2cap() {
    let mut rig = with_older(A);
    let [central, peripheral] = rig.connect(A, B);
    let wanted = [&peripheral[..], &WANTED, &[0; 4]].concat();
    rig.ok(B, 0x2013, &wanted);
    assert_eq!(rig.subevent(B, 0x03)[..3], [&[0x1A], &peripheral[..]].concat()[..]);
    rig.ok(B, 0x2016, &peripheral);
    rig.subevent(B, 0x04);
    rig.fails(B, 0x2013, &wanted, 0x1A);
    let [req, unknown] = [Opcode::CONNECTION_PARAM_REQ, Opcode::UNKNOWN_RSP];
    assert_eq!(procedure(&mut rig), [req, unknown]);
    // L2CAP_CONNECTION_PARAMETER_UPDATE_REQ and _RSP on the LE signalling channel.
    let request = [&[12, 0, 5, 0, 0x12, 1, 8, 0], &WANTED[..]].concat();
    rig.acl(B, peripheral, &request);
    assert_eq!(rig.data(A), request);
    rig.acl(A, central, &[6, 0, 5, 0, 0x13, 1, 2, 0, 0, 0]);
    rig.ok(A, 0x2013, &[&central[..], &WANTED, &[0; 4]].concat());
    updated(&mut rig, [central, peripheral]);
    assert_eq!(procedure(&mut rig), [Opcode::CONNECTION_UPDATE_IND]);
}

/// The peripheral asks, and the central's host is asked.
fn asked(rig: &mut Rig) -> [[u8; 2]; 2] {
    let handles = rig.connect(A, B);
    let wanted = [50, 0, 60, 0, 1, 0, 200, 0];
    // The peripheral must know that the central takes the request.
    rig.ok(B, 0x2016, &handles[1]);
    rig.subevent(B, 0x04);
    rig.ok(B, 0x2013, &[&handles[1][..], &wanted, &[0; 4]].concat());
    assert_eq!(rig.subevent(A, 0x06), [&handles[0][..], &wanted].concat());
    handles
}

pub(super) fn accepted() {
    let mut rig = Rig::new(2);
    let [central, peripheral] = asked(&mut rig);
    let granted = [56, 0, 56, 0, 1, 0, 200, 0];
    rig.ok(A, 0x2020, &[&central[..], &granted, &[0; 4]].concat());
    for (port, handle) in [(A, central), (B, peripheral)] {
        let update = rig.subevent(port, 0x03);
        assert_eq!(update, [&[0], &handle[..], &[56, 0, 1, 0, 200, 0]].concat());
    }
    rig.fails(A, 0x2020, &[&central[..], &granted, &[0; 4]].concat(), 0x0C);
}

pub(super) fn refused() {
    let mut rig = Rig::new(2);
    let [central, peripheral] = asked(&mut rig);
    rig.ok(A, 0x2021, &[&central[..], &[0x3B]].concat());
    let update = rig.subevent(B, 0x03);
    assert_eq!(update[..3], [&[0x3B], &peripheral[..]].concat()[..]);
    assert!(was_on_air(&mut rig, Opcode::REJECT_EXT_IND));
}

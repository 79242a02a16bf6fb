//! The table of decisions: each row played on a connection, and all situations distinguished.

use super::super::arbiter::{
    Decision, Obstacles, Situation, TABLE, Verdict, decide, incompatible, own_starts, peer_starts,
    same,
};
use super::encryption::{encrypt_after, up_to_enc_rsp};
use super::parameters::{ask, complete as updated, request, update as new_parameters};
use super::phy::{REQ_2M, SET_2M, complete, update};
use super::script::{HANDLE, OK, Script};
use ble::error::ErrorCode;
use ble::hci::{Command, Event};
use ble::pdu::control::{ControlPdu, Opcode};
use ble::phy::{Phy, PhySet};
use ble::trace::Procedure;

const INSTANT: [Procedure; 4] = [
    Procedure::ConnectionUpdate,
    Procedure::ChannelMapUpdate,
    Procedure::ConnectionParametersRequest,
    Procedure::PhyUpdate,
];
const OTHERS: [Procedure; 5] = [
    Procedure::FeatureExchange,
    Procedure::VersionExchange,
    Procedure::LePing,
    Procedure::DataLengthUpdate,
    Procedure::EncryptionStart,
];

/// Rule, situation and what follows, as the rules have it for a peripheral.
const EXPECTED: [(&str, Situation, Verdict, u8); 12] = [
    ("LL-ARB-1", Situation::LocalStart, Verdict::Proceed, 0),
    ("LL-ARB-2", Situation::LocalStartLocalOpen, Verdict::Wait, 0),
    ("LL-ARB-3", Situation::LocalStartRemoteOpen, Verdict::Wait, 0),
    ("LL-ARB-4", Situation::LocalStartEncrypting, Verdict::Wait, 0),
    ("LL-ARB-5", Situation::LocalStartTerminating, Verdict::Wait, 0),
    ("LL-ARB-6", Situation::RemoteStart, Verdict::Proceed, 0),
    ("LL-ARB-7", Situation::RemoteStartSameUnanswered, Verdict::Yield, 0x23),
    ("LL-ARB-8", Situation::RemoteStartOtherUnanswered, Verdict::Yield, 0x2A),
    ("LL-ARB-11", Situation::RemoteStartSameAnswered, Verdict::Disconnect, 0x23),
    ("LL-ARB-12", Situation::RemoteStartOtherAnswered, Verdict::Disconnect, 0x2A),
    ("LL-ARB-13", Situation::RemoteStartSameTwice, Verdict::Disconnect, 0x23),
    ("LL-ARB-14", Situation::RemoteStartOtherTwice, Verdict::Disconnect, 0x2A),
];

const PARAM_REQ: fn(u16) -> ControlPdu =
    |interval| ControlPdu::ConnectionParamReq(request(interval));

fn is_param_req(pdus: &[ControlPdu]) -> bool {
    matches!(pdus, [ControlPdu::ConnectionParamReq(_)])
}

/// The reason in the host's disconnection event.
fn reason(s: &mut Script) -> Option<ErrorCode> {
    s.events().into_iter().find_map(|event| match event {
        Event::DisconnectionComplete { reason, .. } => Some(reason),
        _ => None,
    })
}

/// Our LL_PHY_REQ, its answer, and what the central starts before the instant.
fn before_the_instant(starts: ControlPdu) -> (Verdict, ErrorCode) {
    let mut s = Script::new();
    s.ask(SET_2M);
    assert_eq!(s.event(&[]), [REQ_2M]);
    assert_eq!(s.event(&[update(12)]), []);
    assert_eq!(s.event(&[starts]), []);
    (Verdict::Disconnect, reason(&mut s).expect("it has left"))
}

/// The central's LL_PHY_REQ, our answer, and what it starts before the instant.
fn while_its_own_is_open(starts: ControlPdu) -> (Verdict, ErrorCode) {
    let mut s = Script::new();
    s.event(&[REQ_2M]);
    assert!(matches!(s.event(&[])[..], [ControlPdu::PhyRsp { .. }]));
    assert_eq!(s.event(&[starts]), []);
    (Verdict::Disconnect, reason(&mut s).expect("it has left"))
}

/// Our LL_PHY_REQ is open; the central starts this, rejects ours with `error` and goes on.
fn crossed(starts: ControlPdu, error: u8) -> (Verdict, ErrorCode) {
    let mut s = Script::new();
    s.ask(SET_2M);
    assert_eq!(s.event(&[starts]), [REQ_2M]);
    let phy = starts.opcode() == Opcode::PHY_REQ;
    if phy {
        assert!(matches!(s.event(&[])[..], [ControlPdu::PhyRsp { .. }]), "served at once");
    }
    let error = ErrorCode(error);
    s.event(&[ControlPdu::RejectExtInd { opcode: Opcode::PHY_REQ, error }]);
    assert_eq!(s.events(), [complete(error.0, Phy::Le1M)], "the own one is over");
    // The central's procedure takes effect, and only then may a new local one start.
    s.ask(SET_2M);
    if phy {
        let (c_to_p, p_to_c) = (PhySet::LE_2M, PhySet::LE_2M);
        s.event(&[ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant: 12 }]);
    }
    s.until(12);
    assert_eq!(s.events(), []);
    assert_eq!(s.event(&[]), []);
    let after = if phy { complete(0, Phy::Le2M) } else { updated(0, 50, 0, 200) };
    assert_eq!(s.events(), [after]);
    assert_eq!(s.event(&[]), [REQ_2M]);
    (Verdict::Yield, error)
}

/// A local procedure that does not start immediately, but later.
fn waits(situation: Situation) -> (Verdict, ErrorCode) {
    let mut s = Script::new();
    match situation {
        Situation::LocalStartLocalOpen => {
            s.ask(SET_2M);
            s.ask(ask(30));
            assert_eq!(s.event(&[]), [REQ_2M]);
            assert_eq!(s.event(&[]), []);
            s.event(&[ControlPdu::UnknownRsp(Opcode::PHY_REQ)]);
        }
        Situation::LocalStartRemoteOpen => {
            s.event(&[REQ_2M]);
            s.ask(ask(30));
            assert!(matches!(s.event(&[])[..], [ControlPdu::PhyRsp { .. }]));
            assert_eq!(s.event(&[update(9)]), []);
            s.until(9);
            assert_eq!(s.event(&[]), []);
        }
        Situation::LocalStartEncrypting => {
            let answer = up_to_enc_rsp(&mut s);
            s.ask(ask(30));
            assert_eq!(s.event(&[]), []);
            let mut sent = encrypt_after(&mut s, answer);
            assert_eq!(sent.remove(0), ControlPdu::StartEncRsp);
            assert!(is_param_req(&sent), "{sent:?}");
            return (Verdict::Wait, OK);
        }
        other => panic!("{other:?} waits for nothing"),
    }
    let sent = s.event(&[]);
    assert!(is_param_req(&sent), "{sent:?}");
    (Verdict::Wait, OK)
}

/// Brings a connection into the situation; returns what air and host show.
fn played(situation: Situation) -> (Verdict, ErrorCode) {
    match situation {
        Situation::LocalStart => {
            let mut s = Script::new();
            s.ask(SET_2M);
            assert_eq!(s.event(&[]), [REQ_2M]);
            (Verdict::Proceed, OK)
        }
        Situation::LocalStartLocalOpen
        | Situation::LocalStartRemoteOpen
        | Situation::LocalStartEncrypting => waits(situation),
        Situation::LocalStartTerminating => {
            let mut s = Script::new();
            let error = ErrorCode::REMOTE_USER_TERMINATED;
            s.ask(Command::Disconnect { handle: HANDLE, reason: error });
            s.ask(SET_2M);
            assert_eq!(s.event(&[]), [ControlPdu::TerminateInd(error)]);
            assert_eq!(s.event(&[]), []);
            assert!(s.dropped, "and nothing was sent in between");
            (Verdict::Wait, OK)
        }
        Situation::RemoteStart => {
            let mut s = Script::new();
            s.event(&[REQ_2M]);
            assert!(matches!(s.event(&[])[..], [ControlPdu::PhyRsp { .. }]));
            (Verdict::Proceed, OK)
        }
        Situation::RemoteStartSameUnanswered => crossed(REQ_2M, 0x23),
        Situation::RemoteStartOtherUnanswered => crossed(new_parameters(50, 12), 0x2A),
        Situation::RemoteStartSameAnswered => before_the_instant(REQ_2M),
        Situation::RemoteStartOtherAnswered => before_the_instant(PARAM_REQ(50)),
        Situation::RemoteStartSameTwice => while_its_own_is_open(REQ_2M),
        Situation::RemoteStartOtherTwice => while_its_own_is_open(PARAM_REQ(50)),
    }
}

#[test]
fn every_row_is_what_a_connection_does() {
    for (rule, situation, verdict, error) in EXPECTED {
        let row = Decision { rule, situation, verdict, error: ErrorCode(error) };
        assert_eq!(decide(situation), row);
        assert_eq!(played(situation), (verdict, ErrorCode(error)), "{rule}");
    }
    assert_eq!(TABLE.len(), EXPECTED.len(), "a row has no test");
}

/// Each situation is in words, and no two are in the same.
#[test]
fn situations_have_different_names() {
    let words: std::collections::BTreeSet<_> =
        TABLE.iter().map(|row| row.situation.text()).collect();
    assert_eq!(words.len(), TABLE.len());
    assert!(words.iter().all(|text| text.contains("own") || text.contains("peer")));
}

/// LL-COLL-5: incompatible procedures.
#[test]
fn procedures_with_an_instant_are_incompatible_and_no_others() {
    for a in INSTANT {
        assert!(INSTANT.iter().all(|b| incompatible(a, *b)));
        assert!(OTHERS.iter().all(|b| !incompatible(a, *b) && !incompatible(*b, a)));
    }
}

/// LL-COLL-6: same procedures.
#[test]
fn a_request_that_meets_an_update_is_the_same_and_not_the_other_way_round() {
    assert!(same(Procedure::ConnectionUpdate, Procedure::ConnectionParametersRequest));
    assert!(!same(Procedure::ConnectionParametersRequest, Procedure::ConnectionUpdate));
    assert!(!same(Procedure::ConnectionUpdate, Procedure::PhyUpdate));
    assert!(!same(Procedure::ChannelMapUpdate, Procedure::ConnectionUpdate));
}

#[test]
fn situations_of_the_peer() {
    use Procedure::{ChannelMapUpdate, LePing, PhyUpdate};
    let cases = [
        (None, None, Situation::RemoteStart),
        (Some((LePing, false)), None, Situation::RemoteStart),
        (Some((PhyUpdate, false)), None, Situation::RemoteStartSameUnanswered),
        (Some((ChannelMapUpdate, false)), None, Situation::RemoteStartOtherUnanswered),
        (Some((PhyUpdate, true)), None, Situation::RemoteStartSameAnswered),
        (Some((ChannelMapUpdate, true)), None, Situation::RemoteStartOtherAnswered),
        (None, Some(PhyUpdate), Situation::RemoteStartSameTwice),
        (None, Some(ChannelMapUpdate), Situation::RemoteStartOtherTwice),
    ];
    for (own, peers, situation) in cases {
        assert_eq!(peer_starts(PhyUpdate, own, peers), situation);
    }
    assert_eq!(peer_starts(LePing, Some((PhyUpdate, true)), None), Situation::RemoteStart);
}

#[test]
fn situations_of_our_own() {
    let free = Obstacles { terminating: false, encrypting: false, own_open: false, peers: None };
    let phy = Procedure::PhyUpdate;
    let cases = [
        (free, Situation::LocalStart),
        (Obstacles { own_open: true, ..free }, Situation::LocalStartLocalOpen),
        (Obstacles { encrypting: true, ..free }, Situation::LocalStartEncrypting),
        (Obstacles { terminating: true, ..free }, Situation::LocalStartTerminating),
        (
            Obstacles { peers: Some(Procedure::ChannelMapUpdate), ..free },
            Situation::LocalStartRemoteOpen,
        ),
        (Obstacles { peers: Some(Procedure::LePing), ..free }, Situation::LocalStart),
    ];
    for (obstacles, situation) in cases {
        assert_eq!(own_starts(phy, obstacles), situation);
    }
}

//! The table of decisions, row by row.

use super::super::arbiter::{
    Obstacles, Situation, TABLE, Verdict, decide, incompatible, own_starts, peer_starts, same,
};
use crate::error::ErrorCode;
use crate::hci::Role;
use crate::trace::Procedure;

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

/// Rule, situation, role and what follows, as the rules have it.
const EXPECTED: [(&str, Situation, Role, Verdict, u8); 16] = [
    ("LL-ARB-1", Situation::OwnStart, Role::Peripheral, Verdict::Proceed, 0),
    ("LL-ARB-2", Situation::OwnStartOwnOpen, Role::Peripheral, Verdict::Wait, 0),
    ("LL-ARB-3", Situation::OwnStartPeerIncompatible, Role::Peripheral, Verdict::Wait, 0),
    ("LL-ARB-4", Situation::OwnStartEncrypting, Role::Peripheral, Verdict::Wait, 0),
    ("LL-ARB-5", Situation::OwnStartTerminating, Role::Peripheral, Verdict::Wait, 0),
    ("LL-ARB-6", Situation::PeerStart, Role::Peripheral, Verdict::Proceed, 0),
    ("LL-ARB-7", Situation::PeerStartSameUnanswered, Role::Peripheral, Verdict::Yield, 0x23),
    ("LL-ARB-8", Situation::PeerStartOtherUnanswered, Role::Peripheral, Verdict::Yield, 0x2A),
    ("LL-ARB-9", Situation::PeerStartSameUnanswered, Role::Central, Verdict::Reject, 0x23),
    ("LL-ARB-10", Situation::PeerStartOtherUnanswered, Role::Central, Verdict::Reject, 0x2A),
    ("LL-ARB-11", Situation::PeerStartSameAnswered, Role::Peripheral, Verdict::Disconnect, 0x23),
    ("LL-ARB-12", Situation::PeerStartOtherAnswered, Role::Peripheral, Verdict::Disconnect, 0x2A),
    ("LL-ARB-13", Situation::PeerStartSameTwice, Role::Peripheral, Verdict::Disconnect, 0x23),
    ("LL-ARB-14", Situation::PeerStartOtherTwice, Role::Peripheral, Verdict::Disconnect, 0x2A),
    ("LL-ARB-11", Situation::PeerStartSameAnswered, Role::Central, Verdict::Disconnect, 0x23),
    ("LL-ARB-12", Situation::PeerStartOtherAnswered, Role::Central, Verdict::Disconnect, 0x2A),
];

#[test]
fn every_row_decides_as_the_rules_say() {
    for (rule, situation, role, verdict, error) in EXPECTED {
        let row = decide(situation, role);
        assert_eq!((row.rule, row.verdict, row.error), (rule, verdict, ErrorCode(error)));
    }
    for row in TABLE {
        assert!(EXPECTED.iter().any(|(rule, ..)| *rule == row.rule), "{} has no test", row.rule);
        let ids = TABLE.iter().filter(|other| other.rule == row.rule).count();
        assert_eq!(ids, 1, "{} is not unique", row.rule);
    }
}

#[test]
fn procedures_with_an_instant_are_incompatible_and_no_others() {
    for a in INSTANT {
        assert!(INSTANT.iter().all(|b| incompatible(a, *b)));
        assert!(OTHERS.iter().all(|b| !incompatible(a, *b) && !incompatible(*b, a)));
    }
}

#[test]
fn an_update_and_a_request_for_one_are_the_same() {
    assert!(same(Procedure::ConnectionUpdate, Procedure::ConnectionParametersRequest));
    assert!(!same(Procedure::ConnectionUpdate, Procedure::PhyUpdate));
    assert!(!same(Procedure::ChannelMapUpdate, Procedure::ConnectionUpdate));
}

#[test]
fn situations_of_the_peer() {
    use Procedure::{ChannelMapUpdate, LePing, PhyUpdate};
    let cases = [
        (None, None, Situation::PeerStart),
        (Some((LePing, false)), None, Situation::PeerStart),
        (Some((PhyUpdate, false)), None, Situation::PeerStartSameUnanswered),
        (Some((ChannelMapUpdate, false)), None, Situation::PeerStartOtherUnanswered),
        (Some((PhyUpdate, true)), None, Situation::PeerStartSameAnswered),
        (Some((ChannelMapUpdate, true)), None, Situation::PeerStartOtherAnswered),
        (None, Some(PhyUpdate), Situation::PeerStartSameTwice),
        (None, Some(ChannelMapUpdate), Situation::PeerStartOtherTwice),
    ];
    for (own, peers, situation) in cases {
        assert_eq!(peer_starts(PhyUpdate, own, peers), situation);
    }
    assert_eq!(peer_starts(LePing, Some((PhyUpdate, true)), None), Situation::PeerStart);
}

#[test]
fn situations_of_our_own() {
    let free = Obstacles { terminating: false, encrypting: false, own_open: false, peers: None };
    let phy = Procedure::PhyUpdate;
    let cases = [
        (free, Situation::OwnStart),
        (Obstacles { own_open: true, ..free }, Situation::OwnStartOwnOpen),
        (Obstacles { encrypting: true, ..free }, Situation::OwnStartEncrypting),
        (Obstacles { terminating: true, ..free }, Situation::OwnStartTerminating),
        (
            Obstacles { peers: Some(Procedure::ChannelMapUpdate), ..free },
            Situation::OwnStartPeerIncompatible,
        ),
        (Obstacles { peers: Some(Procedure::LePing), ..free }, Situation::OwnStart),
    ];
    for (obstacles, situation) in cases {
        assert_eq!(own_starts(phy, obstacles), situation);
    }
}

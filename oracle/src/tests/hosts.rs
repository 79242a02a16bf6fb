//! LL-AGREE-1, LL-AGREE-2: events to hosts, and the agreement of both hosts.

use ble::pdu::control::{ConnectionUpdate, FeatureSet, VersionInd};
use ble::phy::{Phy, PhySet};

use super::broken::LENGTH;
use super::later::secure_from;
use super::procedures::*;
use super::*;

const SUCCESS: ErrorCode = ErrorCode::SUCCESS;
const HANDLE: Handle = Handle(0);
const ROLES: [Role; 2] = [C, P];

fn judged(mut script: Script, by: Role, event: Event) -> BTreeSet<(&'static str, Role)> {
    script.hci(by, event);
    script.named()
}

/// LL-AGREE-1: what an initiator that was cancelled, or directed advertising that found nobody, is
/// told is not about the connection before.
#[test]
fn a_connection_that_was_not_made_is_not_the_last_one() {
    for by in ROLES {
        for status in [ErrorCode::UNKNOWN_CONNECTION, ErrorCode::ADVERTISING_TIMEOUT] {
            let complete = ConnectionComplete {
                status,
                handle: HANDLE,
                role: by,
                peer: Address::public([0; 6]),
                peer_identity: None,
                local: Address::public([0; 6]),
                interval: 0,
                latency: 0,
                timeout: 0,
                sca: 0,
            };
            let mut script = Script::new().events(3);
            script.hci(by, Event::LeConnectionComplete(complete));
            assert_eq!(script.events(120).named(), BTreeSet::new());
        }
    }
}

fn phy_event(status: ErrorCode, tx: Phy, rx: Phy) -> Event {
    Event::LePhyUpdateComplete { handle: HANDLE, status, tx, rx }
}

/// To 2M by the central, from event 10 on.
fn faster() -> Script {
    let both = PhySet(3);
    let update =
        ControlPdu::PhyUpdateInd { c_to_p: PhySet::LE_2M, p_to_c: PhySet::NONE, instant: 10 };
    let script = all(&[(P, ControlPdu::PhyReq { tx: both, rx: both }), (C, update)]);
    let mut script = script.until(10);
    script.phys[0] = TxPhy::Le2M;
    script.events(2)
}

/// LL-AGREE-2: PHYs, by direction; a failure says nothing of them.
#[test]
fn events_have_the_phys_in_force() {
    for by in ROLES {
        let (right, turned) = match by {
            C => ((Phy::Le2M, Phy::Le1M), (Phy::Le1M, Phy::Le2M)),
            P => ((Phy::Le1M, Phy::Le2M), (Phy::Le2M, Phy::Le1M)),
        };
        assert_eq!(judged(faster(), by, phy_event(SUCCESS, right.0, right.1)), BTreeSet::new());
        let wrong = judged(faster(), by, phy_event(SUCCESS, turned.0, turned.1));
        assert_eq!(wrong, breaks("LL-AGREE-2", by));
        let failed = phy_event(ErrorCode::UNSUPPORTED_REMOTE_FEATURE, turned.0, turned.1);
        assert_eq!(judged(faster(), by, failed), BTreeSet::new());
    }
}

fn update_event(interval: u16, latency: u16, timeout: u16) -> Event {
    let (handle, status) = (HANDLE, SUCCESS);
    Event::LeConnectionUpdateComplete { handle, status, interval, latency, timeout }
}

const UPDATE: ConnectionUpdate = ConnectionUpdate {
    win_size: 1,
    win_offset: 0,
    interval: 8,
    latency: 2,
    timeout: 200,
    instant: 10,
};

/// LL-AGREE-2: each of the three parameters.
#[test]
fn events_have_the_announced_parameters() {
    for by in ROLES {
        let changed = || Script::new().say(C, ControlPdu::ConnectionUpdateInd(UPDATE)).until(11);
        assert_eq!(judged(changed(), by, update_event(8, 2, 200)), BTreeSet::new());
        for (interval, latency, timeout) in [(9, 2, 200), (8, 1, 200), (8, 2, 201)] {
            let named = judged(changed(), by, update_event(interval, latency, timeout));
            assert_eq!(named, breaks("LL-AGREE-2", by));
        }
        // Before the central has said so.
        let early = judged(Script::new().events(3), by, update_event(8, 2, 200));
        assert_eq!(early, breaks("LL-AGREE-2", by));
    }
}

/// LL-AGREE-2: what did not arrive cannot be told.
#[test]
fn no_event_has_parameters_that_its_end_has_not_received() {
    let mut script = Script::new().events(2);
    let pdu = ControlPdu::ConnectionUpdateInd(ConnectionUpdate { instant: 30, ..UPDATE });
    script.queue[0].push_back((Llid::Control, pdu.encode().to_vec()));
    for _ in 0..3 {
        script.packet(C, 0, None);
        script.next();
    }
    assert_eq!(judged(script.clone(), C, update_event(8, 2, 200)), BTreeSet::new());
    assert_eq!(judged(script, P, update_event(8, 2, 200)), breaks("LL-AGREE-2", P));
}

/// LL-AGREE-2: hosts are told the truth.
#[test]
fn encryption_is_reported_once_it_runs() {
    let event = Event::EncryptionChange { handle: HANDLE, status: SUCCESS, enabled: true };
    for by in ROLES {
        assert_eq!(judged(secure_from(Script::new(), 0x11), by, event.clone()), BTreeSet::new());
        let early = judged(Script::new().events(3), by, event.clone());
        assert_eq!(early, breaks("LL-AGREE-2", by));
        let failed = Event::EncryptionChange {
            handle: HANDLE,
            status: ErrorCode::PIN_OR_KEY_MISSING,
            enabled: true,
        };
        assert_eq!(judged(Script::new().events(3), by, failed), BTreeSet::new());
    }
}

/// LL-AGREE-2: version and features of the peer.
#[test]
fn events_have_the_features_and_version_of_the_peer() {
    let say = |version| ControlPdu::VersionInd(VersionInd { version, company: 7, subversion: 9 });
    let event = |version, company, subversion| {
        let (handle, status) = (HANDLE, SUCCESS);
        Event::RemoteVersion { handle, status, version, company, subversion }
    };
    let bits = |set| Event::LeRemoteFeatures { handle: HANDLE, status: SUCCESS, features: set };
    for by in ROLES {
        let (own, theirs) = if by == C { (11, 12) } else { (12, 11) };
        let versions = || all(&[(C, say(11)), (P, say(12))]);
        assert_eq!(judged(versions(), by, event(theirs, 7, 9)), BTreeSet::new());
        for (version, company, subversion) in [(own, 7, 9), (theirs, 8, 9), (theirs, 7, 8)] {
            let named = judged(versions(), by, event(version, company, subversion));
            assert_eq!(named, breaks("LL-AGREE-2", by));
        }
        let features = || {
            let (request, response) = (FeatureSet(0x4121), FeatureSet(0x0121));
            all(&[(C, ControlPdu::FeatureReq(request)), (P, ControlPdu::FeatureRsp(response))])
        };
        let (right, wrong) = if by == C { (0x0121, 0x4121) } else { (0x4121, 0x0121) };
        assert_eq!(judged(features(), by, bits(FeatureSet(right))), BTreeSet::new());
        assert_eq!(judged(features(), by, bits(FeatureSet(wrong))), breaks("LL-AGREE-2", by));
    }
}

/// LL-AGREE-1: the same for both, a second after the last change. The culprit is the end whose
/// event disagrees with the air, or is missing.
#[test]
fn both_hosts_get_the_same_parameters() {
    let changed = |hosts: &[Role], events| {
        let mut script = Script::new().say(C, ControlPdu::ConnectionUpdateInd(UPDATE)).until(11);
        for by in hosts {
            script.hci(*by, update_event(8, 2, 200));
        }
        script.events(events).named()
    };
    assert_eq!(changed(&[C, P], 120), BTreeSet::new());
    assert_eq!(changed(&[C], 120), breaks("LL-AGREE-1", P));
    assert_eq!(changed(&[P], 120), breaks("LL-AGREE-1", C));
    assert_eq!(changed(&[C], 90), BTreeSet::new());
}

/// LL-AGREE-1: both ends agree.
#[test]
fn both_hosts_get_the_same_phys_and_lengths() {
    let phys = |hosts: &[Role]| {
        let mut script = faster();
        for by in hosts {
            let (tx, rx) = if *by == C { (Phy::Le2M, Phy::Le1M) } else { (Phy::Le1M, Phy::Le2M) };
            script.hci(*by, phy_event(SUCCESS, tx, rx));
        }
        script.events(120).named()
    };
    assert_eq!(phys(&[C, P]), BTreeSet::new());
    assert_eq!(phys(&[C]), breaks("LL-AGREE-1", P));
    assert_eq!(phys(&[P]), breaks("LL-AGREE-1", C));
    let lengths = |hosts: &[(Role, u16, u16)]| {
        let (req, rsp) = (ControlPdu::LengthReq(LENGTH), ControlPdu::LengthRsp(LENGTH));
        let mut script = all(&[(C, req), (P, rsp)]);
        for (by, tx_octets, rx_octets) in hosts.iter().copied() {
            let (handle, tx_time, rx_time) = (HANDLE, 1_000, 1_000);
            let event =
                Event::LeDataLengthChange { handle, tx_octets, tx_time, rx_octets, rx_time };
            script.hci(by, event);
        }
        script.events(120).named()
    };
    assert_eq!(lengths(&[]), BTreeSet::new());
    assert_eq!(lengths(&[(C, 100, 60), (P, 60, 100)]), BTreeSet::new());
    assert_eq!(lengths(&[(P, 100, 100)]), breaks("LL-AGREE-1", C));
    assert_eq!(lengths(&[(C, 100, 100)]), breaks("LL-AGREE-1", P));
    assert_eq!(lengths(&[(C, 100, 60), (P, 100, 60)]), breaks("LL-AGREE-1", C));
}

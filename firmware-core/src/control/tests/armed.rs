//! What a connection reports as under way, from the request to the instant; see [`ble::armed`].

use std::vec::Vec;

use super::encryption::encrypt;
use super::phy::{SET_2M, update};
use super::script::{HANDLE, Script};
use ble::armed::{Armed, What};
use ble::error::ErrorCode;
use ble::hci::{Acl, AclBoundary, AclData, Command};
use ble::pdu::control::{ControlPdu, FeatureSet};
use ble::time::Duration;
use ble::trace::Procedure;

fn armed(s: &Script) -> Vec<Armed> {
    let mut all = Vec::new();
    s.control.armed(&mut |armed| all.push(armed));
    all
}

fn whats(s: &Script) -> Vec<What> {
    armed(s).into_iter().map(|armed| armed.what).collect()
}

#[test]
fn an_own_procedure_is_under_way_until_its_instant_and_another_waits_for_it() {
    let mut s = Script::new();
    assert_eq!(whats(&s), []);
    s.ask(SET_2M);
    let [Armed { what, until }] = armed(&s)[..] else { panic!("{:?}", armed(&s)) };
    assert_eq!(what, What::Own(Procedure::PhyUpdate));
    // The procedure response timeout, 40 s (Vol 6, Part B, 5.2).
    assert_eq!(until, Some(s.now + Duration::from_secs(40)));
    s.ask(Command::ReadRemoteVersion { handle: HANDLE });
    assert_eq!(whats(&s)[1], What::Deferred(Procedure::VersionExchange));
    s.event(&[]);
    s.event(&[update(7)]);
    assert_eq!(armed(&s)[0], Armed::open(What::Own(Procedure::PhyUpdate)));
    while s.at < 8 {
        s.event(&[]);
    }
    assert_eq!(whats(&s), [What::Own(Procedure::VersionExchange)]);
}

#[test]
fn a_procedure_of_the_peer_is_under_way_until_its_instant() {
    let mut s = Script::with_features(FeatureSet(u64::MAX));
    s.event(&[ControlPdu::ChannelMapInd { channel_map: 0x7FFFF, instant: 9 }]);
    assert_eq!(whats(&s), [What::Peers(Procedure::ChannelMapUpdate)]);
    s.until(10);
    assert_eq!(whats(&s), []);
}

#[test]
fn data_is_under_way_until_it_is_acknowledged_and_leaving_until_it_is_done() {
    let mut s = Script::new();
    let data = AclData::from_slice(&[1, 2, 3]).expect("fits");
    s.acl(Acl { handle: HANDLE, boundary: AclBoundary::First, data });
    assert_eq!(whats(&s), [What::Data]);
    s.event(&[]);
    s.event(&[]);
    assert_eq!(whats(&s), []);
    s.command(Command::Disconnect { handle: HANDLE, reason: ErrorCode::REMOTE_USER_TERMINATED });
    assert_eq!(whats(&s), [What::Own(Procedure::Termination)]);
    s.event(&[]);
    s.event(&[]);
    assert_eq!(whats(&s), []);
}

/// 30 s without an authenticated packet: the ping at half time recurs as long as the link lives.
#[test]
fn a_ping_is_not_under_way_and_the_supervision_timeout_is_reported() {
    let mut s = Script::new();
    assert_eq!(s.control.supervision_timeout(), Some(Duration::from_secs(1)));
    encrypt(&mut s);
    s.wait(Duration::from_secs(15));
    assert_eq!(whats(&s), []);
    assert_eq!(s.event(&[]), [ControlPdu::PingReq]);
    assert_eq!(whats(&s), []);
}

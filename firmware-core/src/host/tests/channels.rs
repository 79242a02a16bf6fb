//! ATT over ACL packets: values, stored configurations, credits, floods.

use super::*;
use crate::host::l2cap::CID_SIGNALLING;
use ble::error::PeerMisbehaved;
use proptest::prelude::*;

const CONFIGURE: [u8; 5] = [0x12, 0x13, 0, 1, 0];
const SWITCH_ON: [u8; 4] = [0x12, 0x15, 0, 1];

fn user(pressed: bool) -> HostInput<Press> {
    HostInput::Button { button: Press::User, pressed }
}

#[test]
fn gap_sec_aut_bv_11_the_led_asks_for_pairing_and_bv_23_for_encryption() {
    let mut rig = Rig::connected(&Config::recommended());
    assert_eq!(rig.ask(&SWITCH_ON), [0x01, 0x12, 0x15, 0, 0x05]);
    let mut rig = Rig::with_bond(&Config::recommended(), Some(&bond()));
    rig.connect(INTEL);
    assert_eq!(rig.ask(&SWITCH_ON), [0x01, 0x12, 0x15, 0, 0x0F]);
    rig.encrypt();
    rig.forget();
    assert_eq!(rig.ask(&SWITCH_ON), [0x13]);
    assert_eq!(rig.lights, [Light { led: 3, on: true }]);
    assert!(rig.host.application().led());
}

#[test]
fn an_open_led_needs_no_pairing() {
    let mut rig = Rig::connected(&Config { required_level: 1, ..Config::recommended() });
    assert_eq!(rig.ask(&SWITCH_ON), [0x13]);
}

#[test]
fn gat_bv_01_the_button_is_read_and_notified() {
    // GATT-CCCD-1: nothing that nobody subscribed to.
    let mut rig = Rig::connected(&Config::recommended());
    assert_eq!(rig.ask(&[0x0A, 0x12, 0]), [0x0B, 0]);
    rig.input(user(true));
    assert_eq!(rig.frames.len(), 0, "not configured");
    assert_eq!(rig.ask(&[0x0A, 0x12, 0]), [0x0B, 1]);
    assert_eq!(rig.ask(&CONFIGURE), [0x13]);
    rig.input(user(false));
    assert_eq!(rig.received(), (CID_ATT, Vec::from([0x1B, 0x12, 0, 0])));
}

#[test]
fn gpm_bv_05_without_a_bond_a_configuration_ends_with_the_connection() {
    let mut rig = Rig::connected(&Config::recommended());
    assert_eq!(rig.ask(&CONFIGURE), [0x13]);
    rig.disconnect(ErrorCode::REMOTE_USER_TERMINATED);
    rig.connect(INTEL);
    assert_eq!(rig.ask(&[0x0A, 0x13, 0]), [0x0B, 0, 0]);
}

#[test]
fn gas_bv_04_a_bond_keeps_configurations_and_features() {
    let mut rig = Rig::with_bond(&Config::recommended(), Some(&bond()));
    rig.connect(INTEL);
    rig.encrypt();
    rig.forget();
    assert_eq!(rig.ask(&CONFIGURE), [0x13]);
    assert_eq!(rig.effects.len(), 1, "it is stored");
    rig.complete();
    assert_eq!(rig.ask(&[0x12, 6, 0, 0x05]), [0x13]);
    assert_eq!(rig.effects.len(), 1, "each is");
    let kept = rig.host.bonds().next().unwrap().clone();
    let mut later = Rig::with_bond(&Config::recommended(), Some(&kept));
    later.connect(INTEL);
    assert_eq!(later.ask(&[0x0A, 0x13, 0]), [0x0B, 1, 0]);
    assert_eq!(later.ask(&[0x0A, 6, 0]), [0x0B, 0x05]);
}

#[test]
fn mtu_is_per_connection() {
    // ATT-PDU-1: no longer than ATT_MTU.
    // ATT-MTU-2: ATT_MTU is 23 or more.
    let mut rig = Rig::connected(&Config::recommended());
    assert_eq!(rig.ask(&[0x02, 0xF7, 0]), [0x03, 0xF7, 0]);
    rig.disconnect(ErrorCode::REMOTE_USER_TERMINATED);
    rig.connect(INTEL);
    let long = [&[0x16, 0x13, 0, 0, 0][..], &[0; 30]].concat();
    assert_eq!(rig.ask(&long), [0x01, 0x16, 0, 0, 0x04]);
}

#[test]
fn no_more_packets_than_credits() {
    let mut rig = Rig::new(&Config::recommended());
    rig.credits = 1;
    let _ = rig.host.start(rig.now);
    rig.pump();
    rig.connect(INTEL);
    for _ in 0..3 {
        rig.send(CID_ATT, &[0x0A, 0x12, 0]);
    }
    for left in [2, 1, 0] {
        assert_eq!(rig.frames.len(), 1, "with {left} to come");
        rig.received();
    }
    assert_eq!(rig.frames.len(), 0);
    // Credits of a lost connection are returned, too.
    rig.send(CID_ATT, &[0x0A, 0x12, 0]);
    rig.disconnect(ErrorCode::CONNECTION_TIMEOUT);
    rig.frames.clear();
    rig.connect(INTEL);
    rig.ask(&[0x0A, 0x12, 0]);
}

#[test]
fn a_flood_of_requests_is_reported_and_the_button_is_notified_later() {
    let mut rig = Rig::new(&Config::recommended());
    rig.credits = 1;
    let _ = rig.host.start(rig.now);
    rig.pump();
    rig.connect(INTEL);
    rig.ask(&CONFIGURE);
    for _ in 0..6 {
        rig.send(CID_ATT, &[0x0A, 0x12, 0]);
    }
    let flood = Trace::Misbehaved {
        link: Some(ble::link::LinkId(0)),
        violation: PeerMisbehaved::TooManyRequests,
    };
    assert_eq!(rig.traces, [flood]);
    rig.input(user(true));
    for _ in 0..5 {
        assert_eq!(rig.received().1, [0x0B, 0]);
    }
    assert_eq!(rig.received().1, [0x1B, 0x12, 0, 1]);
}

#[test]
fn cid_bi_01_unknown_channels_are_ignored() {
    let mut rig = Rig::connected(&Config::recommended());
    for cid in [0x0000, 0x0001, 0x0003, 0x0007, 0x0040, 0xFFFF] {
        rig.send(cid, &[0x0A, 0x12, 0]);
    }
    assert_eq!((rig.frames.len(), rig.traces.len()), (0, 0));
}

proptest! {
    /// For any input in any order: at most one frame each, none too long.
    #[test]
    fn any_octets_do_no_harm(
        packets in proptest::collection::vec((
            any::<bool>(),
            prop_oneof![Just(CID_ATT), Just(CID_SIGNALLING), Just(CID_SMP), any::<u16>()],
            proptest::collection::vec(prop_oneof![0_u8..32, any::<u8>()], 0..60),
        ), 1..20),
        bonded in any::<bool>(),
    ) {
        let known = bond();
        let mut rig = Rig::with_bond(&Config::recommended(), bonded.then_some(&known));
        rig.connect(INTEL);
        if bonded {
            rig.encrypt();
        }
        for (whole, cid, payload) in packets {
            if whole {
                rig.send(cid, &payload);
            } else {
                let data = ble::hci::AclData::from_slice(&payload).unwrap();
                let boundary = AclBoundary::Continuing;
                rig.input(HostInput::Acl(Acl { handle: HANDLE, boundary, data }));
            }
            prop_assert!(rig.frames.len() <= 2);
            for acl in std::mem::take(&mut rig.frames) {
                prop_assert!(acl.data.len() <= 251);
                rig.event(Event::NumberOfCompletedPackets { handle: HANDLE, count: 1 });
            }
        }
    }
}

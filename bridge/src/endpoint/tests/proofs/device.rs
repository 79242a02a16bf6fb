//! The device as a whole.

use ble::pdu::control::FeatureSet;
use bletwin_models::profile::catalogue;

use super::super::rig::{A, B, Rig};
use super::{SECOND, air, encrypted};
use crate::endpoint::Endpoint;
use crate::twin::Port;

/// FIPS 197, C.1, in the octet order of HCI.
pub(super) fn aes_and_random_numbers() {
    let mut rig = Rig::new(1);
    let key: Vec<u8> = (0..16).rev().collect();
    let plain: Vec<u8> = (0..16).rev().map(|n| n * 0x11).collect();
    let mut encrypted = rig.ok(A, 0x2017, &[key, plain].concat());
    encrypted.reverse();
    let expected = 0x69c4_e0d8_6a7b_0430_d8cd_b780_70b4_c55a_u128;
    assert_eq!(encrypted, expected.to_be_bytes());
    let random = rig.ok(A, 0x2018, &[]);
    assert!(random.len() == 8 && random != rig.ok(A, 0x2018, &[]));
}

pub(super) fn p256() {
    let mut rig = Rig::new(2);
    rig.fails(A, 0x2026, &[1; 64], 0x0C);
    let keys = [A, B].map(|port| {
        rig.ok(port, 0x2025, &[]);
        let complete = rig.subevent(port, 0x08);
        assert_eq!((complete[0], complete.len()), (0, 65));
        complete[1..].to_vec()
    });
    let shared = [(A, &keys[1]), (B, &keys[0])].map(|(port, peer)| {
        rig.ok(port, 0x2026, peer);
        rig.subevent(port, 0x09)
    });
    assert_eq!(shared[0], shared[1]);
    assert_eq!((shared[0][0], shared[0].len()), (0, 33));
    // Not on the curve.
    rig.ok(A, 0x2026, &[1; 64]);
    assert_eq!(rig.subevent(A, 0x09), [&[0x12][..], &[0xFF; 32]].concat());
}

/// Nodes sit a metre apart, so that each hears the other equally well.
pub(super) fn signal_strength() {
    let mut rig = Rig::new(3);
    let [central, peripheral] = rig.connect(A, B);
    rig.pass(SECOND);
    let [a, b] = [(A, central), (B, peripheral)].map(|(port, handle)| {
        for level in [0, 1] {
            let power = rig.ok(port, 0x0C2D, &[&handle[..], &[level]].concat());
            assert_eq!(power, [&handle[..], &[0]].concat());
        }
        rig.fails(port, 0x0C2D, &[&handle[..], &[2]].concat(), 0x12);
        let strength = rig.ok(port, 0x1405, &handle);
        assert_eq!(strength[..2], handle);
        strength[2].cast_signed()
    });
    assert_eq!(a, b);
    // Two metres are weaker than one.
    let [further, _] = rig.connect(A, Port(2));
    assert_eq!(rig.ok(A, 0x1405, &further)[2], 127, "nothing was received yet");
    rig.pass(SECOND);
    let strength = rig.ok(A, 0x1405, &further)[2].cast_signed();
    assert!(strength < a && a < 0, "{strength} dBm, {a} dBm");
    rig.fails(A, 0x1405, &[0x99, 0], 0x02);
    rig.fails(A, 0x0C2D, &[0x99, 0, 0], 0x02);
}

/// Data come in pieces that fit, as many as the host has room for, and more when it says so.
pub(super) fn host_flow_control() {
    let mut rig = Rig::new(2);
    rig.fails(A, 0x0C33, &[0, 0, 0, 2, 0, 0, 0], 0x12);
    rig.fails(A, 0x0C31, &[4], 0x12);
    rig.fails(A, 0x0C35, &[0], 0x0C);
    rig.ok(A, 0x0C33, &[27, 0, 0, 2, 0, 0, 0]);
    rig.ok(A, 0x0C31, &[1]);
    let [central, peripheral] = rig.connect(A, B);
    rig.fails(A, 0x0C31, &[0], 0x0C);
    rig.acl(B, peripheral, &[&[60, 0, 4, 0][..], &[7; 60]].concat());
    rig.pass(SECOND);
    let data = |rig: &mut Rig| -> Vec<Vec<u8>> {
        rig.waiting(A).into_iter().filter(|packet| packet[0] == 2).collect()
    };
    let got = data(&mut rig);
    let [low, high] = central;
    // Boundary flags: 2 begins, 1 goes on.
    assert_eq!(
        got.iter().map(|p| p[..5].to_vec()).collect::<Vec<_>>(),
        [[2, low, high | 0x20, 27, 0], [2, low, high | 0x10, 27, 0]]
    );
    rig.pass(SECOND);
    assert!(data(&mut rig).is_empty(), "the host has no room");
    rig.fails(A, 0x0C35, &[&[1], &central[..], &[3, 0]].concat(), 0x12);
    rig.fails(A, 0x0C35, &[1, 0x99, 0, 1, 0], 0x02);
    rig.send(A, 0x0C35, &[&[1], &central[..], &[1, 0]].concat());
    assert_eq!(rig.waiting(A), [[&[2, low, high | 0x10, 10, 0][..], &[7; 10]].concat()]);
    // A host that never has room does not make the device grow: the link is given up.
    for _ in 0..100 {
        rig.acl(B, peripheral, &[1, 0, 4, 0, 9]);
        rig.pass(SECOND.divided_by(10));
    }
    assert_eq!(rig.event(B, 0x05)[3], 0x14);
    // Without a link there is nothing to wait for, and a reset forgets it all.
    rig.ok(A, 0x0C31, &[0]);
    rig.ok(A, 0x0C03, &[]);
}

/// What is masked does not come; what is not masked does.
pub(super) fn masks() {
    let mut rig = Rig::new(2);
    let all = [0xFF; 8];
    // Without Disconnection Complete, without LE Connection Complete, with its enhanced form.
    rig.ok(A, 0x0C01, &[0xEF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    rig.ok(A, 0x2001, &[0, 2, 0, 0, 0, 0, 0, 0]);
    let address = rig.address(B);
    rig.advertise(B);
    rig.ok(A, 0x200D, &Rig::create(&address));
    let enhanced = rig.subevent(A, 0x0A);
    assert_eq!(enhanced.len(), 30);
    let handle = [enhanced[1], enhanced[2]];
    rig.ok(A, 0x0406, &[&handle[..], &[0x13]].concat());
    rig.event(B, 0x05);
    rig.pass(SECOND);
    assert!(rig.waiting(A).is_empty());
    // LE Meta events need their bit in the classic mask too.
    rig.ok(A, 0x2001, &all);
    rig.ok(A, 0x0C01, &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 0, 0]);
    rig.ok(A, 0x2025, &[]);
    assert!(rig.waiting(A).is_empty());
    // Page 2.
    rig.ok(A, 0x0C01, &all);
    rig.ok(A, 0x2001, &[0xFF, 0xFD, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    rig.ok(A, 0x0C63, &[0; 8]);
    let [central, _] = encrypted(&mut rig);
    rig.ok(A, 0x0C7C, &[&central[..], &[40, 0]].concat());
    rig.twin.leave(B);
    rig.pass(SECOND.times(2));
    let packets = rig.waiting(A);
    assert!(packets.iter().all(|packet| packet[1] != 0x57), "{packets:02x?}");
    assert!(packets.iter().any(|packet| packet[1] == 0x05), "{packets:02x?}");
}

pub(super) fn reset() {
    let mut rig = Rig::new(2);
    rig.connect(A, B);
    rig.pass(SECOND);
    rig.advertise(A);
    rig.ok(A, 0x200C, &[1, 0]);
    rig.ok(A, 0x0C03, &[]);
    air(&mut rig);
    rig.pass(SECOND);
    // Nothing of it is left on air, and its peer sees a timeout.
    let from_a = rig.twin.endpoint(A).is_some() && {
        let node = rig.twin.world().nodes().nth(2).unwrap().0;
        air(&mut rig).iter().any(|item| item.from == node)
    };
    assert!(!from_a);
    assert_eq!(rig.event(B, 0x05)[3], 0x08);
    // Masks are those of a new controller: no LE Meta events.
    rig.ok(A, 0x2025, &[]);
    assert!(rig.waiting(A).is_empty());
}

pub(super) fn what_the_device_is() {
    let mut rig = Rig::new(1);
    assert_eq!(rig.ok(A, 0x1001, &[]), [12, 0, 0, 12, 0xFF, 0xFF, 0, 0]);
    assert_eq!(rig.ok(A, 0x1003, &[]), [0, 0, 0, 0, 0x60, 0, 0, 0]);
    assert_eq!(rig.ok(A, 0x1002, &[]).len(), 64);
    assert_eq!(rig.ok(A, 0x2003, &[]), Endpoint::OFFERED.0.to_le_bytes());
    assert_eq!(rig.ok(A, 0x2007, &[]), [0]);
    assert_eq!(rig.ok(A, 0x204B, &[]), [0, 0]);
    assert_eq!(rig.ok(A, 0x201C, &[]), [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 3, 0, 0]);
}

pub(super) fn public_address() {
    let mut rig = Rig::new(2);
    let address = [6, 5, 4, 3, 2, 1];
    rig.ok(B, 0xFC06, &address);
    assert_eq!(rig.address(B), address);
    rig.connect(A, B);
    rig.fails(B, 0xFC06, &[1; 6], 0x0C);
}

/// The features in HCI are those on air, except for bits that are never sent (Vol 6, Part B, 4.6)
/// and octet 0 of a response, which holds the common ones: every profile in both roles. Features of
/// a profile that no endpoint offers are on air only.
pub(super) fn features_on_air() {
    let profiles = catalogue::centrals().into_iter().map(|entry| entry.profile.controller);
    let pairs = profiles
        .flat_map(|config| [[config.clone(), Endpoint::full()], [Endpoint::full(), config]]);
    for configs in pairs.chain([[Endpoint::full(), Endpoint::full()]]) {
        let mut rig = Rig::with(configs.to_vec());
        let hci = [A, B].map(|port| rig.ok(port, 0x2003, &[]));
        let sent = [0, 1].map(|number| {
            let config: &FeatureSet = &configs[number].features;
            let alone = config.without(Endpoint::OFFERED).0.to_le_bytes();
            hci[number].iter().zip(alone).map(|(octet, alone)| octet | alone).collect::<Vec<_>>()
        });
        let handles = rig.connect(A, B);
        let both_ask = FeatureSet::PERIPHERAL_FEATURE_EXCHANGE;
        for (number, port) in [A, B].into_iter().enumerate() {
            if port == B && !configs.iter().all(|config| config.features.has(both_ask)) {
                continue;
            }
            rig.ok(port, 0x2016, &handles[number]);
            let event = rig.subevent(port, 0x04);
            assert_eq!(event[0], 0, "{:?}", configs[1 - number].features);
            let mut expected = shown(&sent[1 - number]);
            expected[0] &= sent[number][0];
            assert_eq!(shown(&event[3..]), expected, "{:?}", configs[1 - number].features);
        }
    }
}

/// What may be sent of a FeatureSet.
fn shown(features: &[u8]) -> Vec<u8> {
    let stays = [0b1100_0000, 0b0011_0000, 0, 0, 0, 0, 0, 0];
    features.iter().zip(stays).map(|(octet, mask)| octet & !mask).collect()
}

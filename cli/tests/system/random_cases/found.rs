//! What the searches have found, mended since: mistakes of the firmware, of the models and of the
//! oracle.

use super::*;

/// Found by the search: LL_TERMINATE_IND left in plain text while LL_START_ENC_RSP was on its way.
#[test]
fn a_disconnection_may_be_asked_for_at_every_moment_of_an_encryption_start() {
    for event in 0..6 {
        for position in [0, 250, 500, 750] {
            let end = Procedure { position, ..at(Side::Peripheral, What::Terminate, event) };
            let procedures = vec![at(Side::Central, What::Encryption, 0), end];
            let case = Case { procedures, ..Case::default() };
            assert_eq!(unexpected(&case), [""; 0], "{event} {position}");
        }
    }
}

/// Found by the search: LL_PING_REQ was sent to a central that had said that it has no ping.
#[test]
fn a_central_without_ping_is_not_pinged() {
    let case = Case {
        set: vec!["central.features=402f".into()],
        encryption: Switch::On,
        procedures: vec![at(Side::Central, What::Features, 0), at(Side::Peripheral, What::Ping, 4)],
        ..Case::default()
    };
    assert_eq!(unexpected(&case), [""; 0]);
}

/// Found earlier: the central's rejection of our request, which its own update had crossed, was
/// taken for an answer to nothing.
#[test]
fn both_may_want_parameters_at_once() {
    let wish = What::ConnectionUpdate { interval: 24, latency: 0, timeout: 400 };
    for (p, c) in [(0, 0), (1, 0), (0, 1), (4, 3), (3, 4)] {
        let procedures =
            vec![at(Side::Peripheral, wish.clone(), p), at(Side::Central, wish.clone(), c)];
        assert_eq!(unexpected(&Case { procedures, ..Case::default() }), [""; 0], "{p} {c}");
    }
}

/// Found earlier: the central's host did not hear of a length that it had shortened.
#[test]
fn a_length_may_be_taken_back_at_once() {
    let length = |time| at(Side::Central, What::DataLength { octets: 27, time }, 0);
    let case = Case { procedures: vec![length(328), length(329)], ..Case::default() };
    assert_eq!(unexpected(&case), [""; 0]);
}

/// Found by the search: the peripheral's host knew of the length that it had shortened before the
/// procedure could begin, for which another had to end that never did. LL-AGREE-1.
#[test]
fn a_length_that_cannot_be_reported_yet_is_no_disagreement() {
    let length =
        |octets, event| at(Side::Peripheral, What::DataLength { octets, time: 462 }, event);
    let case = Case {
        interval: 79,
        quirks: vec!["param-req=never@always+4".into()],
        procedures: vec![length(251, 0), length(27, 51)],
        ..Case::default()
    };
    assert_eq!(unexpected(&case), [""; 0]);
}

/// Found by the search: a central that serves our request where it had to reject it, for which we
/// then wait. LL-COLL-2, LL-TIME-1.
#[test]
fn a_reject_that_never_comes_is_waited_for_as_long_as_any_answer() {
    let wish = What::ConnectionUpdate { interval: 24, latency: 0, timeout: 400 };
    let case = Case {
        peripheral: "zephyr-2024".into(),
        set: vec!["phy-update=after-bonding".into(), "param-update=100".into()],
        start: Start::Coded,
        quirks: vec!["param-req=overlap@always".into()],
        procedures: vec![
            at(Side::Peripheral, wish, 1),
            at(Side::Central, What::Phy { tx: 2, rx: 2 }, 1),
        ],
        ..Case::default()
    };
    assert_eq!(unexpected(&case), [""; 0]);
    let outcome = run(&case).expect("it begins");
    assert!(outcome.findings.iter().any(|found| found.rule == "LL-COLL-2"));
}

/// Found by the search: a central without LL_REJECT_EXT_IND that refuses our response ends its
/// request, and we may begin ours. LL-COLL-1, LL-COLL-2.
#[test]
fn a_response_may_be_refused_in_plain_words() {
    let own = What::ConnectionUpdate { interval: 24, latency: 0, timeout: 400 };
    let theirs = What::ParameterRequest { interval: 14, latency: 0, timeout: 564 };
    let case = Case {
        peripheral: "zephyr-2024".into(),
        set: vec!["central.features=1483b".into()],
        start: Start::Coded,
        procedures: vec![at(Side::Central, theirs, 0), at(Side::Peripheral, own, 1)],
        ..Case::default()
    };
    assert_eq!(unexpected(&case), [""; 0]);
    let theirs = What::ParameterRequest { interval: 24, latency: 0, timeout: 400 };
    let length = What::DataLength { octets: 251, time: 2120 };
    let case = Case {
        set: vec!["central.features=1493d".into()],
        procedures: vec![
            at(Side::Central, length, 0),
            at(
                Side::Peripheral,
                What::ConnectionUpdate { interval: 24, latency: 0, timeout: 400 },
                1,
            ),
            Procedure { forced: true, ..at(Side::Central, theirs, 0) },
        ],
        ..Case::default()
    };
    assert_eq!(unexpected(&case), [""; 0]);
}

/// Found by the search, all of them with centrals that misbehave, and none the peripheral's fault
/// but the last: it took a reject for an answer to a request that it had not sent yet.
#[test]
fn what_a_central_does_wrong_is_not_held_against_the_peripheral() {
    let wish = || What::ConnectionUpdate { interval: 24, latency: 0, timeout: 400 };
    let forced = |what, event| Procedure { forced: true, ..at(Side::Central, what, event) };
    let encrypted = Case { encryption: Switch::On, ..Case::default() };
    let cases = [
        // A reject after the update that it seems to be about, and another procedure immediately.
        Case {
            start: Start::Latency4,
            procedures: vec![
                at(Side::Central, wish(), 0),
                at(Side::Peripheral, wish(), 0),
                forced(What::Phy { tx: 2, rx: 2 }, 1),
            ],
            ..Case::default()
        },
        // An update to no new PHY in its own procedure, where ours was to be rejected.
        Case {
            quirks: vec!["phy-req=then-phy-req@always+4".into()],
            procedures: vec![at(Side::Central, What::Phy { tx: 3, rx: 1 }, 0)],
            ..encrypted.clone()
        },
        // Its version twice before the answer can come.
        Case {
            quirks: vec!["feature-req=never@always+1".into()],
            procedures: vec![
                at(Side::Central, What::Version, 0),
                forced(What::Version, 0),
                at(Side::Central, What::Encryption, 0),
            ],
            ..Case::default()
        },
        Case {
            set: vec!["param-update=100".into()],
            quirks: vec![
                "feature-req=then-param-req@always+4".into(),
                "version-ind=reject:0x1a@always+1".into(),
            ],
            procedures: vec![at(Side::Peripheral, wish(), 0), forced(What::Version, 9)],
            ..encrypted
        },
    ];
    for case in cases {
        assert_eq!(unexpected(&case), [""; 0], "{}", case.to_toml());
    }
}

/// Found by the search: LL_TERMINATE_IND waited long for an event in which it could leave.
///
/// LL-TERM-1: own termination.
#[test]
fn a_termination_is_timed_from_the_moment_at_which_the_host_asks() {
    let case = Case {
        peripheral: "zephyr-2024".into(),
        seed: 9709,
        start: Start::Latency4,
        interval: 64,
        loss_ppm: 200_000,
        procedures: vec![at(Side::Peripheral, What::Terminate, 12)],
        ..Case::default()
    };
    assert_eq!(unexpected(&case), [""; 0]);
}

/// Found by the search: the request of a central that should have waited was answered behind the
/// refusal of the key. LL-ENC-6.
#[test]
fn a_peripheral_without_the_key_may_disconnect_an_impatient_central() {
    for what in [What::Ping, What::Phy { tx: 2, rx: 2 }, What::Version] {
        let hasty = Procedure { forced: true, ..at(Side::Central, what, 0) };
        let case = Case {
            refuse: vec![Refusal::PeripheralKey],
            procedures: vec![at(Side::Central, What::Encryption, 0), hasty],
            ..Case::default()
        };
        assert_eq!(unexpected(&case), [""; 0], "{}", case.to_toml());
    }
}

/// Found by the search: a central that does not know LL_PERIPHERAL_FEATURE_REQ was taken to have
/// read the features in it. LL-REJ-1.
#[test]
fn who_does_not_know_a_feature_request_knows_no_features_from_it() {
    let wish = What::ConnectionUpdate { interval: 24, latency: 0, timeout: 400 };
    let case = Case {
        peripheral: "zephyr-2024".into(),
        set: vec!["central.features=14937".into()],
        start: Start::Latency4,
        refuse: vec![Refusal::CentralParameters],
        procedures: vec![at(Side::Peripheral, wish, 0), at(Side::Central, What::Features, 0)],
        ..Case::default()
    };
    assert_eq!(unexpected(&case), [""; 0]);
}

/// Found by the search of triples: a central that ends the connection in the packet directly after
/// LL_START_ENC_REQ or LL_PAUSE_ENC_RSP used the former ciphers. LL-ENC-1, LL-ENC-2.
#[test]
fn what_follows_a_change_of_ciphers_at_once_is_sealed_by_the_new_ones() {
    let lost = Loss { of: Side::Central, packet: 4, how: How::Lost };
    for (encryption, events) in [(Switch::Off, [1, 3]), (Switch::On, [2, 4])] {
        let [start, end] = events;
        let case = Case {
            encryption,
            set: vec!["phy-update=never".into(), "data-length=never".into()],
            procedures: vec![
                at(Side::Central, What::Encryption, start),
                at(Side::Central, What::Terminate, end),
            ],
            losses: vec![lost],
            ..Case::default()
        };
        assert_eq!(unexpected(&case), [""; 0]);
    }
}

/// Found by the search: a peripheral that had not heard of an update by its instant was blamed for
/// not listening where its central had gone. LL-LAT-1, LL-WIDE-1.
#[test]
fn who_has_not_heard_of_an_update_cannot_follow_it() {
    let update = |interval, timeout| What::ConnectionUpdate { interval, latency: 0, timeout };
    let case = Case {
        seed: 1_062_911,
        loss_ppm: 200_000,
        procedures: vec![
            at(Side::Central, What::Phy { tx: 2, rx: 2 }, 17),
            at(Side::Central, update(24, 400), 17),
            at(Side::Peripheral, update(16, 522), 14),
        ],
        losses: vec![Loss { of: Side::Peripheral, packet: 19, how: How::Lost }],
        ..Case::default()
    };
    assert_eq!(unexpected(&case), [""; 0]);
}

/// Found by the search: LL_UNKNOWN_RSP ends the peripheral's LL_PHY_REQ, though LL_PHY_UPDATE_IND
/// of the central's own procedure had come between. LL-PROC-1.
#[test]
fn a_refused_phy_request_is_over_whatever_the_central_does_of_its_own() {
    let version = Procedure { forced: true, ..at(Side::Central, What::Version, 1) };
    let phy = |who| at(who, What::Phy { tx: 2, rx: 2 }, 0);
    let case = Case {
        procedures: vec![
            version,
            phy(Side::Central),
            phy(Side::Peripheral),
            at(Side::Peripheral, What::DataLength { octets: 251, time: 2120 }, 0),
        ],
        quirks: vec!["phy-req=unknown@always+4".into()],
        ..Case::default()
    };
    assert_eq!(unexpected(&case), [""; 0]);
}

/// Found by the search: the LL_START_ENC_RSP that ends an encryption start was taken for the end of
/// a connection update that the central, made to, had begun during it; the update then counted as
/// the peripheral's own. LL-PROC-1.
#[test]
fn the_end_of_an_encryption_start_ends_nothing_else() {
    let text = r#"
        peripheral = "recommended"
        central = "honest"
        set = ["central.features=14939"]
        encryption = "on"
        interval = 6
        until = 10

        [[procedures]]
        who = "central"
        event = 8
        position = 500
        forced = true

        [procedures.what.parameter-request]
        interval = 24
        latency = 0
        timeout = 400

        [[procedures]]
        who = "central"
        what = "encryption"
        event = 3
        position = 500
    "#;
    let case = Case::from_toml(text).expect("a case");
    assert_eq!(unexpected(&case), [""; 0]);
}

/// Found by the search: an LL_PHY_UPDATE_IND that is first heard in the event of its instant is
/// answered before the peripheral can have parsed it, on the former PHY. LL-PHY-1.
#[test]
fn who_hears_of_a_phy_in_its_instant_may_answer_on_the_old_one() {
    let case = Case {
        seed: 28_906,
        loss_ppm: 200_000,
        procedures: vec![
            at(Side::Peripheral, What::Phy { tx: 2, rx: 2 }, 63),
            at(Side::Peripheral, What::Phy { tx: 1, rx: 3 }, 39),
        ],
        ..Case::default()
    };
    assert_eq!(unexpected(&case), [""; 0]);
}

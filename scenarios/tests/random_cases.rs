//! Both link layers with hosts that ask for anything at any time, on any air, and centrals that
//! misbehave: nobody breaks a rule who was not told to. Cases are drawn twice over: by the search
//! of `bletwin explore --random`, and by proptest, whose cases shrink on meaning as well.

use bletwin_scenarios::explore::campaign::{Kind, Options, Report, Shard, conduct};
use bletwin_scenarios::explore::case::{
    Case, Clocks, Csa, How, Loss, Procedure, Refusal, Side, Start, Switch, What,
};
use bletwin_scenarios::explore::caught::{against, shrunk};
use bletwin_scenarios::explore::pairs::{Common, WINDOW};
use bletwin_scenarios::explore::random::{ANY, Space, draw};
use bletwin_scenarios::explore::run;
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};

fn search(jobs: usize, seeds: std::ops::Range<u64>) -> Report {
    let common = Common { peripheral: ANY.into(), central: ANY.into(), set: Vec::new() };
    let options =
        Options { kind: Kind::Random, common, seeds, window: WINDOW, shard: Shard::default() };
    let mut done = Vec::new();
    let keep = |unit| {
        done.push(unit);
        Ok(())
    };
    conduct(&options.units(), jobs, &|| false, keep).expect("nothing that can fail");
    Report::new(&options, done, 0.0)
}

fn told(case: &Case) -> Vec<String> {
    let Ok(outcome) = run(case) else { return Vec::new() };
    let found = against(case, &outcome);
    found
        .into_iter()
        .map(|found| format!("{} {:?} {}", found.rule, found.culprit, found.text))
        .collect()
}

#[test]
fn threads_change_nothing_and_most_runs_differ_on_air() {
    let (one, three) = (search(1, 100..164), search(3, 100..164));
    assert_eq!(one, three);
    assert!(one.complete && one.runs + one.unreached == 64, "{one:?}");
    assert!(one.traces > 48, "{}", one.traces);
}

#[test]
fn the_random_search_finds_nothing() {
    let found = search(2, 0..300).findings;
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn what_is_drawn_can_be_written_down_and_read_back() {
    for seed in 0..500 {
        let case = draw(&Space::default(), seed);
        assert_eq!(Case::from_toml(&case.to_toml()), Ok(case), "{seed}");
    }
}

fn at(who: Side, what: What, event: u16) -> Procedure {
    Procedure::new(who, what, event)
}

/// A central whose feature bits lie, in the middle of everything else.
#[test]
fn a_finding_shrinks_to_what_it_takes() {
    let phy = What::Phy { tx: 1, rx: 3 };
    let loss = |of, packet| Loss { of, packet, how: How::Corrupted };
    let case = Case {
        peripheral: "zephyr-2024".into(),
        set: vec!["central.phy-req=unknown@always".into(), "data-length=never".into()],
        seed: 77,
        csa: Csa::One,
        interval: 17,
        clocks: Clocks { peripheral: 300, central: -20 },
        procedures: vec![
            at(Side::Central, What::Version, 3),
            at(Side::Peripheral, phy, 9),
            at(Side::Central, What::Data, 10),
            at(Side::Peripheral, What::Data, 12),
        ],
        losses: vec![loss(Side::Central, 4), loss(Side::Peripheral, 30)],
        ..Case::default()
    };
    let (saved, _) = shrunk(&case, "LL-FEAT-2", Some(Side::Central), 1500, &|| false);
    let shrunk = &saved.case;
    assert!(saved.control_pdus <= 6 && shrunk.procedures.len() <= 2, "{}", saved.to_file(""));
    let simplest = Case {
        set: vec!["central.phy-req=unknown@always".into()],
        peripheral: shrunk.peripheral.clone(),
        procedures: shrunk.procedures.clone(),
        until: shrunk.until,
        ..Case::default()
    };
    assert_eq!(*shrunk, simplest);
    assert!(shrunk.procedures.iter().all(|procedure| procedure.event <= 3));
    assert!(shrunk.until.is_some_and(|event| event < 10), "{:?}", shrunk.until);
}

/// Found by the search: LL_TERMINATE_IND left in plain text while LL_START_ENC_RSP was on its way.
#[test]
fn a_disconnection_may_be_asked_for_at_every_moment_of_an_encryption_start() {
    for event in 0..6 {
        for position in [0, 250, 500, 750] {
            let end = Procedure { position, ..at(Side::Peripheral, What::Terminate, event) };
            let procedures = vec![at(Side::Central, What::Encryption, 0), end];
            let case = Case { procedures, ..Case::default() };
            assert_eq!(told(&case), [""; 0], "{event} {position}");
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
    assert_eq!(told(&case), [""; 0]);
}

/// Found earlier: the central's rejection of our request, which its own update had crossed, was
/// taken for an answer to nothing.
#[test]
fn both_may_want_parameters_at_once() {
    let wish = What::ConnectionUpdate { interval: 24, latency: 0, timeout: 400 };
    for (p, c) in [(0, 0), (1, 0), (0, 1), (4, 3), (3, 4)] {
        let procedures =
            vec![at(Side::Peripheral, wish.clone(), p), at(Side::Central, wish.clone(), c)];
        assert_eq!(told(&Case { procedures, ..Case::default() }), [""; 0], "{p} {c}");
    }
}

/// Found earlier: the central's host did not hear of a length that it had shortened.
#[test]
fn a_length_may_be_taken_back_at_once() {
    let length = |time| at(Side::Central, What::DataLength { octets: 27, time }, 0);
    let case = Case { procedures: vec![length(328), length(329)], ..Case::default() };
    assert_eq!(told(&case), [""; 0]);
}

/// Found by the search: the peripheral's host knew of the length that it had shortened before the
/// procedure could begin, for which another had to end that never did. LL-AGREE-1.
#[test]
fn a_length_that_could_not_be_told_yet_is_no_disagreement() {
    let length =
        |octets, event| at(Side::Peripheral, What::DataLength { octets, time: 462 }, event);
    let case = Case {
        interval: 79,
        quirks: vec!["param-req=never@always+4".into()],
        procedures: vec![length(251, 0), length(27, 51)],
        ..Case::default()
    };
    assert_eq!(told(&case), [""; 0]);
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
        quirks: vec!["param-req=then-param-req@always".into()],
        procedures: vec![at(Side::Peripheral, wish, 0)],
        ..Case::default()
    };
    assert_eq!(told(&case), [""; 0]);
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
    assert_eq!(told(&case), [""; 0]);
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
    assert_eq!(told(&case), [""; 0]);
}

/// Found by the search, all of them with centrals that misbehave, and none the peripheral's fault
/// but the last: it took a reject for an answer to a request that it had not sent yet.
#[test]
fn what_a_central_does_wrong_is_not_held_against_the_peripheral() {
    let wish = || What::ConnectionUpdate { interval: 24, latency: 0, timeout: 400 };
    let forced = |what, event| Procedure { forced: true, ..at(Side::Central, what, event) };
    let encrypted = Case { encryption: Switch::On, ..Case::default() };
    let cases = [
        // A reject after the update that it seems to be about, and another procedure at once.
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
        assert_eq!(told(&case), [""; 0], "{}", case.to_toml());
    }
}

/// Found by the search: LL_TERMINATE_IND waited long for an event in which it could leave.
///
/// LL-TERM-1.
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
    assert_eq!(told(&case), [""; 0]);
}

/// Found by the search: the request of a central that should have waited was answered behind the
/// refusal of the key. LL-ENC-6.
#[test]
fn who_has_no_key_leaves_a_central_that_does_not_wait_to_hear_it() {
    for what in [What::Ping, What::Phy { tx: 2, rx: 2 }, What::Version] {
        let hasty = Procedure { forced: true, ..at(Side::Central, what, 0) };
        let case = Case {
            refuse: vec![Refusal::PeripheralKey],
            procedures: vec![at(Side::Central, What::Encryption, 0), hasty],
            ..Case::default()
        };
        assert_eq!(told(&case), [""; 0], "{}", case.to_toml());
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
    assert_eq!(told(&case), [""; 0]);
}

/// Found by the search of triples: a central that ends the connection in the very packet after
/// LL_START_ENC_REQ or LL_PAUSE_ENC_RSP did so by the ciphers of before. LL-ENC-1, LL-ENC-2.
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
        assert_eq!(told(&case), [""; 0]);
    }
}

fn what(who: Side) -> BoxedStrategy<What> {
    let common = prop_oneof![
        Just(What::Data),
        Just(What::Version),
        Just(What::Features),
        Just(What::Ping),
        (27..=251_u16, 328..=2120_u16).prop_map(|(octets, time)| What::DataLength { octets, time }),
        (1..=3_u8, 1..=3_u8).prop_map(|(tx, rx)| What::Phy { tx, rx }),
        (6..=40_u16, 0..=4_u16).prop_map(|(interval, latency)| {
            What::ConnectionUpdate { interval, latency, timeout: 600 }
        }),
    ];
    if who == Side::Peripheral {
        let own = (2..=37_u8).prop_map(|channels| What::MinUsedChannels { channels });
        return prop_oneof![9 => common, 1 => own].boxed();
    }
    let own = prop_oneof![
        Just(What::Encryption),
        (0..1_u64 << 37).prop_map(|map| What::ChannelMap { map: map | 0x18_0000_0003 }),
        (6..=40_u16, 0..=4_u16).prop_map(|(interval, latency)| {
            What::ParameterRequest { interval, latency, timeout: 600 }
        }),
    ];
    prop_oneof![3 => common, 1 => own].boxed()
}

/// Small events shrink to early ones, and a list of procedures to fewer.
fn procedure() -> impl Strategy<Value = Procedure> {
    let who = prop_oneof![Just(Side::Peripheral), Just(Side::Central)];
    let with =
        who.prop_flat_map(|who| (Just(who), what(who), 0..24_u16, 0..1000_u16, any::<bool>()));
    with.prop_map(|(who, what, event, position, forced)| {
        let forced = forced && who == Side::Central && what.forced_name().is_some();
        Procedure { who, what, event, position, forced }
    })
}

fn loss() -> impl Strategy<Value = Loss> {
    let of = prop_oneof![Just(Side::Central), Just(Side::Peripheral)];
    let how = prop_oneof![Just(How::Lost), Just(How::Corrupted)];
    (of, 1..60_u32, how).prop_map(|(of, packet, how)| Loss { of, packet, how })
}

/// The first alternative is the ordinary one: shrinking ends there.
fn case() -> impl Strategy<Value = Case> {
    let link = (
        prop_oneof![Just("recommended"), Just("zephyr-2024")],
        prop_oneof![Just(Csa::Two), Just(Csa::One)],
        prop_oneof![Just(Switch::Off), Just(Switch::On)],
        prop_oneof![
            8 => Just(Start::Fresh),
            4 => Just(Start::Latency4),
            4 => Just(Start::Le2M),
            2 => Just(Start::Coded),
        ],
        6..=40_u16,
        prop_oneof![Just((0, 0)), (-500..=500_i16, -500..=500_i16)],
    );
    let air = (
        prop_oneof![Just(0), 0..100_000_u32],
        proptest::collection::vec(procedure(), 0..8),
        proptest::collection::vec(loss(), 0..4),
        proptest::collection::vec(quirk(), 0..2),
        refusals(),
        any::<u64>(),
    );
    (link, air).prop_map(|(link, (loss_ppm, procedures, losses, quirks, refuse, seed))| {
        let (peripheral, csa, encryption, start, interval, clocks) = link;
        let clocks = Clocks { peripheral: clocks.0, central: clocks.1 };
        let peripheral = peripheral.to_owned();
        Case {
            peripheral,
            csa,
            encryption,
            start,
            interval,
            clocks,
            loss_ppm,
            procedures,
            losses,
            quirks,
            refuse,
            seed,
            ..Case::default()
        }
    })
}

fn refusals() -> impl Strategy<Value = Vec<Refusal>> {
    let all = vec![Refusal::CentralParameters, Refusal::PeripheralKey];
    prop_oneof![3 => Just(Vec::new()), 1 => proptest::sample::subsequence(all, 1..=2)]
}

fn quirk() -> impl Strategy<Value = String> {
    let request = prop_oneof![
        Just("phy-req"),
        Just("param-req"),
        Just("length-req"),
        Just("feature-req"),
        Just("version-ind"),
    ];
    let answer = prop_oneof![
        Just("now"),
        Just("unknown"),
        Just("reject:0x2a"),
        Just("reject-ext:0x23"),
        Just("never"),
        Just("then-phy-req"),
        Just("then-param-req"),
    ];
    (request, answer).prop_map(|(request, answer)| format!("{request}={answer}@always"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn hosts_may_ask_for_anything_at_any_time(case in case()) {
        prop_assert_eq!(told(&case), [""; 0], "{}", case.to_toml());
    }
}

/// Fewer procedures, fewer losses, earlier events, an ordinary link.
#[test]
fn what_the_property_finds_shrinks_on_meaning() {
    let late = |p: &Procedure| p.what == What::Version && p.event >= 3;
    let found = TestRunner::deterministic().run(&case(), |case| {
        prop_assert!(case.losses.is_empty() || !case.procedures.iter().any(late));
        Ok(())
    });
    let Err(TestError::Fail(_, case)) = found else { panic!("{found:?}") };
    let [procedure] = &case.procedures[..] else { panic!("{case:?}") };
    assert_eq!((procedure.event, procedure.position, procedure.forced), (3, 0, false));
    let [loss] = case.losses[..] else { panic!("{case:?}") };
    assert_eq!((loss.packet, loss.how), (1, How::Lost));
    let simplest = Case {
        seed: 0,
        procedures: case.procedures.clone(),
        losses: case.losses.clone(),
        ..Case::default()
    };
    assert_eq!(case, simplest);
}

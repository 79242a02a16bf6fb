//! Both link layers with hosts that make any request at any time, on any air, and centrals that
//! misbehave: only devices configured to break a rule do so. Cases are drawn twice over: by the
//! search of `bletwin explore --random`, and by proptest, whose cases shrink on meaning as well.

mod found;

use bletwin_explore::campaign::{Options, Report, SearchKind, Shard, conduct};
use bletwin_explore::case::{
    Case, Clocks, Csa, How, Loss, Procedure, Refusal, Side, Start, Switch, What,
};
use bletwin_explore::caught::{against, shrunk};
use bletwin_explore::pairs::{Common, WINDOW};
use bletwin_explore::random::{ANY, Space, draw};
use bletwin_explore::run;
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};

fn search(jobs: usize, seeds: std::ops::Range<u64>) -> Report {
    let common = Common { peripheral: ANY.into(), central: ANY.into(), set: Vec::new() };
    let options = Options {
        kind: SearchKind::Random,
        common,
        seeds,
        window: WINDOW,
        shard: Shard::default(),
    };
    let mut done = Vec::new();
    let keep = |unit| {
        done.push(unit);
        Ok(())
    };
    conduct(&options.units(), jobs, &|| false, keep).expect("nothing that can fail");
    Report::new(&options, done, 0.0)
}

fn unexpected(case: &Case) -> Vec<String> {
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
        prop_assert_eq!(unexpected(&case), [""; 0], "{}", case.to_toml());
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

//! `bletwin diagnose` finds the right cause and the right cures of centrals that it knows nothing
//! about. What is right is written here, beside each central, and nowhere else.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use bletwin_diagnose::bench::{Trial, Watcher};
use bletwin_diagnose::candidates::ChangeKind;
use bletwin_diagnose::cause::Means;
use bletwin_diagnose::outcome::Share;
use bletwin_diagnose::turn::On;
use bletwin_diagnose::{Bench, Diagnosis, Question, diagnose, report};
use bletwin_models::profile::Profile;
use bletwin_scenarios::catalogue;
use bletwin_setup::Setup;
use bletwin_setup::{Build, preset};
use firmware_core::config::PhyUpdate;

fn setup(peripheral: &str, central: &str, set: &[&str]) -> Setup {
    let mut setup = Setup::new(peripheral, central, 1).expect("known names");
    for assignment in set {
        setup.set(assignment).expect("a known key");
    }
    setup
}

fn bench(scenario: &str, setup: &Setup) -> Bench<'static> {
    let scenario = catalogue::by_name(scenario).expect("known");
    Bench::of(scenario, setup, Watcher::NONE).expect("an honest central")
}

fn diagnosed(scenario: &str, setup: &Setup) -> Diagnosis {
    let question = Question {
        names: [setup.peripheral_name.clone(), "somebody".into()],
        config: setup.peripheral.clone(),
        seed: setup.seed,
        seeds: 3,
    };
    diagnose(bench(scenario, setup), &question).expect("nobody interrupts")
}

/// As [`diagnosed`], which several tests ask of one pair and is played once.
fn of(scenario: &str, setup: &Setup) -> Arc<Diagnosis> {
    type Known = BTreeMap<String, Arc<OnceLock<Arc<Diagnosis>>>>;
    static KNOWN: Mutex<Known> = Mutex::new(BTreeMap::new());
    let question = format!("{scenario} {setup:?}");
    let answer = KNOWN.lock().expect("whole").entry(question).or_default().clone();
    answer.get_or_init(|| Arc::new(diagnosed(scenario, setup))).clone()
}

/// The cures, the best first.
fn cures(diagnosis: &Diagnosis) -> Vec<String> {
    diagnosis.cures.iter().map(|cure| cure.set.join(" ")).collect()
}

/// The PDUs that are to blame.
fn blamed(diagnosis: &Diagnosis) -> Vec<&str> {
    diagnosis.causes.iter().map(|cause| cause.pdu.as_str()).collect()
}

/// What is right.
struct Case {
    central: &'static str,
    /// Firmware, air and central.
    set: &'static [&'static str],
    /// What is to blame.
    pdus: &'static [&'static str],
    /// The best cure.
    cure: &'static str,
}

const fn case(
    central: &'static str,
    set: &'static [&'static str],
    pdus: &'static [&'static str],
    cure: &'static str,
) -> Case {
    Case { central, set, pdus, cure }
}

const PHY: &[&str] = &["LL_PHY_REQ"];
const LENGTH: &[&str] = &["LL_LENGTH_REQ"];
const FEATURES: &[&str] = &["LL_PERIPHERAL_FEATURE_REQ"];
const PARAMETERS: &[&str] = &["LL_CONNECTION_PARAM_REQ"];
const AFTER_BONDING: &str = "phy-update=after-bonding";
const HONEST: &str = "central.phy-req=honest";

/// Centrals of the catalogue, and undescribed ones: other requests, other mechanisms, several
/// combined.
const CASES: [Case; 16] = [
    case("windows-intel", &[], PHY, AFTER_BONDING),
    case("windows-intel-m1", &[], PHY, AFTER_BONDING),
    case("windows-intel-m3", &[], PHY, AFTER_BONDING),
    case("windows-intel-restart", &[], PHY, "phy-update=never"),
    case("phone", &["central.phy-req=never@always"], PHY, "phy-update=never"),
    case("phone", &["central.phy-req=block@plain"], PHY, AFTER_BONDING),
    case("windows-intel", &["central.phy-req=then-param-req@plain"], PHY, AFTER_BONDING),
    case(
        "windows-intel",
        &[HONEST, "central.length-req=block@pairing"],
        LENGTH,
        "data-length=after-bonding",
    ),
    case(
        "windows-intel",
        &[HONEST, "central.length-req=silent:7@always", "central.interval-us=30000"],
        LENGTH,
        "data-length=never",
    ),
    case(
        "windows-intel",
        &[HONEST, "central.feature-req=silent:4@always"],
        FEATURES,
        "feature-exchange=cached",
    ),
    case(
        "windows-intel",
        &[HONEST, "central.feature-req=block@plain"],
        FEATURES,
        "feature-exchange=cached",
    ),
    case(
        "windows-intel",
        &[HONEST, "central.param-req=then-phy-req@always"],
        PARAMETERS,
        "param-update=never",
    ),
    case(
        "windows-intel",
        &[HONEST, "central.param-req=silent:2@pairing", "param-update=1000"],
        PARAMETERS,
        "param-update=5000:not-while-pairing",
    ),
    case(
        "phone",
        &["central.pair-on-att-error=false"],
        &["SMP Security Request"],
        "security-request=true",
    ),
    case(
        "windows-intel",
        &["central.length-req=block@pairing"],
        &["LL_PHY_REQ", "LL_LENGTH_REQ"],
        "phy-update=after-bonding data-length=after-bonding",
    ),
    case(
        "windows-intel-m1",
        &["central.length-req=silent:3@pairing", "central.param-req=then-phy-req@always"],
        &["LL_PHY_REQ", "LL_LENGTH_REQ", "LL_CONNECTION_PARAM_REQ"],
        "phy-update=after-bonding data-length=after-bonding param-update=never",
    ),
];

#[test]
fn the_right_pdu_is_blamed_and_the_right_change_cures() {
    for Case { central, set, pdus, cure } in CASES.iter().step_by(crate::one_in(4)) {
        let diagnosis = of("pairing", &setup("zephyr-2024", central, set));
        let printed = report::text(&diagnosis);
        assert_eq!(blamed(&diagnosis), *pdus, "{central} {set:?}\n{printed}");
        let best =
            diagnosis.cures.first().unwrap_or_else(|| panic!("{central} {set:?}\n{printed}"));
        assert_eq!(best.set.join(" "), *cure, "{central} {set:?}\n{printed}");
        assert!(best.good.is_all() && best.holds() && best.kind == ChangeKind::Plain, "{printed}");
        assert!(diagnosis.advice.is_empty(), "there is a cure\n{printed}");
        for cause in &diagnosis.causes {
            assert!(cause.put_back.is_all(), "put back alone it fails\n{printed}");
        }
        let last = diagnosis.causes.last().expect("a cause");
        assert!(last.removed.is_all(), "taken out it is good\n{printed}");
        let lacks = *pdus == ["SMP Security Request"];
        let means = if lacks { Means::Configuration } else { Means::Procedure };
        assert_eq!(last.means, means, "{printed}");
    }
}

#[test]
fn the_founding_case_is_solved_with_both_cures_and_the_faster_first() {
    let diagnosis = of("pairing", &setup("zephyr-2024", "windows-intel", &[]));
    assert_eq!(cures(&diagnosis), ["phy-update=after-bonding", "phy-update=never"]);
    let [cause] = &diagnosis.causes[..] else { panic!("{:?}", diagnosis.causes) };
    assert!(cause.while_pairing && cause.event.is_some());
    assert_eq!(diagnosis.cures[0].cost.tx_phy, 2, "keeps 2M");
    assert_eq!(diagnosis.cures[1].cost.tx_phy, 1);
    assert_eq!(diagnosis.honest_fails.map(|share| share.count), Some(0));
    let good = |moment: &str| {
        let row = diagnosis.timing.iter().find(|row| row.moment == moment).expect("tried");
        row.good.is_all()
    };
    assert!(!good("on connecting") && !good("on the Pairing Request"));
    assert!(good("on bonding") && good("1 s after bonding"));
}

/// The name, the address and all that does not matter are different; the answer is not.
#[test]
fn renamed_and_with_other_parameters_a_central_gets_the_same_answer() {
    let others = [
        "central.address=00:11:22:33:44:55",
        "central.interval-us=22500",
        "central.timeout-ms=3000",
        "central.mtu=185",
        "central.give-up-ms=9000",
        "central.p256-ms=25",
    ];
    for Case { central, set, pdus, cure } in &CASES[..4] {
        let mut setup = setup("zephyr-2024", central, &[set, &others[..]].concat());
        setup.central = Profile { name: "tv".into(), about: String::new(), ..setup.central };
        let diagnosis = of("pairing", &setup);
        let printed = report::text(&diagnosis);
        assert_eq!(blamed(&diagnosis), *pdus, "{central}\n{printed}");
        assert_eq!(
            cures(&diagnosis).first().map(String::as_str),
            Some(*cure),
            "{central}\n{printed}"
        );
        assert!(!printed.contains("windows") && !printed.contains("intel"), "{printed}");
    }
}

#[test]
fn a_healthy_pair_is_called_healthy() {
    for (scenario, peripheral, central) in [
        ("pairing", "zephyr-2024", "phone"),
        ("pairing", "recommended", "windows-intel"),
        ("reconnect", "recommended", "phone"),
        ("wrong-passkey", "recommended", "phone"),
    ] {
        let diagnosis = of(scenario, &setup(peripheral, central, &[]));
        assert!(diagnosis.is_healthy(), "{}", report::text(&diagnosis));
        assert_eq!((diagnosis.fails.of, diagnosis.configurations), (20, 0));
    }
}

#[test]
fn where_the_firmware_cannot_help_the_user_gets_advice() {
    let lossy = of("pairing", &setup("zephyr-2024", "phone", &["loss=60"]));
    let printed = report::text(&lossy).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        printed.contains("No cure in the firmware: tell the user to bring the devices"),
        "{printed}"
    );
    let mute = of("pairing", &setup("zephyr-2024", "phone", &["central.encryption-patience=1"]));
    let printed = report::text(&mute);
    assert!(mute.cures.is_empty() && mute.configurations > 100, "{printed}");
    assert!(mute.last_resort.is_some(), "{printed}");
}

#[test]
fn a_cure_that_weakens_security_is_the_last_and_flagged() {
    let diagnosis = of("pairing", &setup("zephyr-2024", "phone", &["central.io=none"]));
    let printed = report::text(&diagnosis);
    assert_eq!(cures(&diagnosis), ["required-level=2"], "{printed}");
    assert_eq!(diagnosis.cures[0].kind, ChangeKind::Weaker);
    assert!(printed.contains("WEAKENS SECURITY") && printed.contains("price"), "{printed}");
}

/// Moving the request by accident is no cure: it must hold when the request moves again.
#[test]
fn a_cure_by_luck_of_timing_is_not_the_first() {
    // A request of the central in one event: anything that moves the local one by an event cures.
    let set = ["central.press=phy@7"];
    let diagnosis = of("pairing", &setup("zephyr-2024", "windows-intel-clean", &set));
    let printed = report::text(&diagnosis);
    let (steady, lucky): (Vec<_>, Vec<_>) = diagnosis.cures.iter().partition(|cure| cure.holds());
    assert_eq!(steady.len() + lucky.len(), cures(&diagnosis).len());
    assert_eq!(steady[0].set, diagnosis.cures[0].set, "{printed}");
    assert_eq!(lucky.is_empty(), !printed.contains("by luck of timing"), "{printed}");
    assert!(!lucky.is_empty(), "a cure that moves the request by accident is known\n{printed}");
}

#[test]
fn other_scenarios_than_pairing_are_diagnosed_too() {
    let attacked = of("static-passkey", &setup("zephyr-2024", "phone", &["passkey=123456"]));
    assert_eq!(cures(&attacked), ["passkey=random"], "{}", report::text(&attacked));
    let again = of("reconnect", &setup("zephyr-2024", "windows-intel-m3", &[]));
    assert_eq!(blamed(&again), PHY, "{}", report::text(&again));
}

/// The pair is healthy, but the peripheral does not get what it asks for.
#[test]
fn a_request_that_is_not_granted_is_reported_with_its_cure() {
    let apple = of("pairing", &setup("zephyr-2024", "phone", &["central.parameter-rules=apple"]));
    let printed = report::text(&apple);
    assert!(apple.is_healthy(), "{printed}");
    let [unmet] = &apple.unmet[..] else { panic!("{printed}") };
    assert_eq!(unmet.request, "LL_CONNECTION_PARAM_REQ");
    let got: Vec<String> = unmet.cures.iter().flat_map(|cure| cure.set.clone()).collect();
    assert!(got.contains(&"preferred=24,36,0,600".into()), "{got:?}");
    assert!(!got.contains(&"preferred=24,40,0,42".into()), "Zephyr's own: {got:?}");
    let stubborn = setup("zephyr-2024", "phone", &["central.parameter-rules=reject"]);
    let stubborn = of("pairing", &stubborn);
    assert!(stubborn.unmet[0].cures.is_empty(), "{}", report::text(&stubborn));
}

/// Pairing that is never answered: the runs part first at a request that comes at the same time in
/// any case, and its own proof acquits it.
#[test]
fn a_request_that_does_no_harm_when_it_is_put_back_is_no_cause() {
    let diagnosis = of("pairing", &setup("zephyr-2024", "phone", &["never-answers=pairing"]));
    let printed = report::text(&diagnosis);
    assert_eq!(blamed(&diagnosis), ["SMP Pairing Response"], "{printed}");
    assert!(diagnosis.causes.iter().all(|cause| cause.is_proven()), "{printed}");
    assert_eq!(cures(&diagnosis), ["never-answers=none"], "{printed}");
    assert!(diagnosis.timing.is_empty() && !printed.contains(" 0 of"), "{printed}");
}

/// What is put off by five seconds comes after pairing only where the person is quick.
#[test]
fn a_cure_that_needs_a_quick_user_is_marked() {
    let set = [HONEST, "central.param-req=silent:2@pairing", "param-update=1000"];
    let diagnosis = of("pairing", &setup("zephyr-2024", "windows-intel", &set));
    let printed = report::text(&diagnosis);
    let holds = |set: &str| {
        let cure = diagnosis.cures.iter().find(|cure| cure.set == [set]);
        cure.unwrap_or_else(|| panic!("{set}\n{printed}")).holds()
    };
    assert!(!holds("param-update=5000") && holds("param-update=never"), "{printed}");
    assert!(holds("param-update=5000:not-while-pairing"), "{printed}");
}

/// A trial does not show what only the central's own host and link layer know.
#[test]
fn runs_hide_what_only_the_central_knows() {
    let setup = setup("zephyr-2024", "windows-intel", &[]);
    let bench = bench("pairing", &setup);
    let run = bench.play(&Trial::new(&setup.peripheral, 1)).expect("nobody interrupts");
    let central = run.central;
    let notes = run.records.iter().filter(|record| {
        record.node == central && matches!(record.kind, bletwin_sim::record::RecordKind::Note(_))
    });
    assert_eq!(notes.count(), 0);
    assert!(!format!("{:?}", run.summary).contains("windows"));
}

/// The search, the proof and the words get [`Bench`], which does not open.
#[test]
fn no_part_of_a_diagnosis_knows_what_a_central_is_made_of() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../diagnose/src");
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.file_name().is_some_and(|name| name == "bench.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("readable");
        for word in ["bletwin_models", "Profile", "quirk", "Quirk"] {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn the_answer_does_not_depend_on_the_number_of_threads() {
    let setup = setup("zephyr-2024", "windows-intel", &["loss=2"]);
    let answer = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| serde_json::to_string(&diagnosed("pairing", &setup)).expect("JSON"))
    };
    assert_eq!(answer(1), answer(5));
}

/// The proof can fail: a procedure that does no harm is not blamed when it is put back.
#[test]
fn removing_a_harmless_request_cures_nothing() {
    let setup = setup("zephyr-2024", "windows-intel", &[]);
    let bench = bench("pairing", &setup);
    let recommended = preset("recommended").unwrap();
    let mut quiet = recommended.clone();
    quiet.config.phy_update = PhyUpdate::OnConnect;
    let outcome = |build: &Build| bench.outcome(&Trial::new(build, 1)).expect("a run");
    assert!(!outcome(&quiet).good);
    assert!(outcome(&recommended).good);
}

#[test]
fn the_report_of_the_founding_case() {
    let diagnosis = of("pairing", &setup("zephyr-2024", "windows-intel", &[]));
    insta::assert_snapshot!(report::text(&diagnosis));
}

#[test]
fn the_report_of_two_causes() {
    let set = ["central.length-req=block@pairing"];
    let diagnosis = of("pairing", &setup("zephyr-2024", "windows-intel", &set));
    insta::assert_snapshot!(report::text(&diagnosis));
}

#[test]
fn the_report_of_a_pair_without_a_cure() {
    let set = ["central.encryption-patience=1"];
    let diagnosis = of("pairing", &setup("zephyr-2024", "phone", &set));
    insta::assert_snapshot!(report::text(&diagnosis));
}

#[test]
fn the_report_of_a_healthy_pair() {
    let diagnosis = of("pairing", &setup("recommended", "windows-intel", &[]));
    insta::assert_snapshot!(report::text(&diagnosis));
}

/// Two causes of which each is enough to fail, one in the firmware and one around it: neither alone
/// cures, and nothing else is accused.
#[test]
fn a_failure_with_two_causes_is_reported_with_both() {
    let both = ["leave-when-idle=20000", "out-of-reach=15000", "param-update=never"];
    let diagnosis = of("stay", &setup("zephyr-2024", "phone", &both));
    let turns: Vec<_> = diagnosis.turns_on.iter().map(|t| (t.on, t.change.join(" "))).collect();
    let wanted = "the devices within reach leave-when-idle=never".to_owned();
    assert_eq!(turns, [(On::Together, wanted)], "{diagnosis:#?}");
    let printed = report::text(&diagnosis);
    assert!(!printed.contains("adapter") && !printed.contains("None is proven"), "{printed}");
    // Where nothing at all heals, another central is no advice if an honest one fails as well.
    let both = ["leave-when-idle=20000", "out-of-reach=15000", "stored-key=reversed"];
    let lost = of("reconnect", &setup("zephyr-2024", "phone", &both));
    assert!(!report::text(&lost).contains("another Bluetooth adapter"), "{lost:#?}");
}

/// An intermittent failure has good runs without a cure, too: a cure is proven only by so many good
/// runs that three failures would be expected among them.
#[test]
fn chance_is_no_cure() {
    let chance = setup("zephyr-2024", "phone", &["loss=20"]);
    let diagnosis = of("stay", &chance);
    let Share { count, of } = diagnosis.fails;
    assert!(0 < count && count < of, "{count} of {of}");
    let expected = |share: Share| share.of * count / of;
    assert!(!diagnosis.cures.is_empty());
    for cure in &diagnosis.cures {
        assert!(cure.good.is_all() && expected(cure.good) >= 3, "{:?} {:?}", cure.set, cure.good);
    }
    let printed = report::text(&diagnosis);
    assert!(printed.contains("It is a matter of chance"), "{printed}");
}

/// A host that is busy at a moment: who is found later comes behind it, which is no cure.
#[test]
fn what_strikes_at_a_moment_is_not_cured_by_coming_later() {
    let busy = ["host-busy=1000:34000", "central.steps=mtu,discover,write:led:01,disconnect"];
    let diagnosis = of("pairing", &setup("zephyr-2024", "phone", &busy));
    assert_eq!(cures(&diagnosis), [""; 0]);
    let turns: Vec<String> = diagnosis.turns_on.iter().map(|t| t.change.join(" ")).collect();
    assert_eq!(turns, ["the peripheral's host never kept from work (host-busy=never)"]);
}

//! `bletwin diagnose` against the whole quirk catalogue: its cause, its cures and its advice,
//! beside those that each file declares. Then the same centrals under other names, with other
//! numbers, and several in one; and centrals that no catalogue has.

use std::collections::BTreeSet;

use bletwin::quirks::{self, Trial};
use bletwin_diagnose::bench::Watcher;
use bletwin_diagnose::candidates::ChangeKind;
use bletwin_diagnose::diagnosis::Cure;
use bletwin_diagnose::{Bench, Diagnosis, Question, diagnose, report};
use bletwin_models::profile::{Entry, Profile, Quirk, catalogue as centrals};
use bletwin_scenarios::catalogue;
use bletwin_setup::Setup;
use rayon::prelude::*;

/// What is right.
#[derive(Clone, Copy, Debug)]
enum Truth {
    /// This PDU of the peripheral is the cause, and it is proven.
    Blames(&'static str),
    /// Nothing fails, but this request is not granted.
    Ungranted(&'static str),
    /// Not a PDU but this key of the firmware, or these surroundings.
    Turns(&'static str),
    /// The firmware has no free cure: the user gets this advice.
    Tells(&'static str),
    /// Nothing fails and everything is granted.
    Healthy,
}

use Truth::{Blames, Healthy, Tells, Turns, Ungranted};

const PHY: Truth = Blames("LL_PHY_REQ");
const LENGTH: Truth = Blames("LL_LENGTH_REQ");
const PARAMETERS: Truth = Blames("LL_CONNECTION_PARAM_REQ");
const FEATURES: Truth = Blames("LL_PERIPHERAL_FEATURE_REQ");

struct Row {
    quirk: &'static str,
    truth: Truth,
    /// Other numbers, which change nothing else; none, where there are no numbers.
    other: &'static [&'static str],
}

const fn row(quirk: &'static str, truth: Truth, other: &'static [&'static str]) -> Row {
    Row { quirk, truth, other }
}

const ROWS: &[Row] = &[
    row("phy-stall", PHY, &["central.interval-us=30000", "central.give-up-ms=9000"]),
    row("phy-stall-silent", PHY, &["central.phy-req=silent:11@pairing"]),
    row("phy-stall-no-switch", PHY, &["central.instant-events=12"]),
    row("second-phy-request", PHY, &["central.instant-events=20"]),
    row("second-phy-request-cached", PHY, &["central.instant-events=15"]),
    row("param-request-before-phy-instant", PHY, &["central.instant-events=25"]),
    row("conn-update-during-phy", PHY, &["central.own-procedures=parameters:60000:0:6000@0"]),
    row("phy-request-after-param-request", PARAMETERS, &["central.instant-events=10"]),
    row("short-reject-for-length", LENGTH, &["central.length-req=reject:0x1f+3"]),
    row("short-reject-for-phy", PHY, &["central.phy-req=reject:0x23+4"]),
    row("unknown-rsp-for-phy", PHY, &["central.phy-req=unknown+5"]),
    row(
        "stall-if-phy-unknown",
        Blames("LL_UNKNOWN_RSP"),
        &["central.own-procedures=phy@11", "central.on-unknown-rsp=silent:4"],
    ),
    row(
        "encryption-beats-phy",
        Ungranted("LL_PHY_REQ"),
        &["central.phy-req=reject-ext:0x23@encrypting"],
    ),
    row(
        "late-encryption",
        Turns("host-latency=0"),
        &["host-latency=30", "central.encryption-patience=3"],
    ),
    row(
        "close-instants",
        Tells("bring the devices closer"),
        &["central.instant-events=2", "loss=28"],
    ),
    row(
        "param-unknown-stall",
        Blames("L2CAP Connection Parameter Update Request"),
        &["central.on-unknown-rsp=silent:15", "param-update=3000"],
    ),
    row("key-missing", Tells("remove the device in the central's"), &[]),
    row("forgets-itself", Tells("delete the bonds on the device"), &[]),
    row("forgotten-stays-forgotten", Tells("newer driver or system for this one"), &[]),
    row("no-pairing-on-att-error", Blames("SMP Security Request"), &["central.interval-us=22500"]),
    row("debug-key-refused", Blames("SMP Pairing Public Key"), &["central.p256-ms=25"]),
    row("no-keyboard", Tells("can show or type a passkey"), &[]),
    row(
        "refuses-after-boot",
        Blames("SMP Security Request"),
        &["central.refuses-after-boot-ms=9000"],
    ),
    row("apple-parameter-rules", Ungranted("LL_CONNECTION_PARAM_REQ"), &["param-update=2000"]),
    row("parameters-overwritten", Healthy, &["central.own-procedures=parameters:45000:0:4000@250"]),
    row("short-supervision-timeout", Turns("no packets lost"), &["central.timeout-ms=390"]),
    row("connect-refused", Tells("update the firmware"), &[]),
];

/// Cures of the files that a diagnosis finds in another form: keys with other values, or less than
/// the file says.
const IN_OTHER_WORDS: &[(&str, &[&str])] = &[
    // Leaving 2M out is not tried where asking for no parameters is enough.
    ("phy-request-after-param-request", &["param-update"]),
    ("late-encryption", &["host-latency"]),
    ("short-supervision-timeout", &["param-update", "preferred"]),
];

fn entry(name: &str) -> (Entry, Quirk) {
    let entry = centrals::entry(name).unwrap_or_else(|| panic!("no {name}"));
    let quirk = entry.quirk.clone().expect("a quirk");
    (entry, quirk)
}

fn ask(scenario: &str, setup: &Setup) -> Diagnosis {
    let scenario = catalogue::by_name(scenario).expect("known");
    let bench = Bench::of(scenario, setup, Watcher::NONE).expect("an honest central");
    let question = Question {
        names: ["the firmware".into(), "somebody".into()],
        config: setup.peripheral.clone(),
        seed: setup.seed,
        seeds: 4,
    };
    diagnose(bench, &question).expect("nobody interrupts")
}

fn told(diagnosis: &Diagnosis) -> String {
    report::text(diagnosis).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is wrong with an answer, in words.
fn wrong(diagnosis: &Diagnosis, truth: Truth) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut want = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!("not {what}"));
        }
    };
    let blamed: Vec<&str> = diagnosis.causes.iter().map(|cause| cause.pdu.as_str()).collect();
    let told = told(diagnosis);
    want(diagnosis.is_healthy() == matches!(truth, Ungranted(_) | Healthy), "the right verdict");
    match truth {
        Blames(pdu) => {
            want(
                blamed.first().is_some_and(|first| first.starts_with(pdu)),
                &format!("{pdu}: {blamed:?}"),
            );
            want(diagnosis.causes.iter().all(|cause| cause.put_back.is_all()), "proven");
            let good = |cure: &Cure| cure.kind == ChangeKind::Plain && cure.holds();
            want(diagnosis.cures.first().is_some_and(good), "a cure that holds");
        }
        Ungranted(request) => {
            let unmet: Vec<&str> =
                diagnosis.unmet.iter().map(|unmet| unmet.request.as_str()).collect();
            want(unmet == [request], &format!("{request} ungranted: {unmet:?}"));
        }
        Turns(on) => {
            let helps = diagnosis.surroundings.iter().filter(|better| better.good.is_all());
            let helps: Vec<&str> = helps.map(|better| better.text).collect();
            want(helps.iter().any(|text| text.contains(on)), &format!("{on}: {helps:?}"));
        }
        Tells(text) => {
            let free = diagnosis.cures.iter().any(|cure| cure.kind == ChangeKind::Plain);
            want(!free, "without a cure that costs nothing");
            want(told.contains("No cure in the firmware"), "told that there is no cure");
            want(told.contains(text), &format!("told to {text}"));
        }
        Healthy => want(diagnosis.unmet.is_empty(), "granted everything"),
    }
    wrong
}

/// Whether a cure of the file is among those that were found.
fn misses_cures(name: &str, quirk: &Quirk, diagnosis: &Diagnosis) -> Option<String> {
    if quirk.cures.is_empty() {
        return None;
    }
    let set = |set: &[String]| set.iter().cloned().collect::<BTreeSet<String>>();
    let cures = diagnosis.cures.iter().chain(diagnosis.unmet.iter().flat_map(|unmet| &unmet.cures));
    let found: Vec<BTreeSet<String>> = cures.map(|cure| set(&cure.set)).collect();
    let known: Vec<BTreeSet<String>> = quirk.cures.iter().map(|cure| set(cure)).collect();
    if known.iter().any(|cure| found.iter().any(|found| found.is_subset(cure))) {
        return None;
    }
    let other = IN_OTHER_WORDS.iter().find(|(quirk, _)| *quirk == name).map(|(_, keys)| *keys);
    let key = |assignment: &String| assignment.split('=').next().unwrap_or_default().to_owned();
    let keys: BTreeSet<String> = other.into_iter().flatten().map(|key| (*key).to_owned()).collect();
    let same = |found: &BTreeSet<String>| found.iter().map(key).collect::<BTreeSet<_>>() == keys;
    let surroundings = diagnosis.surroundings.iter().filter(|better| better.good.is_all());
    let around = |text: &str| keys.iter().any(|key| text.contains(key.as_str()));
    let there = found.iter().any(same) || surroundings.into_iter().any(|b| around(b.text));
    (!there).then(|| format!("cures {found:?}, the file has {known:?}"))
}

/// As [`misses_cures`] and [`wrong`], with the report below.
fn judge(row: &Row, more: &[&str], files: bool) -> Option<String> {
    let (entry, quirk) = entry(row.quirk);
    let seed = quirk.seeds.first().copied().unwrap_or(1);
    let mut setup = quirks::setup(&entry, &quirk, Trial::With, seed).expect("known");
    for assignment in more {
        setup.set(assignment).expect("a known key");
    }
    setup.central = Profile { name: "tv".into(), about: String::new(), ..setup.central };
    let diagnosis = ask(&quirk.scenario, &setup);
    let mut found = wrong(&diagnosis, row.truth);
    found.extend(files.then(|| misses_cures(row.quirk, &quirk, &diagnosis)).flatten());
    let told = report::text(&diagnosis);
    if told.contains(row.quirk) {
        found.push("it names the file".into());
    }
    (!found.is_empty()).then(|| format!("{} {more:?}: {found:#?}\n{told}", row.quirk))
}

#[test]
fn every_quirk_of_the_catalogue_is_found_out() {
    let rows: BTreeSet<String> = ROWS.iter().map(|row| row.quirk.to_owned()).collect();
    let all: BTreeSet<String> =
        centrals::quirks().into_iter().map(|entry| entry.profile.name).collect();
    assert_eq!(rows, all, "each has its row");
    // An eighth of them: a diagnosis takes a second.
    let some: Vec<&Row> = ROWS.iter().step_by(crate::one_in(8)).collect();
    let wrong: Vec<String> = some.par_iter().filter_map(|row| judge(row, &[], true)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// One in sixteen: all of them take half a minute of two cores.
#[test]
fn with_other_numbers_the_answer_is_the_same() {
    let step = crate::one_in(16);
    let rows: Vec<&Row> = ROWS.iter().filter(|row| !row.other.is_empty()).step_by(step).collect();
    let wrong: Vec<String> =
        rows.into_par_iter().filter_map(|row| judge(row, row.other, false)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A central of the user's own, from a file.
fn central(text: &str, set: &[&str]) -> Setup {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("somebody.toml");
    std::fs::write(&path, format!("version = 1\n{text}")).expect("writable");
    let mut setup = Setup::new("zephyr-2024", path.to_str().expect("UTF-8"), 1).expect("a central");
    for assignment in set {
        setup.set(assignment).expect("a known key");
    }
    setup
}

/// File, scenario, `--set`, the PDUs to blame, and a cure.
type Composed =
    (&'static str, &'static str, &'static [&'static str], &'static [&'static str], &'static str);

/// Several quirks in one central: each is enough, so all have to go.
#[test]
fn composed_of_several_quirks_all_of_them_are_found_out() {
    let cases: &[Composed] = &[
        (
            "extends = \"windows-10\"\n\
             quirks = [\"phy-stall\", \"phy-request-after-param-request\"]",
            "stay",
            &[],
            &["LL_PHY_REQ", "LL_CONNECTION_PARAM_REQ"],
            "phy-update=after-bonding param-update=never",
        ),
        (
            "extends = \"windows-11\"\n\
             quirks = [\"second-phy-request\", \"apple-parameter-rules\"]",
            "pairing",
            &[],
            &["LL_PHY_REQ"],
            "phy-update=never",
        ),
        (
            "extends = \"windows-intel-m3\"\nquirks = [\"debug-key-refused\"]",
            "pairing",
            &["debug-key=true"],
            &["LL_PHY_REQ", "SMP Pairing Public Key"],
            "phy-update=after-bonding debug-key=false",
        ),
        (
            "extends = \"windows-intel\"\nlength-req = \"silent:9@pairing\"",
            "reconnect",
            &[],
            &["LL_PHY_REQ", "LL_LENGTH_REQ"],
            "phy-update=after-bonding data-length=after-bonding",
        ),
    ];
    let judge = |(text, scenario, set, pdus, cure): &Composed| {
        let diagnosis = ask(scenario, &central(text, set));
        let blamed: Vec<&str> = diagnosis.causes.iter().map(|cause| cause.pdu.as_str()).collect();
        let cures: Vec<String> = diagnosis.cures.iter().map(|cure| cure.set.join(" ")).collect();
        let right = blamed == *pdus && cures.iter().any(|found| found == cure);
        (!right).then(|| format!("{text}: {blamed:?} {cures:?}\n{}", report::text(&diagnosis)))
    };
    let some: Vec<_> = cases.iter().step_by(crate::one_in(2)).collect();
    let wrong: Vec<String> = some.into_par_iter().filter_map(judge).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Centrals that no catalogue has.
#[test]
fn undescribed_centrals_are_diagnosed() {
    let cases: &[(&str, &str, Truth, &str)] = &[
        // A car kit that never answers a feature request: 40 s, reason 34.
        (r#"feature-req = "never""#, "stay", FEATURES, "feature-exchange=cached"),
        // A television that dies of a length request once it knows the device.
        (
            "extends = \"bluez\"\nlength-req = \"silent:3@cached+2\"\ntimeout-ms = 1000",
            "reconnect",
            LENGTH,
            "data-length=never",
        ),
        // A tablet whose grant of parameters is followed by a PHY update as long as the link is
        // plain.
        (
            "extends = \"ios\"\nparameter-rules = \"all\"\nparam-req = \"then-phy-req@plain\"",
            "stay",
            PARAMETERS,
            "param-update=5000:not-while-pairing",
        ),
        // A hub that stops at a refused parameter request of its own.
        (
            "own-procedures = [\"ping@30\"]\non-unknown-rsp = \"block\"\nphy-req = \"block@first\"",
            "pairing",
            PHY,
            "phy-update=never",
        ),
    ];
    let judge = |(text, scenario, truth, cure): &(&str, &str, Truth, &str)| {
        let diagnosis = ask(scenario, &central(text, &[]));
        let mut found = wrong(&diagnosis, *truth);
        if !diagnosis.cures.iter().any(|found| found.set.join(" ") == *cure) {
            found.push(format!("no {cure}"));
        }
        (!found.is_empty()).then(|| format!("{text}: {found:#?}\n{}", report::text(&diagnosis)))
    };
    let some: Vec<_> = cases.iter().step_by(crate::one_in(2)).collect();
    let wrong: Vec<String> = some.into_par_iter().filter_map(judge).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Without its quirk a central is well: nothing is made up.
#[test]
fn without_the_quirk_there_is_nothing_to_find() {
    let names = ["phy-stall", "late-encryption", "param-unknown-stall", "forgets-itself"];
    let judge = |name: &&str| {
        let (entry, quirk) = entry(name);
        let setup = quirks::setup(&entry, &quirk, Trial::Without, 1).expect("known");
        let diagnosis = ask(&quirk.scenario, &setup);
        let invented = !diagnosis.is_healthy() || !diagnosis.causes.is_empty();
        invented.then(|| format!("{name}\n{}", report::text(&diagnosis)))
    };
    let wrong: Vec<String> = names.par_iter().filter_map(judge).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

//! `bletwin learn`, `reproduce` and `match`: from evidence to a central, a test and a cure.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

fn bletwin(folder: &Path, arguments: &[&str]) -> Output {
    let mut bletwin = Command::new(env!("CARGO_BIN_EXE_bletwin"));
    bletwin.args(arguments).current_dir(folder).output().expect("starts")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The founding case: from its capture alone to a test that fails and the cure that mends it, in
/// one command and under ten seconds.
#[test]
fn the_founding_case_becomes_a_failing_test_and_its_cure() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    bletwin(here, &["run", "pairing", "--central", "windows-intel", "--pcapng", "case.pcapng"]);
    let begun = Instant::now();
    let told = bletwin(here, &["reproduce", "case.pcapng", "--test", "tests"]);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(told.status.code(), Some(0), "{}", text(&told));
    insta::assert_snapshot!(text(&told));
    let test = fs::read_to_string(here.join("tests/captured_central.rs")).expect("a test");
    insta::assert_snapshot!(test);

    // What the test plays, with the files that were written: it fails, and with the cure passes.
    let [central, firmware] =
        ["tests/captured-central.toml", "tests/captured-central-firmware.toml"];
    let run = ["run", "pairing", "--peripheral", firmware, "--central", central];
    assert_eq!(bletwin(here, &run).status.code(), Some(1));
    assert!(test.contains("a cure: [\"phy-update=after-bonding\"]"), "{test}");
    let cured = [&run[..], &["--set", "phy-update=after-bonding"]].concat();
    let cured = bletwin(here, &cured);
    assert_eq!(cured.status.code(), Some(0), "{}", text(&cured));
}

/// A sniffer that has lost packets leaves an answer possible that was not given; the twin comes to
/// the same end nevertheless.
#[test]
fn a_capture_with_gaps_leads_to_the_same_cure() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let run = ["run", "pairing", "--central", "windows-intel", "--pcapng", "case.pcapng"];
    bletwin(here, &[&run[..], &["--sniffer", "nordic,loss=3,direction=unknown"]].concat());
    let told = bletwin(here, &["reproduce", "case.pcapng"]);
    assert_eq!(told.status.code(), Some(0), "{}", text(&told));
    assert!(text(&told).contains("What cures: phy-update=after-bonding."), "{}", text(&told));
    let learned = text(&bletwin(here, &["learn", "case.pcapng"]));
    assert!(learned.contains("extends = \"windows-intel\""), "{learned}");
}

/// A profile that was learned is read again, and says what shows its keys.
#[test]
fn a_central_is_learned_from_two_captures() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    for (seed, file) in [("1", "a.pcapng"), ("2", "b.pcapng")] {
        let set = "central.timeout-ms=3000";
        let run = ["run", "pairing", "--central", "ios", "--set", set, "--seed", seed];
        bletwin(here, &[&run[..], &["--pcapng", file]].concat());
    }
    let output = bletwin(here, &["learn", "a.pcapng", "b.pcapng", "-o", "it.toml"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let file = fs::read_to_string(here.join("it.toml")).expect("a profile");
    assert!(file.contains("extends = \"ios\"") && file.contains("timeout-ms = 3000"), "{file}");
    assert!(file.contains("# Shown by connection 1: CONNECT_IND"), "{file}");
    assert!(file.contains("# Not seen"), "{file}");
    assert_eq!(bletwin(here, &["central", "check", "it.toml"]).status.code(), Some(0));
    let json = bletwin(here, &["learn", "a.pcapng", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["changes"][0]["keys"]["timeout-ms"], "3000");
    assert_eq!(json["firmware"]["preset"], "zephyr-2024");
    let nothing = bletwin(here, &["learn", "it.toml"]);
    assert_eq!(nothing.status.code(), Some(2), "{nothing:?}");
}

/// What the peripheral was seen to do is a firmware: the twin plays it, unless one is named.
#[test]
fn a_peripheral_is_learned_as_a_firmware() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let run = ["run", "pairing", "--central", "phone", "--peripheral", "recommended"];
    let set = ["--set", "io=keyboard-only", "--set", "phy-update=on-connect"];
    bletwin(here, &[&run[..], &set, &["--pcapng", "a.pcapng"]].concat());
    let learn = ["learn", "a.pcapng", "-o", "it.toml", "--firmware", "fw.toml"];
    let output = bletwin(here, &learn);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let file = fs::read_to_string(here.join("fw.toml")).expect("a firmware");
    assert!(file.contains("io = \"keyboard-only\""), "{file}");
    assert!(file.contains("phy-update = \"on-connect\""), "{file}");
    assert!(file.contains("# Not seen, so as the preset has it: "), "{file}");
    let again = [&run[..4], &["--peripheral", "fw.toml"]].concat();
    assert_eq!(bletwin(here, &again).status.code(), Some(0), "{file}");
    let printed = text(&bletwin(here, &["learn", "a.pcapng"]));
    assert!(printed.contains("\n# io = \"keyboard-only\"\n"), "{printed}");
    let twin = |more: &[&str]| -> serde_json::Value {
        let output = bletwin(here, &[&["reproduce", "a.pcapng", "--json"], more].concat());
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let learned = twin(&[]);
    let set = learned["peripheral_set"].as_array().expect("a list");
    assert!(set.contains(&"io=keyboard-only".into()) && learned["same"] == true, "{learned}");
    let named = twin(&["--peripheral", "recommended"]);
    assert_eq!(named["peripheral_set"], serde_json::json!([]));
    // Who shows a passkey instead of asking for one pairs in other words.
    assert!(!named["parting"].is_null(), "{named}");
}

/// A phone whose private address changes is one device by its identity resolving key, which is
/// never printed.
#[test]
fn a_phone_with_private_addresses_is_one_by_its_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let run = ["run", "reconnect", "--central", "phone", "--peripheral", "recommended"];
    let private =
        ["--set", "central.address-type=resolvable", "--set", "central.rpa-timeout-ms=1000"];
    let files = ["--pcapng", "air.pcapng", "--btsnoop", "hosts"];
    bletwin(here, &[&run[..], &private, &files].concat());
    let log = fs::read_dir(here.join("hosts")).expect("logs").filter_map(Result::ok);
    let log = log.map(|entry| entry.path()).find(|path| path.to_string_lossy().contains("central"));
    let log = fs::read(log.expect("of the central")).expect("a log");
    // SMP Identity Information behind the header of L2CAP; first the central's own is sent, or the
    // peripheral's received: both belong to somebody in it.
    let told = log.windows(21).filter(|octets| octets.starts_with(&[17, 0, 6, 0, 8]));
    let hex = |octets: &mut dyn Iterator<Item = &u8>| -> String {
        octets.map(|octet| format!("{octet:02x}")).collect()
    };
    let irks: Vec<String> = told.map(|octets| hex(&mut octets[5..].iter())).collect();
    assert!(!irks.is_empty());

    let several = bletwin(here, &["learn", "air.pcapng"]);
    assert_eq!(several.status.code(), Some(2), "{several:?}");
    assert!(String::from_utf8_lossy(&several.stderr).contains("--irk"), "{several:?}");
    let keyed: Vec<&str> = irks.iter().flat_map(|irk| ["--irk", irk.as_str()]).collect();
    for command in [&["learn", "air.pcapng"][..], &["reproduce", "air.pcapng"]] {
        let output = bletwin(here, &[command, &keyed].concat());
        assert!(matches!(output.status.code(), Some(0 | 1)), "{command:?}: {output:?}");
    }
    let explained = bletwin(here, &[&["explain", "air.pcapng"][..], &keyed].concat());
    let printed = text(&explained);
    assert!(printed.contains("2 addresses are 1 device"), "{printed}");
    for irk in &irks {
        assert!(!printed.to_lowercase().contains(irk), "{printed}");
    }
    let short = bletwin(here, &["explain", "air.pcapng", "--irk", "5a5a"]);
    let error = String::from_utf8_lossy(&short.stderr).into_owned();
    assert_eq!(short.status.code(), Some(2), "{error}");
    assert!(error.contains("--irk is no key") && error.contains("these are 4 digits"), "{error}");
    let without = bletwin(here, &["match", "--log", "reason 8", "--irk", &irks[0]]);
    assert_eq!(without.status.code(), Some(2), "{without:?}");
}

/// Of the founding case the log of the peripheral's host tells the reason and the time, which is
/// what its two lines tell. What the two hosts are told of one end differs, so a log of the
/// central's host is not matched.
#[test]
fn a_log_of_the_peripherals_host_alone_is_matched() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let matched = |scenario, central, log: &str| {
        let run = ["run", scenario, "--central", central, "--peripheral", "zephyr-2024"];
        bletwin(here, &[&run[..], &["--btsnoop", scenario]].concat());
        bletwin(here, &["match", &format!("{scenario}/{log}.btsnoop")])
    };
    let printed = text(&matched("pairing", "windows-intel", "peripheral"));
    assert!(printed.contains("reason 8") && printed.contains("windows-intel"), "{printed}");
    let refused = matched("wrong-passkey", "phone", "central");
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(error.contains("central's host") && error.contains("peripheral's host"), "{error}");
}

/// A host's log beside a capture has its key, and alone it is no capture.
#[test]
fn a_log_of_the_host_opens_what_is_learned_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let run = ["run", "pairing", "--central", "phone", "--peripheral", "recommended"];
    bletwin(here, &[&run[..], &["--pcapng", "a.pcapng", "--btsnoop", "hosts"]].concat());
    let key = "# phy-update = \"after-bonding\"\n# data-length = \"after-bonding\"\n";
    let learn = |files: &[&str]| bletwin(here, &[&["learn", "--json"], files].concat());
    let json = |output: &Output| -> serde_json::Value {
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let decided = |output: &Output| -> bool {
        let keys = json(output)["firmware"]["keys"].clone();
        let all = keys.as_array().expect("a list").iter();
        all.filter(|one| one["seen"].is_null()).any(|one| one["key"] == "phy-update")
    };
    let (alone, both) = (learn(&["a.pcapng"]), learn(&["a.pcapng", "hosts/central.btsnoop"]));
    assert!(!decided(&alone) && decided(&both), "{both:?}");
    assert_eq!(json(&both)["connections"], 1);
    let printed = text(&bletwin(here, &["learn", "hosts/peripheral.btsnoop", "a.pcapng"]));
    assert!(printed.contains(key), "{printed}");
    let log = bletwin(here, &["reproduce", "hosts/central.btsnoop"]);
    assert_eq!(log.status.code(), Some(2), "{log:?}");
    assert!(String::from_utf8_lossy(&log.stderr).contains("no packets of the air"), "{log:?}");
}

/// The two lines of the founding case lead to it; another time or reason leads elsewhere.
#[test]
fn two_lines_of_a_log_lead_to_the_founding_case() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = ["--log", "Disconnected (reason 8)", "--log", "Security failed: level 1 err 9"];
    let output = |more: &[&str]| {
        let arguments = [&["match", "--json"], &lines[..], more].concat();
        let output = bletwin(folder.path(), &arguments);
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.code(), json)
    };
    let (code, json) = output(&["--after", "15"]);
    let names = |json: &serde_json::Value| -> Vec<String> {
        let all = json["candidates"].as_array().expect("a list").iter();
        all.map(|one| one["central"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(code, Some(0), "{json}");
    assert!(names(&json).contains(&"windows-intel".to_owned()), "{json}");
    let first = &json["candidates"][0];
    assert_eq!(first["decisive"][0], "LL_PHY_REQ", "{json}");
    let (late, json) = output(&["--after", "300"]);
    assert_eq!(late, Some(1), "{json}");
    let refused = bletwin(folder.path(), &["match", "--log", "it does not work"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
}

/// The founding case in the words of other stacks: a log with times of ESP-IDF and NimBLE, in which
/// an earlier connection was good, and a capture.
#[test]
fn a_log_of_another_stack_and_a_capture_lead_there_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let log = "I (812) NimBLE: connection established; status=0 conn_handle=1\n\
               I (9000) NimBLE: disconnect; reason=531 handle=1\n\
               I (20100) NimBLE: connection established; status=0 conn_handle=1\n\
               I (35400) NimBLE: encryption change event; status=7 handle=1\n\
               I (35410) NimBLE: disconnect; reason=520 handle=1\n";
    fs::write(here.join("uart.log"), log).expect("a log");
    let run = ["run", "pairing", "--central", "windows-intel", "--pcapng", "case.pcapng"];
    bletwin(here, &run);
    // What a peripheral that falls silent was told is not on air.
    let reasons = [8.into(), serde_json::Value::Null];
    for (asked, reason) in [&["--log", "uart.log"][..], &["case.pcapng"]].into_iter().zip(reasons) {
        let output = [&["match", "--json", "--peripheral", "zephyr-2024"], asked].concat();
        let output = bletwin(here, &output);
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(output.status.code(), Some(0), "{json}");
        assert_eq!((&json["said"]["reason"], &json["said"]["err"]), (&reason, &().into()));
        let after = json["said"]["after"].as_f64().expect("a time");
        assert!((14.0..17.0).contains(&after), "{json}");
        let all = json["candidates"].as_array().expect("a list");
        assert!(all.iter().any(|one| one["central"] == "windows-intel"), "{json}");
        assert_eq!(all[0]["decisive"][0], "LL_PHY_REQ", "{json}");
    }
    let missing = bletwin(here, &["match", "--log", "aurt.log"]);
    assert_eq!(missing.status.code(), Some(2), "{missing:?}");
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no file aurt.log"), "{missing:?}");
}

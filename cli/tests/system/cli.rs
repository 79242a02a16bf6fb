//! The command as a user meets it: exit codes, JSON, clear errors, no broken files.

use std::path::Path;
use std::process::{Command, Output};

fn bletwin(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bletwin")).args(arguments).output().expect("bletwin starts")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn json(arguments: &[&str]) -> (Option<i32>, serde_json::Value) {
    let output = bletwin(arguments);
    let value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}{}", text(&output.stdout), text(&output.stderr)));
    (output.status.code(), value)
}

#[test]
fn the_case_exits_1_and_its_json_has_all_fields() {
    let (code, value) = json(&["run", "pairing", "--central", "windows-intel", "--json"]);
    assert_eq!(code, Some(1));
    let object = value.as_object().expect("one object");
    let mut names: Vec<&str> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "busy",
        "central",
        "charge",
        "disconnect_reason",
        "expected",
        "findings",
        "hci_sha256",
        "hypotheses",
        "observations",
        "outcome",
        "passed",
        "peripheral",
        "phy",
        "scenario",
        "security_err",
        "security_level",
        "seed",
        "sim_seconds",
        "trace_sha256",
        "why",
    ];
    assert_eq!(names, expected);
    assert_eq!(value["outcome"], "disconnected");
    assert_eq!((&value["expected"], &value["passed"]), (&"bonded".into(), &false.into()));
    let why = value["why"].as_str().expect("a reason");
    assert!(why.contains("Expected bonded") && why.contains("LL_PHY_REQ"), "{why}");
    assert_eq!(value["disconnect_reason"], 8);
    assert_eq!(value["security_err"], 9);
    assert_eq!(value["security_level"], 1);
    assert_eq!(value["seed"], 1);
    let seconds = value["sim_seconds"].as_f64().expect("a number");
    assert!((13.0..18.0).contains(&seconds), "about 15 s: {seconds}");
    assert_eq!(value["trace_sha256"].as_str().map(str::len), Some(64));
    assert_eq!(value["hci_sha256"].as_str().map(str::len), Some(64));
}

#[test]
fn absent_values_are_null() {
    let (code, value) = json(&["run", "pairing", "--json"]);
    assert_eq!(code, Some(0));
    assert_eq!(value["outcome"], "bonded");
    assert_eq!((&value["passed"], &value["busy"]), (&true.into(), &serde_json::json!([])));
    assert!(value["why"].is_null());
    assert!(value["security_err"].is_null());
    assert!(value["disconnect_reason"].is_null());
    assert_eq!(value["phy"]["tx"], 2);
}

#[test]
fn list_names_what_run_takes() {
    let output = bletwin(&["list", "--json"]);
    let entries: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    for name in ["pairing", "zephyr-2024", "recommended", "phone", "windows-intel"] {
        let entry = entries.iter().find(|e| e["name"] == name).unwrap_or_else(|| panic!("{name}"));
        assert!(entry["text"].as_str().is_some_and(|t| !t.is_empty()), "{name}");
    }
    assert_eq!(output.status.code(), Some(0));
}

fn refused(arguments: &[&str], says: &str) {
    let output = bletwin(arguments);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    assert!(error.contains(says), "{arguments:?} should name {says}: {error}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[test]
fn bad_names_and_values_exit_2_and_say_what_would_be_right() {
    refused(&["run", "pairin"], "pairing");
    refused(&["run"], "bletwin list");
    refused(&["run", "pairing", "--central", "windows-inte"], "windows-intel");
    refused(&["run", "pairing", "--peripheral", "zephyr"], "zephyr-2024");
    refused(&["run", "pairing", "--peripheral", "missing.toml"], "missing.toml");
    refused(&["run", "pairing", "--set", "phy-updat=never"], "phy-update");
    refused(&["run", "pairing", "--set", "phy-update=sometimes"], "after-bonding");
    refused(&["run", "pairing", "--set", "phy-update"], "KEY=VALUE");
    refused(&["run", "pairing", "--set", "loss=101"], "0 to 100");
    refused(&["run", "pairing", "--seed", "x"], "--seed");
    refused(&["run", "pairing", "--decrypted"], "--pcapng");
    refused(&["rum"], "run");
}

#[test]
fn a_negative_number_gets_an_error_with_the_range() {
    for (arguments, right) in [
        (&["run", "pairing", "--seed", "-1"][..], "from 0 to"),
        (&["demo", "--seed", "-1"], "from 0 to"),
        (&["matrix", "--seed", "-1"], "from 0 to"),
        (&["matrix", "--seeds", "-1"], "1..=100000"),
        (&["diagnose", "pairing", "--central", "phone", "--seed", "-1"], "from 0 to"),
        (&["explore", "--seeds", "-1"], "--seeds 1..5"),
        (&["explore", "--window", "-1"], "0..=160"),
        (&["explore", "--jobs", "-1"], "1..=1024"),
    ] {
        let output = bletwin(arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(right) && !error.contains("-- -1"), "{arguments:?}: {error}");
    }
}

#[test]
fn a_name_beside_its_file_gets_an_error_with_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("my-laptop.toml"), "").expect("written");
    for arguments in [
        &["run", "pairing", "--central", "my-laptop"][..],
        &["run", "pairing", "--peripheral", "my-laptop"],
        &["matrix", "--central", "my-laptop", "--seeds", "1"],
        &["diagnose", "pairing", "--central", "my-laptop"],
        &["central", "show", "my-laptop"],
        &["central", "show", "my-laptop", "--all"],
        &["peripheral", "show", "my-laptop"],
        &["serve", "--endpoint", "tcp:0=my-laptop"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bletwin"));
        let output = command.current_dir(folder.path()).args(arguments).output().expect("starts");
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains("did you mean the file `./my-laptop.toml`"), "{error}");
    }
}

/// A file beside a built-in name would never be met by that name, one with a hyphen before it is
/// an option.
#[test]
fn what_is_begun_gets_a_name_that_can_be_given() {
    for (arguments, right) in [
        (&["central", "new", "phone"][..], "built in"),
        (&["central", "new", "phy-stall"], "built in"),
        (&["peripheral", "new", "recommended"], "built in"),
        (&["central", "new", "--", "-x"], "use letters"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(env!("CARGO_BIN_EXE_bletwin"));
        let output = command.current_dir(folder.path()).args(arguments).output().expect("starts");
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(right), "{arguments:?}: {error}");
        assert_eq!(files(folder.path()), 0);
    }
}

#[test]
fn codes_explains_the_numbers_of_a_log() {
    let output = bletwin(&["codes", "Security failed: 58:A0:23:A6:35:0A (public) level 1 err 9"]);
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    assert!(printed.contains("Unspecified") && printed.contains("the link died"), "{printed}");
    assert!(!printed.contains("ATT"), "{printed}");
    let (code, value) = json(&["codes", "0x08", "--json"]);
    let layers: Vec<_> = value.as_array().expect("an array").iter().map(|c| &c["layer"]).collect();
    assert_eq!(code, Some(0));
    assert_eq!(layers, ["hci", "smp", "att", "zephyr"]);
    assert_eq!(value[0]["hex"], "0x08");
    let all = text(&bletwin(&["codes"]).stdout);
    for name in
        ["MIC Failure", "Confirm Value Failed", "Insufficient Authentication", "Key Rejected"]
    {
        assert!(all.contains(name), "{name}");
    }
    refused(&["codes", "-1"], "bletwin codes");
    refused(&["codes", "0x77"], "0x3D");
}

#[test]
fn set_help_lists_every_key() {
    let output = bletwin(&["run", "--set", "help"]);
    let help = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    for key in ["phy-update", "passkey", "loss", "clock-ppm"] {
        assert!(help.contains(key), "{key}");
    }
}

#[test]
fn an_unwritable_capture_fails_before_the_run_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("no/such/folder/x.pcapng");
    refused(&["run", "pairing", "--pcapng", &path.to_string_lossy()], "cannot write");
    assert_eq!(std::fs::read_dir(folder.path()).expect("readable").count(), 0);
}

#[test]
fn a_capture_is_complete_and_alone_in_its_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.pcapng");
    let output = bletwin(&["run", "pairing", "--pcapng", &path.to_string_lossy(), "--decrypted"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let octets = std::fs::read(&path).expect("the capture");
    assert_eq!(octets.get(..4), Some(&[0x0A, 0x0D, 0x0D, 0x0A][..]), "section header block");
    assert_eq!(std::fs::read_dir(folder.path()).expect("readable").count(), 1);
}

#[test]
fn colours_only_on_a_terminal() {
    let output = bletwin(&["run", "pairing", "--central", "windows-intel", "--log", "--ladder"]);
    assert!(!output.stdout.contains(&0x1B), "no escape sequences into a pipe");
}

#[test]
fn the_demo_holds_and_leaves_eight_captures() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("demo");
    let output = bletwin(&["demo", "--out", &out.to_string_lossy()]);
    let story = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{story}");
    for line in [
        "Security failed: 58:A0:23:A6:35:0A (public) level 1 err 9",
        "Disconnected (reason 8)",
        "LL_PHY_REQ",
    ] {
        assert!(story.contains(line), "{line}\n{story}");
    }
    assert_eq!(files(&out), 8);
    assert_quoted_right(&story);
}

/// README quotes what is printed: packets line by line, sentences up to where some are left out,
/// and how `diagnose` begins.
fn assert_quoted_right(story: &str) {
    let readme = include_str!("../../../README.md");
    let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let printed = joined(story);
    let mut blocks = readme.split("```").skip(1).step_by(2);
    let block = blocks.find(|block| block.contains("SMP Pairing Request")).expect("it is there");
    let (packets, sentences) = block.split_once("\n\n").expect("packets, then sentences");
    for piece in packets.lines().chain(sentences.split("[…]")).map(joined) {
        assert!(printed.contains(&piece), "README: {piece}");
    }
    let report = include_str!("snapshots/system__diagnose__the_report_of_the_founding_case.snap");
    let cause = readme.lines().find(|line| line.contains("LL_PHY_REQ at connection event"));
    let cause = cause.expect("it is there").trim_end_matches(" […]");
    assert!(report.contains(cause), "README: {cause}");
}

#[test]
fn the_attack_on_a_static_passkey_prints_its_attempts() {
    let attack = ["run", "static-passkey", "--set", "pairing-back-off=off", "--set"];
    let fixed = bletwin(&[&attack[..], &["passkey=123456"]].concat());
    let printed = text(&fixed.stdout);
    // Unknown bits are guessed to be 0, and each that is 1 costs an attempt.
    assert!(printed.contains(&format!(", {} attempts", 1 + 123_456_u32.count_ones())), "{printed}");
    assert_eq!(fixed.status.code(), Some(1));
    let random = bletwin(&[&attack[..], &["passkey=random"]].concat());
    assert!(text(&random.stdout).contains(", 40 attempts"), "{}", text(&random.stdout));
    assert_eq!(random.status.code(), Some(0));
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).expect("readable").count()
}

#[test]
fn a_firmware_file_changes_the_outcome() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.toml");
    std::fs::write(&path, "preset = \"zephyr-2024\"\nphy-update = \"never\"\n").expect("writable");
    let (code, value) = json(&[
        "run",
        "pairing",
        "--peripheral",
        &path.to_string_lossy(),
        "--central",
        "windows-intel",
        "--json",
    ]);
    assert_eq!((code, &value["outcome"]), (Some(0), &"bonded".into()));
}

#[test]
fn a_diagnosis_names_cause_and_cure_as_data_and_exits_1() {
    let (code, value) = json(&["diagnose", "pairing", "--central", "windows-intel", "--json"]);
    assert_eq!(code, Some(1));
    assert_eq!(value["causes"][0]["pdu"], "LL_PHY_REQ");
    assert_eq!(value["cures"][0]["set"][0], "phy-update=after-bonding");
    assert_eq!(value["fails"], serde_json::json!({ "count": 5, "of": 5 }));
}

#[test]
fn a_diagnosis_can_be_looked_at_with_both_runs_on_one_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("case.html");
    let arguments = ["diagnose", "pairing", "--central", "windows-intel", "--html"];
    let output = bletwin(&[&arguments[..], &[&path.to_string_lossy()]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let page = std::fs::read_to_string(&path).expect("the page");
    for printed in ["no bond, the link died, err 9, reason 8", "phy-update=after-bonding", "Proof:"]
    {
        assert!(page.contains(printed), "{printed}");
    }
    assert_eq!(files(folder.path()), 1);
}

#[test]
fn a_firmware_can_be_diagnosed_instead_of_a_scenario() {
    let (code, value) = json(&["diagnose", "recommended", "--central", "windows-intel", "--json"]);
    assert_eq!((code, &value["scenario"]), (Some(0), &"pairing".into()));
    assert_eq!(value["peripheral"], "recommended");
    let text = text(&bletwin(&["diagnose", "recommended", "--central", "phone"]).stdout);
    assert!(text.contains("healthy"), "{text}");
}

#[test]
fn bad_questions_exit_2() {
    refused(&["diagnose", "pairin", "--central", "phone"], "pairing");
    refused(&["diagnose", "recommendd", "--central", "phone"], "recommended");
    refused(&["diagnose", "missing.toml", "--central", "phone"], "missing.toml");
    refused(&["diagnose", "pairing"], "--central");
    refused(&["diagnose", "recommended", "--peripheral", "x.toml", "--central", "phone"], "one of");
    refused(&["diagnose", "pairing", "--central", "phone", "--seeds", "0"], "1..");
}

/// Ctrl-C in the middle of a run: exit 130, and the folder is unchanged. A run that was faster than
/// the signal leaves a complete file, and the test tries again.
#[cfg(unix)]
#[test]
fn interrupted_runs_leave_nothing_behind() {
    for _ in 0..50 {
        let folder = tempfile::tempdir().expect("a folder");
        match interrupt_a_run_that_writes_to(folder.path()) {
            Some(130) => return assert_eq!(files(folder.path()), 0),
            _ => assert_eq!(files(folder.path()), 1),
        }
    }
    panic!("no signal came in time");
}

#[cfg(unix)]
fn interrupt_a_run_that_writes_to(folder: &Path) -> Option<i32> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bletwin"))
        .args(["run", "static-passkey", "--pcapng"])
        .arg(folder.join("x.pcapng"))
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("bletwin starts");
    // The temporary file shows that the handler is there and the run about to begin.
    while files(folder) == 0 && child.try_wait().expect("a child").is_none() {
        std::thread::yield_now();
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.is_ok(), "there is a kill command");
    child.wait().expect("a child").code()
}

#[test]
fn rules_are_listed_one_by_one_by_area_or_all() {
    let (code, all) = json(&["rules", "--json"]);
    assert_eq!(code, Some(0));
    let count = |value: &serde_json::Value| value.as_array().expect("an array").len();
    assert!(count(&all) > 100);
    let (_, area) = json(&["rules", "ll-arb", "--json"]);
    assert!((10..20).contains(&count(&area)), "{area}");
    let (_, one) = json(&["rules", "LL-PHY-1", "--json"]);
    assert_eq!(count(&one), 1);
    assert_eq!(one[0]["checked_by"], "the oracle, and tests");
    assert_eq!(one[0]["document"], "docs/rules/phy.md");
    let printed = text(&bletwin(&["rules", "LL-PHY-4"]).stdout);
    assert!(printed.starts_with("LL-PHY-4 the same PHY both ways\n"), "{printed}");
    assert!(printed.contains("kept by central; checked by the oracle, and tests"), "{printed}");
    let wrong = bletwin(&["rules", "LL_PHY_4"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("LL-PHY-4"), "{}", text(&wrong.stderr));
}

#[test]
fn a_collision_is_a_scenario_like_any_other() {
    let (code, value) = json(&["run", "phy-collides-with-phy", "--json"]);
    assert_eq!(code, Some(0));
    assert_eq!(value["outcome"], "resolved");
    assert_eq!(value["peripheral"], "recommended");
    assert_eq!(value["central"], "honest");
    let quirk = ["--set", "central.phy-req=unknown@always"];
    let output = bletwin(&[&["run", "phy-collides-with-phy", "--ladder"][..], &quirk].concat());
    assert_eq!(output.status.code(), Some(1));
    let printed = text(&output.stdout);
    assert!(printed.contains("not resolved as the rules say"), "{printed}");
    assert!(printed.contains("On air was: C LL_UNKNOWN_RSP LL_PHY_REQ."), "{printed}");
}

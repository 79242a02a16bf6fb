//! Values that can have no effect are reported once, by every command, so that a search of hours or
//! a served device is not based on a misunderstanding.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const HOLLOW: [&str; 4] = ["--set", "features-hollow=ping", "--set", "features-left-out=ping"];
const FEATURES: [&str; 4] =
    ["--set", "central.phy-req=never", "--set", "central.features=0x00000000000000ff"];

fn bletwin(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bletwin"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn warnings(command: &mut Command) -> Vec<String> {
    let output = command.output().expect("bletwin starts");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code().is_some_and(|code| code < 2), "{text}");
    text.lines().filter(|line| line.contains("warning")).map(str::to_owned).collect()
}

fn is_reported(warnings: &[String], key: &str) {
    assert!(
        matches!(warnings, [one] if one.contains(key) && one.contains("--set: ")),
        "{warnings:?}"
    );
}

#[test]
fn a_matrix_reports_what_has_no_effect_once_for_all_its_cells() {
    let cells = ["matrix", "--seeds", "1", "--central", "phone", "--central", "bluez"];
    is_reported(&warnings(bletwin(&cells).args(HOLLOW)), "is hollow and left out");
    is_reported(&warnings(bletwin(&cells).args(FEATURES)), "`phy-req` has no effect");
}

#[test]
fn a_search_reports_what_has_no_effect() {
    let folder = tempfile::tempdir().unwrap();
    let mut explore = bletwin(&["explore", "--random", "--seeds", "0..1", "--out"]);
    explore.arg(folder.path());
    is_reported(&warnings(explore.args(HOLLOW)), "is hollow and left out");
}

#[test]
fn a_search_refuses_what_cannot_go_together() {
    let output = bletwin(&["explore", "--pairs", "--budget", "1s", "--set"])
        .arg("central.phy-req=never+4")
        .output()
        .expect("bletwin starts");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("`phy-req`") || text.contains("`never+4`"), "{text}");
}

/// Firmware and link layers are reported separately: a setting of one does not affect the other.
#[test]
fn serve_reports_what_has_no_effect() {
    let folder = tempfile::tempdir().unwrap();
    let socket = |name: &str| format!("unix:{}", folder.path().join(name).display());
    let endpoints = ["a", "b"].map(|name| format!("{}=phone", socket(name)));
    let [a, b] = &endpoints;
    let serve = ["serve", "--endpoint", a, "--endpoint", b, "--peripheral", "recommended", "--log"];
    for (set, key) in [(HOLLOW, "is hollow and left out"), (FEATURES, "`phy-req` has no effect")] {
        let mut child = bletwin(&serve).args(set).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.is_ok_and(|line| line == "ready")));
        interrupt(&child);
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        let warnings: Vec<String> =
            text.lines().filter(|line| line.contains("warning")).map(str::to_owned).collect();
        is_reported(&warnings, key);
    }
}

fn interrupt(child: &Child) {
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
}

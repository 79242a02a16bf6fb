//! `bletwin explore` as people and batch systems call it.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use bletwin_explore::pairs::{Common, MeetingKind, Unit, units};
use serde_json::Value;

fn explore(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bletwin"))
        .current_dir(folder)
        .arg("explore")
        .args(arguments)
        .output()
        .expect("bletwin runs")
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The part that consists of one unit.
fn part(fits: impl Fn(&Unit) -> bool) -> String {
    let common =
        Common { peripheral: "recommended".into(), central: "honest".into(), set: Vec::new() };
    let all = units(MeetingKind::Pairs, &common, 1..2);
    let number = all.iter().position(fits).expect("in the space");
    format!("{}/{}", number + 1, all.len())
}

/// Small: the link is soon gone.
fn short() -> String {
    part(|unit| unit.pair() == "P terminate × C terminate")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_part_is_searched_to_its_end_and_found_good() {
    let folder = folder();
    let output = explore(folder.path(), &["--pairs", "--shard", &short(), "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let printed = json(&output);
    assert_eq!(printed["complete"], Value::Bool(true));
    assert_eq!(printed["findings"].as_array().map(Vec::len), Some(0));
    for count in ["runs", "traces", "states"] {
        assert!(printed[count].as_u64() > Some(20), "{count}: {printed}");
    }
    assert!(printed["seconds"].is_number());
    assert_eq!(printed["pairs"][0]["pair"], "P terminate × C terminate");
    // In words.
    let output = explore(folder.path(), &["--shard", &short(), "--jobs", "1"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("complete: 1 of 1 units") && text.contains("nothing found"), "{text}");
}

#[test]
fn what_a_budget_cuts_short_says_so() {
    let folder = folder();
    let output = explore(folder.path(), &["--pairs", "--budget", "0s"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    assert!(text.contains("INCOMPLETE: 0 of"), "{text}");
    let printed = json(&explore(folder.path(), &["--pairs", "--budget", "0s", "--json"]));
    assert_eq!(printed["complete"], Value::Bool(false));
}

#[test]
fn a_resumed_search_comes_to_the_same_and_refuses_others() {
    let folder = folder();
    let short = short();
    let arguments = ["--pairs", "--shard", &short, "--resume", "progress", "--json"];
    let first = json(&explore(folder.path(), &arguments));
    let path = folder.path().join("progress");
    let whole = std::fs::read(&path).expect("a progress file");
    // Again, and from a line that was torn when the process was killed.
    for octets in [whole.len(), whole.len() - 7] {
        std::fs::write(&path, &whole[..octets]).expect("written");
        let mut again = json(&explore(folder.path(), &arguments));
        again["seconds"] = first["seconds"].clone();
        assert_eq!(again, first);
        assert_eq!(std::fs::read(&path).expect("read"), whole);
    }
    let other = ["--pairs", "--resume", "progress", "--budget", "0s"];
    let refused = explore(folder.path(), &other);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("other options"), "{refused:?}");
    std::fs::write(&path, "my notes\n").expect("written");
    assert_eq!(explore(folder.path(), &arguments).status.code(), Some(2));
    assert_eq!(std::fs::read(&path).expect("read"), b"my notes\n");
}

#[test]
fn parts_are_merged_and_other_files_refused() {
    let folder = folder();
    let two = [short(), part(|unit| unit.pair() == "P terminate × C version")];
    let files = ["a.json", "b.json"];
    let mut runs = 0;
    for (shard, file) in two.iter().zip(files) {
        let output = explore(folder.path(), &["--shard", shard, "--json"]);
        runs += json(&output)["runs"].as_u64().expect("a number");
        std::fs::write(folder.path().join(file), output.stdout).expect("written");
    }
    let merged = json(&explore(folder.path(), &["--merge", "a.json", "b.json", "--json"]));
    assert_eq!(merged["runs"].as_u64(), Some(runs));
    assert_eq!(merged["complete"], Value::Bool(false), "most parts are missing");
    let named = merged["lacking"]["missing"].as_array().map_or(0, Vec::len) as u64;
    let more = merged["lacking"]["more"].as_u64().expect("a number");
    let parts: u64 = two[0].split_once('/').and_then(|(_, of)| of.parse().ok()).expect("K/N");
    assert_eq!(named + more, parts - 2);
    let told = explore(folder.path(), &["--merge", "a.json", "b.json"]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains(&format!("missing: part 1/{parts}, ")), "{told}");
    std::fs::write(folder.path().join("c.json"), "{\"runs\": 1}").expect("written");
    for bad in [["a.json", "a.json"], ["a.json", "c.json"], ["a.json", "none.json"]] {
        let output = explore(folder.path(), &["--merge", bad[0], bad[1]]);
        assert_eq!(output.status.code(), Some(2), "{bad:?}: {output:?}");
    }
}

#[test]
fn a_random_search_is_cut_into_parts_resumed_and_merged() {
    let folder = folder();
    let seeds = ["--random", "--seeds", "40..168", "--json"];
    let whole = json(&explore(folder.path(), &seeds));
    assert_eq!(whole["complete"], Value::Bool(true), "{whole}");
    for part in ["1/2", "2/2"] {
        let arguments = [&seeds[..], &["--shard", part, "--resume", "progress"]].concat();
        let first = explore(folder.path(), &arguments);
        let mut again = json(&explore(folder.path(), &arguments));
        again["seconds"] = json(&first)["seconds"].clone();
        assert_eq!(again, json(&first), "nothing is left to do");
        std::fs::write(folder.path().join(part.replace('/', "-")), first.stdout).expect("written");
        std::fs::rename(folder.path().join("progress"), folder.path().join("old")).expect("moved");
    }
    let merged = json(&explore(folder.path(), &["--merge", "1-2", "2-2", "--json"]));
    for key in ["complete", "units", "runs", "unreached", "traces", "states", "violations"] {
        assert_eq!(merged[key], whole[key], "{key}");
    }
    // Of other seeds.
    std::fs::rename(folder.path().join("old"), folder.path().join("progress")).expect("moved");
    let other = ["--random", "--seeds", "0..64", "--resume", "progress"];
    let refused = explore(folder.path(), &other);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("other options"), "{refused:?}");
    let pairs = ["--pairs", "--shard", "1/2", "--budget", "0s", "--json"];
    let other = explore(folder.path(), &pairs);
    std::fs::write(folder.path().join("pairs"), other.stdout).expect("written");
    let refused = explore(folder.path(), &["--merge", "pairs", "2-2"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
}

/// A search that finds something.
fn with_a_violation(folder: &Path, more: &[&str]) -> Output {
    let shard = part(|unit| unit.pair() == "P phy × C terminate");
    let quirk = "central.phy-req=then-param-req@always";
    let arguments = ["--set", quirk, "--shard", &shard, "--window", "1"];
    explore(folder, &[&arguments[..], more].concat())
}

/// What a search that finds something says, writes for CI systems and saves.
pub(crate) struct Found {
    output: Output,
    pub(crate) junit: String,
    saved: Vec<OsString>,
}

/// Played once for all that look at it.
pub(crate) static FOUND: LazyLock<Found> = LazyLock::new(|| {
    let folder = folder();
    let output = with_a_violation(folder.path(), &["--junit", "results.xml"]);
    let junit = std::fs::read_to_string(folder.path().join("results.xml")).expect("written");
    let saved = std::fs::read_dir(folder.path().join("bletwin-findings")).expect("a folder");
    let saved = saved.map(|file| file.expect("a file").file_name()).collect();
    Found { output, junit, saved }
});

#[test]
fn an_undeclared_violation_is_found_reported_and_saved() {
    let Found { output, saved, .. } = &*FOUND;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("LL-COLL-1 by the central"), "{text}");
    assert!(text.contains("C ──▶ P  LL_CONNECTION_PARAM_REQ"), "{text}");
    assert!(!saved.is_empty());
}

#[test]
fn findings_that_cannot_be_saved_are_reported() {
    let folder = folder();
    // What has the place of a file is seen only when the file is to be written.
    for name in &FOUND.saved {
        let path = folder.path().join("bletwin-findings").join(name);
        std::fs::create_dir_all(path).expect("made");
    }
    let output = with_a_violation(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("LL-COLL-1 by the central"), "{text}");
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(printed.contains("not saved") && printed.contains("then-param-req"), "{printed}");
    assert!(printed.contains("it is a folder"), "{printed}");
}

#[test]
fn bad_input_is_reported_with_what_would_be_right() {
    let folder = folder();
    for (arguments, word) in [
        (["--central", "honets"], "honest"),
        (["--peripheral", "zephyr"], "zephyr-2024"),
        (["--set", "phi-update=never"], "phy-update"),
        (["--seeds", "5..5"], "--seeds 1..5"),
        (["--budget", "soon"], "90s"),
        (["--shard", "9/8"], "--shard 1/4"),
        (["--resume", "no/such/folder/file"], "folder"),
    ] {
        let output = explore(folder.path(), &arguments);
        let printed = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {printed}");
        assert!(printed.contains(word), "{arguments:?}: {printed}");
    }
    // The batch system says nothing: neither does a default help.
    let output = explore(folder.path(), &["--shard", "auto", "--budget", "0s"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

/// A long search, left alone for a while and then sent a signal.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "a signal strikes a process in wall time")]
fn signalled(folder: &Path, arguments: &[&str], signal: &str) -> Output {
    let child = Command::new(env!("CARGO_BIN_EXE_bletwin"))
        .current_dir(folder)
        .arg("explore")
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bletwin starts");
    std::thread::sleep(Duration::from_millis(2_500));
    let id = child.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status().expect("kill");
    assert!(sent.success());
    child.wait_with_output().expect("it ends")
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_was_found() {
    let folder = folder();
    let output = signalled(folder.path(), &["--pairs", "--json"], "-INT");
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let printed = json(&output);
    assert_eq!(printed["complete"], Value::Bool(false));
}

#[cfg(unix)]
#[test]
fn a_killed_search_goes_on_with_all_that_was_done() {
    let folder = folder();
    let arguments = ["--pairs", "--jobs", "2", "--resume", "progress"];
    let killed = signalled(folder.path(), &arguments, "-KILL");
    assert_eq!(killed.status.code(), None);
    let text = std::fs::read_to_string(folder.path().join("progress")).expect("a progress file");
    let whole = text.matches('\n').count();
    let again = ["--pairs", "--resume", "progress", "--budget", "0s", "--json"];
    let printed = json(&explore(folder.path(), &again));
    assert_eq!(
        printed["units"][0].as_u64(),
        Some((whole as u64).saturating_sub(1)),
        "the first line is no unit"
    );
}

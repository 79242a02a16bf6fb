//! `bletwin explain`: from a capture to what went wrong, as a user types it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn bletwin(folder: &Path, arguments: &[&str]) -> Output {
    let mut bletwin = Command::new(env!("CARGO_BIN_EXE_bletwin"));
    bletwin.args(arguments).current_dir(folder).output().expect("starts")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// A folder with the founding case, a good pairing and a lost bond, as sniffers without keys.
fn captures() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (scenario, central, file) in [
        ("pairing", "windows-intel", "case.pcapng"),
        ("pairing", "phone", "good.pcapng"),
        ("bond-lost", "ios", "lost.pcapng"),
    ] {
        bletwin(folder.path(), &["run", scenario, "--central", central, "--pcapng", file]);
    }
    folder
}

#[test]
fn the_founding_case_is_told_from_its_capture_alone() {
    let folder = captures();
    let told = bletwin(folder.path(), &["explain", "case.pcapng"]);
    assert_eq!(told.status.code(), Some(1));
    insta::assert_snapshot!(text(&told.stdout));
}

#[test]
fn a_lost_bond_is_explained_without_a_key_and_a_good_pairing_has_no_cause() {
    let folder = captures();
    let lost = bletwin(folder.path(), &["explain", "lost.pcapng"]);
    assert_eq!(lost.status.code(), Some(1));
    assert!(text(&lost.stdout).contains("the peripheral has no key for the central"), "{lost:?}");
    let good = bletwin(folder.path(), &["explain", "good.pcapng"]);
    assert_eq!(good.status.code(), Some(0), "{}", text(&good.stdout));
    assert!(text(&good.stdout).contains("Nothing went wrong that was captured"), "{good:?}");
    assert!(text(&good.stdout).contains("rules were judged"), "what was not judged is said");
}

/// Reports can be passed on: no address in words, ladder or JSON unless it is asked for.
#[test]
fn devices_are_letters_unless_addresses_are_asked_for() {
    let folder = captures();
    let has_address = |arguments: &[&str]| {
        let printed = text(&bletwin(folder.path(), arguments).stdout);
        assert!(printed.contains("onnection"), "{printed}");
        printed
            .split(|c: char| !c.is_ascii_hexdigit() && c != ':')
            .any(|word| word.len() == 17 && word.matches(':').count() == 5)
    };
    assert!(!has_address(&["explain", "case.pcapng", "--ladder"]));
    assert!(!has_address(&["explain", "case.pcapng", "--json"]));
    assert!(has_address(&["explain", "case.pcapng", "--show-addresses"]));
}

#[test]
fn a_program_reads_the_same() {
    let folder = captures();
    let printed = bletwin(folder.path(), &["explain", "lost.pcapng", "--json"]);
    let printed: serde_json::Value = serde_json::from_slice(&printed.stdout).expect("JSON");
    let connections = printed["connections"].as_array().expect("a list");
    assert_eq!(connections.len(), 2);
    assert_eq!(connections[0]["concern"], serde_json::Value::Null);
    let first = &connections[1]["hypotheses"][0];
    assert_eq!((&first["cause"], &first["confidence"]), (&"key-missing".into(), &"shown".into()));
    assert_eq!(first["pdus"][0]["name"], "LL_ENC_REQ");
}

#[test]
fn what_is_no_capture_is_refused_with_advice() {
    let folder = captures();
    fs::write(folder.path().join("notes.txt"), "not a capture").expect("writable");
    fs::write(folder.path().join("empty.pcap"), "").expect("writable");
    for (arguments, wanted) in [
        (&["explain", "notes.txt"][..], "EVIDENCE.md"),
        (&["explain", "empty.pcap"], "empty"),
        (&["explain", "."], "folder"),
        (&["explain", "none.pcap"], "cannot be read"),
        (&["explain", "case.pcapng", "--ltk", "12"], "32 hexadecimal digits"),
    ] {
        let printed = bletwin(folder.path(), arguments);
        assert_eq!(printed.status.code(), Some(2), "{arguments:?}");
        assert!(text(&printed.stderr).contains(wanted), "{arguments:?}: {}", text(&printed.stderr));
        assert!(printed.stdout.is_empty());
    }
}

/// A file that was cut gives what was readable, and says so.
#[test]
fn a_file_that_was_cut_is_read_as_far_as_it_goes() {
    let folder = captures();
    let whole = fs::read(folder.path().join("case.pcapng")).expect("is there");
    fs::write(folder.path().join("cut.pcapng"), &whole[..whole.len() / 3 + 5]).expect("writable");
    let printed = text(&bletwin(folder.path(), &["explain", "cut.pcapng"]).stdout);
    assert!(
        printed.contains("ends in the middle") && printed.contains("Connection 1"),
        "{printed}"
    );
}

/// A capture as a real sniffer writes it: with gaps nothing is shown, and the cause is likely.
#[test]
fn a_capture_with_gaps_says_what_is_missing() {
    let folder = captures();
    let faults = "loss=5,clock-ppm=-170,direction=unknown,channels=one-adv";
    let run = ["run", "pairing", "--central", "windows-intel", "--pcapng", "gaps.pcapng"];
    bletwin(folder.path(), &[&run[..], &["--sniffer", faults]].concat());
    let printed = text(&bletwin(folder.path(), &["explain", "gaps.pcapng"]).stdout);
    assert!(printed.contains("more were on air and not captured"), "{printed}");
    assert!(printed.contains("LL_PHY_REQ") && printed.contains("never answered"), "{printed}");
    let bad = bletwin(folder.path(), &[&run[..], &["--sniffer", "loss=much"]].concat());
    assert_eq!(bad.status.code(), Some(2));
}

//! `bletwin chip configure` with what lies beside it: a description of firmware, and probe-rs, in
//! whose place a script writes down what it was asked for.

use std::path::Path;
use std::process::{Command, Output};

use settings::{Found, Settings};

fn configure(folder: &Path, path: Option<&Path>, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bletwin"));
    command.args(["chip", "configure"]).args(arguments).current_dir(folder);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    command.output().expect("it runs")
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_description_of_firmware_becomes_a_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let lamp = "preset = \"recommended\"\nphy-update = \"never\"\npasskey = \"000042\"\n";
    std::fs::write(folder.path().join("lamp.toml"), lamp).expect("a file");
    let first = ["--set", "address=C0:1D:B0:0B:1E:55", "-o", "first.hex"];
    assert!(configure(folder.path(), None, &first).status.success());
    let words = ["first.hex", "--from", "lamp.toml", "-o", "mine.hex", "--json"];
    let (code, json, errors) = said(&configure(folder.path(), None, &words));
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let json: serde_json::Value = serde_json::from_str(&json).expect("one object");
    let expected = serde_json::json!({
        "preset": "recommended", "passkey": "000042", "phy-update": "never",
        "address": "C0:1D:B0:0B:1E:55",
    });
    assert_eq!(json["settings"], expected, "and the address stays");
    // What is set beside it counts.
    let words = ["--from", "lamp.toml", "--set", "passkey=random", "--show"];
    let (_, shown, _) = said(&configure(folder.path(), None, &words));
    assert!(shown.contains("passkey     random") && shown.contains("phy-update  never"), "{shown}");
    let (_, shown, _) = said(&configure(folder.path(), None, &["--from", "zephyr-2024", "--show"]));
    assert!(shown.contains("preset      zephyr-2024"), "{shown}");
}

#[test]
fn a_description_that_no_page_holds_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let odd = "passkey = \"000042\"\ndata-length = \"never\"\n";
    std::fs::write(folder.path().join("odd.toml"), odd).expect("a file");
    std::fs::write(folder.path().join("wrong.toml"), "passkeys = 1\n").expect("a file");
    for (words, what, help) in [
        (&["odd.toml", "-o", "x.hex"][..], "`data-length = \"never\"` (odd.toml:2)", "build the"),
        (&["wrong.toml", "--show"], "wrong.toml:1:1", "passkey"),
        (&["none.toml", "--show"], "cannot read none.toml", "peripheral new"),
        (&["zephyr", "--show"], "zephyr", "zephyr-2024"),
        (&["odd.toml", "-o", "odd.toml"], "odd.toml", ""),
    ] {
        let words = [&["--from"], words].concat();
        let (code, _, errors) = said(&configure(folder.path(), None, &words));
        assert_eq!(code, Some(2), "{words:?}: {errors}");
        assert!(errors.contains(what) && errors.contains(help), "{words:?}: {errors}");
    }
    assert!(!folder.path().join("x.hex").exists());
    let kept = std::fs::read_to_string(folder.path().join("odd.toml")).expect("it is there");
    assert_eq!(kept, odd);
}

/// A folder with a `probe-rs` that writes down its words, keeps the page and ends with the code
/// that the file of its command's name has.
#[cfg(unix)]
fn with_probe_rs() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    const SCRIPT: &str = "#!/bin/sh\n\
        PATH=/usr/bin:/bin\n\
        here=$(dirname \"$0\")\n\
        echo \"$@\" >>\"$here/words\"\n\
        for last; do :; done\n\
        [ ! -f \"$last\" ] || cp \"$last\" \"$here/page.hex\"\n\
        [ ! -f \"$here/$1\" ] || { echo no chip answers >&2; exit \"$(cat \"$here/$1\")\"; }\n";
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("probe-rs");
    std::fs::write(&program, SCRIPT).expect("a script");
    let all = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&program, all).expect("it may be run");
    folder
}

/// The page alone is downloaded and the chip started: nothing erases the chip or UICR.
#[cfg(unix)]
#[test]
fn a_page_goes_onto_the_chip_that_is_connected() {
    let folder = with_probe_rs();
    let here = folder.path();
    let words = ["--set", "passkey=000042", "--probe"];
    let (code, _, errors) = said(&configure(here, Some(here), &words));
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let asked = std::fs::read_to_string(here.join("words")).expect("it was run");
    let lines: Vec<&str> = asked.lines().collect();
    let [download, "reset --chip nRF52840_xxAA"] = lines[..] else { panic!("{asked}") };
    let page = download.strip_prefix("download --chip nRF52840_xxAA --binary-format hex ");
    let page = page.unwrap_or_else(|| panic!("{asked}"));
    assert!(page.ends_with(".hex") && !Path::new(page).exists(), "{page} was for it alone");
    let hex = std::fs::read(here.join("page.hex")).expect("it was kept");
    let content = bletwin_setup::chip::file::read(&hex).expect("a page");
    let mut expected = Settings::default();
    expected.set("passkey", "000042").expect("a passkey");
    assert_eq!(content.found, Found::Both(expected));
    let octets: usize = String::from_utf8_lossy(&hex)
        .lines()
        .filter(|line| line.get(7..9) == Some("00"))
        .filter_map(|line| usize::from_str_radix(line.get(1..3)?, 16).ok())
        .sum();
    assert_eq!(octets, settings::PAGE, "and nothing beside it");
}

#[cfg(unix)]
#[test]
fn what_probe_rs_does_not_do_is_an_error() {
    for (fails, runs) in [("download", 1), ("reset", 2)] {
        let folder = with_probe_rs();
        let here = folder.path();
        std::fs::write(here.join(fails), "3").expect("a file");
        let (code, _, errors) = said(&configure(here, Some(here), &["--probe"]));
        assert_eq!(code, Some(2), "{errors}");
        // Its own words come first.
        let told = errors.find("no chip answers").expect("what it says");
        let ours = errors.find(&format!("probe-rs {fails} ended with exit status: 3"));
        assert!(ours.is_some_and(|ours| ours > told) && errors.contains("above"), "{errors}");
        let asked = std::fs::read_to_string(here.join("words")).expect("it was run");
        assert_eq!(asked.lines().count(), runs, "{asked}");
    }
    let empty = tempfile::tempdir().expect("a folder");
    let (code, _, errors) = said(&configure(empty.path(), Some(empty.path()), &["--probe"]));
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("`probe-rs` cannot be run"), "{errors}");
    assert!(errors.contains("https://probe.rs") && errors.contains("-o page.hex"), "{errors}");
}

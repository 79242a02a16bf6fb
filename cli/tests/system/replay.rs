//! `bletwin explore --random` and `bletwin replay` as a user meets them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn bletwin(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bletwin")).args(arguments).output().expect("bletwin starts")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// A central whose feature bits lie is found out; its finding is the only file.
fn finding(folder: &Path) -> PathBuf {
    let out = folder.join("found");
    let output = bletwin(&[
        "explore",
        "--random",
        "--central",
        "honest",
        "--set",
        "central.phy-req=unknown@always",
        "--seeds",
        "0..2000",
        "--first",
        "--jobs",
        "1",
        "--json",
        "--out",
        &out.to_string_lossy(),
    ]);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}{}", text(&output.stdout), text(&output.stderr)));
    assert_eq!(output.status.code(), Some(1), "{value}");
    for key in ["complete", "runs", "traces", "states", "seconds", "findings"] {
        assert!(!value[key].is_null(), "{key}: {value}");
    }
    let mut files = std::fs::read_dir(&out).expect("the folder is there");
    let file = files.next().expect("a file").expect("readable").path();
    assert!(files.next().is_none());
    file
}

fn replayed(file: &Path, more: &[&str]) -> (Option<i32>, String) {
    let file = file.to_string_lossy();
    let output = bletwin(&[&["replay", &file], more].concat());
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn a_finding_replays_to_the_last_bit_and_bad_files_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = finding(folder.path());
    let whole = std::fs::read_to_string(&file).expect("text");
    let (code, printed) = replayed(&file, &[]);
    assert_eq!(code, Some(0), "{printed}");
    for part in ["LL_PHY_REQ", "The rule", "to the last bit"] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    let capture = folder.path().join("x.pcapng");
    let (code, printed) = replayed(&file, &["--json", "--pcapng", &capture.to_string_lossy()]);
    assert_eq!(code, Some(0), "{printed}");
    let value: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(value["verdict"], "reproduced");
    assert!(std::fs::metadata(&capture).expect("a capture").len() > 100);
    let page = folder.path().join("x.html");
    let (code, printed) = replayed(&file, &["--html", &page.to_string_lossy()]);
    assert_eq!(code, Some(0), "{printed}");
    let page = std::fs::read_to_string(&page).expect("a page");
    for part in ["against the", "The rule (", "LL_PHY_REQ", "to the last bit"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("src=") && !page.contains("href="), "it stands alone");

    let edited = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("writable");
        path
    };
    // The central is honest now.
    let honest = edited("honest.toml", whole.replace("phy-req=unknown", "phy-req=honest"));
    let (code, printed) = replayed(&honest, &[]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("NOT reproduced: the rule is kept"), "{printed}");
    // Another run of the same kind.
    let (line, trace) = whole
        .lines()
        .find_map(|line| line.strip_prefix("trace = ").map(|trace| (line, trace)))
        .expect("a trace");
    let other = whole.replace(line, &format!("trace = {}", trace.replace(['0', '1', '2'], "3")));
    let (code, printed) = replayed(&edited("other.toml", other), &[]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("broken again"), "{printed}");

    let version = format!("bletwin = \"{}\"", env!("CARGO_PKG_VERSION"));
    let cases = [
        (edited("cut.toml", whole[..whole.len() * 2 / 3].to_owned()), "cut short"),
        (edited("older.toml", whole.replace(&version, "bletwin = \"0.0.1\"")), "0.0.1"),
        (edited("peripheral.toml", "preset = \"recommended\"\n".into()), "not a finding"),
        (edited("damaged.toml", whole.replace("interval", "intervall")), "damaged"),
        (folder.path().join("missing.toml"), "cannot read"),
        (folder.path().to_owned(), "cannot read"),
    ];
    for (path, says) in cases {
        let (code, printed) = replayed(&path, &[]);
        assert_eq!(code, Some(2), "{}: {printed}", path.display());
        assert!(printed.contains(says), "{says}: {printed}");
    }
}

#[test]
fn a_random_search_without_findings_exits_0_and_leaves_no_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("found");
    let output =
        bletwin(&["explore", "--random", "--seeds", "0..20", "--out", &out.to_string_lossy()]);
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{printed}");
    assert!(
        printed.contains("\ncomplete: 1 of 1 units; ") && printed.contains("nothing found"),
        "{printed}"
    );
    assert!(!out.exists());
}

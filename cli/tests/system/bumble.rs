//! Google's Bumble, a host of its own, and a bleak program above it on the endpoints of `bletwin
//! serve`. The scripts are in `hosts`; they say what they expect and fail otherwise.
#![cfg(unix)]

use std::path::PathBuf;
use std::process::Command;

use crate::tools;

/// Python with Bumble: `$BLETWIN_PYTHON`, or the virtual environment that `.ci/run` makes.
fn python() -> Option<PathBuf> {
    let made = || {
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "../target".into(), PathBuf::from);
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(target).join("hosts/bin/python")
    };
    let python = std::env::var_os("BLETWIN_PYTHON").map_or_else(made, PathBuf::from);
    let found = Command::new(&python).args(["-c", "import bumble, bleak"]).output();
    found.is_ok_and(|output| output.status.success()).then_some(python)
}

fn run(script: &str) {
    let Some(python) = python() else {
        tools::skip("Bumble with bleak", "see hosts/requirements.txt");
        return;
    };
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../hosts");
    let output = Command::new(python)
        .arg(folder.join(script))
        .env("BLETWIN", env!("CARGO_BIN_EXE_bletwin"))
        .output()
        .unwrap();
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn a_bumble_central_discovers_reads_writes_and_subscribes() {
    run("bumble/read.py");
}

/// LL-LEN-10: initial values.
#[test]
fn what_bumble_suggests_at_power_on_is_announced_at_once() {
    run("bumble/length.py");
}

#[test]
fn a_bumble_central_pairs_by_every_method_and_meets_again() {
    run("bumble/pair.py");
}

#[test]
fn bumble_bonds_with_bumble_over_two_endpoints() {
    run("bumble/both.py");
}

#[test]
fn an_ordinary_bleak_program_meets_the_founding_case() {
    run("bleak/case.py");
}

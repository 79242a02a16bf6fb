//! Google's Bumble, a host of its own, and a bleak program above it on the endpoints of `bletwin
//! serve`. The scripts are in `hosts`; they say what they expect and fail otherwise.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools;

/// Python with Bumble: `$BLETWIN_PYTHON`, or the virtual environment that `.ci/run` makes.
pub(crate) fn python() -> Option<PathBuf> {
    let made = || {
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "../target".into(), PathBuf::from);
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(target).join("hosts/bin/python")
    };
    let python = std::env::var_os("BLETWIN_PYTHON").map_or_else(made, PathBuf::from);
    let found = Command::new(&python).args(["-c", "import bumble, bleak"]).output();
    found.is_ok_and(|output| output.status.success()).then_some(python)
}

/// `bletwin` with a Bumble peripheral that has these wishes: exit status, and what it printed.
fn meets(command: &[&str], wishes: &str) -> Option<(i32, String)> {
    let Some(python) = python() else {
        tools::skip("Bumble", "see hosts/requirements.txt");
        return None;
    };
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../hosts/bumble/peripheral.py");
    let host = format!("'{}' '{}' {wishes}", python.display(), script.display());
    let output = Command::new(env!("CARGO_BIN_EXE_bletwin"))
        .args(command)
        .args(["--time", "max", "--host", &host])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some((output.status.code().unwrap(), text))
}

/// The founding case, on an independent host: the same reason, the same cause.
#[test]
fn a_bumble_peripheral_that_asks_for_2m_loses_the_laptop_and_no_phone() {
    let meet =
        |central, wishes| meets(&["serve", "--endpoint", "tcp:0", "--central", central], wishes);
    let Some((code, printed)) = meet("windows-intel", "asks 2m") else { return };
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("the link died, reason 8"), "{printed}");
    assert!(
        printed.contains("sent LL_PHY_REQ") && printed.contains("It was never answered"),
        "{printed}"
    );
    for (central, wishes) in [("windows-intel", "asks 2m-later"), ("phone", "asks 2m")] {
        let (code, printed) = meet(central, wishes).unwrap();
        assert_eq!(code, 0, "{printed}");
        assert!(printed.contains("bonded, level 2"), "{printed}");
    }
}

#[test]
fn a_matrix_of_a_foreign_host_says_which_central_it_does_not_survive_and_why() {
    let centrals = ["--central", "phone", "--central", "windows-intel"];
    let command = [&["matrix", "--json", "--passkey", "123456", "--level", "4"], &centrals[..]];
    let Some((code, printed)) = meets(&command.concat(), "asks 2m passkey") else { return };
    assert_eq!(code, 1, "{printed}");
    let table: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let cells = table["cells"].as_array().unwrap();
    let outcomes: Vec<&str> = cells.iter().map(|cell| cell["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["bonded", "disconnected, reason 8"]);
    assert!(cells.iter().all(|cell| cell["time"] == "as fast as the host answers"), "{printed}");
    assert!(cells[1]["why"].to_string().contains("LL_PHY_REQ"), "{printed}");
    assert!(
        cells[1]["command"].as_str().unwrap().contains("serve --scenario pairing"),
        "{printed}"
    );
}

/// The only block of a page that is marked so.
fn block<'a>(page: &'a str, mark: &str) -> &'a str {
    let begins = format!("```{mark}\n");
    let mut blocks = page.split(&begins).skip(1);
    let (block, none) = (blocks.next().unwrap(), blocks.next());
    assert!(none.is_none(), "one block of {mark}");
    block.split_once("```").unwrap().0
}

/// The host and the workflow of docs/HOSTS.md, as a user copies them: the step fails, with the Why
/// in log, XML and page, and passes when the host has been cured.
#[test]
fn a_workflow_with_a_foreign_host_fails_with_the_why() {
    let Some(python) = python() else {
        tools::skip("Bumble", "see hosts/requirements.txt");
        return;
    };
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/HOSTS.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (host, workflow) = (block(&page, "python"), block(&page, "yaml"));
    let mut steps = workflow.lines().filter_map(|line| line.trim().strip_prefix("- run: bletwin"));
    let step = steps.next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = [python.parent().unwrap(), Path::new("/usr/bin"), Path::new("/bin")];
    let play = |host: &str| {
        std::fs::write(folder.path().join("my_host.py"), host).unwrap();
        let output = Command::new("sh")
            .args(["-ec", &format!("\"$0\" {step} --central phone --central windows-intel")])
            .arg(env!("CARGO_BIN_EXE_bletwin"))
            .current_dir(folder.path())
            .env("PATH", std::env::join_paths(path).unwrap())
            .output()
            .unwrap();
        let printed = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(printed).unwrap())
    };
    let read = |name| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let (code, log) = play(host);
    assert_eq!(code, 1, "{log}");
    let (junit, html) = (read("met.xml"), read("met.html"));
    for printed in [&log, &junit, &html] {
        assert!(
            printed.contains("sent LL_PHY_REQ") && printed.contains("It was never answered"),
            "{printed}"
        );
    }
    assert!(junit.contains("tests=\"2\"") && junit.contains("failures=\"1\""), "{junit}");
    let cured = host.replace("asyncio.ensure_future(fast)", "fast.close()");
    assert_ne!(cured, host);
    let (code, log) = play(&cured);
    assert_eq!(code, 0, "{log}");
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

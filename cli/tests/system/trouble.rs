//! TrouBLE, a host of its own in Rust, as a peripheral in a program of its own: the example of
//! `hosts/trouble`, on the computer's clock.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools;

/// The example, which `cargo test` of the workspace builds beside the command.
fn program() -> Option<PathBuf> {
    let built = Path::new(env!("CARGO_BIN_EXE_bletwin")).with_file_name("examples");
    let program = built.join("trouble-peripheral");
    if !program.exists() {
        tools::skip("TrouBLE's peripheral", "cargo build -p bletwin-trouble --examples");
        return None;
    }
    Some(program)
}

fn bletwin(arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_bletwin"))
        .args(arguments)
        .args(["--time", "max"])
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
}

/// The founding case on a host that knows nothing of bletwin: the same reason, the same cause, the
/// same cure; and the columns of a table in JSON, JUnit and a page.
#[test]
fn a_trouble_peripheral_that_asks_for_2m_loses_the_laptop_and_no_phone() {
    let Some(program) = program() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (page, junit) = (file("met.html"), file("met.xml"));
    let host = |name, wishes| format!("{name}='{}' asks {wishes}", program.display());
    let (now, later) = (host("at-once", "2m"), host("later", "2m-later"));
    let centrals = ["--central", "phone", "--central", "windows-intel"];
    let hosts = ["--host", &now, "--host", &later];
    let written = ["--json", "--html", &page, "--junit", &junit];
    let (code, printed) = bletwin(&[&["matrix"], &centrals[..], &hosts, &written].concat());
    assert_eq!(code, 1, "{printed}");
    let table: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let cells = table["cells"].as_array().unwrap();
    let outcomes: Vec<[&str; 3]> = cells
        .iter()
        .map(|cell| ["central", "firmware", "outcome"].map(|key| cell[key].as_str().unwrap()))
        .collect();
    let expected = [
        ["phone", "at-once", "bonded"],
        ["phone", "later", "bonded"],
        ["windows-intel", "at-once", "disconnected, reason 8"],
        ["windows-intel", "later", "bonded"],
    ];
    assert_eq!(outcomes, expected, "{printed}");
    let why = cells[2]["why"].to_string();
    assert!(why.contains("sent LL_PHY_REQ") && why.contains("It was never answered"), "{printed}");
    assert_eq!(table["hosts"][1]["name"], "later");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<th>later<span class=\"of\">2 of 2 as expected"), "{page}");
    assert!(page.contains("<th>at-once<span class=\"of\">1 of 2 as expected"), "{page}");
    let junit = std::fs::read_to_string(junit).unwrap();
    assert!(junit.contains("tests=\"4\"") && junit.contains("failures=\"1\""), "{junit}");
    assert!(junit.contains("at-once with windows-intel"), "{junit}");
    // What the cell says to run again does again what it says.
    let command = cells[2]["command"].as_str().unwrap().split_once(' ').unwrap().1;
    assert!(command.contains("--time max"), "{command}");
    let again = format!("'{}' {command}", env!("CARGO_BIN_EXE_bletwin"));
    let output = Command::new("sh").args(["-c", &again]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{again}");
}

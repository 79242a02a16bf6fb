//! Hosts that take their time from bletwin, and a system that accepts no further connection.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::bumble;
use crate::tools;

/// `bletwin matrix` with a Bumble peripheral in controlled time: what it says as JSON.
fn cells(python: &std::path::Path) -> serde_json::Value {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../hosts/bumble/peripheral.py");
    let host = format!("'{}' '{}' asks 2m", python.display(), script.display());
    let output = Command::new(env!("CARGO_BIN_EXE_bletwin"))
        .args(["matrix", "--json", "--time", "controlled", "--repeat", "2", "--host", &host])
        .args(["--central", "phone", "--central", "windows-intel"])
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{printed}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_host_that_takes_its_time_from_us_plays_the_same_bit_for_bit() {
    let Some(python) = bumble::python() else {
        tools::skip("Bumble", "see hosts/requirements.txt");
        return;
    };
    let [first, again] = [(); 2].map(|()| cells(&python));
    assert_eq!(first, again);
    for (cell, outcome) in [(0, "bonded"), (1, "disconnected, reason 8")] {
        let cell = &first["cells"][cell];
        assert_eq!(cell["time"], "controlled time", "{cell}");
        assert_eq!(cell["outcome"], outcome, "{cell}");
        let traces = cell["trace_sha256"].as_array().unwrap();
        assert!(traces.len() == 2 && traces[0] != traces[1], "a run for each seed: {cell}");
        assert!(cell["command"].as_str().unwrap().contains("--time controlled"), "{cell}");
    }
}

/// It has ten doors, and files for a few visitors.
#[test]
fn who_finds_too_many_files_open_waits_and_everybody_else_is_served() {
    const DOORS: usize = 10;
    const RESET: [u8; 4] = [1, 3, 0x0C, 0];
    let endpoints = "--endpoint tcp:0 ".repeat(DOORS);
    let serve = format!("ulimit -n 27; exec \"$0\" serve {endpoints}");
    let mut child = Command::new("sh")
        .args(["-c", &serve, env!("CARGO_BIN_EXE_bletwin")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let addresses: Vec<String> = lines
        .by_ref()
        .take_while(|line| line != "ready")
        .filter_map(|line| Some(line.split_once(": tcp:")?.1.split(' ').next()?.to_owned()))
        .collect();
    assert_eq!(addresses.len(), DOORS);
    let mut hosts: Vec<TcpStream> =
        addresses.iter().map(|address| TcpStream::connect(address).unwrap()).collect();
    let printed = lines.find(|line| line.contains("could not let a host in")).unwrap();
    assert!(printed.contains("oo many open files"), "{printed}");
    let answers = |host: &mut TcpStream| {
        host.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        host.write_all(&RESET).unwrap();
        let mut answer = [0; 7];
        host.read_exact(&mut answer).unwrap();
        assert_eq!(answer, [4, 0x0E, 4, 1, 3, 0x0C, 0]);
    };
    answers(&mut hosts[0]);
    // As places become free, the waiting client gets one.
    hosts.truncate(1);
    let mut waiting = TcpStream::connect(&addresses[DOORS - 1]).unwrap();
    answers(&mut waiting);
    child.kill().unwrap();
    child.wait().unwrap();
}

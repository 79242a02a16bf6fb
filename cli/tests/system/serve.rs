//! `bletwin serve` as a command: its words, its exit status, its files.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Output, Stdio};

fn bletwin(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bletwin"));
    command.arg("serve").args(arguments).stdin(Stdio::null());
    command
}

fn fails(arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = bletwin(arguments).output().unwrap();
    assert_eq!(status.code(), Some(2), "{arguments:?}");
    String::from_utf8(stderr).unwrap()
}

#[test]
fn bad_input_exits_2_says_what_would_be_right_and_loses_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old.pcapng");
    std::fs::write(&old, "old").unwrap();
    let capture = ["--pcapng", old.to_str().unwrap()];
    // A link of the user's own.
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&old, &link).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("tcp:{}", taken.local_addr().unwrap());
    for (arguments, right) in [
        (&["--endpoint", "9001"][..], "tcp:HOST:PORT"),
        (&["--endpoint", "tcp:0=windows-intle"], "windows-intel"),
        (&["--endpoint", "tcp:0", "--peripheral", "zephyr"], "zephyr-2024"),
        (&["--endpoint", "tcp:0", "--time", "fast"], "controlled"),
        (&["--endpoint", "tcp:0", "--time", "controlled"], "--control"),
        (&["--endpoint", "tcp:0", "--control", "tcp:0"], "--time controlled"),
        (&["--endpoint", "tcp:0", "--owner", "maybe"], "yes or no"),
        (&["--endpoint", "tcp:0", "--set", "phy-updat=never"], "phy-update"),
        (&["--endpoint", &taken], "port 0"),
        (&["--endpoint", &format!("unix:{}", old.display())], "nothing yet"),
        (&["--endpoint", &format!("pty:{}", link.display())], "nothing yet"),
    ] {
        let error = fails(&[arguments, &capture].concat());
        assert!(error.contains(right), "{arguments:?}: {error}");
        assert_eq!(std::fs::read(&old).unwrap(), b"old", "{arguments:?}");
    }
    assert_eq!(std::fs::read(&link).unwrap(), b"old");
}

/// What is typed where there is no peripheral is not swallowed.
#[test]
fn input_without_a_peripheral_is_an_error() {
    let mut child = bletwin(&["--endpoint", "tcp:127.0.0.1:0"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"press\n").unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let printed = lines.into_iter().find(|line| line.contains("--peripheral")).expect("it is told");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(printed.contains("buttons"), "{printed}");
}

#[test]
fn ctrl_c_ends_it_with_success_and_a_complete_capture() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.pcapng");
    let socket = format!("unix:{}", folder.path().join("hci").display());
    let mut child =
        bletwin(&["--endpoint", &socket, "--peripheral", "recommended", "--log", "--pcapng"])
            .arg(&path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "ready"));
    assert!(lines.any(|line| line.contains("Advertising successfully started")));
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert!(child.wait().unwrap().success());
    let file = std::fs::read(&path).unwrap();
    let mut rest = file.as_slice();
    while !rest.is_empty() {
        let total = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
        let (block, after) = rest.split_at(total);
        assert_eq!(block[total - 4..], block[4..8]);
        rest = after;
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the socket is gone");
}

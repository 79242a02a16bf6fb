//! `bletwin serve --central` and `bletwin matrix --host` where no host comes, or a strange one.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

fn bletwin(arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_bletwin")).args(arguments).output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&printed).into_owned())
}

#[test]
fn a_program_that_never_connects_is_reported_and_not_awaited() {
    let serve = ["serve", "--central", "phone", "--endpoint", "tcp:0", "--host", "exit 3"];
    let matrix = ["matrix", "--central", "phone", "--host", "exit 3"];
    for command in [&serve[..], &matrix] {
        let (code, printed) = bletwin(command);
        assert_eq!(code, 2, "{printed}");
        assert!(printed.contains("`exit 3` ended (exit status: 3) and never came"), "{printed}");
        assert!(printed.contains("BLETWIN_ENDPOINT"), "{printed}");
    }
}

/// A scenario that has not begun would never end.
#[test]
fn a_program_that_ends_before_it_has_advertised_is_reported_and_not_awaited() {
    let host = "bash -c 'exec 3<>/dev/tcp/$BLETWIN_HOST/$BLETWIN_PORT; sleep 0.1; exit 3'";
    let serve = ["serve", "--central", "phone", "--endpoint", "tcp:0", "--host", host];
    let matrix = ["matrix", "--central", "phone", "--host", host];
    for command in [&serve[..], &matrix] {
        let (code, printed) = bletwin(command);
        assert_eq!(code, 2, "{printed}");
        assert!(
            printed.contains("(exit status: 3) and left before it had advertised"),
            "{printed}"
        );
    }
}

#[test]
fn what_makes_no_sense_beside_a_central_is_refused_with_what_to_do() {
    let central = ["serve", "--central", "phone", "--endpoint", "tcp:0"];
    for (more, word) in [
        (&["--peripheral", "zephyr-2024"][..], "leave --peripheral out"),
        (&["--endpoint", "tcp:0"], "give one --endpoint"),
        (&["--log"], "--ladder"),
        (&["--scenario", "bond-lost"], "wrong-passkey"),
        (&["--scenario", "no-such"], "bletwin list"),
        (&["--level", "5"], "1..=4"),
        (&["--passkey", "1000000"], "999999"),
    ] {
        let (code, printed) = bletwin(&[&central[..], more].concat());
        assert_eq!(code, 2, "{printed}");
        assert!(printed.contains(word), "{printed}");
    }
    for alone in [["--repeat", "2"], ["--passkey", "1"], ["--host", "true"]] {
        let (code, printed) = bletwin(&[&["serve", "--endpoint", "tcp:0"][..], &alone].concat());
        assert_eq!(code, 2, "{printed}");
        assert!(printed.contains("--central"), "{printed}");
    }
}

/// `matrix` of these hosts with one central.
fn matrix_of(hosts: &[&str]) -> (i32, String) {
    let hosts: Vec<&str> = hosts.iter().flat_map(|host| ["--host", host]).collect();
    bletwin(&[&["matrix", "--central", "phone", "--time", "max"], &hosts[..]].concat())
}

#[test]
fn several_hosts_have_names_and_what_is_no_name_is_a_command() {
    for (hosts, word) in [
        (&["true", "false"][..], "two hosts are called `host`"),
        (&["mine=true", "mine=false"], "two hosts are called `mine`"),
        // The shell's, not a name: the command is said whole.
        (&["CODE=3 && exit $CODE"], "`CODE=3 && exit $CODE` ended (exit status: 3)"),
        (&["one_two=3; exit $one_two"], "`one_two=3; exit $one_two` ended (exit status: 3)"),
        (&["mine-1.0=exit 3", "other=exit 3"], "`exit 3` ended (exit status: 3)"),
    ] {
        let (code, printed) = matrix_of(hosts);
        assert_eq!(code, 2, "{printed}");
        assert!(printed.contains(word), "{word}\n{printed}");
    }
}

#[test]
fn each_host_may_have_its_own_time_and_a_wrong_one_is_reported() {
    for (times, word) in [
        (&["max", "real"][..], "--time is given twice for all hosts"),
        (&["old=max", "old=real"], "--time is given twice for old"),
        (&["oldest=max"], "no host is called `oldest`"),
        (&["oldest=max"], "there are: old, new"),
        (&["new=fast"], "--time is `fast`"),
        (&["0"], "--time is `0`"),
        (&["max", "new=2"], "`exit 3` ended (exit status: 3) and never came"),
    ] {
        let times: Vec<&str> = times.iter().flat_map(|time| ["--time", time]).collect();
        let hosts = ["--host", "old=exit 3", "--host", "new=exit 3", "--central", "phone"];
        let (code, printed) = bletwin(&[&["matrix"], &hosts[..], &times].concat());
        assert_eq!(code, 2, "{printed}");
        assert!(printed.contains(word), "{word}\n{printed}");
    }
}

/// A machine that is too busy is neither the host's fault nor its merit.
#[test]
fn a_host_that_is_always_served_late_is_not_decided() {
    // Ten thousand times as fast as the clock on the wall, an event each 0.75 us of it: no computer
    // keeps up with that. The host advertises and answers nothing.
    let commands = [
        &[1, 3, 0x0C, 0][..],
        &[1, 6, 0x20, 15, 0x20, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0],
        &[1, 0x0A, 0x20, 1, 1],
    ];
    let octets: String = commands.concat().iter().map(|octet| format!("\\x{octet:02x}")).collect();
    let host = format!(
        "bash -c 'exec 3<>/dev/tcp/$BLETWIN_HOST/$BLETWIN_PORT; printf \"{octets}\" >&3; cat <&3' \
         >/dev/null"
    );
    let options = ["--time", "10000", "--set", "central.interval-us=7500", "--host", &host];
    let (code, printed) = bletwin(&[&["matrix", "--central", "phone"][..], &options].concat());
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("disturbed 0/1") && printed.contains("Not decided"), "{printed}");
    assert!(
        printed.contains("too busy for real time") && !printed.contains("Not as expected"),
        "{printed}"
    );
}

/// A scripted host: it advertises, and disconnects as soon as a central has connected.
#[test]
fn a_host_that_disconnects_at_once_is_judged_as_any_peripheral() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bletwin"))
        .args(["serve", "--central", "phone", "--endpoint", "tcp:0", "--time", "max", "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut console = BufReader::new(child.stderr.take().unwrap());
    let address = loop {
        let mut line = String::new();
        assert_ne!(console.read_line(&mut line).unwrap(), 0, "it says where the endpoint is");
        if let Some(rest) = line.strip_prefix("endpoint 1: tcp:") {
            break rest.split_whitespace().next().unwrap().to_owned();
        }
    };
    let mut host = TcpStream::connect(address).unwrap();
    for command in [
        &[1, 3, 0x0C, 0][..],
        &[1, 1, 0x0C, 8, 255, 255, 255, 255, 255, 255, 255, 255],
        &[1, 6, 0x20, 15, 0x20, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0],
        &[1, 0x0A, 0x20, 1, 1],
    ] {
        host.write_all(command).unwrap();
    }
    let handle = loop {
        let mut head = [0; 3];
        host.read_exact(&mut head).unwrap();
        assert_eq!(head[0], 4, "an event");
        let mut event = vec![0; usize::from(head[2])];
        host.read_exact(&mut event).unwrap();
        // LE Connection Complete, or its enhanced form.
        if head[1] == 0x3E && [1, 0x0A].contains(&event[0]) {
            break [event[2], event[3]];
        }
    };
    host.write_all(&[1, 6, 4, 3, handle[0], handle[1], 0x13]).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["peripheral"], "host");
    assert_eq!(printed["passed"], false);
    assert!(printed["why"].is_string() || printed["why"].is_object(), "{printed}");
}

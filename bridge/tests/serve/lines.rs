//! Lines and who is on them, in real time or faster.

use std::fs::File;
use std::os::unix::net::UnixStream;

use bletwin_bridge::serve::Time;

use super::rig::{Client, Server, blocks, folder, pause};

const FAST: Time = Time::Times(20.0);
const RESET_COMPLETE: [u8; 7] = [4, 0x0E, 4, 1, 3, 0x0C, 0];

#[test]
fn sixteen_hosts_at_once_and_a_hundred_in_a_row_find_what_they_expect() {
    let server = Server::start(&["tcp:0"; 16], FAST, None);
    for round in 0..6 {
        let mut hosts: Vec<_> = (1..=16).map(|number| server.endpoint(number)).collect();
        let mut addresses: Vec<Vec<u8>> = Vec::new();
        for host in &mut hosts {
            host.ok(0x0C03, &[]);
            host.ok(0x0C01, &[0xFF; 8]);
            addresses.push(host.ok(0x1009, &[]));
            host.ok(0x200B, &[1, 0x10, 0, 0x10, 0, 0, 0]);
            host.ok(0x200C, &[1, 0]);
        }
        for host in &mut hosts {
            // The firmware's advertisement.
            while !matches!(host.event(), (0x3E, report) if report[0] == 2) {}
        }
        addresses.sort();
        addresses.dedup();
        assert_eq!(addresses.len(), 16, "in round {round}");
    }
    let printed = server.stop();
    assert_eq!(printed.matches("a host has come").count(), 96);
    assert!(!printed.contains("sent away"));
}

#[test]
fn a_second_host_is_sent_away_and_the_first_does_not_notice() {
    let server = Server::start(&["tcp:0"], FAST, None);
    let mut first = server.endpoint(1);
    first.ok(0x0C03, &[]);
    let mut second = server.endpoint(1);
    assert!(second.is_closed());
    server.wait_for("another host was sent away");
    first.ok(0x1009, &[]);
    drop(first);
    server.wait_for("the host has gone");
    server.endpoint(1).ok(0x1009, &[]);
}

#[test]
fn a_host_that_disconnects_drops_its_links_and_half_a_packet_does_no_harm() {
    let server = Server::start(&["tcp:0", "tcp:0"], FAST, None);
    let (mut a, mut b) = (server.endpoint(1), server.endpoint(2));
    for host in [&mut a, &mut b] {
        host.ok(0x0C03, &[]);
        host.ok(0x0C01, &[0xFF; 8]);
    }
    let address = b.ok(0x1009, &[]);
    b.ok(0x200A, &[1]);
    let create = [&[0x10, 0, 0x10, 0, 0, 0], &address[..], &[0, 24, 0, 24, 0, 0, 0, 100, 0]];
    a.ok(0x200D, &[&create.concat()[..], &[0; 4]].concat());
    while a.event().0 != 0x3E {}
    while b.event().0 != 0x3E {}
    a.send(&[1, 3]);
    drop(a);
    let gone = loop {
        if let (0x05, gone) = b.event() {
            break gone;
        }
    };
    assert!([0x08, 0x3E].contains(&gone[3]), "{gone:02x?}");
    let mut a = server.endpoint(1);
    a.send(&[1, 3, 0x0C, 0]);
    assert_eq!(a.take(7), RESET_COMPLETE);
}

#[test]
fn unix_sockets_and_pseudo_terminals_carry_the_same() {
    let (_keep, folder) = folder();
    let (socket, link) = (folder.join("hci"), folder.join("pty"));
    let addresses = [format!("unix:{}", socket.display()), format!("pty:{}", link.display())];
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let server = Server::start(&addresses, Time::Times(1.0), None);
    let mut unix = Client::over(UnixStream::connect(&socket).unwrap());
    unix.ok(0x0C03, &[]);
    for _ in 0..3 {
        let line = File::options().read(true).write(true).open(&link).unwrap();
        let mut pty = Client::over(line);
        pty.send(&[1, 3, 0x0C, 0]);
        assert_eq!(pty.take(7), RESET_COMPLETE);
        // Octets that a terminal would make something of: 0x03, 0x0A, 0x0D, 0x11, 0x13, 0x7F.
        let key = [3, 0x0A, 0x0D, 0x11, 0x13, 0x7F, 4, 8, 0x1A, 0x1C, 0, 0xFF, 1, 2, 3, 4];
        pty.ok(0x2017, &[key, key].concat());
        drop(pty);
        pause(60);
    }
    server.stop();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn a_capture_is_complete_whenever_it_is_read() {
    let (_keep, folder) = folder();
    let path = folder.join("case.pcapng");
    let server = Server::start(&["tcp:0", "tcp:0"], FAST, Some(&path));
    let mut host = server.endpoint(2);
    host.ok(0x0C03, &[]);
    host.ok(0x0C01, &[0xFF; 8]);
    host.ok(0x200C, &[1, 0]);
    while host.event().0 != 0x3E {}
    let early = blocks(&std::fs::read(&path).unwrap()).len();
    server.stop();
    let blocks = blocks(&std::fs::read(&path).unwrap());
    assert!(blocks.len() >= early);
    // Section, three interfaces; then the air on number 0 and the second endpoint on number 2.
    assert_eq!(blocks[..4].iter().map(|b| b.0).collect::<Vec<_>>(), [0x0A0D_0D0A, 1, 1, 1]);
    let on = |interface| blocks[4..].iter().filter(|block| **block == (6, interface)).count();
    assert!(on(0) > 0 && on(2) >= 7 && on(1) == 0);
}

//! Controlled time: exact, and the same twice.

use std::path::Path;

use super::rig::{Client, Control, Server, blocks, folder, pause};
use std::net::TcpStream;

/// What a program does beside its session: time on the wall must not matter.
#[derive(Clone, Copy)]
enum Haste {
    /// Everything at once.
    Hurried,
    /// Octet by octet, with pauses.
    Leisurely,
}

struct Session {
    control: Control,
    hosts: [Client<TcpStream>; 2],
    haste: Haste,
    now: u64,
}

impl Session {
    fn send(&mut self, host: usize, opcode: u16, parameters: &[u8]) {
        let [low, high] = opcode.to_le_bytes();
        let packet = [&[1, low, high, parameters.len() as u8], parameters].concat();
        match self.haste {
            Haste::Hurried => self.hosts[host].send(&packet),
            Haste::Leisurely => {
                for octet in packet {
                    self.hosts[host].send(&[octet]);
                    pause(1);
                }
            }
        }
    }

    /// Lets time pass, and reads what was announced.
    fn run(&mut self, until: u64, stop: bool) {
        let [a, b] = self.hosts.each_ref().map(|host| host.sent);
        let request = format!("RUN {until} {} 1={a} 2={b}", u8::from(stop));
        let reply = self.control.ask(&request);
        let mut words = reply.split(' ');
        assert_eq!(words.next(), Some("AT"), "{reply}");
        self.now = words.next().unwrap().parse().unwrap();
        for (host, word) in self.hosts.iter_mut().zip(words) {
            let (_, written) = word.split_once('=').unwrap();
            host.take_up_to(written.parse().unwrap());
        }
    }

    fn ok(&mut self, host: usize, opcode: u16, parameters: &[u8]) {
        self.send(host, opcode, parameters);
        self.run(self.now, true);
    }
}

/// Two endpoints and firmware: addresses, scanning, a raw packet, a connection, data.
fn session(haste: Haste, capture: &Path) -> (Vec<Vec<u8>>, Vec<u8>, String) {
    let server = Server::controlled(&["tcp:0", "tcp:0"], Some(capture));
    let mut control = server.control();
    assert_eq!(control.ask("HELLO 1"), "OK 1 now=0");
    assert_eq!(control.ask("ADDR 2 0a:0b:0c:0d:0e:0f"), "OK");
    let hosts = [server.endpoint(1), server.endpoint(2)];
    let mut session = Session { control, hosts, haste, now: 0 };
    for host in [0, 1] {
        session.ok(host, 0x0C03, &[]);
        session.ok(host, 0x0C01, &[0xFF; 8]);
    }
    session.ok(1, 0x1009, &[]);
    assert!(session.hosts[1].received.ends_with(&[0x0F, 0x0E, 0x0D, 0x0C, 0x0B, 0x0A]));
    session.run(20_000, false);
    assert_eq!(session.now, 20_000);
    // ADV_NONCONN_IND with a right CRC: AdvA and no data.
    let tx = "TX 30000 37 1M 8e89bed6 02061122334455c6";
    let crc = crc(&[0x02, 0x06, 0x11, 0x22, 0x33, 0x44, 0x55, 0xC6]);
    assert_eq!(session.control.ask(&format!("{tx}{crc}")), "OK");
    session.ok(0, 0x200B, &[0, 0x10, 0, 0x10, 0, 0, 0]);
    session.ok(0, 0x200C, &[1, 0]);
    session.run(40_000, false);
    let heard = [0x11, 0x22, 0x33, 0x44, 0x55, 0xC6];
    assert!(session.hosts[0].received.windows(6).any(|window| window == heard));
    session.ok(0, 0x200C, &[0, 0]);
    session.ok(1, 0x200A, &[1]);
    let create = [&[0x10, 0, 0x10, 0, 0, 0][..], &[0x0F, 0x0E, 0x0D, 0x0C, 0x0B, 0x0A]];
    let create = [&create.concat()[..], &[0, 24, 0, 24, 0, 0, 0, 100, 0, 0, 0, 0, 0]].concat();
    session.ok(0, 0x200D, &create);
    // To the instant at which there is news.
    session.run(10_000_000, true);
    assert!(session.now < 3_000_000, "{}", session.now);
    session.run(session.now + 100_000, false);
    session.hosts[0].send(&[2, 1, 0, 7, 0, 3, 0, 4, 0, 7, 8, 9]);
    session.run(session.now + 200_000, false);
    assert!(session.hosts[1].received.ends_with(&[3, 0, 4, 0, 7, 8, 9]));
    assert!(session.control.ask("RUN 1 0").starts_with("ERR"));
    assert!(session.control.ask("RUN x").starts_with("ERR"));
    assert!(session.control.ask("RUN 99999999 0 7=0").starts_with("ERR"));
    assert!(session.control.ask("TX 1 37 1M 8e89bed6 0000000000").starts_with("ERR"));
    let captured = std::fs::read(capture).unwrap();
    let received = session.hosts.iter().map(|host| host.received.clone()).collect();
    let printed = server.stop();
    assert_eq!(
        std::fs::read(capture).unwrap(),
        captured,
        "all was written when the time was answered"
    );
    // Ports differ from run to run.
    let end = printed.find("ready").unwrap();
    (received, captured, printed[end..].to_owned())
}

fn crc(pdu: &[u8]) -> String {
    let crc = bletwin_sim::medium::crc::crc24(0x55_5555, pdu);
    crc.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[test]
fn the_same_session_gives_the_same_octets_log_and_capture() {
    let (_keep, folder) = folder();
    let paths = [folder.join("a.pcapng"), folder.join("b.pcapng")];
    let first = session(Haste::Hurried, &paths[0]);
    let again = session(Haste::Leisurely, &paths[1]);
    assert_eq!(first.0, again.0);
    assert_eq!(first.2, again.2);
    assert!(blocks(&std::fs::read(&paths[0]).unwrap()).len() > 50);
    // Names of the interfaces hold the ports that the system chose.
    let head = |capture: &[u8]| capture.windows(4).position(|w| w == [6, 0, 0, 0]).unwrap();
    assert_eq!(first.1[head(&first.1)..], again.1[head(&again.1)..]);
}

#[test]
fn the_world_stands_still_between_requests() {
    let server = Server::controlled(&["tcp:0"], None);
    let mut control = server.control();
    assert_eq!(control.ask("RUN 5000000 0").split(' ').nth(1), Some("5000000"));
    pause(50);
    assert!(control.ask("NOW").starts_with("AT 5000000 "));
    // Another program may control time later.
    assert!(control.ask("HELLO 2").starts_with("ERR"));
    drop(control);
    assert_eq!(server.control().ask("HELLO 1"), "OK 1 now=5000000");
}

#[test]
fn hosts_come_and_go_at_exact_times() {
    let server = Server::controlled(&["tcp:0"], None);
    let mut control = server.control();
    for round in 1..=3_u64 {
        let mut host = server.endpoint(1);
        host.send(&[1, 9, 0x10, 0]);
        let until = round * 1_000;
        let reply = control.ask(&format!("RUN {until} 0 1=4"));
        assert_eq!(reply.split_once(' ').unwrap().0, "AT", "{reply}");
        assert!(reply.ends_with("=13"), "{reply}");
        host.take(13);
    }
}

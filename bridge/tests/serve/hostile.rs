//! Hosts that send nonsense, and hosts that come and go, on real sockets.

use std::net::TcpStream;
use std::time::Duration;

use bletwin_bridge::serve::Time;

use super::rig::{Client, Server};

const FAST: Time = Time::Times(20.0);
const FASTER: Time = Time::Times(200.0);
const RESET: [u8; 4] = [1, 3, 0x0C, 0];
const RESET_COMPLETE: [u8; 7] = [4, 0x0E, 4, 1, 3, 0x0C, 0];
/// Packets of nonsense.
const PACKETS: usize = 10_000;

type Host = Client<TcpStream>;

/// Numbers that look random and are the same every time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn octets(&mut self, count: u64) -> Vec<u8> {
        (0..count).map(|_| self.below(256) as u8).collect()
    }
}

/// A packet that may or may not be one.
fn nonsense(numbers: &mut Numbers) -> Vec<u8> {
    let length = numbers.below(60);
    let octets = numbers.octets(length);
    match numbers.below(10) {
        // Commands that there are, with whatever follows.
        0..=3 => {
            let group = [0x04, 0x0C, 0x10, 0x14, 0x20][numbers.below(5) as usize];
            let opcode = [numbers.below(0x50) as u8, group];
            [&[1][..], &opcode, &[length as u8], &octets].concat()
        }
        // Data for handles that there may be, beyond all credits.
        4 | 5 => {
            let handle = [numbers.below(3) as u8, numbers.below(2) as u8];
            [&[2][..], &handle, &[length as u8, 0], &octets].concat()
        }
        // SCO and ISO data.
        6 => [&[3, 0, 0, length as u8][..], &octets].concat(),
        7 => [&[5, 0, 0, length as u8, 0][..], &octets].concat(),
        // ACL data longer than any buffer, and no packet at all: the place is lost.
        8 => [&[2, 1, 0, 0xFF, 0xFF][..], &octets].concat(),
        _ => octets,
    }
}

/// Connects `central` to `peripheral`: the central's handle.
fn connect(central: &mut Host, peripheral: &mut Host) -> [u8; 2] {
    let address = peripheral.ok(0x1009, &[]);
    peripheral.ok(0x2006, &[0x20, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0]);
    peripheral.ok(0x200A, &[1]);
    let create = [&[0x10, 0, 0x10, 0, 0, 0], &address[..], &[0, 24, 0, 24, 0, 0, 0, 100, 0]];
    let create = [&create.concat()[..], &[0; 4]].concat();
    let handle = loop {
        central.ok(0x200D, &create);
        let (code, complete) = central.event();
        assert_eq!((code, &complete[..2]), (0x3E, &[1, 0][..]));
        let handle = [complete[2], complete[3]];
        if is_established(central, handle) {
            break handle;
        }
    };
    assert_eq!(peripheral.event().0, 0x3E);
    handle
}

/// Whether the peripheral answers at all: the firmware advertises too, and may drown out a
/// CONNECT_IND. A connection without a peer may be over before its host asks, for time goes on
/// while the computer does something else.
fn is_established(central: &mut Host, handle: [u8; 2]) -> bool {
    central.command(0x2016, &handle);
    let mut pending = false;
    loop {
        match central.event() {
            (0x3E, _) => return true,
            (0x0F, answer) if answer[0] == 0 => pending = true,
            (0x0F, answer) => {
                assert_eq!(answer[0], 2, "{answer:02x?}");
                return false;
            }
            (0x05, _) if pending => return false,
            (0x05, _) => {}
            other => panic!("{other:02x?}"),
        }
    }
}

fn open(server: &Server, number: usize) -> Host {
    let mut host = server.endpoint(number);
    host.ok(0x0C03, &[]);
    host.ok(0x0C01, &[0xFF; 8]);
    host
}

/// Three octets of data, and their arrival.
fn exchange(central: &mut Host, handle: [u8; 2], peripheral: &mut Host, number: u8) {
    central.send(&[&[2], &handle[..], &[7, 0, 3, 0, 4, 0, 1, 2, number]].concat());
    let head = peripheral.take(5);
    assert_eq!(head[0], 2, "not data: {head:02x?}");
    assert_eq!(peripheral.take(7)[6], number);
    // The central gets its buffer back, and no other event.
    assert_eq!(central.event().0, 0x13);
}

#[test]
fn ten_thousand_packets_of_nonsense_disturb_no_other_endpoint() {
    let server = Server::start(&["tcp:0"; 3], FAST, None);
    let [mut central, mut peripheral] = [2, 3].map(|number| open(&server, number));
    let handle = connect(&mut central, &mut peripheral);
    let mut mad = server.endpoint(1);
    mad.set_patience(Duration::from_millis(1));
    let mut numbers = Numbers(0x5EED_5EED_5EED_5EED);
    for round in 0..PACKETS / 100 {
        for _ in 0..100 {
            let mut packet = nonsense(&mut numbers);
            if numbers.below(8) == 0 {
                // Only half of it.
                packet.truncate(packet.len() / 2);
            }
            mad.send(&packet);
        }
        // So that not everything is said to a controller that has lost its place.
        mad.send(&RESET);
        mad.take_what_is_there();
        exchange(&mut central, handle, &mut peripheral, round as u8);
    }
    // Whatever it is in the middle of, this is over then.
    mad.send(&[0xEE; 0x4000]);
    mad.send(&RESET);
    let mut answer = Vec::new();
    for _ in 0..1_000 {
        answer.extend(mad.take_what_is_there());
        if answer.ends_with(&RESET_COMPLETE) {
            break;
        }
    }
    assert!(answer.ends_with(&RESET_COMPLETE), "it never came back");
    mad.send(&[0x77]);
    mad.set_patience(Duration::from_secs(20));
    assert_eq!(mad.event(), (0x10, vec![0x02]));
    let printed = server.stop();
    assert_eq!(printed.matches("a host has come").count(), 3);
    assert!(!printed.contains("the host has gone"));
}

/// What this process has open.
fn open_files() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count())
}

/// Each is connected when it leaves without a word, in the middle of a packet.
#[test]
fn a_hundred_hosts_in_a_row_find_a_device_that_has_just_been_switched_on() {
    let server = Server::start(&["tcp:0"; 2], FASTER, None);
    let mut peripheral = open(&server, 2);
    let mut files = Vec::new();
    for _ in 0..100 {
        let mut central = server.endpoint(1);
        // Nothing is left: a list that is empty, no connection, no scan, no random address.
        central.ok(0x0C01, &[0xFF; 8]);
        central.command(0x200E, &[]);
        assert_eq!(central.event(), (0x0E, vec![1, 0x0E, 0x20, 0x0C]));
        central.command(0x0406, &[1, 0, 0x13]);
        assert_eq!(central.event(), (0x0F, vec![0x02, 1, 0x06, 0x04]));
        central.ok(0x200B, &[0, 0x10, 0, 0x10, 0, 1, 0]);
        central.command(0x200C, &[1, 0]);
        assert_eq!(central.event(), (0x0E, vec![1, 0x0C, 0x20, 0x12]));
        for number in 0..8 {
            central.ok(0x2011, &[0, number, 1, 1, 1, 1, 1]);
        }
        central.ok(0x2005, &[1, 2, 3, 4, 5, 0xC6]);
        connect(&mut central, &mut peripheral);
        central.send(&[2, 1, 0]);
        drop(central);
        // The other end loses the link, and only that.
        let (code, gone) = peripheral.event();
        assert_eq!(code, 0x05, "{gone:02x?}");
        files.extend(open_files());
    }
    // Other tests of this process open some at the same time, but not one for each host here.
    if let [first, .., last] = files[..] {
        assert!(last <= first + 80, "{first} files were open, then {last}");
    }
    let printed = server.stop();
    assert_eq!(printed.matches("the host has gone").count(), 100);
    assert!(!printed.contains("sent away"));
}

/// Bumble takes no notice of Hardware Error: without this line its user would wait for ever.
#[test]
fn a_lost_byte_stream_is_reported_with_its_place_and_the_awaited_packet() {
    let server = Server::start(&["tcp:0", "tcp:0"], FAST, None);
    let mut host = server.endpoint(2);
    host.send(&RESET);
    assert_eq!(host.take(7), RESET_COMPLETE);
    host.send(&[0x47, 0x45, 0x54]);
    server.wait_for("endpoint 2: lost the byte stream at octet 4 of what the host sent: 47");
    server.wait_for("waiting for HCI Reset (01 03 0c 00)");
    host.send(&[0xFF; 9]);
    host.send(&RESET);
    while host.event().0 != 0x0E {}
    // Of that which follows the place is known again.
    host.send(&[2, 0, 0, 0xFF, 0xFF]);
    server.wait_for("lost the byte stream at octet 20 of what the host sent: 02 00 00 ff ff");
    assert_eq!(server.stop().matches("lost the byte stream").count(), 2);
}

//! Many hosts, and hosts that die at the worst moment: no other host notices.

use std::io::Write as _;
use std::net::TcpStream;

use super::hosts::{Central, Display, Peripheral, Table};
use super::rig::{Client, Server};

/// A host that nothing happens to.
const NEVER: usize = usize::MAX;
/// What a bond may take, in simulated seconds: more than twice what it takes.
const BOND: u64 = 10;

/// One in `n` of the long cases; all with `BLETWIN_ALL_NUMBERS`, as in `.ci/full numbers`.
fn one_in(n: usize) -> usize {
    if std::env::var_os("BLETWIN_ALL_NUMBERS").is_some() { 1 } else { n }
}

/// A central at the first endpoint and firmware's host at the second; they are killed after these
/// numbers of packets.
fn pair_up(table: &mut Table, central_dies: usize, peripheral_dies: usize) {
    let display = Display::default();
    // Both are new: what the one has kept the other would not know.
    table.leave(0);
    table.leave(1);
    let peripheral = Box::new(Peripheral::new(table.now, &display));
    table.come(1, peripheral, peripheral_dies);
    let central = Box::new(Central::new(table.now, &display));
    table.come(0, central, central_dies);
}

fn bond(table: &mut Table) -> bool {
    pair_up(table, NEVER, NEVER);
    table.until(BOND, |table| table.is_bonded(0) && table.is_bonded(1))
}

fn air_of(endpoints: usize) -> Table {
    Table::new(Server::empty(&vec!["tcp:0"; endpoints]), 2)
}

#[test]
fn whoever_is_killed_at_whatever_step_of_pairing_the_next_two_bond() {
    let mut table = air_of(3);
    // An uninvolved host.
    let mut other = table.server.endpoint(3);
    other.send(&[1, 9, 0x10, 0]);
    assert!(bond(&mut table), "undisturbed");
    let packets = [0, 1].map(|seat| table.received(seat).1);
    println!("packets of a bond: {packets:?}");
    assert!(packets.iter().all(|count| *count > 100), "{packets:?}");
    for (seat, count) in packets.into_iter().enumerate() {
        let stride = one_in(16);
        for dies_after in (1..=count).skip(count % stride).step_by(stride) {
            let [central, peripheral] =
                [0, 1].map(|other| if other == seat { dies_after } else { NEVER });
            pair_up(&mut table, central, peripheral);
            assert!(
                table.until(BOND, |table| !table.is_here(seat)),
                "seat {seat} lives longer than {dies_after} packets"
            );
            // Who is left hears of it, and has time to.
            table.until(6, |_| false);
            assert!(table.is_here(1 - seat) && !table.is_connected(1 - seat));
            assert!(bond(&mut table), "after seat {seat} was killed at packet {dies_after}");
        }
    }
    // The other's endpoint was not touched: its answer is the first and the last that it has had.
    let now = table.now.as_us();
    assert!(table.control.ask(&format!("RUN {now} 0 3=4")).ends_with("=13"));
    assert_eq!(other.take(13)[..7], [4, 0x0E, 10, 1, 9, 0x10, 0]);
}

/// The actions of a host at the third endpoint while two others bond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Disturbs {
    Not,
    /// Says no word.
    Silent,
    /// Sends what is no packet, and commands that there are not.
    Nonsense,
    /// Scans, and never reads.
    Deaf,
    /// Comes and goes all the time, in the middle of a packet.
    Restless,
    /// Is one of many who knock at a place that is taken.
    Crowd,
}

/// What a central and a peripheral hear in ten seconds.
fn heard(disturbs: Disturbs) -> [Vec<u8>; 2] {
    let mut table = air_of(3);
    let mut others: Vec<Client<TcpStream>> = Vec::new();
    if disturbs != Disturbs::Not {
        others.push(table.server.endpoint(3));
    }
    pair_up(&mut table, NEVER, NEVER);
    for step in 0..400_u32 {
        let now = table.now.as_us();
        let octets = match disturbs {
            Disturbs::Nonsense => vec![step as u8 | 8; 3_000],
            Disturbs::Deaf if step == 0 => {
                // Passively: nothing of it is on air.
                vec![1, 0x0B, 0x20, 7, 0, 16, 0, 16, 0, 0, 0, 1, 0x0C, 0x20, 2, 1, 0]
            }
            Disturbs::Restless => vec![1, 3, 0x0C],
            _ => Vec::new(),
        };
        if let Some(other) = others.first_mut().filter(|_| !octets.is_empty()) {
            other.send(&octets);
            let reply = table.control.ask(&format!("RUN {now} 0 3={}", other.sent));
            assert!(reply.starts_with("AT "), "{reply}");
        }
        match disturbs {
            Disturbs::Restless => {
                others.clear();
                others.push(table.server.endpoint(3));
            }
            Disturbs::Crowd => {
                let late = table.server.endpoint(3);
                // It may have been sent away by now.
                let _ = late.stream().write_all(&[1, 3, 0x0C, 0]);
            }
            _ => {}
        }
        table.step(ble::time::Instant::from_us(10_000_000));
    }
    assert!(table.is_bonded(0) && table.is_bonded(1), "{disturbs:?}");
    [0, 1].map(|seat| table.received(seat).0)
}

#[test]
fn another_endpoint_changes_no_octet_of_what_two_hosts_hear() {
    let undisturbed = heard(Disturbs::Not);
    for disturbs in
        [Disturbs::Silent, Disturbs::Nonsense, Disturbs::Deaf, Disturbs::Restless, Disturbs::Crowd]
    {
        assert!(heard(disturbs) == undisturbed, "{disturbs:?}");
    }
}

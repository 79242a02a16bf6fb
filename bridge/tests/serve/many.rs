//! So many hosts, at the same time and one after the other, that any leak per host would show.

use std::net::TcpStream;
use std::time::Instant;

use super::rig::{Client, Control, Server};

type Host = Client<TcpStream>;

const LE_META: u8 = 0x3E;
const GONE: u8 = 0x05;

/// `all` with `BLETWIN_ALL_NUMBERS`, as in `.ci/full numbers`; otherwise `few`.
fn number(few: usize, all: usize) -> usize {
    if std::env::var_os("BLETWIN_ALL_NUMBERS").is_some() { all } else { few }
}

/// Memory of this process, in KiB.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The controller of time, with the octets announced to hosts.
struct Air {
    server: Server,
    control: Control,
    now: u64,
}

impl Air {
    fn of(endpoints: usize) -> Self {
        let server = Server::empty(&vec!["tcp:0"; endpoints]);
        let control = server.control();
        Self { server, control, now: 0 }
    }

    /// Lets endpoints consume their hosts' octets, and time pass to the first output for a host, or
    /// to `until`. Returns the number of octets sent to each host by then.
    fn run(&mut self, until: u64, stop: u8, said: &[(usize, u64)]) -> Vec<usize> {
        let mut request = format!("RUN {until} {stop}");
        for (number, sent) in said {
            request += &format!(" {number}={sent}");
        }
        let reply = self.control.ask(&request);
        let mut words = reply.split(' ');
        assert_eq!(words.next(), Some("AT"), "{reply}");
        self.now = words.next().unwrap().parse().unwrap();
        words.map(|word| word.split_once('=').unwrap().1.parse().unwrap()).collect()
    }

    /// A command that succeeds: what it returns.
    fn ok(&mut self, number: usize, host: &mut Host, opcode: u16, parameters: &[u8]) -> Vec<u8> {
        host.command(opcode, parameters);
        self.run(self.now, 0, &[(number, host.sent)]);
        let answer = loop {
            match host.event() {
                (0x0E, answer) if answer[1..3] == opcode.to_le_bytes() => {
                    break answer[3..].to_vec();
                }
                (0x0F, answer) if answer[2..4] == opcode.to_le_bytes() => {
                    break answer[..1].to_vec();
                }
                _ => {}
            }
        };
        assert_eq!(answer[0], 0, "{opcode:04x}");
        answer[1..].to_vec()
    }

    /// A host that has just come, and its address.
    fn come(&mut self, number: usize) -> (Host, [u8; 6]) {
        let mut host = self.server.endpoint(number);
        self.run(self.now, 0, &[]);
        self.ok(number, &mut host, 0x0C03, &[]);
        self.ok(number, &mut host, 0x0C01, &[0xFF; 8]);
        let address = self.ok(number, &mut host, 0x1009, &[]);
        (host, address.try_into().unwrap())
    }

    /// Lets time pass, ten seconds at most, until this host gets this event.
    fn event(&mut self, number: usize, host: &mut Host, code: u8) -> Vec<u8> {
        let end = self.now + 10_000_000;
        loop {
            let sent = self.run(end, 1, &[])[number - 1];
            while host.received.len() < sent {
                let (found, event) = host.event();
                if found == code {
                    return event;
                }
            }
            assert!(self.now < end, "event {code:02x} does not come");
        }
    }

    fn advertise(&mut self, number: usize, host: &mut Host) {
        self.ok(number, host, 0x200A, &[1]);
    }

    /// The central's handle.
    fn connect(
        &mut self,
        (number, central): (usize, &mut Host),
        (other, peripheral): (usize, &mut Host),
        address: [u8; 6],
    ) -> [u8; 2] {
        let create = [&[0x10, 0, 0x10, 0, 0, 0], &address[..], &[0, 24, 0, 24, 0, 0, 0, 100, 0]];
        self.ok(number, central, 0x200D, &[&create.concat()[..], &[0; 4]].concat());
        let complete = self.event(number, central, LE_META);
        assert_eq!(complete[..2], [1, 0], "{complete:02x?}");
        // The other end knows it already, or does at the next news.
        let sent = self.run(self.now, 0, &[])[other - 1];
        let first = (peripheral.received.len() < sent).then(|| peripheral.event());
        let (code, event) =
            first.unwrap_or_else(|| (LE_META, self.event(other, peripheral, LE_META)));
        assert_eq!((code, event[1]), (LE_META, 0), "{event:02x?}");
        [complete[2], complete[3]]
    }
}

/// Thirty-two links side by side, and each carries what was meant for it.
#[test]
fn sixty_four_hosts_at_once_have_what_is_theirs() {
    let count = number(16, 64);
    let mut air = Air::of(count);
    let begun = Instant::now();
    let before = resident();
    let mut hosts: Vec<(Host, [u8; 6])> = (1..=count).map(|number| air.come(number)).collect();
    let (centrals, peripherals) = hosts.split_at_mut(count / 2);
    let mut pairs: Vec<_> = (1..).zip(centrals.iter_mut().zip(peripherals)).collect();
    for (number, ((central, _), (peripheral, address))) in &mut pairs {
        let other = *number + count / 2;
        air.advertise(other, peripheral);
        let handle = air.connect((*number, central), (other, peripheral), *address);
        central.send(&[&[2], &handle[..], &[7, 0, 3, 0, 4, 0, 1, 2, *number as u8]].concat());
        air.run(air.now, 0, &[(*number, central.sent)]);
    }
    let sent = air.run(air.now + 3_000_000, 0, &[]);
    for (number, (_, (peripheral, _))) in &mut pairs {
        while peripheral.received.len() + 12 < sent[*number + count / 2 - 1] {
            assert_ne!(peripheral.event().0, GONE, "of pair {number}");
        }
        let data = peripheral.take(12);
        assert_eq!((data[0], data[11]), (2, *number as u8), "{data:02x?}");
    }
    let memory = resident().zip(before).map_or(0, |(after, before)| after.saturating_sub(before));
    println!(
        "{count} hosts, {} links: {} simulated s in {} ms, {} KiB a host",
        count / 2,
        air.now / 1_000_000,
        begun.elapsed().as_millis(),
        memory / count,
    );
    air.server.stop();
}

/// Each host attaches, connects, and vanishes; the other end is notified each time.
#[test]
fn ten_thousand_connections_in_a_row_are_all_made_and_leave_nothing_behind() {
    let count = number(400, 10_000);
    let mut air = Air::of(2);
    let (mut peripheral, address) = air.come(2);
    air.ok(2, &mut peripheral, 0x2006, &[0x20, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0]);
    let begun = Instant::now();
    let mut settled = None;
    for round in 0..count {
        air.advertise(2, &mut peripheral);
        let (mut central, _) = air.come(1);
        air.connect((1, &mut central), (2, &mut peripheral), address);
        drop(central);
        let gone = air.event(2, &mut peripheral, GONE);
        assert!([0x08, 0x3E].contains(&gone[3]), "{gone:02x?} in round {round}");
        // What the host here keeps is no matter of the server's.
        let kept = peripheral.received.capacity() / 1_024;
        if round == count / 5 {
            settled = resident().map(|memory| memory.saturating_sub(kept));
        }
    }
    let kept = (peripheral.received.capacity() + air.server.printed().len()) / 1_024;
    let after = resident().map(|memory| memory.saturating_sub(kept));
    let (first, last) = settled.zip(after).unwrap_or_default();
    println!(
        "{count} connections, {} simulated s in {} s; {first} KiB after {}, {last} KiB after all",
        air.now / 1_000_000,
        begun.elapsed().as_secs(),
        count / 5,
    );
    // Other tests of this process have memory, too.
    assert!(last < first + 32 * 1_024, "{first} KiB, then {last} KiB");
    assert_eq!(air.server.stop().matches("a host has come").count(), count + 1);
}

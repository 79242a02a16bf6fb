//! A saturated link: encrypted, LE 2M, 251 octets of payload both ways, as ATT notifications and
//! Write Commands of 244 octets of value fill it. Both hosts speak octets of HCI.
//!
//! `saturated SECONDS`: prints the goodput each way, what the air allows, and the number of
//! packets. `scripts/speed.sh` counts the instructions.

use ble::time::{Duration, Instant};
use bletwin_bridge::endpoint::Endpoint;
use bletwin_bridge::twin::{Owner, Port, Twin};

/// Octets of value in an ATT PDU of 247 octets, the most that an LL Data PDU holds with its L2CAP
/// header.
const VALUE: u32 = 244;
/// Opcode and handle of ATT, length and channel of L2CAP.
const HEADERS: usize = 7;
/// connInterval in units of 1.25 ms: long, so that the gaps between events weigh little.
const INTERVAL: u16 = 800;
const INTERVAL_US: u32 = INTERVAL as u32 * 1_250;
/// µs that an encrypted PDU of 251 octets takes at 2M: preamble 2, access address 4, header 2,
/// MIC 4, CRC 3.
const ON_AIR_US: u32 = (2 + 4 + 2 + 251 + 4 + 3) * 4;
const T_IFS_US: u32 = 150;
/// A PDU each way with the spaces behind them.
const EXCHANGE_US: u32 = 2 * (ON_AIR_US + T_IFS_US);
/// Both hosts have done what they do before data flow.
const SETTLING: Duration = Duration::from_secs(12);
const KEY: [u8; 16] = [7; 16];

/// What flowed, each way: from the central, from the peripheral.
pub(crate) struct Flow {
    /// Packets of 244 octets of value.
    pub(crate) packets: [u32; 2],
    /// As many as the air allows.
    pub(crate) most: u32,
}

/// A host: its endpoint, what it has received of a packet, and its credits.
struct Host {
    port: Port,
    octets: Vec<u8>,
    handle: [u8; 2],
    credits: u8,
    data: Option<Vec<u8>>,
    received: u32,
}

impl Host {
    const fn new(port: Port) -> Self {
        Self { port, octets: Vec::new(), handle: [0; 2], credits: 0, data: None, received: 0 }
    }

    fn command(&self, twin: &mut Twin, opcode: u16, parameters: &[u8]) {
        let [low, high] = opcode.to_le_bytes();
        let length = u8::try_from(parameters.len()).expect("a command is short");
        twin.feed(self.port, [&[1, low, high, length], parameters].concat());
    }

    /// A command whose first parameter is the connection.
    fn ask(&self, twin: &mut Twin, opcode: u16, parameters: &[u8]) {
        self.command(twin, opcode, &[&self.handle, parameters].concat());
    }

    /// Reads what its controller says.
    fn read(&mut self, twin: &mut Twin) {
        self.octets.extend(twin.take(self.port));
        let mut rest = self.octets.as_slice();
        loop {
            let length = match rest {
                [4, _, length, ..] => 3 + usize::from(*length),
                [2, _, _, low, high, ..] => 5 + usize::from(u16::from_le_bytes([*low, *high])),
                _ => break,
            };
            let Some((packet, behind)) = rest.split_at_checked(length) else { break };
            rest = behind;
            match packet {
                // LE Read Buffer Size.
                [4, 0x0E, _, _, 0x02, 0x20, 0, 251, 0, credits] => self.credits = *credits,
                // LE Connection Complete.
                [4, 0x3E, _, 0x01, 0, low, high, ..] => self.handle = [*low, *high],
                // LE Long Term Key Request.
                [4, 0x3E, _, 0x05, ..] => self.ask(twin, 0x201A, &KEY),
                // Number Of Completed Packets.
                [4, 0x13, _, 1, _, _, count, _] => self.credits += count,
                [2, ..] if packet.len() == 5 + HEADERS + VALUE as usize => self.received += 1,
                _ => {}
            }
        }
        self.octets = rest.to_vec();
        if let Some(data) = &self.data {
            for _ in 0..std::mem::take(&mut self.credits) {
                twin.feed(self.port, data.clone());
            }
        }
    }
}

fn pass(twin: &mut Twin, hosts: &mut [Host; 2], until: Instant) {
    while twin.now() < until {
        twin.run_until_octets(until);
        for host in &mut *hosts {
            host.read(twin);
        }
    }
}

/// Two connected hosts, encrypted, at 2M, with the longest PDUs.
fn connected() -> (Twin, [Host; 2]) {
    let mut twin = Twin::unrecorded(1, Owner { confirms: true });
    let mut hosts =
        ["central", "peripheral"].map(|name| Host::new(twin.add_endpoint(name, Endpoint::full())));
    let mut now = Instant::from_us(1_000);
    let mut settle = |twin: &mut Twin, hosts: &mut [Host; 2], span: Duration| {
        now += span;
        pass(twin, hosts, now);
    };
    let moment = Duration::from_ms(10);
    for host in &hosts {
        host.command(&mut twin, 0x0C03, &[]);
        host.command(&mut twin, 0x0C01, &[0xFF; 8]);
        // Plain connection events.
        host.command(&mut twin, 0x2001, &[0xFF, 0xFD, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
        host.command(&mut twin, 0x2002, &[]);
    }
    settle(&mut twin, &mut hosts, moment);
    let [central, peripheral] = &hosts;
    let address = twin.endpoint(peripheral.port).map(|node| node.config().public_address);
    peripheral.command(&mut twin, 0x2006, &[0x20, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0]);
    peripheral.command(&mut twin, 0x200A, &[1]);
    let [low, high] = INTERVAL.to_le_bytes();
    let scan = [0x10, 0, 0x10, 0, 0, 0];
    let parameters = [0, low, high, low, high, 0, 0, 0x90, 1, 0, 0, 0, 0];
    let create = [&scan[..], &address.expect("it is there"), &parameters].concat();
    central.command(&mut twin, 0x200D, &create);
    settle(&mut twin, &mut hosts, SETTLING);
    for host in &hosts {
        // LE Set Data Length.
        host.ask(&mut twin, 0x2022, &[251, 0, 0x48, 0x08]);
    }
    settle(&mut twin, &mut hosts, SETTLING);
    // LE Set PHY: 2M.
    hosts[0].ask(&mut twin, 0x2032, &[0, 2, 2, 0, 0]);
    settle(&mut twin, &mut hosts, SETTLING);
    // LE Enable Encryption.
    hosts[0].ask(&mut twin, 0x2019, &[&[0; 10][..], &KEY].concat());
    settle(&mut twin, &mut hosts, SETTLING);
    (twin, hosts)
}

/// Lets data flow both ways for so many connection events.
pub(crate) fn flow(events: u32) -> Flow {
    let (mut twin, mut hosts) = connected();
    let length = VALUE as usize + HEADERS;
    for (host, opcode) in hosts.iter_mut().zip([0x52, 0x1B]) {
        // L2CAP: length, channel of ATT. ATT: opcode, handle.
        let mut data = vec![2, host.handle[0], host.handle[1], 251, 0, 247, 0, 4, 0, opcode, 3, 0];
        data.resize(5 + length, 0x5A);
        host.data = Some(data);
        host.read(&mut twin);
    }
    // The first event is under way, or the next is at most an interval away.
    let interval = Duration::from_us(u64::from(INTERVAL_US));
    let begun = twin.now() + interval.times(2);
    pass(&mut twin, &mut hosts, begun);
    let before = hosts.each_ref().map(|host| host.received);
    pass(&mut twin, &mut hosts, begun + interval.times(events.into()));
    let [central, peripheral] = hosts.each_ref().map(|host| host.received);
    Flow {
        packets: [peripheral - before[1], central - before[0]],
        most: events * (INTERVAL_US / EXCHANGE_US),
    }
}

fn main() {
    let seconds = std::env::args().nth(1).and_then(|word| word.parse().ok());
    let seconds: u32 = seconds.expect("saturated SECONDS");
    let Flow { packets, most } = flow(seconds);
    let goodput = |packets: u32| f64::from(packets * VALUE * 8) / f64::from(seconds) / 1e3;
    let [central, peripheral] = packets.map(goodput);
    println!(
        "Write Commands {central:.1} kbit/s, notifications {peripheral:.1} kbit/s, \
         the air allows {:.1}; {} packets",
        goodput(most),
        packets.iter().sum::<u32>()
    );
}

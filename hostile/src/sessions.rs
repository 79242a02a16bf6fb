//! Two hosts that connect their endpoints, and then send two conflicting commands. A fuzzer that
//! has to find a connection first would spend hours on that.

/// HCI command packets have this type on H4.
const COMMAND: u8 = 1;
/// And ACL data packets this one.
const DATA: u8 = 2;
/// A random static address, with which the peripheral advertises.
const PERIPHERAL: [u8; 6] = [0, 1, 2, 3, 4, 0xC5];
/// And that of the central.
const CENTRAL: [u8; 6] = [9, 8, 7, 6, 5, 0xC4];
/// The longest pause that a piece can have behind it: 27.5 ms, in halves of a millisecond.
const PAUSE: usize = 0x37;
/// The shortest pause but none: half a millisecond.
const AT_ONCE: usize = 1;

/// The sender, which a piece has in bit 6 of its first octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Port {
    Central = 0,
    Peripheral = 0x40,
}

use Port::{Central, Peripheral};

/// A command, and how long nothing comes after it, in halves of a millisecond.
struct HostCommand {
    port: Port,
    opcode: u16,
    parameters: Vec<u8>,
    pause: usize,
}

/// The handle of an endpoint's first connection in this role.
pub(super) const fn handle(port: Port) -> [u8; 2] {
    match port {
        Central => [1, 0],
        Peripheral => [1, 1],
    }
}

/// Commands about a connection; the handle comes first.
const ABOUT_THE_LINK: &[(u16, &[u8])] = &[
    (0x0406, &[0x13]),                                    // Disconnect
    (0x041D, &[]),                                        // Read Remote Version Information
    (0x0C2D, &[0]),                                       // Read Transmit Power Level
    (0x0C7C, &[20, 0]),                                   // Write Authenticated Payload Timeout
    (0x1405, &[]),                                        // Read RSSI
    (0x2013, &[6, 0, 6, 0, 0, 0, 100, 0, 0, 0, 0, 0]),    // Connection Update
    (0x2013, &[20, 0, 40, 0, 4, 0, 0x90, 1, 0, 0, 0, 0]), // with latency
    (0x2015, &[]),                                        // Read Channel Map
    (0x2016, &[]),                                        // Read Remote Features
    (0x2019, &[0; 26]),                                   // Enable Encryption
    (0x201A, &[0; 16]),                                   // Long Term Key Request Reply
    (0x201A, &[1; 16]),                                   // with another key
    (0x201B, &[]),                                        // Negative Reply
    (0x2020, &[6, 0, 40, 0, 0, 0, 0x90, 1, 0, 0, 0, 0]),  // Connection Parameter Request Reply
    (0x2021, &[0x3B]),                                    // Negative Reply
    (0x2022, &[251, 0, 0x48, 0x08]),                      // Set Data Length
    (0x2022, &[27, 0, 0x48, 0x01]),                       // as short as it may be
    (0x2030, &[]),                                        // Read PHY
    (0x2032, &[0, 2, 2, 0, 0]),                           // Set PHY: 2M
    (0x2032, &[0, 4, 1, 2, 0]),                           // Coded one way
];

/// Commands about the device.
const ABOUT_THE_DEVICE: &[(u16, &[u8])] = &[
    (0x0C03, &[]),                       // Reset
    (0x0C31, &[1]),                      // Set Controller To Host Flow Control
    (0x0C35, &[1, 1, 0, 1, 0]),          // Host Number Of Completed Packets
    (0x200A, &[1]),                      // Set Advertising Enable
    (0x200C, &[1, 0]),                   // Set Scan Enable
    (0x2014, &[0xFF, 0xFF, 0, 0, 0x18]), // Set Host Channel Classification
    (0x2031, &[0, 2, 2]),                // Set Default PHY
];

/// How two endpoints come together, and what happens before the hosts speak.
#[derive(Clone, Copy, Debug)]
struct Opening {
    /// By the commands of extended advertising.
    extended: bool,
    /// The link is encrypted.
    encrypted: bool,
}

fn said(port: Port, opcode: u16, parameters: &[u8], pause: usize) -> HostCommand {
    HostCommand { port, opcode, parameters: parameters.to_vec(), pause }
}

/// Both hosts want all events and have an address.
fn begin() -> Vec<HostCommand> {
    let one = |port, address: [u8; 6]| {
        [
            said(port, 0x0C03, &[], AT_ONCE),
            said(port, 0x0C01, &[0xFF; 8], 0),
            said(port, 0x2001, &[0xFF; 8], 0),
            said(port, 0x2005, &address, 0),
        ]
    };
    one(Peripheral, PERIPHERAL).into_iter().chain(one(Central, CENTRAL)).collect()
}

fn legacy() -> [HostCommand; 3] {
    let create = [
        &[0x10, 0, 0x10, 0, 0, 1][..],
        &PERIPHERAL,
        &[1, 6, 0, 6, 0, 0, 0, 0x90, 1, 0, 0, 0, 0], // every 7.5 ms, timeout 4 s
    ];
    [
        // Every 20 ms, connectable, from the random address.
        said(Peripheral, 0x2006, &[0x20, 0, 0x20, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0], AT_ONCE),
        said(Peripheral, 0x200A, &[1], 0),
        said(Central, 0x200D, &create.concat(), PAUSE),
    ]
}

fn extended() -> [HostCommand; 4] {
    let parameters = [
        &[0, 1, 0, 0x20, 0, 0, 0x20, 0, 0, 7, 1][..], // connectable, every 20 ms
        &[0; 8],
        &[0x7F, 1, 0, 1, 0, 0], // both on 1M
    ];
    let create = [
        &[0, 1, 1][..],
        &PERIPHERAL,
        &[1, 0x10, 0, 0x10, 0, 6, 0, 6, 0, 0, 0, 0x90, 1, 0, 0, 0, 0],
    ];
    [
        said(Peripheral, 0x2036, &parameters.concat(), 0),
        said(Peripheral, 0x2035, &[&[0][..], &PERIPHERAL].concat(), 0),
        said(Peripheral, 0x2039, &[1, 1, 0, 0, 0, 0], 0),
        said(Central, 0x2043, &create.concat(), 3 * PAUSE),
    ]
}

fn opened(opening: Opening) -> Vec<HostCommand> {
    let mut all = begin();
    match opening.extended {
        false => all.extend(legacy()),
        true => all.extend(extended()),
    }
    if opening.encrypted {
        all.push(said(Central, 0x2019, &[&handle(Central)[..], &[0; 26]].concat(), 3 * PAUSE));
        all.push(said(
            Peripheral,
            0x201A,
            &[&handle(Peripheral)[..], &[0; 16]].concat(),
            2 * PAUSE,
        ));
    }
    all
}

/// A session as the entrances read it: pieces of an octet for port and pause, one for the length,
/// and a command as `packet` frames it.
fn input(
    opening: Opening,
    then: &[HostCommand],
    packet: impl Fn(u16, &[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let piece = |said: &HostCommand| {
        let octets = packet(said.opcode, &said.parameters);
        let at_once = said.pause.min(PAUSE);
        let head = [said.port as u8 | at_once as u8, octets.len() as u8];
        // Pieces without octets, for a pause longer than one piece can express.
        let rest = [PAUSE as u8, 0].repeat((said.pause - at_once) / PAUSE);
        [&head[..], &octets, &rest].concat()
    };
    opened(opening).iter().chain(then).flat_map(piece).collect()
}

/// All sessions: after each opening one thing is said, or two.
pub(super) fn sessions(packet: impl Fn(u16, &[u8]) -> Vec<u8> + Copy) -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    for encrypted in [false, true] {
        for (port, opcode, parameters) in speeches() {
            let one = |pause| said(port, opcode, &parameters, pause);
            let alone = [one(3 * PAUSE)];
            inputs.push(input(Opening { extended: true, encrypted }, &alone, packet));
            for (port, opcode, parameters) in speeches() {
                let opening = Opening { extended: false, encrypted };
                // The other one comes while the first procedure is under way, or after it.
                let pause = if inputs.len() % 2 == 0 { 0 } else { PAUSE };
                let other = said(port, opcode, &parameters, 3 * PAUSE);
                inputs.push(input(opening, &[one(pause), other], packet));
            }
        }
    }
    inputs
}

/// Everything that either can say.
pub(super) fn speeches() -> impl Iterator<Item = (Port, u16, Vec<u8>)> {
    [Central, Peripheral].into_iter().flat_map(|port| {
        let link = ABOUT_THE_LINK.iter().map(move |&(opcode, rest)| {
            let parameters = [&handle(port), rest].concat();
            (port, opcode, parameters)
        });
        let device = ABOUT_THE_DEVICE.iter();
        link.chain(device.map(move |&(opcode, parameters)| (port, opcode, parameters.to_vec())))
    })
}

/// A command as H4 frames it.
pub(super) fn command(opcode: u16, parameters: &[u8]) -> Vec<u8> {
    [&[COMMAND], &opcode.to_le_bytes()[..], &[parameters.len() as u8], parameters].concat()
}

/// Handle, flags and octets of a data packet as H4 frames it.
pub(super) fn data(octets: &[u8]) -> Vec<u8> {
    let (head, rest) = octets.split_at(octets.len().min(2));
    [&[DATA], head, &[rest.len() as u8, 0], rest].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::framed_talk;
    use crate::{PIECES_MAX, pieces};

    fn has(octets: &[u8], event: &[u8]) -> bool {
        octets.windows(event.len()).any(|window| window == event)
    }

    #[test]
    fn both_ways_lead_to_a_connection_that_can_be_encrypted() {
        for extended in [false, true] {
            let session = input(Opening { extended, encrypted: true }, &[], command);
            let [central, peripheral] = framed_talk(&session);
            for (octets, port) in [(central, Central), (peripheral, Peripheral)] {
                let [low, high] = handle(port);
                let role = u8::from(port == Peripheral);
                // LE Enhanced Connection Complete, then Encryption Change: on.
                let connected = has(&octets, &[0x3E, 31, 0x0A, 0, low, high, role]);
                assert!(connected, "extended {extended}, role {role}: {octets:02X?}");
                assert!(
                    has(&octets, &[0x08, 4, 0, low, high, 1]),
                    "{extended} {role}: {octets:02X?}"
                );
            }
        }
    }

    /// `scripts/fuzz.sh` allows no longer ones, and the entrances take no more pieces.
    #[test]
    fn an_entrance_takes_a_session_whole() {
        for input in sessions(command) {
            let count = pieces(&input, usize::MAX).count();
            assert!(input.len() <= 2048 && count <= PIECES_MAX, "{count} pieces");
        }
    }
}

//! From hosts outside: octets of H4, and HCI packets whose framing is right.

use ble::address::Address;
use ble::hci::codec::{parse_acl, parse_command, parse_event};
use ble::time::{Duration, Instant};
use bletwin_bridge::endpoint::Endpoint;
use bletwin_bridge::twin::{Owner, Twin};

use crate::{PIECES_MAX, pieces};

/// Octets as they come, in pieces, from two hosts.
pub fn h4(data: &[u8]) {
    let _ = heard(data);
}

/// What these two hosts hear.
pub(super) fn heard(data: &[u8]) -> [Vec<u8>; 2] {
    talk(pieces(data, PIECES_MAX).map(|(pause, octets)| (pause, octets.to_vec())))
}

/// HCI commands and data packets, well framed; a piece without octets lets time pass.
pub fn hci(data: &[u8]) {
    let packets = pieces(data, PIECES_MAX).filter_map(|(kind, octets)| {
        let _ = (parse_command(octets), parse_acl(octets));
        let _ = parse_event(octets, Address::public([1; 6]));
        let Some((head, rest)) = octets.split_first_chunk::<2>() else {
            return octets.is_empty().then(|| (kind, Vec::new()));
        };
        let length = u8::try_from(rest.len()).ok()?;
        // Data have a length of two octets.
        let packet = match kind & 0x80 {
            0 => [&[1][..], head, &[length], rest].concat(),
            _ => [&[2][..], head, &[length, 0], rest].concat(),
        };
        Some((kind, packet))
    });
    let _ = talk(packets);
}

fn talk(packets: impl Iterator<Item = (u8, Vec<u8>)>) -> [Vec<u8>; 2] {
    let mut twin = Twin::new(1, Owner { confirms: true });
    let ports = ["one", "other"].map(|name| twin.add_endpoint(name, Endpoint::full()));
    let mut until = Instant::ZERO;
    let mut heard = [const { Vec::new() }; 2];
    for (pause, octets) in packets {
        twin.feed(ports[usize::from(pause >> 6 & 1)], octets);
        until += Duration::from_us(u64::from(pause & 0x3F) * 500);
        twin.run_until(until);
        for (heard, port) in heard.iter_mut().zip(ports) {
            heard.extend(twin.take(port));
        }
    }
    twin.run_until(until + Duration::from_ms(20));
    heard
}

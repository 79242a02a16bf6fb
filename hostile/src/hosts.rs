//! From hosts outside: octets of H4, and HCI packets whose framing is right.

use ble::address::Address;
use ble::hci::codec::{parse_acl, parse_command, parse_event};
use ble::time::{Duration, Instant};
use bletwin_bridge::endpoint::Endpoint;
use bletwin_bridge::twin::{Owner, Twin};

use crate::{PIECES_MAX, pieces};

/// Instants at which something happens in the world of one input: what hosts ask for may be long,
/// if little happens meanwhile.
const INSTANTS_MAX: u32 = 1_000;
/// The same if the first piece has no octets: hosts that wait first get more time.
const PATIENT_MAX: u32 = 8_000;

/// In a piece's first octet: which host speaks.
pub(super) const PORT: u8 = 0x40;
/// There, too, where pieces have no frame: these are data.
pub(super) const DATA: u8 = 0x80;

/// Octets as they come, in pieces, from one host. What hosts do to each other does not depend on
/// the framing, and is left to [`hci`].
pub fn h4(data: &[u8]) {
    let _: [_; 1] = framed_talk(data);
}

/// The octets that each of `HOSTS` hosts receives, when they send these octets.
pub(super) fn framed_talk<const HOSTS: usize>(data: &[u8]) -> [Vec<u8>; HOSTS] {
    talk(pieces(data, PIECES_MAX).map(|(pause, octets)| (pause, octets.to_vec())))
}

/// HCI commands and data packets, well framed; a piece without octets lets time pass.
pub fn hci(data: &[u8]) {
    for (_, octets) in pieces(data, PIECES_MAX) {
        let _ = (parse_command(octets), parse_acl(octets));
        let _ = parse_event(octets, Address::public([1; 6]));
    }
    let _: [_; 2] = talk(packets(data));
}

/// The packets of the hosts in an input of [`hci`], framed by H4.
fn packets(data: &[u8]) -> impl Iterator<Item = (u8, Vec<u8>)> {
    pieces(data, PIECES_MAX).filter_map(|(kind, octets)| {
        let Some((head, rest)) = octets.split_first_chunk::<2>() else {
            return octets.is_empty().then(|| (kind, Vec::new()));
        };
        let length = u8::try_from(rest.len()).ok()?;
        // Data have a length of two octets.
        let packet = match kind & DATA {
            0 => [&[1][..], head, &[length], rest].concat(),
            _ => [&[2][..], head, &[length, 0], rest].concat(),
        };
        Some((kind & !DATA, packet))
    })
}

/// The input of [`h4`] with which hosts send what they send with this input of [`hci`].
#[must_use]
pub fn framed(data: &[u8]) -> Vec<u8> {
    let piece = |(kind, packet): (u8, Vec<u8>)| {
        // The rest of a long packet is sent at the same instant, in another piece.
        let (head, tail) = packet.split_at(packet.len().min(255));
        let one = |kind: u8, octets: &[u8]| [&[kind, octets.len() as u8][..], octets].concat();
        match tail {
            [] => one(kind, head),
            _ => [one(kind & PORT, head), one(kind, tail)].concat(),
        }
    };
    packets(data).flat_map(piece).collect()
}

/// Public addresses of the two, as the twin gives them.
pub(super) fn publics() -> [[u8; 6]; 2] {
    let one = Endpoint::full().public_address;
    let mut other = one;
    other[0] = other[0].wrapping_add(1);
    [one, other]
}

/// How long nothing comes after a piece that ends so: halves of a millisecond, and beyond 27.5 ms
/// a few times that are longer, up to where a procedure without an answer ends its link.
const fn pause(kind: u8) -> Duration {
    const LONG_MS: [u64; 8] = [30, 60, 120, 250, 500, 1_200, 5_000, 20_000];
    match kind & 0x3F {
        short @ 0..0x38 => Duration::from_us(short as u64 * 500),
        long => Duration::from_ms(LONG_MS[(long & 7) as usize]),
    }
}

/// Plays one or two hosts; a host that is not there lends its pieces to the one that is.
fn talk<const HOSTS: usize>(packets: impl Iterator<Item = (u8, Vec<u8>)>) -> [Vec<u8>; HOSTS] {
    const NAMES: [&str; 2] = ["one", "other"];
    let mut twin = Twin::unrecorded(1, Owner { confirms: true });
    let ports =
        std::array::from_fn::<_, HOSTS, _>(|host| twin.add_endpoint(NAMES[host], Endpoint::full()));
    let mut until = Instant::ZERO;
    let mut packets = packets.peekable();
    let patient = packets.peek().is_some_and(|(_, octets)| octets.is_empty());
    let mut left = if patient { PATIENT_MAX } else { INSTANTS_MAX };
    let mut heard = [const { Vec::new() }; HOSTS];
    // At the end 20 ms pass without input.
    for (kind, octets) in packets.chain([(40, Vec::new())]) {
        if !octets.is_empty() {
            twin.feed(ports[usize::from(kind & PORT != 0) % HOSTS], octets);
        }
        until += pause(kind);
        while let Some(next) = twin.next_event().filter(|next| *next <= until) {
            if left == 0 {
                return heard;
            }
            left -= 1;
            twin.run_until(next);
        }
        twin.run_until(until);
        for (heard, port) in heard.iter_mut().zip(ports) {
            heard.extend(twin.take(port));
        }
    }
    heard
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables;

    /// Of what `hci` has reached, `h4` has only the framing left to find.
    #[test]
    fn hosts_hear_the_same_when_it_is_framed() {
        let bare = tables::inputs("hci");
        let long = [&[DATA | PORT, 255, 1, 1][..], &[7; 253], &[0x38, 0]].concat();
        for input in bare.iter().step_by(101).chain([&long]) {
            let framed = framed(input);
            let heard: [_; 2] = framed_talk(&framed);
            assert!(heard == talk(packets(input)), "{input:02X?}");
        }
    }
}

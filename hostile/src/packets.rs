//! Structured changes of a raw central's packets: control PDUs by opcode, frames of ATT, signalling
//! and SMP by code, with parameters that are mostly valid and sometimes at a boundary.

use ble::pdu::control::Opcode;

use crate::pieces;
use crate::rng::Rng;

/// Maximum number of changes per mutation.
const CHANGES: usize = 6;
/// Pieces that an entrance takes.
const PIECES: usize = 24;
// LLID in a piece's first octet at `air`: control PDU, beginning of a frame, what follows of it.
const CONTROL: u8 = 3;
const BEGIN: u8 = 2;
const FOLLOWS: u8 = 1;
// Channels at `l2cap`, as a piece's first octet has them.
const ATT: u8 = 0;
const SIGNALLING: u8 = 1;
const SMP: u8 = 2;
/// UUIDs that the attribute server may have.
const UUIDS: [u16; 12] = [
    0x2800, 0x2801, 0x2803, 0x2902, 0x2A00, 0x2A01, 0x2A05, 0x2A19, 0x2B29, 0x2B2A, 0x2B3A, 0xFFFF,
];
/// A point on the curve P-256: its generator, as SMP sends it.
const POINT: [u8; 64] = [
    0x96, 0xC2, 0x98, 0xD8, 0x45, 0x39, 0xA1, 0xF4, 0xA0, 0x33, 0xEB, 0x2D, 0x81, 0x7D, 0x03, 0x77,
    0xF2, 0x40, 0xA4, 0x63, 0xE5, 0xE6, 0xBC, 0xF8, 0x47, 0x42, 0x2C, 0xE1, 0xF2, 0xD1, 0x17, 0x6B,
    0xF5, 0x51, 0xBF, 0x37, 0x68, 0x40, 0xB6, 0xCB, 0xCE, 0x5E, 0x31, 0x6B, 0x57, 0x33, 0xCE, 0x2B,
    0x16, 0x9E, 0x0F, 0x7C, 0x4A, 0xEB, 0xE7, 0x8E, 0x9B, 0x7F, 0x1A, 0xFE, 0xE2, 0x42, 0xE3, 0x4F,
];

/// A piece: its first octet, and its content.
type Piece = (u8, Vec<u8>);

/// What pieces hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// Data channel PDUs.
    Air,
    /// Frames of L2CAP without their headers.
    L2cap,
}

/// The input with a few changes.
pub(super) fn changed(input: &[u8], rng: &mut Rng, layer: Layer) -> Vec<u8> {
    let mut all = list(input);
    for _ in 0..rng.few(CHANGES) {
        change(&mut all, rng, layer);
    }
    joined(&all)
}

/// The beginning of one input and the end of another.
pub(super) fn crossed(one: &[u8], other: &[u8], rng: &mut Rng) -> Vec<u8> {
    let (mut all, other) = (list(one), list(other));
    all.truncate(rng.below(all.len() + 1));
    all.extend_from_slice(&other[rng.below(other.len())..]);
    joined(&all)
}

fn list(input: &[u8]) -> Vec<Piece> {
    pieces(input, PIECES).map(|(kind, octets)| (kind, octets.to_vec())).collect()
}

fn joined(all: &[Piece]) -> Vec<u8> {
    let whole = |(kind, octets): &Piece| {
        let octets = &octets[..octets.len().min(255)];
        [&[*kind, octets.len() as u8][..], octets].concat()
    };
    all.iter().take(PIECES).flat_map(whole).collect()
}

fn change(all: &mut Vec<Piece>, rng: &mut Rng, layer: Layer) {
    if all.is_empty() {
        all.extend(drawn(rng, layer));
        return;
    }
    let (at, other) = (rng.below(all.len()), rng.below(all.len()));
    match rng.below(12) {
        0 => drop(all.remove(at)),
        1 => all.swap(at, other),
        2 => all.insert(other, all[at].clone()),
        3 => all[at].0 ^= 1 << rng.below(8),
        4 | 5 => edit(&mut all[at].1, rng),
        6 => {
            let length = rng.below(all[at].1.len() + 1);
            all[at].1.truncate(length);
        }
        7 => {
            let count = rng.pick(&[1, 1, 2, 16]);
            let octet = rng.pick(&[0, 1, 0xFF]);
            all[at].1.extend(vec![octet; count]);
        }
        8 => drop(all.splice(at..at, drawn(rng, layer))),
        _ => all.extend(drawn(rng, layer)),
    }
}

fn edit(octets: &mut [u8], rng: &mut Rng) {
    let at = rng.below(octets.len());
    let Some(octet) = octets.get_mut(at) else { return };
    *octet = match rng.below(4) {
        0 => rng.octet(),
        1 => *octet ^ 1 << rng.below(8),
        2 => octet.wrapping_add(rng.pick(&[1, 255])),
        _ => rng.pick(&[0, 1, 2, 6, 0x10, 0x7F, 0xFF]),
    };
}

/// One thing that a central may say, in as many pieces as it needs.
fn drawn(rng: &mut Rng, layer: Layer) -> Vec<Piece> {
    let (channel, frame) = match rng.below(8) {
        0..=3 if layer == Layer::Air => return vec![control(rng)],
        0..=4 => (ATT, att(rng)),
        5 => (SIGNALLING, signalling(rng)),
        _ => (SMP, smp(rng)),
    };
    if layer == Layer::L2cap {
        return vec![(channel | rng.pick(&[0, 0, 0, 0x40, 0xC0]), frame)];
    }
    let length = (frame.len() as u16).to_le_bytes();
    let whole = [&length[..], &[channel + 4, 0], &frame].concat();
    let size = rng.pick(&[27, 27, 27, 1, 4, 5, 20, 251]);
    let part = |(number, octets): (usize, &[u8])| {
        (if number == 0 { BEGIN } else { FOLLOWS }, octets.to_vec())
    };
    whole.chunks(size).take(PIECES).enumerate().map(part).collect()
}

/// A control PDU, mostly of the right length.
fn control(rng: &mut Rng) -> Piece {
    let opcode = rng.below(0x31) as u8;
    let right = Opcode(opcode).ctr_data_len().unwrap_or(4);
    let length = rng.pick(&[right, right, right, right, right + 1, right.saturating_sub(1)]);
    let fill = rng.pick(&[0, 0, 1, 2, 6, 27, 0xFF]);
    let mut octets = [vec![opcode], vec![fill; length]].concat();
    for _ in 0..rng.below(4) {
        edit(&mut octets[1..], rng);
    }
    // A PDU with an instant has it at its end: in a near, the present or a past event.
    if rng.one_in(2)
        && let Some(instant) = octets.last_chunk_mut::<2>()
    {
        let from = rng.pick(&[0_u16, 0, 0, 0x7FF0, 0xFFF0]);
        *instant = from.wrapping_add(rng.below(120) as u16).to_le_bytes();
    }
    octets[0] = opcode;
    let kind = rng.pick(&[0, 0, 0, 0, 4, 8, 0x10, 0x20, 0x40, 0x80]);
    (CONTROL | kind, octets)
}

fn att(rng: &mut Rng) -> Vec<u8> {
    let handle = |rng: &mut Rng| {
        let near = rng.below(0x24) as u16;
        rng.pick(&[near, near, near, near, near, 0xFFFF, 0]).to_le_bytes()
    };
    let uuid = |rng: &mut Rng| {
        let short = rng.pick(&UUIDS).to_le_bytes().to_vec();
        let long = vec![rng.octet(); 16];
        rng.pick(&[short.clone(), short.clone(), short, long])
    };
    let value = |rng: &mut Rng| {
        let length = rng.pick(&[0, 1, 1, 2, 2, 3, 8, 20, 60, 220]);
        vec![rng.pick(&[0, 1, 2, 3, 0xFF]); length]
    };
    let offset = rng.pick(&[0_u16, 0, 1, 2, 20, 512, 513, 0xFFFF]).to_le_bytes().to_vec();
    let (one, two) = (handle(rng), handle(rng));
    let range = rng.pick(&[[1, 0, 0xFF, 0xFF], [one[0], one[1], two[0], two[1]]]);
    let code = rng.pick(&[
        0x02, 0x04, 0x06, 0x08, 0x0A, 0x0C, 0x0E, 0x10, 0x12, 0x12, 0x12, 0x16, 0x16, 0x18, 0x1E,
        0x20, 0x52, 0xD2, 0x01, 0x0B, 0x1B, 0x1D, 0x23, 0x7F,
    ]);
    let rest = match code {
        0x02 => rng.pick(&[23_u16, 22, 65, 247, 517, 0, 0xFFFF]).to_le_bytes().to_vec(),
        0x04 => range.to_vec(),
        0x06 => [range.to_vec(), rng.pick(&UUIDS).to_le_bytes().to_vec(), value(rng)].concat(),
        0x08 | 0x10 => [range.to_vec(), uuid(rng)].concat(),
        0x0A => one.to_vec(),
        0x0C => [one.to_vec(), offset].concat(),
        0x0E | 0x20 => [one, two, handle(rng)].concat(),
        0x12 | 0x52 => [one.to_vec(), value(rng)].concat(),
        0x16 => [one.to_vec(), offset, value(rng)].concat(),
        0x18 => vec![rng.pick(&[0, 1, 1, 2])],
        0x1E => Vec::new(),
        0xD2 => [one.to_vec(), value(rng), vec![0; 12]].concat(),
        _ => value(rng),
    };
    [vec![code], rest].concat()
}

fn signalling(rng: &mut Rng) -> Vec<u8> {
    let code = rng.pick(&[0x12, 0x12, 0x13, 0x13, 0x01, 0x14, 0x15, 0x16, 0x06, 0x17, 0x1A, 0x00]);
    let parameters = match code {
        0x12 => vec![6, 0, rng.pick(&[6, 40]), 0, 0, 0, rng.pick(&[100, 9]), 0],
        0x13 => vec![rng.pick(&[0, 1, 2]), 0],
        0x01 => vec![rng.pick(&[0, 1, 2]), 0],
        0x14 => vec![0x80, 0, 0x40, 0, 64, 0, 23, 0, 1, 0],
        _ => vec![rng.octet(); rng.below(12)],
    };
    let length = rng.pick(&[parameters.len(), parameters.len(), parameters.len(), 0, 1, 300]);
    let head = [code, rng.pick(&[0, 1, 1, 2, 3])];
    [&head[..], &(length as u16).to_le_bytes(), &parameters].concat()
}

fn smp(rng: &mut Rng) -> Vec<u8> {
    let code = rng.pick(&[
        1, 1, 1, 3, 3, 4, 4, 4, 5, 6, 7, 8, 9, 0x0A, 0x0B, 0x0C, 0x0C, 0x0D, 0x0D, 0x0E, 2, 0, 0x0F,
    ]);
    let sixteen = vec![rng.pick(&[0, 1, 0x5A, 0xFF]); 16];
    let rest = match code {
        1 | 2 => {
            let auth = [0x01, 0x05, 0x09, 0x0D, 0x0D, 0x1D, 0x2D, 0x08, 0x0C, 0];
            vec![
                rng.pick(&[0, 1, 2, 3, 4, 5]),
                rng.pick(&[0, 0, 0, 1, 2]),
                rng.pick(&auth),
                rng.pick(&[16, 16, 16, 7, 6, 17]),
                rng.pick(&[0, 1, 2, 3, 7, 0x0F]),
                rng.pick(&[0, 1, 2, 3, 7, 0x0F]),
            ]
        }
        5 => vec![rng.below(0x12) as u8],
        7 => vec![rng.octet(); 10],
        9 => [vec![rng.pick(&[0, 1, 2])], vec![rng.pick(&[0xCE, 0xC0, 0x40]); 6]].concat(),
        0x0B => vec![rng.pick(&[0x01, 0x05, 0x0D, 0x2D])],
        0x0C => {
            let mut key = POINT.to_vec();
            if rng.one_in(3) {
                edit(&mut key, rng);
            }
            key
        }
        0x0E => vec![rng.below(6) as u8],
        _ => sixteen,
    };
    [vec![code], rest].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A changed input is short enough, and follows from the seed alone.
    #[test]
    fn what_is_drawn_is_taken_whole() {
        for layer in [Layer::Air, Layer::L2cap] {
            let mut input = Vec::new();
            for seed in 0..300 {
                let next = changed(&input, &mut Rng(seed), layer);
                assert_eq!(next, changed(&input, &mut Rng(seed), layer));
                assert!(pieces(&next, usize::MAX).count() <= PIECES);
                input = crossed(&next, &input, &mut Rng(seed));
            }
        }
    }
}

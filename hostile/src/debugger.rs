//! What a debugger says to a chip: GDB's packets, and octets that are none.

use ble::time::{Duration, Instant};
use bletwin_emulator::gdb::{Session, Wish};
use bletwin_emulator::node::{ChipNode, Image};
use bletwin_sim::world::{Placement, World, WorldConfig};

use crate::rng::Rng;
use crate::{PIECES_MAX, pieces};

/// Events of the world after each piece, at most.
const STEPS: usize = 24;
/// Where all ends.
const END: Instant = Instant::from_us(20_000);

/// What debuggers say, and what lies beside that.
const PACKETS: [&str; 40] = [
    "?",
    "g",
    "G00",
    "p0",
    "P0=00",
    "m0,4",
    "m100,40",
    "m20000000,ff",
    "mffffffff,fff",
    "m40001000,800",
    "me000ed00,40",
    "M20000000,4:00010203",
    "M40008540,4:11223344",
    "M100,2:00be",
    "X20000010,4:abcd",
    "Z0,100,2",
    "Z0,10a,2",
    "Z1,10c,2",
    "Z2,20000100,4",
    "Z2,ffffffff,ffffffff",
    "Z3,20000100,4",
    "Z4,20000100,1",
    "z0,100,2",
    "z2,20000100,4",
    "vCont?",
    "vCont;c",
    "vCont;s",
    "vCont;s:1;c",
    "c",
    "s",
    "D",
    "k",
    "vKill;1",
    "H g0",
    "qSupported:swbreak+;hwbreak+;vContSupported+",
    "qXfer:features:read:target.xml:0,fff",
    "qRcmd,74696d65",
    "qRcmd,776879",
    "qRcmd,zz",
    "QStartNoAckMode",
];

/// Loops, writes words from a table, and sleeps.
fn program() -> Vec<u8> {
    let code: [u16; 10] =
        [0x4B04, 0x4805, 0x3B01, 0xD1FD, 0xC806, 0xB109, 0x600A, 0xE7FB, 0xBF30, 0xE7FD];
    let mut octets = [0x2000_1000_u32, 0x101].map(u32::to_le_bytes).concat();
    octets.resize(0x100, 0xFF);
    octets.extend(code.iter().flat_map(|half| half.to_le_bytes()));
    let table = octets.len() as u32 + 8;
    let words = [2_000, table, 0x2000_0100, 0x0605_0642, 0x2000_0104, 1, 0, 0];
    octets.extend(words.iter().flat_map(|word: &u32| word.to_le_bytes()));
    octets
}

/// An ELF file for Arm with one segment, at 0.
fn elf(octets: &[u8]) -> Vec<u8> {
    let length = octets.len() as u32;
    let halves = |halves: &[u16]| halves.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>();
    let words = |words: &[u32]| words.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>();
    [
        b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec(),
        halves(&[2, 40]),
        words(&[1, 0x101, 52, 0, 0x0500_0400]),
        halves(&[52, 32, 1, 0, 0, 0]),
        words(&[1, 84, 0, 0, length, length, 5, 4]),
        octets.to_vec(),
    ]
    .concat()
}

/// A packet in its frame.
fn framed(packet: &[u8]) -> Vec<u8> {
    let sum = packet.iter().fold(0_u8, |sum, octet| sum.wrapping_add(*octet));
    [b"+$", packet, format!("#{sum:02x}").as_bytes()].concat()
}

/// Octets of a debugger in pieces: framed as a packet where the first octet is odd, else as they
/// are. The chip goes on for a while after each, as the session wants it.
pub fn debugger(data: &[u8]) {
    let Ok(image) = Image::from_elf(&elf(&program())) else { return };
    let mut world = World::new(WorldConfig::default());
    let node = world.add("chip", ChipNode::new(image, 1, 1), Placement::default());
    let mut session = Session::new(world.node_mut(node));
    for (kind, octets) in pieces(data, PIECES_MAX) {
        let octets = if kind & 1 == 1 { framed(octets) } else { octets.to_vec() };
        session.receive(world.node_mut(node), &octets);
        for _ in 0..STEPS {
            let runs = matches!(session.wish(), Wish::Run | Wish::Alone);
            if !runs || world.next_event().is_none_or(|next| next > END) {
                break;
            }
            world.step();
            session.report(world.node_mut(node));
        }
        let _ = session.take();
    }
    // Whoever goes without a word leaves the world as it would be.
    session.leave(world.node_mut(node));
    world.run_until(world.now() + Duration::from_ms(1));
    assert!(!world.is_halted(), "nobody halts it any more");
}

fn piece(packet: &[u8]) -> Vec<u8> {
    let length = packet.len().min(255);
    [&[1, length as u8][..], &packet[..length]].concat()
}

/// Each packet before the chip has run, at a breakpoint and at a watchpoint; and all of them.
pub(super) fn inputs() -> Vec<Vec<u8>> {
    let begins: [&[&str]; 3] = [&[], &["Z0,10c,2", "vCont;c"], &["Z2,20000100,4", "vCont;c"]];
    let pieces = |packets: &[&str]| -> Vec<u8> {
        packets.iter().flat_map(|packet| piece(packet.as_bytes())).collect()
    };
    let each = begins.iter().flat_map(|begin| {
        PACKETS.map(|packet| [pieces(begin), pieces(&[packet, "vCont;s"])].concat())
    });
    each.chain([pieces(&PACKETS)]).collect()
}

/// An input with packets that are put in, left out, cut or given other digits.
pub(super) fn changed(input: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut all: Vec<(u8, Vec<u8>)> =
        pieces(input, PIECES_MAX).map(|(kind, octets)| (kind, octets.to_vec())).collect();
    for _ in 0..rng.few(6) {
        let at = rng.below(all.len() + 1);
        let packet = PACKETS[rng.below(PACKETS.len())].as_bytes().to_vec();
        match (rng.below(6), all.get_mut(at)) {
            (0, Some((_, octets))) => octets.truncate(rng.below(256)),
            (1, Some((_, octets))) if !octets.is_empty() => {
                let place = rng.below(octets.len());
                octets[place] = b"0123456789abcdef,:;"[rng.below(19)];
            }
            (2, Some((kind, _))) => *kind ^= 1,
            (3, Some(_)) => drop(all.remove(at)),
            // Ctrl-C.
            (4, _) => all.insert(at, (0, vec![3])),
            _ => all.insert(at, (1, packet)),
        }
    }
    all.truncate(PIECES_MAX);
    let whole = |(kind, octets): &(u8, Vec<u8>)| {
        let length = octets.len().min(255);
        [&[*kind, length as u8][..], &octets[..length]].concat()
    };
    all.iter().flat_map(whole).collect()
}

/// The beginning of one input and the end of the other.
pub(super) fn crossed(one: &[u8], other: &[u8], rng: &mut Rng) -> Vec<u8> {
    let cut = |input: &[u8], at: usize| {
        pieces(input, PIECES_MAX).take(at).map(|(_, octets)| 2 + octets.len()).sum::<usize>()
    };
    let begins = cut(one, rng.below(PIECES_MAX)).min(one.len());
    let ends = cut(other, rng.below(PIECES_MAX)).min(other.len());
    [&one[..begins], &other[ends..]].concat()
}

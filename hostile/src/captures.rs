//! Captures and logs as inputs: files of each format with packets that are nearly right.

use ble::crc::crc24;
use ble::pdu::advertising::{ADVERTISING_ACCESS_ADDRESS, ADVERTISING_CRC_INIT};

use crate::rng::Rng;

/// Link types of pcap: the air in four forms, HCI in three, and one of neither.
const LINKS: [u32; 8] = [251, 256, 272, 192, 187, 201, 254, 1];
/// Files that the table has of each kind.
const EACH: u64 = 12;
/// The connection that packets belong to, and the preset of its CRC.
const ADDRESS: u32 = 0x71F6_4A5B;
const PRESET: u32 = 0x0012_3456;
/// Payloads of a connection: control PDUs that change it, frames of SMP and ATT, and Empty PDUs.
const PAYLOADS: [(u8, &[u8]); 14] = [
    (1, &[]),
    (3, &[0x0C, 9, 0x59, 0, 1, 0]),
    (3, &[0x00, 2, 1, 0, 6, 0, 0, 0, 100, 0, 9, 0]),
    (3, &[0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 8, 0]),
    (3, &[0x18, 2, 2, 7, 0]),
    (3, &[0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    (3, &[0x04, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    (3, &[0x05]),
    (3, &[0x02, 0x13]),
    (2, &[7, 0, 6, 0, 0x01, 3, 0, 1, 16, 1, 1]),
    (2, &[7, 0, 6, 0, 0x02, 3, 0, 1, 16, 1, 1]),
    (2, &[2, 0, 6, 0, 0x05, 0x04]),
    (2, &[5, 0, 4, 0, 0x01, 0x12, 0x15, 0, 0x0F]),
    (1, &[1, 2, 3]),
];
/// Packets of HCI with their indicators: a connection, its encryption, its end.
const CROSSED: [&[u8]; 7] = [
    &[4, 0x3E, 0x13, 1, 0, 0x40, 0, 0, 0, 1, 2, 3, 4, 5, 6, 24, 0, 0, 0, 42, 0, 0],
    &[4, 0x08, 4, 6, 0x40, 0, 0],
    &[4, 0x05, 4, 0, 0x40, 0, 0x3D],
    &[4, 0x3E, 13, 5, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    &[1, 0x1B, 0x20, 2, 0x40, 0],
    &[1, 0x06, 0x04, 3, 0x40, 0, 0x13],
    &[2, 0x40, 0x20, 6, 0, 2, 0, 6, 0, 0x05, 0x04],
];

/// Files of each kind.
pub(super) fn inputs() -> Vec<Vec<u8>> {
    let drawn = |kind: usize| (0..EACH).map(move |seed| file(kind, &mut Rng(seed)));
    (0..LINKS.len() + 3).flat_map(drawn).collect()
}

/// A file with a few changes.
pub(super) fn changed(input: &[u8], rng: &mut Rng) -> Vec<u8> {
    if input.is_empty() || rng.one_in(8) {
        let kind = rng.below(LINKS.len() + 3);
        return file(kind, rng);
    }
    let mut octets = input.to_vec();
    for _ in 0..rng.few(6) {
        let at = rng.below(octets.len());
        match rng.below(6) {
            // Numbers are found at their edges.
            0 => octets.iter_mut().skip(at).take(4).for_each(|octet| *octet = 0xFF),
            1 => octets.iter_mut().skip(at).take(4).for_each(|octet| *octet = 0),
            2 => octets.truncate(at.max(1)),
            3 => {
                let part: Vec<u8> = octets.iter().skip(at).take(rng.below(80)).copied().collect();
                octets.extend(part);
            }
            _ => {
                if let Some(octet) = octets.get_mut(at) {
                    *octet = octet.wrapping_add(rng.octet());
                }
            }
        }
    }
    octets
}

/// The beginning of one file, and the rest of the other.
pub(super) fn crossed(one: &[u8], other: &[u8], rng: &mut Rng) -> Vec<u8> {
    let cut = rng.below(one.len() + 1);
    one.iter().take(cut).chain(other.iter().skip(cut.min(24))).copied().collect()
}

/// A file of one kind: pcap of a link type, btsnoop, PacketLogger, or frames of the monitor.
fn file(kind: usize, rng: &mut Rng) -> Vec<u8> {
    let count = 2 + rng.below(24);
    let mut us = 1_000_000;
    let mut records = Vec::new();
    for number in 0..count {
        us += [150, 230, 7_500, 30_000, 1_000_000].get(rng.below(5)).copied().unwrap_or(0);
        let octets = match LINKS.get(kind) {
            Some(link @ (251 | 256 | 272 | 192)) => air(*link, number, us, rng),
            _ => rng.pick(&CROSSED.map(<[u8]>::to_vec)),
        };
        records.push((us, octets));
    }
    match kind.checked_sub(LINKS.len()) {
        None => pcap(LINKS.get(kind).copied().unwrap_or_default(), &records),
        Some(0) => btsnoop(&records),
        Some(1) => packet_logger(&records),
        _ => monitor(&records),
    }
}

fn pcap(link: u32, records: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xA1B2_C3D4, 0x0004_0002, 0, 0, 0xFFFF, link] {
        file.extend_from_slice(&u32::to_le_bytes(word));
    }
    for (us, octets) in records {
        // 201 and 254 have a direction, or a kind, before the packet.
        let before: &[u8] = match link {
            201 => &[0, 0, 0, 1],
            254 => &[0, 0, 0, 3],
            _ => &[],
        };
        let octets = [before, octets].concat();
        let length = octets.len() as u32;
        for word in [us / 1_000_000, us % 1_000_000, length, length] {
            file.extend_from_slice(&word.to_le_bytes());
        }
        file.extend_from_slice(&octets);
    }
    file
}

fn btsnoop(records: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut file = b"btsnoop\0\0\0\0\x01\0\0\x03\xEA".to_vec();
    for (us, octets) in records {
        let to_host = u32::from(octets.first() == Some(&4));
        for word in [octets.len() as u32, octets.len() as u32, to_host, 0, 0x00E0_3AB4, *us] {
            file.extend_from_slice(&word.to_be_bytes());
        }
        file.extend_from_slice(octets);
    }
    file
}

fn packet_logger(records: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut file = Vec::new();
    for (us, octets) in records {
        let Some((indicator, octets)) = octets.split_first() else { continue };
        for word in [octets.len() as u32 + 9, us / 1_000_000, us % 1_000_000] {
            file.extend_from_slice(&word.to_be_bytes());
        }
        file.push(match indicator {
            1 => 0,
            4 => 1,
            _ => 2,
        });
        file.extend_from_slice(octets);
    }
    file
}

fn monitor(records: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut file = Vec::new();
    for (us, octets) in records {
        let Some((indicator, octets)) = octets.split_first() else { continue };
        let opcode: u16 = match indicator {
            1 => 2,
            4 => 3,
            _ => 4,
        };
        // Four octets, and a time of five in an extended header.
        file.extend_from_slice(&(octets.len() as u16 + 9).to_le_bytes());
        file.extend_from_slice(&opcode.to_le_bytes());
        file.extend_from_slice(&[0, 5, 8]);
        file.extend_from_slice(&(us / 100).to_le_bytes());
        file.extend_from_slice(octets);
    }
    file
}

/// A packet of the air: an advertisement, the request that answers it, or one of the connection.
fn air(link: u32, number: usize, us: u32, rng: &mut Rng) -> Vec<u8> {
    let (address, preset, pdu) = match number {
        0 => (ADVERTISING_ACCESS_ADDRESS, ADVERTISING_CRC_INIT, vec![0x20, 6, 1, 2, 3, 4, 5, 6]),
        1 if !rng.one_in(8) => (ADVERTISING_ACCESS_ADDRESS, ADVERTISING_CRC_INIT, request()),
        _ => {
            let (llid, payload) =
                PAYLOADS.get(rng.below(PAYLOADS.len())).copied().unwrap_or((1, &[]));
            let header = llid | rng.octet() & 0b1_1100;
            (ADDRESS, PRESET, [&[header, payload.len() as u8], payload].concat())
        }
    };
    let up = rng.octet() & 1;
    let advertising = address == ADVERTISING_ACCESS_ADDRESS;
    let mut octets = match link {
        256 => {
            let direction = if advertising { 0 } else { 2 + u16::from(up) };
            let flags = 0x0C11 | direction << 7;
            let [f0, f1] = flags.to_le_bytes();
            vec![if advertising { 0 } else { rng.octet() % 40 }, 0, 0, 0, 0, 0, 0, 0, f0, f1]
        }
        272 => {
            let id = if advertising { 2 } else { 6 };
            let [t0, t1, t2, t3] = us.to_le_bytes();
            let channel = if advertising { 37 } else { rng.octet() % 37 };
            let event = rng.octet() % 20;
            let flags = 1 | up << 1;
            vec![0, 0, 0, 3, 0, 0, id, 10, flags, channel, 60, event, 0, t0, t1, t2, t3]
        }
        192 => vec![0, 0, 8, 0, 251, 0, 0, 0],
        _ => Vec::new(),
    };
    octets.extend_from_slice(&address.to_le_bytes());
    octets.extend_from_slice(&pdu);
    octets.extend_from_slice(&crc24(preset, &pdu));
    octets
}

/// CONNECT_IND of the connection.
fn request() -> Vec<u8> {
    let mut pdu = vec![0x25, 34, 9, 9, 9, 9, 9, 9, 1, 2, 3, 4, 5, 6];
    pdu.extend_from_slice(&ADDRESS.to_le_bytes());
    pdu.extend_from_slice(&PRESET.to_le_bytes()[..3]);
    // Transmit window, interval of 7.5 ms, latency, timeout, map, hop and clock.
    pdu.extend_from_slice(&[2, 1, 0, 6, 0, 0, 0, 100, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 7]);
    pdu
}

//! SmartRF Packet Sniffer of Texas Instruments: records of one length.

use std::io::{self, Read};

use super::octets::Octets;
use super::record::{LinkType, Raw, Stop};

/// Info, number, time and length, then what was received, filled up.
const RECORD: usize = 271;
const HEAD: usize = 15;
/// A packet of the air: not a command, not cut.
const INFO: u8 = 1;

/// Whether a file begins with such records.
pub(super) fn begins(head: &[u8]) -> bool {
    let record = |octets: &[u8]| {
        let info = octets.first() == Some(&INFO);
        let length = match octets.get(13..15) {
            Some(&[low, high]) => usize::from(u16::from_le_bytes([low, high])),
            _ => return false,
        };
        // What was received begins with its own length.
        let inner = octets.get(HEAD).map(|inner| usize::from(*inner) + 1);
        info && length > 12 && length <= RECORD - HEAD && inner == Some(length)
    };
    record(head) && head.get(RECORD..).is_none_or(|rest| rest.is_empty() || record(rest))
}

pub(super) fn read(
    file: impl Read,
    most: u64,
    records: &mut u64,
    each: &mut dyn FnMut(Raw<'_>),
) -> Option<Stop> {
    let mut cut = false;
    match packets(Octets::new(file), most, records, each, &mut cut) {
        Ok(stop) => stop.or_else(|| cut.then_some(Stop::Cut)),
        Err(error) => Some(Stop::Io(error.to_string())),
    }
}

fn packets<R: Read>(
    mut octets: Octets<R>,
    most: u64,
    records: &mut u64,
    each: &mut dyn FnMut(Raw<'_>),
    cut: &mut bool,
) -> io::Result<Option<Stop>> {
    while let Some(record) = octets.take(RECORD, cut)? {
        let Some((&[_, _, _, _, _, t0, t1, t2, t3, t4, t5, t6, t7, l0, l1], body)) =
            record.split_first_chunk::<HEAD>()
        else {
            continue;
        };
        if *records == most {
            return Ok(Some(Stop::TooMany { most }));
        }
        *records += 1;
        // Slots of 156.25 µs, and 1/32 µs within one: both are whole numbers of 1/4 ns.
        let slots = u64::from_le_bytes([t2, t3, t4, t5, t6, t7, 0, 0]);
        let within = u64::from(u16::from_le_bytes([t0, t1]));
        let quarters = slots.saturating_mul(625_000).saturating_add(within * 125);
        let length = usize::from(u16::from_le_bytes([l0, l1]));
        each(Raw {
            interface: 0,
            ns: i64::try_from(quarters / 4).unwrap_or(i64::MAX),
            whole: record.first() == Some(&INFO),
            link: LinkType::SmartRf,
            host: None,
            octets: body.get(..length).unwrap_or(body),
        });
    }
    Ok(None)
}

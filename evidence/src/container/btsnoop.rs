//! btsnoop: what Android, BlueZ and others log of HCI.

use std::io::{self, Read};

use super::octets::Octets;
use super::record::{Host, LinkType, RECORD_MAX, Raw, Stop};

/// From year 0, from which the times count, to 1970, in µs.
const EPOCH: i64 = 0x00DC_DDB3_0F2F_8000;
const H1: u32 = 1_001;
const MONITOR: u32 = 2_001;

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
    let Some(head) = octets.array::<16>(cut)? else { return Ok(None) };
    let [.., a, b, c, d] = head;
    let datalink = u32::from_be_bytes([a, b, c, d]);
    while let Some(head) = octets.array::<24>(cut)? {
        let word = |at: usize| {
            let octets = head.get(at..at + 4).and_then(|octets| octets.try_into().ok());
            u32::from_be_bytes(octets.unwrap_or_default())
        };
        let (original, included, flags) = (word(0), word(4), word(8));
        let us = i64::from(word(16)) << 32 | i64::from(word(20));
        let length = usize::try_from(included).unwrap_or(usize::MAX);
        if length > RECORD_MAX {
            return Ok(Some(Stop::TooLong { most: RECORD_MAX }));
        }
        // The length is that of a record to come, which the end of the file may cut.
        let Some(body) = octets.take(length, cut)? else {
            *cut = true;
            return Ok(None);
        };
        if *records == most {
            return Ok(Some(Stop::TooMany { most }));
        }
        *records += 1;
        let mut raw = Raw {
            interface: 0,
            ns: us.saturating_sub(EPOCH).saturating_mul(1_000),
            whole: included >= original,
            link: LinkType::Host,
            host: None,
            octets: &body,
        };
        let to_host = flags & 1 == 1;
        match datalink {
            H1 => {
                let indicator = match (flags & 2 != 0, to_host) {
                    (true, true) => 4,
                    (true, false) => 1,
                    (false, _) => 2,
                };
                raw.host = Some(Host { adapter: 0, to_host: Some(to_host), indicator });
            }
            MONITOR => {
                raw.host = Host::of_monitor((flags >> 16) as u16, flags as u16);
            }
            _ => {
                if let Some((indicator, rest)) = body.split_first() {
                    let (indicator, to_host) = (*indicator, Some(to_host));
                    raw.host = Some(Host { adapter: 0, to_host, indicator });
                    raw.octets = rest;
                }
            }
        }
        each(raw);
    }
    Ok(None)
}

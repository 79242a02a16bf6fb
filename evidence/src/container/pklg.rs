//! PacketLogger of macOS and iOS, in both byte orders.

use std::io::{self, Read};

use super::octets::Octets;
use super::record::{Host, LinkType, RECORD_MAX, Raw, Stop};

/// Seconds, microseconds and type.
const HEAD: usize = 9;

/// Whether a file begins with two records of this format, or with one that ends where it ends.
pub(super) fn begins(head: &[u8], big_endian: bool) -> bool {
    let mut rest = head;
    for number in 0..2 {
        let Some((&[l0, l1, l2, l3], after)) = rest.split_first_chunk() else {
            return number > 0 && rest.is_empty();
        };
        let Some(&[_, _, _, _, u0, u1, u2, u3, kind]) = after.first_chunk() else { return false };
        let word = if big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
        let length = usize::try_from(word([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        let known = matches!(kind, 0..=3 | 8..=0x13 | 0xF0..);
        if !(HEAD..0x1_0000).contains(&length) || word([u0, u1, u2, u3]) >= 1_000_000 || !known {
            return false;
        }
        let Some(next) = after.get(length..) else { return number > 0 };
        rest = next;
    }
    true
}

pub(super) fn read(
    file: impl Read,
    big_endian: bool,
    most: u64,
    records: &mut u64,
    each: &mut dyn FnMut(Raw<'_>),
) -> Option<Stop> {
    let mut cut = false;
    match packets(Octets::new(file), big_endian, most, records, each, &mut cut) {
        Ok(stop) => stop.or_else(|| cut.then_some(Stop::Cut)),
        Err(error) => Some(Stop::Io(error.to_string())),
    }
}

fn packets<R: Read>(
    mut octets: Octets<R>,
    big_endian: bool,
    most: u64,
    records: &mut u64,
    each: &mut dyn FnMut(Raw<'_>),
    cut: &mut bool,
) -> io::Result<Option<Stop>> {
    let word = if big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
    while let Some(length) = octets.array::<4>(cut)? {
        let length = usize::try_from(word(length)).unwrap_or(usize::MAX);
        let Some(body) = length.checked_sub(HEAD) else { return Ok(Some(Stop::Malformed)) };
        if body > RECORD_MAX {
            return Ok(Some(Stop::TooLong { most: RECORD_MAX }));
        }
        let head = octets.array::<HEAD>(cut)?;
        let (Some([s0, s1, s2, s3, u0, u1, u2, u3, kind]), Some(body)) =
            (head, octets.take(body, cut)?)
        else {
            *cut = true;
            return Ok(None);
        };
        if *records == most {
            return Ok(Some(Stop::TooMany { most }));
        }
        *records += 1;
        let (indicator, to_host) = match kind {
            0 => (1, false),
            1 => (4, true),
            2 => (2, false),
            3 => (2, true),
            8 => (3, false),
            9 => (3, true),
            _ => (0, false),
        };
        let host = Host { adapter: 0, to_host: Some(to_host), indicator };
        let seconds = i64::from(word([s0, s1, s2, s3]));
        each(Raw {
            interface: 0,
            ns: seconds * 1_000_000_000 + i64::from(word([u0, u1, u2, u3])) * 1_000,
            whole: true,
            link: LinkType::Host,
            host: (indicator > 0).then_some(host),
            octets: &body,
        });
    }
    Ok(None)
}

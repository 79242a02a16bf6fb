//! Intel HEX: octets by address, read and written anew in order.

use std::collections::BTreeMap;

use ihex::{Reader, Record, create_object_file_representation};
use settings::PAGE;

use crate::error::BadInput;

/// Octets of a data record, as programmers write them.
const LINE: usize = 16;
/// Octets that a file may have.
const MOST: usize = 4 << 20;

/// What a file has, and where its program begins.
#[derive(Default)]
struct Content {
    octets: BTreeMap<u32, u8>,
    start: Option<Record>,
}

fn wrong(line: usize, what: impl std::fmt::Display) -> BadInput {
    BadInput {
        what: format!("record {line} of the HEX file: {what}"),
        help: "make it anew, for example by `objcopy -O ihex`".into(),
    }
}

impl Content {
    fn parse(file: &[u8]) -> Result<Self, BadInput> {
        let text = std::str::from_utf8(file).map_err(|_| wrong(1, "it is no text"))?;
        let mut content = Self::default();
        let mut base: u32 = 0;
        let mut ended = false;
        for (record, line) in Reader::new(text).zip(1..) {
            match record.map_err(|error| wrong(line, error))? {
                Record::Data { offset, value } => {
                    for (octet, n) in value.into_iter().zip(0..) {
                        // Within 64 KiB it goes round.
                        let address = base.checked_add(u32::from(offset.wrapping_add(n)));
                        let address = address.ok_or_else(|| wrong(line, "beyond all addresses"))?;
                        let twice = content.octets.insert(address, octet);
                        if twice.is_some_and(|other| other != octet) {
                            return Err(wrong(
                                line,
                                format_args!("0x{address:08x} has two values"),
                            ));
                        }
                    }
                    if content.octets.len() > MOST {
                        return Err(wrong(line, "there is more than a chip has room for"));
                    }
                }
                Record::ExtendedLinearAddress(upper) => base = u32::from(upper) << 16,
                Record::ExtendedSegmentAddress(segment) => base = u32::from(segment) << 4,
                start @ (Record::StartLinearAddress(_) | Record::StartSegmentAddress { .. }) => {
                    content.start = Some(start);
                }
                Record::EndOfFile => {
                    ended = true;
                    break;
                }
            }
        }
        if !ended {
            return Err(wrong(0, "it has no end, so something of it is missing"));
        }
        Ok(content)
    }

    fn put(&mut self, address: u32, octets: &[u8]) {
        self.octets.extend((address..).zip(octets.iter().copied()));
    }

    fn text(&self) -> String {
        let mut records = Vec::new();
        let mut upper = 0;
        let mut octets = self.octets.iter().peekable();
        while let Some((&address, &octet)) = octets.next() {
            if (address >> 16) as u16 != upper {
                upper = (address >> 16) as u16;
                records.push(Record::ExtendedLinearAddress(upper));
            }
            let mut value = vec![octet];
            // No record goes over the end of a line of addresses.
            let room = LINE - address as usize % LINE;
            while value.len() < room
                && let Some((_, more)) = octets.next_if(|(next, _)| {
                    u64::from(**next) == u64::from(address) + value.len() as u64
                })
            {
                value.push(*more);
            }
            records.push(Record::Data { offset: address as u16, value });
        }
        records.extend(self.start.clone());
        records.push(Record::EndOfFile);
        // Only records that are too long, or misplaced ends, are errors.
        create_object_file_representation(&records).unwrap_or_default() + "\n"
    }
}

/// The page of a file; what it does not have is blank.
pub(super) fn read(file: &[u8], address: u32) -> Result<Vec<u8>, BadInput> {
    let content = Content::parse(file)?;
    let octet = |n: u32| content.octets.get(&(address + n)).copied().unwrap_or(0xFF);
    Ok((0..PAGE as u32).map(octet).collect())
}

/// The same file with this page.
pub(super) fn write(file: &[u8], address: u32, page: &[u8]) -> Result<String, BadInput> {
    let mut content = Content::parse(file)?;
    content.put(address, page);
    Ok(content.text())
}

/// A file with nothing but this page.
pub(super) fn page(address: u32, page: &[u8]) -> String {
    let mut content = Content::default();
    content.put(address, page);
    content.text()
}

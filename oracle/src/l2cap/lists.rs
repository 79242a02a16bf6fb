//! ATT-LIST-1: lists of handles. ATT-LIST-2: groups of handles.

use bletwin_rules::att::{ATT_LIST_1, ATT_LIST_2};

use super::Wrong;
use super::codes::code;

/// A list in a response: the entries, each with its handle in front.
#[derive(Clone, Copy)]
pub(super) struct List<'a> {
    size: usize,
    octets: &'a [u8],
}

impl<'a> List<'a> {
    /// The list in a response to such a request, or the fault in its format; `None`: no list.
    fn read(opcode: u8, response: &'a [u8]) -> Option<Result<Self, String>> {
        let (&answer, rest) = response.split_first()?;
        if answer != opcode + 1 {
            return None;
        }
        if opcode == code::FIND_BY_TYPE_VALUE_REQ {
            return Some(Self { size: 4, octets: rest }.whole());
        }
        let (&format, octets) = rest.split_first()?;
        let size = match (opcode, format) {
            (code::FIND_INFORMATION_REQ, 1) => 4,
            (code::FIND_INFORMATION_REQ, 2) => 18,
            (code::FIND_INFORMATION_REQ, _) => {
                return Some(Err(format!("format 0x{format:02X} is reserved")));
            }
            (code::READ_BY_TYPE_REQ, 2..) | (code::READ_BY_GROUP_TYPE_REQ, 4..) => {
                usize::from(format)
            }
            (code::READ_BY_TYPE_REQ | code::READ_BY_GROUP_TYPE_REQ, _) => {
                return Some(Err(format!("entries of {format} octets")));
            }
            _ => return None,
        };
        Some(Self { size, octets }.whole())
    }

    fn whole(self) -> Result<Self, String> {
        if self.octets.is_empty() || !self.octets.len().is_multiple_of(self.size) {
            return Err(format!("{} octets of entries of {}", self.octets.len(), self.size));
        }
        Ok(self)
    }

    /// The list in a response that is as it should be.
    pub(super) fn good(request: &[u8], response: &'a [u8]) -> Option<Self> {
        fault(request, response).is_none().then_some(())?;
        Self::read(*request.first()?, response)?.ok()
    }

    /// Each handle with what follows it.
    pub(super) fn entries(self) -> impl Iterator<Item = (u16, &'a [u8])> {
        self.octets.chunks_exact(self.size).filter_map(|entry| {
            let (handle, rest) = entry.split_first_chunk()?;
            Some((u16::from_le_bytes(*handle), rest))
        })
    }
}

/// First and last handle of a request for a range.
pub(super) fn range(request: &[u8]) -> Option<(u16, u16)> {
    let &[opcode, a, b, c, d, ..] = request else { return None };
    let of_range = matches!(
        opcode,
        code::FIND_INFORMATION_REQ
            | code::FIND_BY_TYPE_VALUE_REQ
            | code::READ_BY_TYPE_REQ
            | code::READ_BY_GROUP_TYPE_REQ
    );
    of_range.then(|| (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])))
}

/// The fault in the list of a response to such a request; `None`: no fault, or no list.
pub(super) fn fault(request: &[u8], response: &[u8]) -> Wrong {
    let (start, end) = range(request)?;
    let &opcode = request.first()?;
    let list = match List::read(opcode, response)? {
        Ok(list) => list,
        Err(text) => return Some((ATT_LIST_1.id, text)),
    };
    let groups = matches!(opcode, code::FIND_BY_TYPE_VALUE_REQ | code::READ_BY_GROUP_TYPE_REQ);
    let mut last = None;
    let mut group: Option<u16> = None;
    for (handle, rest) in list.entries() {
        let text = if !(start..=end).contains(&handle) {
            format!("handle 0x{handle:04X} was not asked for")
        } else if last.is_some_and(|last| last >= handle) {
            format!("handle 0x{handle:04X} is not in ascending order")
        } else if group.is_some_and(|group| group >= handle) {
            let text = format!("0x{handle:04X} lies in the group before it");
            return Some((ATT_LIST_2.id, text));
        } else {
            last = Some(handle);
            group = rest.first_chunk().filter(|_| groups).map(|end| u16::from_le_bytes(*end));
            match group.filter(|group| *group < handle) {
                Some(group) => {
                    let text = format!("the group of 0x{handle:04X} ends with 0x{group:04X}");
                    return Some((ATT_LIST_2.id, text));
                }
                None => continue,
            }
        };
        return Some((ATT_LIST_1.id, text));
    }
    None
}

//! ATT-LIST-1: lists of handles.

const FIND_INFORMATION: u8 = 0x04;
const READ_BY_TYPE: u8 = 0x08;
const READ_BY_GROUP_TYPE: u8 = 0x10;

/// What is wrong with the list in a response to such a request; `None`: nothing, or it has none.
pub(super) fn fault(request: &[u8], response: &[u8]) -> Option<String> {
    let &[opcode, a, b, c, d, ..] = request else { return None };
    let asked = u16::from_le_bytes([a, b])..=u16::from_le_bytes([c, d]);
    let &[answer, format, ref list @ ..] = response else { return None };
    if answer != opcode + 1 {
        return None;
    }
    let size = match (opcode, format) {
        (FIND_INFORMATION, 1) => 4,
        (FIND_INFORMATION, 2) => 18,
        (FIND_INFORMATION, _) => return Some(format!("format 0x{format:02X} is reserved")),
        (READ_BY_TYPE, 2..) | (READ_BY_GROUP_TYPE, 4..) => usize::from(format),
        (READ_BY_TYPE | READ_BY_GROUP_TYPE, _) => {
            return Some(format!("entries of {format} octets"));
        }
        _ => return None,
    };
    if list.is_empty() || list.len() % size != 0 {
        return Some(format!("{} octets of entries of {size}", list.len()));
    }
    let mut last = None;
    for entry in list.chunks_exact(size) {
        let handle = u16::from_le_bytes([*entry.first()?, *entry.get(1)?]);
        if !asked.contains(&handle) {
            return Some(format!("handle 0x{handle:04X} was not asked for"));
        }
        if last.is_some_and(|last| last >= handle) {
            return Some(format!("handle 0x{handle:04X} is not in ascending order"));
        }
        last = Some(handle);
    }
    None
}

//! ATT-PDU-4: the format of each PDU (Vol 3, Part F, 3.4).

use super::codes::code;

/// The fault in the format of a PDU. Lists are left to ATT-LIST-1.
pub(super) fn fault(octets: &[u8]) -> Option<String> {
    let (&opcode, parameters) = octets.split_first()?;
    if !is_right(opcode, parameters.len()) {
        return Some(format!("0x{opcode:02X} with {} octets of parameters", parameters.len()));
    }
    let word = |at: usize| {
        let octets = parameters.get(at..)?.first_chunk()?;
        Some(u16::from_le_bytes(*octets))
    };
    match opcode {
        code::READ_REQ
        | code::READ_BLOB_REQ
        | code::WRITE_REQ
        | code::WRITE_CMD
        | code::SIGNED_WRITE_CMD
        | code::PREPARE_WRITE_REQ
        | code::NOTIFICATION
        | code::INDICATION
            if word(0) == Some(0) =>
        {
            Some(format!("0x{opcode:02X} with handle 0x0000"))
        }
        code::FIND_INFORMATION_REQ | code::READ_BY_TYPE_REQ | code::READ_BY_GROUP_TYPE_REQ
            if word(0) > word(2) =>
        {
            Some(format!("0x{opcode:02X} with a range that starts behind its end"))
        }
        code::EXECUTE_WRITE_REQ if parameters.first() > Some(&1) => {
            Some("ATT_EXECUTE_WRITE_REQ with reserved flags".to_owned())
        }
        code::MULTIPLE_NOTIFICATION => tuples(parameters),
        _ => None,
    }
}

/// Whether a PDU of this opcode may have this many octets of parameters.
const fn is_right(opcode: u8, octets: usize) -> bool {
    match opcode {
        code::WRITE_RSP | code::EXECUTE_WRITE_RSP | code::CONFIRMATION => octets == 0,
        code::EXECUTE_WRITE_REQ => octets == 1,
        code::EXCHANGE_MTU_REQ | code::EXCHANGE_MTU_RSP | code::READ_REQ => octets == 2,
        code::ERROR_RSP | code::FIND_INFORMATION_REQ | code::READ_BLOB_REQ => octets == 4,
        code::READ_BY_TYPE_REQ | code::READ_BY_GROUP_TYPE_REQ => octets == 6 || octets == 20,
        code::FIND_BY_TYPE_VALUE_REQ => octets >= 6,
        code::READ_MULTIPLE_REQ | code::READ_MULTIPLE_VARIABLE_REQ => {
            octets >= 4 && octets.is_multiple_of(2)
        }
        code::WRITE_REQ | code::WRITE_CMD | code::NOTIFICATION | code::INDICATION => octets >= 2,
        code::PREPARE_WRITE_REQ | code::PREPARE_WRITE_RSP => octets >= 4,
        code::SIGNED_WRITE_CMD => octets >= 14,
        _ => true,
    }
}

/// Handle, length and value of each of two or more values, none of them cut.
fn tuples(mut list: &[u8]) -> Option<String> {
    let mut count = 0;
    while let Some((&[a, b, c, d], rest)) = list.split_first_chunk() {
        let length = usize::from(u16::from_le_bytes([c, d]));
        let Some((_, next)) = rest.split_at_checked(length) else {
            return Some("a value that is cut".to_owned());
        };
        if [a, b] == [0, 0] {
            return Some("a value of handle 0x0000".to_owned());
        }
        (list, count) = (next, count + 1);
    }
    if !list.is_empty() {
        return Some("half a value".to_owned());
    }
    (count < 2).then(|| format!("a list of {count}"))
}

//! A response beside its request: ATT-ERR, ATT-SEC-1, ATT-PREP-2, ATT-VAL-1, GATT-DISC-2.

use bletwin_rules::att::{ATT_ERR_1, ATT_ERR_2, ATT_PREP_2, ATT_SEC_1, ATT_VAL_1};
use bletwin_rules::gatt::GATT_DISC_2;

use super::att::Ask;
use super::attributes::{CHARACTERISTIC, INCLUDE, PRIMARY_SERVICE, SECONDARY_SERVICE, kind_asked};
use super::codes::{code, error};
use super::{Wrong, formats, lists};

/// Most octets of a value.
const VALUE_MAX: usize = 512;

/// The faults of a response to this request.
pub(super) fn faults(ask: &Ask, response: &[u8]) -> impl Iterator<Item = (&'static str, String)> {
    let request = &ask.octets;
    let wrong = match *response {
        [code::ERROR_RSP, _, low, high, error] => {
            let handle = u16::from_le_bytes([low, high]);
            [unnamed(request, handle, error), unfit(request, error), insecure(ask, error)]
        }
        [code::PREPARE_WRITE_RSP, ref rest @ ..] => [changed(request, rest), None, None],
        [code::READ_RSP, ref value @ ..] => [long(0, value), None, None],
        [code::READ_BLOB_RSP, ref value @ ..] => {
            let offset = request.get(3..).and_then(<[u8]>::first_chunk);
            let offset = offset.map_or(0, |offset| u16::from_le_bytes(*offset));
            [long(offset.into(), value), None, None]
        }
        _ => [None, None, None],
    };
    wrong.into_iter().flatten()
}

/// ATT-ERR-1: which handle an error names.
fn unnamed(request: &[u8], handle: u16, error: u8) -> Wrong {
    let &opcode = request.first()?;
    let handles = || {
        let (handles, _) = request.get(1..).unwrap_or_default().as_chunks::<2>();
        handles.iter().map(|handle| u16::from_le_bytes(*handle))
    };
    let right = match (error, opcode) {
        (
            error::INVALID_PDU
            | error::REQUEST_NOT_SUPPORTED
            | error::UNLIKELY
            | error::INSUFFICIENT_RESOURCES,
            _,
        ) => handle == 0,
        // The error may name the malformed request as well as the fault in it.
        _ if formats::fault(request).is_some() => return None,
        (error::OUT_OF_SYNC, _) => return None,
        (_, code::READ_REQ | code::READ_BLOB_REQ | code::WRITE_REQ | code::PREPARE_WRITE_REQ) => {
            handles().next() == Some(handle)
        }
        (_, code::READ_MULTIPLE_REQ | code::READ_MULTIPLE_VARIABLE_REQ) => {
            handles().any(|asked| asked == handle)
        }
        (_, code::EXCHANGE_MTU_REQ) => handle == 0,
        _ => {
            let (start, end) = lists::range(request)?;
            let of_range = matches!(
                error,
                error::INVALID_HANDLE | error::NOT_FOUND | error::UNSUPPORTED_GROUP
            );
            if of_range { handle == start } else { (start..=end).contains(&handle) }
        }
    };
    let text = || format!("error 0x{error:02X} to 0x{opcode:02X} names handle 0x{handle:04X}");
    (!right).then(|| (ATT_ERR_1.id, text()))
}

/// ATT-ERR-2: errors that discovery does not get. GATT-DISC-2: declarations are open to everybody.
fn unfit(request: &[u8], error: u8) -> Wrong {
    let &opcode = request.first()?;
    let of_application = error::is_of_application(error);
    let wrong = match opcode {
        code::FIND_INFORMATION_REQ => {
            of_application
                || matches!(
                    error,
                    error::INSUFFICIENT_AUTHENTICATION
                        | error::REQUEST_NOT_SUPPORTED
                        | error::INSUFFICIENT_AUTHORIZATION
                        | error::KEY_TOO_SHORT
                        | error::OUT_OF_SYNC
                )
        }
        code::FIND_BY_TYPE_VALUE_REQ => {
            of_application
                || matches!(
                    error,
                    error::INSUFFICIENT_AUTHENTICATION
                        | error::INSUFFICIENT_AUTHORIZATION
                        | error::KEY_TOO_SHORT
                        | error::INSUFFICIENT_ENCRYPTION
                        | error::OUT_OF_SYNC
                )
        }
        code::READ_BY_GROUP_TYPE_REQ => error == error::OUT_OF_SYNC,
        code::READ_REQ => error == error::REQUEST_NOT_SUPPORTED,
        _ => false,
    };
    let text = || format!("error 0x{error:02X} to 0x{opcode:02X}");
    if wrong {
        return Some((ATT_ERR_2.id, text()));
    }
    let of = kind_asked(request)?;
    let declaration = match opcode {
        code::READ_BY_TYPE_REQ => matches!(of, INCLUDE | CHARACTERISTIC),
        code::READ_BY_GROUP_TYPE_REQ => matches!(of, PRIMARY_SERVICE | SECONDARY_SERVICE),
        _ => false,
    };
    let closed = matches!(
        error,
        error::READ_NOT_PERMITTED
            | error::INSUFFICIENT_AUTHENTICATION
            | error::INSUFFICIENT_AUTHORIZATION
    );
    (declaration && closed).then(|| (GATT_DISC_2.id, format!("{} for 0x{of:04X}", text())))
}

/// ATT-SEC-1: which error a lack of security gets.
fn insecure(ask: &Ask, error: u8) -> Wrong {
    let text = match (error, ask.encrypted) {
        (error::INSUFFICIENT_ENCRYPTION, true) => {
            "Insufficient Encryption, and the link is encrypted"
        }
        (error::KEY_TOO_SHORT, false) => "Encryption Key Size Too Short on a link in the clear",
        _ => return None,
    };
    Some((ATT_SEC_1.id, text.to_owned()))
}

/// ATT-PREP-2: a prepared write is repeated.
fn changed(request: &[u8], repeated: &[u8]) -> Wrong {
    let asked = request.get(1..)?;
    (asked != repeated).then(|| (ATT_PREP_2.id, "not what was to be prepared".to_owned()))
}

/// ATT-VAL-1: 512 octets.
fn long(offset: usize, part: &[u8]) -> Wrong {
    let end = offset + part.len();
    (end > VALUE_MAX).then(|| (ATT_VAL_1.id, format!("a value of {end} octets or more")))
}

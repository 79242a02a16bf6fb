//! Find Information, Find By Type Value, Read By Group Type (3.4.3, 3.4.4.9).

use super::response::{Refusal, Response};
use super::{AttError, Bearer, Pdu, opcode};
use crate::host::gatt::{Database, PRIMARY_SERVICE, SECONDARY_SERVICE, Uuid, range, service_end};
use ble::pdu::cursor::Reader;

/// A range of handles as a request names it.
#[derive(Clone, Copy)]
pub(super) struct Handles {
    pub(super) start: u16,
    pub(super) end: u16,
}

/// Reads and checks the handles at the front of a request.
pub(super) fn handles(r: &mut Reader<'_>) -> Result<Handles, Refusal> {
    // ATT-HAND-1: handles that are not there.
    let (Some(start), Some(end)) = (r.u16(), r.u16()) else {
        return Err(Refusal::MALFORMED);
    };
    if start == 0 || start > end {
        return Err(AttError::INVALID_HANDLE.at(start));
    }
    Ok(Handles { start, end })
}

impl Bearer {
    pub(super) fn find_information<D: Database>(
        &self,
        db: &D,
        body: &[u8],
    ) -> Result<Pdu, Refusal> {
        // ATT-LIST-1: lists of handles.
        // ATT-ERR-2: errors that discovery does not get.
        let mut r = Reader::new(body);
        let Handles { start, end } = handles(&mut r)?;
        r.end().ok_or(Refusal::MALFORMED)?;
        let mut response = Response::new(opcode::FIND_INFORMATION_RSP, self.mtu());
        let mut format = None;
        for (handle, attribute) in range(db.attributes(), start, end) {
            let this = match attribute.kind {
                Uuid::Short(_) => 1,
                Uuid::Long(_) => 2,
            };
            let uuid = attribute.kind.octets();
            match format {
                None => {
                    response.cut(&[this]);
                    format = Some(this);
                }
                Some(first) if first != this => break,
                Some(_) => {}
            }
            if response.room() < uuid.len().saturating_add(2) {
                break;
            }
            response.cut(&handle.to_le_bytes()).cut(uuid);
        }
        format.ok_or_else(|| AttError::ATTRIBUTE_NOT_FOUND.at(start))?;
        Ok(response.finish())
    }

    pub(super) fn find_by_type_value<D: Database>(
        &self,
        db: &D,
        body: &[u8],
    ) -> Result<Pdu, Refusal> {
        let mut r = Reader::new(body);
        let Handles { start, end } = handles(&mut r)?;
        let kind = Uuid::Short(r.array().ok_or(Refusal::MALFORMED)?);
        let table = db.attributes();
        let mut response = Response::new(opcode::FIND_BY_TYPE_VALUE_RSP, self.mtu());
        let mut found = false;
        for (handle, attribute) in range(table, start, end) {
            // Declarations are all that clients look for, and all that anyone may see unasked.
            let wanted = attribute.constant_value() == Some(r.rest());
            if attribute.kind != kind || !wanted {
                continue;
            }
            if response.room() < 4 {
                break;
            }
            // ATT-LIST-2: groups of handles.
            let last = if attribute.is_service() { service_end(table, handle) } else { handle };
            response.cut(&handle.to_le_bytes()).cut(&last.to_le_bytes());
            found = true;
        }
        if found { Ok(response.finish()) } else { Err(AttError::ATTRIBUTE_NOT_FOUND.at(start)) }
    }

    pub(super) fn read_by_group_type<D: Database>(
        &self,
        db: &D,
        body: &[u8],
    ) -> Result<Pdu, Refusal> {
        let mut r = Reader::new(body);
        let Handles { start, end } = handles(&mut r)?;
        let kind = Uuid::parse(r.rest()).ok_or(Refusal::MALFORMED)?;
        if kind != PRIMARY_SERVICE && kind != SECONDARY_SERVICE {
            return Err(AttError::UNSUPPORTED_GROUP_TYPE.at(start));
        }
        let table = db.attributes();
        let mut response = Response::new(opcode::READ_BY_GROUP_TYPE_RSP, self.mtu());
        let mut length = None;
        for (handle, attribute) in range(table, start, end) {
            let Some(uuid) = attribute.constant_value() else { continue };
            if attribute.kind != kind {
                continue;
            }
            let this = uuid.len().saturating_add(4);
            match length {
                None => {
                    response.cut(&[u8::try_from(this).unwrap_or(u8::MAX)]);
                    length = Some(this);
                }
                Some(first) if first != this => break,
                Some(_) => {}
            }
            if response.room() < this {
                break;
            }
            response.cut(&handle.to_le_bytes());
            response.cut(&service_end(table, handle).to_le_bytes()).cut(uuid);
        }
        length.ok_or_else(|| AttError::ATTRIBUTE_NOT_FOUND.at(start))?;
        Ok(response.finish())
    }
}

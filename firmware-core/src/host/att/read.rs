//! Reads: by type, by handle, of parts, of several (3.4.4).

use super::discovery::{Handles, handles};
use super::permission::check;
use super::response::{Refusal, Response};
use super::{AttError, Bearer, Pdu, Security, opcode};
use crate::host::gatt::{Attribute, Database, Scratch, Uuid, attribute, range};
use ble::pdu::cursor::Reader;

/// A value, wherever it is kept.
fn value<'a, D: Database>(
    db: &mut D,
    handle: u16,
    attribute: &'static Attribute,
    scratch: &'a mut Scratch,
) -> Result<&'a [u8], Refusal> {
    if let Some(octets) = attribute.constant_value() {
        return Ok(octets);
    }
    scratch.clear();
    db.read(handle, scratch).map_err(|error| error.at(handle))?;
    Ok(scratch)
}

/// The value of a handle, if this client may read it.
fn readable<'a, D: Database>(
    db: &mut D,
    security: Security,
    handle: u16,
    scratch: &'a mut Scratch,
) -> Result<&'a [u8], Refusal> {
    let attribute =
        attribute(db.attributes(), handle).ok_or_else(|| AttError::INVALID_HANDLE.at(handle))?;
    check(db, attribute.read, security, AttError::READ_NOT_PERMITTED)
        .map_err(|error| error.at(handle))?;
    value(db, handle, attribute, scratch)
}

impl Bearer {
    pub(super) fn read_by_type<D: Database>(
        &self,
        db: &mut D,
        security: Security,
        body: &[u8],
    ) -> Result<Pdu, Refusal> {
        let mut r = Reader::new(body);
        let Handles { start, end } = handles(&mut r)?;
        let kind = Uuid::parse(r.rest()).ok_or(Refusal::MALFORMED)?;
        let mut response = Response::new(opcode::READ_BY_TYPE_RSP, self.mtu());
        let mut length = None;
        for (handle, attribute) in range(db.attributes(), start, end) {
            if attribute.kind != kind {
                continue;
            }
            let allowed = check(db, attribute.read, security, AttError::READ_NOT_PERMITTED);
            match (allowed, length) {
                (Err(error), None) => return Err(error.at(handle)),
                // The attributes before the forbidden one are a valid answer.
                (Err(_), Some(_)) => break,
                (Ok(()), _) => {}
            }
            let mut scratch = Scratch::new();
            let value = match value(db, handle, attribute, &mut scratch) {
                Ok(value) => value,
                // As for a forbidden attribute.
                Err(refusal) if length.is_none() => return Err(refusal),
                Err(_) => break,
            };
            match length {
                None => {
                    // The length octet counts the handle and holds at most 255.
                    let most = response.room().saturating_sub(3).min(253);
                    let entry = value.len().min(most).saturating_add(2);
                    response.cut(&[u8::try_from(entry).unwrap_or(u8::MAX)]);
                    length = Some(value.len());
                }
                Some(first) if first != value.len() => break,
                Some(_) if response.room() < value.len().saturating_add(2) => break,
                Some(_) => {}
            }
            let most = value.get(..value.len().min(253)).unwrap_or(&[]);
            response.cut(&handle.to_le_bytes()).cut(most);
        }
        length.ok_or_else(|| AttError::ATTRIBUTE_NOT_FOUND.at(start))?;
        Ok(response.finish())
    }

    pub(super) fn read<D: Database>(
        &self,
        db: &mut D,
        security: Security,
        body: &[u8],
    ) -> Result<Pdu, Refusal> {
        let mut r = Reader::new(body);
        let (Some(handle), Some(())) = (r.u16(), r.end()) else {
            return Err(Refusal::MALFORMED);
        };
        let mut scratch = Scratch::new();
        let value = readable(db, security, handle, &mut scratch)?;
        let mut response = Response::new(opcode::READ_RSP, self.mtu());
        response.cut(value);
        Ok(response.finish())
    }

    pub(super) fn read_blob<D: Database>(
        &self,
        db: &mut D,
        security: Security,
        body: &[u8],
    ) -> Result<Pdu, Refusal> {
        let mut r = Reader::new(body);
        let (Some(handle), Some(offset), Some(())) = (r.u16(), r.u16(), r.end()) else {
            return Err(Refusal::MALFORMED);
        };
        let mut scratch = Scratch::new();
        let value = readable(db, security, handle, &mut scratch)?;
        let part =
            value.get(usize::from(offset)..).ok_or_else(|| AttError::INVALID_OFFSET.at(handle))?;
        let mut response = Response::new(opcode::READ_BLOB_RSP, self.mtu());
        response.cut(part);
        Ok(response.finish())
    }

    pub(super) fn read_multiple<D: Database>(
        &self,
        db: &mut D,
        security: Security,
        body: &[u8],
    ) -> Result<Pdu, Refusal> {
        let mut response = Response::new(opcode::READ_MULTIPLE_RSP, self.mtu());
        each_handle(body, |handle| {
            let mut scratch = Scratch::new();
            response.cut(readable(db, security, handle, &mut scratch)?);
            Ok(())
        })?;
        Ok(response.finish())
    }

    pub(super) fn read_multiple_variable<D: Database>(
        &self,
        db: &mut D,
        security: Security,
        body: &[u8],
    ) -> Result<Pdu, Refusal> {
        let mut response = Response::new(opcode::READ_MULTIPLE_VARIABLE_RSP, self.mtu());
        each_handle(body, |handle| {
            let mut scratch = Scratch::new();
            let value = readable(db, security, handle, &mut scratch)?;
            // A length that does not fit whole is left out with its value.
            if response.room() >= 2 {
                let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
                response.cut(&length.to_le_bytes()).cut(value);
            } else {
                response.close();
            }
            Ok(())
        })?;
        Ok(response.finish())
    }
}

/// Calls `read` for each of two or more handles.
fn each_handle(
    body: &[u8],
    mut read: impl FnMut(u16) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let (handles, rest) = body.as_chunks::<2>();
    if handles.len() < 2 || !rest.is_empty() {
        return Err(Refusal::MALFORMED);
    }
    handles.iter().try_for_each(|handle| read(u16::from_le_bytes(*handle)))
}

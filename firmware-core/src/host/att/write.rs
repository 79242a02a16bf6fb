//! Writes: immediate and prepared (3.4.5, 3.4.6).

use super::permission::check;
use super::response::{Refusal, Response};
use super::{AttError, Bearer, Pdu, Security, opcode};
use crate::host::gatt::{Database, attribute};
use ble::pdu::cursor::Reader;

/// Whether this client may write a handle.
fn writable<D: Database>(db: &D, security: Security, handle: u16) -> Result<(), Refusal> {
    let attribute =
        attribute(db.attributes(), handle).ok_or_else(|| AttError::INVALID_HANDLE.at(handle))?;
    if attribute.constant_value().is_some() {
        return Err(AttError::WRITE_NOT_PERMITTED.at(handle));
    }
    check(db, attribute.write, security, AttError::WRITE_NOT_PERMITTED)
        .map_err(|error| error.at(handle))
}

impl Bearer {
    pub(super) fn write<D: Database>(
        &self,
        db: &mut D,
        security: Security,
        body: &[u8],
    ) -> Result<(), Refusal> {
        let mut r = Reader::new(body);
        let handle = r.u16().ok_or(Refusal::MALFORMED)?;
        writable(db, security, handle)?;
        db.write(handle, 0, r.rest()).map_err(|error| error.at(handle))
    }

    pub(super) fn prepare_write<D: Database>(
        &mut self,
        db: &D,
        security: Security,
        body: &[u8],
    ) -> Result<Pdu, Refusal> {
        let mut r = Reader::new(body);
        let (Some(handle), Some(offset)) = (r.u16(), r.u16()) else {
            return Err(Refusal::MALFORMED);
        };
        writable(db, security, handle)?;
        self.prepared
            .push(handle, offset, r.rest())
            .ok_or_else(|| AttError::PREPARE_QUEUE_FULL.at(handle))?;
        let mut response = Response::new(opcode::PREPARE_WRITE_RSP, self.mtu());
        // ATT-PREP-2: a prepared write is repeated.
        response.cut(body);
        Ok(response.finish())
    }

    pub(super) fn execute_write<D: Database>(
        &mut self,
        db: &mut D,
        body: &[u8],
    ) -> Result<Pdu, Refusal> {
        let carried_out = match body {
            [0] => Ok(()),
            [1] => self.prepared.each(|handle, offset, value| {
                db.write(handle, offset, value).map_err(|error| error.at(handle))
            }),
            _ => return Err(Refusal::MALFORMED),
        };
        if carried_out.is_err_and(|refusal| refusal.error == AttError::NOT_YET) {
            carried_out?;
        }
        // Used up either way.
        self.prepared.clear();
        carried_out?;
        Ok(Response::new(opcode::EXECUTE_WRITE_RSP, self.mtu()).finish())
    }
}

//! A server whose attributes have become others, and what its client makes of it: GATT-SYNC-3.

use bletwin_rules::gatt::GATT_SYNC_3;

use super::Wrong;
use super::attributes::{Attributes, kind_asked};
use super::codes::{code, error};

const SERVICE_CHANGED: u16 = 0x2A05;
const DATABASE_HASH: u16 = 0x2B2A;
/// Primary Service, Secondary Service, Include, Characteristic.
const DECLARATIONS: core::ops::RangeInclusive<u16> = 0x2800..=0x2803;

/// How far a client's knowledge of a server is out of date.
#[derive(Default)]
pub(super) struct Changes {
    /// Service Changed was indicated and is not confirmed.
    indicated: bool,
    /// The PDU by which the client knows that its handles are void; `None`: they are valid.
    void: Option<&'static str>,
}

impl Changes {
    /// The server answers.
    pub(super) fn answered(&mut self, response: &[u8]) {
        if matches!(response, [code::ERROR_RSP, _, _, _, error::OUT_OF_SYNC]) {
            self.void = Some("Database Out Of Sync");
        }
    }

    /// The server indicates a value.
    pub(super) fn indicated(&mut self, attributes: &Attributes, handle: u16) {
        self.indicated |= attributes.kind(handle) == Some(SERVICE_CHANGED);
    }

    /// The client confirms an indication.
    pub(super) const fn confirmed(&mut self) {
        if std::mem::replace(&mut self.indicated, false) {
            self.void = Some("Service Changed");
        }
    }

    /// The client asks.
    // GATT-SYNC-3: what has changed is discovered anew.
    pub(super) fn asked(&mut self, request: &[u8]) -> Wrong {
        let void = self.void?;
        let discovers = match *request.first()? {
            code::FIND_INFORMATION_REQ | code::FIND_BY_TYPE_VALUE_REQ => true,
            code::READ_BY_TYPE_REQ | code::READ_BY_GROUP_TYPE_REQ => kind_asked(request)
                .is_some_and(|kind| DECLARATIONS.contains(&kind) || kind == DATABASE_HASH),
            _ => false,
        };
        let by_handle = matches!(
            *request.first()?,
            code::READ_REQ
                | code::READ_BLOB_REQ
                | code::READ_MULTIPLE_REQ
                | code::READ_MULTIPLE_VARIABLE_REQ
                | code::WRITE_REQ
                | code::PREPARE_WRITE_REQ
        );
        if discovers || by_handle {
            self.void = None;
        }
        let text = || format!("an attribute by its handle after {void}, without a discovery");
        by_handle.then(|| (GATT_SYNC_3.id, text()))
    }
}

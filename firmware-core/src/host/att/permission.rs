//! ATT access permissions (Vol 3, Part C, 10.3.1, and Part F, 4).

use super::AttError;
use crate::host::gatt::{Access, Database};

/// How secure the connection of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Security {
    /// Level of LE security mode 1, 1–4.
    pub level: u8,
    /// Octets of the encryption key in use, 7–16; of no meaning on level 1.
    pub key_size: u8,
    /// Whether there is a key for this peer, in use or not.
    pub has_key: bool,
    /// Whether it is known whose key is in use: `false` while keys are being distributed, when
    /// nothing may be served yet that needs security.
    pub settled: bool,
}

/// A PDU cannot be answered yet and must be passed in again: it accesses a value for which the
/// connection may be secure enough once its security has [`settled`](Security::settled), or which
/// the application answers later. Nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotYet;

/// Whether an access is permitted; `never` is the error for values without that permission.
pub(super) fn check<D: Database>(
    db: &D,
    access: Access,
    security: Security,
    never: AttError,
) -> Result<(), AttError> {
    let needed = match access {
        Access::Never => return Err(never),
        Access::Level(level) => level,
        Access::Demanded => db.demanded_level(),
    };
    if needed <= 1 || (security.level >= needed && security.settled) {
        return Ok(());
    }
    if security.level >= needed {
        return Err(AttError::NOT_YET);
    }
    // ATT-SEC-1: which error a lack of security gets.
    if security.level <= 1 {
        // Without a key the cure is to pair, with one to encrypt.
        return Err(if security.has_key {
            AttError::INSUFFICIENT_ENCRYPTION
        } else {
            AttError::INSUFFICIENT_AUTHENTICATION
        });
    }
    if needed >= 4 && security.level == 3 && security.key_size < 16 {
        return Err(AttError::KEY_SIZE_TOO_SHORT);
    }
    Err(AttError::INSUFFICIENT_AUTHENTICATION)
}

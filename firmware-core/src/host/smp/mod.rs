//! Security Manager, responder of LE Secure Connections (Vol 3, Part H).
//!
//! [`SecurityManager`] takes SMP payloads, the controller's key requests and the user's answers,
//! and gives [`SmpOutput`]s. Call [`SecurityManager::poll`] until `None` after each other call. One
//! pairing is under way at a time, on any connection: there is one display and one key pair.
//!
//! | file | what |
//! |---|---|
//! | `state` | where a pairing stands, and which command does what |
//! | `negotiate` | features, method, refusals |
//! | `exchange`, `key_pair` | public keys |
//! | `passkey`, `numeric` | stage 1 |
//! | `check` | stage 2 |
//! | `encryption`, `keys` | phase 3 and the bond |
//! | `storing` | the bond's way into storage, and what is reported then |
//! | `policy` | who may pair, and which bond a new key may replace |
//! | `outcome`, `back_off` | failures, the timeout, waiting after failures |

mod back_off;
mod check;
mod command;
mod draws;
mod encryption;
mod exchange;
mod key_pair;
mod keys;
mod link;
mod manager;
mod negotiate;
mod numeric;
mod outcome;
mod passkey;
mod policy;
mod state;
mod storing;
mod values;

#[cfg(test)]
pub(in crate::host) mod tests;

pub use command::{Reason, SMP_MAX};
pub use manager::SecurityManager;

use crate::config::{BondOverwrite, BondTableFull, Lapses, PairingOutsideMode, Passkey};
use ble::address::Address;
use ble::effect::Effect;
use ble::hci::{Command, Handle};
use ble::log::{Log, SecurityError};
use ble::secret::Secret;
use ble::security::IoCapability;
use ble::trace::Trace;
use ble::ui::Dialog;

/// Choices of the Security Manager.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SmpConfig {
    /// What the device can show and ask.
    pub io: IoCapability,
    /// Where the passkeys come from that it shows.
    pub passkey: Passkey,
    /// Lowest security level (1–4) that a pairing must reach. A request that cannot is refused:
    /// nothing is silently downgraded.
    pub min_level: u8,
    /// Whether a peer that failed to authenticate has to wait, longer each time. Off only for
    /// experiments.
    pub back_off: bool,
    /// Pairing mode: any central may bond.
    pub bondable: bool,
    /// What becomes of a Pairing Request otherwise.
    pub outside: PairingOutsideMode,
    /// Which keys may replace the key of a bond.
    pub overwrite: BondOverwrite,
    /// What becomes of one more central when the table of bonds is full.
    pub table_full: BondTableFull,
    /// Identity address that is distributed to peers.
    pub identity: Address,
    /// Use the debug key of the specification instead of a generated one: insecure.
    pub debug_key: bool,
    /// Whether a pairing may leave a bond.
    pub bonding: bool,
    /// The Identity Resolving Key that is distributed to peers: zeros for an address that never
    /// changes.
    pub irk: Secret<16>,
    /// The table of attributes that peers meet, as bonds have it.
    pub database: u32,
    /// Mistakes of other firmware.
    pub lapses: Lapses,
}

/// An output of the Security Manager.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SmpOutput {
    /// Payload for the Security Manager channel.
    Send {
        /// On which connection.
        handle: Handle,
        /// Octets, code first.
        pdu: heapless::Vec<u8, SMP_MAX>,
    },
    /// To the controller.
    Command(Command),
    /// Slow work to be done outside. The ids are this manager's, from 0 upwards.
    Effect(Effect),
    /// To the user.
    Dialog(Dialog),
    /// To the log.
    Log(Log),
    /// To the record.
    Trace(Trace),
    /// Encryption has changed the security level.
    SecurityChanged {
        /// On which connection.
        handle: Handle,
        /// LE security mode 1 level, 1–4.
        level: u8,
    },
    /// Security was wanted and not reached.
    SecurityFailed {
        /// On which connection.
        handle: Handle,
        /// The cause, as one of Zephyr's security errors.
        error: SecurityError,
    },
    /// A pairing is over. Its record may still be on its way into storage.
    PairingEnded {
        /// On which connection.
        handle: Handle,
        /// It succeeded, and the keys are kept.
        bonded: bool,
    },
    /// The table of bonds has changed.
    BondsChanged,
    /// The bond that a pairing with this peer has made is in storage.
    Bonded(Address),
    /// All bonds were deleted, and are gone from storage, too.
    BondsDeleted,
}

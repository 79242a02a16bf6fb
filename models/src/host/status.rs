//! The results of a host's steps.

use std::fmt;

use ble::error::ErrorCode;

use super::smp::PairingError;

/// The results so far.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Status {
    /// Security level of the present connection, 1–4; 0 without one.
    pub level: u8,
    /// Result of the last pairing: the level of its key, or the error.
    pub pairing: Option<Result<u8, PairingError>>,
    /// Whether a bond was stored or used since power-on.
    pub bonded: bool,
    /// Pairings begun since power-on.
    pub attempts: u32,
    /// Dialogs shown for pairing.
    pub dialogs: u32,
    /// Connections that were made, less those that proved never to have been established.
    pub connections: u32,
    /// Why the last connection ended, or was not made.
    pub disconnected: Option<ErrorCode>,
    /// Whether the user, or a step, has ended a connection: then its end is no loss.
    pub left: bool,
    /// Steps that failed or were given up.
    pub failed: u32,
    /// Of them, those of the present or last connection that were not done again.
    pub refused: u32,
    /// Notifications that came.
    pub notifications: u32,
    /// Received indications, each of which was confirmed.
    pub indications: u32,
    /// Whether all steps are done.
    pub finished: bool,
}

impl fmt::Display for PairingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(reason) => write!(f, "refused here, reason 0x{reason:02x}"),
            Self::Peer(reason) => write!(f, "refused by the peer, reason 0x{reason:02x}"),
            Self::Timeout => f.write_str("no answer for 30 s"),
            Self::LinkLost(error) => write!(f, "link lost, {error:?}"),
            Self::Encryption(error) => write!(f, "no encryption, {error:?}"),
        }
    }
}

//! Whether a pairing is accepted, and what it may do to existing bonds.
//!
//! The rules are those of mature stacks (Zephyr's `update_keys_check`), and one more: whose bond
//! it is shows only after encryption, in the identity that the peer distributes, so that they are
//! applied once more before anything is stored.

use super::command::Reason;
use super::link::Context;
use super::state::Failure;
use crate::config::{BondOverwrite, BondTableFull, PairingOutsideMode};
use crate::host::bonds::Bond;
use ble::address::Address;
use ble::log::{Line, Severity};
use ble::secret::Secret;

/// The right by which a pairing may create a bond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Right {
    /// The person has opened pairing mode.
    Mode,
    /// The link is encrypted with the key of the peer's bond, which may be renewed.
    Proven,
    /// A person at the device takes part in the pairing.
    Authenticated,
}

/// The strength of a key; all keys here come from Secure Connections. The level shows MITM
/// protection: there is none below 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Worth {
    pub(super) level: u8,
    pub(super) size: u8,
}

impl Worth {
    const fn is_below(self, old: &Bond) -> bool {
        self.level < old.level || self.size < old.key_size
    }
}

/// The right that a request has now; `None`: it may pair, but not bond.
pub(super) fn right<const B: usize>(cx: &Context<'_, B>) -> Result<Option<Right>, Failure> {
    // GAP-BOND-1: bonding only where it is allowed.
    let config = &cx.shared.config;
    if !config.bonding && (config.bondable || config.outside != PairingOutsideMode::Refuse) {
        return Ok(None);
    }
    if config.bondable {
        return Ok(Some(Right::Mode));
    }
    if cx.peer.proven {
        return Ok(Some(Right::Proven));
    }
    match config.outside {
        PairingOutsideMode::Refuse => Err(Reason::PAIRING_NOT_SUPPORTED.into()),
        PairingOutsideMode::WithoutBonding => Ok(None),
        PairingOutsideMode::Authenticated => Ok(Some(Right::Authenticated)),
    }
}

/// Whether the bond of this identity, if there is one, may get such a key.
///
/// # Errors
/// Why not, which is logged.
pub(super) fn may_replace<const B: usize>(
    identity: Address,
    new: Worth,
    right: Option<Right>,
    cx: &mut Context<'_, B>,
) -> Result<(), Failure> {
    let Some(old) = cx.bonds.find(identity) else { return Ok(()) };
    let trusted = right == Some(Right::Mode) || is_proven(identity, cx);
    let overwrite = cx.shared.config.overwrite;
    let (why, reason) = if new.is_below(old) {
        ("its bond has a stronger key", Reason::ENCRYPTION_KEY_SIZE)
    } else if cx.in_use & 1 << old.slot != 0 {
        ("it is connected on another link", Reason::AUTHENTICATION_REQUIREMENTS)
    } else if new.level >= 3 {
        return Ok(());
    } else if overwrite == BondOverwrite::Authenticated {
        ("Just Works replaces no bond", Reason::AUTHENTICATION_REQUIREMENTS)
    } else if trusted {
        return Ok(());
    } else {
        ("its old key is not proven, and pairing mode is off", Reason::AUTHENTICATION_REQUIREMENTS)
    };
    Err(refused(identity, why, reason, cx))
}

/// The checks of a distributed identity, in addition to [`may_replace`].
///
/// # Errors
/// Why there is no bond with it, which is logged.
pub(super) fn may_be<const B: usize>(
    identity: Address,
    irk: Option<&Secret<16>>,
    right: Option<Right>,
    cx: &mut Context<'_, B>,
) -> Result<(), Failure> {
    // The peer's private addresses would lead to the other bond, or the other's to this one.
    let twin = |bond: &Bond| bond.identity != identity && irk.is_some() && bond.irk.as_ref() == irk;
    let why = if cx.bonds.iter().any(twin) {
        "another bond has its IRK"
    } else if right == Some(Right::Proven) && !is_proven(identity, cx) {
        "pairing mode is off"
    } else {
        return Ok(());
    };
    Err(refused(identity, why, Reason::KEY_REJECTED, cx))
}

/// The place for a bond with this identity: its own, a free one, or that of the oldest.
///
/// # Errors
/// If there is none, which is logged.
pub(super) fn place<const B: usize>(
    identity: Option<Address>,
    level: u8,
    cx: &mut Context<'_, B>,
) -> Result<u8, Failure> {
    if let Some(slot) = cx.bonds.slot_for(identity) {
        return Ok(slot);
    }
    // A weaker key never replaces a stronger one, and no bond of a connected peer is replaced.
    let yields = |bond: &&Bond| bond.level <= level && cx.in_use & 1 << bond.slot == 0;
    if cx.shared.config.table_full == BondTableFull::ReplaceOldest
        && let Some(oldest) = cx.bonds.iter().filter(yields).min_by_key(|bond| bond.number)
    {
        return Ok(oldest.slot);
    }
    let peer = identity.unwrap_or(cx.peer.on_air);
    let bonds = u8::try_from(B).unwrap_or(u8::MAX);
    cx.log(Severity::Warning, Line::BondTableFull { peer, bonds });
    Err(Reason::UNSPECIFIED.into())
}

/// Whether the peer has proven the key of the bond with this identity on this link.
fn is_proven<const B: usize>(identity: Address, cx: &Context<'_, B>) -> bool {
    cx.peer.proven && cx.peer.identity == Some(identity)
}

fn refused<const B: usize>(
    identity: Address,
    why: &'static str,
    reason: Reason,
    cx: &mut Context<'_, B>,
) -> Failure {
    cx.log(Severity::Warning, Line::BondRefused { identity, why });
    reason.into()
}

//! Phase 3: key distribution on the encrypted link, and the bond (Vol 3, Part H, 2.4.3, 3.6).
//!
//! With LE Secure Connections no encryption key is distributed: both sides have derived it.

use super::SmpOutput;
use super::command::{Command, DISTRIBUTE_IDENTITY, Reason};
use super::link::Context;
use super::negotiate::Terms;
use super::policy;
use super::state::{Failure, Key, State, Step};
use super::storing::Report;
use crate::host::bonds::Bond;
use ble::address::Address;
use ble::log::{Line, Severity};
use ble::secret::Secret;

/// Encryption is on: send the local keys, then wait for the peer's.
pub(super) fn begin<const B: usize>(terms: Terms, key: Key, cx: &mut Context<'_, B>) -> Step {
    cx.peer.key = Some(key.clone());
    // SMP-DIST-1: keys on an encrypted link.
    // SMP-DIST-2: order of the keys.
    if terms.response.responder_keys & DISTRIBUTE_IDENTITY != 0 {
        // GAP-IRK-1: a key of zeros for an address that never changes.
        cx.send(&Command::IdentityInformation(cx.shared.config.irk.clone()));
        cx.send(&Command::IdentityAddress(cx.shared.config.identity));
    }
    if terms.response.initiator_keys & DISTRIBUTE_IDENTITY != 0 {
        return Ok(State::IdentityKey(terms, key));
    }
    let identity = cx.peer.identity;
    finish(&terms, key, None, identity, cx)
}

/// The peer's identity, its last key.
pub(super) fn identity<const B: usize>(
    terms: Terms,
    key: Key,
    irk: Secret<16>,
    identity: Address,
    cx: &mut Context<'_, B>,
) -> Step {
    // SMP-DIST-4: identity address.
    if !identity.is_identity() {
        return Err(Reason::INVALID_PARAMETERS.into());
    }
    let irk = (irk != Secret::new([0; 16])).then_some(irk);
    finish(&terms, key, irk, Some(identity), cx)
}

/// Stores the bond, if one was agreed on and the peer can be recognised, and ends the pairing.
fn finish<const B: usize>(
    terms: &Terms,
    key: Key,
    irk: Option<Secret<16>>,
    identity: Option<Address>,
    cx: &mut Context<'_, B>,
) -> Step {
    let bonded = match identity {
        Some(identity) if terms.bonding() => {
            // If the bond is refused, the link is encrypted with this key, and must be
            // disconnected.
            store(terms, key, irk, identity, cx)
                .map_err(|failure| Failure { expels: true, ..failure })?;
            true
        }
        _ => false,
    };
    cx.peer.proven = bonded;
    cx.peer.deadline = None;
    cx.clear();
    let on_air = cx.peer.on_air;
    cx.shared.back_off.succeeded(on_air);
    let peer = cx.name();
    cx.shared.back_off.succeeded(peer);
    // A bond is reported when it is in storage.
    if !bonded {
        cx.log(Severity::Info, Line::PairingComplete { peer, bonded });
    }
    cx.shared.emit(SmpOutput::PairingEnded { handle: cx.peer.handle, bonded });
    cx.shared.renew_key_pair();
    Ok(State::Idle)
}

/// Puts the bond into the table, if nothing speaks against it.
fn store<const B: usize>(
    terms: &Terms,
    key: Key,
    irk: Option<Secret<16>>,
    identity: Address,
    cx: &mut Context<'_, B>,
) -> Result<(), Failure> {
    policy::may_be(identity, irk.as_ref(), terms.right, cx)?;
    policy::may_replace(identity, terms.worth(), terms.right, cx)
        .map_err(|_| Failure::from(Reason::KEY_REJECTED))?;
    let slot = policy::place(Some(identity), key.level, cx)?;
    let oldest = cx.bonds.at(slot).map(|bond| bond.identity);
    let dropped = oldest.filter(|oldest| *oldest != identity);
    let bond = Bond {
        identity,
        ltk: key.ltk,
        irk,
        level: key.level,
        key_size: key.size,
        slot,
        cccd: 0,
        configured: cx.shared.config.database,
        known: cx.shared.config.database,
        number: cx.bonds.next_number(),
    };
    cx.bonds.put(bond);
    cx.peer.identity = Some(identity);
    let report = Report { paired: Some(cx.name()), dropped, ..Report::default() };
    cx.storing.changed(slot, report, cx.bonds, cx.shared);
    cx.shared.emit(SmpOutput::BondsChanged);
    Ok(())
}

//! Long Term Key requests and what encryption changes.

use super::SmpOutput;
use super::command::Reason;
use super::keys;
use super::link::{Context, Offer};
use super::outcome::{self, Finder, of_status};
use super::state::{Failure, Key, State, Step};
use crate::config::StoredKey;
use ble::crypto::toolbox::reversed;
use ble::error::ErrorCode;
use ble::hci::Command;
use ble::log::SecurityError;
use ble::secret::Secret;

/// The central starts encryption: give the key, or say that there is none.
///
/// While a pairing has not generated its key there is none to give, not even an old one: an
/// encryption started then (CVE-2019-19194: with a key of zeroes) would pass for the new one.
pub(super) fn request<const B: usize>(
    state: State,
    rand: u64,
    ediv: u16,
    cx: &mut Context<'_, B>,
) -> State {
    let handle = cx.peer.handle;
    let key = match &state {
        _ if rand != 0 || ediv != 0 => None,
        State::Encryption(_, key) => Some(key.clone()),
        state if state.is_pairing() && !state.is_distributing() => None,
        _ => cx.peer.key.clone().or_else(|| bonded_key(cx)),
    };
    let Some(key) = key else {
        cx.shared.emit(SmpOutput::Command(Command::LeLongTermKeyRequestNegativeReply { handle }));
        if !matches!(state, State::Requested) {
            return state;
        }
        // The central has answered our Security Request with a key we do not have.
        cx.peer.deadline = None;
        let error = SecurityError::PinOrKeyMissing;
        cx.shared.emit(SmpOutput::SecurityFailed { handle, error });
        return State::Idle;
    };
    let fresh = matches!(state, State::Encryption(..));
    let bonded = bonded_key(cx).is_some_and(|bonded| bonded == key);
    cx.peer.offered = Some(Offer { level: key.level, key_size: key.size, fresh, bonded });
    let reply = Command::LeLongTermKeyRequestReply { handle, ltk: key.ltk };
    cx.shared.emit(SmpOutput::Command(reply));
    if matches!(state, State::Requested) {
        cx.peer.deadline = None;
        return State::Idle;
    }
    state
}

fn bonded_key<const B: usize>(cx: &Context<'_, B>) -> Option<Key> {
    let bond = cx.peer.identity.and_then(|identity| cx.bonds.find(identity))?;
    let newer = cx.bonds.iter().any(|other| other.number > bond.number);
    let ltk = match cx.shared.config.lapses.made().stored_key {
        StoredKey::Kept => bond.ltk.clone(),
        StoredKey::Newest if newer => return None,
        StoredKey::Newest => bond.ltk.clone(),
        StoredKey::Reversed => Secret::new(reversed(*bond.ltk.expose())),
    };
    Some(Key { ltk, level: bond.level, size: bond.key_size })
}

/// Encryption is on, off, refreshed, or has failed. The level changes here and nowhere else.
pub(super) fn changed<const B: usize>(
    state: State,
    status: ErrorCode,
    enabled: bool,
    cx: &mut Context<'_, B>,
) -> Step {
    let handle = cx.peer.handle;
    let offered = cx.peer.offered.take();
    if status != ErrorCode::SUCCESS {
        if matches!(state, State::Encryption(..)) {
            let failure = Failure::from(Reason::UNSPECIFIED);
            return Ok(outcome::fail(false, failure, Finder::Controller(status), cx));
        }
        let error = of_status(status);
        cx.shared.emit(SmpOutput::SecurityFailed { handle, error });
        return Ok(state);
    }
    let (level, key_size, fresh) = match offered {
        _ if !enabled => (1, 0, false),
        // The pairing that made the key has failed since.
        Some(offer) if offer.fresh && !matches!(state, State::Encryption(..)) => return Ok(state),
        Some(offer) => (offer.level, offer.key_size, offer.fresh),
        // Encrypted with a key that this manager did not give: no security.
        None => return Ok(state),
    };
    (cx.peer.level, cx.peer.key_size) = (level, key_size);
    // A new key says nothing about the old one, which may have been proven before.
    if !fresh {
        cx.peer.proven = enabled && offered.is_some_and(|offer| offer.bonded);
    }
    cx.shared.emit(SmpOutput::SecurityChanged { handle, level });
    match state {
        State::Encryption(terms, key) if fresh => keys::begin(terms, key, cx),
        state => Ok(state),
    }
}

//! Pairing feature exchange: what is agreed, and what is refused (Vol 3, Part H, 2.3.5.1).
//!
//! LE legacy pairing is not implemented: a request without Secure Connections is refused, as a
//! device that demands level 4 must.

use super::command::{
    AUTH_BONDING, AUTH_MITM, AUTH_SC, Command, DISTRIBUTE_IDENTITY, PairingFeatures, Reason,
};
use super::link::{Context, Shared};
use super::policy::{self, Right, Worth};
use super::state::{State, Step};
use ble::security::IoCapability;

/// Local maximum, and the size that level 4 demands.
const KEY_SIZE_MAX: u8 = 16;
const KEY_SIZE_MIN: u8 = 7;

/// How the two sides convince each other, seen from this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Method {
    /// No user interaction.
    JustWorks,
    /// Both users see a number and compare.
    NumericComparison,
    /// This device shows the passkey.
    ShowPasskey,
    /// This device's user types the passkey that the peer shows (or that its user types too).
    EnterPasskey,
}

impl Method {
    /// The table of 2.3.5.1 for LE Secure Connections; `None` for a reserved IO capability.
    pub(super) const fn choose(initiator: u8, responder: IoCapability) -> Option<Self> {
        use IoCapability::{
            DisplayOnly, DisplayYesNo, KeyboardDisplay, KeyboardOnly, NoInputNoOutput,
        };
        Some(match (initiator, responder) {
            (3, _) | (0..=4, NoInputNoOutput) => Self::JustWorks,
            (0 | 1, DisplayOnly) | (0, DisplayYesNo) => Self::JustWorks,
            (1 | 4, DisplayYesNo | KeyboardDisplay) => Self::NumericComparison,
            (2 | 4, DisplayOnly) | (2, DisplayYesNo | KeyboardDisplay) => Self::ShowPasskey,
            (0..=4, KeyboardOnly) | (0, KeyboardDisplay) => Self::EnterPasskey,
            _ => return None,
        })
    }
}

/// What both sides have agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Terms {
    pub(super) request: PairingFeatures,
    pub(super) response: PairingFeatures,
    pub(super) method: Method,
    /// The right by which it may create a bond, if any.
    pub(super) right: Option<Right>,
}

impl Terms {
    /// Both want to keep the keys.
    pub(super) const fn bonding(&self) -> bool {
        self.request.auth & self.response.auth & AUTH_BONDING != 0
    }

    /// Octets of the LTK that count.
    pub(super) const fn key_size(&self) -> u8 {
        if self.request.key_size < KEY_SIZE_MAX { self.request.key_size } else { KEY_SIZE_MAX }
    }

    /// The strength of the key that this pairing generates.
    pub(super) const fn worth(&self) -> Worth {
        Worth { level: self.level(), size: self.key_size() }
    }

    /// Security level of the key that this pairing makes.
    pub(super) const fn level(&self) -> u8 {
        // GAP-SEC-1: levels of security.
        match (self.method, self.key_size()) {
            (Method::JustWorks, _) => 2,
            (_, KEY_SIZE_MAX) => 4,
            _ => 3,
        }
    }
}

/// AuthReq of this device. Bonding_Flags say "No Bonding" where a pairing would leave nothing
/// (Vol 3, Part C, 9.4.2).
pub(super) fn auth_req(shared: &Shared, bonds: bool) -> u8 {
    let bonding = if bonds { AUTH_BONDING } else { 0 };
    let mitm = if shared.config.io == IoCapability::NoInputNoOutput { 0 } else { AUTH_MITM };
    bonding | mitm | AUTH_SC
}

/// Pairing Request: refuse it, or answer and wait for the public key.
pub(super) fn pairing_request<const B: usize>(
    request: PairingFeatures,
    cx: &mut Context<'_, B>,
) -> Step {
    let config = &cx.shared.config;
    if cx.has_to_wait() {
        return Err(Reason::REPEATED_ATTEMPTS.into());
    }
    if cx.busy {
        return Err(Reason::BUSY.into());
    }
    let right = policy::right(cx)?;
    let auth = auth_req(cx.shared, right.is_some());
    // SMP-FEAT-1: values of the feature exchange.
    // SMP-METH-1: selecting the method.
    let method = match Method::choose(request.io, config.io) {
        None => return Err(Reason::INVALID_PARAMETERS.into()),
        Some(_) if (request.auth | auth) & AUTH_MITM == 0 => Method::JustWorks,
        Some(method) => method,
    };
    let bonding = request.auth & auth & AUTH_BONDING != 0;
    let identity = if bonding { DISTRIBUTE_IDENTITY } else { 0 };
    let response = PairingFeatures {
        io: config.io as u8,
        oob: 0,
        auth: auth & (request.auth | !AUTH_BONDING),
        key_size: KEY_SIZE_MAX,
        // SMP-FEAT-2: keys of the response.
        // SMP-DIST-3: only keys that were agreed.
        initiator_keys: request.initiator_keys & identity,
        responder_keys: request.responder_keys & identity,
    };
    let terms = Terms { request, response, method, right };
    refuse_weakness(&terms, cx)?;
    cx.send(&Command::PairingResponse(response));
    Ok(State::PublicKey(terms))
}

/// Refuses what cannot reach the security that this device, or an earlier bond, demands. Nothing
/// is silently downgraded.
fn refuse_weakness<const B: usize>(
    terms: &Terms,
    cx: &mut Context<'_, B>,
) -> Result<(), super::state::Failure> {
    let bonded = cx.peer.identity.and_then(|identity| cx.bonds.find(identity));
    let demanded = bonded.map_or(0, |bond| bond.level).max(cx.shared.config.min_level);
    let request = &terms.request;
    // SMP-FEAT-3: size of the key.
    if !(KEY_SIZE_MIN..=KEY_SIZE_MAX).contains(&request.key_size) {
        return Err(Reason::ENCRYPTION_KEY_SIZE.into());
    }
    // SMP-FEAT-4: Secure Connections where both can.
    if request.auth & AUTH_SC == 0 {
        return Err(Reason::AUTHENTICATION_REQUIREMENTS.into());
    }
    match request.oob {
        0 => {}
        // With Secure Connections the data of one side suffice to choose OOB, and this side has
        // none.
        1 => return Err(Reason::OOB_NOT_AVAILABLE.into()),
        _ => return Err(Reason::INVALID_PARAMETERS.into()),
    }
    // SMP-FEAT-5: authentication requirements.
    if terms.method == Method::JustWorks && demanded >= 3 {
        return Err(Reason::AUTHENTICATION_REQUIREMENTS.into());
    }
    if terms.level() < demanded {
        return Err(Reason::ENCRYPTION_KEY_SIZE.into());
    }
    if terms.method == Method::JustWorks && terms.right == Some(Right::Authenticated) {
        return Err(Reason::PAIRING_NOT_SUPPORTED.into());
    }
    // The identity by the peer's address; the one that it distributes follows later. This also
    // applies without bonding: no device passes for a bonded peer with weaker security than its
    // bond demands.
    if let Some(identity) = cx.peer.identity {
        policy::may_replace(identity, terms.worth(), terms.right, cx)?;
    }
    if terms.bonding() {
        // No room for another bond: better said now than after the user has typed.
        policy::place(cx.peer.identity, terms.level(), cx)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_those_of_the_table() {
        // SMP-METH-1: selecting the method.
        use IoCapability::*;
        let responders =
            [DisplayOnly, DisplayYesNo, KeyboardOnly, NoInputNoOutput, KeyboardDisplay];
        // Rows: responder; columns: initiator 0–4. J Just Works, N numeric comparison, S this
        // side shows, E this side enters.
        let table = ["JJSJS", "JNSJN", "EEEJE", "JJJJJ", "ENSJN"];
        for (responder, row) in responders.into_iter().zip(table) {
            for (initiator, letter) in (0..).zip(row.chars()) {
                let expected = match letter {
                    'J' => Method::JustWorks,
                    'N' => Method::NumericComparison,
                    'S' => Method::ShowPasskey,
                    _ => Method::EnterPasskey,
                };
                assert_eq!(Method::choose(initiator, responder), Some(expected));
            }
            assert_eq!(Method::choose(5, responder), None);
        }
    }
}

//! What both sides of a pairing with Secure Connections commit to, and whether they look: SMP-CONF,
//! SMP-PASS-1, SMP-KEY. Everything that goes into a confirm value crosses the air.

use ble::crypto::toolbox::{f4, reversed};
use ble::hci::Role;
use ble::security::DEBUG_KEY_X;
use bletwin_rules::smp::{SMP_CONF_1, SMP_CONF_2, SMP_KEY_1, SMP_KEY_2, SMP_PASS_1};

use super::Wrong;
use super::terms::{Method, code};
use crate::link::other;

/// Whether X and Y, as on air, are a point of P-256.
fn is_on_curve(key: &[u8]) -> bool {
    let [x, y] = [key.first_chunk::<32>(), key.last_chunk::<32>()];
    let (Some(x), Some(y)) = (x, y) else { return false };
    let sec1 = [&[4][..], &reversed(*x), &reversed(*y)].concat();
    p256::PublicKey::from_sec1_bytes(&sec1).is_ok()
}

/// Of one pairing; by role.
#[derive(Default)]
pub(super) struct Commitments {
    /// X coordinates of the public keys.
    keys: [Option<[u8; 32]>; 2],
    /// Which role has sent a key off the curve.
    invalid: [bool; 2],
    confirms: [Option<[u8; 16]>; 2],
    nonces: [Vec<[u8; 16]>; 2],
    /// The bit that the central has shown in this round.
    bit: Option<u8>,
    /// The role that has received a wrong value, and must end the pairing.
    ends: Option<Role>,
}

impl Commitments {
    /// A command in its turn.
    pub(super) fn sent(&mut self, by: Role, octets: &[u8], method: Method) -> [Wrong; 4] {
        let Some((&command, value)) = octets.split_first() else { return Default::default() };
        if command == code::PUBLIC_KEY {
            self.keys[by as usize] = value.first_chunk().copied();
            self.invalid[by as usize] = !is_on_curve(value);
        }
        if !matches!(command, code::PUBLIC_KEY | code::CONFIRM | code::RANDOM | code::CHECK) {
            return Default::default();
        }
        let accepted = self.accepted(by);
        if command == code::PUBLIC_KEY {
            return [accepted, None, None, None];
        }
        let goes_on = [self.reflected(), self.overlooked(by)];
        let value = value.first_chunk().copied();
        let shown = match (command, value) {
            (code::CONFIRM, _) => {
                self.confirms[by as usize] = value;
                None
            }
            (code::RANDOM, Some(nonce)) => self.shows(by, nonce, method),
            _ => None,
        };
        let [reflected, overlooked] = goes_on;
        [accepted, reflected, overlooked, shown]
    }

    /// SMP-KEY-1: a valid public key.
    fn accepted(&mut self, by: Role) -> Wrong {
        let invalid = std::mem::take(&mut self.invalid[other(by) as usize]);
        let text = "although the peer's public key is no point of the curve";
        invalid.then(|| (SMP_KEY_1.id, text.to_owned()))
    }

    /// SMP-KEY-2: a reflected public key.
    fn reflected(&self) -> Wrong {
        let [Some(first), Some(second)] = self.keys else { return None };
        let text = "although both public keys have one X coordinate";
        (first == second && first != DEBUG_KEY_X).then(|| (SMP_KEY_2.id, text.to_owned()))
    }

    /// SMP-CONF-1: confirm values are checked.
    fn overlooked(&mut self, by: Role) -> Wrong {
        self.ends.take_if(|ends| *ends == by)?;
        let text = "although the random value before does not fit";
        Some((SMP_CONF_1.id, text.to_owned()))
    }

    /// SMP-CONF-2: a random value fits its commitment. SMP-PASS-1: rounds of a passkey.
    fn shows(&mut self, by: Role, nonce: [u8; 16], method: Method) -> Wrong {
        let (own, peer) = (by as usize, other(by) as usize);
        let again = self.nonces[own].contains(&nonce);
        self.nonces[own].push(nonce);
        let confirm = self.confirms[own].take()?;
        let (key, theirs) = (self.keys[own]?, self.keys[peer]?);
        let [u, v] = [key, theirs].map(reversed);
        let fits = |z: &u8| reversed(f4(&u, &v, &reversed(nonce), *z)) == confirm;
        let bits: &[u8] = if method == Method::Passkey { &[0x80, 0x81] } else { &[0] };
        let Some(bit) = bits.iter().copied().find(fits) else {
            self.ends = Some(other(by));
            return Some((SMP_CONF_2.id, "not what was committed to".to_owned()));
        };
        if again {
            return Some((SMP_PASS_1.id, "a nonce for the second time".to_owned()));
        }
        if by == Role::Central {
            self.bit = Some(bit);
            return None;
        }
        let differs = self.bit.take().is_some_and(|central| central != bit);
        if !differs {
            return None;
        }
        self.ends = Some(Role::Central);
        Some((SMP_CONF_1.id, "although the central has committed to the other bit".to_owned()))
    }
}

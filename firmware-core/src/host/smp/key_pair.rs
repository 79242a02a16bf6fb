//! The local P-256 key pair: computed ahead, used for one pairing, then replaced.
//!
//! A pair that serves one attempt only reveals nothing to an attacker who probes with points off
//! the curve, and cannot be reflected from an earlier attempt.

use super::draws::Draws;
use ble::effect::{EffectId, PublicKey};
use ble::secret::Secret;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum KeyPair {
    /// Not asked for yet, or given to a pairing.
    Absent,
    /// Waits for the public key.
    Computing { id: EffectId, private: Secret<32> },
    /// Ready for the next pairing.
    Ready { private: Secret<32>, public: PublicKey },
}

impl KeyPair {
    /// Draws a private key, or takes the debug key, and returns the computation to do, unless a
    /// pair exists or is being computed.
    pub(super) fn renew(
        &mut self,
        draws: &mut Draws,
        id: EffectId,
        debug: bool,
    ) -> Option<Secret<32>> {
        if *self != Self::Absent {
            return None;
        }
        let private = Secret::new(if debug { DEBUG_PRIVATE } else { draws.octets() });
        *self = Self::Computing { id, private: private.clone() };
        Some(private)
    }

    /// Takes the public key; false if this answers something else or nothing came out.
    pub(super) fn computed(&mut self, answered: EffectId, key: Option<PublicKey>) -> bool {
        match core::mem::replace(self, Self::Absent) {
            Self::Computing { id, private } if id == answered => match key {
                Some(public) => {
                    *self = Self::Ready { private, public };
                    true
                }
                None => false,
            },
            other => {
                *self = other;
                false
            }
        }
    }

    /// Gives the pair to a pairing; `None` if it is not ready.
    pub(super) fn take(&mut self) -> Option<(Secret<32>, PublicKey)> {
        match core::mem::replace(self, Self::Absent) {
            Self::Ready { private, public } => Some((private, public)),
            other => {
                *self = other;
                None
            }
        }
    }
}

/// The private half of the debug key (2.3.5.6.1): pairings that use it can be decrypted.
const DEBUG_PRIVATE: [u8; 32] = [
    0xbd, 0x1a, 0x3c, 0xcd, 0xa6, 0xb8, 0x99, 0x58, 0x99, 0xb7, 0x40, 0xeb, 0x7b, 0x60, 0xff, 0x4a,
    0x50, 0x3f, 0x10, 0xd2, 0xe3, 0xb3, 0xc9, 0x74, 0x38, 0x5f, 0xc5, 0xa3, 0xd4, 0xf6, 0x49, 0x3f,
];

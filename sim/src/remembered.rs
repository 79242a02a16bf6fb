//! Keys that were computed already. Both ends of a pairing work out one DHKey, and copies of a
//! world go on from the same key pairs.

use ble::effect::{Completion, Effect, EffectId, PublicKey};
use ble::secret::Secret;

use crate::effects;

/// So many key pairs, and as many shared secrets, are remembered: those of two pairings at a time.
const MOST: usize = 8;

#[derive(Clone, Debug)]
struct KeyPair {
    private: Secret<32>,
    public: PublicKey,
}

#[derive(Clone, Debug)]
struct Shared {
    between: [PublicKey; 2],
    secret: Secret<32>,
}

/// Remembers the keys that were computed last. It changes nothing but how long that takes on the
/// computer, and so is no part of what a world is.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    pairs: Vec<KeyPair>,
    shared: Vec<Shared>,
}

impl Remembered {
    /// Computes what is to be computed: of which effect, and its answer. `None`: to be stored.
    #[must_use]
    pub fn compute(&mut self, effect: Effect) -> Option<(EffectId, Completion)> {
        match effect {
            Effect::P256PublicKey { id, private_key } => {
                Some((id, Completion::PublicKey { id, key: self.public_key(&private_key) }))
            }
            Effect::P256SharedSecret { id, private_key, peer } => {
                let secret = self.shared_secret(&private_key, &peer);
                Some((id, Completion::SharedSecret { id, secret }))
            }
            Effect::Persist { .. } => None,
        }
    }

    /// The same as [`effects::public_key`] computes.
    #[must_use]
    pub fn public_key(&mut self, private: &Secret<32>) -> Option<PublicKey> {
        if let Some(public) = self.public_of(private) {
            return Some(public);
        }
        let public = effects::public_key(private)?;
        add(&mut self.pairs, KeyPair { private: private.clone(), public });
        Some(public)
    }

    /// The same as [`effects::shared_secret`] computes.
    #[must_use]
    pub fn shared_secret(&mut self, private: &Secret<32>, peer: &PublicKey) -> Option<Secret<32>> {
        // Whoever has not asked for the public key of it cannot be in a pairing.
        let Some(own) = self.public_of(private) else {
            return effects::shared_secret(private, peer);
        };
        let both =
            |shared: &&Shared| shared.between == [own, *peer] || shared.between == [*peer, own];
        if let Some(shared) = self.shared.iter().find(both) {
            return Some(shared.secret.clone());
        }
        let secret = effects::shared_secret(private, peer)?;
        add(&mut self.shared, Shared { between: [own, *peer], secret: secret.clone() });
        Some(secret)
    }

    fn public_of(&self, private: &Secret<32>) -> Option<PublicKey> {
        self.pairs.iter().find(|pair| pair.private == *private).map(|pair| pair.public)
    }
}

/// The oldest makes room.
fn add<T>(kept: &mut Vec<T>, new: T) {
    if kept.len() == MOST {
        kept.remove(0);
    }
    kept.push(new);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn private(n: u8) -> Secret<32> {
        Secret::new([n; 32])
    }

    #[test]
    fn what_is_remembered_is_what_is_computed() {
        let mut remembered = Remembered::default();
        for n in (1..=20).chain(1..=20) {
            let (a, b) = (private(n), private(n + 1));
            let (public_a, public_b) = (remembered.public_key(&a), remembered.public_key(&b));
            assert_eq!(public_a, effects::public_key(&a));
            assert_eq!(public_b, effects::public_key(&b));
            let (public_a, public_b) = (public_a.unwrap(), public_b.unwrap());
            let secret = effects::shared_secret(&a, &public_b);
            assert!(secret.is_some());
            assert_eq!(remembered.shared_secret(&a, &public_b), secret);
            assert_eq!(remembered.shared_secret(&b, &public_a), secret);
            assert_eq!(remembered.shared.last().unwrap().secret, secret.unwrap());
            assert!(remembered.pairs.len() <= MOST && remembered.shared.len() <= MOST);
        }
    }

    #[test]
    fn keys_out_of_range_and_points_off_the_curve_are_refused_each_time() {
        let mut remembered = Remembered::default();
        let _ = remembered.public_key(&private(1));
        for _ in 0..2 {
            assert_eq!(remembered.public_key(&private(0)), None);
            let nowhere = PublicKey { x: [1; 32], y: [2; 32] };
            assert_eq!(remembered.shared_secret(&private(1), &nowhere), None);
        }
        assert!(remembered.shared.is_empty());
    }

    #[test]
    fn a_private_key_that_was_never_asked_for_is_no_other_ones() {
        let mut remembered = Remembered::default();
        let peer = effects::public_key(&private(2)).unwrap();
        let secret = remembered.shared_secret(&private(1), &peer);
        assert_eq!(secret, effects::shared_secret(&private(1), &peer));
        assert!(remembered.shared.is_empty());
    }
}

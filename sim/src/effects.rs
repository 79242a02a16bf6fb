//! Does the slow work that cores ask for. How long it takes is for the caller to model.

use ble::effect::{Completion, Effect, PublicKey};
use ble::secret::Secret;

use crate::remembered::Remembered;

/// Storage without flash, for a core outside of a device: small numbered slots of opaque records.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Storage {
    slots: std::collections::BTreeMap<u8, ble::effect::Record>,
}

impl Storage {
    /// Everything stored, in the order of slots, as it is reported at boot.
    pub fn load(&self) -> impl Iterator<Item = Completion> + '_ {
        let loaded = |(slot, record): (&u8, &ble::effect::Record)| Completion::Loaded {
            slot: *slot,
            record: record.clone(),
        };
        self.slots.iter().map(loaded)
    }
}

/// In a word or two, for the record.
#[must_use]
pub const fn name(effect: &Effect) -> &'static str {
    match effect {
        Effect::P256PublicKey { .. } => "P-256 public key",
        Effect::P256SharedSecret { .. } => "P-256 shared secret",
        Effect::Persist { record: Some(_), .. } => "flash write",
        Effect::Persist { record: None, .. } => "flash erase",
    }
}

/// Does all of it, with storage that takes no time.
#[must_use]
pub fn perform(effect: Effect, storage: &mut Storage) -> Completion {
    let (slot, record, id) = match effect {
        Effect::Persist { id, slot, record } => (slot, record, id),
        Effect::P256PublicKey { id, .. } | Effect::P256SharedSecret { id, .. } => {
            let failed = Completion::Persisted { id, ok: false };
            return Remembered::default()
                .compute(effect)
                .map_or(failed, |(_, completion)| completion);
        }
    };
    match record {
        Some(record) => storage.slots.insert(slot, record),
        None => storage.slots.remove(&slot),
    };
    Completion::Persisted { id, ok: true }
}

fn reversed(octets: &[u8]) -> Option<[u8; 32]> {
    let mut reversed: [u8; 32] = octets.try_into().ok()?;
    reversed.reverse();
    Some(reversed)
}

fn secret_key(private: &Secret<32>) -> Option<p256::SecretKey> {
    p256::SecretKey::from_slice(&reversed(private.expose())?).ok()
}

/// Public key of a private key (least significant octet first); `None` if it is not in 1..n.
#[must_use]
pub fn public_key(private: &Secret<32>) -> Option<PublicKey> {
    let point = p256::Sec1Point::from(secret_key(private)?.public_key());
    let octets = point.as_bytes();
    Some(PublicKey { x: reversed(octets.get(1..33)?)?, y: reversed(octets.get(33..65)?)? })
}

/// DHKey, least significant octet first; `None` if the peer's point is not on the curve.
#[must_use]
pub fn shared_secret(private: &Secret<32>, peer: &PublicKey) -> Option<Secret<32>> {
    let point = [&[4][..], &reversed(&peer.x)?, &reversed(&peer.y)?].concat();
    let peer = p256::PublicKey::from_sec1_bytes(&point).ok()?;
    let shared = secret_key(private)?.diffie_hellman(&peer);
    Some(Secret::new(reversed(shared.raw_secret_bytes())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::medium::vectors::hex;
    use ble::effect::{EffectId, Record};

    fn le(digits: &str) -> [u8; 32] {
        reversed(&hex(digits)).unwrap()
    }

    const PRIVATE_A: &str = "3f49f6d4a3c55f3874c9b3e3d2103f504aff607beb40b7995899b8a6cd3c1abd";
    const PRIVATE_B: &str = "55188b3d32f6bb9a900afcfbeed4e72a59cb9ac2f19d7cfb6b4fdd49f47fc5fd";
    const A_X: &str = "20b003d2f297be2c5e2c83a7e9f9a5b9eff49111acf4fddbcc0301480e359de6";
    const A_Y: &str = "dc809c49652aeb6d63329abf5a52155c766345c28fed3024741c8ed01589d28b";
    const B_X: &str = "1ea1f0f01faf1d9609592284f19e4c0047b58afd8615a69f559077b22faaa190";
    const B_Y: &str = "4c55f33e429dad377356703a9ab85160472d1130e28e36765f89aff915b1214a";
    const DHKEY: &str = "ec0234a357c8ad05341010a60a397d9b99796b13b4f866f1868d34f373bfa698";

    #[test]
    fn sample_key_pairs_of_the_core_specification() {
        let (a, b) = (Secret::new(le(PRIVATE_A)), Secret::new(le(PRIVATE_B)));
        let (public_a, public_b) = (public_key(&a).unwrap(), public_key(&b).unwrap());
        assert_eq!(public_a, PublicKey { x: le(A_X), y: le(A_Y) });
        assert_eq!(public_b, PublicKey { x: le(B_X), y: le(B_Y) });
        assert_eq!(shared_secret(&a, &public_b), Some(Secret::new(le(DHKEY))));
        assert_eq!(shared_secret(&b, &public_a), Some(Secret::new(le(DHKEY))));
    }

    #[test]
    fn points_off_the_curve_and_keys_out_of_range_are_refused() {
        let a = Secret::new(le(PRIVATE_A));
        for y in [[0x42; 32], [0; 32]] {
            assert_eq!(shared_secret(&a, &PublicKey { x: le(A_X), y }), None);
        }
        assert_eq!(public_key(&Secret::new([0; 32])), None);
        assert_eq!(public_key(&Secret::new([0xFF; 32])), None);
    }

    #[test]
    fn storage_gives_back_what_was_stored_last() {
        let mut storage = Storage::default();
        let mut persist = |slot, octets: Option<&[u8]>| {
            let record = octets.and_then(Record::new);
            perform(Effect::Persist { id: EffectId(1), slot, record }, &mut storage)
        };
        let ok = Completion::Persisted { id: EffectId(1), ok: true };
        assert_eq!(persist(2, Some(&[1])), ok);
        persist(0, Some(&[2]));
        persist(2, Some(&[3]));
        persist(0, None);
        let record = Record::new(&[3]).unwrap();
        assert_eq!(storage.load().collect::<Vec<_>>(), [Completion::Loaded { slot: 2, record }]);
    }
}

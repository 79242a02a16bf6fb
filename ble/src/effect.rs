//! Slow work that the core asks for and never does itself.

use crate::secret::Secret;

/// Matches an effect with its completion. Numbers are never reused within a boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectId(pub u32);

/// A P-256 public key: X then Y, each least significant octet first, as in SMP Pairing Public
/// Key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PublicKey {
    /// X coordinate, least significant octet first.
    pub x: [u8; 32],
    /// Y coordinate, least significant octet first.
    pub y: [u8; 32],
}

/// Something slow that the runner does and answers with a [`Completion`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Compute the public key of a private key (least significant octet first). A private key
    /// out of range is answered with `None`, and the core draws another.
    P256PublicKey {
        /// Answer with this id.
        id: EffectId,
        /// Candidate for the private key, least significant octet first.
        private_key: Secret<32>,
    },
    /// Compute the shared secret. The runner must check that the peer's point is on the curve.
    P256SharedSecret {
        /// Answer with this id.
        id: EffectId,
        /// Local private key, least significant octet first.
        private_key: Secret<32>,
        /// Peer's public key.
        peer: PublicKey,
    },
    /// Store a record under a key, or delete it. Records are opaque octets.
    Persist {
        /// Answer with this id.
        id: EffectId,
        /// Slot number; small and stable.
        slot: u8,
        /// What to store; `None` deletes.
        record: Option<Record>,
    },
}

/// Most octets of one persisted record.
pub const RECORD_MAX: usize = 128;

/// Opaque octets of one persisted record. They may hold keys: they compare in constant time, are
/// not printed and are wiped on drop like any [`Secret`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Record {
    octets: Secret<RECORD_MAX>,
    len: u8,
}

impl Record {
    /// From octets; `None` if they are too many.
    #[must_use]
    pub fn new(octets: &[u8]) -> Option<Self> {
        let mut padded = [0; RECORD_MAX];
        padded.get_mut(..octets.len())?.copy_from_slice(octets);
        Some(Self { octets: Secret::new(padded), len: u8::try_from(octets.len()).ok()? })
    }

    /// The octets given to [`Self::new`], without padding; they may be keys.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.octets.expose().get(..usize::from(self.len)).unwrap_or(&[])
    }
}

/// The answer to an [`Effect`], or what was found in storage at boot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Completion {
    /// Answer to [`Effect::P256PublicKey`].
    PublicKey {
        /// Of the effect.
        id: EffectId,
        /// `None`: the private key was not in 1..n.
        key: Option<PublicKey>,
    },
    /// Answer to [`Effect::P256SharedSecret`].
    SharedSecret {
        /// Of the effect.
        id: EffectId,
        /// DHKey, least significant octet first; `None`: the peer's point is not on the curve.
        secret: Option<Secret<32>>,
    },
    /// Answer to [`Effect::Persist`].
    Persisted {
        /// Of the effect.
        id: EffectId,
        /// Whether it is in storage now.
        ok: bool,
    },
    /// One record found in storage at boot; given before the start.
    Loaded {
        /// Slot of the [`Effect::Persist`] that stored the record.
        slot: u8,
        /// The record that was last stored in the slot.
        record: Record,
    },
    /// Storage has records and does not say which of them count; given before the start, instead of
    /// them. Nothing is stored until [`Effect::Persist`] deletes the record of a bond: with it all
    /// that is there is erased.
    Damaged,
}

//! Random numbers without a source: entropy enters once, one stream per purpose.

use crate::secret::Secret;
use chacha20::ChaCha12Rng;
use chacha20::rand_core::{Rng as _, SeedableRng as _};

/// What a stream of random numbers is for. With one stream per purpose, a draw for one never shifts
/// the draws for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// advDelay and the like.
    Advertising = 1,
    /// SKD and IV halves of encryption start.
    Encryption = 2,
    /// SMP nonces, passkeys, private keys.
    Pairing = 3,
    /// Addresses and identity keys of the device.
    Identity = 4,
    /// Backing off after collisions.
    BackOff = 5,
    /// LE Rand for a host above HCI.
    Hci = 6,
    /// advDelay, secondary channels and DIDs of an advertising set.
    ExtendedAdvertising = 7,
    /// How late a request is answered.
    Answers = 8,
}

/// The 32 octets of entropy that a device draws at boot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entropy(Secret<32>);

impl Entropy {
    /// From the chip's random number generator (or the simulator's seed).
    #[must_use]
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(Secret::new(octets))
    }

    /// The stream for one purpose. Asking twice gives the same stream from its start.
    #[must_use]
    pub fn stream(&self, purpose: Purpose) -> Stream {
        Stream { seed: self.0.clone(), purpose, position: 0 }
    }
}

/// A deterministic stream of random octets (ChaCha12), `Clone + Eq + Hash`.
///
/// Only seed, stream number and position are kept; the block is computed anew for each draw.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stream {
    seed: Secret<32>,
    purpose: Purpose,
    /// In words of four octets. After 2^32 of them, a year of a word in 10 ms, it begins anew.
    position: u32,
}

impl Stream {
    /// Fills all of `out`; the stream advances by whole words of four octets.
    pub fn fill(&mut self, out: &mut [u8]) {
        let mut rng = ChaCha12Rng::from_seed(*self.seed.expose());
        rng.set_stream(self.purpose as u64);
        rng.set_word_pos(u128::from(self.position));
        rng.fill_bytes(out);
        let words = out.len().div_ceil(4);
        self.position = self.position.wrapping_add(u32::try_from(words).unwrap_or(u32::MAX));
    }

    /// `N` random octets.
    #[must_use]
    pub fn octets<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }

    /// A random 32-bit number.
    #[must_use]
    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.octets())
    }

    /// A number in `0..bound`, without bias; zero for `bound == 0`.
    #[must_use]
    pub fn below(&mut self, bound: u32) -> u32 {
        let Some(largest) = u32::MAX.checked_rem(bound).map(|rest| u32::MAX.wrapping_sub(rest))
        else {
            return 0;
        };
        // Rejection ends after two draws on average; the bound keeps even a broken seed finite.
        for _ in 0..64 {
            let draw = self.u32();
            if draw < largest {
                return draw.checked_rem(bound).unwrap_or(0);
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_repeatable_and_apart() {
        let entropy = Entropy::new([7; 32]);
        let mut a = entropy.stream(Purpose::Pairing);
        let mut again = entropy.stream(Purpose::Pairing);
        let mut other = entropy.stream(Purpose::Encryption);
        let first = a.octets::<16>();
        assert_eq!(first, again.octets::<16>());
        assert_ne!(first, other.octets::<16>());
        assert_ne!(first, a.octets::<16>());
    }

    #[test]
    fn below_stays_below() {
        let mut s = Entropy::new([1; 32]).stream(Purpose::BackOff);
        assert!((0..1000).all(|_| s.below(10) < 10));
        assert_eq!(s.below(0), 0);
    }
}

//! Random numbers of the world: one ChaCha stream per (node, purpose).

use std::hash::{Hash, Hasher};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// What the node draws from at boot.
    Entropy = 1,
    /// Bit errors at its receiver.
    Noise = 2,
    /// Jitter of its clocks.
    Jitter = 3,
    /// Whole packets that its receiver loses.
    Loss = 4,
    /// Faults that strike what it sends.
    Fault = 5,
    /// What a made-up sniffer misses.
    Sniffer = 6,
}

/// One stream; equal streams have the same future.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha12Rng);

impl Stream {
    /// The stream of one node and purpose in the world with this seed.
    #[must_use]
    pub fn new(seed: u64, node: u16, purpose: Purpose) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..24].copy_from_slice(b"bletwin sim, v1.");
        let mut rng = ChaCha12Rng::from_seed(key);
        rng.set_stream(u64::from(node) << 8 | purpose as u64);
        Self(rng)
    }

    /// 32 random bits.
    pub fn u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// A number in `0..bound` (0 for a bound of 0). The bias is below 2⁻³² · bound.
    pub fn below(&mut self, bound: u32) -> u32 {
        let scaled = u64::from(self.u32()) * u64::from(bound);
        (scaled >> 32) as u32
    }

    /// Whether something of `ppm` parts per million happens. Certainty draws nothing.
    pub fn chance_ppm(&mut self, ppm: u32) -> bool {
        ppm >= 1_000_000 || (ppm > 0 && self.below(1_000_000) < ppm)
    }

    /// `N` random octets.
    pub fn octets<const N: usize>(&mut self) -> [u8; N] {
        let mut octets = [0; N];
        self.0.fill_bytes(&mut octets);
        octets
    }
}

impl Hash for Stream {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Seed and stream number are those of the world and the node; only the place moves.
        let position = self.0.get_word_pos();
        state.write_u64(position as u64);
        state.write_u64((position >> 64) as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_seed_node_and_purpose_and_repeat() {
        let draw = |seed, node, purpose| Stream::new(seed, node, purpose).octets::<16>();
        let one = draw(1, 0, Purpose::Noise);
        assert_eq!(one, draw(1, 0, Purpose::Noise));
        assert_ne!(one, draw(2, 0, Purpose::Noise));
        assert_ne!(one, draw(1, 1, Purpose::Noise));
        assert_ne!(one, draw(1, 0, Purpose::Loss));
    }

    #[test]
    fn chance_is_about_right() {
        let mut stream = Stream::new(3, 0, Purpose::Loss);
        let hits = (0..100_000).filter(|_| stream.chance_ppm(10_000)).count();
        assert!((900..1_100).contains(&hits), "{hits}");
    }
}

//! A hasher that is the same on every machine and knows what time it is.

use std::hash::Hasher;

use ble::time::Instant;

/// Hashes 64-bit words by folded multiplication. Every [`Instant`] (they alone use
/// [`Hasher::write_i128`]) is hashed as its distance from `now`; "never" is never.
#[derive(Clone, Debug)]
pub struct RelativeHasher {
    state: u64,
    now: Instant,
}

impl RelativeHasher {
    /// Starts with nothing, at `now` on the clock of what is hashed.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self { state: 0x243F_6A88_85A3_08D3, now }
    }

    /// Goes on with the instants of another clock.
    pub const fn set_now(&mut self, now: Instant) {
        self.now = now;
    }
}

impl Hasher for RelativeHasher {
    fn finish(&self) -> u64 {
        let mut last = self.clone();
        last.write_u64(0x9E37_79B9_7F4A_7C15);
        last.state
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
        self.write_u64(bytes.len() as u64);
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_u16(&mut self, value: u16) {
        self.write_u64(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = u128::from(self.state ^ value) * u128::from(0xA076_1D64_78BD_642F_u64);
        self.state = (mixed as u64 ^ (mixed >> 64) as u64).wrapping_add(0x1319_8A2E_0370_7344);
    }

    fn write_u128(&mut self, value: u128) {
        self.write_u64(value as u64);
        self.write_u64((value >> 64) as u64);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_i8(&mut self, value: i8) {
        self.write_i64(i64::from(value));
    }

    fn write_i16(&mut self, value: i16) {
        self.write_i64(i64::from(value));
    }

    fn write_i32(&mut self, value: i32) {
        self.write_i64(i64::from(value));
    }

    fn write_i64(&mut self, value: i64) {
        self.write_u64(value.cast_unsigned());
    }

    fn write_isize(&mut self, value: isize) {
        self.write_i64(value as i64);
    }

    fn write_i128(&mut self, value: i128) {
        if value == i128::from(Instant::MAX.ticks()) {
            self.write_u64(u64::MAX);
        } else {
            self.write_u64((value as u64).wrapping_sub(self.now.ticks()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::Hash;

    fn hash(now: u64, value: impl Hash) -> u64 {
        let mut hasher = RelativeHasher::new(Instant::from_us(now));
        value.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn instants_count_from_now() {
        assert_eq!(hash(0, Instant::from_us(5)), hash(100, Instant::from_us(105)));
        assert_ne!(hash(0, Instant::from_us(5)), hash(100, Instant::from_us(106)));
        assert_eq!(hash(0, Instant::MAX), hash(100, Instant::MAX));
    }

    #[test]
    fn order_and_zeros_matter() {
        assert_ne!(hash(0, (1u8, 2u8)), hash(0, (2u8, 1u8)));
        assert_ne!(hash(0, [0u64; 2].as_slice()), hash(0, [0u64; 3].as_slice()));
    }

    #[test]
    fn the_value_is_the_same_on_every_machine() {
        // Pinned: a change breaks comparisons of hashes between versions.
        assert_eq!(hash(0, "bletwin"), hash(9, "bletwin"));
        assert_ne!(hash(0, "bletwin"), hash(0, "bletwim"));
    }
}

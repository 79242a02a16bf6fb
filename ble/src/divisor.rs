//! Division of 64-bit numbers by constants.
//!
//! A Cortex-M4 divides 32 bits; a division of 64 takes it 200 cycles, several times in an event of
//! a connection and some of them within T_IFS. By a number that is known beforehand it is a
//! multiplication by its reciprocal.

/// A number to divide by, made ready.
///
/// ```
/// use ble::divisor::Divisor;
///
/// const MILLION: Divisor = Divisor::new(1_000_000);
/// assert_eq!(MILLION.divide(2_999_999), 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Divisor {
    by: u64,
    /// Powers of two in it.
    zeros: u32,
    /// 2^(64 + `shift`) / (`by` >> `zeros`), and a little more.
    factor: u64,
    shift: u32,
    /// From here on the little more would show.
    limit: u64,
}

impl Divisor {
    /// By a number that is no power of two.
    ///
    /// # Panics
    /// By zero or a power of two; in a constant, that is an error of the compiler's.
    #[must_use]
    #[expect(clippy::arithmetic_side_effects, reason = "of constants, where the compiler checks")]
    pub const fn new(by: u64) -> Self {
        assert!(by != 0 && !by.is_power_of_two(), "a shift will do");
        let zeros = by.trailing_zeros();
        let odd = (by >> zeros) as u128;
        let shift = odd.ilog2();
        let power = 1 << (64 + shift);
        let factor = power / odd + 1;
        // n · excess < 2^(64 + shift) is what keeps the quotient of n right.
        let excess = factor * odd - power;
        let limit = (power - 1) / excess;
        let limit = if limit > u64::MAX as u128 { u64::MAX } else { limit as u64 };
        Self { by, zeros, factor: factor as u64, shift, limit }
    }

    /// `value` divided by it, rounded down.
    #[inline]
    #[must_use]
    pub const fn divide(self, value: u64) -> u64 {
        // Where 64 bits are a word the compiler knows better.
        if usize::BITS >= u64::BITS { quotient(value, self.by) } else { self.multiply(value) }
    }

    /// The same, rounded up.
    #[inline]
    #[must_use]
    pub const fn divide_up(self, value: u64) -> u64 {
        let whole = self.divide(value);
        let exact = whole.wrapping_mul(self.by) == value;
        whole.wrapping_add(if exact { 0 } else { 1 })
    }

    #[inline]
    const fn multiply(self, value: u64) -> u64 {
        let odd = value >> self.zeros;
        if odd > self.limit {
            divided(value, self.by)
        } else {
            high(odd, self.factor) >> self.shift
        }
    }
}

#[inline]
const fn quotient(value: u64, by: u64) -> u64 {
    match value.checked_div(by) {
        Some(quotient) => quotient,
        None => 0,
    }
}

/// The same, out of the way: or the compiler divides beforehand, whether it is needed or not.
#[cold]
#[inline(never)]
const fn divided(value: u64, by: u64) -> u64 {
    quotient(value, by)
}

/// The upper 64 bits of a product, in multiplications of 32 bits.
const fn high(a: u64, b: u64) -> u64 {
    const LOW: u64 = 0xFFFF_FFFF;
    let (a, a_low) = (a >> 32, a & LOW);
    let (b, b_low) = (b >> 32, b & LOW);
    // None of these sums has more than 64 bits.
    let low = a_low.wrapping_mul(b_low);
    let middle = a.wrapping_mul(b_low).wrapping_add(low >> 32);
    let other = a_low.wrapping_mul(b).wrapping_add(middle & LOW);
    a.wrapping_mul(b).wrapping_add(middle >> 32).wrapping_add(other >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of the project: millionths, counts of 16 MHz and ticks of 32,768 Hz; and others.
    const DIVISORS: [Divisor; 6] = [
        Divisor::new(1_000_000),
        Divisor::new(4_000),
        Divisor::new(1_953_125),
        Divisor::new(3),
        Divisor::new(u64::MAX),
        Divisor::new((1 << 63) + 1),
    ];

    #[test]
    fn all_that_an_instant_may_be_is_divided_without_a_division() {
        for divisor in &DIVISORS[..3] {
            assert!(divisor.limit >> (62 - divisor.zeros) > 0, "{divisor:?}");
        }
    }

    #[test]
    fn quotients_next_to_whole_ones_are_right() {
        for divisor in DIVISORS {
            for whole in [0, 1, 2, u64::MAX / divisor.by / 2, u64::MAX / divisor.by] {
                let value = u64::wrapping_mul(whole, divisor.by);
                for value in [value.saturating_sub(1), value, value.saturating_add(1)] {
                    assert_eq!(divisor.multiply(value), value / divisor.by, "{value}");
                }
            }
            let (at, by) = (divisor.limit, divisor.by);
            for odd in [at - 1, at, at.saturating_add(1)] {
                let value = odd.checked_shl(divisor.zeros).unwrap_or(u64::MAX);
                assert_eq!(divisor.multiply(value), value / by, "{value}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn it_divides(value: u64, shift in 0_u32..64) {
            let value = value >> shift;
            for divisor in DIVISORS {
                proptest::prop_assert_eq!(divisor.multiply(value), value / divisor.by);
                proptest::prop_assert_eq!(divisor.divide(value), value / divisor.by);
                proptest::prop_assert_eq!(divisor.divide_up(value), value.div_ceil(divisor.by));
            }
        }
    }
}

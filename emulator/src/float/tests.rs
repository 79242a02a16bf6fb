//! The host's arithmetic is an independent oracle for rounding to nearest; modes and flags are
//! compared with QEMU by the lock-step tests.

use proptest::prelude::*;

use super::{DN, FZ, IDC, IOC, IXC, OFC, Rounding, UFC, add, div, from_fixed, from_half, fused};
use super::{mul, sqrt, to_fixed, to_half};

/// Any bits, with the exponents near each other half of the time.
fn bits() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u32>(), any::<u32>().prop_map(|bits| bits & 0x83FF_FFFF | 0x3C00_0000)]
}

fn same(ours: u32, theirs: f32) -> bool {
    f32::from_bits(ours).is_nan() && theirs.is_nan() || ours == theirs.to_bits()
}

proptest! {
    #[test]
    fn results_are_those_of_the_host(a in bits(), b in bits(), c in bits()) {
        let (x, y, z) = (f32::from_bits(a), f32::from_bits(b), f32::from_bits(c));
        prop_assert!(same(add(a, b, &mut 0), x + y));
        prop_assert!(same(mul(a, b, &mut 0), x * y));
        prop_assert!(same(div(a, b, &mut 0), x / y));
        prop_assert!(same(sqrt(a, &mut 0), x.sqrt()));
        prop_assert!(same(fused(c, a, b, &mut 0), x.mul_add(y, z)));
    }

    #[test]
    fn conversions_are_those_of_the_host(a in bits(), value in any::<i32>()) {
        let nearest = from_fixed(value.into(), 0, Rounding::Nearest, &mut 0);
        prop_assert!(same(nearest, value as f32));
        let whole = to_fixed(a, 0, 32, true, Rounding::Zero, &mut 0);
        prop_assert_eq!(whole.cast_signed(), f32::from_bits(a) as i32);
        let whole = to_fixed(a, 0, 32, false, Rounding::Zero, &mut 0);
        prop_assert_eq!(whole, f32::from_bits(a) as u32);
    }

    #[test]
    fn half_precision_goes_there_and_back(half in any::<u16>()) {
        let single = from_half(half, &mut 0);
        let back = to_half(single, &mut 0);
        prop_assert!(back == half || f32::from_bits(single).is_nan() && back == half | 0x200);
    }
}

#[test]
fn flags_are_cumulative() {
    let (one, tiny, largest) = (0x3F80_0000, 1, 0x7F7F_FFFF);
    let mut fpscr = 0;
    add(one, tiny, &mut fpscr);
    assert_eq!(fpscr, IXC);
    add(one, one, &mut fpscr);
    assert_eq!(fpscr, IXC, "an exact sum clears nothing");
    mul(largest, largest, &mut fpscr);
    assert_eq!(fpscr, IXC | OFC);
    div(0, 0, &mut fpscr);
    assert_eq!(fpscr, IXC | OFC | IOC);
    mul(0x0080_0001, 0x3F00_0001, &mut fpscr);
    assert_eq!(fpscr, IXC | OFC | IOC | UFC);
}

#[test]
fn subnormal_numbers_are_flushed_on_demand() {
    let mut fpscr = FZ;
    assert_eq!(add(0x8000_0001, 0x8000_0001, &mut fpscr), 0x8000_0000);
    assert_eq!(fpscr, FZ | IDC);
    let mut fpscr = FZ;
    assert_eq!(mul(0x0080_0000, 0x3F00_0000, &mut fpscr), 0);
    assert_eq!(fpscr, FZ | UFC);
}

#[test]
fn nans_keep_their_bits_unless_there_is_a_default() {
    let signalling = 0xFF80_1234;
    let mut fpscr = 0;
    assert_eq!(add(0x3F80_0000, signalling, &mut fpscr), 0xFFC0_1234);
    assert_eq!(fpscr, IOC);
    let mut fpscr = DN;
    assert_eq!(add(0x3F80_0000, signalling, &mut fpscr), 0x7FC0_0000);
}

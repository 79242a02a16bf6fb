//! The cryptographic toolbox on values in the order of the PDUs: least significant octet first.

use ble::address::Address;
use ble::crypto::toolbox::{self, reversed};
use ble::secret::Secret;

pub(crate) fn f4(u: &[u8; 32], v: &[u8; 32], x: &[u8; 16], z: u8) -> [u8; 16] {
    reversed(toolbox::f4(&reversed(*u), &reversed(*v), &reversed(*x), z))
}

/// MacKey and LTK.
pub(crate) fn f5(
    w: &Secret<32>,
    n1: &[u8; 16],
    n2: &[u8; 16],
    a1: Address,
    a2: Address,
) -> (Secret<16>, Secret<16>) {
    let w = Secret::new(reversed(*w.expose()));
    let (mac_key, ltk) =
        toolbox::f5(&w, &reversed(*n1), &reversed(*n2), &a1.for_smp(), &a2.for_smp());
    let turned = |key: Secret<16>| Secret::new(reversed(*key.expose()));
    (turned(mac_key), turned(ltk))
}

/// The six digits' 32-bit origin.
pub(crate) fn g2(u: &[u8; 32], v: &[u8; 32], x: &[u8; 16], y: &[u8; 16]) -> u32 {
    toolbox::g2(&reversed(*u), &reversed(*v), &reversed(*x), &reversed(*y))
}

/// What one side proves to the other: its nonce first, its addresses first.
pub(crate) struct Check<'a> {
    pub(crate) nonces: (&'a [u8; 16], &'a [u8; 16]),
    pub(crate) r: [u8; 16],
    pub(crate) io_cap: [u8; 3],
    pub(crate) addresses: (Address, Address),
}

pub(crate) fn f6(mac_key: &Secret<16>, check: &Check<'_>) -> [u8; 16] {
    let key = Secret::new(reversed(*mac_key.expose()));
    let (n1, n2) = check.nonces;
    let (a1, a2) = check.addresses;
    reversed(toolbox::f6(
        &key,
        &reversed(*n1),
        &reversed(*n2),
        &reversed(check.r),
        check.io_cap,
        &a1.for_smp(),
        &a2.for_smp(),
    ))
}

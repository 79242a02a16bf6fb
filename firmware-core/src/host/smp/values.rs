//! The toolbox for values in the order of the air, least significant octet first.

use ble::crypto::toolbox::{f4, g2, reversed};
use ble::effect::PublicKey;
use subtle::ConstantTimeEq as _;

/// Confirm value of the side with public key `own` towards the side with public key `other`.
pub(super) fn confirm(own: &PublicKey, other: &PublicKey, nonce: &[u8; 16], z: u8) -> [u8; 16] {
    reversed(f4(&reversed(own.x), &reversed(other.x), &reversed(*nonce), z))
}

/// The six digits that both users see.
pub(super) fn six_digits(
    initiator: &PublicKey,
    responder: &PublicKey,
    na: &[u8; 16],
    nb: &[u8; 16],
) -> u32 {
    let (x, y) = (reversed(*na), reversed(*nb));
    g2(&reversed(initiator.x), &reversed(responder.x), &x, &y) % 1_000_000
}

/// Whether two values are equal, in constant time.
pub(super) fn equal(a: &[u8; 16], b: &[u8; 16]) -> bool {
    a.ct_eq(b).into()
}

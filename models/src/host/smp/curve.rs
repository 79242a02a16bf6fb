//! P-256 key pairs and shared secrets. Octets are least significant first, as in SMP.

use ble::effect::PublicKey;
use ble::secret::Secret;

/// X coordinate of the debug key pair's public key (Vol 3, Part H, 2.3.5.6.1).
const DEBUG_X: [u8; 32] = [
    0xE6, 0x9D, 0x35, 0x0E, 0x48, 0x01, 0x03, 0xCC, 0xDB, 0xFD, 0xF4, 0xAC, 0x11, 0x91, 0xF4, 0xEF,
    0xB9, 0xA5, 0xF9, 0xE9, 0xA7, 0x83, 0x2C, 0x5E, 0x2C, 0xBE, 0x97, 0xF2, 0xD2, 0x03, 0xB0, 0x20,
];

/// Whether this is the debug key, whose private half everyone knows.
pub(crate) fn is_debug_key(key: &PublicKey) -> bool {
    key.x == DEBUG_X
}

fn reversed<const N: usize>(mut octets: [u8; N]) -> [u8; N] {
    octets.reverse();
    octets
}

fn secret_key(private: &Secret<32>) -> Option<p256::SecretKey> {
    p256::SecretKey::from_slice(&reversed(*private.expose())).ok()
}

/// The public key of a private key; `None` if that is not in 1..n.
pub(crate) fn public_key(private: &Secret<32>) -> Option<PublicKey> {
    let sec1 = p256::Sec1Point::from(secret_key(private)?.public_key());
    let uncompressed = sec1.as_bytes();
    let x: [u8; 32] = uncompressed.get(1..33)?.try_into().ok()?;
    let y: [u8; 32] = uncompressed.get(33..65)?.try_into().ok()?;
    Some(PublicKey { x: reversed(x), y: reversed(y) })
}

/// DHKey; `None` if the peer's point is not on the curve.
pub(crate) fn shared_secret(private: &Secret<32>, peer: &PublicKey) -> Option<Secret<32>> {
    let sec1 = [&[4][..], &reversed(peer.x), &reversed(peer.y)].concat();
    let peer = p256::PublicKey::from_sec1_bytes(&sec1).ok()?;
    let shared = secret_key(private)?.diffie_hellman(&peer);
    let octets: [u8; 32] = shared.raw_secret_bytes().as_slice().try_into().ok()?;
    Some(Secret::new(reversed(octets)))
}

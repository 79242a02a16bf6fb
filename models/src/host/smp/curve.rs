//! P-256 key pairs and shared secrets. Octets are least significant first, as in SMP.

use ble::effect::PublicKey;
use ble::secret::Secret;
use ble::security::DEBUG_KEY_X;

/// Whether this is the debug key, whose private half everyone knows.
pub(crate) fn is_debug_key(key: &PublicKey) -> bool {
    key.x == DEBUG_KEY_X
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

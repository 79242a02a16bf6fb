//! The key pair whose private half everybody knows (Vol 3, Part H, 2.3.5.6.1): who pairs with it
//! wants to be overheard.

use ble::address::Address;
use ble::crypto::toolbox::{f5, reversed};
use ble::secret::Secret;
use ble::security::DEBUG_KEY_X;

/// Its private half, most significant octet first.
const PRIVATE: [u8; 32] = [
    0x3F, 0x49, 0xF6, 0xD4, 0xA3, 0xC5, 0x5F, 0x38, 0x74, 0xC9, 0xB3, 0xE3, 0xD2, 0x10, 0x3F, 0x50,
    0x4A, 0xFF, 0x60, 0x7B, 0xEB, 0x40, 0xB7, 0x99, 0x58, 0x99, 0xB8, 0xA6, 0xCD, 0x3C, 0x1A, 0xBD,
];

/// The long term key of a pairing, if one end used the debug key: public keys, random values and
/// addresses of central and peripheral, as on air; the key is as long as both allow.
pub(super) fn long_term_key(
    public: [[u8; 64]; 2],
    randoms: [[u8; 16]; 2],
    ends: [Address; 2],
    size: usize,
) -> Option<Secret<16>> {
    let known = |key: &[u8; 64]| key.starts_with(&DEBUG_KEY_X);
    let peer = match public {
        [central, peripheral] if known(&central) => peripheral,
        [central, peripheral] if known(&peripheral) => central,
        _ => return None,
    };
    let (x, y) = peer.split_first_chunk::<32>()?;
    let y: [u8; 32] = y.try_into().ok()?;
    let point = [&[4][..], &reversed(*x), &reversed(y)].concat();
    let peer = p256::PublicKey::from_sec1_bytes(&point).ok()?;
    let shared = p256::SecretKey::from_slice(&PRIVATE).ok()?.diffie_hellman(&peer);
    let shared = Secret::new(shared.raw_secret_bytes().as_slice().try_into().ok()?);
    let [na, nb] = randoms.map(reversed);
    let [a, b] = ends.map(Address::for_smp);
    let (_, ltk) = f5(&shared, &na, &nb, &a, &b);
    let mut ltk = reversed(*ltk.expose());
    ltk.iter_mut().skip(size).for_each(|octet| *octet = 0);
    Some(Secret::new(ltk))
}

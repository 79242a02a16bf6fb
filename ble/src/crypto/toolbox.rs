//! The cryptographic toolbox of the Security Manager (Vol 3, Part H, 2.2.3–2.2.11) and the GATT
//! database hash (Vol 3, Part G, 7.3).
//!
//! Everything here is most significant octet first, as the specification prints its samples. PDUs
//! carry the same values the other way round: [`reversed`] turns one into the other.

use super::aes::e;
use super::cmac::aes_cmac;
use crate::secret::Secret;

/// The same octets in the opposite order.
#[must_use]
pub fn reversed<const N: usize>(mut octets: [u8; N]) -> [u8; N] {
    octets.reverse();
    octets
}

/// Confirm value of LE Secure Connections: `u` and `v` are X coordinates, `x` a nonce, `z` 0 or
/// 0x80 + one bit of the passkey.
#[must_use]
pub fn f4(u: &[u8; 32], v: &[u8; 32], x: &[u8; 16], z: u8) -> [u8; 16] {
    aes_cmac(x, &[u, v, &[z]])
}

/// MacKey and LTK from the DHKey `w`, both nonces and both addresses as
/// [`Address::for_smp`](crate::address::Address::for_smp) gives them.
#[must_use]
pub fn f5(
    w: &Secret<32>,
    n1: &[u8; 16],
    n2: &[u8; 16],
    a1: &[u8; 7],
    a2: &[u8; 7],
) -> (Secret<16>, Secret<16>) {
    const SALT: [u8; 16] = [
        0x6C, 0x88, 0x83, 0x91, 0xAA, 0xF5, 0xA5, 0x38, 0x60, 0x37, 0x0B, 0xDB, 0x5A, 0x60, 0x83,
        0xBE,
    ];
    const LENGTH_BITS: [u8; 2] = [0x01, 0x00];
    let t = Secret::new(aes_cmac(&SALT, &[w.expose()]));
    let key = |counter: u8| {
        let parts: [&[u8]; 7] = [&[counter], b"btle", n1, n2, a1, a2, &LENGTH_BITS];
        Secret::new(aes_cmac(t.expose(), &parts))
    };
    (key(0), key(1))
}

/// DHKey check value: `w` is the MacKey, `r` zero or the passkey, `io_cap` AuthReq, OOB flag and
/// IO capability of the side that sends it.
#[must_use]
pub fn f6(
    w: &Secret<16>,
    n1: &[u8; 16],
    n2: &[u8; 16],
    r: &[u8; 16],
    io_cap: [u8; 3],
    a1: &[u8; 7],
    a2: &[u8; 7],
) -> [u8; 16] {
    aes_cmac(w.expose(), &[n1, n2, r, &io_cap, a1, a2])
}

/// Numeric comparison: the 32-bit value whose last six decimal digits are displayed.
#[must_use]
pub fn g2(u: &[u8; 32], v: &[u8; 32], x: &[u8; 16], y: &[u8; 16]) -> u32 {
    let [.., a, b, c, d] = aes_cmac(x, &[u, v, y]);
    u32::from_be_bytes([a, b, c, d])
}

/// Confirm value of LE legacy pairing. `preq` and `pres` are the whole PDUs, `initiator` and
/// `responder` the addresses as [`Address::for_smp`](crate::address::Address::for_smp) gives them.
#[must_use]
pub fn c1(
    k: &[u8; 16],
    r: &[u8; 16],
    preq: &[u8; 7],
    pres: &[u8; 7],
    initiator: &[u8; 7],
    responder: &[u8; 7],
) -> [u8; 16] {
    let ([iat, ia @ ..], [rat, ra @ ..]) = (initiator, responder);
    let p1 = concatenated(&[pres, preq, &[*rat], &[*iat]]);
    let p2 = concatenated(&[&[0; 4], ia, ra]);
    e(k, &xor(&e(k, &xor(r, &p1)), &p2))
}

/// Short-term key of LE legacy pairing, from the low halves of both random values.
#[must_use]
pub fn s1(k: &[u8; 16], r1: &[u8; 16], r2: &[u8; 16]) -> Secret<16> {
    let half = |r: &[u8; 16]| r.last_chunk::<8>().copied().unwrap_or_default();
    Secret::new(e(k, &concatenated(&[&half(r1), &half(r2)])))
}

/// Hash of a GATT database from its pieces in handle order, least significant octet first as the
/// Database Hash characteristic carries it.
#[must_use]
pub fn database_hash(parts: &[&[u8]]) -> [u8; 16] {
    reversed(aes_cmac(&[0; 16], parts))
}

/// One block from pieces that are 16 octets together.
fn concatenated(parts: &[&[u8]]) -> [u8; 16] {
    let mut block = [0; 16];
    let octets = parts.iter().flat_map(|part| part.iter());
    for (to, from) in block.iter_mut().zip(octets) {
        *to = *from;
    }
    block
}

fn xor(a: &[u8; 16], b: &[u8; 16]) -> [u8; 16] {
    let mut out = *a;
    for (to, from) in out.iter_mut().zip(b) {
        *to ^= from;
    }
    out
}

#[cfg(test)]
mod tests;

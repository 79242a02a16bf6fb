//! Resolvable private addresses (Vol 6, Part B, 1.3.2.2 and 1.3.2.3; *ah*: Vol 3, Part H, 2.2.2).

use super::aes::Aes;
use crate::address::{Address, AddressKind};
use crate::secret::Secret;

/// `ah(irk, prand)`: the 24-bit hash, least significant octet first. The key and `prand` are
/// least significant octet first too, as HCI and the air carry them.
#[must_use]
pub fn ah(irk: &Secret<16>, prand: [u8; 3]) -> [u8; 3] {
    ah_by(Aes::SOFTWARE, irk, prand)
}

fn ah_by(aes: Aes, irk: &Secret<16>, prand: [u8; 3]) -> [u8; 3] {
    let mut key = *irk.expose();
    key.reverse();
    let [low, middle, high] = prand;
    let mut block = [0; 16];
    let [.., b13, b14, b15] = &mut block;
    (*b13, *b14, *b15) = (high, middle, low);
    let [.., high, middle, low] = aes.e(&key, &block);
    [low, middle, high]
}

/// Whether `address` was made with this key. False for anything but a resolvable private address.
#[must_use]
pub fn resolves(irk: &Secret<16>, address: Address) -> bool {
    resolves_by(Aes::SOFTWARE, irk, address)
}

/// The same, computed by another than this crate.
#[must_use]
pub fn resolves_by(aes: Aes, irk: &Secret<16>, address: Address) -> bool {
    let [h0, h1, h2, p0, p1, p2] = address.octets;
    address.is_resolvable() && ah_by(aes, irk, [p0, p1, p2]) == [h0, h1, h2]
}

/// The resolvable private address of this key and 22 random bits of `prand` (its two top bits
/// are replaced).
#[must_use]
pub fn resolvable(irk: &Secret<16>, prand: [u8; 3]) -> Address {
    let [p0, p1, p2] = prand;
    let p2 = (p2 & 0x3F) | 0x40;
    let [h0, h1, h2] = ah(irk, [p0, p1, p2]);
    Address::new(AddressKind::Random, [h0, h1, h2, p0, p1, p2])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vol 3, Part H, D.7, octets reversed.
    const IRK: [u8; 16] = [
        0x9b, 0x7d, 0x39, 0x0a, 0xa6, 0x10, 0x10, 0x34, 0x05, 0xad, 0xc8, 0x57, 0xa3, 0x34, 0x02,
        0xec,
    ];

    #[test]
    fn sample_of_the_specification() {
        assert_eq!(ah(&Secret::new(IRK), [0x94, 0x81, 0x70]), [0xaa, 0xfb, 0x0d]);
    }

    #[test]
    fn own_addresses_resolve_and_foreign_ones_do_not() {
        let irk = Secret::new(IRK);
        let address = resolvable(&irk, [0x94, 0x81, 0x30]);
        assert_eq!(std::format!("{address}"), "70:81:94:0D:FB:AA (random)");
        assert!(resolves(&irk, address));
        assert!(!resolves(&Secret::new([7; 16]), address));
        assert!(!resolves(&irk, Address::new(AddressKind::Public, address.octets)));
    }
}

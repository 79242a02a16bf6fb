//! The security function *e* (Vol 3, Part H, 2.2.1; Vol 6, Part E, 1): AES-128 of one block.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt as _, KeyInit as _};

/// `e(key, block)`, both most significant octet first.
#[must_use]
pub fn e(key: &[u8; 16], block: &[u8; 16]) -> [u8; 16] {
    let mut data = Array::from(*block);
    Aes128::new(&Array::from(*key)).encrypt_block(&mut data);
    data.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Appendix C.1 of FIPS 197.
    #[test]
    fn example_of_the_standard() {
        let key = core::array::from_fn(|n| u8::try_from(n).unwrap());
        let block = core::array::from_fn(|n| u8::try_from(n).unwrap() * 0x11);
        let expected = [
            0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30, 0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4,
            0xc5, 0x5a,
        ];
        assert_eq!(e(&key, &block), expected);
    }
}

//! The security function *e* (Vol 3, Part H, 2.2.1; Vol 6, Part E, 1): AES-128 of one block.

use core::hash::{Hash, Hasher};

use aes::Aes128;
use aes::cipher::consts::{U1, U16};
use aes::cipher::inout::InOut;
use aes::cipher::{
    Array, Block, BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser,
    KeyInit as _, ParBlocksSizeUser,
};

use crate::secret::Secret;

/// What encrypts a block in place: key and block are most significant octet first.
pub type Encrypt = fn(key: &[u8; 16], block: &mut [u8; 16]);

/// Who computes AES-128: software, or a peripheral of a chip, which its owner lends. Whoever it is,
/// the result is the same, so they are all equal and leave no trace in a hash.
#[derive(Clone, Copy, Debug)]
pub struct Aes(Encrypt);

impl Aes {
    /// The software of this crate.
    pub const SOFTWARE: Self = Self(|key, block| *block = e(key, block));

    /// Encryption by this function: a peripheral of a chip, say.
    #[must_use]
    pub const fn lent(encrypt: Encrypt) -> Self {
        Self(encrypt)
    }

    /// `e(key, block)`, both most significant octet first.
    #[must_use]
    pub fn e(self, key: &[u8; 16], block: &[u8; 16]) -> [u8; 16] {
        let mut data = *block;
        (self.0)(key, &mut data);
        data
    }

    /// With a key.
    pub(super) const fn keyed(self, key: &Secret<16>) -> Lent<'_> {
        Lent { key, encrypt: self.0 }
    }
}

impl PartialEq for Aes {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Aes {}

impl Hash for Aes {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// A lent cipher with its key, as a mode of operation takes it.
pub(super) struct Lent<'a> {
    key: &'a Secret<16>,
    encrypt: Encrypt,
}

impl BlockSizeUser for Lent<'_> {
    type BlockSize = U16;
}

impl ParBlocksSizeUser for Lent<'_> {
    type ParBlocksSize = U1;
}

impl BlockCipherEncBackend for Lent<'_> {
    fn encrypt_block(&self, mut block: InOut<'_, '_, Block<Self>>) {
        let mut data = (*block.get_in()).into();
        (self.encrypt)(self.key.expose(), &mut data);
        *block.get_out() = data.into();
    }
}

impl BlockCipherEncrypt for Lent<'_> {
    fn encrypt_with_backend(&self, f: impl BlockCipherEncClosure<BlockSize = U16>) {
        f.call(self);
    }
}

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
        let lent = Aes::lent(|key, block| *block = e(key, block));
        assert_eq!((lent.e(&key, &block), Aes::SOFTWARE.e(&key, &block)), (expected, expected));
        assert_eq!(lent, Aes::SOFTWARE, "whoever computes it is no state");
    }
}

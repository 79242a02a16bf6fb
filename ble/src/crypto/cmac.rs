//! AES-CMAC (RFC 4493), on which the toolbox of LE Secure Connections stands.

use aes::Aes128;
use cmac::{Cmac, KeyInit as _, Mac as _};

/// AES-CMAC of the concatenation of `parts`; key, message and result most significant octet
/// first.
#[must_use]
pub fn aes_cmac(key: &[u8; 16], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = Cmac::<Aes128>::new(key.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

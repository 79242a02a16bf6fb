//! Database Hash (Vol 3, Part G, 7.3.1).

use aes::Aes128;
use cmac::{Cmac, KeyInit, Mac};

use super::{
    Attribute, CHARACTERISTIC, CLIENT_CONFIGURATION, EXTENDED_PROPERTIES, INCLUDE, Uuid, range,
};

/// Other descriptors that enter the hash with their type alone.
const TYPE_ONLY: [Uuid; 4] =
    [Uuid::short(0x2901), Uuid::short(0x2903), Uuid::short(0x2904), Uuid::short(0x2905)];

/// AES-CMAC with a key of zeros over the declarations and descriptors, as the characteristic's
/// value: least significant octet first.
#[must_use]
pub fn database_hash(table: &'static [Attribute]) -> [u8; 16] {
    // GATT-HASH-1: database hash.
    let mut mac = Cmac::<Aes128>::new(&[0; 16].into());
    for (handle, attribute) in range(table, 1, u16::MAX) {
        let kind = attribute.kind;
        let with_value = attribute.is_service()
            || [INCLUDE, CHARACTERISTIC, EXTENDED_PROPERTIES].contains(&kind);
        if !with_value && kind != CLIENT_CONFIGURATION && !TYPE_ONLY.contains(&kind) {
            continue;
        }
        mac.update(&handle.to_le_bytes());
        mac.update(kind.octets());
        if let (true, Some(value)) = (with_value, attribute.constant_value()) {
            mac.update(value);
        }
    }
    let mut hash: [u8; 16] = mac.finalize().into_bytes().into();
    hash.reverse();
    hash
}

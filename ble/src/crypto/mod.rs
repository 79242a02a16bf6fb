//! Cryptographic primitives of Bluetooth LE. P-256 is not among them: it is slow, so it is an
//! [effect](crate::effect).

pub mod address;
pub mod aes;
pub mod ccm;
pub mod cmac;
pub mod toolbox;

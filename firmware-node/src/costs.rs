//! What the work of the firmware costs a processor, in cycles. The table of the nRF52840 is
//! measured: `bletwin chip costs --write` runs the firmware of `targets/nrf52840` on the emulated
//! chip, which counts the cycles of each call of the core, and writes `costs/nrf52840.rs`.

mod nrf52840;

pub use nrf52840::NRF52840;

/// Cycles of each kind of work. A call costs its items and its AES blocks, by [`ble::work::Work`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Costs {
    /// Of one item on the levels radio, control, host.
    pub items: [u32; 3],
    /// Of one AES block, with what is done to the octets besides.
    pub aes_block: u32,
    /// Of a P-256 key pair.
    pub key_pair: u32,
    /// Of a P-256 shared secret.
    pub shared_secret: u32,
}

//! Written by `bletwin chip costs --write`: measured, not chosen.

use super::Costs;

/// The nRF52840 at 64 MHz, with the firmware of `targets/nrf52840`.
pub const NRF52840: Costs = Costs {
    items: [2_977, 3_485, 22_417],
    aes_block: 1_107,
    key_pair: 326_374,
    shared_secret: 917_084,
};

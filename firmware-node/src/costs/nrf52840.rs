//! Written by `bletwin chip costs --write`: measured, not chosen.

use super::Costs;

/// The nRF52840 at 64 MHz, with the firmware of `targets/nrf52840`.
pub const NRF52840: Costs = Costs {
    items: [6_887, 4_999, 23_341],
    aes_block: 9_305,
    key_pair: 327_627,
    shared_secret: 924_361,
};

//! The 32 octets of entropy that the core gets at boot, from the chip's generator.

use ble::random::Entropy;
use nrf_pac::RNG;

/// Draws them, with the generator's bias correction on. Takes about 4 ms.
pub fn entropy() -> Entropy {
    // Zeros and ones are equally likely.
    RNG.config().write(|w| w.set_dercen(true));
    // One octet after the other.
    RNG.tasks_start().write_value(1);
    let mut octets = [0; 32];
    for octet in &mut octets {
        // The next one is waited for.
        RNG.events_valrdy().write_value(0);
        while RNG.events_valrdy().read() == 0 {}
        *octet = RNG.value().read().value();
    }
    // It takes current.
    RNG.tasks_stop().write_value(1);
    Entropy::new(octets)
}

//! The development kit's four LEDs (P0.13–P0.16, lit when low).

use nrf_pac::{P0, gpio};

const FIRST_PIN: usize = 13;
const LEDS: usize = 4;

/// LEDs off, as outputs.
pub fn set_up() {
    for pin in FIRST_PIN..FIRST_PIN + LEDS {
        switch(pin, false);
        // An output.
        P0.pin_cnf(pin).write(|w| w.set_dir(gpio::vals::Dir::Output));
    }
}

/// Shows what the application wants shown.
pub fn show(led: u8, on: bool) {
    if let Some(index) = usize::from(led).checked_sub(1).filter(|index| *index < LEDS) {
        switch(FIRST_PIN + index, on);
    }
}

fn switch(pin: usize, on: bool) {
    let mut pins = gpio::regs::Outset(0);
    pins.set_pin(pin, true);
    // Lit when low.
    if on {
        // Low: it is lit.
        P0.outclr().write(|w| w.set_pin(pin, true));
    } else {
        // High: it is dark.
        P0.outset().write_value(pins);
    }
}

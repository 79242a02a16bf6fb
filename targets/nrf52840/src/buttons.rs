//! The development kit's buttons (P0.11, P0.12, P0.24, P0.25, low while pressed).
//!
//! GPIOTE's PORT event says that a pin is not as it was; its pins are then looked at every 8 ms
//! until they are twice the same. Until something moves again nothing of this needs a clock.

use core::cell::RefCell;
use core::sync::atomic::{AtomicBool, Ordering};

use ble::queue::Queue;
use critical_section::Mutex;
use nrf_pac::{GPIOTE, P0, gpio, interrupt};

use crate::beat;

/// The pin of each.
const PINS: [usize; 4] = [11, 12, 24, 25];
/// From one look to the next, ms.
const LOOK: u32 = 8;
/// Changes that may wait for the thread.
const CHANGES: usize = 8;

/// What is known of the buttons, as bits.
struct Buttons {
    /// Pressed, for the application.
    pressed: u8,
    /// As they were at the last look, if they are being looked at.
    looked: Option<u8>,
    changes: Queue<(usize, bool), CHANGES>,
}

static BUTTONS: Mutex<RefCell<Buttons>> =
    Mutex::new(RefCell::new(Buttons { pressed: 0, looked: None, changes: Queue::new() }));

/// The pins as inputs with pull-up; one that is pressed already is noticed at once.
pub fn set_up() {
    // Any pin of the port that is not as it was.
    GPIOTE.intenset(0).write(|w| w.set_port(true));
    wait_for_change(0);
}

/// Whether something waits for the thread, which asks at each of its rounds.
static WAITS: AtomicBool = AtomicBool::new(false);

/// The next press or release: the number of the button, and whether it is pressed.
pub fn next() -> Option<(usize, bool)> {
    if !WAITS.load(Ordering::Relaxed) {
        return None;
    }
    critical_section::with(|cs| {
        let changes = &mut BUTTONS.borrow(cs).borrow_mut().changes;
        let next = changes.pop();
        WAITS.store(!changes.is_empty(), Ordering::Relaxed);
        next
    })
}

fn pins() -> u8 {
    let levels = P0.in_().read();
    let bits = PINS.iter().enumerate();
    bits.fold(0, |bits, (n, pin)| bits | u8::from(!levels.pin(*pin)) << n)
}

/// Each pin is sensed for what it is not; the event comes if one is that already.
fn wait_for_change(pressed: u8) {
    for (n, pin) in PINS.into_iter().enumerate() {
        configure(
            pin,
            match pressed >> n & 1 {
                0 => gpio::vals::Sense::Low,
                _ => gpio::vals::Sense::High,
            },
        );
    }
}

fn configure(pin: usize, sense: gpio::vals::Sense) {
    // An input that the button pulls down, and what it is sensed for.
    P0.pin_cnf(pin).write(|w| {
        w.set_dir(gpio::vals::Dir::Input);
        w.set_input(gpio::vals::Input::Connect);
        w.set_pull(gpio::vals::Pull::Pullup);
        w.set_sense(sense);
    });
}

impl Buttons {
    /// A pin has moved: looks at them from now on.
    fn moved(&mut self) {
        // DETECT goes low, so that it can rise again.
        PINS.into_iter().for_each(|pin| configure(pin, gpio::vals::Sense::Disabled));
        self.looked = Some(pins());
        beat::sample_in(LOOK);
    }

    /// The time for a look has come.
    fn look(&mut self) {
        let now = pins();
        if self.looked.is_none() {
            return;
        }
        if self.looked.replace(now) != Some(now) {
            return beat::sample_in(LOOK);
        }
        self.looked = None;
        for n in (0..PINS.len()).filter(|n| (now ^ self.pressed) >> n & 1 == 1) {
            // Full only if the thread is away; the oldest is then out of date.
            self.changes.push_dropping_oldest((n, now >> n & 1 == 1));
            WAITS.store(true, Ordering::Relaxed);
        }
        self.pressed = now;
        wait_for_change(now);
    }
}

#[interrupt]
fn GPIOTE() {
    // It was seen.
    GPIOTE.events_port(0).write_value(0);
    // Read back: without it the interrupt comes once more.
    let _ = GPIOTE.events_port(0).read();
    critical_section::with(|cs| BUTTONS.borrow(cs).borrow_mut().moved());
}

#[interrupt]
fn RTC2() {
    if beat::elapsed() {
        critical_section::with(|cs| BUTTONS.borrow(cs).borrow_mut().look());
    }
}

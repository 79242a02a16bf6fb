//! The firmware of bletwin's peripheral for the nRF52840 and Nordic's development kit: it executes
//! what the portable core asks for, shows what happens, and obeys the buttons. README.md says what
//! is missing.
//!
//! Three levels, as the core counts its work, each of which interrupts those below it ([`levels`]):
//! the radio's and the clock's interrupts decide what must be decided within T_IFS; a software
//! interrupt below them runs the link layer's procedures; the thread runs the host and does the
//! slow work.
#![no_std]
#![no_main]

mod beat;
mod board;
mod buttons;
mod chosen;
mod clock;
mod console;
mod copy;
mod costs;
mod crash;
mod crystal;
mod ecb;
mod effects;
mod levels;
mod protection;
mod radio;
mod rng;
mod rtt;
mod started;
mod storage;
mod thread;
#[cfg(feature = "trial")]
mod trial;
mod uart;
mod watchdog;

use cortex_m::peripheral::NVIC;
use cortex_m_rt::entry;
use nrf_pac::{Interrupt, NVMC, interrupt};

use crate::started::Start;
use crate::thread::{Place, Thread};

#[entry]
fn main() -> ! {
    // The entry macro makes it a `&'static mut`: there is only one `main`.
    static mut CORE: Place = Place::uninit();
    // Without its cache, flash makes the processor wait for most jumps: T_IFS has no time for that.
    NVMC.icachecnf().write(|w| w.set_cacheen(true));
    let start = Start::look(protection::apply());
    let config = chosen::config(start.found());
    let mut thread = Thread::new(CORE, &config, &rng::entropy());
    watchdog::start();
    beat::start();
    buttons::set_up();
    enable_interrupts();
    thread.start(&start);
    loop {
        watchdog::feed();
        if !thread.step() {
            // An interrupt that came after the question sets the event register: no wake-up is
            // lost.
            cortex_m::asm::wfe();
        }
    }
}

/// Radio and clock above the software interrupt, in steps that the chip's three priority bits
/// know. Radio and clock share what they have, so they do not interrupt each other.
fn enable_interrupts() {
    const ABOVE: u8 = 1 << 5;
    const BELOW: u8 = 6 << 5;
    const LOWEST: u8 = 7 << 5;
    let Some(mut core) = cortex_m::Peripherals::take() else { return };
    costs::start(&mut core.DCB, &mut core.DWT);
    // SAFETY: no code here relies on priorities for exclusion (critical sections mask them all),
    // and the handlers below are ready to run: each level has its part.
    unsafe {
        core.NVIC.set_priority(Interrupt::RADIO, ABOVE);
        core.NVIC.set_priority(Interrupt::RTC0, ABOVE);
        core.NVIC.set_priority(Interrupt::EGU0_SWI0, BELOW);
        NVIC::unmask(Interrupt::RADIO);
        NVIC::unmask(Interrupt::RTC0);
        NVIC::unmask(Interrupt::EGU0_SWI0);
        for interrupt in [Interrupt::UARTE0, Interrupt::GPIOTE, Interrupt::RTC2] {
            core.NVIC.set_priority(interrupt, LOWEST);
            NVIC::unmask(interrupt);
        }
    }
}

#[interrupt]
fn RADIO() {
    radio::acknowledge();
    levels::radio_interrupt();
}

#[interrupt]
fn RTC0() {
    levels::clock_interrupt();
}

#[interrupt]
fn EGU0_SWI0() {
    levels::control_interrupt();
}

//! A first, thin firmware of bletwin's peripheral for the nRF52840: it executes what the portable
//! core asks for and adds nothing of its own. README.md says what is missing.
//!
//! Three levels, as the core counts its work: the radio's and the clock's interrupts decide what
//! must be decided within T_IFS; a software interrupt below them runs the link layer's procedures;
//! the thread runs the host and does the slow work.
#![no_std]
#![no_main]

mod board;
mod clock;
mod copy;
mod costs;
mod device;
mod effects;
mod radio;
mod rng;
mod storage;
#[cfg(feature = "trial")]
mod trial;

use core::cell::RefCell;
use core::panic::PanicInfo;

use ble::work::Level;
use cortex_m::peripheral::NVIC;
use cortex_m_rt::entry;
use critical_section::Mutex;
#[cfg(not(feature = "trial"))]
use firmware_core::config::Config;
use nrf_pac::{Interrupt, NVMC, interrupt};

use crate::device::{Device, Place};

static DEVICE: Mutex<RefCell<Option<Device>>> = Mutex::new(RefCell::new(None));

/// The device, if it is there yet. Interrupts wait meanwhile: the core is one value, and whoever
/// calls it has it alone. See README.md on what that costs.
fn with<R>(f: impl FnOnce(&mut Device) -> R) -> Option<R> {
    critical_section::with(|cs| DEVICE.borrow(cs).borrow_mut().as_mut().map(f))
}

#[cfg(feature = "trial")]
use trial::config;

#[cfg(not(feature = "trial"))]
fn config() -> Config {
    Config::recommended()
}

#[entry]
fn main() -> ! {
    // The entry macro makes it a `&'static mut`: there is only one `main`.
    static mut CORE: Place = Place::uninit();
    // Without its cache, flash makes the processor wait for most jumps: T_IFS has no time for that.
    NVMC.icachecnf().write(|w| w.set_cacheen(true));
    critical_section::with(|cs| {
        let device = Device::new(CORE, config(), &rng::entropy());
        DEVICE.borrow(cs).replace(Some(device));
    });
    enable_interrupts();
    with(Device::start);
    loop {
        if with(|device| device.store(false)) == Some(true) {
            continue;
        }
        if let Some(completion) = with(Device::next_effect).flatten().and_then(effects::perform) {
            with(|device| device.complete(completion));
        } else if with(|device| device.run(Level::Host) || device.store(true)) != Some(true) {
            // An interrupt that came after the question sets the event register: no wake-up is
            // lost.
            cortex_m::asm::wfe();
        }
    }
}

/// Radio and clock above the software interrupt, in steps that the chip's three priority bits
/// know.
fn enable_interrupts() {
    const ABOVE: u8 = 1 << 5;
    const BELOW: u8 = 6 << 5;
    let Some(mut core) = cortex_m::Peripherals::take() else { return };
    costs::start(&mut core.DCB, &mut core.DWT);
    // SAFETY: no code here relies on priorities for exclusion (critical sections mask them all),
    // and the handlers below are ready to run: the device exists.
    unsafe {
        core.NVIC.set_priority(Interrupt::RADIO, ABOVE);
        core.NVIC.set_priority(Interrupt::RTC0, ABOVE);
        core.NVIC.set_priority(Interrupt::EGU0_SWI0, BELOW);
        NVIC::unmask(Interrupt::RADIO);
        NVIC::unmask(Interrupt::RTC0);
        NVIC::unmask(Interrupt::EGU0_SWI0);
    }
}

#[interrupt]
fn RADIO() {
    with(Device::radio_interrupt);
}

#[interrupt]
fn RTC0() {
    with(Device::clock_interrupt);
}

#[interrupt]
fn EGU0_SWI0() {
    while with(|device| device.run(Level::Control)) == Some(true) {}
}

/// Nothing in here panics on purpose. If it does, the radio falls silent and the chip starts
/// anew, which a central sees as a supervision timeout.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}

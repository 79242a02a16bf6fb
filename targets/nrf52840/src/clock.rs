//! RTC0 as the sleep clock that the core's instants are on. All levels read it.
//!
//! Compare 0 belongs to the radio (it restarts TIMER0 through PPI), compare 1 to the link's
//! deadline, compare 2 to those of control and host.

use core::sync::atomic::{AtomicU32, Ordering};

use ble::time::Instant;
use cortex_m::peripheral::NVIC;
use nrf_pac::{CLOCK, Interrupt, RTC0, clock, rtc};
use radio_regs::time::{extend, instant_of, tick_after};

/// A compare value this close may be passed before it is written.
const TOO_CLOSE: u64 = 2;
/// The counter has 24 bits; a deadline further away than half of them is set in steps.
const FURTHEST: u64 = 1 << 23;

/// Overflows that the interrupt has counted.
static OVERFLOWS: AtomicU32 = AtomicU32::new(0);

/// Whose deadline a compare register has.
#[derive(Clone, Copy)]
pub enum Alarm {
    /// The deadline of the link.
    Link = 1,
    /// That of control or host, whichever is first.
    Upper = 2,
}

/// Starts the crystal of 32,768 Hz and the counter, and waits until they run.
pub fn start() {
    CLOCK.lfclksrc().write(|w| w.set_src(clock::vals::Lfclksrc::Xtal));
    CLOCK.events_lfclkstarted().write_value(0);
    // It wakes the processor, and with that has done its work: nobody takes the interrupt.
    CLOCK.intenset().write(|w| w.set_lfclkstarted(true));
    CLOCK.tasks_lfclkstart().write_value(1);
    // The crystal takes a quarter of a second.
    cortex_m::interrupt::free(|_| {
        // SAFETY: while all interrupts are masked it only ends the sleep.
        unsafe { NVIC::unmask(Interrupt::CLOCK_POWER) };
        while CLOCK.events_lfclkstarted().read() == 0 {
            cortex_m::asm::wfi();
        }
        NVIC::mask(Interrupt::CLOCK_POWER);
    });
    // Once is enough.
    CLOCK.intenclr().write(|w| w.set_lfclkstarted(true));
    NVIC::unpend(Interrupt::CLOCK_POWER);

    // Each tick of the crystal counts.
    RTC0.prescaler().write(|w| w.set_prescaler(0));
    // Compare 0 reaches TIMER0 by PPI; the others interrupt.
    let mut events = rtc::regs::Evt(0);
    events.set_compare(0, true);
    RTC0.evtenset().write_value(events);
    let mut interrupts = rtc::regs::Int(0);
    interrupts.set_compare(Alarm::Link as usize, true);
    interrupts.set_compare(Alarm::Upper as usize, true);
    interrupts.set_ovrflw(true);
    RTC0.intenset().write_value(interrupts);
    // From tick 0 on.
    RTC0.tasks_clear().write_value(1);
    RTC0.tasks_start().write_value(1);
}

fn tick() -> u64 {
    loop {
        let overflows = OVERFLOWS.load(Ordering::Relaxed);
        // In this order: an overflow between the two reads then shows as an event beside a large
        // counter, which `extend` knows how to take.
        let counter = RTC0.counter().read().counter();
        let pending = RTC0.events_ovrflw().read() != 0;
        // Unless the interrupt has counted one meanwhile.
        if OVERFLOWS.load(Ordering::Relaxed) == overflows {
            return extend(overflows, pending, counter);
        }
    }
}

/// Now, to one tick (30.5 µs).
pub fn now() -> Instant {
    instant_of(tick())
}

/// Sets the interrupt for a deadline, or takes it away.
pub fn set(alarm: Alarm, deadline: Option<Instant>) {
    let Some(deadline) = deadline else {
        RTC0.events_compare(alarm as usize).write_value(0);
        return;
    };
    let now = tick();
    let due = tick_after(deadline).min(now + FURTHEST);
    RTC0.cc(alarm as usize).write(|w| w.set_compare((due & 0xFF_FFFF) as u32));
    if due <= now + TOO_CLOSE {
        NVIC::pend(Interrupt::RTC0);
    }
}

/// Counts an overflow and clears the events; called from the interrupt. Which alarms have gone off:
/// the link's, that of the others.
pub fn acknowledge() -> [bool; 2] {
    if RTC0.events_ovrflw().read() != 0 {
        RTC0.events_ovrflw().write_value(0);
        // Only the interrupt writes it.
        OVERFLOWS.store(OVERFLOWS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
    [Alarm::Link, Alarm::Upper].map(|alarm| {
        let event = RTC0.events_compare(alarm as usize);
        let gone_off = event.read() != 0;
        // Or the interrupt would be entered again.
        event.write_value(0);
        gone_off
    })
}

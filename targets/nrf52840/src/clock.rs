//! RTC0 as the sleep clock that the core's instants are on.
//!
//! Compare 0 belongs to the radio (it restarts TIMER0 through PPI), compare 1 to the core's
//! deadline.

use ble::time::Instant;
use cortex_m::peripheral::NVIC;
use nrf_pac::{CLOCK, Interrupt, RTC0, clock, rtc};
use radio_regs::time::{extend, instant_of, tick_after};

/// Compare register of the deadline.
const DEADLINE: usize = 1;
/// A compare value this close may be passed before it is written.
const TOO_CLOSE: u64 = 2;
/// The counter has 24 bits; a deadline further away than half of them is set in steps.
const FURTHEST: u64 = 1 << 23;

/// The running sleep clock.
pub struct Clock {
    overflows: u32,
}

impl Clock {
    /// Starts both crystals and the counter, and waits until they run.
    pub fn start() -> Self {
        CLOCK.lfclksrc().write(|w| w.set_src(clock::vals::Lfclksrc::Xtal));
        CLOCK.events_lfclkstarted().write_value(0);
        CLOCK.tasks_lfclkstart().write_value(1);
        CLOCK.events_hfclkstarted().write_value(0);
        CLOCK.tasks_hfclkstart().write_value(1);
        while CLOCK.events_lfclkstarted().read() == 0 || CLOCK.events_hfclkstarted().read() == 0 {}

        RTC0.prescaler().write(|w| w.set_prescaler(0));
        let mut events = rtc::regs::Evt(0);
        events.set_compare(0, true);
        RTC0.evtenset().write_value(events);
        let mut interrupts = rtc::regs::Int(0);
        interrupts.set_compare(DEADLINE, true);
        interrupts.set_ovrflw(true);
        RTC0.intenset().write_value(interrupts);
        RTC0.tasks_clear().write_value(1);
        RTC0.tasks_start().write_value(1);
        Self { overflows: 0 }
    }

    fn tick(&self) -> u64 {
        // In this order: an overflow between the two reads then shows as an event beside a large
        // counter, which `extend` knows how to take.
        let counter = RTC0.counter().read().counter();
        let pending = RTC0.events_ovrflw().read() != 0;
        extend(self.overflows, pending, counter)
    }

    /// Now, to one tick (30.5 µs).
    pub fn now(&self) -> Instant {
        instant_of(self.tick())
    }

    /// Sets the interrupt for the core's deadline, or takes it away.
    pub fn set_deadline(&self, deadline: Option<Instant>) {
        let Some(deadline) = deadline else {
            RTC0.events_compare(DEADLINE).write_value(0);
            return;
        };
        let now = self.tick();
        let due = tick_after(deadline).min(now + FURTHEST);
        RTC0.cc(DEADLINE).write(|w| w.set_compare((due & 0xFF_FFFF) as u32));
        if due <= now + TOO_CLOSE {
            NVIC::pend(Interrupt::RTC0);
        }
    }

    /// Counts an overflow and clears the events; called from the interrupt.
    pub fn acknowledge(&mut self) {
        if RTC0.events_ovrflw().read() != 0 {
            RTC0.events_ovrflw().write_value(0);
            self.overflows = self.overflows.wrapping_add(1);
        }
        RTC0.events_compare(DEADLINE).write_value(0);
    }
}

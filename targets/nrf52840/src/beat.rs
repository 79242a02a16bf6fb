//! RTC2: a millisecond for buttons that bounce, and a second after which the thread is woken, so
//! that it can say that it lives.

use nrf_pac::{RTC2, rtc};

/// 32,768 Hz by 33: 993 Hz.
const PRESCALER: u16 = 32;
/// Compare registers, by number.
const SAMPLE: usize = 0;
const SECOND: usize = 1;
/// Ticks of a second, and of the 24 bits of the counter.
const PER_SECOND: u32 = 993;
const MASK: u32 = 0xFF_FFFF;

/// Starts it; the sleep clock's crystal runs already.
pub fn start() {
    // A tick of 1.007 ms.
    RTC2.prescaler().write(|w| w.set_prescaler(PRESCALER));
    let mut interrupts = rtc::regs::Int(0);
    interrupts.set_compare(SAMPLE, true);
    interrupts.set_compare(SECOND, true);
    // Both compares are to be noticed.
    RTC2.intenset().write_value(interrupts);
    set(SECOND, PER_SECOND);
    // From zero.
    RTC2.tasks_clear().write_value(1);
    // From now on.
    RTC2.tasks_start().write_value(1);
}

fn set(compare: usize, ticks: u32) {
    let at = RTC2.counter().read().counter().wrapping_add(ticks) & MASK;
    // The event comes at this count.
    RTC2.cc(compare).write(|w| w.set_compare(at));
}

/// Takes note of a compare; whether it was there.
fn take(compare: usize) -> bool {
    if RTC2.events_compare(compare).read() == 0 {
        return false;
    }
    // It was seen.
    RTC2.events_compare(compare).write_value(0);
    // Read back: without it the interrupt comes once more.
    let _ = RTC2.events_compare(compare).read();
    true
}

/// Asks for a sample after so many milliseconds, 2 or more.
pub fn sample_in(ms: u32) {
    set(SAMPLE, ms.max(2));
}

/// To be called by the interrupt: whether a sample is due. A second that is over needs no more than
/// the interrupt itself, which wakes the thread.
pub fn elapsed() -> bool {
    if take(SECOND) {
        set(SECOND, PER_SECOND);
    }
    take(SAMPLE)
}

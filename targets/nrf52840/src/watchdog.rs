//! The watchdog: the chip starts anew unless the thread has come round in time. All other levels
//! are above the thread, so that whichever hangs keeps it away.

use nrf_pac::{WDT, wdt};

/// How long the thread may stay away, in ticks of 32,768 Hz: 4 s. It is woken each second
/// ([`crate::beat`]).
const PATIENCE: u32 = 4 * 32_768;

/// Starts it; nothing stops it again but a reset.
pub fn start() {
    // Four seconds.
    WDT.crv().write_value(PATIENCE - 1);
    // It counts while the processor sleeps, and not while a debugger halts it.
    WDT.config().write(|w| {
        w.set_sleep(wdt::vals::Sleep::Run);
        w.set_halt(wdt::vals::Halt::Pause);
    });
    // One register is to be written.
    WDT.rren().write(|w| w.set_rr(0, true));
    // From now on.
    WDT.tasks_start().write_value(1);
}

/// The thread has come round.
pub fn feed() {
    // Begins the four seconds anew.
    WDT.rr(0).write(|w| w.set_rr(wdt::vals::Rr::Reload));
}

//! Which event triggers which task. PPI channels 20 to 31 are wired by the chip; each is only
//! switched on and off.

use nrf_pac::{PPI, RADIO, RTC0, TIMER0, ppi, radio, timer};
use radio_regs::time::Start;

/// TIMER0 compare 0 starts the transmitter.
const TXEN: u32 = 1 << 20;
/// TIMER0 compare 0 starts the receiver.
const RXEN: u32 = 1 << 21;
/// TIMER0 compare 1 switches the radio off: the end of the window.
const DISABLE: u32 = 1 << 22;
/// The access address is captured in compare 1, which also calls off the end of the window.
const CAPTURE_ADDRESS: u32 = 1 << 26;
/// The end of the packet is captured in compare 2.
const CAPTURE_END: u32 = 1 << 27;
/// RTC0 compare 0 clears and starts TIMER0.
const RESTART: u32 = (1 << 30) | (1 << 31);

/// Compare registers of TIMER0.
const ENABLE_AT: usize = 0;
const ADDRESS_AT: usize = 1;
const END_AT: usize = 2;
const SCRATCH: usize = 3;

/// TIMER0 at 16 MHz with 32 bits, stopped.
pub fn set_up_timer() {
    TIMER0.mode().write(|w| w.set_mode(timer::vals::Mode::Timer));
    TIMER0.bitmode().write(|w| w.set_bitmode(timer::vals::Bitmode::_32bit));
    TIMER0.prescaler().write(|w| w.set_prescaler(0));
}

/// Calls off whatever is armed.
pub fn disarm() {
    let all = TXEN | RXEN | DISABLE | CAPTURE_ADDRESS | CAPTURE_END | RESTART;
    PPI.chenclr().write_value(ppi::regs::Chen(all));
}

/// Has RTC0 restart TIMER0 if the plan says so.
pub fn set_epoch(start: &Start) {
    if let Some(tick) = start.restart {
        TIMER0.tasks_stop().write_value(1);
        TIMER0.tasks_clear().write_value(1);
        RTC0.events_compare(0).write_value(0);
        RTC0.cc(0).write(|w| w.set_compare((tick & 0xFF_FFFF) as u32));
        PPI.chenset().write_value(ppi::regs::Chen(RESTART));
    }
}

/// TXEN at that count.
pub fn arm_transmitter(enable: u32) {
    clear_events();
    TIMER0.cc(ENABLE_AT).write_value(enable);
    PPI.chenset().write_value(ppi::regs::Chen(TXEN | CAPTURE_ADDRESS | CAPTURE_END));
}

/// RXEN at that count, and off at `close` unless an access address was seen.
pub fn arm_receiver(enable: u32, close: u32) {
    clear_events();
    TIMER0.cc(ENABLE_AT).write_value(enable);
    TIMER0.cc(ADDRESS_AT).write_value(close);
    PPI.chenset().write_value(ppi::regs::Chen(RXEN | DISABLE | CAPTURE_ADDRESS | CAPTURE_END));
}

/// Count captured at the access address.
pub fn address_count() -> u32 {
    TIMER0.cc(ADDRESS_AT).read()
}

/// Count captured at the end of the packet.
pub fn end_count() -> u32 {
    TIMER0.cc(END_AT).read()
}

/// TIMER0's count now.
pub fn count() -> u32 {
    TIMER0.tasks_capture(SCRATCH).write_value(1);
    TIMER0.cc(SCRATCH).read()
}

/// Ramped up means started, ended means off; RSSI is sampled at the access address. One interrupt,
/// when the radio is off again.
pub fn set_up_radio() {
    let mut shorts = radio::regs::Shorts(0);
    shorts.set_ready_start(true);
    shorts.set_end_disable(true);
    shorts.set_address_rssistart(true);
    shorts.set_disabled_rssistop(true);
    RADIO.shorts().write_value(shorts);
    let mut interrupts = radio::regs::Int(0);
    interrupts.set_disabled(true);
    RADIO.intenset().write_value(interrupts);
}

fn clear_events() {
    RADIO.events_address().write_value(0);
    RADIO.events_end().write_value(0);
    RADIO.events_disabled().write_value(0);
}

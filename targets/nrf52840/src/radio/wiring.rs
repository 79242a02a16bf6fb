//! Which event triggers which task. PPI channels 20 to 31 are wired by the chip; each is only
//! switched on and off. Channel 0 is wired here, for LE Coded.

use ble::phy::Phy;
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
/// So is that of a packet on LE Coded, whose TERM2 follows its CRC.
const CAPTURE_CODED_END: u32 = 1 << 0;
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

/// Stops counting. STOP alone would leave the timer's current flowing (erratum 78).
pub fn stop_timer() {
    TIMER0.tasks_stop().write_value(1);
    TIMER0.tasks_shutdown().write_value(1);
}

/// Calls off whatever is armed.
pub fn disarm() {
    let ends = CAPTURE_END | CAPTURE_CODED_END;
    let all = TXEN | RXEN | DISABLE | CAPTURE_ADDRESS | ends | RESTART;
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
pub fn arm_transmitter(enable: u32, phy: Phy) {
    clear_events();
    TIMER0.cc(ENABLE_AT).write_value(enable);
    let channels = TXEN | CAPTURE_ADDRESS | end_of(phy);
    PPI.chenset().write_value(ppi::regs::Chen(channels));
}

/// RXEN at that count, and off at `close` unless an access address was seen.
pub fn arm_receiver(enable: u32, close: u32, phy: Phy) {
    clear_events();
    TIMER0.cc(ENABLE_AT).write_value(enable);
    TIMER0.cc(ADDRESS_AT).write_value(close);
    let channels = RXEN | DISABLE | CAPTURE_ADDRESS | end_of(phy);
    PPI.chenset().write_value(ppi::regs::Chen(channels));
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

/// Which channel captures the end of a packet.
const fn end_of(phy: Phy) -> u32 {
    match phy {
        Phy::Le1M | Phy::Le2M => CAPTURE_END,
        Phy::LeCoded => CAPTURE_CODED_END,
    }
}

/// One interrupt, when the radio is off again; and the channel that the chip has not wired.
pub fn set_up_radio() {
    let mut interrupts = radio::regs::Int(0);
    interrupts.set_disabled(true);
    RADIO.intenset().write_value(interrupts);
    let (end, capture) = (RADIO.events_phyend().as_ptr(), TIMER0.tasks_capture(END_AT).as_ptr());
    PPI.ch(0).eep().write_value(end as u32);
    PPI.ch(0).tep().write_value(capture as u32);
}

/// Ramped up means started, ended means off; RSSI is sampled at the access address. END on LE Coded
/// comes before TERM2, and switching off then would cut that away: PHYEND is the end.
pub fn set_shorts(phy: Phy) {
    let mut shorts = radio::regs::Shorts(0);
    shorts.set_ready_start(true);
    match phy {
        Phy::Le1M | Phy::Le2M => shorts.set_end_disable(true),
        Phy::LeCoded => shorts.set_phyend_disable(true),
    }
    shorts.set_address_rssistart(true);
    shorts.set_disabled_rssistop(true);
    // All at once: none of an earlier PHY stays.
    RADIO.shorts().write_value(shorts);
}

/// Takes the interrupt back. A write takes some cycles to arrive; a handler that has ended by then
/// is entered again, so it is read back.
pub fn acknowledge() {
    RADIO.events_disabled().write_value(0);
    let _ = RADIO.events_disabled().read();
}

/// Whether a packet has ended, its CRC included.
pub fn has_ended() -> bool {
    RADIO.events_end().read() != 0
}

/// What tells how far a packet has come is taken back before the next.
fn clear_events() {
    RADIO.events_address().write_value(0);
    RADIO.events_end().write_value(0);
    RADIO.events_phyend().write_value(0);
}

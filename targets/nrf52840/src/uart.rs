//! UARTE0 on the development kit's serial line (P0.06, which its debugger carries to a computer):
//! 115,200 baud, eight bits, no parity, one stop bit. Nothing is received.
//!
//! The thread puts whole lines into a ring, from which EasyDMA takes them while the processor does
//! something else; the interrupt that ends one stretch begins the next.

use core::sync::atomic::{AtomicU8, AtomicU32, Ordering, fence};

use cortex_m::peripheral::NVIC;
use nrf_pac::{Interrupt, P0, UARTE0, gpio, interrupt, shared, uarte};

/// The line to the computer.
const TXD: u8 = 6;
/// Octets of the ring: some twenty lines, or 180 ms. A power of two, so that places of numbers that
/// overflow go on.
const RING: u32 = 2048;

static BUFFER: [AtomicU8; RING as usize] = [const { AtomicU8::new(0) }; RING as usize];
/// Octets that were put there so far, which the thread changes.
static WRITTEN: AtomicU32 = AtomicU32::new(0);
/// Octets that are out so far, and those on their way, which the interrupt changes.
static SENT: AtomicU32 = AtomicU32::new(0);
static SENDING: AtomicU32 = AtomicU32::new(0);

/// Switches it on.
pub fn set_up() {
    // Idle is high, also before UARTE has the pin.
    P0.outset().write(|w| w.set_pin(TXD.into(), true));
    // An output.
    P0.pin_cnf(TXD.into()).write(|w| w.set_dir(gpio::vals::Dir::Output));
    // The pin is UARTE's from here on: P0.06, connected.
    UARTE0.psel().txd().write_value(pin(TXD));
    // As the computer has it.
    UARTE0.baudrate().write(|w| w.set_baudrate(uarte::vals::Baudrate::Baud115200));
    // 8N1 without flow control is what CONFIG has after a reset.
    UARTE0.enable().write(|w| w.set_enable(uarte::vals::Enable::Enabled));
    // The end of a stretch is to be noticed.
    UARTE0.intenset().write(|w| w.set_dmatxend(true));
}

const fn pin(number: u8) -> shared::regs::Psel {
    // Port 0, and bit 31 clear: connected.
    shared::regs::Psel(number as u32)
}

/// Puts a line out; false: it has no room. For the thread alone.
pub fn put(line: &str) -> bool {
    let written = WRITTEN.load(Ordering::Relaxed);
    let waiting = written.wrapping_sub(SENT.load(Ordering::Acquire));
    let octets = line.bytes().chain(*b"\r\n");
    let count = line.len() as u32 + 2;
    if count > RING - waiting.min(RING) {
        return false;
    }
    let places = BUFFER.iter().cycle().skip((written % RING) as usize);
    for (place, octet) in places.zip(octets) {
        place.store(octet, Ordering::Relaxed);
    }
    WRITTEN.store(written.wrapping_add(count), Ordering::Release);
    NVIC::pend(Interrupt::UARTE0);
    true
}

/// Begins the next stretch when none is under way.
fn go_on() {
    if UARTE0.events_dma().tx().end().read() != 0 {
        // It was seen.
        UARTE0.events_dma().tx().end().write_value(0);
        // Read back: without it the interrupt comes once more.
        let _ = UARTE0.events_dma().tx().end().read();
        let done = SENDING.swap(0, Ordering::Relaxed);
        SENT.store(SENT.load(Ordering::Relaxed).wrapping_add(done), Ordering::Release);
    }
    if SENDING.load(Ordering::Relaxed) != 0 {
        return;
    }
    let sent = SENT.load(Ordering::Relaxed);
    let waiting = WRITTEN.load(Ordering::Acquire).wrapping_sub(sent);
    let place = sent % RING;
    let count = waiting.min(RING - place);
    let Some(first) = BUFFER.get(place as usize).filter(|_| count > 0) else {
        // Only a stopped transmitter lets the clock of 16 MHz go.
        UARTE0.tasks_dma().tx().stop().write_value(1);
        return;
    };
    // From here on.
    UARTE0.dma().tx().ptr().write_value(first.as_ptr() as u32);
    // That many.
    UARTE0.dma().tx().maxcnt().write(|w| w.set_maxcnt(count as u16));
    SENDING.store(count, Ordering::Relaxed);
    // What the thread wrote is in RAM before it is fetched.
    fence(Ordering::SeqCst);
    // Fetches and sends.
    UARTE0.tasks_dma().tx().start().write_value(1);
}

#[interrupt]
fn UARTE0() {
    go_on();
}

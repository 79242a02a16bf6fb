//! RTT: a ring in RAM that a debugger reads while the program runs, with one channel, for defmt.
//!
//! defmt-rtt would stop the program for a debugger that is slow, or leave half a frame in the ring.
//! Here a frame comes into the ring whole or not at all. Only the thread logs.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

/// Octets of the ring: one less can wait.
const RING: usize = 1024;
/// Octets of a frame at most: the longest line, what says how it is to be read, and one octet in
/// seven for the encoding.
const FRAME: usize = 256;
/// The channel's mode: whoever writes does not wait.
const NEVER_WAIT: u32 = 0;

/// A channel, as SEGGER lays it out.
#[repr(C)]
struct Channel {
    name: &'static [u8; 6],
    ring: &'static [AtomicU8; RING],
    size: u32,
    written: AtomicU32,
    read: AtomicU32,
    mode: AtomicU32,
}

/// What a debugger looks for.
#[repr(C)]
struct Block {
    id: [u8; 16],
    up: u32,
    down: u32,
    channel: Channel,
}

static BUFFER: [AtomicU8; RING] = [const { AtomicU8::new(0) }; RING];

/// Found by its name, or by its first octets.
#[unsafe(no_mangle)]
static _SEGGER_RTT: Block = Block {
    id: *b"SEGGER RTT\0\0\0\0\0\0",
    up: 1,
    down: 0,
    channel: Channel {
        name: b"defmt\0",
        ring: &BUFFER,
        size: RING as u32,
        written: AtomicU32::new(0),
        read: AtomicU32::new(0),
        mode: AtomicU32::new(NEVER_WAIT),
    },
};

impl Channel {
    /// Puts octets into the ring if all of them have room.
    fn put(&self, octets: &[u8]) -> bool {
        let written = self.written.load(Ordering::Relaxed) as usize % RING;
        // A debugger writes it, and may write anything.
        let read = self.read.load(Ordering::Acquire) as usize % RING;
        let room = (read + RING - written - 1) % RING;
        if octets.len() > room {
            return false;
        }
        let places = self.ring.iter().cycle().skip(written);
        for (place, octet) in places.zip(octets) {
            place.store(*octet, Ordering::Relaxed);
        }
        let after = (written + octets.len()) % RING;
        self.written.store(after as u32, Ordering::Release);
        true
    }
}

/// Puts a line out; false: it has no room.
pub fn put(line: &str) -> bool {
    defmt::println!("{=str}", line);
    LOGGER.kept.load(Ordering::Relaxed)
}

/// A frame that is being made.
struct Frame {
    encoder: defmt::Encoder,
    octets: heapless::Vec<u8, FRAME>,
    whole: bool,
}

impl Frame {
    fn add(octets: &mut heapless::Vec<u8, FRAME>, whole: &mut bool, more: &[u8]) {
        *whole &= octets.extend_from_slice(more).is_ok();
    }
}

/// The logger's state.
struct Logger {
    busy: AtomicBool,
    frame: UnsafeCell<Frame>,
    /// Whether the last frame had room.
    kept: AtomicBool,
}

// SAFETY: `frame` is touched between `acquire` and `release` alone, which `busy` lets only one be
// in at a time.
unsafe impl Sync for Logger {}

static LOGGER: Logger = Logger {
    busy: AtomicBool::new(false),
    frame: UnsafeCell::new(Frame {
        encoder: defmt::Encoder::new(),
        octets: heapless::Vec::new(),
        whole: true,
    }),
    kept: AtomicBool::new(true),
};

/// What defmt's macros call.
#[defmt::global_logger]
struct Rtt;

// SAFETY: `acquire` does not return while somebody else is between it and `release`.
unsafe impl defmt::Logger for Rtt {
    fn acquire() {
        if LOGGER.busy.swap(true, Ordering::Acquire) {
            panic!("something else than the thread logs by defmt");
        }
        // SAFETY: `busy` was not set.
        let Frame { encoder, octets, whole } = unsafe { &mut *LOGGER.frame.get() };
        octets.clear();
        *whole = true;
        encoder.start_frame(|more| Frame::add(octets, whole, more));
    }

    // There is nothing to wait for.
    unsafe fn flush() {}

    unsafe fn release() {
        // SAFETY: called after `acquire`.
        let Frame { encoder, octets, whole } = unsafe { &mut *LOGGER.frame.get() };
        encoder.end_frame(|more| Frame::add(octets, whole, more));
        let kept = *whole && _SEGGER_RTT.channel.put(octets);
        LOGGER.kept.store(kept, Ordering::Relaxed);
        LOGGER.busy.store(false, Ordering::Release);
    }

    unsafe fn write(more: &[u8]) {
        // SAFETY: called after `acquire`.
        let Frame { encoder, octets, whole } = unsafe { &mut *LOGGER.frame.get() };
        encoder.write(more, |more| Frame::add(octets, whole, more));
    }
}

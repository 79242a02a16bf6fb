//! What is left of a crash: a record in RAM that a reset does not touch, which the next start logs.

use core::fmt::{self, Write as _};
use core::mem::MaybeUninit;
use core::panic::PanicInfo;

use cortex_m::peripheral::SCB;
use cortex_m_rt::{ExceptionFrame, exception};

/// Octets of the text at most.
const TEXT: usize = 120;
/// Tells a record from what RAM has after power-up; the CRC tells a whole one.
const MAGIC: u32 = 0x6372_6173;

/// What a crash leaves.
#[repr(C)]
#[derive(Clone, Copy)]
struct Record {
    magic: u32,
    length: u32,
    text: [u8; TEXT],
    crc: u32,
}

impl Record {
    fn crc(&self) -> u32 {
        settings::crc32(&self.text) ^ self.length
    }
}

/// Not written at the start.
#[unsafe(link_section = ".uninit.crash")]
static mut CRASH: MaybeUninit<Record> = MaybeUninit::uninit();

/// Takes the record of the last crash, if there is one.
pub fn take() -> Option<Text> {
    let place = &raw mut CRASH;
    // SAFETY: called by `main` before anything else runs; the place is valid for reads and writes,
    // all values of its octets are values of its type, and volatile because another run wrote them.
    let record = unsafe {
        let record = place.cast::<Record>().read_volatile();
        (&raw mut (*place.cast::<Record>()).magic).write_volatile(0);
        record
    };
    let length = record.length as usize;
    let text = record.text.get(..length).filter(|_| record.magic == MAGIC);
    text.filter(|_| record.crc() == record.crc)?;
    Some(Text { octets: record.text, length })
}

/// Leaves a record and starts anew. The radio falls silent, which a central sees as a supervision
/// timeout.
fn crash(what: &str, more: fmt::Arguments<'_>) -> ! {
    cortex_m::interrupt::disable();
    let mut text = Text { octets: [0; TEXT], length: 0 };
    // An error says that it is cut.
    let _ = text.write_str(what).and_then(|()| text.write_fmt(more));
    let Text { octets, length } = text;
    let mut record = Record { magic: MAGIC, length: length as u32, text: octets, crc: 0 };
    record.crc = record.crc();
    // SAFETY: nothing else runs any more.
    unsafe { (&raw mut CRASH).cast::<Record>().write_volatile(record) };
    SCB::sys_reset()
}

/// A text as far as it has room.
pub struct Text {
    octets: [u8; TEXT],
    length: usize,
}

impl fmt::Write for Text {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let places = self.octets.iter_mut().skip(self.length);
        let put = places.zip(part.bytes()).map(|(place, octet)| *place = octet).count();
        self.length += put;
        (put == part.len()).then_some(()).ok_or(fmt::Error)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names of files and numbers are ASCII.
        self.octets.iter().take(self.length).try_for_each(|octet| f.write_char((*octet).into()))
    }
}

/// Nothing in here panics on purpose. The place tells enough: what is said beside it would fill
/// flash.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    match info.location() {
        Some(at) => crash(at.file(), format_args!(":{}, a panic", at.line())),
        None => crash("a panic", format_args!("")),
    }
}

/// The processor was asked for what it cannot do.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    let (at, from) = (frame.pc(), frame.lr());
    crash("hard fault at ", format_args!("0x{at:08x}, called from 0x{from:08x}"))
}

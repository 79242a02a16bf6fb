//! The log, in the words of the native node: to a debugger by RTT, and to UARTE0.
//!
//! A line is put out whole or not at all, at once, and by nobody but the thread. Nothing waits for
//! whoever reads it: where it has no room, it is counted, and the number is said when there is room
//! again.

use core::fmt::{self, Write as _};

use ble::log::{Log, Severity, Stamp};
use ble::text::Text;
use ble::time::Instant;

use crate::{rtt, uart};

/// Octets of a line at most; a longer one is cut.
const LINE: usize = 192;

/// Where lines go to, and how many were lost there.
struct Sink {
    /// Takes a line, or not.
    put: fn(&str) -> bool,
    lost: u32,
}

/// Both ways out.
pub struct Console {
    sinks: [Sink; 2],
}

impl Console {
    /// Opens the serial port; RTT needs nothing.
    pub fn new() -> Self {
        uart::set_up();
        Self { sinks: [Sink { put: rtt::put, lost: 0 }, Sink { put: uart::put, lost: 0 }] }
    }

    /// A line of the host.
    pub fn log(&mut self, now: Instant, log: &Log) {
        self.line(now, log.severity, log);
    }

    /// A line of the application.
    pub fn said(&mut self, now: Instant, severity: Severity, text: &Text) {
        self.line(now, severity, &format_args!("app: {text}"));
    }

    /// An output of the application that is for no LED.
    pub fn shows(&mut self, now: Instant, output: &dyn fmt::Display) {
        self.line(now, Severity::Info, &format_args!("app: {output}"));
    }

    /// A line of this firmware.
    pub fn own(&mut self, now: Instant, severity: Severity, what: &dyn fmt::Display) {
        self.line(now, severity, &format_args!("nrf52840: {what}"));
    }

    fn line(&mut self, now: Instant, severity: Severity, what: &dyn fmt::Display) {
        let stamp = Stamp(now.since(Instant::ZERO));
        let text = line(stamp, severity, what);
        for Sink { put, lost } in &mut self.sinks {
            if *lost > 0 {
                let told = format_args!("nrf52840: {lost} lines lost here");
                let told = line(stamp, Severity::Warning, &told);
                if put(&told) {
                    *lost = 0;
                }
            }
            if *lost > 0 || !put(&text) {
                *lost = lost.saturating_add(1);
            }
        }
    }
}

fn line(stamp: Stamp, severity: Severity, what: &dyn fmt::Display) -> heapless::String<LINE> {
    let mut text = heapless::String::new();
    // An error says that there was no more room; the line is then cut.
    let _ = write!(Cut(&mut text), "[{stamp}] <").and_then(|()| {
        let mut text = Cut(&mut text);
        text.write_str(severity.short())?;
        write!(text, "> {what}")
    });
    text
}

/// Takes what has room.
struct Cut<'a>(&'a mut heapless::String<LINE>);

impl fmt::Write for Cut<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = part.floor_char_boundary(LINE - self.0.len());
        let fits = part.get(..room).unwrap_or_default();
        let put = self.0.push_str(fits).is_ok() && fits.len() == part.len();
        put.then_some(()).ok_or(fmt::Error)
    }
}

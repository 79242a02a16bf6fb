//! What the log says first: why the chip has started, and with what.

use core::fmt;

use ble::log::Severity;
use ble::time::Instant;
use nrf_pac::{POWER, power};
use settings::Found;

use crate::console::Console;
use crate::protection::Port;
use crate::{chosen, crash};

/// What is known when the chip starts.
pub struct Start {
    reset: Reset,
    crash: Option<crash::Text>,
    port: Port,
    found: Found,
}

/// What has reset the chip: RESETREAS.
struct Reset(power::regs::Resetreas);

impl Start {
    /// Looks; to be called once, first of all.
    pub fn look(port: Port) -> Self {
        let reasons = POWER.resetreas().read();
        // What is 1 is cleared: the next start has its own.
        POWER.resetreas().write_value(reasons);
        Self { reset: Reset(reasons), crash: crash::take(), port, found: chosen::read() }
    }

    /// What the configuration page has.
    pub const fn found(&self) -> Found {
        self.found
    }

    /// Says what is known.
    pub fn tell(&self, now: Instant, console: &mut Console) {
        let Self { reset, crash, port, found } = self;
        let expected = !reset.0.dog() && !reset.0.lockup();
        let severity = if expected { Severity::Info } else { Severity::Error };
        console.own(now, severity, &format_args!("started by {reset}"));
        if let Some(crash) = crash {
            console.own(now, Severity::Error, &format_args!("before: {crash}"));
        }
        chosen::tell(*found, now, console);
        match port {
            Port::Open => {}
            Port::Opened => {
                console.own(now, Severity::Info, &"debug port opened in UICR for all starts");
            }
            Port::Closed => console.own(now, Severity::Info, &"debug port closed by UICR"),
        }
    }
}

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            reasons if reasons.dog() => "the watchdog",
            reasons if reasons.lockup() => "a lockup",
            reasons if reasons.sreq() => "a reset by software",
            reasons if reasons.resetpin() => "the reset pin",
            reasons if reasons.off() => "a pin, from System OFF",
            _ => "power",
        })
    }
}

//! What the configuration page says, and what the chip is.

use ble::log::Severity;
use ble::time::Instant;
use firmware_core::config::Config;
use nrf_pac::FICR;
#[cfg(not(feature = "trial"))]
use settings::Settings;
use settings::{Described, Found, PAGE};

use crate::console::Console;

unsafe extern "C" {
    /// Where the page begins; `memory.x` has it.
    #[link_name = "_settings"]
    static SETTINGS: [u8; PAGE];
}

/// What counts if the page says nothing.
#[cfg(not(feature = "trial"))]
const DEFAULT: Settings = Settings::new();
#[cfg(feature = "trial")]
use crate::trial::DEFAULT;

/// For those who configure a file, or run it.
#[unsafe(no_mangle)]
static BLETWIN_SETTINGS: Described = Described {
    // SAFETY: the linker keeps the page free, it is always readable, and nobody writes it while
    // this program runs.
    page: unsafe { &SETTINGS },
    defaults: DEFAULT.copy(),
};

/// Reads the page.
pub fn read() -> Found {
    let described = &raw const BLETWIN_SETTINGS;
    // SAFETY: it is there. Volatile, so that it is there for others, too.
    let Described { page, .. } = unsafe { described.read_volatile() };
    Found::read(page)
}

/// The configuration by what was found there, or else by default.
pub fn config(found: Found) -> Config {
    let [low, high] = [FICR.deviceaddr(0).read(), FICR.deviceaddr(1).read()];
    let ([a, b, c, d], [e, f, ..]) = (low.to_le_bytes(), high.to_le_bytes());
    let config = found.settings().unwrap_or(DEFAULT).config([a, b, c, d, e, f]);
    #[cfg(feature = "trial")]
    let config = crate::trial::changed(config);
    config
}

/// Says what was found.
pub fn tell(found: Found, now: Instant, console: &mut Console) {
    let severity = match found {
        Found::Blank | Found::Both(_) => Severity::Info,
        Found::One(_) | Found::Newer(_) | Found::Damaged => Severity::Warning,
    };
    console.own(now, severity, &format_args!("configuration page: {found}"));
}

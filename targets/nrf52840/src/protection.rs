//! The debug port. Build codes from Fx0 on (revision 3) are closed after a reset unless UICR says
//! `HwDisabled` *and* the program opens it; older ones are open unless UICR says something, and
//! what opens the new ones would close them.
//!
//! A development build leaves it open, a release build (feature `locked`) closes it. UICR is never
//! erased: bits that are 1 become 0, once. What a locked chip takes to be opened again is in
//! README.md.

use nrf_pac::{APPROTECT, FICR, NVMC, UICR, nvmc};

/// UICR.APPROTECT and APPROTECT.DISABLE: the port may be open.
const OPEN: u32 = 0xFFFF_FF5A;
const OPEN_BY_SOFTWARE: u32 = 0x5A;
/// UICR.APPROTECT: it is closed, by whatever build.
const CLOSED: u32 = 0xFFFF_FF00;
const BLANK: u32 = u32::MAX;

/// What is known of it, for the log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// It is open.
    Open,
    /// It was opened for the next starts: UICR was blank.
    Opened,
    /// UICR closes it, and only erasing the whole chip opens it again.
    Closed,
}

/// Whether software has a part in it: the third character of the build code is its letter.
fn is_hardened() -> bool {
    // FICR.INFO.VARIANT is ASCII, `AAF0`, most significant octet first.
    let [_, _, letter, _] = FICR.info().variant().read().to_be_bytes();
    letter >= b'F'
}

/// Writes UICR.APPROTECT; what is 0 there stays so.
fn write(value: u32) {
    // Flash may be written from here on.
    NVMC.config().write(|w| w.set_wen(nvmc::vals::Wen::Wen));
    while !NVMC.ready().read().ready() {}
    // Bits that are 1 become 0, and none the other way.
    UICR.approtect().write(|w| w.0 = value);
    while !NVMC.ready().read().ready() {}
    // And not any more.
    NVMC.config().write(|w| w.set_wen(nvmc::vals::Wen::Ren));
    while !NVMC.ready().read().ready() {}
}

/// Opens or closes it, as the build wants.
pub fn apply() -> Port {
    let configured = UICR.approtect().read().0;
    if cfg!(feature = "locked") {
        if configured != CLOSED {
            write(CLOSED);
        }
        if is_hardened() {
            // Closed until the next reset, from which on UICR closes it.
            APPROTECT.forceprotect().write(|w| w.0 = 0);
        }
        return Port::Closed;
    }
    match (is_hardened(), configured) {
        (false, BLANK) => Port::Open,
        (false, _) => Port::Closed,
        (true, configured) => {
            if configured == BLANK {
                write(OPEN);
            } else if configured & 0xFF != OPEN & 0xFF {
                return Port::Closed;
            }
            // The half of it that is software's.
            APPROTECT.disable().write(|w| w.0 = OPEN_BY_SOFTWARE);
            if configured == BLANK { Port::Opened } else { Port::Open }
        }
    }
}

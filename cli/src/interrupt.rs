//! Ctrl-C: loops end at the next simulated event, and temporary files are removed on the way out.

use std::sync::atomic::{AtomicBool, Ordering};

// A signal has no other way to reach a loop; nothing simulated ever reads it.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

pub(crate) fn install() {
    // Without a handler Ctrl-C still ends the process; only the tidy way out is lost.
    let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::SeqCst));
}

/// Whether Ctrl-C was pressed: loops ask between simulated events.
pub(crate) fn requested() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

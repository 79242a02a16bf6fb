//! What every command has in common at its end.

use bletwin_setup::error::BadInput;

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// The expected outcome.
    Expected,
    /// Another outcome.
    Unexpected,
    /// Ctrl-C; nothing half-written is left.
    Interrupted,
}

/// Tells what is taken and can have no effect, each once: several runs may have it in common.
pub(super) fn warn(warnings: &[BadInput]) {
    for (at, warning) in warnings.iter().enumerate() {
        if !warnings.iter().take(at).any(|before| before == warning) {
            let BadInput { what, help } = warning;
            eprintln!("bletwin: warning: {what}\n         {help}");
        }
    }
}

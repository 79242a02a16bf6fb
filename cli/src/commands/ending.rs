//! What every command has in common at its end.

use bletwin_setup::error::BadInput;

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// The expected outcome: exit code 0.
    Expected,
    /// Another outcome than the expected one: exit code 1.
    Unexpected,
    /// Ctrl-C: exit code 130; nothing half-written is left.
    Interrupted,
}

/// Prints warnings about values without effect, each once: several runs may share them.
pub(super) fn warn(warnings: &[BadInput]) {
    for (at, warning) in warnings.iter().enumerate() {
        if !warnings.iter().take(at).any(|before| before == warning) {
            let BadInput { what, help } = warning;
            eprintln!("bletwin: warning: {what}\n         {help}");
        }
    }
}

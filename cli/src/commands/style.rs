//! Colours, on a terminal only (`anstream` strips them elsewhere and honours NO_COLOR).

use owo_colors::OwoColorize;

/// A heading.
pub(super) fn heading(text: &str) -> String {
    text.bold().to_string()
}

/// Something as it should be.
pub(super) fn good(text: &str) -> String {
    text.green().to_string()
}

/// Something that failed.
pub(super) fn bad(text: &str) -> String {
    text.red().bold().to_string()
}

/// Something of less importance.
pub(super) fn faint(text: &str) -> String {
    text.dimmed().to_string()
}

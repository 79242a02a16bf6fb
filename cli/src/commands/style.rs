//! Colours, on a terminal only (`anstream` strips them elsewhere and honours NO_COLOR).

use owo_colors::OwoColorize;

/// A heading, in bold.
pub(super) fn heading(text: &str) -> String {
    text.bold().to_string()
}

/// Something as it should be, in green.
pub(super) fn good(text: &str) -> String {
    text.green().to_string()
}

/// Something that failed, in bold red.
pub(super) fn bad(text: &str) -> String {
    text.red().bold().to_string()
}

/// Something of less importance, dimmed.
pub(super) fn faint(text: &str) -> String {
    text.dimmed().to_string()
}

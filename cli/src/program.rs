//! The name of the program, for the commands that it prints.

use std::sync::OnceLock;

static NAME: OnceLock<String> = OnceLock::new();

/// From now on commands are printed with the name of the running file: the command is built into a
/// user's program.
pub(crate) fn is_ones_own() {
    let file = std::env::current_exe().ok();
    let stem = file.as_ref().and_then(|file| file.file_stem()).and_then(|stem| stem.to_str());
    if let Some(name) = stem {
        NAME.get_or_init(|| name.to_owned());
    }
}

/// `bletwin`, or the name of the program that it is built into.
pub(crate) fn name() -> &'static str {
    NAME.get().map_or("bletwin", String::as_str)
}

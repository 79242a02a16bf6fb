//! Firmware that is no configuration but a file: `elf=FILE`, run by the emulated chip.

mod chosen;
mod described;
pub mod file;

use std::path::Path;

use bletwin_emulator::node::Image;

use crate::error::BadInput;
pub(crate) use chosen::configure;
pub use chosen::{Chosen, IDENTITY, set};
pub use described::describe;

/// What such a firmware's name begins with.
pub const PREFIX: &str = "elf=";

/// More than the chip's flash with a generous lot of debug information.
const SIZE_MAX: u64 = 256 << 20;

/// Keys that describe the file, without changing it.
const KNOWN: [&str; 3] = ["passkey", "required-level", "pairing-outside-mode"];

/// Reads an ELF file for the chip.
///
/// # Errors
/// [`BadInput`] if it cannot be read or flashed.
pub fn load(path: &Path) -> Result<Image, BadInput> {
    let name = path.display();
    let unreadable = |error: std::io::Error| BadInput {
        what: format!("cannot read {name}: {error}"),
        help: "targets/nrf52840/README.md says how the firmware is built".into(),
    };
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > SIZE_MAX {
        let what = format!("{name} has {length} octets");
        return Err(BadInput { what, help: "give the ELF file of a firmware".into() });
    }
    let file = std::fs::read(path).map_err(unreadable)?;
    Image::from_elf(&file).map_err(|error| BadInput {
        what: format!("{name} cannot be flashed: {error}"),
        help: "give an ELF file for the nRF52840, as the compiler writes it".into(),
    })
}

/// Whether a key of firmware can be set beside a file.
///
/// # Errors
/// [`BadInput`]: the file has its own choices.
pub(crate) fn known(key: &str, has_page: bool) -> Result<(), BadInput> {
    if KNOWN.contains(&key) {
        return Ok(());
    }
    let others = match has_page {
        true => {
            let keys = settings::KEYS.iter().map(|key| key.name);
            format!("; its configuration page has {}", keys.collect::<Vec<_>>().join(", "))
        }
        false => String::new(),
    };
    Err(BadInput {
        what: format!("`{key}` cannot be set in a file that is built already"),
        help: format!(
            "build it with another configuration; {} say what the person knows of it{others}",
            KNOWN.join(", ")
        ),
    })
}

/// Where a file has no place.
#[must_use]
pub fn not_here(name: &str) -> BadInput {
    BadInput {
        what: format!("`{name}` has a place in `run`, `demo` and `serve` only"),
        help: "give a preset, or a TOML file".into(),
    }
}

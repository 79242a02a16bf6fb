//! Firmware that is no configuration but a file: `elf=FILE`, run by the emulated chip.

use std::path::Path;

use bletwin_emulator::node::Image;

use crate::error::BadInput;

/// What such a firmware's name begins with.
pub const PREFIX: &str = "elf=";

/// FICR's device address and device id; a scenario has one chip.
pub const IDENTITY: [u64; 2] = [0xC1C0_FFEE_0001, 1];

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
pub(crate) fn known(key: &str) -> Result<(), BadInput> {
    if KNOWN.contains(&key) {
        return Ok(());
    }
    Err(BadInput {
        what: format!("`{key}` cannot be set in a file that is built already"),
        help: format!(
            "build it with another configuration; {} say what the person knows of it",
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

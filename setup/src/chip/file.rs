//! Files for the chip with a configuration page in them: Intel HEX, and ELF.

mod elf;
mod hex;

use bletwin_emulator::node::Image;
use settings::{Found, PAGE, Settings};

use super::Chosen;
use crate::error::BadInput;

/// Where the firmware of `targets/nrf52840` has its page: its `memory.x`.
pub const ADDRESS: u32 = 0x0003_B000;

/// Octets of a file at most.
pub const SIZE_MAX: u64 = 64 << 20;

/// A file's format, which its first octets tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As the compiler writes it.
    Elf,
    /// Intel HEX, as programmers take it.
    Hex,
}

impl Format {
    /// Of a file with these octets.
    ///
    /// # Errors
    /// [`BadInput`] if it is neither.
    pub fn of(file: &[u8]) -> Result<Self, BadInput> {
        if file.starts_with(b"\x7FELF") {
            return Ok(Self::Elf);
        }
        let first = file.iter().find(|octet| !octet.is_ascii_whitespace());
        if first == Some(&b':') {
            return Ok(Self::Hex);
        }
        Err(BadInput {
            what: "the file is neither ELF nor Intel HEX".into(),
            help:
                "give what the compiler writes, or the .hex made of it; a .bin does not say where \
                   it belongs"
                    .into(),
        })
    }
}

/// What a file says of the configuration page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// Where the page is.
    pub address: u32,
    /// What it has.
    pub found: Found,
    /// What counts if it says nothing; `None`: the file does not tell.
    pub defaults: Option<Settings>,
}

/// Reads the configuration page of a file.
///
/// # Errors
/// [`BadInput`] if the file cannot be used.
pub fn read(file: &[u8]) -> Result<Content, BadInput> {
    match Format::of(file)? {
        Format::Elf => {
            let Chosen { address, found, defaults } = chosen(file)?;
            Ok(Content { address, found, defaults: Some(defaults) })
        }
        Format::Hex => {
            let page = hex::read(file, ADDRESS)?;
            Ok(Content { address: ADDRESS, found: Found::read(&page), defaults: None })
        }
    }
}

/// The same file with these settings in its page. What else is in it stays.
///
/// # Errors
/// [`BadInput`] if the file cannot be used.
pub fn write(file: &[u8], settings: &Settings) -> Result<Vec<u8>, BadInput> {
    match Format::of(file)? {
        Format::Elf => {
            let address = chosen(file)?.address;
            let changed = elf::write(file, address, &settings.page())?;
            // What was written is read, before anybody relies on it.
            let written = chosen(&changed)?.found;
            match written == Found::Both(*settings) {
                true => Ok(changed),
                false => Err(elf::damaged("its tables contradict each other")),
            }
        }
        Format::Hex => hex::write(file, ADDRESS, &settings.page()).map(String::into_bytes),
    }
}

/// The page alone, as Intel HEX: a programmer leaves all else alone.
#[must_use]
pub fn page(settings: &Settings) -> String {
    hex::page(ADDRESS, &settings.page())
}

fn chosen(file: &[u8]) -> Result<Chosen, BadInput> {
    let image = Image::from_elf(file).map_err(|error| BadInput {
        what: format!("the file cannot be flashed: {error}"),
        help: "give an ELF file for the nRF52840, as the compiler writes it".into(),
    })?;
    let page = u32::try_from(PAGE).unwrap_or(u32::MAX);
    Chosen::of(&image).filter(|chosen| chosen.address % page == 0).ok_or_else(|| BadInput {
        what: format!("this firmware has no configuration page (no symbol {})", settings::SYMBOL),
        help: "give the one of targets/nrf52840, with its symbols".into(),
    })
}

#[cfg(test)]
mod tests;

//! Flash and RAM, shared between copies until they are written to.

mod code;
mod page;
mod region;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(crate) use code::CodePage;
use region::Region;

use crate::decode;

/// Where RAM begins.
pub const RAM_BASE: u32 = 0x2000_0000;
/// Where the page of flash for configuration begins: UICR.
pub const UICR_BASE: u32 = 0x1000_1000;

/// Flash at 0, RAM at [`RAM_BASE`], perhaps UICR at [`UICR_BASE`]. A copy shares all pages;
/// [`Memory::seal`] beforehand makes later copies cheap. The unit tests measure neither:
/// `benches/emulator.rs` does.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Memory {
    flash: Region,
    ram: Region,
    /// The page of flash for configuration: it holds no code.
    uicr: Region,
}

impl Memory {
    /// Erased flash and zeroed RAM; sizes in octets, rounded up to whole KiB.
    #[must_use]
    pub fn new(flash: u32, ram: u32) -> Self {
        let (flash, ram) = (Region::new(0, flash, 0xFF), Region::new(RAM_BASE, ram, 0));
        Self { flash, ram, uicr: Region::new(UICR_BASE, 0, 0xFF) }
    }

    /// The same with erased UICR of a number of octets.
    #[must_use]
    pub fn with_uicr(self, octets: u32) -> Self {
        Self { uicr: Region::new(UICR_BASE, octets, 0xFF), ..self }
    }

    /// Octets of flash.
    #[must_use]
    pub fn flash_len(&self) -> u32 {
        self.flash.len()
    }

    /// Gives up all pages of its own, so that the next copies only share.
    pub fn seal(&mut self) {
        self.flash.seal();
        self.ram.seal();
        self.uicr.seal();
    }

    /// `N` (1, 2 or 4) octets at a multiple of `N`, from RAM, flash or UICR.
    #[inline]
    #[must_use]
    pub fn read<const N: usize>(&self, address: u32) -> Option<[u8; N]> {
        let flash = || self.flash.read(address).or_else(|| self.uicr.read(address));
        self.ram.read(address).or_else(flash)
    }

    #[inline]
    pub(crate) fn read_ram<const N: usize>(&self, address: u32) -> Option<[u8; N]> {
        self.ram.read(address)
    }

    /// Octets of RAM that lie on one page.
    #[inline]
    pub(crate) fn ram_stretch(&self, address: u32, count: usize) -> Option<&[u8]> {
        self.ram.stretch(address, count)
    }

    /// The same to be written, where no code is.
    #[inline]
    pub(crate) fn ram_stretch_mut(&mut self, address: u32, count: usize) -> Option<&mut [u8]> {
        self.ram.stretch_mut(address, count)
    }

    /// Writes `N` (1, 2 or 4) octets to RAM at a multiple of `N`; whether there is RAM.
    #[inline]
    pub fn write_ram<const N: usize>(&mut self, address: u32, octets: [u8; N]) -> bool {
        self.ram.write(address, octets)
    }

    /// Changes flash or UICR as their controller or a programmer does; whether there is any.
    pub fn write_flash<const N: usize>(&mut self, address: u32, octets: [u8; N]) -> bool {
        self.flash.write(address, octets) || self.uicr.write(address, octets)
    }

    /// Takes over flash and UICR of another.
    pub(crate) fn copy_flash(&mut self, from: &Self) {
        self.flash = from.flash.clone();
        self.uicr = from.uicr.clone();
    }

    /// Octets from anywhere in flash, UICR and RAM, as a debugger reads them.
    #[must_use]
    pub fn octets(&self, address: u32, count: usize) -> Option<Vec<u8>> {
        (0..count)
            .map(|n| self.read::<1>(address.wrapping_add(n as u32)).map(|[octet]| octet))
            .collect()
    }

    /// Puts octets into flash, UICR or RAM, as a programmer does. False, and nothing more is
    /// written, once an address has no memory.
    pub fn program(&mut self, address: u32, octets: &[u8]) -> bool {
        octets.iter().enumerate().all(|(n, octet)| {
            let address = address.wrapping_add(n as u32);
            self.write_ram(address, [*octet]) || self.write_flash(address, [*octet])
        })
    }

    /// The decoded page around an address, which the loop gives back before anything else is done;
    /// `None`: there is neither flash nor RAM.
    #[inline]
    pub(crate) fn lend_code(&mut self, address: u32) -> Option<Arc<CodePage>> {
        if self.is_flash(address) {
            self.flash.lend_code(address)
        } else {
            self.ram.lend_code(address)
        }
    }

    /// Takes back a page that was lent for an address.
    #[inline]
    pub(crate) fn give_code_back(&mut self, address: u32, page: Arc<CodePage>) {
        if self.is_flash(address) {
            self.flash.give_code_back(page);
        } else {
            self.ram.give_code_back(page);
        }
    }

    /// Whether what the lent page was decoded from has changed.
    #[inline(always)]
    pub(crate) fn code_is_stale(&self) -> bool {
        self.flash.code_is_stale() || self.ram.code_is_stale()
    }

    /// Whether a wide instruction stands at an address.
    #[inline]
    pub(crate) fn is_wide(&self, address: u32) -> bool {
        self.read(address).is_some_and(|half| decode::is_wide(u16::from_le_bytes(half)))
    }

    pub(crate) fn is_flash(&self, address: u32) -> bool {
        address < self.flash.len() || address.wrapping_sub(UICR_BASE) < self.uicr.len()
    }

    /// Octets of flash, UICR and RAM.
    pub(crate) fn octets_in_all(&self) -> usize {
        [self.flash.len(), self.uicr.len(), self.ram.len()]
            .map(|octets| octets as usize)
            .iter()
            .sum()
    }

    /// Octets of UICR.
    pub(crate) fn uicr_len(&self) -> u32 {
        self.uicr.len()
    }
}

//! Flash and RAM, shared between copies until they are written to.

mod code;
mod page;
mod region;

#[cfg(test)]
mod tests;

use region::Region;

use crate::decode::Instruction;

/// Where RAM begins.
pub const RAM_BASE: u32 = 0x2000_0000;

/// Flash at 0 and RAM at [`RAM_BASE`]. A copy shares all pages; [`Memory::seal`] beforehand makes
/// later copies cheap. The unit tests measure neither: `benches/emulator.rs` does.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Memory {
    flash: Region,
    ram: Region,
}

impl Memory {
    /// Erased flash and zeroed RAM; sizes in octets, rounded up to whole KiB.
    #[must_use]
    pub fn new(flash: u32, ram: u32) -> Self {
        Self { flash: Region::new(0, flash, 0xFF), ram: Region::new(RAM_BASE, ram, 0) }
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
    }

    /// `N` (1, 2 or 4) octets at a multiple of `N`, from RAM or flash.
    #[inline]
    #[must_use]
    pub fn read<const N: usize>(&self, address: u32) -> Option<[u8; N]> {
        self.ram.read(address).or_else(|| self.flash.read(address))
    }

    #[inline]
    pub(crate) fn read_ram<const N: usize>(&self, address: u32) -> Option<[u8; N]> {
        self.ram.read(address)
    }

    /// Writes `N` (1, 2 or 4) octets to RAM at a multiple of `N`; whether there is RAM.
    #[inline]
    pub fn write_ram<const N: usize>(&mut self, address: u32, octets: [u8; N]) -> bool {
        self.ram.write(address, octets)
    }

    /// Changes flash as its controller or a programmer does; whether there is flash.
    pub fn write_flash<const N: usize>(&mut self, address: u32, octets: [u8; N]) -> bool {
        self.flash.write(address, octets)
    }

    /// Takes over the flash of another.
    pub(crate) fn copy_flash(&mut self, from: &Self) {
        self.flash = from.flash.clone();
    }

    /// Octets from anywhere in flash and RAM, as a debugger reads them.
    #[must_use]
    pub fn octets(&self, address: u32, count: usize) -> Option<Vec<u8>> {
        (0..count)
            .map(|n| self.read::<1>(address.wrapping_add(n as u32)).map(|[octet]| octet))
            .collect()
    }

    /// Puts octets into flash or RAM, as a programmer does. False, and nothing more is written,
    /// once an address has no memory.
    pub fn program(&mut self, address: u32, octets: &[u8]) -> bool {
        octets.iter().enumerate().all(|(n, octet)| {
            let address = address.wrapping_add(n as u32);
            self.write_ram(address, [*octet]) || self.write_flash(address, [*octet])
        })
    }

    #[inline]
    pub(crate) fn code(&self, address: u32, in_block: bool) -> Option<&Instruction> {
        self.flash.code(address, in_block).or_else(|| self.ram.code(address, in_block))
    }

    /// Decodes what stands at an address; false if not all of it is in flash or RAM.
    pub(crate) fn decode(&mut self, address: u32) -> bool {
        self.flash.decode(address) || self.ram.decode(address)
    }

    pub(crate) fn is_flash(&self, address: u32) -> bool {
        address < self.flash.len()
    }
}

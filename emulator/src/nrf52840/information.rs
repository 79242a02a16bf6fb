//! FICR, and what UICR, which is flash, configures at a reset: the reset pin. Gaps: production test
//! and trim values read as erased; NFCPINS, REGOUT0, APPROTECT and DEBUGCTRL of UICR do nothing.

use super::revision::Revision;
use super::{FLASH, Identity, RAM};
use crate::memory::{Memory, UICR_BASE};

/// The registers that identify the chip.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Information {
    device_address: u64,
    device_id: u64,
    revision: Revision,
    /// Port and pin.
    reset_pin: Option<(usize, u8)>,
}

/// The two words of PSELRESET.
const RESET_PINS: [u32; 2] = [UICR_BASE + 0x200, UICR_BASE + 0x204];

impl Information {
    pub(super) fn new(identity: &Identity) -> Self {
        let Identity { device_address, device_id, revision, .. } = *identity;
        Self { device_address, device_id, revision, reset_pin: None }
    }

    /// At a reset: takes what UICR says. Both words have to name the pin.
    pub(super) fn configure(&mut self, memory: &Memory) {
        let [one, other] =
            RESET_PINS.map(|at| memory.read(at).map_or(u32::MAX, u32::from_le_bytes));
        let connected = one == other && one >> 31 == 0;
        self.reset_pin = connected.then_some(((one >> 5 & 1) as usize, (one & 0x1F) as u8));
    }

    /// Port and pin that reset the chip while they are low.
    pub(super) fn reset_pin(&self) -> Option<(usize, u8)> {
        self.reset_pin
    }

    pub(super) fn revision(&self) -> Revision {
        self.revision
    }

    /// A word, if the address is in FICR.
    pub(super) fn read(&self, address: u32) -> Option<u32> {
        const ERASED: u32 = u32::MAX;
        Some(match address {
            0x1000_0010 => 4096,
            0x1000_0014 => FLASH / 4096,
            0x1000_0060 => self.device_id as u32,
            0x1000_0064 => (self.device_id >> 32) as u32,
            // The address is a random one.
            0x1000_00A0 => ERASED,
            0x1000_00A4 => self.device_address as u32,
            0x1000_00A8 => (self.device_address >> 32) as u32 | 0xFFFF_0000,
            0x1000_0100 => 0x5_2840,
            0x1000_0104 => self.revision.variant(),
            // The package "QI".
            0x1000_0108 => 0x2004,
            0x1000_010C => RAM / 1024,
            0x1000_0110 => FLASH / 1024,
            0x1000_0130 => self.revision.errata_words()[0],
            0x1000_0134 => self.revision.errata_words()[1],
            0x1000_0000..0x1000_1000 => ERASED,
            _ => return None,
        })
    }
}

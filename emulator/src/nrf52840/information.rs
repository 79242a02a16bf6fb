//! FICR. UICR is flash, which NVMC writes. Gaps: production test and trim values read as erased;
//! what UICR configures does nothing.

use super::revision::Revision;
use super::{FLASH, Identity, RAM};

/// The registers that identify the chip.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Information {
    device_address: u64,
    device_id: u64,
    revision: Revision,
}

impl Information {
    pub(super) fn new(identity: &Identity) -> Self {
        let Identity { device_address, device_id, revision, .. } = *identity;
        Self { device_address, device_id, revision }
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

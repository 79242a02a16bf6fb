//! Device match: whether a packet comes from one of eight addresses.

/// DAB, DAP and DACNF: the addresses, which of them are compared, and their types.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(super) struct Devices {
    low: [u32; 8],
    high: [u32; 8],
    configuration: u32,
    /// DAI: the one that matched last.
    matched: u32,
}

impl Devices {
    /// Whether a packet's first address is one that is compared; `None`: none is. The address is
    /// the first six octets of the payload, its type bit 6 of the header, TxAdd.
    pub(super) fn compare(&mut self, pdu: &[u8]) -> Option<bool> {
        let enabled = self.configuration & 0xFF;
        if enabled == 0 {
            return None;
        }
        let Some((&[header, _], address)) = pdu.split_first_chunk() else { return Some(false) };
        let Some(address) = address.first_chunk::<6>() else { return Some(false) };
        let is = |n: &usize| {
            let (low, high) = (self.low[*n].to_le_bytes(), self.high[*n].to_le_bytes());
            let kind = self.configuration >> (8 + n) & 1;
            enabled >> n & 1 == 1
                && address[..4] == low
                && address[4..] == high[..2]
                && u32::from(header >> 6 & 1) == kind
        };
        let found = (0..8).find(is);
        self.matched = found.map_or(self.matched, |n| n as u32);
        Some(found.is_some())
    }

    pub(super) fn read(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            0x410 => self.matched,
            0x600..0x620 => self.low[(offset - 0x600) as usize / 4],
            0x620..0x640 => self.high[(offset - 0x620) as usize / 4],
            0x640 => self.configuration,
            _ => return None,
        })
    }

    pub(super) fn write(&mut self, offset: u32, value: u32) -> bool {
        match offset {
            0x600..0x620 => self.low[(offset - 0x600) as usize / 4] = value,
            0x620..0x640 => self.high[(offset - 0x620) as usize / 4] = value & 0xFFFF,
            0x640 => self.configuration = value & 0xFFFF,
            _ => return false,
        }
        true
    }
}

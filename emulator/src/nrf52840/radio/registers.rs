//! The radio's registers beside tasks, events, shorts and interrupts. Four that no document names,
//! but the workarounds for errata 143, 164, 172 and 191, are kept and do nothing.

use super::Radio;
use crate::bus::Ticks;

/// Which of the undocumented registers an offset is.
const fn workaround(offset: u32) -> usize {
    match offset {
        0x73C => 0,
        0x740 => 1,
        0x774 => 2,
        _ => 3,
    }
}

impl Radio {
    pub(super) fn register(&self, offset: u32, now: Ticks) -> Option<u32> {
        Some(match offset {
            0x400 => self.crc_ok.into(),
            0x408 => self.matched,
            0x414 => self.packet_status(now),
            0x40C => self.received_crc,
            0x504 => self.pointer,
            0x508 => self.frequency,
            0x50C => self.power,
            0x510 => self.mode,
            0x514 | 0x518 => self.packet[(offset - 0x514) as usize / 4],
            0x51C | 0x520 => self.base[(offset - 0x51C) as usize / 4],
            0x524 | 0x528 => self.prefix[(offset - 0x524) as usize / 4],
            0x52C | 0x530 => self.addresses[(offset - 0x52C) as usize / 4],
            0x534..0x540 => self.crc[(offset - 0x534) as usize / 4],
            0x544 => self.spacing,
            0x548 => self.rssi.into(),
            0x550 => self.state_number(),
            0x554 => self.whitening,
            0x560 => self.bit_compare,
            0x650 => self.configuration,
            0x73C | 0x740 | 0x774 | 0x77C => self.workarounds[workaround(offset)],
            0xFFC => 1,
            _ => return self.devices.read(offset),
        })
    }

    pub(super) fn set_register(&mut self, offset: u32, value: u32) -> bool {
        match offset {
            0x504 => self.pointer = value,
            0x508 => self.frequency = value & 0x17F,
            0x50C => self.power = value & 0xFF,
            0x510 if matches!(value, 3..=6) => self.mode = value,
            // One octet S0, eight bits of length, no S1; no field of LE Coded, or all: CI of two
            // bits, TERM of three.
            0x514 if matches!(value & 0x60CF_010F, 0x108 | 0x6080_0108) => self.packet[0] = value,
            // Three octets of base address, little endian, no fixed part of the length.
            0x518 if value & 0x0107_FF00 == 3 << 16 => self.packet[1] = value,
            0x51C | 0x520 => self.base[(offset - 0x51C) as usize / 4] = value,
            0x524 | 0x528 => self.prefix[(offset - 0x524) as usize / 4] = value,
            0x52C => self.addresses[0] = value & 7,
            // One of them at a time.
            0x530 if (value & 0xFF).count_ones() <= 1 => self.addresses[1] = value & 0xFF,
            // The access address is left out of the CRC.
            0x534 if value & 0x300 == 0x100 || value & 3 == 0 => self.crc[0] = value,
            0x538 => self.crc[1] = value & 0x00FF_FFFF,
            0x53C => self.crc[2] = value & 0x00FF_FFFF,
            0x544 => self.spacing = value & 0x3FF,
            0x554 => self.whitening = value & 0x7F | 0x40,
            0x560 => self.bit_compare = value,
            0x650 => self.configuration = value & 0x301,
            0x73C | 0x740 | 0x774 | 0x77C => self.workarounds[workaround(offset)] = value,
            // POWER: off and on again, everything is as after a reset.
            0xFFC if value & 1 == 0 => self.switch_off(),
            0xFFC => {}
            _ => return self.devices.write(offset, value),
        }
        true
    }
}

//! The registers of the interrupt controller.

use crate::exception::{EXTERNAL, Exceptions, LINES};

/// A register of the NVIC.
#[derive(Clone, Copy)]
enum Register {
    Enable {
        set: bool,
        shift: u32,
    },
    Pending {
        set: bool,
        shift: u32,
    },
    Active {
        shift: u32,
    },
    Priority {
        first: u8,
    },
    /// Of interrupts that do not exist: reads 0.
    None,
}

fn register(offset: u32) -> Register {
    let shift = (offset & 0x7C) * 8;
    let exists = shift < u32::from(LINES);
    match offset & 0xF80 {
        _ if offset >= 0x400 => {
            let first = offset - 0x400;
            if first < u32::from(LINES) {
                Register::Priority { first: first as u8 + EXTERNAL }
            } else {
                Register::None
            }
        }
        _ if !exists => Register::None,
        0x100 | 0x180 => Register::Enable { set: offset < 0x180, shift },
        0x200 | 0x280 => Register::Pending { set: offset < 0x280, shift },
        _ => Register::Active { shift },
    }
}

/// Offsets (from 0xE000_E000) of the NVIC's registers.
pub(super) const RANGE: std::ops::Range<u32> = 0x100..0x4F0;

/// Whether a register may be written by octets.
pub(super) fn takes_octets(offset: u32) -> bool {
    offset >= 0x400
}

pub(super) fn read(exceptions: &Exceptions, offset: u32) -> u32 {
    match register(offset) {
        Register::Enable { shift, .. } => (exceptions.enabled >> shift) as u32,
        Register::Pending { shift, .. } => {
            (exceptions.pending >> (shift + u32::from(EXTERNAL))) as u32
        }
        Register::Active { shift } => (exceptions.active >> (shift + u32::from(EXTERNAL))) as u32,
        Register::Priority { first } => u32::from_le_bytes(std::array::from_fn(|n| {
            exceptions.priority_register(first + n as u8)
        })),
        Register::None => 0,
    }
}

pub(super) fn write(exceptions: &mut Exceptions, offset: u32, value: u32) {
    let bits = |shift: u32| u64::from(value) << shift;
    match register(offset) {
        Register::Enable { set: true, shift } => exceptions.enabled |= bits(shift),
        Register::Enable { set: false, shift } => exceptions.enabled &= !bits(shift),
        Register::Pending { set, shift } => {
            let bits = u128::from(bits(shift)) << EXTERNAL;
            if set {
                exceptions.pending |= bits;
            } else {
                exceptions.pending &= !bits;
            }
        }
        Register::Priority { first } => {
            for (n, priority) in value.to_le_bytes().into_iter().enumerate() {
                exceptions.set_priority(first + n as u8, priority);
            }
        }
        Register::Active { .. } | Register::None => {}
    }
}

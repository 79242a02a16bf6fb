//! ECB: AES-128 of one block, in memory: key, plain text and cipher text one after another.
//!
//! It shares its core with CCM and AAR, which abort it. Gap: a pointer to where there is no RAM
//! gives zeros in and nothing out.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};

use super::peripheral::{Common, Moment, Peripheral};
use crate::bus::Ticks;
use crate::memory::Memory;

const ENDED: u8 = 0;
const ABORTED: u8 = 1;
/// The task that aborts it.
pub(super) const STOP: u8 = 1;
/// How long a block takes (product specification 6.6.5: 7.2 µs).
const BLOCK: Ticks = 460_800;

/// The block cipher.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(super) struct Ecb {
    common: Common,
    pointer: u32,
    ends_at: Option<Ticks>,
}

fn block(memory: &Memory, address: u32) -> [u8; 16] {
    std::array::from_fn(|n| {
        memory.read(address.wrapping_add(n as u32)).map_or(0, |[octet]: [u8; 1]| octet)
    })
}

impl Peripheral for Ecb {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    fn task(&mut self, task: u8, moment: &mut Moment<'_>) {
        match task {
            0 if self.ends_at.is_none() => self.ends_at = Some(moment.now + BLOCK),
            STOP if self.ends_at.take().is_some() => moment.raise(ABORTED),
            _ => {}
        }
    }

    fn read(&mut self, offset: u32, _: Ticks) -> Option<u32> {
        (offset == 0x504).then_some(self.pointer)
    }

    fn write(&mut self, offset: u32, value: u32, _: &mut Moment<'_>) -> bool {
        if offset == 0x504 {
            self.pointer = value;
        }
        offset == 0x504
    }

    fn next_event(&self) -> Option<Ticks> {
        self.ends_at
    }

    fn due(&mut self, moment: &mut Moment<'_>) {
        self.ends_at = None;
        let cipher = Aes128::new(&block(moment.memory, self.pointer).into());
        let mut text = block(moment.memory, self.pointer.wrapping_add(16)).into();
        cipher.encrypt_block(&mut text);
        for (n, octet) in text.iter().enumerate() {
            moment.memory.write_ram(self.pointer.wrapping_add(32 + n as u32), [*octet]);
        }
        moment.raise(ENDED);
    }
}

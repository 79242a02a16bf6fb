//! Loads and stores of the processor: memory first, then what answers elsewhere.

use super::{Cpu, Raised};
use crate::bus::{Bus, BusError, Context, TICKS_PER_CYCLE};
use crate::exception::Fault;
use crate::stop::Cause;

/// The private peripheral bus: the processor's own registers.
const PRIVATE: std::ops::Range<u32> = 0xE000_0000..0xE010_0000;
/// Where accesses have to be aligned: the Device regions of the architecture's map.
const fn is_device(address: u32) -> bool {
    matches!(address >> 29, 2 | 5..)
}

impl<B: Bus> Cpu<B> {
    #[inline(always)]
    pub(super) fn load<const N: usize>(&mut self, address: u32) -> Result<[u8; N], Raised> {
        if (address as usize).is_multiple_of(N) {
            if let Some(octets) = self.memory.read_ram(address) {
                return Ok(octets);
            }
            if let Some(octets) = self.memory.read(address) {
                self.cycles += self.flash.data_wait();
                return Ok(octets);
            }
        }
        self.load_elsewhere(address)
    }

    #[inline(always)]
    pub(super) fn store<const N: usize>(
        &mut self,
        address: u32,
        octets: [u8; N],
    ) -> Result<(), Raised> {
        if (address as usize).is_multiple_of(N) && self.memory.write_ram(address, octets) {
            return Ok(());
        }
        self.store_elsewhere(address, octets)
    }

    #[inline(always)]
    pub(crate) fn load_word(&mut self, address: u32) -> Result<u32, Raised> {
        self.load(address).map(u32::from_le_bytes)
    }

    #[inline(always)]
    pub(crate) fn store_word(&mut self, address: u32, value: u32) -> Result<(), Raised> {
        self.store(address, value.to_le_bytes())
    }

    /// Of the instructions that take no unaligned address.
    #[inline(always)]
    pub(super) fn require_aligned(&mut self, address: u32, to: u32) -> Result<(), Raised> {
        if address.is_multiple_of(to) {
            return Ok(());
        }
        Err(self.fault(Fault::Unaligned))
    }

    #[cold]
    #[inline(never)]
    fn load_elsewhere<const N: usize>(&mut self, address: u32) -> Result<[u8; N], Raised> {
        let mut octets = [0; N];
        if !(address as usize).is_multiple_of(N) {
            self.require_unaligned_allowed(address)?;
            for (n, octet) in octets.iter_mut().enumerate() {
                [*octet] = self.load(address.wrapping_add(n as u32))?;
            }
            self.cycles += 1;
            return Ok(octets);
        }
        let word = self.read_register(address & !3)?.to_le_bytes();
        let from = (address & 3) as usize;
        octets.copy_from_slice(&word[from..from + N]);
        Ok(octets)
    }

    #[cold]
    #[inline(never)]
    fn store_elsewhere<const N: usize>(
        &mut self,
        address: u32,
        octets: [u8; N],
    ) -> Result<(), Raised> {
        if !(address as usize).is_multiple_of(N) {
            self.require_unaligned_allowed(address)?;
            for (n, octet) in octets.into_iter().enumerate() {
                self.store(address.wrapping_add(n as u32), [octet])?;
            }
            self.cycles += 1;
            return Ok(());
        }
        self.write_register(address, &octets)
    }

    fn require_unaligned_allowed(&mut self, address: u32) -> Result<(), Raised> {
        if self.system.traps_unaligned() || is_device(address) {
            return Err(self.fault(Fault::Unaligned));
        }
        Ok(())
    }

    /// After an access outside memory the loop looks at events and interrupts again.
    fn look_up(&mut self) {
        self.deadline.0 = 0;
    }

    fn read_register(&mut self, address: u32) -> Result<u32, Raised> {
        self.look_up();
        if PRIVATE.contains(&address) {
            return self.read_private(address);
        }
        let mut context = Context { now: self.cycles * TICKS_PER_CYCLE, memory: &mut self.memory };
        self.bus.advance(&mut context);
        let result = self.bus.read(address, &mut context);
        result.map_err(|error| self.bus_error(address, false, error))
    }

    fn write_register(&mut self, address: u32, octets: &[u8]) -> Result<(), Raised> {
        self.look_up();
        if PRIVATE.contains(&address) {
            return self.write_private(address, octets);
        }
        let Ok(word) = octets.try_into().map(u32::from_le_bytes) else {
            let error = if self.memory.is_flash(address) {
                BusError::Nobody
            } else {
                BusError::NotModelled("peripheral registers are written as whole words")
            };
            return Err(self.bus_error(address, true, error));
        };
        let mut context = Context { now: self.cycles * TICKS_PER_CYCLE, memory: &mut self.memory };
        self.bus.advance(&mut context);
        let result = if context.memory.is_flash(address) {
            self.bus.write_flash(address, word, &mut context)
        } else {
            self.bus.write(address, word, &mut context)
        };
        self.wait_for_flash();
        result.map_err(|error| self.bus_error(address, true, error))
    }

    fn bus_error(&mut self, address: u32, write: bool, error: BusError) -> Raised {
        match error {
            BusError::Nobody => self.fault(Fault::Data { address }),
            BusError::NotModelled(hint) => self.halt(Cause::Register { address, write, hint }),
        }
    }
}

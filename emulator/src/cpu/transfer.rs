//! Load and store instructions.

use super::{Cpu, Raised};
use crate::bus::Bus;
use crate::decode::{Index, Reg, Single, Size};

/// How many core registers there are.
const REGISTERS: usize = 16;

/// Where an access goes, and what the base becomes.
#[inline(always)]
fn indexed(base: u32, index: Index, offset: i16) -> (u32, Option<u32>) {
    let moved = base.wrapping_add_signed(offset.into());
    match index {
        Index::Offset => (moved, None),
        Index::Pre => (moved, Some(moved)),
        Index::Post => (base, Some(moved)),
    }
}

impl<B: Bus> Cpu<B> {
    /// A single load or store right after another takes one cycle less: its address phase goes
    /// with the other's data phase (Cortex-M4 TRM, 3.3.3).
    #[inline(always)]
    fn pipeline(&mut self) {
        if self.access_ended == self.cycles - 2 {
            self.cycles -= 1;
        }
        self.access_ended = self.cycles;
    }

    #[inline(always)]
    fn load_sized(&mut self, size: Size, address: u32) -> Result<u32, Raised> {
        Ok(match size {
            Size::Word => self.load_word(address)?,
            Size::Half => u16::from_le_bytes(self.load(address)?).into(),
            Size::Byte => self.load::<1>(address)?[0].into(),
            Size::SignedHalf => i32::from(i16::from_le_bytes(self.load(address)?)).cast_unsigned(),
            Size::SignedByte => i32::from(i8::from_le_bytes(self.load(address)?)).cast_unsigned(),
        })
    }

    #[inline(always)]
    fn store_sized(&mut self, size: Size, address: u32, value: u32) -> Result<(), Raised> {
        match size {
            Size::Word => self.store_word(address, value),
            Size::Half | Size::SignedHalf => self.store(address, (value as u16).to_le_bytes()),
            Size::Byte | Size::SignedByte => self.store(address, [value as u8]),
        }
    }

    #[inline(always)]
    pub(super) fn load_at(&mut self, size: Size, t: Reg, address: u32) -> Result<(), Raised> {
        self.pipeline();
        let value = self.load_sized(size, address)?;
        self.access_ended = self.cycles;
        self.set_loaded(t, value)
    }

    #[inline(always)]
    pub(super) fn load_immediate(
        &mut self,
        size: Size,
        t: Reg,
        n: Reg,
        index: Index,
        offset: i16,
    ) -> Result<(), Raised> {
        let (address, base) = indexed(self.get(n), index, offset);
        self.pipeline();
        let value = self.load_sized(size, address)?;
        self.access_ended = self.cycles;
        if let Some(base) = base {
            self.set(n, base);
        }
        self.set_loaded(t, value)
    }

    #[inline(always)]
    pub(super) fn store_immediate(
        &mut self,
        size: Size,
        t: Reg,
        n: Reg,
        index: Index,
        offset: i16,
    ) -> Result<(), Raised> {
        let (address, base) = indexed(self.get(n), index, offset);
        self.store_sized(size, address, self.get(t))?;
        self.access_ended = self.cycles;
        if let Some(base) = base {
            self.set(n, base);
        }
        Ok(())
    }

    #[inline(always)]
    pub(super) fn store_register(
        &mut self,
        size: Size,
        (t, n, m): (Reg, Reg, Reg),
        amount: u8,
    ) -> Result<(), Raised> {
        let address = self.get(n).wrapping_add(self.get(m) << amount);
        self.pipeline();
        self.store_sized(size, address, self.get(t))
    }

    /// A loaded program counter branches, and may return from an exception.
    #[inline(always)]
    fn set_loaded(&mut self, t: Reg, value: u32) -> Result<(), Raised> {
        if t == 15 {
            return self.branch_exchange(value);
        }
        self.set(t, value);
        Ok(())
    }

    fn base(&self, n: Option<Reg>) -> u32 {
        n.map_or_else(|| self.get(15) & !3, |n| self.get(n))
    }

    pub(super) fn load_dual(
        &mut self,
        (t, t2): (Reg, Reg),
        n: Option<Reg>,
        index: Index,
        offset: i16,
    ) -> Result<(), Raised> {
        let (address, base) = indexed(self.base(n), index, offset);
        self.require_aligned(address, 4)?;
        let low = self.load_word(address)?;
        let high = self.load_word(address.wrapping_add(4))?;
        if let (Some(n), Some(base)) = (n, base) {
            self.set(n, base);
        }
        self.set(t, low);
        self.set(t2, high);
        Ok(())
    }

    pub(super) fn store_dual(
        &mut self,
        (t, t2): (Reg, Reg),
        n: Reg,
        index: Index,
        offset: i16,
    ) -> Result<(), Raised> {
        let (address, base) = indexed(self.get(n), index, offset);
        self.require_aligned(address, 4)?;
        self.store_word(address, self.get(t))?;
        self.store_word(address.wrapping_add(4), self.get(t2))?;
        if let Some(base) = base {
            self.set(n, base);
        }
        Ok(())
    }

    /// The lowest address of a multiple access, and what the base becomes.
    fn span(&mut self, n: Reg, before: bool, words: u32) -> Result<(u32, u32), Raised> {
        let base = self.get(n);
        let octets = 4 * words;
        let (address, moved) = if before {
            let low = base.wrapping_sub(octets);
            (low, low)
        } else {
            (base, base.wrapping_add(octets))
        };
        self.require_aligned(address, 4)?;
        Ok((address, moved))
    }

    /// The base changes last, so that a fault may start the instruction anew.
    pub(super) fn load_multiple(
        &mut self,
        n: Reg,
        before: bool,
        writeback: bool,
        list: u16,
    ) -> Result<(), Raised> {
        let count = list.count_ones();
        let (mut address, moved) = self.span(n, before, count)?;
        let mut base = if writeback { moved } else { self.get(n) };
        let mut target = 0;
        let mut rest = list;
        let Self { memory, registers, .. } = self;
        if let Some(octets) = memory.ram_stretch(address, 4 * count as usize) {
            let (octets, _) = octets.as_chunks();
            // What is special about some is made good afterwards.
            let (here, stack) = (registers[15], registers[13]);
            for four in octets {
                let register = rest.trailing_zeros() as usize;
                rest &= rest.wrapping_sub(1);
                registers[register % REGISTERS] = u32::from_le_bytes(*four);
            }
            target = std::mem::replace(&mut registers[15], here);
            if list >> n & 1 == 1 {
                base = registers[usize::from(n) % REGISTERS];
            }
            registers[13] = if list >> 13 & 1 == 1 { registers[13] & !3 } else { stack };
        }
        // Elsewhere, or on two pages.
        while rest != 0 {
            let register = rest.trailing_zeros() as Reg;
            rest &= rest - 1;
            let value = self.load_word(address)?;
            address = address.wrapping_add(4);
            match register {
                15 => target = value,
                register if register == n => base = value,
                register => self.set(register, value),
            }
        }
        self.set(n, base);
        if list >> 15 == 1 {
            return self.branch_exchange(target);
        }
        Ok(())
    }

    pub(super) fn store_multiple(
        &mut self,
        n: Reg,
        before: bool,
        writeback: bool,
        list: u16,
    ) -> Result<(), Raised> {
        let count = list.count_ones() as usize;
        let (mut address, moved) = self.span(n, before, count as u32)?;
        let mut rest = list;
        if let Some(octets) = self.memory.ram_stretch_mut(address, 4 * count) {
            let (octets, _) = octets.as_chunks_mut();
            for four in octets {
                let register = rest.trailing_zeros() as usize;
                rest &= rest.wrapping_sub(1);
                *four = self.registers[register % REGISTERS].to_le_bytes();
            }
        }
        // Elsewhere, or on two pages.
        while rest != 0 {
            let register = rest.trailing_zeros() as Reg;
            rest &= rest - 1;
            self.store_word(address, self.get(register))?;
            address = address.wrapping_add(4);
        }
        if writeback {
            self.set(n, moved);
        }
        Ok(())
    }

    pub(super) fn load_exclusive(
        &mut self,
        size: Size,
        t: Reg,
        n: Reg,
        offset: u16,
    ) -> Result<(), Raised> {
        let address = self.get(n).wrapping_add(offset.into());
        self.require_aligned(address, octets_of(size))?;
        let value = self.load_sized(size, address)?;
        self.exclusive = true;
        self.set(t, value);
        Ok(())
    }

    /// The Cortex-M4's monitor has one reservation, for all addresses.
    pub(super) fn store_exclusive(
        &mut self,
        size: Size,
        (d, t, n): (Reg, Reg, Reg),
        offset: u16,
    ) -> Result<(), Raised> {
        let address = self.get(n).wrapping_add(offset.into());
        self.require_aligned(address, octets_of(size))?;
        if self.exclusive {
            self.store_sized(size, address, self.get(t))?;
        }
        self.set(d, u32::from(!self.exclusive));
        self.exclusive = false;
        Ok(())
    }

    pub(super) fn float_load(
        &mut self,
        d: Single,
        count: u8,
        n: Option<Reg>,
        offset: i16,
    ) -> Result<(), Raised> {
        let address = self.base(n).wrapping_add_signed(offset.into());
        self.load_singles(d, count, address)
    }

    fn load_singles(&mut self, d: Single, count: u8, address: u32) -> Result<(), Raised> {
        self.require_aligned(address, 4)?;
        for k in 0..count {
            let value = self.load_word(address.wrapping_add(4 * u32::from(k)))?;
            self.float.set(d + k, value);
        }
        Ok(())
    }

    fn store_singles(&mut self, d: Single, count: u8, address: u32) -> Result<(), Raised> {
        self.require_aligned(address, 4)?;
        for k in 0..count {
            self.store_word(address.wrapping_add(4 * u32::from(k)), self.float.get(d + k))?;
        }
        Ok(())
    }

    pub(super) fn float_store(
        &mut self,
        d: Single,
        count: u8,
        n: Reg,
        offset: i16,
    ) -> Result<(), Raised> {
        let address = self.get(n).wrapping_add_signed(offset.into());
        self.store_singles(d, count, address)
    }

    pub(super) fn float_multiple(
        &mut self,
        load: bool,
        (d, count): (Single, u8),
        n: Reg,
        before: bool,
        writeback: bool,
    ) -> Result<(), Raised> {
        let (address, moved) = self.span(n, before, count.into())?;
        if load {
            self.load_singles(d, count, address)?;
        } else {
            self.store_singles(d, count, address)?;
        }
        if writeback {
            self.set(n, moved);
        }
        Ok(())
    }
}

const fn octets_of(size: Size) -> u32 {
    match size {
        Size::Byte | Size::SignedByte => 1,
        Size::Half | Size::SignedHalf => 2,
        Size::Word => 4,
    }
}

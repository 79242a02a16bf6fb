//! The chip as its processor sees it: registers, interrupts, time.

use std::collections::VecDeque;

use super::ahead::ORDER;
use super::peripheral::{self, Endpoint};
use super::{GPIOTE, NVMC, Nrf52840, Signal};
use crate::bus::{Bus, BusError, Context, Ticks};

/// A port's registers: P1 follows P0 in the same page.
fn port(address: u32) -> Option<(usize, u32)> {
    let offset = address.checked_sub(0x5000_0000)?;
    match offset {
        0x500..0x780 => Some((0, offset)),
        0x800..0xA80 => Some((1, offset - 0x300)),
        _ => None,
    }
}

fn not_modelled(number: u8) -> BusError {
    BusError::NotModelled(if ORDER.contains(&number) {
        "this peripheral is modelled, this register is not: see its gaps in emulator/src/nrf52840"
    } else {
        "this peripheral is not modelled yet: build the firmware without it, or add it to \
         emulator/src/nrf52840"
    })
}

impl Bus for Nrf52840 {
    fn read(&mut self, address: u32, context: &mut Context<'_>) -> Result<u32, BusError> {
        if let Some((port, offset)) = port(address) {
            return self.ports[port].read(offset).ok_or_else(|| not_modelled(0));
        }
        if let Some(value) = self.information.read(address) {
            return Ok(value);
        }
        let number = number(address)?;
        self.arrive(context.now, context.memory);
        let peripheral = self.peripheral(number).ok_or_else(|| not_modelled(number))?;
        let value = peripheral::read(peripheral, address & 0xFFF, context.now);
        value.ok_or_else(|| not_modelled(number))
    }

    fn write(
        &mut self,
        address: u32,
        value: u32,
        context: &mut Context<'_>,
    ) -> Result<(), BusError> {
        if let Some((port, offset)) = port(address) {
            let before = self.levels();
            let known = self.ports[port].write(offset, value);
            let mut queue = VecDeque::new();
            self.sense(before, &mut queue);
            self.settle(context.now, context.memory, queue);
            self.look_ahead();
            return if known { Ok(()) } else { Err(not_modelled(0)) };
        }
        let number = number(address)?;
        let offset = address & 0xFFF;
        if self.peripheral(number).is_none() {
            return Err(not_modelled(number));
        }
        self.arrive(context.now, context.memory);
        self.nvmc.warn(self.clock.power.warns());
        if self.delay((number, offset), value, context) {
            return Ok(());
        }
        let mut queue = VecDeque::new();
        let mut known = true;
        if offset < 0x80 {
            if value & 1 == 1 {
                let task = Endpoint::new(number, (offset / 4) as u8);
                queue.push_back(Signal::Task(task));
            }
        } else {
            self.act(number, context.now, context.memory, &mut queue, |peripheral, moment| {
                known = peripheral::write(peripheral, offset, value, moment);
            });
            if number == GPIOTE {
                self.move_pins(&mut queue);
            }
        }
        self.settle(context.now, context.memory, queue);
        self.follow_power(context.memory);
        self.look_ahead();
        if known { Ok(()) } else { Err(not_modelled(number)) }
    }

    fn write_flash(
        &mut self,
        address: u32,
        value: u32,
        context: &mut Context<'_>,
    ) -> Result<(), BusError> {
        self.nvmc.warn(self.clock.power.warns());
        self.ahead.touch(NVMC);
        let allowed = self.nvmc.store(address, value, context.now, context.memory);
        self.meter(context.now);
        if allowed { Ok(()) } else { Err(BusError::Nobody) }
    }

    fn resets(&self) -> bool {
        self.wdt.has_bitten() || self.resets.is_some()
    }

    fn halts(&self) -> bool {
        self.rest.is_some() || self.nvmc.hangs()
    }

    fn sleeps(&mut self, asleep: bool, context: &mut Context<'_>) -> bool {
        self.notice_sleep(asleep, context)
    }

    fn flash_cache(&self) -> Option<bool> {
        Some(self.nvmc.caches())
    }

    fn flash_busy_until(&self) -> Ticks {
        self.nvmc.busy_until()
    }

    fn next_event(&self) -> Option<Ticks> {
        match (self.upcoming, &self.late) {
            (Some(upcoming), Some(late)) => Some(upcoming.min(late.due)),
            (upcoming, None) => upcoming,
            (None, Some(late)) => Some(late.due),
        }
    }

    fn advance(&mut self, context: &mut Context<'_>) {
        self.present = context.now;
        while let Some(at) = self.next_event().filter(|at| *at <= context.now) {
            if self.upcoming == Some(at) {
                self.happen(at, context.memory);
            } else {
                self.arrive(at, context.memory);
            }
        }
    }

    fn interrupts(&self) -> u64 {
        self.lines
    }
}

/// The number of the peripheral at an address.
fn number(address: u32) -> Result<u8, BusError> {
    if address >> 19 != 0x4000_0000 >> 19 {
        return Err(BusError::Nobody);
    }
    Ok((address >> 12 & 0x7F) as u8)
}

//! The loop: fast between the moments at which something from outside may matter.

use super::{Cpu, Sleep, Trap};
use crate::bus::{Bus, Context, TICKS_PER_CYCLE, Ticks};
use crate::decode::Instruction;
use crate::exception::Fault;
use crate::memory::CodePage;
use crate::stop::{Cause, Stop};

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// The requested time is reached, to within the last instruction.
    Reached,
    /// The processor stopped before.
    Stopped(Stop),
    /// Its [`Watch`] halted it before, between two instructions.
    Halted,
}

/// Somebody who may halt the processor before an instruction, as a debugger does.
pub trait Watch<B> {
    /// Whether it is to halt now, with its next instruction not begun.
    fn halts(&mut self, cpu: &Cpu<B>) -> bool;
}

/// Nobody watches, so that the loop has no check at all.
struct Unwatched;

impl<B> Watch<B> for Unwatched {
    #[inline(always)]
    fn halts(&mut self, _: &Cpu<B>) -> bool {
        false
    }
}

impl<B: Bus> Cpu<B> {
    /// Runs until a time, or until something stops the processor. Asleep, it jumps from event to
    /// event.
    pub fn run(&mut self, until: Ticks) -> Outcome {
        self.run_watched(until, &mut Unwatched)
    }

    /// The same under the eyes of somebody who may halt it. A run that goes on where it was halted
    /// is the one that nobody watched.
    pub fn run_watched(&mut self, until: Ticks, watch: &mut impl Watch<B>) -> Outcome {
        let until = until.div_ceil(TICKS_PER_CYCLE);
        loop {
            self.synchronise();
            if let Some(cause) = self.stop.take() {
                return Outcome::Stopped(self.describe(cause));
            }
            let asleep = self.sleeping.is_some() && !self.wake();
            if self.tell(asleep) {
                continue;
            }
            if asleep {
                if self.cycles >= until {
                    return Outcome::Reached;
                }
                let next =
                    self.next_event_cycle().clamp(self.cycles + 1, until.max(self.cycles + 1));
                self.slept.0 += next - self.cycles;
                self.cycles = next;
                continue;
            }
            if self.cycles >= until {
                return Outcome::Reached;
            }
            self.deadline.0 = until.min(self.next_event_cycle());
            self.attend();
            while self.cycles < *self.deadline {
                let address = self.next;
                let Some(page) = self.memory.lend_code(address) else {
                    self.fetches_nothing(address);
                    continue;
                };
                let halted = self.run_page(&page, watch);
                self.memory.give_code_back(address, page);
                if halted {
                    return Outcome::Halted;
                }
            }
        }
    }

    /// Runs to the deadline, as long as code comes from this page. Whether it was halted.
    #[inline(always)]
    fn run_page(&mut self, page: &CodePage, watch: &mut impl Watch<B>) -> bool {
        loop {
            // Known without a look at memory as long as nothing branches.
            let mut address = self.next;
            loop {
                if self.cycles >= *self.deadline || self.memory.code_is_stale() {
                    return false;
                }
                let Some(instruction) = page.outside(address) else { return false };
                if watch.halts(self) {
                    return true;
                }
                if self.block != 0 {
                    self.step_in_block(address, page);
                    break;
                }
                self.fetched(address, instruction.length, instruction.cycles);
                if self.execute(&instruction.op).is_err() {
                    self.trapped();
                    break;
                }
                if instruction.moves {
                    break;
                }
                address = address.wrapping_add(instruction.length.into());
            }
        }
    }

    /// Runs one instruction, or takes one exception.
    pub fn single_step(&mut self) -> Outcome {
        self.synchronise();
        if self.sleeping.is_none() || self.wake() {
            self.deadline.0 = 1;
            let number = self.exception_number;
            self.attend();
            if number == self.exception_number {
                self.step();
            }
        }
        match self.stop.take() {
            Some(cause) => Outcome::Stopped(self.describe(cause)),
            None => Outcome::Reached,
        }
    }

    /// Takes the exception that waits, and notices a lost Thumb state.
    fn attend(&mut self) {
        if let Some(number) = self.preempting() {
            self.take_exception(number);
            self.deadline.0 = 0;
        } else if !self.thumb {
            self.registers[15] = self.next.wrapping_add(4);
            self.raise_fault(Fault::InvalidState);
            self.deadline.0 = 0;
        }
    }

    /// Brings the peripherals, SysTick and the interrupt lines to the present.
    pub(crate) fn synchronise(&mut self) {
        let mut context = Context { now: self.cycles * TICKS_PER_CYCLE, memory: &mut self.memory };
        self.bus.advance(&mut context);
        if self.bus.resets() {
            self.stop_with(Cause::Reset);
        } else if self.bus.halts() && self.sleeping != Some(Sleep::Reset) {
            self.sleeping = Some(Sleep::Reset);
            self.system.stop_tick();
        }
        if self.system.tick.advance(self.cycles) {
            self.pend(crate::exception::SYS_TICK);
        }
        if self.exceptions.sample(self.bus.interrupts()) && self.system.event_on_pending() {
            self.event = true;
        }
    }

    /// Follows the flash controller: its cache, and its work, during which nothing is fetched.
    pub(super) fn wait_for_flash(&mut self) {
        if let Some(on) = self.bus.flash_cache() {
            self.flash.set_cache(on);
        }
        if self.memory.is_flash(self.next) {
            let free = self.bus.flash_busy_until();
            self.cycles = self.cycles.max(free.div_ceil(TICKS_PER_CYCLE));
        }
    }

    /// The next cycle at which something happens by itself.
    fn next_event_cycle(&self) -> u64 {
        let bus = self.bus.next_event().map_or(u64::MAX, |ticks| ticks.div_ceil(TICKS_PER_CYCLE));
        bus.min(self.system.tick.next())
    }

    /// Tells the peripherals whether the processor sleeps; whether that is new to them.
    fn tell(&mut self, asleep: bool) -> bool {
        let mut context = Context { now: self.cycles * TICKS_PER_CYCLE, memory: &mut self.memory };
        self.bus.sleeps(asleep, &mut context)
    }

    /// Whether the processor is awake from now on.
    fn wake(&mut self) -> bool {
        let awake = match self.sleeping {
            None => true,
            Some(Sleep::Interrupt) => self.would_preempt(),
            Some(Sleep::Event) => self.event || self.would_preempt(),
            Some(Sleep::Reset) => false,
        };
        if awake && self.sleeping.take() == Some(Sleep::Event) {
            self.event = false;
        }
        awake
    }

    /// Executes one instruction, outside of the loop.
    fn step(&mut self) {
        let address = self.next;
        let Some(page) = self.memory.lend_code(address) else {
            return self.fetches_nothing(address);
        };
        if self.block != 0 {
            self.step_in_block(address, &page);
        } else if let Some(instruction) = page.outside(address) {
            self.fetched(address, instruction.length, instruction.cycles);
            if self.execute(&instruction.op).is_err() {
                self.trapped();
            }
        }
        self.memory.give_code_back(address, page);
    }

    #[inline(never)]
    fn step_in_block(&mut self, address: u32, page: &CodePage) {
        let Some(&Instruction { ref op, length, cycles, last_only, .. }) = page.inside(address)
        else {
            return;
        };
        self.fetched(address, length, cycles);
        let block = self.block;
        self.block = if block & 7 == 0 { 0 } else { block & 0xE0 | block << 1 & 0x1F };
        if !self.flags.passes(block >> 4) {
            return;
        }
        let allowed = self.block == 0 || !last_only;
        let done = if allowed { self.execute(op) } else { Err(self.halt(Cause::Unpredictable)) };
        if done.is_err() {
            self.block = block;
            self.trapped();
        }
    }

    #[inline(always)]
    fn fetched(&mut self, address: u32, length: u8, cycles: u8) {
        self.registers[15] = address.wrapping_add(4);
        self.next = address.wrapping_add(length.into());
        self.cycles += u64::from(cycles) + self.flash.fetch_wait(address);
    }

    /// There is no memory where the next instruction is fetched from.
    #[cold]
    #[inline(never)]
    fn fetches_nothing(&mut self, address: u32) {
        self.registers[15] = address.wrapping_add(4);
        self.raise_fault(Fault::Fetch { address });
    }

    /// Handles what an instruction raised; it counts as not executed.
    #[cold]
    fn trapped(&mut self) {
        match self.trap.take() {
            Some(Trap::Fault(fault)) => self.raise_fault(fault),
            Some(Trap::Stop(cause)) => {
                self.next = self.registers[15].wrapping_sub(4);
                self.stop.0 = Some(cause);
                self.deadline.0 = 0;
            }
            None => debug_assert!(false, "an instruction raised nothing"),
        }
    }

    /// Stops with a cause that comes from no instruction.
    pub(crate) fn stop_with(&mut self, cause: Cause) {
        self.stop.0 = Some(cause);
        self.deadline.0 = 0;
    }

    fn describe(&self, cause: Cause) -> Stop {
        let half = |address: u32| self.memory.read(address).map(u16::from_le_bytes);
        let address = match cause {
            Cause::Reset => self.registers[15].wrapping_sub(4),
            _ => self.next,
        };
        Stop { cause, address, instruction: [half(address), half(address.wrapping_add(2))] }
    }
}

//! What GDB asks of the chip.

use std::convert::Infallible;

use gdbstub::common::Signal;
use gdbstub::outputln;
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::singlethread::{
    SingleThreadBase, SingleThreadResume, SingleThreadResumeOps, SingleThreadSingleStep,
    SingleThreadSingleStepOps,
};
use gdbstub::target::ext::breakpoints::{
    Breakpoints, BreakpointsOps, HwBreakpoint, HwBreakpointOps, HwWatchpoint, HwWatchpointOps,
    SwBreakpoint, SwBreakpointOps, WatchKind,
};
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, MonitorCmd, MonitorCmdOps};
use gdbstub::target::{Target, TargetError, TargetResult};

use super::registers::{CoreRegisters, CortexM};
use crate::node::{ChipNode, Halt, Point, Resume};

/// The chip is off, or there is nothing at that address.
const REFUSED: TargetError<Infallible> = TargetError::NonFatal;

impl Target for ChipNode {
    type Arch = CortexM;
    type Error = Infallible;

    fn base_ops(&mut self) -> BaseOps<'_, CortexM, Infallible> {
        BaseOps::SingleThread(self)
    }

    /// Nothing is saved on a socket of this machine.
    fn use_rle(&self) -> bool {
        false
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_monitor_cmd(&mut self) -> Option<MonitorCmdOps<'_, Self>> {
        Some(self)
    }
}

impl SingleThreadBase for ChipNode {
    fn read_registers(&mut self, registers: &mut CoreRegisters) -> TargetResult<(), Self> {
        *registers = CoreRegisters::of(self.cpu().ok_or(REFUSED)?);
        Ok(())
    }

    fn write_registers(&mut self, registers: &CoreRegisters) -> TargetResult<(), Self> {
        registers.put(self.cpu_mut().ok_or(REFUSED)?);
        Ok(())
    }

    fn read_addrs(&mut self, address: u32, octets: &mut [u8]) -> TargetResult<usize, Self> {
        let read = self.cpu().ok_or(REFUSED)?.peek(address, octets.len());
        octets[..read.len()].copy_from_slice(&read);
        if read.is_empty() && !octets.is_empty() { Err(REFUSED) } else { Ok(read.len()) }
    }

    fn write_addrs(&mut self, address: u32, octets: &[u8]) -> TargetResult<(), Self> {
        let written = self.cpu_mut().ok_or(REFUSED)?.poke(address, octets);
        if written { Ok(()) } else { Err(REFUSED) }
    }

    fn support_resume(&mut self) -> Option<SingleThreadResumeOps<'_, Self>> {
        Some(self)
    }
}

impl SingleThreadResume for ChipNode {
    fn resume(&mut self, _: Option<Signal>) -> Result<(), Infallible> {
        self.go_on(Resume::Run);
        Ok(())
    }

    fn support_single_step(&mut self) -> Option<SingleThreadSingleStepOps<'_, Self>> {
        Some(self)
    }
}

impl SingleThreadSingleStep for ChipNode {
    fn step(&mut self, _: Option<Signal>) -> Result<(), Infallible> {
        self.go_on(Resume::Step);
        Ok(())
    }
}

impl Breakpoints for ChipNode {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_breakpoint(&mut self) -> Option<HwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_watchpoint(&mut self) -> Option<HwWatchpointOps<'_, Self>> {
        Some(self)
    }
}

/// Both kinds are the same here: flash stays as it is.
impl SwBreakpoint for ChipNode {
    fn add_sw_breakpoint(&mut self, address: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.set_point(Point::Code(address & !1)))
    }

    fn remove_sw_breakpoint(&mut self, address: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.clear_point(Point::Code(address & !1)))
    }
}

impl HwBreakpoint for ChipNode {
    fn add_hw_breakpoint(&mut self, address: u32, kind: usize) -> TargetResult<bool, Self> {
        self.add_sw_breakpoint(address, kind)
    }

    fn remove_hw_breakpoint(&mut self, address: u32, kind: usize) -> TargetResult<bool, Self> {
        self.remove_sw_breakpoint(address, kind)
    }
}

/// Only changes are seen.
fn watched(address: u32, count: u32, kind: WatchKind) -> Option<Point> {
    let count = u8::try_from(count).ok().filter(|_| kind == WatchKind::Write)?;
    Some(Point::Data { address, count })
}

impl HwWatchpoint for ChipNode {
    fn add_hw_watchpoint(
        &mut self,
        address: u32,
        count: u32,
        kind: WatchKind,
    ) -> TargetResult<bool, Self> {
        Ok(watched(address, count, kind).is_some_and(|point| self.set_point(point)))
    }

    fn remove_hw_watchpoint(
        &mut self,
        address: u32,
        count: u32,
        kind: WatchKind,
    ) -> TargetResult<bool, Self> {
        Ok(watched(address, count, kind).is_some_and(|point| self.clear_point(point)))
    }
}

impl MonitorCmd for ChipNode {
    fn handle_monitor_cmd(
        &mut self,
        command: &[u8],
        mut out: ConsoleOutput<'_>,
    ) -> Result<(), Infallible> {
        match command {
            b"time" => {
                let cycles = self.cpu().map_or(0, |cpu| cpu.cycles());
                outputln!(out, "{cycles} cycles of 1/64 us since power-up");
            }
            b"why" => match self.halt() {
                Some(Halt::Stopped(stop)) => {
                    let name = self.symbol_at(stop.address);
                    outputln!(out, "{}", stop.report(name));
                }
                Some(Halt::Asked) => outputln!(out, "the debugger wanted it"),
                Some(Halt::Stepped) => outputln!(out, "one instruction was executed"),
                Some(Halt::At(point)) => outputln!(out, "{point:x?} was reached"),
                None => outputln!(out, "the chip is not halted"),
            },
            _ => {
                let help = "`monitor time`: cycles since power-up; `monitor why`: why it halts";
                outputln!(out, "{help}");
            }
        }
        Ok(())
    }
}

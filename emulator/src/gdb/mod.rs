//! GDB's remote protocol for a chip, of which crate `gdbstub` knows the packets. Octets go in and
//! come out; who carries them, and lets the world go on meanwhile, is somebody else.
//!
//! A debugger sees R0–R15, XPSR, both stack pointers and the floating-point registers; it reads
//! and writes flash, RAM and whole registers of peripherals, sets breakpoints and watchpoints,
//! steps and continues. Gaps: watchpoints for reads; what exceptions do is not hidden from a step.

mod registers;
mod target;

#[cfg(test)]
mod tests;

use std::convert::Infallible;

use gdbstub::common::Signal;
use gdbstub::conn::Connection;
use gdbstub::stub::state_machine::GdbStubStateMachine as Machine;
use gdbstub::stub::{DisconnectReason, GdbStub, SingleThreadStopReason as Reason};
use gdbstub::target::ext::breakpoints::WatchKind;

use crate::node::{ChipNode, Halt, Point};
use crate::stop::Cause;

/// Octets of the longest packet.
const PACKET: usize = 4096;

/// Octets for the debugger.
#[derive(Default, Debug)]
struct Replies(Vec<u8>);

impl Connection for Replies {
    type Error = Infallible;

    fn write(&mut self, octet: u8) -> Result<(), Infallible> {
        self.0.push(octet);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

type Stub = Machine<'static, ChipNode, Replies>;

/// What a debugger wants of the world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// It stands still.
    Halt,
    /// It goes on until the chip halts.
    Run,
    /// It goes on without a debugger, who has gone or talks nonsense.
    Alone,
    /// The run ends at once.
    Kill,
}

/// A debugger's session with a chip, which has to be the same in all calls.
pub struct Session {
    /// `None`: it is over.
    stub: Option<Stub>,
    replies: Vec<u8>,
    killed: bool,
}

impl Session {
    /// Attaches a debugger; the chip is halted until it wants otherwise.
    #[must_use]
    pub fn new(chip: &mut ChipNode) -> Self {
        chip.attach();
        let stub = GdbStub::builder(Replies::default()).packet_buffer_size(PACKET).build();
        let stub = stub.ok().and_then(|stub| stub.run_state_machine(chip).ok());
        Self { stub, replies: Vec::new(), killed: false }
    }

    /// What the debugger wants now.
    #[must_use]
    pub const fn wish(&self) -> Wish {
        match &self.stub {
            Some(Machine::Running(_)) => Wish::Run,
            Some(_) => Wish::Halt,
            None if self.killed => Wish::Kill,
            None => Wish::Alone,
        }
    }

    /// Takes octets of the debugger.
    pub fn receive(&mut self, chip: &mut ChipNode, octets: &[u8]) {
        for octet in octets {
            let next = match self.stub.take() {
                Some(Machine::Idle(stub)) => stub.incoming_data(chip, *octet).ok(),
                Some(Machine::Running(stub)) => stub.incoming_data(chip, *octet).ok(),
                other => other,
            };
            self.settle(chip, next);
        }
    }

    /// Reports why the chip has halted, if the debugger waits for that.
    pub fn report(&mut self, chip: &mut ChipNode) {
        if let Some(halt) = chip.halt() {
            self.stop(chip, reason(&halt));
        }
    }

    /// Reports that the run is over.
    pub fn end(&mut self, chip: &mut ChipNode) {
        self.stop(chip, Reason::Exited(0));
    }

    /// Octets for the debugger since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    /// The debugger has gone without a word: the chip goes on.
    pub fn leave(&mut self, chip: &mut ChipNode) {
        self.stub = None;
        chip.detach();
    }

    fn stop(&mut self, chip: &mut ChipNode, reason: Reason<u32>) {
        let next = match self.stub.take() {
            Some(Machine::Running(stub)) => stub.report_stop(chip, reason).ok(),
            other => other,
        };
        self.settle(chip, next);
    }

    /// Keeps a state, once replies are taken out of it and an interruption is dealt with.
    fn settle(&mut self, chip: &mut ChipNode, next: Option<Stub>) {
        let next = match next {
            Some(Machine::CtrlCInterrupt(stub)) => {
                chip.halt_now();
                stub.interrupt_handled(chip, Some(reason(&Halt::Asked))).ok()
            }
            other => other,
        };
        self.stub = match next {
            Some(mut stub) => {
                self.replies.append(match &mut stub {
                    Machine::Idle(stub) => &mut stub.borrow_conn().0,
                    Machine::Running(stub) => &mut stub.borrow_conn().0,
                    Machine::CtrlCInterrupt(stub) => &mut stub.borrow_conn().0,
                    Machine::Disconnected(stub) => &mut stub.borrow_conn().0,
                });
                match stub {
                    Machine::Disconnected(stub) => {
                        self.killed = matches!(stub.get_reason(), DisconnectReason::Kill);
                        None
                    }
                    stub => Some(stub),
                }
            }
            None => None,
        };
        if self.stub.is_none() {
            chip.detach();
        }
    }
}

/// As GDB has it.
fn reason(halt: &Halt) -> Reason<u32> {
    match halt {
        Halt::Asked => Reason::Signal(Signal::SIGINT),
        Halt::Stepped => Reason::DoneStep,
        Halt::At(Point::Code(_)) => Reason::SwBreak(()),
        Halt::At(Point::Data { address, .. }) => {
            Reason::Watch { tid: (), kind: WatchKind::Write, addr: *address }
        }
        Halt::Stopped(stop) => Reason::Signal(match stop.cause {
            Cause::Unpredictable => Signal::SIGILL,
            Cause::Register { .. } => Signal::SIGBUS,
            Cause::Lockup => Signal::SIGSEGV,
            Cause::Breakpoint(_) | Cause::Reset => Signal::SIGTRAP,
        }),
    }
}

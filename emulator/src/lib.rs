//! An emulator of the Arm Cortex-M4F, deterministic and a value: equal states stay equal, a copy
//! continues independently, time is an integer.
//!
//! [`Cpu`] runs the program in its [`Memory`] ([`elf`] loads files), with the peripherals behind a
//! [`Bus`], such as [`nrf52840`]. It follows the manuals of Armv7-M (DDI 0403) and of the
//! Cortex-M4, including their cycles; anything unsupported ends a run with a [`Stop`] that says
//! where and why, never with a panic.
//!
//! [`node`] puts the chip into a world, where its radio meets the medium's bits.
//!
//! Left out: the MPU, debug and trace units other than the cycle counter, bit-banding (the
//! nRF52840 has none), imprecise bus faults (all are precise), pop preemption (an exception that
//! arrives while a frame is read back waits until that is done).
//!
//! ```
//! use bletwin_emulator::{Cpu, Memory, Model, NoBus, Outcome, RAM_BASE};
//!
//! let mut memory = Memory::new(4096, 4096);
//! memory.program(0, &(RAM_BASE + 0x800).to_le_bytes()); // initial stack pointer
//! memory.program(4, &0x101_u32.to_le_bytes()); // reset vector, in Thumb state
//! memory.program(0x100, &[0x29, 0x20, 0x40, 0x1C, 0x00, 0xBE]); // MOVS R0, #41; ADDS R0, #1; BKPT
//! let model = Model { priority_bits: 3, flash_wait_states: 0 };
//! let mut cpu = Cpu::new(model, memory, NoBus);
//! let Outcome::Stopped(stop) = cpu.run(1_000_000) else { panic!("it runs on") };
//! assert_eq!(stop.address, 0x104, "at the breakpoint");
//! assert_eq!(cpu.register(0), 42);
//! ```

pub mod bus;
pub mod decode;
pub mod elf;
pub mod gdb;
pub mod node;
pub mod nrf52840;

mod cpu;
mod exception;
mod float;
mod memory;
mod stop;
mod system;
mod timing;
mod untracked;

pub use bus::{Bus, BusError, Context, NoBus, TICKS_PER_CYCLE, Ticks};
pub use cpu::{Cpu, Model, Outcome, Watch};
pub use memory::{Memory, RAM_BASE, UICR_BASE};
pub use stop::{Cause, Stop};

//! An emulator of the Arm Cortex-M4F, deterministic and a value: equal states stay equal, a copy
//! goes its own way, time is an integer.
//!
//! [`Cpu`] runs what is in its [`Memory`] ([`elf`] loads files), with the peripherals behind a
//! [`Bus`], of which [`nrf52840`] is one. It does what the
//! Armv7-M manual (DDI 0403) and the Cortex-M4's say, and takes the cycles that they say; what it
//! cannot do ends a run with a [`Stop`] that tells where and why, never with a panic.
//!
//! [`node`] puts the chip into a world, where its radio meets the medium's bits.
//!
//! Left out: the MPU, debug and trace units other than the cycle counter, bit-banding (the
//! nRF52840 has none), imprecise bus faults (all are precise), pop preemption (an exception that
//! arrives while a frame is read back waits until that is done).

pub mod bus;
pub mod decode;
pub mod elf;
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
pub use cpu::{Cpu, Model, Outcome};
pub use memory::{Memory, RAM_BASE};
pub use stop::{Cause, Stop};

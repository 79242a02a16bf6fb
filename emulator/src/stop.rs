//! Why the emulator stops, and how it says so.

use std::fmt;

use crate::decode::{self, Block, Op};

/// What made the processor stop.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cause {
    /// A BKPT, with its number.
    Breakpoint(u8),
    /// An encoding that the architecture leaves unpredictable.
    Unpredictable,
    /// A register that the chip has and the emulator has not.
    Register {
        /// Address of the register that is not modelled.
        address: u32,
        /// It was written, not read.
        write: bool,
        /// What is missing, and what to do.
        hint: &'static str,
    },
    /// A fault within HardFault or NMI: a chip does nothing more until it is reset.
    Lockup,
    /// The program asked for a reset (AIRCR.SYSRESETREQ).
    Reset,
}

/// The processor stopped. Its state is that before the instruction, except for [`Cause::Reset`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Stop {
    /// What made the processor stop at this instruction.
    pub cause: Cause,
    /// Where the instruction is.
    pub address: u32,
    /// Its halfwords, as far as there is memory; the second counts for wide ones only.
    pub instruction: [Option<u16>; 2],
}

impl Stop {
    /// One line for people: address, symbol (if known), instruction, cause, hint.
    #[must_use]
    pub fn report(&self, symbol: Option<&str>) -> String {
        let within = symbol.map(|symbol| format!(" in {symbol}")).unwrap_or_default();
        format!("0x{:08x}{within}: {}: {}", self.address, self.text(), self.cause)
    }

    fn text(&self) -> String {
        let [Some(first), second] = self.instruction else {
            return "no instruction".to_owned();
        };
        let second = second.unwrap_or(0);
        let op = decode::decode(self.address, first, second, Block::Outside).op;
        let halves = if decode::is_wide(first) {
            format!("{first:04x} {second:04x}")
        } else {
            format!("{first:04x}")
        };
        match op {
            Op::Unpredictable | Op::Undefined => halves,
            op => format!("{halves} ({op:?})"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Breakpoint(number) => write!(
                f,
                "breakpoint {number}; nobody debugs here: build without it or continue after it"
            ),
            Self::Unpredictable => f.write_str(
                "UNPREDICTABLE: chips differ here, so the program is wrong, or this is data that \
                 was branched to",
            ),
            Self::Register { address, write, hint } => {
                let verb = if *write { "wrote" } else { "read" };
                write!(f, "{verb} register 0x{address:08x}, which is not modelled: {hint}")
            }
            Self::Lockup => f.write_str(
                "lockup: a fault within the handler of a fault; CFSR, HFSR, MMFAR and BFAR tell \
                 of which kind",
            ),
            Self::Reset => f.write_str("the program asked for a reset"),
        }
    }
}

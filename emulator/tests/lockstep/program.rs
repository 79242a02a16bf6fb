//! Random programs: encodings are drawn, those that are instructions are kept, and what they need
//! (a base address that is memory, a branch that goes forward) is put around them.

use bletwin_emulator::decode::{self, Block, Hint, Op, Reg};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::encode;
use crate::image::SCRATCH;

/// What was drawn and not used, by reason.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Excluded {
    pub(crate) undefined: u64,
    pub(crate) unpredictable: u64,
    pub(crate) no_coprocessor: u64,
    /// What the frame around a program cannot bear: breakpoints, WFI, a change of stacks.
    pub(crate) unfit: u64,
}

impl Excluded {
    pub(crate) fn add(&mut self, other: Self) {
        self.undefined += other.undefined;
        self.unpredictable += other.unpredictable;
        self.no_coprocessor += other.no_coprocessor;
        self.unfit += other.unfit;
    }
}

/// A program, and what was excluded on the way to it.
pub(crate) struct Program {
    pub(crate) code: Vec<u16>,
    pub(crate) excluded: Excluded,
}

/// Draws a program for an address (a multiple of four) with `units` drawn instructions.
pub(crate) fn generate(seed: u64, address: u32, units: usize) -> Program {
    let rng = ChaCha8Rng::seed_from_u64(seed);
    let mut generator = Generator { rng, address, code: Vec::new(), excluded: Excluded::default() };
    for _ in 0..units {
        generator.unit();
    }
    Program { code: generator.code, excluded: generator.excluded }
}

struct Generator {
    rng: ChaCha8Rng,
    address: u32,
    code: Vec<u16>,
    excluded: Excluded,
}

/// Registers an instruction reads an address from, and how that has to be aligned.
struct Needs {
    base: Option<Reg>,
    index: Option<Reg>,
    aligned: bool,
}

impl Generator {
    fn below(&mut self, limit: u32) -> u32 {
        self.rng.next_u32() % limit
    }

    fn here(&self) -> u32 {
        self.address + 2 * self.code.len() as u32
    }

    fn emit(&mut self, code: &[u16]) {
        self.code.extend_from_slice(code);
    }

    /// Draws halfwords; floating point and DSP more often than their share.
    fn draw(&mut self) -> (u16, u16) {
        let (first, second) = (self.rng.next_u32() as u16, self.rng.next_u32() as u16);
        match self.below(10) {
            0..=3 => (first, second),
            4..=5 => (0xEE00 | first & 0xFF, second & 0xF0FF | 0x0A00),
            6 => (0xFA00 | first & 0x1FF, second | 0xF000),
            7 => (0xFB00 | first & 0xFF, second),
            8 => (0xEC00 | first & 0x1FF, second & 0xF0FF | 0x0A00 | second & 0x100),
            _ => (0xE800 | first & 0x17FF, second),
        }
    }

    /// An instruction for a place in or outside a block.
    fn instruction(&mut self, block: Block) -> (Op, Vec<u16>) {
        loop {
            let (first, second) = self.draw();
            let decoded = decode::decode(self.here(), first, second, block);
            match decoded.op {
                Op::Undefined => self.excluded.undefined += 1,
                Op::Unpredictable => self.excluded.unpredictable += 1,
                Op::NoCoprocessor { .. } => self.excluded.no_coprocessor += 1,
                op if unfit(op) => self.excluded.unfit += 1,
                op if decoded.length == 2 => return (op, vec![first]),
                op => return (op, vec![first, second]),
            }
        }
    }

    fn unit(&mut self) {
        let (op, code) = self.instruction(Block::Outside);
        match op {
            Op::IfThen { state } => self.block(&code, state),
            Op::Jump { .. }
            | Op::TableBranch { .. }
            | Op::Branch { .. }
            | Op::BranchIf { .. }
            | Op::CompareBranch { .. }
            | Op::Call { .. }
            | Op::BranchExchange { .. }
            | Op::CallRegister { .. } => self.branch(op, code.len() == 2),
            _ => self.straight(op, &code),
        }
    }

    /// An instruction with what makes its addresses good, and the stack pointer good again.
    fn straight(&mut self, op: Op, code: &[u16]) {
        let needs = needs(op);
        if needs.base.is_some() && needs.base == needs.index {
            self.excluded.unfit += 1;
            return;
        }
        if let Some(index) = needs.index {
            let value = self.below(256) as u16 & if needs.aligned { 0xFC } else { 0xFF };
            self.emit(&encode::load_half(index, value));
        }
        if let Some(base) = needs.base.filter(|base| *base != 13) {
            let odd = if needs.aligned { 0 } else { self.below(4) * self.below(2) };
            let address = SCRATCH + 4 * self.below(64) + odd;
            self.emit(&encode::load_constant(base, address));
        }
        if let Op::StoreExclusive { size, n, offset, .. } = op {
            self.reserve(size, n, offset);
        }
        self.emit(code);
        if writes_stack_pointer(op) {
            let shown = self.below(13) as u8;
            self.emit(&[encode::mov(shown, 13)]);
            let aligned = self.here().is_multiple_of(4);
            self.emit(&encode::load_stack_pointer(SCRATCH, aligned));
        }
    }

    /// QEMU's reservation is for an address and a value, the Cortex-M4's for all: so each store
    /// follows a load from its own address, or none.
    fn reserve(&mut self, size: decode::Size, n: Reg, offset: u16) {
        let n16 = u16::from(n);
        // LDREX into R12 or R11, which is not the base.
        let t = if n == 12 { 11 } else { 12 };
        match (self.below(2), size) {
            (0, _) => self.emit(&[0xF3BF, 0x8F2F]),
            (_, decode::Size::Word) => self.emit(&[0xE850 | n16, t << 12 | 0xF00 | offset >> 2]),
            (_, decode::Size::Half) => self.emit(&[0xE8D0 | n16, t << 12 | 0xF5F]),
            _ => self.emit(&[0xE8D0 | n16, t << 12 | 0xF4F]),
        }
    }

    /// A branch over the next instruction, by whichever way was drawn.
    fn branch(&mut self, op: Op, narrow: bool) {
        let (skipped_op, skipped) = loop {
            let (op, code) = self.instruction(Block::Outside);
            if needs(op).base.is_none() && !writes_stack_pointer(op) && !is_branch(op) {
                break (op, code);
            }
        };
        let over = 2 * skipped.len();
        debug_assert!(!is_branch(skipped_op));
        match op {
            Op::BranchIf { condition, .. } if narrow => {
                self.emit(&[encode::branch_if(condition, over)]);
            }
            Op::BranchIf { condition, .. } => self.emit(&encode::wide_branch_if(condition, over)),
            Op::CompareBranch { if_zero, n, .. } => {
                self.emit(&[encode::compare_branch(!if_zero, n, over)]);
            }
            Op::Branch { .. } if narrow => self.emit(&[encode::branch_over(over)]),
            Op::Branch { .. } => self.emit(&encode::wide_branch_over(over, false)),
            Op::Call { .. } => self.emit(&encode::wide_branch_over(over, true)),
            Op::TableBranch { half, .. } => self.table_branch(half, over),
            _ => self.register_branch(op, over),
        }
        self.emit(&skipped);
    }

    /// The target in a register, or on the stack.
    fn register_branch(&mut self, op: Op, over: usize) {
        // MOVW, MOVT, the branch (2 octets, or PUSH and POP).
        let from_stack = self.below(3) == 0;
        let length = if from_stack { 8 + 4 } else { 8 + 2 };
        let target = self.here() + length + over as u32;
        let register = self.below(8) as u8;
        self.emit(&encode::load_constant(register, target | 1));
        let m = u16::from(register) << 3;
        match op {
            _ if from_stack => self.emit(&[0xB400 | 1 << register, 0xBD00]),
            Op::BranchExchange { .. } => self.emit(&[0x4700 | m]),
            Op::CallRegister { .. } => self.emit(&[0x4780 | m]),
            _ => self.emit(&[encode::mov(15, register)]),
        }
    }

    /// A table of two entries behind the branch; which one is drawn, both lead behind the code.
    fn table_branch(&mut self, half: bool, over: usize) {
        let register = self.below(8) as u8;
        let index = self.below(2) as u16;
        self.emit(&encode::load_half(register, index));
        let table = if half { 4 } else { 2 };
        let entry = (table + over) as u16 / 2;
        self.emit(&[0xE8DF, 0xF000 | u16::from(half) << 4 | u16::from(register)]);
        if half {
            self.emit(&[entry, entry]);
        } else {
            self.emit(&[entry << 8 | entry]);
        }
    }

    /// IT and its one to four instructions, none of which needs anything around it.
    fn block(&mut self, code: &[u16], state: u8) {
        self.emit(code);
        let count = 4 - (state & 0xF).trailing_zeros();
        for n in 0..count {
            let block = if n + 1 == count { Block::Last } else { Block::Inside };
            let code = loop {
                let (op, code) = self.instruction(block);
                if needs(op).base.is_none() && !writes_stack_pointer(op) && !is_branch(op) {
                    break code;
                }
            };
            self.emit(&code);
        }
    }
}

fn is_branch(op: Op) -> bool {
    matches!(
        op,
        Op::Jump { .. }
            | Op::TableBranch { .. }
            | Op::Branch { .. }
            | Op::BranchIf { .. }
            | Op::CompareBranch { .. }
            | Op::Call { .. }
            | Op::BranchExchange { .. }
            | Op::CallRegister { .. }
            | Op::IfThen { .. }
    )
}

/// What ends the program, waits, or takes the ground from under it.
fn unfit(op: Op) -> bool {
    match op {
        Op::Breakpoint { .. } | Op::SupervisorCall { .. } => true,
        Op::Hint(hint) => matches!(hint, Hint::Wfi | Hint::Wfe),
        // Stack pointers and CONTROL.
        Op::WriteSpecial { special, .. } => matches!(special, 8 | 9 | 20),
        // A loaded program counter is drawn as a branch of its own.
        Op::Load { t, .. } | Op::LoadRegister { t, .. } | Op::LoadLiteral { t, .. } => t == 15,
        Op::LoadMultiple { list, .. } => list >> 15 == 1,
        _ => false,
    }
}

fn needs(op: Op) -> Needs {
    let (base, index, aligned) = match op {
        Op::Load { n, .. } | Op::Store { n, .. } => (Some(n), None, false),
        Op::LoadRegister { n, m, .. } | Op::StoreRegister { n, m, .. } => (Some(n), Some(m), false),
        Op::StoreDual { n, .. }
        | Op::LoadMultiple { n, .. }
        | Op::StoreMultiple { n, .. }
        | Op::LoadExclusive { n, .. }
        | Op::StoreExclusive { n, .. }
        | Op::FloatStore { n, .. }
        | Op::FloatLoadMultiple { n, .. }
        | Op::FloatStoreMultiple { n, .. } => (Some(n), None, true),
        Op::LoadDual { n, .. } | Op::FloatLoad { n, .. } => (n, None, true),
        _ => (None, None, true),
    };
    Needs { base, index, aligned }
}

fn writes_stack_pointer(op: Op) -> bool {
    use bletwin_emulator::decode::Index;
    let moves = |index| index != Index::Offset;
    match op {
        Op::DataImmediate { d, .. } | Op::DataRegister { d, .. } => d == 13,
        Op::Load { t, n, index, .. } => t == 13 || n == 13 && moves(index),
        Op::LoadRegister { t, .. } | Op::LoadLiteral { t, .. } => t == 13,
        Op::Store { n, index, .. } | Op::StoreDual { n, index, .. } => n == 13 && moves(index),
        Op::LoadDual { n, index, .. } => n == Some(13) && moves(index),
        Op::LoadMultiple { n, writeback, .. }
        | Op::StoreMultiple { n, writeback, .. }
        | Op::FloatLoadMultiple { n, writeback, .. }
        | Op::FloatStoreMultiple { n, writeback, .. } => n == 13 && writeback,
        _ => false,
    }
}

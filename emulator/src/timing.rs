//! Cycles of instructions, from the Cortex-M4 manual (ARM 100166, 3.3), and of flash with its
//! cache. The executor adds cycles that depend on data or on earlier instructions.

use crate::decode::{Float, FloatUnary, Op};

/// Cycles that an instruction takes at least. Two for a single load or store: the executor takes
/// one back where addresses are pipelined.
pub(crate) fn cycles(op: &Op) -> u8 {
    match op {
        Op::Load { .. } | Op::LoadLiteral { .. } | Op::LoadRegister { .. } => 2,
        Op::StoreRegister { .. } | Op::LoadExclusive { .. } | Op::StoreExclusive { .. } => 2,
        Op::LoadDual { .. } | Op::StoreDual { .. } => 3,
        Op::LoadMultiple { list, .. } | Op::StoreMultiple { list, .. } => {
            1 + list.count_ones() as u8
        }
        Op::TableBranch { .. } => 2,
        Op::FloatLoad { count, .. }
        | Op::FloatStore { count, .. }
        | Op::FloatLoadMultiple { count, .. }
        | Op::FloatStoreMultiple { count, .. } => 1 + *count,
        Op::FloatToCorePair { .. } | Op::FloatFromCorePair { .. } => 2,
        Op::Float { op: Float::Div, .. } | Op::FloatUnary { op: FloatUnary::Sqrt, .. } => 14,
        Op::Float { op: Float::Mul | Float::Nmul | Float::Add | Float::Sub, .. } => 1,
        Op::Float { .. } => 3,
        _ => 1,
    }
}

/// Octets that flash gives at a time, and that a line of the cache holds.
const LINE: u32 = 16;
/// Lines of the instruction cache: 2 KiB, each line in one place only.
const LINES: usize = 128;

/// How long flash takes. Nordic publishes the wait states and that there is an instruction cache,
/// not how it is built: its size and its one way are this model's.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct FlashTiming {
    wait_states: u8,
    /// End of flash; what lies beyond has no wait states.
    end: u32,
    /// The line that instructions come from now.
    line: u32,
    cache: Option<Box<[u32; LINES]>>,
}

const NO_LINE: u32 = u32::MAX;

impl FlashTiming {
    pub(crate) fn new(wait_states: u8, end: u32) -> Self {
        Self { wait_states, end, line: NO_LINE, cache: None }
    }

    /// The cache, switched on and off by the flash controller; it starts empty.
    pub(crate) fn set_cache(&mut self, on: bool) {
        if self.cache.is_some() != on {
            self.cache = on.then(|| Box::new([NO_LINE; LINES]));
        }
    }

    /// Invalidates the cache, after flash changed.
    pub(crate) fn invalidate(&mut self) {
        self.line = NO_LINE;
        if let Some(cache) = &mut self.cache {
            **cache = [NO_LINE; LINES];
        }
    }

    /// Cycles of waiting for a literal or data: the cache is for instructions only.
    #[inline(always)]
    pub(crate) fn data_wait(&self) -> u64 {
        self.wait_states.into()
    }

    /// Cycles of waiting for an instruction.
    #[inline(always)]
    pub(crate) fn fetch_wait(&mut self, address: u32) -> u64 {
        let line = address / LINE;
        if line == self.line || self.wait_states == 0 {
            return 0;
        }
        self.line = line;
        self.other_line(address, line)
    }

    fn other_line(&mut self, address: u32, line: u32) -> u64 {
        if address >= self.end {
            return 0;
        }
        if let Some(cache) = &mut self.cache {
            let place = &mut cache[line as usize % LINES];
            if *place == line {
                return 0;
            }
            *place = line;
        }
        self.wait_states.into()
    }
}

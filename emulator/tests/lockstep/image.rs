//! An image of many programs, each with code that gives it its registers before and stores all
//! state after. It runs by itself on QEMU's mps2-an386 and on the emulator.

use bletwin_emulator::decode::Reg;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::encode;
use crate::program::{self, Excluded};

/// The middle of what programs load from and store to, and their stack pointer.
pub(crate) const SCRATCH: u32 = 0x2000_1800;
const SCRATCH_START: u32 = 0x2000_0000;
const SCRATCH_WORDS: u32 = 0x3000 / 4;
/// Where results are stored.
pub(crate) const RESULTS: u32 = 0x2001_0000;
/// Words that a program's result has.
pub(crate) const WORDS: usize = 54;
const RESULT: u32 = WORDS as u32 * 4;
/// The file that the image writes its results to.
pub(crate) const FILE: &str = "results.bin";

/// What the words of a result are, lowest address first.
pub(crate) fn word_name(index: usize) -> String {
    match index {
        0 => "checksum of memory".to_owned(),
        1..=32 => format!("S{}", index - 1),
        33 => "APSR".to_owned(),
        34 => "FPSCR".to_owned(),
        35 => "PRIMASK".to_owned(),
        36 => "BASEPRI".to_owned(),
        37 => "CONTROL".to_owned(),
        38 => "FAULTMASK".to_owned(),
        39 => "R13".to_owned(),
        40..=52 => format!("R{}", index - 40),
        _ => "R14".to_owned(),
    }
}

/// Whether a word of a result has nothing to do with floating point. Memory has: it is stored.
pub(crate) fn is_core(index: usize) -> bool {
    index > 32 && index != 34
}

/// An image, where its programs begin, and what was excluded from them.
pub(crate) struct Image {
    pub(crate) octets: Vec<u8>,
    /// Address of each program's own first instruction, and of what follows it.
    pub(crate) programs: Vec<(u32, u32)>,
    pub(crate) excluded: Excluded,
    /// Where each program's prologue begins, and last where the results are written.
    parts: Vec<u32>,
}

impl Image {
    /// An image that was built before, with as many programs.
    pub(crate) fn of_octets(octets: Vec<u8>, count: usize) -> Self {
        let programs = vec![(0, 0); count];
        Self { octets, programs, excluded: Excluded::default(), parts: Vec::new() }
    }

    /// The image with one of its programs alone, where it was.
    pub(crate) fn only(&self, index: usize) -> Self {
        let mut octets = self.octets.clone();
        let mut jump = |from: u32, to: u32| {
            if from != to {
                let code = encode::wide_branch_over((to - from - 4) as usize, false);
                let from = from as usize;
                octets[from..from + 2].copy_from_slice(&code[0].to_le_bytes());
                octets[from + 2..from + 4].copy_from_slice(&code[1].to_le_bytes());
            }
        };
        jump(self.parts[0], self.parts[index]);
        jump(self.parts[index + 1], self.parts[self.parts.len() - 1]);
        let programs = vec![self.programs[index]];
        Self { octets, programs, excluded: self.excluded, parts: self.parts.clone() }
    }
}

struct Builder {
    code: Vec<u16>,
}

impl Builder {
    fn here(&self) -> u32 {
        2 * self.code.len() as u32
    }

    fn emit(&mut self, code: &[u16]) {
        self.code.extend_from_slice(code);
    }

    fn constant(&mut self, register: Reg, value: u32) {
        self.emit(&encode::load_constant(register, value));
    }

    fn align(&mut self) {
        if !self.here().is_multiple_of(4) {
            self.emit(&[0xBF00]);
        }
    }

    /// BL to what is already there.
    fn call(&mut self, target: u32) {
        let offset = target.wrapping_sub(self.here() + 4);
        let (imm10, imm11) = ((offset >> 12 & 0x3FF) as u16, (offset >> 1 & 0x7FF) as u16);
        // Backwards: S, J1 and J2 are set.
        self.emit(&[0xF400 | imm10, 0xF800 | imm11]);
    }
}

/// Builds the programs of these seeds.
pub(crate) fn build(seeds: &[u64]) -> Image {
    let mut b = Builder { code: Vec::new() };
    vectors(&mut b);
    let fill = routine_fill(&mut b);
    let checksum = routine_checksum(&mut b);
    let start = b.here();
    // CPACR: floating point for all.
    b.constant(0, 0xE000_ED88);
    b.constant(1, 0x00F0_0000);
    b.emit(&[0x6001, 0xF3BF, 0x8F4F, 0xF3BF, 0x8F6F]);
    let mut image = Image {
        octets: Vec::new(),
        programs: Vec::new(),
        excluded: Excluded::default(),
        parts: Vec::new(),
    };
    for (number, seed) in seeds.iter().enumerate() {
        image.parts.push(b.here());
        one(&mut b, &mut image, *seed, number as u32, fill, checksum);
    }
    image.parts.push(b.here());
    finish(&mut b, seeds.len() as u32);
    // Literals are loaded from up to 4095 octets further on.
    b.code.resize(b.code.len() + 2048, 0);
    b.code[2] = start as u16 | 1;
    b.code[3] = (start >> 16) as u16;
    image.octets = b.code.iter().flat_map(|half| half.to_le_bytes()).collect();
    image
}

/// The vector table, 4 KiB for literals of the first program, and a handler that gives up.
fn vectors(b: &mut Builder) {
    b.code.resize(2048 + 2, 0);
    let fail = b.here();
    // SYS_EXIT with something other than ADP_Stopped_ApplicationExit.
    b.emit(&[0x2018, 0x2100, 0xBEAB, 0xE7FE]);
    b.code[0] = SCRATCH as u16;
    b.code[1] = (SCRATCH >> 16) as u16;
    for vector in 2..16 {
        b.code[2 * vector] = fail as u16 | 1;
    }
}

/// Fills the scratch memory from R0 on with what R0 makes of it (a linear congruence).
fn routine_fill(b: &mut Builder) -> u32 {
    b.align();
    let at = b.here();
    b.constant(1, SCRATCH_START);
    b.constant(2, SCRATCH_WORDS);
    b.constant(3, 1_664_525);
    b.constant(4, 1_013_904_223);
    // loop: MLA R0, R0, R3, R4; STMIA R1!, {R0}; SUBS R2, #1; BNE loop; BX LR
    b.emit(&[0xFB00, 0x4003, 0xC101, 0x3A01, 0xD1FA, 0x4770]);
    at
}

/// R0 becomes a checksum of the scratch memory.
fn routine_checksum(b: &mut Builder) -> u32 {
    b.align();
    let at = b.here();
    b.constant(1, SCRATCH_START);
    b.constant(2, SCRATCH_WORDS);
    b.constant(3, 0x0100_0193);
    // loop: LDMIA R1!, {R4}; MLA R0, R0, R3, R4; SUBS R2, #1; BNE loop; BX LR
    b.emit(&[0x2000, 0xC910, 0xFB00, 0x4003, 0x3A01, 0xD1FA, 0x4770]);
    at
}

/// A value for a register: any bits, or one that arithmetic finds interesting.
fn interesting(rng: &mut ChaCha8Rng) -> u32 {
    const VALUES: [u32; 12] = [
        0,
        1,
        0x7FFF_FFFF,
        0x8000_0000,
        u32::MAX,
        0x0000_8000,
        0x7F80_0000,
        0xFF80_0000,
        0x7FC0_0001,
        0x7F80_0001,
        0x0000_0001,
        0x807F_FFFF,
    ];
    let bits = rng.next_u32();
    match rng.next_u32() % 8 {
        0 => VALUES[bits as usize % VALUES.len()],
        // Floating point around 1, so that sums do not only swallow one side.
        1..=4 => bits & 0x8FFF_FFFF | 0x3000_0000,
        _ => bits,
    }
}

/// Prologue, program, epilogue.
fn one(b: &mut Builder, image: &mut Image, seed: u64, number: u32, fill: u32, checksum: u32) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5EED);
    let top = RESULTS + (number + 1) * RESULT;
    b.constant(0, rng.next_u32());
    b.call(fill);
    // MOVs of all registers cost more octets than a table: VLDM and LDM from behind a branch.
    b.align();
    let words: Vec<u32> = (0..32 + 13).map(|_| interesting(&mut rng)).collect();
    let fpscr = rng.next_u32() & if rng.next_u32() % 2 == 0 { 0xF7C0_009F } else { 0xF000_0000 };
    let apsr = rng.next_u32() & 0xF80F_0000;
    b.emit(&encode::wide_branch_over(4 * words.len(), false));
    let table = b.here();
    for word in &words {
        b.emit(&[*word as u16, (*word >> 16) as u16]);
    }
    b.constant(0, fpscr);
    b.constant(1, apsr);
    // VMSR FPSCR, R0; MSR APSR_nzcvqg, R1
    b.emit(&[0xEEE1, 0x0A10, 0xF381, 0x8C00]);
    b.constant(14, table);
    // VLDMIA LR!, {S0-S31}; LDMIA LR, {R0-R12}
    b.emit(&[0xECBE, 0x0A20, 0xE89E, 0x1FFF]);
    b.align();
    b.emit(&encode::load_stack_pointer(SCRATCH, true));
    b.align();
    let address = b.here();
    let program = program::generate(seed, address, 40 + rng.next_u32() as usize % 60);
    b.emit(&program.code);
    image.excluded.add(program.excluded);
    image.programs.push((address, b.here()));
    epilogue(b, top, checksum);
}

fn epilogue(b: &mut Builder, top: u32, checksum: u32) {
    // MOV.W would change flags or need a register: the stack pointer goes the other way.
    let aligned = b.here().is_multiple_of(4);
    b.emit(&encode::load_stack_pointer(top, aligned));
    // PUSH.W {R0-R12, LR}; ADD R0, SP, #56; PUSH {R0}
    b.emit(&[0xE92D, 0x5FFF, 0xA80E, 0xB401]);
    // MRS R0, APSR; VMRS R1, FPSCR; MRS R2, PRIMASK; R3, BASEPRI; R4, CONTROL; R5, FAULTMASK
    b.emit(&[0xF3EF, 0x8000, 0xEEF1, 0x1A10, 0xF3EF, 0x8210, 0xF3EF, 0x8311]);
    b.emit(&[0xF3EF, 0x8414, 0xF3EF, 0x8513]);
    // PUSH {R0-R5}; VPUSH {S0-S31}
    b.emit(&[0xB43F, 0xED2D, 0x0A20]);
    // The masks are lifted: MOVS R0, #0; MSR PRIMASK, BASEPRI, FAULTMASK
    b.emit(&[0x2000, 0xF380, 0x8810, 0xF380, 0x8811, 0xF380, 0x8813]);
    b.call(checksum);
    b.emit(&[0xB401]);
}

/// Writes the results to the file and exits, by semihosting.
fn finish(b: &mut Builder, programs: u32) {
    b.align();
    b.emit(&encode::wide_branch_over(32, false));
    let data = b.here();
    let mut name = FILE.as_bytes().to_vec();
    name.resize(16, 0);
    let length = RESULT * programs;
    let words = [data, 5, FILE.len() as u32, 0];
    b.emit(&name.chunks(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect::<Vec<_>>());
    for word in words {
        b.emit(&[word as u16, (word >> 16) as u16]);
    }
    // SYS_OPEN {name, "wb", length}
    b.emit(&[0x2001]);
    b.constant(1, data + 16);
    b.emit(&[0xBEAB]);
    // SYS_WRITE {handle, data, length} from the scratch memory.
    b.constant(1, SCRATCH_START);
    b.emit(&[0x6008]);
    b.constant(0, RESULTS);
    b.emit(&[0x6048]);
    b.constant(0, length);
    b.emit(&[0x6088, 0x2005, 0xBEAB]);
    // SYS_EXIT, ADP_Stopped_ApplicationExit
    b.emit(&[0x2018]);
    b.constant(1, 0x20026);
    b.emit(&[0xBEAB, 0xE7FE]);
}

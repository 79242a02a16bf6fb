//! An image in which every exception notes its frame, does what a table says, and returns.

use crate::encode;

/// Where notes are written.
pub(crate) const NOTES: u32 = 0x2001_0000;
/// Words of notes that are compared.
pub(crate) const WORDS: usize = 512;
const NEXT_NOTE: u32 = 0x2000_8000;
const STACK: u32 = 0x2000_4000;
/// A second stack, for PSP.
pub(crate) const PROCESS_STACK: u32 = 0x2000_6000;
const TABLE: u32 = 0x100;
/// Exceptions with a vector: the architecture's and eight interrupts.
const VECTORS: usize = 24;

/// The action of a handler.
#[derive(Clone, Copy)]
pub(crate) enum Action {
    /// Stores a value to an address.
    Store(u32, u32),
    /// Calls a piece of code by its number.
    Call(usize),
}

/// A program: the actions of the thread and of the handlers.
#[derive(Default)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// The thread's code, at an address that is a multiple of four.
    pub(crate) thread: Vec<u16>,
    /// By exception number.
    pub(crate) handlers: Vec<(u8, Vec<Action>)>,
    /// Code that handlers call; each piece returns by itself.
    pub(crate) pieces: Vec<Vec<u16>>,
}

/// Code that stores a value to an address; R0 and R1 change.
pub(crate) fn store(address: u32, value: u32) -> Vec<u16> {
    let mut code = encode::load_constant(0, address).to_vec();
    code.extend(encode::load_constant(1, value));
    code.push(0x6001);
    code
}

fn words(code: &mut Vec<u16>, words: &[u32]) {
    code.extend(words.iter().flat_map(|word| [*word as u16, (*word >> 16) as u16]));
}

fn align(code: &mut Vec<u16>) {
    if !code.len().is_multiple_of(2) {
        code.push(0xBF00);
    }
}

/// The image of a scenario.
pub(crate) fn build(scenario: &Scenario) -> Vec<u8> {
    let mut code = vec![0_u16; (TABLE as usize + 4 * VECTORS) / 2];
    let here = |code: &Vec<u16>| 2 * code.len() as u32;
    let handler = here(&code);
    code.extend(handler_code());
    let pieces: Vec<u32> = scenario
        .pieces
        .iter()
        .map(|piece| {
            align(&mut code);
            let at = here(&code);
            code.extend(piece);
            at | 1
        })
        .collect();
    align(&mut code);
    let nothing = here(&code);
    words(&mut code, &[0, 0]);
    let mut lists = [nothing; VECTORS];
    for (number, actions) in &scenario.handlers {
        lists[usize::from(*number)] = here(&code);
        for action in actions {
            match action {
                Action::Store(address, value) => words(&mut code, &[*address, *value]),
                Action::Call(piece) => words(&mut code, &[1, pieces[*piece]]),
            }
        }
        words(&mut code, &[0, 0]);
    }
    let start = here(&code);
    code.extend(store(NEXT_NOTE, NOTES));
    align(&mut code);
    code.extend(&scenario.thread);
    finish(&mut code);
    let mut vectors = vec![STACK, start | 1];
    vectors.resize(VECTORS, handler | 1);
    let mut put = |at: u32, words: &[u32]| {
        for (n, word) in words.iter().enumerate() {
            let at = at as usize / 2 + 2 * n;
            code[at..at + 2].copy_from_slice(&[*word as u16, (*word >> 16) as u16]);
        }
    };
    put(0, &vectors);
    put(TABLE, &lists);
    code.iter().flat_map(|half| half.to_le_bytes()).collect()
}

/// Notes IPSR, LR, CFSR, HFSR and the frame; steps over what faulted; does what the table says;
/// notes that it leaves.
fn handler_code() -> Vec<u16> {
    let mut code = vec![
        0xF01E, 0x0F04, // TST LR, #4
        0xBF0C, // ITE EQ
        0xF3EF, 0x8008, // MRSEQ R0, MSP
        0xF3EF, 0x8009, // MRSNE R0, PSP
        0xB5F0, // PUSH {R4-R7, LR}
    ];
    code.extend(encode::load_constant(4, NEXT_NOTE));
    code.extend([
        0x6825, // LDR R5, [R4]
        0xF3EF, 0x8105, // MRS R1, IPSR
        0x4672, // MOV R2, LR
    ]);
    code.extend(encode::load_constant(6, 0xE000_ED28));
    code.extend([
        0x6833, // LDR R3, [R6]: CFSR
        0x6033, // STR R3, [R6]: clears it
        0x6877, // LDR R7, [R6, #4]: HFSR
        0x6077, // STR R7, [R6, #4]
        0xC58E, // STMIA R5!, {R1, R2, R3, R7}
        0x4607, // MOV R7, R0
        0xCF0F, // LDMIA R7!, {R0-R3}
        0xC50F, // STMIA R5!, {R0-R3}
        0xCF0F, 0xC50F, // and again
        0x6025, // STR R5, [R4]
        0x3F20, // SUBS R7, #32
        0xF3EF, 0x8105, // MRS R1, IPSR
        // Faults have numbers 3 to 6.
        0x1ECA, // SUBS R2, R1, #3
        0x2A03, // CMP R2, #3
        0xD811, // BHI actions
        0x69FB, // LDR R3, [R7, #28]: XPSR
        0x01DA, // LSLS R2, R3, #7
        0xD507, // BPL not_thumb
        0x69BA, // LDR R2, [R7, #24]: the return address
        0x8813, // LDRH R3, [R2]
        0x0ADB, // LSRS R3, R3, #11
        0x3202, // ADDS R2, #2
        0x2B1D, // CMP R3, #29
        0xD307, // BLO put
        0x3202, // ADDS R2, #2
        0xE005, // B put
        // not_thumb: back to the caller, in Thumb state.
        0xF043, 0x7380, // ORR R3, R3, #1 << 24
        0x61FB, // STR R3, [R7, #28]
        0x697A, // LDR R2, [R7, #20]
        0x3A01, 0xBF00, // SUBS R2, #1; NOP
        // put:
        0x61BA, // STR R2, [R7, #24]
    ]);
    // actions:
    code.extend(encode::load_constant(6, TABLE));
    code.extend([
        0xF856, 0x6021, // LDR R6, [R6, R1, LSL #2]
        // next:
        0xCE0C, // LDMIA R6!, {R2, R3}
        0xB12A, // CBZ R2, done
        0x2A01, // CMP R2, #1
        0xD001, // BEQ call
        0x6013, // STR R3, [R2]
        0xE7F9, // B next
        0x4798, // call: BLX R3
        0xE7F7, // B next
        // done:
        0xF3EF, 0x8105, // MRS R1, IPSR
        0x6825, // LDR R5, [R4]
        0xF041, 0x4100, // ORR R1, R1, #1 << 31
        0xC502, // STMIA R5!, {R1}
        0x6025, // STR R5, [R4]
        0xBDF0, // POP {R4-R7, PC}
    ]);
    code
}

/// Writes the notes to the file and exits, by semihosting.
fn finish(code: &mut Vec<u16>) {
    align(code);
    let data = 2 * code.len() as u32 + 4;
    code.extend(encode::wide_branch_over(28, false));
    let mut name = crate::image::FILE.as_bytes().to_vec();
    name.resize(16, 0);
    code.extend(name.chunks(2).map(|two| u16::from_le_bytes([two[0], two[1]])));
    words(code, &[data, 5, crate::image::FILE.len() as u32]);
    let block = 0x2000_0000;
    code.push(0x2001);
    code.extend(encode::load_constant(1, data + 16));
    code.push(0xBEAB);
    // The handle is in R0; store() would lose it.
    code.extend([0x4603]);
    code.extend(store(block + 4, NOTES));
    code.extend(store(block + 8, WORDS as u32 * 4));
    code.extend(encode::load_constant(1, block));
    code.extend([0x600B, 0x2005, 0xBEAB, 0x2018]);
    code.extend(encode::load_constant(1, 0x20026));
    code.extend([0xBEAB, 0xE7FE]);
}

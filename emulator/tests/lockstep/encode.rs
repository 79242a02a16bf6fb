//! The few instructions that the frame around random programs needs, as halfwords.

/// MOVW and MOVT.
pub(crate) fn load_constant(register: u8, value: u32) -> [u16; 4] {
    let [low, high] = [value as u16, (value >> 16) as u16];
    let [a, b] = move_half(0xF240, register, low);
    let [c, d] = move_half(0xF2C0, register, high);
    [a, b, c, d]
}

/// MOVW.
pub(crate) fn load_half(register: u8, value: u16) -> [u16; 2] {
    move_half(0xF240, register, value)
}

fn move_half(first: u16, register: u8, value: u16) -> [u16; 2] {
    [
        first | value >> 12 | (value >> 11 & 1) << 10,
        (value >> 8 & 7) << 12 | u16::from(register) << 8 | value & 0xFF,
    ]
}

/// LDR.W of the stack pointer from a word right behind a branch around it, at an address that is
/// a multiple of four (`aligned`) or not.
pub(crate) fn load_stack_pointer(value: u32, aligned: bool) -> Vec<u16> {
    let [low, high] = [value as u16, (value >> 16) as u16];
    // LDR.W SP, [PC, #n]; B over the word; padding; the word.
    let mut code = if aligned {
        // The program counter is aligned there: the word is 8 octets on, 4 beyond it.
        vec![0xF8DF, 0xD004, 0xE002, 0xBF00]
    } else {
        // At 4n + 2: the branch ends at 4n + 8, where the word is; aligned PC is 4n + 4.
        vec![0xF8DF, 0xD004, 0xE001]
    };
    code.extend([low, high]);
    code
}

/// MOV Rd, Rm.
pub(crate) fn mov(d: u8, m: u8) -> u16 {
    0x4600 | u16::from(d & 8) << 4 | u16::from(m) << 3 | u16::from(d & 7)
}

/// B over as many octets as follow it.
pub(crate) fn branch_over(octets: usize) -> u16 {
    0xE000 | halves(octets, 2) & 0x7FF
}

/// B.W or BL over as many octets as follow it, up to 4 MiB.
pub(crate) fn wide_branch_over(octets: usize, call: bool) -> [u16; 2] {
    let second = if call { 0xF800 } else { 0xB800 };
    let halves = octets / 2;
    [0xF000 | (halves >> 11) as u16, second | (halves & 0x7FF) as u16]
}

/// B with a condition, narrow.
pub(crate) fn branch_if(condition: u8, octets: usize) -> u16 {
    0xD000 | u16::from(condition) << 8 | halves(octets, 2) & 0xFF
}

/// B with a condition, wide.
pub(crate) fn wide_branch_if(condition: u8, octets: usize) -> [u16; 2] {
    [0xF000 | u16::from(condition) << 6, 0x8000 | halves(octets, 4)]
}

/// CBZ or CBNZ.
pub(crate) fn compare_branch(nonzero: bool, n: u8, octets: usize) -> u16 {
    let halves = (octets as u16).wrapping_sub(2) / 2;
    0xB100 | u16::from(nonzero) << 11 | (halves >> 5) << 9 | (halves & 0x1F) << 3 | u16::from(n)
}

/// The offset, in halfwords and from the program counter, to what is `octets` behind a branch of
/// this length.
fn halves(octets: usize, length: usize) -> u16 {
    ((octets + length).wrapping_sub(4) / 2) as u16
}

use super::{Alu, Block, Index, Instruction, Op, Size, decode};

fn op(first: u16, second: u16) -> Op {
    decode(0x1000, first, second, Block::Outside).op
}

/// The data of the fast loop stay small.
#[test]
fn an_instruction_takes_sixteen_octets() {
    assert_eq!(size_of::<Instruction>(), 16);
}

#[test]
fn literals_and_branches_are_resolved() {
    let address = 0x1004 + 8;
    assert_eq!(op(0x4902, 0), Op::LoadLiteral { size: Size::Word, t: 1, address });
    assert_eq!(op(0xE7FE, 0), Op::Branch { target: 0x1000 });
    assert_eq!(op(0xF7FF, 0xFFFE), Op::Call { target: 0x1000 });
    assert_eq!(op(0xF000, 0xF800), Op::Call { target: 0x1004 });
    let adr = |imm| Op::DataImmediate { op: Alu::Mov, flags: false, d: 0, n: 15, carry: None, imm };
    assert_eq!(op(0xA001, 0), adr(0x1008));
    assert_eq!(op(0xF2AF, 0x0004), adr(0x1000));
}

#[test]
fn aliases_are_one() {
    let push = Op::StoreMultiple { n: 13, before: true, writeback: true, list: 0x4010 };
    assert_eq!((op(0xB510, 0), op(0xE92D, 0x4010)), (push, push));
    let load = Op::Load { size: Size::Word, t: 1, n: 2, index: Index::Offset, offset: 4 };
    assert_eq!((op(0x6851, 0), op(0xF8D2, 0x1004)), (load, load));
}

/// One of each kind of rule that the manual calls UNPREDICTABLE.
#[test]
fn unpredictable_is_recognised() {
    for (what, first, second) in [
        ("a should-be-zero bit: BX with bits 2:0 set", 0x4701, 0),
        ("CMP of two low registers by its form for high ones", 0x4508, 0),
        ("PUSH of nothing", 0xB400, 0),
        ("STMIA with its base in the list, not lowest", 0xC103, 0),
        ("AND.W to the stack pointer", 0xEA00, 0x0D01),
        ("LDM of one register", 0xE890, 0x0002),
        ("LDM of the stack pointer", 0xE890, 0x2002),
        ("LDRD to one register twice", 0xE9D0, 0x1100),
        ("LDR with write-back of its own base", 0xF851, 0x1F04),
        ("STREX that writes its base", 0xE840, 0x1000),
        ("UBFX beyond bit 31", 0xF3C0, 0x709F),
        ("BFI that ends before it begins", 0xF361, 0x7000),
        ("SMULL to one register twice", 0xFB80, 0x1102),
        ("REV with two sources", 0xFA91, 0xF082),
        ("VLDM of no register", 0xEC90, 0x0A00),
        ("VLDM beyond S31", 0xECD0, 0xFA02),
        ("MSR to no register", 0xF380, 0x8804),
        ("an immediate of zero octets, repeated", 0xF04F, 0x1000),
    ] {
        assert_eq!(op(first, second), Op::Unpredictable, "{what}");
    }
}

#[test]
fn undefined_is_recognised() {
    for (what, first, second) in [
        ("UDF", 0xDE00, 0),
        ("UDF.W", 0xF7F0, 0xA000),
        ("BLX to an address", 0xF000, 0xE800),
        ("a store relative to the program counter", 0xF84F, 0x0004),
        ("VADD.F64", 0xEE30, 0x0B00),
        ("D16", 0xED90 | 0x40, 0x0B00),
        ("VSEL", 0xFE00, 0x0A00),
    ] {
        assert_eq!(op(first, second), Op::Undefined, "{what}");
    }
    assert_eq!(op(0xEE00, 0x0E10), Op::NoCoprocessor { number: 14 });
}

#[test]
fn an_it_block_restricts_and_drops_flags() {
    let inside = |first| decode(0x1000, first, 0, Block::Inside).op;
    let last = |first| decode(0x1000, first, 0, Block::Last).op;
    // ADDS R0, R0, R1 becomes ADD.
    assert!(matches!(op(0x1840, 0), Op::DataRegister { flags: true, .. }));
    assert!(matches!(inside(0x1840), Op::DataRegister { flags: false, .. }));
    // B, BX: only last. IT, CBZ, CPS, B with a condition: never.
    for branch in [0xE000, 0x4770] {
        assert_eq!(inside(branch), Op::Unpredictable);
        assert_ne!(last(branch), Op::Unpredictable);
    }
    for never in [0xBF08, 0xB100, 0xB672, 0xD000] {
        assert_eq!(last(never), Op::Unpredictable);
        assert_ne!(op(never, 0), Op::Unpredictable);
    }
}

/// Whatever octets are branched to, decoding ends and knows its length.
#[test]
fn all_first_halfwords_decode() {
    for first in 0..=u16::MAX {
        for second in [0, 0x0A00, 0x8000, 0xF0F0, 0xFFFF] {
            let decoded = decode(0x1000, first, second, Block::Outside);
            assert_eq!(decoded.length == 4, super::is_wide(first));
            assert!((1..=34).contains(&decoded.cycles), "{decoded:?}");
        }
    }
}

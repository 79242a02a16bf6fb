use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Memory, RAM_BASE};
use crate::decode::Op;

fn hash(memory: &Memory) -> u64 {
    let mut hasher = DefaultHasher::new();
    memory.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn reads_give_what_was_written_and_nothing_beyond() {
    let mut memory = Memory::new(2048, 2048);
    assert_eq!((memory.read::<4>(0), memory.read::<4>(RAM_BASE)), (Some([0xFF; 4]), Some([0; 4])));
    assert!(memory.write_ram(RAM_BASE + 2044, [1, 2, 3, 4]));
    assert_eq!(memory.read(RAM_BASE + 2046), Some([3, 4]));
    assert!(!memory.write_ram(RAM_BASE + 2048, [0_u8; 4]));
    assert!(!memory.write_ram(0, [0_u8; 4]), "flash is no RAM");
    assert_eq!(memory.read::<1>(RAM_BASE - 1), None);
    assert_eq!(memory.octets(RAM_BASE + 2044, 5), None);
}

#[test]
fn copies_go_their_own_ways() {
    let mut memory = Memory::new(2048, 2048);
    memory.write_ram(RAM_BASE, [1]);
    let mut copy = memory.clone();
    assert!(copy == memory && hash(&copy) == hash(&memory));
    copy.write_ram(RAM_BASE, [2]);
    assert!(copy != memory && hash(&copy) != hash(&memory));
    memory.write_ram(RAM_BASE, [2]);
    assert!(copy == memory && hash(&copy) == hash(&memory), "the same octets are the same state");
    memory.seal();
    assert!(copy == memory && hash(&copy) == hash(&memory), "sealing changes nothing");
}

#[test]
fn what_was_decoded_is_forgotten_and_has_no_identity() {
    let mut memory = Memory::new(1024, 1024);
    let branch = |memory: &mut Memory, at| {
        let page = memory.lend_code(at)?;
        let op = page.outside(at).map(|found| found.op);
        memory.give_code_back(at, page);
        op
    };
    // B.W, its second halfword on the next page of decoded code.
    let at = RAM_BASE + 254;
    memory.write_ram(at, [0x00, 0xF0]);
    memory.write_ram(at + 2, [0x00, 0xB8]);
    let before = memory.clone();
    let first = branch(&mut memory, at);
    assert_eq!(first, Some(Op::Branch { target: at + 4 }));
    assert!(memory == before && hash(&memory) == hash(&before));
    memory.write_ram(at + 2, [0x01, 0xB8]);
    assert_eq!(
        branch(&mut memory, at),
        Some(Op::Branch { target: at + 6 }),
        "the page before, too"
    );
    // While it is lent.
    let page = memory.lend_code(at).expect("RAM");
    memory.write_ram(at + 2, [0x00, 0xB8]);
    assert!(memory.code_is_stale());
    memory.give_code_back(at, page);
    assert!(!memory.code_is_stale());
    assert_eq!(branch(&mut memory, at), first);
}

#[test]
fn an_instruction_that_leaves_memory_is_undefined() {
    let mut memory = Memory::new(1024, 1024);
    let last = RAM_BASE + 1022;
    memory.write_ram(last, [0x00, 0xF0]);
    let page = memory.lend_code(last).expect("RAM");
    assert_eq!(page.outside(last).map(|found| found.op), Some(Op::Undefined));
    memory.give_code_back(last, page);
    assert!(memory.lend_code(0x0800_0000).is_none(), "there is no memory");
}

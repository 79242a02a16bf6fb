//! The emulator, as the board that QEMU has.

use bletwin_emulator::decode::{self, Block};
use bletwin_emulator::{Cause, Cpu, Memory, Model, NoBus, Outcome, Stop};

use crate::image::{Image, RESULTS, WORDS};
use crate::qemu;

/// The priority bits of QEMU's boards; time is not compared.
pub(crate) const MODEL: Model = Model { priority_bits: 8, flash_wait_states: 0 };
const SIZE: u32 = 4 << 20;
/// Ticks within which an image ends: 64 s at 64 MHz.
const LONG: u64 = 64 * 64_000_000 * 1000;

fn load(image: &Image) -> Cpu<NoBus> {
    let mut memory = Memory::new(SIZE, SIZE);
    assert!(memory.program(0, &image.octets), "the image fits");
    Cpu::new(MODEL, memory, NoBus)
}

/// Runs an image up to its first call of the debugger; the words of each program's result.
pub(crate) fn run(image: &Image) -> Vec<[u32; WORDS]> {
    let mut cpu = load(image);
    match cpu.run(LONG) {
        Outcome::Stopped(Stop { cause: Cause::Breakpoint(0xAB), .. }) if cpu.register(0) == 1 => {}
        Outcome::Stopped(stop) => panic!("{}", stop.report(None)),
        Outcome::Reached | Outcome::Halted => panic!("a program does not end"),
    }
    let count = image.programs.len() * WORDS * 4;
    qemu::results(&cpu.memory().octets(RESULTS, count).expect("results are in RAM"))
}

/// The state before each instruction, like [`qemu::trace`].
pub(crate) fn trace(image: &Image, most: usize) -> Vec<[u32; 17]> {
    let mut cpu = load(image);
    let mut states = Vec::new();
    while states.len() < most {
        let mut state = [0; 17];
        for (n, word) in state.iter_mut().take(16).enumerate() {
            *word = cpu.register(n as u8);
        }
        state[16] = cpu.status() & 0xF800_0000;
        states.push(state);
        if let Outcome::Stopped(_) = cpu.single_step() {
            break;
        }
    }
    states
}

/// What stands at an address of an image.
pub(crate) fn instruction(image: &Image, address: u32) -> String {
    let half = |address: u32| {
        let at = address as usize;
        image.octets.get(at..at + 2).map_or(0, |half| u16::from_le_bytes([half[0], half[1]]))
    };
    let (first, second) = (half(address), half(address + 2));
    let op = decode::decode(address, first, second, Block::Outside).op;
    format!("{first:04x} {second:04x} {op:?}")
}

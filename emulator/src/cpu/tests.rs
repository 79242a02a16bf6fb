use std::hash::{DefaultHasher, Hash, Hasher};

use crate::decode::{self, Block};
use crate::{Bus, BusError, Cause, Context, Cpu, Memory, Model, NoBus, Outcome, RAM_BASE};

const FAST: Model = Model { priority_bits: 3, flash_wait_states: 0 };
const CYCLE: u64 = 1000;
const NOP: u16 = 0xBF00;
const BKPT: u16 = 0xBE00;
const STACK: u32 = RAM_BASE + 0x800;

fn memory(code: &[u16]) -> Memory {
    let mut memory = Memory::new(4096, 4096);
    let octets: Vec<u8> = code.iter().flat_map(|half| half.to_le_bytes()).collect();
    memory.program(0, &STACK.to_le_bytes());
    memory.program(4, &0x101_u32.to_le_bytes());
    // All other vectors lead to a BKPT.
    for vector in 2..64 {
        memory.program(4 * vector, &0x201_u32.to_le_bytes());
    }
    memory.program(0x200, &BKPT.to_le_bytes());
    memory.program(0x100, &octets);
    memory
}

fn cpu(code: &[u16]) -> Cpu<NoBus> {
    Cpu::new(FAST, memory(code), NoBus)
}

/// Cycles that code takes, the BKPT at its end not counted.
fn cycles(model: Model, code: &[u16]) -> u64 {
    let mut code = code.to_vec();
    code.push(BKPT);
    let mut cpu = Cpu::new(model, memory(&code), NoBus);
    let Outcome::Stopped(stop) = cpu.run(1_000_000 * CYCLE) else { panic!("it runs on") };
    assert_eq!(stop.address as usize, 0x100 + 2 * (code.len() - 1), "{stop:?}");
    cpu.cycles() - 1
}

/// The numbers of the Cortex-M4 manual's tables.
#[test]
fn instructions_take_the_cycles_of_the_manual() {
    for (what, expected, code) in [
        ("NOP", 1, &[NOP][..]),
        ("ADDS", 1, &[0x1C40]),
        ("MULS", 1, &[0x4348]),
        ("UMULL", 1, &[0xFBA0, 0x0102]),
        ("UMAAL", 1, &[0xFBE0, 0x2163]),
        ("MOV R0, SP; LDR", 3, &[0x4668, 0x6801]),
        ("a second LDR right after it", 4, &[0x4668, 0x6801, 0x6802]),
        ("STR to an immediate offset", 2, &[0x4668, 0x6001]),
        ("PUSH of three", 4, &[0xB407]),
        ("PUSH and POP of three", 8, &[0xB407, 0xBC07]),
        ("B to the next instruction", 2, &[0xE7FF]),
        ("a branch not taken: CMP R0, #1; BEQ", 2, &[0x2801, 0xD000]),
        ("0 / 1: MOVS R1, #1; UDIV", 3, &[0x2101, 0xFBB0, 0xF0F1]),
        ("2^32-1 / 1", 14, &[0x2101, 0x43C0, 0xFBB0, 0xF0F1]),
    ] {
        assert_eq!(cycles(FAST, code), expected, "{what}");
    }
}

/// B.W to a wide instruction that is not aligned, on a page that is decoded then, or was before.
#[test]
fn what_was_decoded_before_costs_no_cycle() {
    let mut memory = memory(&[0xF000, 0xB8FF]);
    let code = [0xF3AF_u16, 0x8000, BKPT];
    memory.program(0x302, &code.map(u16::to_le_bytes).concat());
    let mut cpu = Cpu::new(FAST, memory, NoBus);
    let mut run = || {
        let before = cpu.cycles();
        assert!(matches!(cpu.run(1_000_000 * CYCLE), Outcome::Stopped(_)));
        cpu.reset();
        cpu.cycles() - before
    };
    assert_eq!([run(), run()], [5, 5], "B 1, refill 2, NOP.W, BKPT");
}

#[test]
fn flash_makes_wait_until_it_is_cached() {
    let model = Model { flash_wait_states: 2, ..FAST };
    // Eight halfwords to a line; the BKPT is in the third.
    assert_eq!(cycles(model, &[NOP; 16]), 16 + 3 * 2);
    let run = |cached| {
        // loop: SUBS R0, #1; (15 NOPs); BNE loop
        let mut code = vec![0x2003, 0x3801];
        code.extend([NOP; 15]);
        code.extend([0xD1EE, BKPT]);
        let mut cpu = Cpu::new(model, memory(&code), NoBus);
        cpu.set_flash_cache(cached);
        cpu.run(1_000_000 * CYCLE);
        cpu.cycles()
    };
    assert!(run(true) < run(false), "{} {}", run(true), run(false));
}

#[test]
fn code_in_ram_may_change_itself() {
    // LDR R0, =RAM (as MOVW, MOVT); LDR R1, [PC]; STR R1, [R0]; ORR R2, R0, #1; BLX R2, twice
    // with another instruction there.
    let code = [
        0xF240, 0x0000, 0xF2C2, 0x0000, // R0 = 0x2000_0000
        0xF04F, 0x0207, 0xF240, 0x0107, // MOV R2, #7; MOVW R1, #7
        0xF242, 0x0107, 0xF2C4, 0x7170, // R1 = MOVS R0, #7 | BX LR << 16 (0x4770_2007)
        0x6001, // STR R1, [R0]
        0xF040, 0x0401, // ORR R4, R0, #1
        0x4603, // MOV R3, R0
        0x47A0, // BLX R4
        0x4605, // MOV R5, R0
        0x3101, // ADDS R1, #1: MOVS R0, #8
        0x6019, // STR R1, [R3]
        0x47A0, BKPT,
    ];
    let mut cpu = cpu(&code);
    let outcome = cpu.run(1_000_000 * CYCLE);
    assert!(matches!(outcome, Outcome::Stopped(stop) if stop.cause == Cause::Breakpoint(0)));
    assert_eq!((cpu.register(5), cpu.register(0)), (7, 8));
}

/// A report in lines that fit the page.
fn lines(report: &str) -> String {
    report.split(' ').fold(String::new(), |text, word| {
        let line = text.lines().last().map_or(0, str::len);
        let gap = match line {
            0 => "",
            line if line + word.len() > 80 => "\n",
            _ => " ",
        };
        text + gap + word
    })
}

#[test]
fn what_cannot_be_done_says_where_and_why() {
    // MOVW R0, #0; MOVT R0, #0xE000; LDR R1, [R0]: ITM
    let mut unknown = cpu(&[0xF240, 0x0000, 0xF2CE, 0x0000, 0x6801]);
    let Outcome::Stopped(stop) = unknown.run(1000 * CYCLE) else { panic!("it runs on") };
    insta::assert_snapshot!(lines(&stop.report(Some("main"))), @r"
    0x00000108 in main: 6801 (Load { size: Word, t: 1, n: 0, index: Offset, offset: 0
    }): read register 0xe0000000, which is not modelled: only system control, NVIC,
    SysTick, DWT's cycle counter and the floating-point context are modelled; ITM,
    FPB, TPIU and debug are not
    ");
    let mut open = cpu(&[NOP, 0x4701]);
    let Outcome::Stopped(stop) = open.run(1000 * CYCLE) else { panic!("it runs on") };
    insta::assert_snapshot!(lines(&stop.report(None)), @r"
    0x00000102: 4701: UNPREDICTABLE: chips differ here, so the program is wrong, or
    this is data that was branched to
    ");
    assert_eq!(open.register(15), 0x102, "the instruction was not executed");
}

#[test]
fn a_fault_in_hard_fault_locks_up() {
    let mut cpu = cpu(&[0xDE00]);
    cpu.memory_mut().program(0x200, &0xDE00_u16.to_le_bytes());
    let Outcome::Stopped(stop) = cpu.run(1000 * CYCLE) else { panic!("it runs on") };
    assert_eq!((stop.cause, stop.address), (Cause::Lockup, 0x200));
}

/// Interrupt 0 rises at a time and is cleared by any write.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Alarm {
    at: Option<u64>,
    rung: bool,
}

impl Bus for Alarm {
    fn read(&mut self, _: u32, _: &mut Context<'_>) -> Result<u32, BusError> {
        Ok(self.rung.into())
    }

    fn write(&mut self, _: u32, _: u32, _: &mut Context<'_>) -> Result<(), BusError> {
        self.rung = false;
        Ok(())
    }

    fn next_event(&self) -> Option<u64> {
        self.at
    }

    fn advance(&mut self, context: &mut Context<'_>) {
        if self.at.is_some_and(|at| at <= context.now) {
            self.at = None;
            self.rung = true;
        }
    }

    fn interrupts(&self) -> u64 {
        self.rung.into()
    }
}

/// MOVW R0, #0xE100; MOVT R0, #0xE000; MOVS R1, #1; STR R1, [R0]: enables interrupt 0.
const ENABLE: [u16; 6] = [0xF24E, 0x1000, 0xF2CE, 0x0000, 0x2101, 0x6001];

fn alarmed(at: u64, code: &[u16]) -> Cpu<Alarm> {
    let code = [&ENABLE[..], code].concat();
    Cpu::new(FAST, memory(&code), Alarm { at: Some(at), rung: false })
}

#[test]
fn sleep_lasts_until_an_interrupt() {
    let at = 1_000_000 * CYCLE;
    let mut cpu = alarmed(at, &[0xBF30, NOP]);
    assert_eq!(cpu.run(at - 1), Outcome::Reached);
    assert_eq!(cpu.now(), at, "asleep it reaches the time, rounded up to a cycle");
    let Outcome::Stopped(stop) = cpu.run(2 * at) else { panic!("it sleeps on") };
    assert_eq!(stop.address, 0x200, "in the handler");
    assert_eq!(cpu.cycles(), 1_000_000 + 12 + 1, "entry takes twelve cycles");
    assert!(cpu.cycles_slept() > 999_000);
}

#[test]
fn a_masked_interrupt_ends_sleep_but_is_not_taken() {
    // CPSID I; WFI; BKPT
    let mut cpu = alarmed(5000 * CYCLE, &[0xB672, 0xBF30, BKPT]);
    let Outcome::Stopped(stop) = cpu.run(10_000 * CYCLE) else { panic!("it sleeps on") };
    assert_eq!(stop.address, 0x110);
}

#[test]
fn wfe_takes_an_event_that_came_before() {
    // SEV; WFE; WFE; BKPT
    let mut cpu = cpu(&[0xBF40, 0xBF20, 0xBF20, BKPT]);
    assert_eq!(cpu.run(1000 * CYCLE), Outcome::Reached);
    assert_eq!((cpu.register(15), cpu.cycles()), (0x106, 1000), "asleep in the second");
}

/// While a frame is written a higher interrupt arrives: it goes first, with the one frame.
#[test]
fn a_late_arrival_goes_first() {
    // Interrupt 1 (the lower: priority 0xE0) is pended by software, interrupt 0 rings 2 cycles on.
    // R2 = ISPR 0xE000E200; priority of 1 at 0xE000E401.
    let code = [
        0xF24E, 0x4201, 0xF2CE, 0x0200, // R2 = 0xE000E401
        0x23E0, 0x7013, // MOVS R3, #0xE0; STRB R3, [R2]
        0x2103, 0x6001, // MOVS R1, #3; STR R1, [R0]: enables both
        0xF24E, 0x2200, 0xF2CE, 0x0200, // R2 = 0xE000E200
        0x2102, 0x6011, // MOVS R1, #2; STR R1, [R2]: pends 1
        NOP,
    ];
    let run = |at: u64| {
        let mut cpu = alarmed(at, &code);
        for (number, handler) in [(16, 0x201_u32), (17, 0x241)] {
            cpu.memory_mut().program(4 * number, &handler.to_le_bytes());
        }
        cpu.memory_mut().program(0x240, &BKPT.to_le_bytes());
        let Outcome::Stopped(stop) = cpu.run(1_000_000 * CYCLE) else { panic!("it runs on") };
        (stop.address, cpu.cycles(), cpu.register(13))
    };
    let (alone, pended, stack) = run(1_000_000 * CYCLE);
    assert_eq!(alone, 0x240);
    let begin = (pended - 13) * CYCLE;
    assert_eq!(run(begin + 2 * CYCLE), (0x200, pended, stack), "late, in the same time");
    assert_eq!(run(begin + 11 * CYCLE).2, stack - 0x20, "too late: it nests");
}

#[test]
fn copies_and_pieces_of_a_run_are_the_same() {
    let hash = |cpu: &Cpu<Alarm>| {
        let mut hasher = DefaultHasher::new();
        cpu.hash(&mut hasher);
        hasher.finish()
    };
    let at = 700 * CYCLE;
    // loop: ADDS R2, #1; STR R2, [SP]; B loop
    let code = [0x3201, 0x9200, 0xE7FC];
    let mut whole = alarmed(at, &code);
    let mut pieces = whole.clone();
    assert_eq!((&whole, hash(&whole)), (&pieces, hash(&pieces)));
    whole.run(600 * CYCLE);
    for until in 1..=600 {
        pieces.run(until * CYCLE);
    }
    assert_eq!((&whole, hash(&whole)), (&pieces, hash(&pieces)));
    pieces.run(650 * CYCLE);
    assert_ne!(whole, pieces);
}

#[test]
fn a_reset_request_ends_the_run() {
    // MOVW R0, #0xED0C; MOVT R0, #0xE000; MOVW R1, #4; MOVT R1, #0x5FA; STR R1, [R0]
    let code = [0xF64E, 0x500C, 0xF2CE, 0x0000, 0xF240, 0x0104, 0xF2C0, 0x51FA, 0x6001, NOP];
    let mut cpu = cpu(&code);
    let Outcome::Stopped(stop) = cpu.run(1000 * CYCLE) else { panic!("it runs on") };
    assert_eq!((stop.cause, stop.address), (Cause::Reset, 0x110));
    cpu.reset();
    assert_eq!((cpu.register(15), cpu.register(13)), (0x100, STACK));
}

/// Each hot form does what the instruction does that it stands for, to the cycle.
#[test]
fn hot_forms_are_the_instructions_that_they_stand_for() {
    let mut hot = 0;
    let mut fresh = cpu(&[]);
    fresh.memory_mut().seal();
    let mut check = |first: u16, second: u16, block, seed: u32| {
        let op = decode::decode(0x100, first, second, block).op;
        if op.hot() == op {
            return;
        }
        hot += 1;
        let mut plain = fresh.clone();
        plain.cycles = 100;
        for register in 0..15 {
            // Numbers, and addresses in RAM for those that load and store.
            let number = seed.wrapping_mul(0x9E37_79B1).rotate_left(u32::from(register) * 5);
            let address = RAM_BASE + (number & 0x1FC) + 0x100;
            plain.set(register, if (seed >> register) & 1 == 0 { number } else { address });
        }
        plain.flags.set_bits(seed << 27);
        let mut other = plain.clone();
        let (done, did) = (plain.execute(&op), other.execute(&op.hot()));
        assert_eq!(done.is_ok(), did.is_ok(), "{op:?}");
        assert!(plain == other, "{op:?} is not {:?}", op.hot());
    };
    for seed in [0x1234_5678, 0xFFFF_7FFF, 0x8000_AAAA] {
        for first in 0..=0xE7FF {
            check(first, 0, Block::Outside, seed);
        }
        for first in (0..0xE7FF).step_by(7) {
            check(first, 0, Block::Last, seed);
        }
        for second in (0..0x10000_u32).step_by(239) {
            // Arithmetic with an immediate, modified (with the bit that it has in the first
            // halfword) or plain, and with a shifted register; each with and without flags.
            for kind in [0xF000, 0xF400, 0xF200, 0xF600, 0xEA00] {
                for operation in (0..0x200).step_by(0x10) {
                    for n in [3, 15] {
                        check(
                            kind | operation | n,
                            second as u16,
                            Block::Outside,
                            seed ^ second << 3,
                        );
                    }
                }
            }
            // Loads and stores of all sizes, signed or not, in both forms.
            for operation in (0..0x200).step_by(0x10) {
                check(0xF800 | operation | 4, second as u16, Block::Outside, seed ^ second << 3);
            }
        }
    }
    assert!(hot > 50_000, "{hot}");
}

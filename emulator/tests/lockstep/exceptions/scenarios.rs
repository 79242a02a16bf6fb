//! The written programs.

use super::image::{Action, PROCESS_STACK, Scenario, store};
use crate::encode;

const ICSR: u32 = 0xE000_ED04;
const AIRCR: u32 = 0xE000_ED0C;
const CCR: u32 = 0xE000_ED14;
/// Priorities of MemManage, BusFault, UsageFault.
const SHPR1: u32 = 0xE000_ED18;
/// Of SVCall.
const SHPR2: u32 = 0xE000_ED1C;
/// Of PendSV and SysTick.
const SHPR3: u32 = 0xE000_ED20;
const SHCSR: u32 = 0xE000_ED24;
const CPACR: u32 = 0xE000_ED88;
const FPCCR: u32 = 0xE000_EF34;
const STIR: u32 = 0xE000_EF00;
const ISER: u32 = 0xE000_E100;
const ICER: u32 = 0xE000_E180;
const ISPR: u32 = 0xE000_E200;
const ICPR: u32 = 0xE000_E280;
const IPR: u32 = 0xE000_E400;

const PEND_SV: u32 = 1 << 28;
const PEND_TICK: u32 = 1 << 26;
const ALL_FAULTS: u32 = 7 << 16;
const FLOAT: u32 = 0xF << 20;

const SVC: u16 = 0xDF00;
const UDF: u16 = 0xDE00;
const NOP: u16 = 0xBF00;
/// MOVS R2, #1; MOVS R3, #2; MOVS R5, #3: something to find in frames.
const MARKS: [u16; 3] = [0x2201, 0x2302, 0x2503];

/// Priorities of interrupts 0–3.
fn priorities(of: [u8; 4]) -> Vec<u16> {
    store(IPR, u32::from_le_bytes(of))
}

fn enable() -> Vec<u16> {
    store(ISER, 0xFF)
}

fn scenario(name: &'static str, thread: Vec<Vec<u16>>) -> Scenario {
    let mut code = MARKS.to_vec();
    code.extend(thread.concat());
    Scenario { name, thread: code, ..Scenario::default() }
}

/// All of them.
pub(crate) fn all() -> Vec<Scenario> {
    [interrupts(), masks(), faults(), floating_point(), stacks()].into_iter().flatten().collect()
}

fn interrupts() -> Vec<Scenario> {
    let pend = |bits| Action::Store(ISPR, bits);
    vec![
        scenario(
            "three wait at once and follow each other by priority, then by number",
            vec![priorities([0x80, 0x40, 0x40, 0xC0]), store(ISPR, 0xF), enable(), vec![NOP]],
        ),
        Scenario {
            handlers: vec![(16 + 3, vec![pend(1 << 1)]), (16 + 1, vec![pend(1 << 2)])],
            ..scenario(
                "a handler is preempted by a higher one, not by an equal one",
                vec![priorities([0, 0x40, 0x40, 0x80]), enable(), store(ISPR, 1 << 3), vec![NOP]],
            )
        },
        Scenario {
            handlers: vec![(16, vec![pend(1 << 1)])],
            ..scenario(
                "a subpriority orders but does not preempt",
                vec![
                    store(AIRCR, 0x05FA_0000 | 6 << 8),
                    priorities([0x60, 0x40, 0x80, 0x20]),
                    enable(),
                    store(ISPR, 0b1001),
                    vec![NOP],
                    store(ISPR, 0b0101),
                    vec![NOP],
                ],
            )
        },
        scenario(
            "PendSV and SysTick, pended, cleared and pended again",
            vec![
                store(SHPR3, 0xC0C0 << 16),
                vec![0xB672], // CPSID I
                store(ICSR, PEND_SV | PEND_TICK),
                store(ICSR, 1 << 27),
                vec![0xB662], // CPSIE I
                store(ICSR, PEND_SV),
                vec![NOP],
            ],
        ),
        Scenario {
            handlers: vec![(11, vec![Action::Store(ICSR, PEND_SV)])],
            ..scenario(
                "SVC pends PendSV, which follows it",
                vec![store(SHPR3, 0xFF << 16), vec![SVC | 5, NOP, SVC | 6]],
            )
        },
        scenario(
            "STIR pends, ICPR unpends, ICER disables",
            vec![
                priorities([0x40; 4]),
                store(ISER, 0b11),
                store(STIR, 1),
                vec![0xB672],
                store(STIR, 0),
                store(ICPR, 1),
                store(STIR, 1),
                store(ICER, 2),
                vec![0xB662, NOP],
                store(ISER, 2),
            ],
        ),
    ]
}

fn masks() -> Vec<Scenario> {
    // MOVS R0, #n; MSR BASEPRI, R0
    let basepri = |value: u16| vec![0x2000 | value, 0xF380, 0x8811];
    vec![
        scenario(
            "BASEPRI holds back what is not above it",
            vec![
                priorities([0x40, 0x80, 0xC0, 0]),
                enable(),
                basepri(0x80),
                store(ISPR, 0xF),
                vec![NOP],
                basepri(0xC0),
                vec![NOP],
                basepri(0),
                vec![NOP],
            ],
        ),
        scenario(
            "FAULTMASK holds back all but NMI",
            vec![
                enable(),
                vec![0xB671], // CPSID F
                store(ISPR, 1),
                store(ICSR, 1 << 31),
                vec![NOP, 0xB661, NOP], // CPSIE F
            ],
        ),
        Scenario {
            handlers: vec![(16, vec![Action::Call(0)])],
            // SVC; BX LR
            pieces: vec![vec![SVC, 0x4770]],
            ..scenario(
                "SVC in a handler of the same priority escalates",
                vec![enable(), store(SHPR2, 0x20 << 24), priorities([0x20; 4]), store(ISPR, 1)],
            )
        },
        Scenario {
            handlers: vec![(16, vec![Action::Call(0)])],
            pieces: vec![vec![SVC, 0x4770]],
            ..scenario(
                "SVC in a handler of a lower priority nests",
                vec![enable(), store(SHPR2, 0x20 << 24), priorities([0x80; 4]), store(ISPR, 1)],
            )
        },
    ]
}

fn faults() -> Vec<Scenario> {
    // Divides R2 by zero: MOVS R0, #0; UDIV R1, R2, R0
    let divide: [u16; 3] = [0x2000, 0xFBB2, 0xF1F0];
    // Loads from an unmapped address: LDR R1, [R0]
    let nobody = || {
        let mut code = encode::load_constant(0, 0x7000_0000).to_vec();
        code.push(0x6801);
        code
    };
    // Loads two words from an odd address: LDRD R1, R2, [R0]
    let unaligned = || {
        let mut code = encode::load_constant(0, 0x2000_0002).to_vec();
        code.extend([0xE9D0, 0x1200]);
        code
    };
    // Leaves Thumb state: MOVS R0, #0; BLX R0
    let arm: [u16; 2] = [0x2000, 0x4780];
    // VADD.F32 S0, S0, S0 with floating point off.
    let float: [u16; 2] = [0xEE30, 0x0A00];
    let all =
        || vec![vec![UDF], divide.to_vec(), nobody(), unaligned(), arm.to_vec(), float.to_vec()];
    let with =
        |name, prepared: Vec<Vec<u16>>| scenario(name, [prepared, all(), vec![vec![NOP]]].concat());
    vec![
        with("faults have handlers", vec![store(SHCSR, ALL_FAULTS), store(CCR, 0x210)]),
        with("faults escalate without handlers", vec![store(CCR, 0x210)]),
        with(
            "faults escalate when their priority does not do",
            vec![
                store(SHCSR, ALL_FAULTS),
                store(SHPR1, 0x0080_8080),
                store(CCR, 0x218),
                // MOVS R0, #0x40; MSR BASEPRI, R0
                vec![0x2040, 0xF380, 0x8811],
            ],
        ),
        scenario(
            "an unaligned word is loaded, and trapped on demand",
            vec![
                store(SHCSR, ALL_FAULTS),
                encode::load_constant(0, 0x2000_0001).to_vec(),
                vec![0x6801],
                store(CCR, 0x208),
                encode::load_constant(0, 0x2000_0001).to_vec(),
                vec![0x6801, NOP],
            ],
        ),
    ]
}

fn floating_point() -> Vec<Scenario> {
    // VMOV S0, S1, R2, R3 twice over: something to find.
    let marked: Vec<u16> = vec![0xEC43, 0x2A10, 0xEC42, 0x3A17];
    // In a handler: VADD.F32 S0, S1, S15; BX LR
    let used = vec![0xEE30, 0x0AA7, 0x4770];
    let mut out = Vec::new();
    for (name, context) in [
        ("floating point is stacked lazily", 3 << 30),
        ("floating point is stacked at once", 1 << 31),
        ("floating point is not stacked", 0),
    ] {
        out.push(Scenario {
            handlers: vec![(11, vec![Action::Store(ICSR, PEND_SV)]), (14, vec![Action::Call(0)])],
            pieces: vec![used.clone()],
            ..scenario(
                name,
                vec![
                    store(CPACR, FLOAT),
                    store(FPCCR, context),
                    store(SHPR3, 0xFF << 16),
                    vec![SVC],
                    marked.clone(),
                    vec![SVC | 1, NOP],
                    // VMOV R0, S0; VMRS R1, FPSCR; SVC, so that the frame shows them
                    vec![0xEE10, 0x0A10, 0xEEF1, 0x1A10, SVC | 2],
                ],
            )
        });
    }
    out
}

fn stacks() -> Vec<Scenario> {
    vec![
        scenario(
            "a stack that is not aligned to eight is padded",
            vec![vec![0xB081, SVC, 0xB081, SVC, 0xB002, SVC]],
        ),
        scenario(
            "a stack is not padded on demand",
            vec![store(CCR, 0), vec![0xB081, SVC, 0xB001, SVC]],
        ),
        scenario(
            "the thread has a stack of its own",
            vec![
                encode::load_constant(0, PROCESS_STACK).to_vec(),
                // MSR PSP, R0; MOVS R0, #2; MSR CONTROL, R0; ISB
                vec![0xF380, 0x8809, 0x2002, 0xF380, 0x8814, 0xF3BF, 0x8F6F],
                vec![SVC, NOP, 0xB401, SVC],
            ],
        ),
        scenario(
            "an exception in an IT block continues it",
            vec![vec![
                0x2800, // CMP R0, #0
                0xBF1C, // ITT NE
                SVC, 0x2407, // SVC; MOVS R4, #7
                0xBF06, // ITTE EQ
                SVC, 0x2408, 0x2409, SVC,
            ]],
        ),
    ]
}

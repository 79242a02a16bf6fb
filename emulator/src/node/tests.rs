mod power;

use bletwin_sim::record::{Reception, RecordKind};
use bletwin_sim::world::{Placement, World, WorldConfig};

use super::antenna::channel;
use super::*;
use crate::memory::UICR_BASE;

#[test]
fn channels_have_their_frequencies() {
    let known = [(2402, 37), (2404, 0), (2424, 10), (2426, 38), (2428, 11), (2478, 36), (2480, 39)];
    for (megahertz, index) in known {
        assert_eq!(channel(megahertz), Some(index), "{megahertz}");
    }
    for elsewhere in [2360, 2400, 2403, 2482] {
        assert_eq!(channel(elsewhere), None);
    }
}

/// Loops so often, then makes register writes from a table that ends with a zero address.
pub(crate) fn program(loops: u32, writes: &[(u32, u32)]) -> Image {
    let code: [u16; 9] = [
        0x4B04, // LDR R3, [PC, #16]
        0x4805, // LDR R0, [PC, #20]
        0x3B01, // SUBS R3, #1
        0xD1FD, // BNE .-2
        0xC806, // LDMIA R0!, {R1, R2}
        0xB109, // CBZ R1, .+6
        0x600A, // STR R2, [R1]
        0xE7FB, // B .-6
        0xE7FE, // B .
    ];
    let mut octets: Vec<u8> = code.iter().flat_map(|half| half.to_le_bytes()).collect();
    octets.extend([0, 0]);
    let table = 0x100 + octets.len() as u32 + 8;
    for word in [loops, table].into_iter().chain(writes.iter().flat_map(|&(a, v)| [a, v])) {
        octets.extend(word.to_le_bytes());
    }
    octets.extend([0; 8]);
    let mut memory = memory();
    assert!(memory.program(0, &0x2000_1000_u32.to_le_bytes()));
    assert!(memory.program(4, &0x101_u32.to_le_bytes()));
    assert!(memory.program(0x100, &octets));
    Image { memory, symbols: Untracked(Symbols::default()), texts: Untracked(None) }
}

pub(crate) fn chip(image: Image) -> ChipNode {
    ChipNode::new(image, 0xC0FF_EE00_0001, 1)
}

/// Words of RAM from an address on.
fn ram(node: &ChipNode, address: u32, count: usize) -> Vec<u8> {
    node.cpu().and_then(|cpu| cpu.memory().octets(address, count)).expect("it is on")
}

pub(crate) const PACKET: u32 = 0x2000_0100;

/// RADIO set up for channel 37 by MODE, a packet at [`PACKET`], and a task.
pub(crate) fn radio(mode: u32, task: u32) -> Vec<(u32, u32)> {
    let fields = if mode > 4 { 2 << 22 | 3 << 24 | 3 << 29 } else { 0 };
    let registers = [
        (0x504, PACKET),
        (0x508, 2),
        (0x510, mode),
        (0x514, 0x108 | fields),
        (0x518, 255 | 3 << 16 | 1 << 25),
        (0x51C, 0x89BE_D600),
        (0x524, 0x8E),
        (0x530, 1),
        (0x534, 0x103),
        (0x538, 0x65B),
        (0x53C, 0x55_5555),
        (0x554, 37),
        (0x650, 0x201),
        (0x200, 1 | 1 << 20),
        (task, 1),
    ];
    registers.map(|(offset, value)| (0x4000_1000 + offset, value)).to_vec()
}

/// A chip hears another on each PHY, with each coding, through the world's medium.
#[test]
fn chips_hear_each_other_on_every_phy() {
    const ADVERTISING: [u8; 8] = [0x42, 6, 1, 2, 3, 4, 5, 6];
    for (sends, receives) in [(3, 3), (4, 4), (5, 5), (6, 5)] {
        let mut world = World::new(WorldConfig { recording: true, ..WorldConfig::default() });
        let [a, b] = [0, 4].map(|n| u32::from_le_bytes(ADVERTISING[n..][..4].try_into().unwrap()));
        let mut writes = vec![(PACKET, a), (PACKET + 4, b)];
        writes.extend(radio(sends, 0));
        let placed = |x| Placement { position_m: (x, 0), ..Placement::default() };
        world.add("sender", chip(program(50_000, &writes)), placed(0));
        let receiver = world.add("receiver", chip(program(1, &radio(receives, 4))), placed(1));
        world.run_until(Instant::ZERO + Duration::from_ms(10));
        let heard = world.records().iter().find_map(|record| match record.kind {
            RecordKind::AirRx { reception, .. } => Some(reception),
            _ => None,
        });
        assert_eq!(heard, Some(Reception::Ok), "MODE {sends} to MODE {receives}");
        assert_eq!(ram(world.node(receiver), PACKET, 8), ADVERTISING);
        assert_eq!(world.node(receiver).stopped(), None);
    }
}

/// The page at 0x1000 is written, then erased. Power is cut while that lasts.
#[test]
fn flash_outlives_power_and_is_torn_where_it_was_erased() {
    const NVMC: u32 = 0x4001_E000;
    const CUSTOMER: u32 = UICR_BASE + 0x80;
    let words = (0..64).map(|n| (0x1000 + 4 * n, 0));
    let mut writes = vec![(NVMC + 0x504, 1), (CUSTOMER, 0x1234_5678)];
    writes.extend(words);
    let erases = [(NVMC + 0x504, 2), (NVMC + 0x508, 0x1000)];
    let mut torn = Vec::new();
    for erased in [false, true] {
        if erased {
            writes.extend(erases);
        }
        let mut node = chip(program(1, &writes));
        let mut outbox = Outbox::new(None, false);
        let start = |node: &mut ChipNode, ms, outbox: &mut Outbox| {
            let now = Instant::ZERO + Duration::from_ms(ms);
            node.handle(now, NodeInput::Start { entropy: [7; 32] }, outbox);
        };
        start(&mut node, 0, &mut outbox);
        for act in [NodeInput::Timer, NodeInput::Act(Act::PowerCycle)] {
            node.handle(Instant::ZERO + Duration::from_ms(40), act, &mut outbox);
        }
        assert!(node.cpu().is_none());
        start(&mut node, 50, &mut outbox);
        torn.push(ram(&node, 0x1000, 256));
        assert_eq!(ram(&node, CUSTOMER, 4), 0x1234_5678_u32.to_le_bytes(), "UICR stays");
    }
    assert_eq!(torn[0], [0; 256], "what was written stays");
    assert!(torn[1] != [0; 256] && torn[1] != [0xFF; 256], "neither old nor new: {:?}", torn[1]);
}

/// A serial port sends and receives.
#[test]
fn what_comes_and_goes_by_a_serial_port_is_in_the_world() {
    const UARTE0: u32 = 0x4000_2000;
    let word = |octets: &[u8; 4]| u32::from_le_bytes(*octets);
    let registers = [(0x500, 8), (0x544, PACKET), (0x548, 4), (0x534, PACKET + 8), (0x538, 2)];
    let mut writes = vec![(PACKET, word(b"hi\r\n"))];
    writes.extend(registers.map(|(offset, value)| (UARTE0 + offset, value)));
    writes.extend([(UARTE0 + 8, 1), (UARTE0, 1)]);
    let mut world = World::new(WorldConfig { recording: true, ..WorldConfig::default() });
    let chip = world.add("chip", chip(program(1, &writes)), Placement::default());
    world.run_until(Instant::ZERO + Duration::from_ms(10));
    world.octets(chip, b"ok".to_vec());
    world.run_until(Instant::ZERO + Duration::from_ms(20));
    let printed = world.records().iter().filter_map(|record| match &record.kind {
        RecordKind::Note(Note::Printed(text)) => Some(text.as_str()),
        _ => None,
    });
    assert_eq!(printed.collect::<Vec<_>>(), ["UARTE0: hi"]);
    assert_eq!(ram(world.node(chip), PACKET + 8, 2), b"ok");
}

/// A program without symbols lays out RTT's control block and writes a line and a half.
#[test]
fn what_a_program_prints_is_in_the_record() {
    const BLOCK: u32 = 0x2000_2000;
    const RING: u32 = 0x2000_3000;
    let word = |octets: &[u8; 4]| u32::from_le_bytes(*octets);
    let block = [word(b"SEGG"), word(b"ER R"), word(b"TT\0\0"), 0, 1, 0, 0, RING, 16, 0, 0, 0];
    let mut writes: Vec<_> = (BLOCK..).step_by(4).zip(block).collect();
    writes.extend([(RING, word(b"on\nh")), (RING + 4, word(b"alf.")), (BLOCK + 36, 7)]);
    let mut world = World::new(WorldConfig { recording: true, ..WorldConfig::default() });
    world.add("chip", chip(program(1, &writes)), Placement::default());
    world.run_until(Instant::ZERO + Duration::from_ms(10));
    let printed = world.records().iter().filter_map(|record| match &record.kind {
        RecordKind::Note(Note::Printed(text)) => Some(text.as_str()),
        _ => None,
    });
    assert_eq!(printed.collect::<Vec<_>>(), ["on"]);
}

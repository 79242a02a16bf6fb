//! The supply, System OFF, lockup.

use super::*;

const REASONS: u32 = 0x4000_0400;
const SYSTEM_OFF: (u32, u32) = (0x4000_0500, 1);

/// A chip in a quiet room.
struct Room {
    node: ChipNode,
    out: Outbox,
}

impl Room {
    fn new(image: Image) -> Self {
        let mut room = Self { node: chip(image), out: Outbox::new(None, false) };
        room.at(0, NodeInput::Start { entropy: [7; 32] });
        room
    }

    fn at(&mut self, ms: u64, input: NodeInput) {
        self.node.handle(Instant::ZERO + Duration::from_ms(ms), input, &mut self.out);
    }

    fn supply(&mut self, ms: u64, millivolts: u16) {
        self.at(ms, NodeInput::Act(Act::Supply { millivolts }));
    }

    fn reasons(&self) -> u32 {
        let octets = self.node.cpu().expect("it is on").peek(REASONS, 4);
        u32::from_le_bytes(octets.try_into().expect("a register"))
    }

    fn packet(&self) -> Vec<u8> {
        ram(&self.node, PACKET, 4)
    }
}

const WRITTEN: [u8; 4] = [4, 3, 2, 1];

#[test]
fn a_chip_whose_supply_fails_starts_again_when_it_is_back() {
    let mut room = Room::new(program(1, &[(PACKET, u32::from_le_bytes(WRITTEN))]));
    room.at(1, NodeInput::Timer);
    assert_eq!(room.packet(), WRITTEN);
    room.supply(2, 1000);
    room.at(3, NodeInput::Timer);
    assert_ne!(room.packet(), WRITTEN, "RAM is lost");
    assert_eq!(room.node.deadline(), None);
    room.supply(4, 3000);
    room.at(5, NodeInput::Timer);
    assert_eq!((room.packet(), room.reasons()), (WRITTEN.to_vec(), 0));
    for (supply, packet) in [(1000, [0; 4]), (3000, WRITTEN)] {
        room.supply(6, supply);
        room.at(7, NodeInput::Act(Act::PowerCycle));
        room.at(8, NodeInput::Start { entropy: [7; 32] });
        room.at(9, NodeInput::Timer);
        assert_eq!(room.packet(), packet, "switched on at {supply} mV");
    }
}

/// It sleeps until then, and not only until it looked last.
#[test]
fn a_button_ends_system_off_when_it_is_pressed() {
    let button = (0x5000_072C, 3 << 2 | 3 << 16);
    let mut room = Room::new(program(50_000, &[button, SYSTEM_OFF]));
    room.at(40, NodeInput::Timer);
    assert_eq!((room.node.deadline(), room.reasons()), (None, 0));
    room.at(4_000, NodeInput::Act(Act::press("user")));
    assert_eq!(room.reasons(), 1 << 16);
    let slept = room.node.cpu().expect("it is on").cycles_slept();
    assert!(slept > 3_900 * 64_000, "{slept} cycles");
}

/// A bus fault, for which there is no handler.
#[test]
fn a_chip_that_locks_up_resets_itself() {
    let mut world = World::new(WorldConfig { recording: true, ..WorldConfig::default() });
    let image = program(100, &[(0x6000_0000, 0)]);
    let id = world.add("chip", chip(image.clone()), Placement::default());
    world.run_until(Instant::ZERO + Duration::from_ms(10));
    let notes = world.records().iter().filter_map(|record| match &record.kind {
        RecordKind::Note(Note::Host(text)) => Some(text.as_str()),
        _ => None,
    });
    let notes: Vec<_> = notes.collect();
    assert!(matches!(notes[..], [note] if note.contains("resets itself")), "{notes:?}");
    assert_eq!(world.node(id).stopped(), None);
    let mut room = Room::new(image);
    room.at(1, NodeInput::Timer);
    assert_eq!(room.reasons(), 1 << 3);
    let mut debugged = Room::new(program(100, &[(0x6000_0000, 0)]));
    debugged.node.attach();
    debugged.node.go_on(Resume::Run);
    debugged.at(1, NodeInput::Timer);
    assert!(debugged.node.stopped().is_some_and(|stop| stop.contains("lockup")));
}

/// A debugger halts it before the time of what is done to it, which is done all the same, later.
#[test]
fn what_is_done_to_a_halted_chip_is_done_when_it_goes_on() {
    let image = program(20_000, &[(PACKET, 1), (PACKET + 4, 2)]);
    let mut undisturbed = Room::new(image.clone());
    undisturbed.supply(5, 1000);
    let mut halted = Room::new(image);
    halted.node.attach();
    halted.node.go_on(Resume::Run);
    // The store of the table's writes.
    assert!(halted.node.set_point(Point::Code(0x10C)));
    halted.supply(5, 1000);
    for _ in 0..2 {
        assert_eq!(halted.node.halt(), Some(Halt::At(Point::Code(0x10C))));
        halted.node.go_on(Resume::Run);
        halted.at(5, NodeInput::Resume);
    }
    assert_eq!(halted.node.halt(), None);
    assert!(halted.node == undisturbed.node);
}

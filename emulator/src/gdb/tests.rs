use ble::time::{Duration, Instant};
use bletwin_sim::world::{Placement, World, WorldConfig};
use proptest::prelude::*;

use super::*;
use crate::node::tests::{PACKET as AIR_PACKET, chip, program, radio};

/// A world with a chip that loops for about 1.3 ms and sends a packet then.
fn world() -> World<ChipNode> {
    let mut writes = vec![(AIR_PACKET, 0x0605_0642)];
    writes.extend(radio(3, 0));
    let mut world = World::new(WorldConfig { air_hash: true, ..WorldConfig::default() });
    world.add("chip", chip(program(20_000, &writes)), Placement::default());
    world
}

const END: Instant = Instant::from_us(10_000);

/// A debugger that types, and the world that it halts.
struct Desk {
    world: World<ChipNode>,
    session: Session,
}

impl Desk {
    fn new() -> Self {
        let mut world = world();
        let session = Session::new(world.node_mut(NODE));
        while world.node(NODE).halt().is_none() {
            assert!(world.step());
        }
        Self { world, session }
    }

    fn send(&mut self, octets: &[u8]) -> String {
        let chip = self.world.node_mut(NODE);
        self.session.receive(chip, octets);
        String::from_utf8_lossy(&self.session.take()).into_owned()
    }

    /// Sends a packet; its answer without the frame.
    fn ask(&mut self, packet: &str) -> String {
        let sum = packet.bytes().fold(0_u8, u8::wrapping_add);
        let reply = self.send(format!("${packet}#{sum:02x}").as_bytes());
        self.send(b"+");
        content(&reply)
    }

    /// Lets the world go on until the chip halts, or to the end.
    fn wait(&mut self) -> String {
        while self.session.wish() == Wish::Run && self.world.next_event().is_some_and(|at| at < END)
        {
            self.world.step();
            self.session.report(self.world.node_mut(NODE));
        }
        content(&String::from_utf8_lossy(&self.session.take()))
    }

    fn cycles(&self) -> u64 {
        self.world.node(NODE).cpu().map_or(0, |cpu| cpu.cycles())
    }
}

const NODE: bletwin_sim::node::NodeId = bletwin_sim::node::NodeId(0);

/// What stands between `$` and `#`.
fn content(reply: &str) -> String {
    let inside = reply.split_once('$').and_then(|(_, rest)| rest.split_once('#'));
    inside.map_or_else(String::new, |(content, _)| content.to_owned())
}

fn air(world: &mut World<ChipNode>) -> ([u8; 32], Instant, u64) {
    world.run_until(END);
    (world.trace_sha256(), world.now(), world.canonical_hash())
}

/// A chip that was halted often, between any two instructions, does what it does undisturbed.
#[test]
fn a_chip_that_was_halted_does_what_it_does_undisturbed() {
    let mut undisturbed = world();
    let expected = air(&mut undisturbed);
    assert_ne!(
        expected.0,
        World::<ChipNode>::new(WorldConfig { air_hash: true, ..WorldConfig::default() })
            .trace_sha256(),
        "something is on air"
    );
    let mut desk = Desk::new();
    assert_eq!(desk.ask("?"), "T05thread:01;");
    assert_eq!(desk.cycles(), 0);
    // The store of the table's writes: each of them is halted at, and the one after.
    assert_eq!(desk.ask("Z0,10c,2"), "OK");
    for n in 0..12 {
        desk.ask("vCont;c");
        assert_eq!(desk.wait(), "T05thread:01;swbreak:;", "{n}");
        let now = desk.world.now();
        desk.world.step();
        desk.world.run_until(END);
        assert_eq!(desk.world.now(), now, "time stands still");
        desk.ask("vCont;s");
        assert_eq!(desk.wait(), "S05");
        assert_eq!(desk.world.node(NODE).cpu().unwrap().register(15), 0x10E);
    }
    assert_eq!(desk.ask("D"), "OK");
    assert_eq!(desk.session.wish(), Wish::Alone);
    assert_eq!(air(&mut desk.world), expected);
}

#[test]
fn registers_and_memory_are_read_and_written() {
    let mut desk = Desk::new();
    let registers = desk.ask("g");
    assert_eq!(registers.len(), 8 * 52);
    assert_eq!(&registers[8 * 13..8 * 14], "00100020", "the stack pointer");
    assert_eq!(&registers[8 * 15..8 * 16], "00010000", "the program counter");
    let changed = format!("78563412{}", &registers[8..]);
    assert_eq!(desk.ask(&format!("G{changed}")), "OK");
    assert_eq!(desk.ask("g"), changed);
    assert_eq!(desk.ask("M20000200,4:01020304"), "OK");
    assert_eq!(desk.ask("m20000201,2"), "0203");
    assert_eq!(desk.ask("M1000,2:aabb"), "OK", "flash, too");
    assert_eq!(desk.ask("m1000,3"), "aabbff");
    // TIMER0.CC[0], and FICR.CODESIZE, of which an octet.
    assert_eq!(desk.ask("M40008540,4:11223344"), "OK");
    assert_eq!(desk.ask("m40008540,4"), "11223344");
    assert_eq!(desk.ask("m10000014,1"), "00");
    assert!(desk.ask("M40008540,2:1122").starts_with('E'), "registers are whole");
    assert!(desk.ask("m08000000,4").starts_with('E'), "nothing is there");
    // A step executes an instruction, decoded or not, whatever points at it.
    assert_eq!(desk.ask("Z1,100,2"), "OK");
    assert_eq!(desk.ask("M100,2:044b"), "OK");
    desk.ask("vCont;s");
    assert_eq!(desk.wait(), "S05");
    assert_eq!(&desk.ask("g")[8 * 15..8 * 16], "02010000");
    let why = desk.ask("qRcmd,776879");
    assert!(why.starts_with('O'), "{why}");
}

#[test]
fn a_watched_word_halts_when_it_changes() {
    let mut desk = Desk::new();
    assert_eq!(desk.ask(&format!("Z2,{AIR_PACKET:x},4")), "OK");
    assert_eq!(desk.ask("Z3,20000000,4"), "E16", "reads are not watched");
    desk.ask("vCont;c");
    assert_eq!(desk.wait(), format!("T05thread:01;watch:{AIR_PACKET:x};"));
    assert_eq!(desk.ask(&format!("z2,{AIR_PACKET:x},4")), "OK");
    desk.ask("vCont;c");
    assert_eq!(desk.wait(), "");
    // Ctrl-C.
    assert_eq!(content(&desk.send(&[3])), "S02");
    assert_eq!(desk.session.wish(), Wish::Halt);
}

proptest! {
    /// Whatever comes, the session goes on or is over, and the world goes on then.
    #[test]
    fn nonsense_is_survived(chunks in prop::collection::vec(chunk(), 1..12)) {
        let mut desk = Desk::new();
        for octets in chunks {
            desk.send(&octets);
            if desk.session.wish() == Wish::Run {
                desk.world.step();
                desk.session.report(desk.world.node_mut(NODE));
            }
        }
        let chip = desk.world.node_mut(NODE);
        desk.session.leave(chip);
        desk.world.run_until(Instant::ZERO + Duration::from_ms(1));
        prop_assert!(!desk.world.is_halted());
    }
}

/// Octets as they come, or a packet of the letters that there are.
fn chunk() -> impl Strategy<Value = Vec<u8>> {
    let packet = "[?cCDgGHkmMpPqQsTvXzZ][a-zA-Z0-9,:;]{0,40}".prop_map(|packet: String| {
        let sum = packet.bytes().fold(0_u8, u8::wrapping_add);
        format!("+${packet}#{sum:02x}").into_bytes()
    });
    let known = prop::sample::select(vec![
        "vCont;c",
        "vCont;s",
        "vCont?",
        "g",
        "Z0,100,2",
        "Z2,20000000,8",
        "z0,100,2",
        "D",
        "k",
        "mffffffff,fff",
        "m0,ffff",
        "M20000000,4:00",
        "Z2,ffffffff,ffffffff",
        "qSupported:swbreak+",
        "X20000000,4:abcd",
        "qXfer:features:read:target.xml:0,fff",
        "vCont;s:1;c",
        "?",
        "vKill;1",
    ]);
    let known = known.prop_map(|packet: &str| {
        let sum = packet.bytes().fold(0_u8, u8::wrapping_add);
        format!("+${packet}#{sum:02x}").into_bytes()
    });
    let bare = prop::collection::vec(any::<u8>(), 0..60);
    prop_oneof![packet, known, bare, Just(vec![3]), Just(b"$".to_vec())]
}

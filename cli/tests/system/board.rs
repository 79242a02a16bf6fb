//! The firmware as a person with a development kit has it: what its log says on both lines, buttons
//! that bounce, what is left of a crash, the debug port, the configuration page.
//! `BLETWIN_FIRMWARE`, `BLETWIN_FIRMWARE_TRIAL` and `BLETWIN_FIRMWARE_LOCKED` name the firmware
//! (`.ci/cross.sh` builds it).

use std::path::Path;

use ble::time::{Duration, Instant};
use bletwin_emulator::gdb::Session;
use bletwin_emulator::node::{ChipNode, Image};
use bletwin_emulator::nrf52840::Revision;
use bletwin_setup::chip::{self, Chosen};
use bletwin_sim::node::{Act, NodeId};
use bletwin_sim::record::{Note, RecordKind};
use bletwin_sim::report::log::line;
use bletwin_sim::world::{Placement, World, WorldConfig};

use crate::same_log::firmware;
use crate::tools;

const UICR_APPROTECT: u32 = 0x1000_1208;
/// Two words of UICR beside it, for whoever uses the chip.
const UICR_CUSTOMER: u32 = 0x1000_1080;
/// The rate of UARTE0, in units of 16 MHz by 2³².
const BAUDRATE: u32 = 0x4000_2524;

fn image(file: &str) -> Image {
    chip::load(Path::new(file)).expect("it can be flashed")
}

fn named(variable: &str) -> Option<Image> {
    let Ok(file) = std::env::var(variable) else {
        tools::say(&format!("{variable} names no firmware (.ci/cross.sh builds it)"));
        return None;
    };
    Some(image(&file))
}

fn trial() -> Option<Image> {
    named("BLETWIN_FIRMWARE_TRIAL")
}

/// The chip alone.
struct Board {
    world: World<ChipNode>,
    chip: NodeId,
}

impl Board {
    fn new(image: Image, revision: Revision) -> Self {
        let mut world = World::new(WorldConfig { recording: true, ..WorldConfig::default() });
        let [address, id] = chip::IDENTITY;
        let node = ChipNode::new(image, address, id).of_revision(revision);
        let chip = world.add("chip", node, Placement::default());
        Self { world, chip }
    }

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_ms(ms)
    }

    fn act(&mut self, ms: u64, act: Act) {
        self.world.act(self.chip, Self::at(ms), act);
    }

    fn press(&mut self, ms: u64, button: &str, held: u64) {
        self.act(ms, Act::press(button));
        self.act(ms + held, Act::release(button));
    }

    fn run(&mut self, ms: u64) {
        self.world.run_until(Self::at(ms));
        assert_eq!(self.world.node(self.chip).stopped(), None);
    }

    /// The lines of its log.
    fn log(&self) -> Vec<String> {
        let notes = self.world.records().iter().filter_map(|record| match &record.kind {
            RecordKind::Note(note) => line(note),
            _ => None,
        });
        notes.collect()
    }

    /// How many lines of the debugger's log have this in them.
    fn count(&self, text: &str) -> usize {
        let log = self.log();
        let lines = log.iter().filter(|line| !line.starts_with("UARTE0"));
        lines.filter(|line| line.contains(text)).count()
    }

    /// Writes a register, as a debugger does.
    fn poke(&mut self, register: u32, value: u32) {
        let digits: String =
            value.to_le_bytes().iter().map(|octet| format!("{octet:02x}")).collect();
        let packet = format!("M{register:x},4:{digits}");
        let sum = packet.bytes().fold(0_u8, u8::wrapping_add);
        let chip = self.world.node_mut(self.chip);
        let mut session = Session::new(chip);
        session.receive(chip, format!("+${packet}#{sum:02x}").as_bytes());
        let answer = String::from_utf8_lossy(&session.take()).into_owned();
        assert!(answer.contains("$OK#"), "{answer}");
        session.leave(chip);
    }

    fn word(&self, address: u32) -> u32 {
        let cpu = self.world.node(self.chip).cpu().expect("it is on");
        cpu.memory().read(address).map_or(0, u32::from_le_bytes)
    }
}

#[test]
fn the_serial_port_says_what_the_debugger_sees() {
    let Some(file) = firmware() else { return };
    let mut board = Board::new(image(&file), Revision::default());
    board.run(1_000);
    let printed = |serial: bool| -> Vec<String> {
        let records = board.world.records().iter();
        let lines = records.filter_map(|record| match &record.kind {
            RecordKind::Note(Note::Printed(text)) => match text.strip_prefix("UARTE0: ") {
                Some(text) if serial => Some(text.trim_end().to_owned()),
                None if !serial => Some(text.clone()),
                _ => None,
            },
            RecordKind::Note(note) if !serial => line(note),
            _ => None,
        });
        lines.collect()
    };
    let (serial, debugger) = (printed(true), printed(false));
    assert!(debugger.len() >= 5, "{debugger:?}");
    let unstamped = |line: &String| line.split_once("] ").map_or(line.as_str(), |x| x.1).to_owned();
    let [serial, debugger] = [serial, debugger].map(|all| all.iter().map(unstamped).collect());
    let (serial, debugger): (Vec<String>, Vec<String>) = (serial, debugger);
    assert_eq!(serial, debugger);
    assert_eq!(debugger[0], "<inf> nrf52840: started by power");
    assert!(debugger.contains(&"<inf> BLE_Main: Bluetooth initialized".to_owned()), "{debugger:?}");
}

/// A contact that closes five times within 5 ms is one press; the next one is another.
#[test]
fn a_button_that_bounces_is_pressed_once() {
    let Some(file) = firmware() else { return };
    let mut board = Board::new(image(&file), Revision::default());
    for bounce in 0..5 {
        board.press(1_000 + 2 * bounce, "pairing", 1);
    }
    board.press(1_010, "pairing", 200);
    board.run(1_500);
    assert_eq!(board.count("Pairing mode on"), 1, "{:?}", board.log());
    board.press(2_000, "delete-bonds", 100);
    board.run(2_500);
    assert_eq!(board.count("Bond deleted"), 1, "{:?}", board.log());
    // Held when the power comes.
    board.act(3_000, Act::PowerCycle);
    board.act(3_000, Act::press("pairing"));
    board.run(4_000);
    assert_eq!(board.count("Pairing mode on"), 2, "{:?}", board.log());
}

/// A panic: the next start says where it was, and advertises.
#[test]
fn a_panic_is_told_at_the_next_start() {
    let Some(image) = trial() else { return };
    let mut board = Board::new(image, Revision::default());
    // Up again when it starts anew.
    board.press(1_000, "button-4", 20);
    board.run(2_000);
    assert_eq!(board.count("started by a reset by software"), 1, "{:?}", board.log());
    assert_eq!(board.count("before: src/trial.rs:"), 1, "{:?}", board.log());
    assert_eq!(board.count("Advertising successfully started"), 2, "{:?}", board.log());
    // It is told once.
    board.act(2_000, Act::PowerCycle);
    board.run(3_000);
    assert_eq!(board.count("before: "), 1, "{:?}", board.log());
}

/// A thread that hangs: four seconds later the chip starts anew.
#[test]
fn a_hang_ends_in_a_reset() {
    let Some(image) = trial() else { return };
    let mut board = Board::new(image, Revision::default());
    board.press(1_000, "button-3", 1_000);
    board.press(1_500, "button-4", 100);
    board.run(5_000);
    assert_eq!(board.count("started by"), 1, "{:?}", board.log());
    let before = board.count("Advertising successfully started");
    board.run(7_000);
    assert_eq!(board.count("<err> nrf52840: started by the watchdog"), 1, "{:?}", board.log());
    assert_eq!(board.count("Advertising successfully started"), before + 1, "{:?}", board.log());
    board.run(20_000);
    assert_eq!(board.count("started by"), 2, "{:?}", board.log());
}

/// Revision 3 is opened once, in UICR; what does that would close the others.
#[test]
fn the_debug_port_is_opened_where_it_is_closed() {
    let Some(file) = firmware() else { return };
    for revision in Revision::ALL {
        let mut board = Board::new(image(&file), revision);
        board.run(500);
        board.act(500, Act::PowerCycle);
        board.run(1_000);
        let (times, word) = match revision {
            Revision::Rev3 => (1, 0xFFFF_FF5A),
            _ => (0, u32::MAX),
        };
        assert_eq!(board.count("debug port opened"), times, "{revision:?} {:?}", board.log());
        assert_eq!(board.word(UICR_APPROTECT), word, "{revision:?}");
        assert_eq!(board.count("started by power"), 2);
    }
}

/// A release build closes the port of every revision, on a blank chip and on one that a development
/// build has opened, and says so. UICR is not erased for that.
#[test]
fn a_release_build_closes_the_debug_port_for_good() {
    let Some(locked) = named("BLETWIN_FIRMWARE_LOCKED") else { return };
    for revision in Revision::ALL {
        for before in [u32::MAX, 0xFFFF_FF5A, 0xFFFF_FF00] {
            let mut image = locked.clone();
            assert!(image.put(UICR_APPROTECT, &before.to_le_bytes()));
            assert!(image.put(UICR_CUSTOMER, &0x600D_F00D_u32.to_le_bytes()));
            let mut board = Board::new(image, revision);
            for start in 1..=2 {
                board.run(500 * start);
                let (log, start) = (board.log(), start as usize);
                assert_eq!(board.word(UICR_APPROTECT), 0xFFFF_FF00, "{revision:?} {before:x}");
                assert_eq!(board.word(UICR_CUSTOMER), 0x600D_F00D, "{revision:?} {before:x}");
                assert_eq!(board.count("debug port closed by UICR"), start, "{log:?}");
                assert_eq!(board.count("debug port opened"), 0, "{log:?}");
                assert_eq!(board.count("Advertising successfully started"), start, "{log:?}");
                board.act(500 * start as u64, Act::PowerCycle);
            }
        }
    }
}

/// The number of lines that a line of the log says were lost.
fn lost(lines: &[String]) -> Vec<usize> {
    let number = |line: &String| {
        let (_, told) = line.split_once("<wrn> nrf52840: ")?;
        told.split_once(" lines lost here")?.0.parse().ok()
    };
    lines.iter().filter_map(number).collect()
}

/// Without a debugger RTT's ring keeps the first lines. One that comes later reads these, and the
/// next line tells how many are missing: as many as the serial line had meanwhile.
#[test]
fn lines_that_no_debugger_has_read_are_counted() {
    let Some(file) = firmware() else { return };
    let mut board = Board::new(image(&file), Revision::default());
    board.world.node_mut(board.chip).read_rtt(false);
    for press in 0..30 {
        board.press(1_000 + 500 * press, "delete-bonds", 100);
    }
    board.run(16_500);
    let serial = board.log();
    assert!(serial.len() > 30, "{serial:?}");
    board.world.node_mut(board.chip).read_rtt(true);
    board.run(16_900);
    let first = board.log().split_off(serial.len());
    assert!((5..serial.len() - 5).contains(&first.len()), "{first:?}");
    assert_eq!(first, serial[..first.len()], "whole lines, the first ones");
    board.press(17_000, "delete-bonds", 100);
    board.run(17_500);
    let later = board.log().split_off(serial.len() + first.len());
    assert_eq!(lost(&later), [serial.len() - first.len()], "{later:?}");
    // It is told once, and the serial line has lost nothing.
    board.press(18_000, "delete-bonds", 100);
    board.run(18_500);
    assert_eq!(lost(&board.log()).len(), 1, "{:?}", board.log());
}

/// A serial line that is far too slow for what is logged: it has whole lines, and where some are
/// missing it tells how many, so that in the end every line is there or counted.
#[test]
fn lines_that_the_serial_line_is_too_slow_for_are_counted() {
    let Some(file) = firmware() else { return };
    let mut board = Board::new(image(&file), Revision::default());
    let baud = |rate: u64| ((rate << 32) / 16_000_000) as u32;
    board.run(500);
    board.poke(BAUDRATE, baud(50));
    for press in 0..50 {
        board.press(1_000 + 500 * press, "delete-bonds", 100);
    }
    board.run(26_500);
    board.poke(BAUDRATE, baud(115_200));
    board.press(27_000, "delete-bonds", 100);
    board.run(28_000);
    let (serial, debugger): (Vec<_>, Vec<_>) =
        board.log().into_iter().partition(|line| line.starts_with("UARTE0: "));
    let plain = |line: &String| line.split_once("] ").map_or(line.as_str(), |x| x.1).to_owned();
    let mut missing = 0;
    let mut all = debugger.iter();
    for line in &serial {
        match lost(std::slice::from_ref(line)).first() {
            Some(count) => {
                missing += count;
                all.nth(count - 1).expect("no more are counted than there were");
            }
            None => assert_eq!(all.next().map(plain), Some(plain(line).trim_end().to_owned())),
        }
    }
    assert_eq!(all.next(), None, "all are there, or counted");
    assert!(missing > 50, "{missing}");
}

/// A page that is damaged leaves the defaults, and the log says so.
#[test]
fn a_damaged_page_is_told_and_does_no_harm() {
    let Some(file) = firmware() else { return };
    let mut image = image(&file);
    let mut chosen = Chosen::of(&image).expect("it has a page");
    assert!(chosen.set(&mut image, "passkey", "000001").expect("a passkey"));
    for (damaged, told) in [(1, "one valid copy"), (2, "damaged, so the defaults count")] {
        let mut image = image.clone();
        for copy in 0..damaged {
            let at = chosen.address + copy * settings::SECOND as u32 + 9;
            assert!(image.put(at, &[0x55]));
        }
        let mut board = Board::new(image, Revision::default());
        board.run(1_000);
        assert_eq!(board.count(&format!("<wrn> nrf52840: configuration page: {told}")), 1);
        assert_eq!(board.count("Advertising successfully started"), 1, "{:?}", board.log());
        assert_eq!(board.count("Static passkey in use"), usize::from(damaged == 1));
    }
}

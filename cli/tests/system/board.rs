//! The firmware as a person with a development kit has it: what its log says on both lines, buttons
//! that bounce, what is left of a crash, the debug port, the configuration page. `BLETWIN_FIRMWARE`
//! and `BLETWIN_FIRMWARE_TRIAL` name the firmware (`.ci/cross.sh` builds it).

use std::path::Path;

use ble::time::{Duration, Instant};
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

fn image(file: &str) -> Image {
    chip::load(Path::new(file)).expect("it can be flashed")
}

fn trial() -> Option<Image> {
    let Ok(file) = std::env::var("BLETWIN_FIRMWARE_TRIAL") else {
        tools::say("BLETWIN_FIRMWARE_TRIAL names no firmware (.ci/cross.sh builds it)");
        return None;
    };
    Some(image(&file))
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

//! Examples of embassy-nrf, unchanged, do on the emulated chip what they are for.
//!
//! `BLETWIN_FOREIGN` names the folder with their files (`scripts/foreign.sh` builds them and sets
//! it); without it there is nothing to run. What they log by defmt and which LEDs they light is in
//! the world's record.

use std::io::Write as _;
use std::path::PathBuf;

use ble::time::{Duration, Instant};
use ble::ui::Ui;
use bletwin_emulator::node::{ChipNode, Image};
use bletwin_sim::node::{Act, NodeId};
use bletwin_sim::record::{Note, RecordKind};
use bletwin_sim::world::{Placement, World, WorldConfig};

const BUTTON_1: &str = "button-1";
const BUTTON_2: &str = "button-2";
const BUTTON_3: &str = "button-3";
const BUTTON_4: &str = "button-4";

/// An example in a world, and how much of the record has been told.
struct Stage {
    world: World<ChipNode>,
    chip: NodeId,
    seen: usize,
}

impl Stage {
    fn new(example: &str) -> Option<Self> {
        let Some(folder) = std::env::var_os("BLETWIN_FOREIGN") else {
            let line = b"SKIPPED: BLETWIN_FOREIGN names no folder (scripts/foreign.sh)\n";
            std::io::stderr().write_all(line).expect("standard error");
            return None;
        };
        let path = PathBuf::from(folder).join(example);
        let file = std::fs::read(&path).expect("the folder has the example");
        let image = Image::from_elf(&file).expect("it can be flashed");
        let mut world = World::new(WorldConfig { recording: true, ..WorldConfig::default() });
        let chip = ChipNode::new(image, 0xC0FF_EE00_0001, 1);
        let chip = world.add("chip", chip, Placement::default());
        Some(Self { world, chip, seen: 0 })
    }

    /// Runs until a time, with acts at theirs, and tells what was seen since the last call: lines
    /// without their time, and LEDs.
    fn until(&mut self, ms: u64, acts: &[(u64, Act)]) -> Vec<String> {
        let at = |ms| Instant::ZERO + Duration::from_ms(ms);
        for (ms, act) in acts {
            self.world.act(self.chip, at(*ms), act.clone());
        }
        self.world.run_until(at(ms));
        assert_eq!(self.world.node(self.chip).stopped(), None);
        let records = self.world.records();
        let new = records.iter().skip(self.seen).filter_map(|record| match &record.kind {
            RecordKind::Note(Note::Printed(line)) => Some(untimed(line)),
            RecordKind::Note(Note::Host(text)) => Some(text.clone()),
            RecordKind::Shown(Ui::Output(text)) => Some(text.to_string()),
            _ => None,
        });
        let new = new.collect();
        self.seen = records.len();
        new
    }
}

/// A line of the log without the program's own time. A line of a program that gives none has its
/// level as a line of Zephyr's has.
fn untimed(line: &str) -> String {
    let rest = line.split_once(' ').filter(|(time, _)| time.parse::<f64>().is_ok());
    let rest = rest.map_or(line, |(_, rest)| rest);
    rest.strip_prefix("<inf> ").map_or_else(|| rest.to_owned(), |text| format!("INFO {text}"))
}

/// A button is pressed for a tenth of a second.
fn press(ms: u64, button: &str) -> [(u64, Act); 2] {
    [(ms, Act::press(button)), (ms + 100, Act::release(button))]
}

#[test]
fn timers_tick() {
    let Some(mut stage) = Stage::new("timer") else { return };
    let lines = stage.until(10_000, &[]);
    let count = |wanted: &str| lines.iter().filter(|line| *line == wanted).count();
    // Every 13,000 and 64,000 ticks of 32,768 Hz, the first at once.
    assert_eq!((count("INFO tick"), count("INFO BIG INFREQUENT TICK")), (26, 6), "{lines:?}");
}

#[test]
fn channels_of_gpiote_see_buttons() {
    let Some(mut stage) = Stage::new("gpiote_channel") else { return };
    let presses = [(1_000, BUTTON_1), (2_000, BUTTON_2), (3_000, BUTTON_3)];
    let acts: Vec<_> = presses.into_iter().flat_map(|(ms, button)| press(ms, button)).collect();
    let lines = [
        "INFO Starting!",
        "INFO Button 1 pressed",
        "INFO Button 2 released",
        "INFO Button 3 toggled",
        "INFO Button 3 toggled",
    ];
    assert_eq!(stage.until(4_000, &acts), lines);
}

#[test]
fn port_and_latch_see_buttons() {
    let Some(mut stage) = Stage::new("gpiote_port") else { return };
    // Two at a time.
    let acts = [press(1_000, BUTTON_1), press(1_050, BUTTON_4)].concat();
    let lines = [
        "INFO Starting!",
        "INFO Button 1 pressed!",
        "INFO Button 4 pressed!",
        "INFO Button 1 released!",
        "INFO Button 4 released!",
    ];
    assert_eq!(stage.until(2_000, &acts), lines);
}

#[test]
fn a_serial_port_sends_back_what_comes() {
    let Some(mut stage) = Stage::new("uart") else { return };
    let begun = ["INFO uarte initialized!", "INFO wrote hello in uart!", "INFO reading..."];
    let lines = stage.until(500, &[]);
    assert!(lines.iter().any(|line| line == "UARTE0: Hello!"), "{lines:?}");
    let logged: Vec<_> = lines.iter().filter(|line| line.starts_with("INFO")).collect();
    assert_eq!(logged, begun.iter().collect::<Vec<_>>());
    stage.world.octets(stage.chip, b"echoes\r\n".to_vec());
    let lines = stage.until(1_000, &[]);
    assert!(lines.iter().any(|line| line == "UARTE0: echoes"), "{lines:?}");
}

/// Tasks at three priorities: those that only wait preempt those that compute.
#[test]
fn interrupts_preempt_by_their_priorities() {
    let Some(mut stage) = Stage::new("multiprio") else { return };
    let lines = stage.until(6_000, &[]);
    let count = |wanted: &str| lines.iter().filter(|line| line.contains(wanted)).count();
    // Each 27,374 ticks of 32,768 Hz, whatever the others do.
    assert_eq!(count("[high] tick!"), 8, "{lines:?}");
    // A second of work, by its own measure 993 ms, and 23,421 ticks of rest.
    assert_eq!(count("[med] done in 993 ms"), 3, "{lines:?}");
    // Two seconds, while the others interrupt.
    assert_eq!(count("[low] done in 1985 ms"), 1, "{lines:?}");
}

#[test]
fn ppi_joins_buttons_and_leds() {
    let Some(mut stage) = Stage::new("ppi") else { return };
    // Both LEDs begin low, which lights them.
    let begin = stage.until(500, &[]);
    assert!(begin.iter().any(|line| line == "LED 1 on"), "{begin:?}");
    assert_eq!(
        begin.last().map(String::as_str),
        Some("INFO Press button 4 to toggle LEDs 1 and 2")
    );
    // Toggle, clear, set, toggle both.
    let presses = [(1_000, BUTTON_1), (2_000, BUTTON_2), (3_000, BUTTON_3), (4_000, BUTTON_4)];
    let acts: Vec<_> = presses.into_iter().flat_map(|(ms, button)| press(ms, button)).collect();
    let leds = ["LED 1 off", "LED 1 on", "LED 1 off", "LED 1 on", "LED 2 off"];
    assert_eq!(stage.until(5_000, &acts), leds);
}

#[test]
fn an_rtc_toggles_an_led_eight_times_a_second() {
    let Some(mut stage) = Stage::new("rtc") else { return };
    let leds = stage.until(2_050, &[]);
    // Once before `init` has written UICR and reset the chip, and once after.
    assert_eq!(leds[..2], ["nRF52840 RTC example"; 2]);
    let led = |n| if n % 2 == 0 { "LED 1 on" } else { "LED 1 off" };
    assert_eq!(leds[2..], (0..16).map(led).collect::<Vec<_>>());
}

#[test]
fn random_numbers_are_fair() {
    let Some(mut stage) = Stage::new("rng") else { return };
    let lines = stage.until(1_000, &[]);
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines[0].starts_with("INFO Some random bytes: ["), "{lines:?}");
    for (line, what) in lines[2..].iter().zip(["zero", "one"]) {
        let percent = line.strip_prefix(&format!("INFO Chance of {what}: "));
        let percent = percent.and_then(|line| line.strip_suffix('%')).and_then(|n| n.parse().ok());
        assert!(percent.is_some_and(|percent: u8| (48..52).contains(&percent)), "{line}");
    }
}

#[test]
fn the_temperature_is_measured_each_second() {
    let Some(mut stage) = Stage::new("temp") else { return };
    assert_eq!(stage.until(5_500, &[]), ["INFO temperature: 25℃"; 6]);
}

#[test]
fn flash_is_erased_and_written_and_outlives_power() {
    const ERASED: &str = "[ff, ff, ff, ff]";
    const WRITTEN: &str = "[1, 2, 3, 4]";
    let Some(mut stage) = Stage::new("nvmc") else { return };
    let read = |lines: Vec<String>| -> Vec<String> {
        lines
            .iter()
            .filter_map(|line| line.strip_prefix("INFO Read: ").map(str::to_owned))
            .collect()
    };
    assert_eq!(read(stage.until(1_000, &[])), [ERASED, ERASED, WRITTEN]);
    let off_and_on = [(1_100, Act::PowerCycle)];
    assert_eq!(read(stage.until(2_000, &off_and_on)), [WRITTEN, ERASED, WRITTEN]);
}

#[test]
fn a_button_triggers_an_led_through_egu_and_ppi() {
    let Some(mut stage) = Stage::new("egu") else { return };
    assert_eq!(stage.until(500, &[]), ["INFO Push the button to toggle the LED"]);
    let acts: Vec<_> = [1_000, 2_000].into_iter().flat_map(|ms| press(ms, BUTTON_1)).collect();
    assert_eq!(stage.until(3_000, &acts), ["LED 1 on", "LED 1 off"]);
}

#[test]
fn a_watchdog_that_nobody_pets_resets_the_chip() {
    let Some(mut stage) = Stage::new("wdt") else { return };
    let acts: Vec<_> =
        [2_000, 4_000, 6_000].into_iter().flat_map(|ms| press(ms, BUTTON_1)).collect();
    let began = [
        "INFO Hello World!",
        "INFO Watchdog started, press button 1 to pet it or I'll reset in 3 seconds!",
    ];
    let mut lines = began.to_vec();
    lines.extend(["INFO Button pressed, petting watchdog!"; 3]);
    assert_eq!(stage.until(8_900, &acts), lines);
    assert_eq!(stage.until(9_100, &[]), began, "3 s after it was petted last");
}

//! The plant in a simulated world: somebody comes, waters it and goes, and nobody pairs.

use ble::hci::Handle;
use ble::time::{Duration, Instant};
use bletwin::prompt::{Act, Milestone, Prompt, Target};
use bletwin::setup::{Setup, Tenant};
use bletwin::summary::Verdict;
use bletwin::{catalogue, report, stage::Stage};
use firmware_core::application::{Application, Effect, Effects, Event, Request};
use my_peripheral::{MOISTURE_HANDLE, Plant, Pump, WATER_HANDLE};

const VISITOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/visitor.toml");

fn setup(seed: u64) -> Setup {
    let mut setup = Setup::new("recommended", VISITOR, seed).unwrap();
    setup.peripheral.application = Tenant::new(Plant::default());
    setup
}

#[test]
fn a_visitor_waters_the_plant_and_is_notified() {
    let scenario = catalogue::by_name("unpaired").unwrap();
    for seed in 1..=3 {
        // Panics if either end breaks a rule of the link layer.
        let run = Stage::new(scenario, &setup(seed)).play();
        assert_eq!(run.summary.outcome, Verdict::Served, "{}", report::log(&run));
        // Moist as it was, five seconds of water, and one of whoever pressed the button.
        assert_eq!(run.sent(MOISTURE_HANDLE), [[45], [46]]);
        assert!(!report::ladder(&run).contains("SMP"));
    }
}

#[test]
fn the_pump_stops_a_second_after_the_button() {
    let press = Prompt::new(
        Target::Peripheral,
        Act::press("water"),
        Milestone::Connected,
        Duration::from_secs(3),
    );
    let scenario = catalogue::by_name("unpaired").unwrap();
    let run = Stage::new(scenario, &setup(1)).prompted(&[press]).play();
    assert!(run.passed(), "{}", report::failure(&run).unwrap_or_default());
    assert!(run.shown().ends_with(&["pump on", "pump off"]), "{:?}", run.shown());
}

#[test]
fn without_a_world_it_is_a_value_that_is_called() {
    let mut plant = Plant::default();
    let request = Request::made_up(Handle(0));
    let mut out = Effects::new();
    let write = Event::Write { request, handle: WATER_HANDLE, offset: 0, value: &[5] };
    let _ = plant.handle(Instant::ZERO, write, &mut out);
    assert!(out.iter().any(|effect| *effect == Effect::Show(Pump(true))));
    assert_eq!(plant.deadline(), Some(Instant::ZERO + Duration::from_secs(5)));
}

/// The command in a program of one's own: the founding case is still that of the LED Button, and
/// what is printed to be typed again is this program's name.
#[test]
fn the_demo_is_the_founding_case_and_commands_are_this_programs() {
    let folder = std::env::temp_dir().join(format!("plant-demo-{}", std::process::id()));
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_my-peripheral"))
        .args(["demo", "--out"])
        .arg(&folder)
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let again = "my-peripheral run pairing --central windows-intel --set app=led-button";
    assert!(text.contains(again) && !text.contains("bletwin run"), "{text}");
}

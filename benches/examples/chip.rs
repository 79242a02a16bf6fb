//! What an idle, encrypted connection costs the chip at 7.5 ms: where its processor spends its
//! time, and how long the emulator takes.
//!
//! `chip FILE SECONDS [profile]`: the file is what `bletwin chip build --trial` builds. With
//! `profile`, which takes longer, the functions with most cycles per connection event are printed.

use std::time::Instant as Clock;

use ble::time::{Duration, Instant};
use bletwin_emulator::node::ChipNode;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::participant::Participant;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::Setup;

/// Until then it is paired, encrypted and discovered.
const SETTLED: Instant = Instant::from_us(30_000_000);
/// Connection events in three seconds.
const EVENTS: u64 = 400;
/// Functions that are printed.
const FUNCTIONS: usize = 40;

/// The firmware beside a phone, encrypted, at a connection interval of 7.5 ms, with records.
pub(crate) fn connected(file: &str) -> Stage {
    let mut setup = Setup::open(&format!("elf={file}"), "phone", 1).expect("it can be flashed");
    for set in [
        "passkey=123456",
        "central.interval-us=7500",
        // The firmware asks for a longer one.
        "central.parameter-rules=reject",
        "central.steps=mtu,discover,subscribe:button,write:led:01,stay:600000",
    ] {
        setup.set(set).expect("a key");
    }
    let scenario = catalogue::by_name("stay").expect("known");
    let mut stage = Stage::new(scenario, &setup).unjudged();
    while stage.world.now() < SETTLED && stage.step() {}
    stage
}

fn chip(stage: &Stage) -> &ChipNode {
    match stage.world.node(stage.peripheral) {
        Participant::Chip(chip) => chip,
        _ => panic!("the peripheral is no chip"),
    }
}

fn awake(stage: &Stage) -> u64 {
    chip(stage).cpu_use().expect("it is on").awake
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let seconds: Option<u64> = words.get(1).and_then(|word| word.parse().ok());
    let seconds = seconds.filter(|seconds| *seconds > 0);
    let (Some(file), Some(seconds)) = (words.first(), seconds) else {
        panic!("chip FILE SECONDS [profile]");
    };
    let mut stage = connected(file);
    let profiles = words.iter().any(|word| word == "profile");
    stage.chip_mut().expect("it is a chip").profile(profiles);
    let before = awake(&stage);
    // The least of many short stretches: what else a computer does makes some of them longer.
    let mut least = f64::MAX;
    for _ in 0..seconds * 5 {
        let begun = Clock::now();
        stage.world.run_until(stage.world.now() + Duration::from_ms(200));
        least = least.min(begun.elapsed().as_secs_f64());
    }
    let per_event = |cycles: u64| cycles * 3 / (EVENTS * seconds);
    println!("cycles awake in a connection event: {}", per_event(awake(&stage) - before));
    println!("a simulated second takes {:.2} ms", least * 5e3);
    for function in chip(&stage).functions().iter().take(FUNCTIONS) {
        let name = function.name.as_deref().unwrap_or("(no name)");
        println!("{:>7} {name}", per_event(function.cycles));
    }
}

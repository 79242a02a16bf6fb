//! A month of a bonded device that is idle but for a reconnection a day, with
//! [`World::leap`](bletwin_sim::world::World::leap).
//!
//! `month [DAYS]`: 30 unless said otherwise. Prints what was left out and what was played.

use std::time::Instant as Wall;

use ble::time::{Duration, Instant};
use bletwin_scenarios::participant::Participant;
use bletwin_sim::node::Act;

#[path = "idle.rs"]
#[expect(dead_code, reason = "an example is a program of its own")]
mod idle;

const DAY: Duration = Duration::from_secs(24 * 3_600);

fn main() {
    let days = std::env::args().nth(1).and_then(|days| days.parse().ok()).unwrap_or(30_u64);
    let began = Wall::now();
    let (mut world, settled) = idle::idle_pairs(1, false);
    let central = world.nodes().find(|(_, node)| matches!(node, Participant::Central(_)));
    let central = central.expect("there is one").0;
    let mut left_out = 0;
    for day in 1..=days {
        let morning = Instant::ZERO + DAY.times(day);
        left_out += world.leap_until(morning);
        // The laptop is switched off and on.
        world.act(central, morning, Act::PowerCycle);
        world.run_until(morning + Duration::from_secs(12));
        assert!(idle::is_encrypted(world.nodes().next().expect("the peripheral").1), "day {day}");
    }
    let end = settled.max(Instant::ZERO + DAY.times(days));
    println!(
        "{days} days: {left_out} connection events left out, {} inputs of nodes played, {:.1} s",
        world.told(),
        began.elapsed().as_secs_f64()
    );
    assert!(world.now() >= end);
}

//! What a connection event costs as devices get more: idle, encrypted pairs at 100 ms, two metres
//! apart.
//!
//! `flat PAIRS MILLISECONDS`: prints what the set-up took and what the idle stretch took, in
//! seconds, and how many connection events were in it.

use std::time::Instant as Wall;

use ble::time::Duration;

#[path = "idle.rs"]
#[expect(dead_code, reason = "an example is a program of its own")]
mod idle;

/// connInterval of 100 ms.
const INTERVAL: u16 = 80;

fn main() {
    let number = |at: usize| std::env::args().nth(at).and_then(|word| word.parse::<u64>().ok());
    let (Some(pairs), Some(span_ms)) = (number(1), number(2)) else {
        panic!("flat PAIRS MILLISECONDS");
    };
    let few = u16::try_from(pairs).expect("65,535 pairs at most");
    let begun = Wall::now();
    let (mut world, settled) = idle::crowd(few, INTERVAL, false);
    let set_up = begun.elapsed();
    let begun = Wall::now();
    world.run_until(settled + Duration::from_ms(span_ms));
    let (idle, events) = (begun.elapsed(), pairs * span_ms * 4 / 5 / u64::from(INTERVAL));
    println!(
        "{pairs} pairs: set up in {:.2} s; {events} connection events in {:.3} s, {:.2} us each",
        set_up.as_secs_f64(),
        idle.as_secs_f64(),
        idle.as_secs_f64() * 1e6 / events as f64
    );
}

//! What the simulation allocates while nothing happens but connection events.

#[path = "../examples/idle.rs"]
#[expect(dead_code, reason = "an example is a program of its own")]
mod idle;

use ble::time::Duration;

/// A thousand events of an idle, encrypted connection.
const EVENTS: Duration = Duration::from_ms(7_500);

#[test]
fn a_connection_event_in_which_nothing_is_sent_allocates_nothing() {
    let (mut world, settled) = idle::idle_pairs(1, false);
    let run = allocation_counter::measure(|| world.run_until(settled + EVENTS));
    assert_eq!(run.count_total, 0, "{run:?}");
}

/// Records are what a run is kept for; between two packets nothing else is.
#[test]
fn with_records_memory_grows_by_the_records() {
    let (mut world, settled) = idle::idle_pairs(1, true);
    world.drain_records(&mut Vec::new());
    let run = allocation_counter::measure(|| world.run_until(settled + EVENTS));
    let records = world.records().len() as u64;
    assert!(records > 4_000, "{records}");
    assert!((1..3 * records).contains(&run.count_total), "{run:?} for {records} records");
}

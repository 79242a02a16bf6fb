//! The plant in a simulated world: somebody comes, waters it and goes, and nobody pairs.

use bletwin::setup::{Setup, Tenant};
use bletwin::summary::Verdict;
use bletwin::{catalogue, report, stage::Stage};
use my_peripheral::Plant;

const VISITOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/visitor.toml");

#[test]
fn a_visitor_waters_the_plant_and_is_told_so() {
    let scenario = catalogue::by_name("unpaired").unwrap();
    for seed in 1..=3 {
        let mut setup = Setup::new("recommended", VISITOR, seed).unwrap();
        setup.peripheral.application = Tenant::new(Plant::default());
        // Panics if either end breaks a rule of the link layer.
        let run = Stage::new(scenario, &setup).play();
        assert_eq!(run.summary.outcome, Verdict::Served, "{}", report::log(&run));
        let ladder = report::ladder(&run);
        assert!(ladder.contains("ATT Handle Value Notification"), "{ladder}");
        assert!(!ladder.contains("SMP"), "{ladder}");
    }
}

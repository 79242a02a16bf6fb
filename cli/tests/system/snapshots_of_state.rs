//! The whole world is a value: a copy continues in the same way, and its hash distinguishes states.

use ble::time::Instant;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::Setup;

fn stage(seed: u64) -> Stage {
    let mut setup = Setup::new("zephyr-2024", "phone", seed).expect("known names");
    setup.set("loss=2").expect("a known key");
    Stage::new(catalogue::by_name("pairing").expect("known"), &setup)
}

#[test]
fn a_copy_taken_at_any_moment_goes_the_same_way() {
    let through = stage(3).play();
    for at_ms in [1, 104, 150, 700, 3_000, 7_100] {
        let mut first = stage(3);
        first.world.run_until(Instant::from_us(at_ms * 1_000));
        let mut copy = first.clone();
        assert_eq!(copy.world.canonical_hash(), first.world.canonical_hash());
        first.world.run_until(Instant::from_us((at_ms + 400) * 1_000));
        copy.world.run_until(Instant::from_us((at_ms + 400) * 1_000));
        assert_eq!(copy.world.canonical_hash(), first.world.canonical_hash(), "{at_ms}");
        assert_eq!(copy.play().summary.trace_sha256, through.summary.trace_sha256, "{at_ms}");
    }
}

#[test]
fn a_copy_has_the_same_hash_and_the_next_step_another() {
    let mut world = stage(3).world;
    world.run_until(Instant::from_us(50_000));
    let hash = world.canonical_hash();
    assert_eq!(world.clone().canonical_hash(), hash);
    world.step();
    assert_ne!(world.canonical_hash(), hash, "something has happened");
}

#[test]
fn other_seeds_are_other_states() {
    let hash = |seed| {
        let mut world = stage(seed).world;
        world.run_until(Instant::from_us(200_000));
        world.canonical_hash()
    };
    assert_ne!(hash(1), hash(2));
}

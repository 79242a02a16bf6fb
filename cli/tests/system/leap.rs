//! A world with whole devices that leaves out idle events goes on as one that plays them.

use ble::time::{Duration, Instant};
use bletwin_models::profile::catalogue::centrals;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::Setup;
use bletwin_sim::node::Act;

/// By then what follows the connection is over.
const SETTLED: Instant = Instant::from_us(20_000_000);
/// Two authenticated payload timeouts lie on the way.
const LATER: Instant = Instant::from_us(95_000_000);

/// Number of connection events that were left out.
fn compare(peripheral: &str, central: &str) -> u64 {
    let setup = Setup::new(peripheral, central, 3).expect("known names");
    let stay = catalogue::by_name("stay").expect("known");
    let mut played = Stage::new(stay, &setup).unhashed().world;
    played.run_until(SETTLED);
    let mut leapt = played.clone();
    let left_out = leapt.leap_until(LATER);
    played.run_until(LATER);
    assert_eq!(played.canonical_hash(), leapt.canonical_hash(), "{peripheral} with {central}");
    for world in [&mut played, &mut leapt] {
        // Something happens again.
        let whom = world.nodes().map(|(id, _)| id).find(|id| world.name(*id) == "peripheral");
        world.act(whom.expect("it is there"), LATER, Act::press("user"));
        world.run_until(LATER + Duration::from_secs(3));
    }
    assert_eq!(played.canonical_hash(), leapt.canonical_hash(), "{peripheral} with {central}");
    left_out
}

#[test]
fn every_central_goes_on_as_if_all_events_had_been_played() {
    let leaps = |central: &str| compare("recommended", central);
    let left_out: Vec<(String, u64)> = centrals()
        .into_iter()
        .map(|entry| (entry.profile.name.to_string(), leaps(&entry.profile.name)))
        .collect();
    let many = left_out.iter().filter(|(_, events)| *events > 500).count();
    assert!(many * 2 > left_out.len(), "{left_out:?}");
}

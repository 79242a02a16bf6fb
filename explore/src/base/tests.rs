//! A world that leaves idle events out goes on as one that plays them.

use ble::hci::Command;
use ble::time::{Duration, Instant};
use bletwin_sim::node::Act;
use bletwin_sim::random::{Purpose, Stream};
use bletwin_sim::record::{Record, RecordKind};
use bletwin_sim::world::World;

use super::{Base, HANDLE};
use crate::case::{Case, Clocks, Csa, Start, Switch};
use crate::node::Actor;
use crate::watch::{CENTRAL, PERIPHERAL};

/// Times, channels and PDUs on air from a moment on.
fn on_air(records: &[Record], from: Instant) -> Vec<(Instant, u8, Vec<u8>)> {
    let later = records.iter().filter(|record| record.at > from);
    let packets = later.filter_map(|record| match &record.kind {
        RecordKind::AirTx(tx) => Some((record.at, tx.channel, tx.pdu.octets().to_vec())),
        _ => None,
    });
    packets.collect()
}

/// Something happens again: data both ways, and a procedure of the link layer.
fn go_on(world: &mut World<Actor>) -> Vec<(Instant, u8, Vec<u8>)> {
    let now = world.now();
    world.act(PERIPHERAL, now, Act::Button { button: "user".into(), pressed: true });
    world.act(CENTRAL, now, Act::Command(Command::ReadRemoteVersion { handle: HANDLE }));
    world.run_until(now + Duration::from_secs(9));
    on_air(world.records(), now)
}

/// Plays one of two equal worlds and leaps in the other: events left out.
fn compare(case: &Case, span: Duration) -> u64 {
    let mut played = Base::new(case).expect("it gets there").live.world;
    let mut leapt = played.clone();
    let until = played.now() + span;
    played.run_until(until);
    let left_out = leapt.leap_until(until);
    assert_eq!(played.now(), leapt.now());
    for (ours, theirs) in played.nodes().zip(leapt.nodes()) {
        assert_eq!(ours, theirs, "{case:?}");
    }
    assert_eq!(played.canonical_hash(), leapt.canonical_hash(), "{case:?}");
    assert_eq!(go_on(&mut played), go_on(&mut leapt), "{case:?}");
    left_out
}

fn drawn(seed: u64) -> (Case, Duration) {
    let mut dice = Stream::new(seed, 0, Purpose::Entropy);
    let mut below = |bound| dice.below(bound);
    let ppm = |roll: u32| roll as i16 - 500;
    let case = Case {
        seed,
        csa: [Csa::One, Csa::Two][below(2) as usize],
        encryption: [Switch::Off, Switch::On][below(2) as usize],
        start: [Start::Fresh, Start::Le2M, Start::Coded][below(3) as usize],
        interval: [6, 7, 24, 80, 400][below(5) as usize],
        clocks: Clocks { peripheral: ppm(below(1_001)), central: ppm(below(1_001)) },
        ..Case::default()
    };
    let events = u64::from(40 + below(3_000));
    let interval = Duration::from_us(1_250).times(case.interval.into());
    (case, interval.times(events) + Duration::from_us(below(7_500).into()))
}

#[test]
fn events_that_are_left_out_make_no_difference() {
    let number = if std::env::var_os("BLETWIN_ALL_NUMBERS").is_some() { 400 } else { 40 };
    let mut events = 0;
    for seed in 0..number {
        let (case, span) = drawn(seed);
        events += compare(&case, span);
    }
    assert!(events > 500 * number, "{events} in {number} runs");
}

/// Its firmware keeps to the interval that the central has chosen.
fn steady() -> Case {
    Case { set: vec!["param-update=never".into()], ..Case::default() }
}

/// connEventCount comes round on the way.
#[test]
fn an_hour_is_left_out_at_once() {
    for (central, encryption) in [(500, Switch::Off), (-500, Switch::On)] {
        let clocks = Clocks { peripheral: -central, central };
        let case = Case { clocks, encryption, ..steady() };
        let mut world = Base::new(&case).expect("it gets there").live.world;
        let until = world.now() + Duration::from_secs(3_600);
        let told = world.told();
        let left_out = world.leap_until(until);
        assert!(left_out > 470_000, "{left_out}");
        assert!(world.told() - told < 40_000, "{}", world.told() - told);
    }
}

#[test]
fn where_something_may_happen_all_is_played() {
    let case = steady();
    let lossy = Case { loss_ppm: 1, ..case.clone() };
    let latent = Case { start: Start::Latency4, ..case.clone() };
    for case in [lossy, latent] {
        let mut world = Base::new(&case).expect("it gets there").live.world;
        assert_eq!(world.leap_until(world.now() + Duration::from_secs(5)), 0, "{case:?}");
    }
    // A host acts in the middle: events are left out before and after, and not at that time.
    let mut world = Base::new(&case).expect("it gets there").live.world;
    let now = world.now();
    let press = Act::Button { button: "user".into(), pressed: true };
    world.act(PERIPHERAL, now + Duration::from_secs(5), press);
    let mut other = world.clone();
    world.run_until(now + Duration::from_secs(10));
    assert!(other.leap_until(now + Duration::from_secs(10)) > 900);
    assert_eq!(world.canonical_hash(), other.canonical_hash());
}

/// What is played of the long wait is read as the whole would be: the count is that of the air.
#[test]
fn the_end_of_the_event_counter_is_reached() {
    for central in [-500, 0, 500] {
        let clocks = Clocks { peripheral: -central, central };
        for case in [Case::default(), steady()] {
            let base = Base::new(&Case { start: Start::NearWrap, clocks, ..case }).expect("it is");
            assert!(base.tape.len() < 10_000, "{}", base.tape.len());
        }
    }
}

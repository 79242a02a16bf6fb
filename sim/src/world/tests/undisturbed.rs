//! A packet that nothing disturbs is received as what it was sent as, in one event; here the same
//! with its symbols, and its header received for itself.

use proptest::prelude::*;

use super::*;

/// What can be seen of a run.
type Seen = (Vec<Record>, [u8; 32], Vec<Toy>);

/// Two beacons on one channel, now and then at the same time, and scanners here and there.
fn play(seed: u64, long_way: bool, apart: &[i32], phys: [TxPhy; 2], every_us: [u64; 2]) -> Seen {
    let mut world = World::new(WorldConfig {
        medium: MediumConfig { loss_ppm: 20_000, ..MediumConfig::default() },
        ..config(seed)
    });
    world.engine.long_way = long_way;
    let clocks = ClockConfig { sleep_ppb: 20_000, sleep_jitter_us: 16, ..ClockConfig::default() };
    for ((x, phy), every_us) in [(0, phys[0]), (1, phys[1])].into_iter().zip(every_us) {
        world.add("beacon", beacon(every_us, phy, 9), Placement { clocks, ..at(x) });
    }
    for (n, x) in (0..).zip(apart) {
        world.add("scanner", scanner(phys[n % 2].phy(), n == 0), at(*x));
    }
    world.faults().add(FaultRule {
        when: Pattern::default(),
        which: Which::Chance(50_000),
        effect: FaultEffect::Corrupt { bits: 2 },
        at: None,
    });
    for ms in 1..60 {
        world.run_until(Instant::from_us(ms * 1_000));
        if ms % 7 == 0 {
            world.set_position(NodeId(0), (i32::try_from(ms).unwrap() * 10, 0));
        }
    }
    let nodes = world.nodes().map(|(_, node)| node.clone()).collect();
    (world.records().to_vec(), world.trace_sha256(), nodes)
}

fn phy() -> impl Strategy<Value = TxPhy> {
    prop::sample::select(vec![TxPhy::Le1M, TxPhy::Le2M, TxPhy::CodedS2, TxPhy::CodedS8])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Interference, noise, faults, receivers that go out of range: all as by the long way.
    #[test]
    fn all_is_as_with_symbols(
        seed in any::<u64>(), apart in prop::collection::vec(1_i32..2_000, 1..4),
        phys in [phy(), phy()], every_us in [900_u64..2_000, 900_u64..2_000],
    ) {
        let short = play(seed, false, &apart, phys, every_us);
        prop_assert_eq!(short, play(seed, true, &apart, phys, every_us));
    }
}

/// A packet of 9 octets on 1M: its access address has passed at 40 µs, its header at 56.
#[test]
fn who_begins_before_the_header_has_passed_disturbs_it() {
    let heard_with = |offset_us: u64, long_way| {
        let mut world = World::new(config(1));
        world.engine.long_way = long_way;
        world.add("beacon", beacon(10_000, TxPhy::Le1M, 9), at(0));
        let start_after = Duration::from_us(offset_us);
        world.add("other", beacon(10_000, TxPhy::Le1M, 30), Placement { start_after, ..at(4) });
        let scanner = world.add("scanner", scanner(Phy::Le1M, false), at(2));
        world.run_until(Instant::from_us(9_000));
        (heard(&world, scanner).to_vec(), world.records().to_vec())
    };
    let mut wrong_lengths = 0;
    for offset_us in 40..60 {
        let short = heard_with(offset_us, false);
        assert_eq!(short, heard_with(offset_us, true), "{offset_us} µs");
        wrong_lengths += usize::from(short.0.first().is_some_and(|(_, length)| *length != 9));
    }
    assert!(wrong_lengths > 2, "headers were disturbed {wrong_lengths} times");
}

use super::*;

fn us(us: u64) -> Duration {
    Duration::from_us(us)
}

/// A second of sleep, and 6.40 mA for 376 µs: 3.16 µC and 2.4064 µC.
#[test]
fn charge_is_current_by_time() {
    let mut times = Times::default();
    times.add(Draw::Sleeps, us(1_000_000));
    assert_eq!(times.nanocoulombs(Regulator::DcDc), 3_160);
    times.add(Draw::Sends(Phy::Le1M), us(376));
    assert_eq!(times.nanocoulombs(Regulator::DcDc), 3_160 + 2_406);
    assert_eq!(times.nanocoulombs_of(Draw::Sends(Phy::Le1M), Regulator::DcDc), 2_406);
    assert_eq!(times.nanocoulombs_of(Draw::Sends(Phy::Le1M), Regulator::Ldo), 4_061);
    assert_eq!(times.total(), us(1_000_376));
}

/// What the processor does beside the radio costs, and takes no time of its own. Both together are
/// what the specification has for both: 8.1 mA and 8.6 mA with DC/DC, 15.4 mA and 16.2 mA without.
#[test]
fn what_the_processor_does_beside_the_radio_comes_on_top() {
    let both = [
        (Draw::Sends(Phy::Le1M), Draw::WorksBesideSending, [8_100, 15_400]),
        (Draw::Listens(Phy::Le1M), Draw::WorksBesideListening, [8_600, 16_200]),
    ];
    for (radio, beside, expected) in both {
        let mut times = Times::default();
        times.add(radio, us(1_000));
        times.add(beside, us(1_000));
        assert_eq!(times.total(), us(1_000));
        let found = [Regulator::DcDc, Regulator::Ldo].map(|r| times.nanocoulombs(r));
        assert_eq!(found, expected);
    }
}

#[test]
fn phases_add_up() {
    let mut spent = Spent::default();
    spent.of_mut(Phase::of(0x8E89_BED6)).add(Draw::Sleeps, us(5));
    spent.of_mut(Phase::of(0x1234_5678)).add(Draw::Sleeps, us(7));
    let twice = {
        let mut twice = spent;
        twice.add_all(&spent);
        twice
    };
    assert_eq!((spent.advertising.total(), spent.connected.total()), (us(5), us(7)));
    assert_eq!(twice.whole().of(Draw::Sleeps), us(24));
}

/// Days of the largest current are no trouble.
#[test]
fn long_times_do_not_overflow() {
    let mut times = Times::default();
    times.add(Draw::Sends(Phy::Le1M), Duration::from_secs(1_000_000));
    times.add(Draw::Sends(Phy::Le1M), Duration::from_ticks(u64::MAX));
    assert_eq!(times.of(Draw::Sends(Phy::Le1M)).ticks(), u64::MAX);
    assert!(times.nanocoulombs(Regulator::Ldo) > 0);
    assert!(Draw::ALL.iter().enumerate().all(|(n, what)| what.number() == n), "each has its place");
}

//! What the peripheral took of its supply.

use bletwin_sim::charge::{Draw, Regulator, SUPPLY_MILLIVOLTS, Spent, Times};
use serde::Serialize;

/// What the peripheral took of its supply, over all its power-ups: an nRF52840 with the currents of
/// [`bletwin_sim::charge`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Charge {
    /// `ldo` or `dc-dc`: what regulates the supply of the chip's core.
    pub regulator: &'static str,
    /// The supply, in mV.
    pub supply_millivolts: u16,
    /// All of it.
    #[serde(flatten)]
    pub total: Share,
    /// What it would be with the DC/DC regulator, µC; `None`: it is that.
    pub dc_dc_microcoulombs: Option<f64>,
    /// From power-up, or from the last event of a connection, to the next connection.
    pub advertising: Share,
    /// From the first event of a connection to the next advertising.
    pub connected: Share,
    /// By what it did, the largest charge first.
    pub states: Vec<StateCharge>,
    /// The times behind all that.
    #[serde(skip)]
    pub spent: Spent,
}

/// A charge, and the time that it was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// Time with power, in seconds.
    pub seconds: f64,
    /// The charge, in µC (1 µAh is 3,600 µC).
    pub microcoulombs: f64,
    /// The average current in that time, µA; 0 without any time.
    pub average_microamperes: f64,
}

/// What one thing that the device did took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StateCharge {
    /// What, as a word for programs ([`Draw::name`]).
    pub state: &'static str,
    /// For how long, µs. What the processor does beside the radio is the radio's time as well.
    pub microseconds: f64,
    /// The charge, in µC.
    pub microcoulombs: f64,
}

fn microcoulombs(nanocoulombs: u64) -> f64 {
    nanocoulombs as f64 / 1e3
}

impl Share {
    fn of(times: &Times, regulator: Regulator) -> Self {
        let (us, nanocoulombs) = (times.total().as_us(), times.nanocoulombs(regulator));
        // nC/µs is mA; to a hundredth of a µA.
        let hundredths = u128::from(nanocoulombs) * 100_000 / u128::from(us.max(1));
        Self {
            seconds: us as f64 / 1e6,
            microcoulombs: microcoulombs(nanocoulombs),
            average_microamperes: hundredths as f64 / 100.0,
        }
    }
}

impl Charge {
    /// Of these times.
    #[must_use]
    pub fn of(spent: Spent, regulator: Regulator) -> Self {
        let whole = spent.whole();
        let mut states: Vec<(Draw, u64)> = Draw::ALL
            .into_iter()
            .filter(|what| whole.of(*what).ticks() > 0)
            .map(|what| (what, whole.nanocoulombs_of(what, regulator)))
            .collect();
        states.sort_by_key(|(_, nanocoulombs)| std::cmp::Reverse(*nanocoulombs));
        let states = states.into_iter().map(|(what, nanocoulombs)| StateCharge {
            state: what.name(),
            microseconds: (whole.of(what).ticks() / 6_400) as f64 / 10.0,
            microcoulombs: microcoulombs(nanocoulombs),
        });
        Self {
            regulator: regulator.name(),
            supply_millivolts: SUPPLY_MILLIVOLTS,
            total: Share::of(&whole, regulator),
            dc_dc_microcoulombs: (regulator != Regulator::DcDc)
                .then(|| microcoulombs(whole.nanocoulombs(Regulator::DcDc))),
            advertising: Share::of(&spent.advertising, regulator),
            connected: Share::of(&spent.connected, regulator),
            states: states.collect(),
            spent,
        }
    }

    /// For how long it did that, in µs.
    #[must_use]
    pub fn microseconds(&self, what: Draw) -> u64 {
        self.spent.whole().of(what).as_us()
    }
}

#[cfg(test)]
mod tests {
    use ble::phy::Phy;
    use ble::time::Duration;

    use super::*;

    /// A second of advertising: 10 ms of it listening (6.26 mA), else asleep (3.16 µA), and two of
    /// a connection asleep.
    #[test]
    fn an_average_is_the_charge_by_the_time_with_power() {
        let mut spent = Spent::default();
        spent.advertising.add(Draw::Listens(Phy::Le1M), Duration::from_ms(10));
        spent.advertising.add(Draw::Sleeps, Duration::from_ms(990));
        spent.connected.add(Draw::Sleeps, Duration::from_secs(2));
        let charge = Charge::of(spent, Regulator::DcDc);
        let share = |seconds, microcoulombs, average_microamperes| Share {
            seconds,
            microcoulombs,
            average_microamperes,
        };
        assert_eq!(charge.advertising, share(1.0, 65.728, 65.72));
        assert_eq!(charge.connected, share(2.0, 6.32, 3.16));
        assert_eq!(charge.total, share(3.0, 72.048, 24.01));
        assert_eq!(charge.dc_dc_microcoulombs, None);
        let states: Vec<_> = charge.states.iter().map(|s| (s.state, s.microcoulombs)).collect();
        assert_eq!(states, [("listen-1m", 62.6), ("sleep", 9.448)]);
        assert_eq!(charge.microseconds(Draw::Sleeps), 2_990_000);
        let ldo = Charge::of(spent, Regulator::Ldo);
        assert_eq!((ldo.total.microcoulombs, ldo.dc_dc_microcoulombs), (110.448, Some(72.048)));
    }

    #[test]
    fn a_device_without_power_took_nothing() {
        let charge = Charge::of(Spent::default(), Regulator::Ldo);
        assert_eq!((charge.total.average_microamperes, charge.states.len()), (0.0, 0));
    }
}

//! What a run takes of the battery: as an engineer expects it, and the same of the node and of the
//! chip.

use std::process::Command;

use ble::phy::Phy;
use ble::time::Duration;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_scenarios::summary::{Charge, Verdict};
use bletwin_setup::Setup;
use bletwin_sim::charge::{Draw, Regulator};

use crate::same_log::firmware;

const REST: Duration = Duration::from_secs(20);

fn play(peripheral: &str, scenario: &str, central: &str, set: &[&str]) -> Finished {
    let mut setup = Setup::open(peripheral, central, 1).expect("it is there");
    set.iter().for_each(|set| setup.set(set).expect("it takes this"));
    let scenario = catalogue::by_name(scenario).expect("known");
    Stage::new(scenario, &setup).resting(REST).play()
}

fn charge(run: &Finished) -> &Charge {
    run.charge().expect("a peripheral of bletwin's own")
}

/// How long the radio sent and listened.
fn on_air(charge: &Charge) -> u64 {
    let of = |phy| charge.microseconds(Draw::Sends(phy)) + charge.microseconds(Draw::Listens(phy));
    [Phy::Le1M, Phy::Le2M, Phy::LeCoded].map(of).into_iter().sum()
}

/// The cure that keeps 2M is cheaper than the one that never takes it: half the time on air.
#[test]
fn two_megabits_take_less_than_one() {
    let bonded = |phy_update: &str| {
        let set = format!("phy-update={phy_update}");
        let run = play("zephyr-2024", "pairing", "windows-intel", &[&set]);
        assert_eq!(run.summary.outcome, Verdict::Bonded, "{phy_update}");
        run
    };
    let (fast, slow) = (bonded("after-bonding"), bonded("never"));
    let [fast, slow] = [&fast, &slow].map(charge);
    let [two, one] = [fast, slow].map(|charge| charge.connected.average_microamperes);
    assert!(two < one, "2M: {two} µA, 1M: {one} µA");
    assert!(on_air(fast) * 10 < on_air(slow) * 8, "{fast:?}\n{slow:?}");
    assert_eq!(slow.microseconds(Draw::Sends(Phy::Le2M)), 0);
    assert!(fast.microseconds(Draw::Sends(Phy::Le2M)) > 0);
}

/// Four times the interval is a quarter of the events, so that an idle link takes near a quarter.
#[test]
fn a_longer_interval_takes_less() {
    let connected = |interval: &str| {
        let interval = format!("central.interval-us={interval}");
        let run = play("recommended", "stay", "phone", &[&interval, "param-update=never"]);
        charge(&run).connected
    };
    let (short, long) = (connected("30000"), connected("120000"));
    let ratio = short.average_microamperes / long.average_microamperes;
    assert!((2.5..4.2).contains(&ratio), "{ratio}: {short:?} {long:?}");
}

/// What was bonded is in flash, and has cost as much as its words take: 4.0 mA for 41 µs each.
#[test]
fn a_bond_costs_words_of_flash() {
    let run = play("recommended", "pairing", "phone", &[]);
    let charge = charge(&run);
    let written = charge.spent.whole().of(Draw::Writes);
    let words = written.ticks() / Duration::from_us(41).ticks();
    assert!((20..400).contains(&words), "{words} words");
    assert_eq!(written, Duration::from_us(41).times(words), "whole words");
    let took = charge.spent.whole().nanocoulombs_of(Draw::Writes, Regulator::DcDc);
    assert_eq!(took, 164 * words);
}

/// The same run takes the same, and time with power is the run's.
#[test]
fn charge_is_deterministic_and_covers_the_run() {
    let [a, b] = [0; 2].map(|_| play("zephyr-2024", "reconnect", "phone", &[]));
    assert_eq!(charge(&a), charge(&b));
    let (seconds, powered) = (a.summary.sim_seconds, charge(&a).total.seconds);
    assert!((seconds - powered).abs() < 0.2 * seconds, "{seconds} s, of which {powered} powered");
    let parts = charge(&a).advertising.microcoulombs + charge(&a).connected.microcoulombs;
    assert!((parts - charge(&a).total.microcoulombs).abs() < 0.01, "{:?}", charge(&a));
}

/// Printed for people and for programs, without a chip as well.
#[test]
fn the_command_tells_what_a_run_takes() {
    let bletwin = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bletwin"));
        command.args(arguments).output().expect("it runs")
    };
    let text = bletwin(&["run", "pairing", "--cpu"]).stdout;
    let text = String::from_utf8_lossy(&text);
    for part in ["\nCharge\n", "µA on average (3.0 V, LDO)", "\nadvertising", "listening on 1M"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json = bletwin(&["run", "pairing", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).expect("one object");
    let charge = &json["charge"];
    let number = |at: &serde_json::Value, name: &str| at[name].as_f64().expect("a number");
    assert_eq!((&charge["regulator"], &charge["supply_millivolts"]), (&"ldo".into(), &3000.into()));
    assert!(number(charge, "dc_dc_microcoulombs") < number(charge, "microcoulombs"), "{charge}");
    assert!(number(&charge["advertising"], "average_microamperes") > 3.16, "{charge}");
    let states = charge["states"].as_array().expect("a list");
    let sum: f64 = states.iter().map(|state| number(state, "microcoulombs")).sum();
    assert!((sum - number(charge, "microcoulombs")).abs() < 0.1, "{charge}");
    let refused = bletwin(&["run", "phy-collides-with-phy", "--cpu"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("in which procedures meet"));
}

/// Of a chip and of the native core, with the charge of the first less erasures: the chip makes its
/// flash ready when it starts for the first time, and the native node's was made ready when it was
/// tested.
fn without_erasures(charge: &Charge) -> f64 {
    let erasures = charge.spent.connected.nanocoulombs_of(Draw::Erases, Regulator::Ldo);
    charge.connected.microcoulombs - erasures as f64 / 1e3
}

/// On a connection that idles for most of the time, the radio of the chip does what the radio of
/// the node does, to a hundredth, and the whole takes the same to a tenth: the chip's processor has
/// to wake up and to serve its clock, too, and what control does lies elsewhere.
#[test]
fn the_chip_takes_what_the_node_takes() {
    let Some(file) = firmware() else { return };
    for (central, interval) in [("phone", "30000"), ("phone", "7500"), ("macos", "15000")] {
        let interval = format!("central.interval-us={interval}");
        let set = [interval.as_str(), "central.parameter-rules=reject"];
        let of_chip = [&set[..], &["preset=zephyr-2024"]].concat();
        let chip = play(&format!("elf={file}"), "stay", central, &of_chip);
        let node = play("zephyr-2024", "stay", central, &set);
        assert_eq!(chip.summary.outcome, node.summary.outcome);
        let [chip, node] = [&chip, &node].map(charge);
        let radio =
            [Draw::Sends(Phy::Le2M), Draw::Listens(Phy::Le2M), Draw::SendsSoon, Draw::ListensSoon];
        for draw in radio {
            let [chip, node] = [chip, node].map(|charge| charge.spent.connected.of(draw).as_us());
            println!("{central} {interval} {draw:?}: chip {chip} µs, node {node} µs");
            assert!(node > 1_000 && chip.abs_diff(node) * 100 <= node, "{draw:?}: {chip} {node}");
        }
        let [of_chip, of_node] = [chip, node].map(without_erasures);
        println!("{central} {interval}: chip {of_chip} µC, node {of_node} µC");
        assert!((of_chip - of_node).abs() * 10.0 <= of_node, "{chip:#?}\n{node:#?}");
    }
}

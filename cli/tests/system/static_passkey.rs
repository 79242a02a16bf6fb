//! A passkey that never changes falls in 20 attempts; one that is drawn for each pairing does not.
//!
//! Both devices follow the rules. In each of its 20 rounds, passkey entry discloses one bit of
//! what the initiator typed before it is accepted or refused; see `bletwin_models::attacker`.

use ble::random::{Entropy, Purpose};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_scenarios::summary::Verdict;
use bletwin_setup::Setup;
use bletwin_sim::sniffer::{Direction, sniff};
use firmware_core::config::Passkey;
use rayon::prelude::*;

const CID_SMP: u16 = 6;
const PAIRING_REQUEST: u8 = 0x01;
const PAIRING_RANDOM: u8 = 0x04;

/// Attempts after which the scenario's attacker gives up.
const PATIENCE: u32 = 40;

fn attack(passkey: Passkey, seed: u64) -> Finished {
    let mut setup = Setup::new("zephyr-2024", "phone", seed).expect("known names");
    setup.set("pairing-back-off=off").expect("a known key");
    setup.peripheral.config.passkey = passkey;
    Stage::new(catalogue::by_name("static-passkey").expect("known"), &setup).play()
}

/// One of 0–999,999, each as likely as any other.
fn passkey_of(seed: u64) -> u32 {
    let mut octets = [0; 32];
    octets[..8].copy_from_slice(&seed.to_le_bytes());
    Entropy::new(octets).stream(Purpose::Pairing).below(1_000_000)
}

/// Rounds that each attempt got through, as seen on air: in the round in which an attempt fails,
/// the initiator's Pairing Random is the last that it sends. Of one that succeeds: all but one.
fn rounds_survived(run: &Finished) -> Vec<u32> {
    let mut attempts = Vec::new();
    for item in sniff(&run.records) {
        let from_attacker = item.direction == Some(Direction::CentralToPeripheral);
        match item.frame() {
            Some((CID_SMP, frame)) if from_attacker && !item.retransmission => {
                match frame.first() {
                    Some(&PAIRING_REQUEST) => attempts.push(0),
                    Some(&PAIRING_RANDOM) => *attempts.last_mut().expect("a Pairing Request") += 1,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    attempts.into_iter().map(|randoms: u32| randoms.saturating_sub(1)).collect()
}

fn mean(values: &[u32]) -> f64 {
    values.iter().copied().map(f64::from).sum::<f64>() / values.len() as f64
}

/// The bound is 3.6 standard deviations of the mean.
#[test]
fn a_static_passkey_falls_after_10_9_attempts_on_average_and_20_at_most() {
    let some = 400 / crate::one_in(8) as u64;
    let attempts: Vec<u32> = (1..=some)
        .into_par_iter()
        .map(|seed| {
            let passkey = passkey_of(seed);
            let run = attack(Passkey::Static(passkey), seed);
            assert_eq!(run.summary.outcome, Verdict::Bonded, "passkey {passkey:06}");
            assert_eq!(run.summary.security_level, Some(4), "passkey {passkey:06}");
            let rounds = rounds_survived(&run);
            assert_eq!(rounds.len(), run.pairing_attempts as usize, "passkey {passkey:06}");
            let failed = rounds.split_last().map_or(&[][..], |(_, failed)| failed);
            assert!(failed.is_sorted_by(|a, b| a < b), "no attempt is in vain: {failed:?}");
            run.pairing_attempts
        })
        .collect();
    let mean = mean(&attempts);
    let bound = 8.0 / (attempts.len() as f64).sqrt();
    assert!((mean - 10.9).abs() <= bound, "{mean} attempts on average");
    assert!(attempts.iter().all(|n| *n <= 20), "{attempts:?}");
}

/// Against a new passkey each time, every attempt survives a round with probability ½, whatever
/// was learnt before: the rounds survived are geometrically distributed with mean 1 and standard
/// deviation √2. The bounds are five standard deviations of the means.
#[test]
fn a_passkey_per_pairing_gives_the_attacker_nothing() {
    let some = 100 / crate::one_in(4);
    let runs: Vec<Vec<u32>> = (1..=some as u64)
        .into_par_iter()
        .map(|seed| {
            let run = attack(Passkey::Random, seed);
            // Guessing succeeds once in a million attempts, and these are four thousand.
            assert_eq!(run.summary.outcome, Verdict::PairingFailed, "seed {seed}");
            assert_eq!(run.pairing_attempts, PATIENCE, "seed {seed}");
            rounds_survived(&run)
        })
        .collect();
    let bound = |count: usize| 5.0 * (2.0 / count as f64).sqrt();
    let all = runs.concat();
    assert_eq!(all.len(), some * 40);
    assert!((mean(&all) - 1.0).abs() < bound(all.len()), "{}", mean(&all));
    for rounds in 0..5 {
        let least = all.iter().filter(|survived| **survived >= rounds).count();
        let more = all.iter().filter(|survived| **survived > rounds).count();
        let share = more as f64 / least as f64;
        assert!((share - 0.5).abs() < 2.5 / (least as f64).sqrt(), "round {rounds}: {share}");
    }
    // After an attempt that revealed three bits or more, the next one reveals no more than usual.
    let follows = |run: &Vec<u32>| -> Vec<u32> {
        run.windows(2).filter(|pair| pair[0] >= 2).map(|pair| pair[1]).collect()
    };
    let informed: Vec<u32> = runs.iter().flat_map(follows).collect();
    assert!(informed.len() > some * 5, "{}", informed.len());
    assert!((mean(&informed) - 1.0).abs() < bound(informed.len()), "{}", mean(&informed));
}

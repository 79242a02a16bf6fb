//! A cause is an intervention. Whatever an explanation names as the cause of a failing run, doing
//! something otherwise at that place, and nowhere else, has to bring the run to the outcome that
//! its scenario expects. Runs are made to fail at random, by what centrals and firmware are known
//! to do wrong.

mod again;
mod plants;

use std::collections::BTreeMap;

use rayon::prelude::*;

use again::{Planted, cures, first, ways};
use bletwin_explain::report;
use plants::Plants;

/// What came of the explanation of one run.
#[derive(Debug, PartialEq)]
enum Verdict {
    /// It does not fail, or not because of what was planted.
    NoCase,
    Right(String),
    NotDecided(String),
    False(String),
}

fn judge(planted: &Planted) -> Verdict {
    let run = planted.play();
    if run.expected || !planted.play_clean().expected {
        return Verdict::NoCase;
    }
    let why = || {
        let text = report::why(&run).unwrap_or_default();
        format!("{}: {}\n  {text}", planted.name, report::verdict_line(&run))
    };
    let (account, Some(hypothesis)) = first(&run) else { return Verdict::NotDecided(why()) };
    match cures(planted, &run, &account, &hypothesis) {
        Some(way) => Verdict::Right(format!("{:?}: {way}", hypothesis.cause)),
        None => Verdict::False(format!("{:?} {}", hypothesis.cause, why())),
    }
}

/// Judges failing runs up to this number.
fn sweep(preset: &'static str, cases: usize) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let mut number = from();
    while verdicts.len() < cases {
        let batch: Vec<u64> = (number..number + 64).collect();
        number += 64;
        let judged: Vec<Verdict> =
            batch.par_iter().map(|&n| judge(&Plants::new(preset, n).draw())).collect();
        verdicts.extend(judged.into_iter().filter(|verdict| *verdict != Verdict::NoCase));
    }
    verdicts.truncate(cases);
    verdicts
}

fn holds(preset: &'static str, cases: usize) {
    let verdicts = sweep(preset, cases);
    let wrong: Vec<&str> = verdicts
        .iter()
        .filter_map(|v| if let Verdict::False(why) = v { Some(why.as_str()) } else { None })
        .collect();
    let open: Vec<&str> = verdicts
        .iter()
        .filter_map(|v| if let Verdict::NotDecided(why) = v { Some(why.as_str()) } else { None })
        .collect();
    let mut right: BTreeMap<&str, usize> = BTreeMap::new();
    for verdict in &verdicts {
        if let Verdict::Right(way) = verdict {
            *right.entry(way).or_default() += 1;
        }
    }
    println!("{preset}: {right:#?}");
    println!("{preset}: {} false, {} not decided of {cases}", wrong.len(), open.len());
    println!("not decided:\n{}", open.join("\n"));
    assert!(wrong.is_empty(), "{} false causes:\n{}", wrong.len(), wrong.join("\n"));
    assert!(open.len() * 100 <= cases * 15, "{} not decided:\n{}", open.len(), open.join("\n"));
}

/// `BLETWIN_CASES`: how many. Few show that nothing has got worse; all are 300.
fn cases() -> usize {
    let few = 300 / crate::one_in(15);
    std::env::var("BLETWIN_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(few)
}

/// What goes well has no cause.
#[test]
fn a_good_run_has_no_why() {
    let good = |&number: &u64| {
        let run = Plants::new("recommended", number).draw().play_clean();
        run.expected.then(|| report::why(&run))
    };
    let whys: Vec<Option<String>> =
        (0..60_u64).collect::<Vec<_>>().par_iter().filter_map(good).collect();
    assert!(whys.len() > 40, "{}", whys.len());
    assert!(whys.iter().all(Option::is_none), "{whys:?}");
}

/// `BLETWIN_FROM`: the number of the first plant.
fn from() -> u64 {
    std::env::var("BLETWIN_FROM").ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Two mistakes of which each alone does no harm: either side can mend the failure at the named
/// place.
fn both_are_named(preset: &'static str) {
    let numbers: Vec<u64> = (from()..from() + 40 + cases() as u64).collect();
    let judge = |&number: &u64| {
        let (planted, both, alone) = Plants::new(preset, number).draw_two();
        let run = planted.play();
        if run.expected || !alone.iter().all(|alone| alone.play().expected) {
            return None;
        }
        let why = report::why(&run).unwrap_or_default();
        let (account, Some(hypothesis)) = first(&run) else {
            return Some(Err(format!("{}: not decided\n  {why}", planted.name)));
        };
        let ways = ways(&planted, &run, (&account, &hypothesis));
        let named = both.iter().all(|way| ways.contains(way));
        Some(if named { Ok(()) } else { Err(format!("{}: {ways:?}\n  {why}", planted.name)) })
    };
    let judged: Vec<Result<(), String>> = numbers.par_iter().filter_map(judge).collect();
    let wrong: Vec<&String> = judged.iter().filter_map(|result| result.as_ref().err()).collect();
    println!("{preset}: both named in {} of {}", judged.len() - wrong.len(), judged.len());
    assert!(judged.len() >= 10, "{} runs fail", judged.len());
    assert!(wrong.len() * 10 <= judged.len(), "{wrong:#?}");
}

#[test]
fn both_of_two_causes_are_named() {
    both_are_named("zephyr-2024");
    both_are_named("recommended");
}

#[test]
fn no_false_cause_with_zephyr_2024() {
    holds("zephyr-2024", cases());
}

#[test]
fn no_false_cause_with_recommended() {
    holds("recommended", cases());
}

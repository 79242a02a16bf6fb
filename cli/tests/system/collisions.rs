//! The scripts X1 to X9 on air: real devices, whose hosts ask at the right moment.

use bletwin_explain::report;
use bletwin_scenarios::catalogue::{self, Scenario, Story};
use bletwin_scenarios::collision::{Collision, Company, play};
use bletwin_scenarios::stage::Finished;
use bletwin_scenarios::summary::Verdict;

fn collisions() -> Vec<(&'static Scenario, &'static Collision)> {
    let collision = |scenario: &'static Scenario| match scenario.story {
        Story::Collision(collision) => Some((scenario, collision)),
        _ => None,
    };
    catalogue::all().iter().filter_map(collision).collect()
}

fn played(script: &str, company: &Company<'_>) -> Finished {
    let all = collisions();
    let (scenario, collision) = all.iter().find(|(_, c)| c.script == script).expect("a script");
    play(scenario, collision, company).expect("they connect")
}

#[test]
fn every_collision_is_resolved_as_the_rules_say() {
    let scripts: Vec<&str> = collisions().iter().map(|(_, c)| c.script).collect();
    assert_eq!(scripts, ["X1", "X2", "X3", "X4", "X7", "X8", "X9"]);
    for (scenario, collision) in collisions() {
        for seed in 1..4 {
            let company = Company { seed, ..Company::default() };
            let run = play(scenario, collision, &company).expect("they connect");
            assert_eq!(run.difference, None, "{} with seed {seed}", scenario.name);
            assert_eq!(run.summary.outcome, Verdict::Resolved);
            assert!(run.passed(), "{}: {:?}", scenario.name, report::violations(&run));
        }
    }
}

/// The same run twice is the same run, and another seed another.
#[test]
fn collisions_are_deterministic() {
    let hash = |seed| {
        let company = Company { seed, ..Company::default() };
        played("X1", &company).summary.trace_sha256
    };
    assert_eq!(hash(1), hash(1));
    assert_ne!(hash(1), hash(2));
}

/// What these scenarios are for: another answer is seen, and the rule that it breaks is named.
#[test]
fn a_central_that_decides_otherwise_is_seen() {
    let set = ["central.phy-req=unknown@always".to_owned()];
    let run = played("X1", &Company { set: &set, ..Company::default() });
    assert_eq!(run.summary.outcome, Verdict::Unresolved);
    let why = report::why(&run).expect("something to tell");
    assert!(why.contains("On air was: C LL_UNKNOWN_RSP LL_PHY_REQ."), "{why}");
    assert!(why.contains("it is: C LL_REJECT_EXT_IND LL_PHY_REQ 0x23."), "{why}");
    assert!(!run.expected);
    let set = ["central.phy-req=never@always".to_owned()];
    let run = played("X1", &Company { set: &set, ..Company::default() });
    assert_eq!(run.summary.outcome, Verdict::Unresolved);
    let printed = run.difference.expect("no reject");
    assert!(printed.starts_with("On air was: P LL_PHY_RSP."), "{printed}");
}

#[test]
fn names_that_do_not_exist_are_bad_input() {
    let all = collisions();
    let (scenario, collision) = all[0];
    let company = Company { central: "nobody", ..Company::default() };
    let error = play(scenario, collision, &company).expect_err("no such central");
    assert!(error.what.contains("nobody"), "{error}");
}

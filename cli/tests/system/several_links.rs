//! The scripts X5 and X6 on air: a peripheral with two centrals, of which one has a connection
//! parameters request open when there is another on the other link. One stack serves one such
//! request in all and rejects the second with 0x20; by the rules the links know nothing of each
//! other, and both are served. LL-PROC-1.

use bletwin_explain::report;
use bletwin_explore::case::Side;
use bletwin_scenarios::catalogue::{self, Scenario, Story};
use bletwin_scenarios::collision::links::{HostStep, Links, REQUEST_ELSEWHERE, play};
use bletwin_scenarios::summary::Verdict;

fn scenarios() -> Vec<(&'static Scenario, &'static Links)> {
    let links = |scenario: &'static Scenario| match scenario.story {
        Story::Links(links) => Some((scenario, links)),
        _ => None,
    };
    catalogue::all().iter().filter_map(links).collect()
}

#[test]
fn requests_on_two_links_hinder_each_other_nowhere() {
    let scripts: Vec<&str> = scenarios().iter().map(|(_, links)| links.script).collect();
    assert_eq!(scripts, ["X5", "X6"]);
    for (scenario, links) in scenarios() {
        // 4, 9, 29 and 40: anchor points that meet. What that brings about, and nothing else, is
        // excused.
        for seed in [1, 2, 3, 4, 9, 29, 40] {
            let run = play(scenario, links, seed);
            assert_eq!(run.difference, None, "{} with seed {seed}", scenario.name);
            assert_eq!(run.summary.outcome, Verdict::Resolved);
            assert!(run.passed(), "{}: {:?}", scenario.name, report::violations(&run));
        }
    }
}

#[test]
fn two_links_are_deterministic() {
    let (scenario, links) = scenarios()[0];
    let hash = |seed| play(scenario, links, seed).summary.trace_sha256;
    assert_eq!(hash(1), hash(1));
    assert_ne!(hash(1), hash(2));
}

/// A host that never answers on one link: the missing answer is reported, and the other link is
/// served.
#[test]
fn an_unanswered_request_is_seen_on_its_link() {
    static UNANSWERED: Links = Links {
        script: "X6",
        rules: &[],
        steps: &[
            HostStep::Ask(Side::Central, 0, 40),
            HostStep::Ask(Side::Central, 1, 48),
            HostStep::Pass(3),
            HostStep::Agree(Side::Peripheral, 1),
            HostStep::Pass(70),
        ],
        seen: REQUEST_ELSEWHERE.seen,
    };
    let (scenario, _) = scenarios()[1];
    let run = play(scenario, &UNANSWERED, 1);
    assert_eq!(run.summary.outcome, Verdict::Unresolved);
    let why = report::why(&run).expect("something to tell");
    assert_eq!(why, "Of link 1: On air ended before: P LL_CONNECTION_PARAM_RSP.");
}

/// Lines of two links that live at the same time say which is which.
#[test]
fn a_ladder_of_two_links_distinguishes_them() {
    let (scenario, links) = scenarios()[1];
    let ladder = report::ladder(&play(scenario, links, 1));
    let of = |link: &str| {
        let line = |line: &&str| line.split_whitespace().nth(1) == Some(link);
        ladder.lines().filter(line).filter(|line| line.contains("LL_CONNECTION_UPDATE_IND")).count()
    };
    assert_eq!((of("1"), of("2")), (1, 1), "{ladder}");
}

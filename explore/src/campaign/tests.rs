use super::*;
use crate::case::{Start, Switch};
use crate::pairs::WINDOW;

/// All pairs, with nothing changed.
pub(super) fn options() -> Options {
    let common =
        Common { peripheral: "recommended".into(), central: "honest".into(), set: Vec::new() };
    Options {
        kind: SearchKind::Pairs,
        common,
        seeds: 1..2,
        window: WINDOW,
        shard: Shard::default(),
    }
}

/// A few units of fresh links, far apart.
fn sample(options: &Options) -> Vec<(usize, Task)> {
    let fresh = |task: &Task| match task {
        Task::Meetings(unit) => {
            unit.case.start == Start::Fresh && unit.case.encryption == Switch::Off
        }
        Task::Seeds(_) => false,
    };
    let few = options.units().into_iter().filter(|(number, task)| number % 13 == 0 && fresh(task));
    few.take(4).collect()
}

fn played(units: &[(usize, Task)], jobs: usize) -> Vec<Done> {
    let mut all = Vec::new();
    let keep = |done| {
        all.push(done);
        Ok(())
    };
    conduct(units, jobs, &|| false, keep).unwrap();
    all.sort_by_key(|done| done.number);
    all
}

#[test]
fn counts_depend_on_nothing_but_the_options() {
    let units = sample(&options());
    let one = played(&units, 1);
    assert_eq!(one.len(), units.len());
    assert_eq!(one, played(&units, 3));
    // Interrupted after the second, and continued with the rest.
    let (first, rest) = units.split_at(2);
    assert_eq!(one, [played(first, 2), played(rest, 1)].concat());
    let findings: Vec<_> = one.iter().flat_map(|done| &done.findings).collect();
    assert!(findings.is_empty(), "{findings:#?}");
    let report = Report::new(&options(), one, 0.0);
    assert!(report.traces * 2 > report.runs && !report.complete, "{report:?}");
}

#[test]
fn parts_add_up_to_the_whole() {
    let options = options();
    let done = |number: usize| Done {
        number,
        pair: format!("pair {}", number % 5),
        runs: number as u64,
        joined: 1,
        traces: 3,
        states: 2,
        ..Done::default()
    };
    let all = |options: &Options| options.units().into_iter().map(|(n, _)| done(n)).collect();
    let whole = Report::new(&options, all(&options), 3.0);
    assert!(whole.complete);
    let part = |k| {
        let options = Options { shard: Shard::new(k, 3).unwrap(), ..options.clone() };
        Report::new(&options, all(&options), 1.0)
    };
    assert_eq!(Report::merge(vec![part(1), part(2), part(3)]), Ok(whole.clone()));
    assert_eq!(Report::merge(vec![part(3), part(1), part(2)]), Ok(whole));
    let lacks = |parts| Report::merge(parts).unwrap().lacking;
    let named = |numbers: &[usize]| -> Vec<Shard> {
        numbers.iter().map(|number| Shard::new(*number, 3).unwrap()).collect()
    };
    assert!(!Report::merge(vec![part(1), part(3)]).unwrap().complete);
    let (missing, cut) = (named(&[2]), named(&[]));
    assert_eq!(lacks(vec![part(3), part(1)]), Lacking { missing, more: 0, cut });
    let broken_off = Report { complete: false, ..part(3) };
    let (missing, cut) = (named(&[1]), named(&[3]));
    assert_eq!(lacks(vec![broken_off, part(2)]), Lacking { missing, more: 0, cut });
    let mut one = part(1);
    one.options.shard = Shard::new(2, usize::MAX).unwrap();
    let lacking = lacks(vec![one]);
    assert_eq!((lacking.missing.len(), lacking.more), (100, usize::MAX - 101));
    assert!(Report::merge(vec![part(1), part(1)]).is_err());
    assert!(Report::merge(vec![]).is_err());
    let mut other = part(2);
    other.options.seeds = 5..9;
    assert!(Report::merge(vec![part(1), other]).is_err());
}

/// The drawn cases depend on the seeds alone, in any process and any combination.
#[test]
fn a_random_search_has_parts_that_add_up() {
    let common = Common { peripheral: ANY.into(), central: ANY.into(), set: Vec::new() };
    let options = |shard| Options {
        kind: SearchKind::Random,
        common: common.clone(),
        seeds: 1000..1100,
        window: WINDOW,
        shard,
    };
    let report = |shard, jobs| {
        let options = options(shard);
        Report::new(&options, played(&options.units(), jobs), 1.0)
    };
    let whole = report(Shard::default(), 1);
    assert!(whole.complete && whole.units == [4, 4], "{whole:?}");
    assert_eq!(whole.runs + whole.unreached, 100);
    assert!(whole.traces > 80 && whole.findings.is_empty(), "{whole:?}");
    let parts = [1, 2].map(|k| report(Shard::new(k, 2).unwrap(), 2));
    assert_eq!(Report::merge(parts.to_vec()), Ok(Report { seconds: 2.0, ..whole }));
}

/// No link reaches 2M with a central that never answers.
#[test]
fn a_start_state_that_is_not_reached_is_counted_and_the_rest_is_searched() {
    let mut options = options();
    options.common.set = vec!["central.phy-req=never@always".into()];
    options.common.peripheral = "zephyr-2024".into();
    let on_2m =
        |task: &Task| matches!(task, Task::Meetings(unit) if unit.case.start == Start::Le2M);
    let units: Vec<_> = options.units().into_iter().filter(|(_, task)| on_2m(task)).collect();
    let done = played(&units[..1], 1);
    assert_eq!((done[0].unreached, done[0].runs), (1, 0), "{done:?}");
}

#[test]
fn unknown_names_are_reported_before_the_search() {
    let mut options = options();
    options.common.central = "honets".into();
    assert!(options.check().unwrap_err().help.contains("honest"));
}

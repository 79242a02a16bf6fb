//! A broken invariant shouts, in either way.

use super::*;

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "broken invariant: reports of the link layer fit into their queue")]
fn a_broken_invariant_panics_with_debug_assertions() {
    Broken::default().check(Invariant::ReportsFit, false);
}

#[test]
#[cfg(not(debug_assertions))]
fn a_broken_invariant_is_counted_without_debug_assertions() {
    let mut broken = Broken::NONE;
    broken.check(Invariant::ReportsFit, false);
    assert_eq!(broken.take(), Some((Invariant::ReportsFit, 1)));
}

#[test]
fn one_that_holds_is_not_counted() {
    let mut broken = Broken::NONE;
    broken.check(Invariant::ReportsFit, true);
    assert_eq!((broken, broken.take()), (Broken::NONE, None));
}

#[test]
fn each_is_reported_once_with_the_count_so_far() {
    let mut broken = Broken::NONE;
    broken.record(Invariant::InputFits);
    broken.record(Invariant::ReportsFit);
    broken.record(Invariant::ReportsFit);
    assert_eq!(broken.take(), Some((Invariant::ReportsFit, 3)));
    assert_eq!(broken.take(), Some((Invariant::InputFits, 3)));
    assert_eq!(broken.take(), None);
    broken.record(Invariant::InputFits);
    assert_eq!(broken.take(), Some((Invariant::InputFits, 4)));
}

/// All bits differ, and all texts differ.
#[test]
fn all_are_different() {
    let bits = Invariant::ALL.iter().fold(0, |bits, invariant| bits | invariant.bit());
    assert_eq!(bits.count_ones() as usize, Invariant::ALL.len());
    let texts: std::collections::BTreeSet<_> = Invariant::ALL.map(Invariant::text).into();
    assert_eq!(texts.len(), Invariant::ALL.len());
}

//! A panic within a run is a finding, and not the end of the search.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    /// The message of a panic on this thread, while panics are caught.
    static HEARD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Calls a function. `Err`: place and message of its panic; nothing is printed then.
pub(super) fn guarded<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let awaited = HEARD.with_borrow_mut(|heard| {
                heard.as_mut().map(|heard| *heard = info.to_string().replace('\n', " "))
            });
            if awaited.is_none() {
                others(info);
            }
        }));
    });
    let outer = HEARD.replace(Some(String::new()));
    // Whatever was under way is given up, and nothing of it is looked at but the records so far.
    let result = catch_unwind(AssertUnwindSafe(act));
    let heard = HEARD.replace(outer);
    result.map_err(|_| heard.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use ble::invariant::Invariant;
    use ble::trace::Trace;
    use bletwin_sim::node::Act;
    use bletwin_sim::record::{Note, RecordKind};

    use super::*;
    use crate::Base;
    use crate::CENTRAL;
    use crate::Case;
    use crate::INVARIANT;
    use crate::PANIC;
    use crate::pairs::{Common, MeetingKind, search, units};

    /// A link on which the central panics next.
    fn broken(case: &Case) -> Base {
        let mut base = Base::new(case).unwrap();
        let now = base.live.world.now();
        base.live.world.act(CENTRAL, now, Act::Ask("panic".into()));
        base
    }

    #[test]
    fn a_panic_in_a_run_is_a_finding_with_all_that_was_on_air_before() {
        let outcome = broken(&Case::default()).run(&Case::default());
        let rules: Vec<&str> = outcome.findings.iter().map(|found| found.rule.as_str()).collect();
        assert_eq!(rules, [PANIC]);
        assert!(outcome.findings[0].text.contains("as a test asks"), "{:?}", outcome.findings);
        assert!(outcome.start > 10 && outcome.records.len() >= outcome.start);
    }

    #[test]
    fn a_broken_invariant_is_a_finding_even_where_the_air_shows_nothing() {
        let base = Base::new(&Case::default()).unwrap();
        let mut tape = base.tape.to_vec();
        let trace = Trace::Invariant { invariant: Invariant::RequestFits, count: 1 };
        let mut planted = tape.last().expect("a link is there").clone();
        planted.kind = RecordKind::Note(Note::Trace(trace));
        planted.node = CENTRAL;
        tape.push(planted.clone());
        let findings = base.judge(&mut base.seen.clone(), &tape, &base.live, false);
        let [found] = &findings[..] else { panic!("{findings:?}") };
        assert_eq!((found.rule.as_str(), found.culprit), (INVARIANT, Some(CENTRAL)));
        assert_eq!((found.record, found.at), (Some(planted.id), planted.at));
        assert!(found.text.contains("finds room to wait"), "{}", found.text);
    }

    #[test]
    fn a_search_goes_on_after_a_panic() {
        let common =
            Common { peripheral: "recommended".into(), central: "honest".into(), set: Vec::new() };
        let unit = &units(MeetingKind::Pairs, &common, 1..2)[0];
        let searched = search(unit, &broken(&unit.case), &|| false).unwrap();
        assert_eq!(searched.runs, unit.meetings().len() as u64);
        assert_eq!(searched.violations, searched.runs);
        assert!(matches!(&searched.findings[..], [(_, found)] if found.rule == PANIC));
    }

    #[test]
    fn a_panic_is_reported_with_its_place_and_so_is_the_next() {
        assert_eq!(guarded(|| 7), Ok(7));
        for word in ["one", "two"] {
            let message = guarded(|| panic!("{word} too many")).expect_err("a panic");
            assert!(message.contains("guard.rs") && message.contains(&format!("{word} too many")));
        }
    }
}

//! What is wrong with a case that was played.

use super::play::{Case, Outcome, Variant};
use super::table::Table;

/// What is wrong with a case.
pub(crate) fn wrong(table: &Table, case: &Case, outcome: &Outcome) -> Option<String> {
    let Case { state, pdu, .. } = case;
    let row = table.row(state, pdu)?;
    let strict = !matches!(case.variant, Variant::Several(_));
    let outside = outcome.answer.filter(|answer| strict && !row.answers.contains(answer));
    let accused = !outcome.accused.is_empty();
    let verdict = match (outcome.panicked, outside, accused) {
        (true, ..) => "PANIC".to_owned(),
        (false, None, false) => return None,
        (false, None, true) => "the oracle accuses a peripheral that is within the table".into(),
        (false, Some(answer), true) => format!("the peripheral is wrong: {answer}"),
        (false, Some(answer), false) => {
            format!("the peripheral is wrong: {answer}, and the oracle is blind")
        }
    };
    Some(format!(
        "{state} × {pdu} seed {} ({:?}{}): {verdict}\n  line {}: {}\n  {:?}\n",
        case.seed,
        case.variant,
        if case.features { ", features" } else { "" },
        row.line,
        row.why,
        outcome.accused
    ))
}

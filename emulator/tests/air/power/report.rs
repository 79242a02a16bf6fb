//! What is said of all changes.

use super::cuts::Row;

/// Where the table goes, if somebody wants it.
const REPORT: &str = "BLETWIN_POWER_REPORT";

/// Both outcomes were there, and second cuts; if all were asked for, so many as they are to be.
pub(super) fn check(rows: &[Row], one_in: usize) {
    let sum = |count: fn(&Row) -> usize| rows.iter().map(count).sum::<usize>();
    let [cuts, old, new, torn, again] = [
        sum(|row| row.cuts),
        sum(|row| row.old),
        sum(|row| row.new),
        sum(|row| row.torn),
        sum(|row| row.again),
    ];
    println!("{cuts} cuts: {torn} in operations, {old} old, {new} new, {again} cut again");
    let least = if one_in > 1 { 3 } else { 300 };
    assert!([old, new, torn, again].iter().all(|count| *count > least));
    assert!(sum(|row| row.slices) > 300, "two moves erase two pages each");
    assert!(one_in > 1 || cuts > 10_000 + 2 * sum(|row| row.writes + row.slices), "{cuts}");
}

/// Writes the table.
pub(super) fn write(rows: &[Row]) {
    let Some(path) = std::env::var_os(REPORT) else { return };
    let head = "| change | words | slices | cuts | in an operation | old | new | cut again | \
                kept | reported |\n|---|---|---|---|---|---|---|---|---|---|\n";
    let rows = rows.iter().map(|row| format!("{row}\n"));
    std::fs::write(path, rows.fold(head.to_owned(), |all, row| all + &row)).expect("a report");
}

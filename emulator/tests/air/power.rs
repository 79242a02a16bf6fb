//! Power is cut while the chip changes what it keeps: in every operation of flash, in every slice
//! of an erasure, between any two of them, and at random cycles; and again while it recovers.
//!
//! Each record is then what it was or what it is to be, and nothing else is different; what was
//! reported is what it is to be; a key that was overwritten or deleted is in no word of the store
//! any more; the device advertises; and whatever was seen once is seen again.

mod change;
mod cuts;
mod damaged;
mod report;

use change::Change;
pub(crate) use change::{bond, flash};

/// Of so many cuts one is made, unless all are asked for.
const SAMPLE: usize = 401;
/// Random cycles of all changes together.
const RANDOM: usize = 10_000;

#[test]
fn whenever_power_is_cut_each_record_is_the_old_or_the_new_one() {
    let one_in = if super::kept::all() { 1 } else { SAMPLE };
    let changes = Change::all();
    let random = RANDOM / changes.len() + 1;
    let mut rows = Vec::new();
    for change in &changes {
        let Some(row) = cuts::play(change, one_in, random) else { return };
        println!("{row}");
        rows.push(row);
    }
    report::check(&rows, one_in);
    report::write(&rows);
}

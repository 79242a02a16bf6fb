//! One file for each kind of cause. Each looks at an [`Account`] by itself; [`all`] has them from
//! what the end of the link names to what merely came before it.

use super::account::Account;
use super::hypothesis::Hypothesis;

mod absent;
mod attributes;
mod collision;
mod encryption;
mod instant;
mod key;
mod left;
pub(super) mod limits;
mod loss;
mod parameters;
mod person;
mod response;
mod smp;
mod stall;
mod switch;
mod unbonded;
mod unknown;

/// How one kind of cause is looked for.
type Look = fn(&Account) -> Option<Hypothesis>;

/// Every kind of cause that is looked for, but for what merely came before a silence.
const ALL: [Look; 20] = [
    absent::look,
    key::look,
    encryption::look,
    instant::look,
    collision::look,
    response::look,
    switch::look,
    loss::look,
    parameters::look,
    unknown::look,
    person::look,
    person::cancelled,
    smp::look,
    smp::kept_waiting,
    attributes::stale,
    attributes::refused,
    attributes::unanswered,
    attributes::unprotected,
    left::look,
    unbonded::look,
];

/// Everything that may have been the cause.
pub(super) fn all(account: &Account) -> Vec<Hypothesis> {
    let found = ALL.iter().filter_map(|look| look(account));
    found.chain(stall::look(account)).collect()
}

//! One file for each kind of cause. Each looks at an [`Account`] by itself; [`ALL`] has them from
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
mod limits;
mod loss;
mod person;
mod response;
mod smp;
mod stall;
mod switch;

/// How one kind of cause is looked for.
type Look = fn(&Account) -> Vec<Hypothesis>;

/// Every kind of cause that is looked for.
pub(super) const ALL: [Look; 13] = [
    absent::look,
    key::look,
    encryption::look,
    instant::look,
    collision::look,
    response::look,
    switch::look,
    loss::look,
    person::look,
    smp::look,
    attributes::look,
    stall::look,
    left::look,
];

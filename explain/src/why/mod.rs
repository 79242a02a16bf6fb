//! "Why": a paragraph in words, built from the record alone.
//!
//! Nothing here knows a profile, a quirk or a configuration: what counts is what was on air, what
//! crossed HCI and what was on a screen. [`air`] is what was on air, [`procedures`] and
//! [`transactions`] pair requests with answers, [`pairing`] follows SMP, [`hosts`] what hosts and
//! people did, [`ending`] is how the link died; [`account`] puts them together. Each file of
//! `causes` looks for one kind of cause in it, [`answer`] ranks what they find and says it.

pub mod account;
pub mod air;
pub mod answer;
mod assumed;
mod causes;
pub mod concern;
pub mod ending;
mod further;
pub mod hosts;
pub mod hypothesis;
pub mod pairing;
mod phrases;
pub mod procedures;
pub mod seen;
pub mod sight;
#[cfg(test)]
mod tests;
pub mod timing;
pub mod transactions;
mod unseen;
pub mod watched;

pub use account::Account;
pub use air::{Pdu, What};
pub use answer::Why;
pub use ending::{Ending, How};
pub(crate) use further::KEY;
pub use hypothesis::{Cause, Confidence, Hypothesis};
pub use pairing::Pairing;
pub use procedures::{Answer, Exchange};
pub use seen::Sighting;
pub use watched::Watched;

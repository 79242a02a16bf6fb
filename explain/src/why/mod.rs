//! "Why": a paragraph in words, built from the record alone.
//!
//! Nothing here knows a profile, a quirk or a configuration. The central is an opaque device of
//! which only its packets are seen. [`air`] is what was on air, [`procedures`] pairs requests with
//! answers, [`pairing`] follows SMP, [`ending`] finds out how the link died and which PDU is
//! decisive, [`told`] puts them together, [`words`] says it.

pub mod air;
pub mod ending;
pub mod pairing;
pub mod procedures;
pub mod told;
pub mod words;

pub use air::{Pdu, What};
pub use ending::{Ending, How};
pub use pairing::Pairing;
pub use procedures::{Answer, Exchange};
pub use told::Account;

//! Octets ⇄ values, without state. Every parser takes any octets and answers with a value or an
//! error; none panics, and what it accepts it also writes back unchanged
//! (`extended` but for two fields that it passes over).

pub mod access_address;
pub mod advertising;
pub mod control;
pub mod cursor;
pub mod data;
pub mod extended;

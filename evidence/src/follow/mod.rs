//! Connections followed through what a sniffer has heard of them: who sent each packet, in which
//! event, and what is missing.

mod blind;
mod link;
mod place;
mod sequence;

pub(crate) use link::Link;
pub use link::{Beginning, Counting, Summary};
pub(crate) use place::Sighting;

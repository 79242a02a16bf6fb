//! Connections followed through what a sniffer has heard of them: who sent each packet, in which
//! event, and what is missing.

mod blind;
mod link;
mod place;
mod sequence;
mod summary;

pub(crate) use link::FollowedLink;
pub(crate) use place::Sighting;
pub use summary::{Beginning, Counting, Summary};

//! What hostile octets can reach: one function an entrance. Each takes any octets and must come
//! back without a panic, an overflow or unbounded work.
//!
//! `fuzz/` gives these functions to libFuzzer, `tests/loops.rs` runs them a bounded number of times
//! on the inputs of `fuzz/seeds` and their mutations. See `docs/FUZZING.md`.
#![forbid(unsafe_code)]

mod air;
mod captures;
mod configure;
mod debugger;
mod dialogue;
mod evidence;
mod files;
mod hci;
mod hosts;
pub mod mutation;
mod packets;
mod rng;
mod sessions;
pub mod tables;
mod text;

pub use air::{air, aired, l2cap};
pub use configure::configure;
pub use debugger::debugger;
pub use evidence::evidence;
pub use files::{central, finding, firmware};
pub use hosts::{framed, h4, hci};

/// An entrance: takes any octets, and comes back.
pub type Target = fn(&[u8]);

/// All of them, by name.
pub const TARGETS: [(&str, Target); 10] = [
    ("air", air),
    ("l2cap", l2cap),
    ("hci", hci),
    ("h4", h4),
    ("central", central),
    ("firmware", firmware),
    ("finding", finding),
    ("evidence", evidence),
    ("debugger", debugger),
    ("configure", configure),
];

/// Pieces that an entrance for hosts takes of one input.
const PIECES_MAX: usize = 128;

/// Cuts octets into pieces: each begins with an octet that the entrance interprets, and one with
/// its length. At most `most`.
fn pieces(mut data: &[u8], most: usize) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (&[kind, length], rest) = data.split_first_chunk()?;
        let (piece, rest) = rest.split_at(usize::from(length).min(rest.len()));
        data = rest;
        Some((kind, piece))
    })
    .take(most)
}

//! What a search through many runs of a world needs: digests of what was on air that can be put
//! together from parts, and shrinking of what was found. It knows no devices.

pub mod digest;
pub mod shrink;

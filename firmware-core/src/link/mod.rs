//! The link layer's lower half: what the radio interrupt decides within T_IFS.

pub mod message;

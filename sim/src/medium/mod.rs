//! The radio medium.

//! Hostile centrals.

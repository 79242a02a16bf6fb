//! Named centrals.

//! Totally ordered events.

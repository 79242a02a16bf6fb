//! The LED Button Service application.

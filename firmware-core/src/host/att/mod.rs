//! ATT server.

//! Bond table.

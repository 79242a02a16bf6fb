//! The `bletwin` command.
fn main() {}

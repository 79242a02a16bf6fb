//! The `bletwin` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    bletwin::commands::main()
}

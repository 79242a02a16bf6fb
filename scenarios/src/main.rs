//! The `bletwin` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    bletwin_scenarios::cli::main()
}

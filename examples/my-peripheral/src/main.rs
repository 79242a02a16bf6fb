//! `bletwin` with the plant in it: every subcommand, and `app = plant` unless said otherwise.

use std::process::ExitCode;

use my_peripheral::Plant;

fn main() -> ExitCode {
    bletwin::main_with(Plant::default())
}

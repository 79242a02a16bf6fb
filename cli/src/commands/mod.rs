//! The `bletwin` command.

mod args;
mod capture;
mod central;
mod chip;
mod codes;
mod configure;
mod demo;
mod diagnose;
mod ending;
mod explain;
mod explore;
mod fits;
mod junit;
mod learn;
mod list;
mod matrix;
mod meet;
mod peripheral;
mod replay;
mod reproduce;
mod rules;
mod run;
mod serve;
mod style;
mod typed;

use std::process::ExitCode;

use bletwin_setup::{Tenant, applications};
use clap::Parser;
use firmware_core::application::Application;

pub use args::Cli;
use args::Command;
use ending::Exit;

use crate::{interrupt, program};
use bletwin_setup::error::BadInput;

/// Runs the command with the caller's application in addition to the built-in ones.
///
/// A firmware has it unless its `app` says otherwise; docs/YOUR-PERIPHERAL.md shows it step by
/// step. To be called once, before any setup is made. Gives the exit status.
#[must_use]
pub fn main_with<A: Application + Send + Sync>(application: A) -> ExitCode
where
    A::Button: Send + Sync,
    A::Output: Send + Sync,
{
    program::is_ones_own();
    if applications::add(vec![Tenant::new(application)]).is_err() {
        eprintln!("bletwin: main_with comes too late: call it once, and first of all");
        return ExitCode::from(2);
    }
    main()
}

/// Runs the command and returns its exit status.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    interrupt::install();
    let result = match cli.command.unwrap_or_else(|| Command::Demo(args::Demo::standard())) {
        Command::Demo(options) => demo::demo(&options),
        Command::List { json } => list::list(json),
        Command::Rules(options) => rules::rules(&options),
        Command::Codes(options) => codes::codes(&options),
        Command::Run(options) => run::run(&options),
        Command::Diagnose(options) => diagnose::run(&options),
        Command::Explain(options) => explain::explain(&options),
        Command::Match(options) => fits::fits(&options),
        Command::Learn(options) => learn::learn(&options),
        Command::Reproduce(options) => reproduce::reproduce(&options),
        Command::Explore(options) => explore::explore(&options),
        Command::Replay(options) => replay::replay(&options),
        Command::Serve(options) => match &options.central {
            Some(central) => meet::run(&options, central),
            None => serve::serve(&options),
        },
        Command::Matrix(options) => matrix::run(&options),
        Command::Chip(command) => chip::chip(&command),
        Command::Central(command) => central::central(&command),
        Command::Peripheral(command) => peripheral::peripheral(&command),
    };
    match result {
        Ok(Exit::Expected) => ExitCode::SUCCESS,
        Ok(Exit::Unexpected) => ExitCode::from(1),
        Ok(Exit::Interrupted) => {
            eprintln!("bletwin: interrupted; what was not finished was not written");
            ExitCode::from(130)
        }
        Err(error) => report(&error),
    }
}

fn report(error: &anyhow::Error) -> ExitCode {
    if let Some(bad) = error.downcast_ref::<BadInput>() {
        eprintln!("bletwin: {}\n         {}", bad.what, bad.help);
        return ExitCode::from(2);
    }
    if error.downcast_ref::<std::io::Error>().is_some_and(is_closed_pipe) {
        // The reader has closed the pipe: `bletwin list | head`.
        return ExitCode::SUCCESS;
    }
    eprintln!("bletwin: {error:#}");
    ExitCode::from(2)
}

fn is_closed_pipe(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe
}

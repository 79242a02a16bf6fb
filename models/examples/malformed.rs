//! Shows one case of the table of malformed traffic, with everything that was on air.
//!
//! `cargo run -p bletwin-models --example malformed -- STATE PDU SEED`, as a failed case is named,
//! or `… -- NUMBER` in the order in which the test plays them.

#[path = "../tests/malformed/pdus.rs"]
mod pdus;
#[path = "../tests/malformed/play.rs"]
mod play;
#[path = "../tests/malformed/states.rs"]
mod states;
#[path = "../tests/malformed/table.rs"]
mod table;
#[path = "../tests/malformed/verdict.rs"]
mod verdict;

use std::process::ExitCode;

use bletwin_sim::report::ladder::ladder;
use bletwin_sim::sniffer::sniff;
use pdus::{Draw, PDUS};
use play::{Case, play};
use states::STATES;
use table::Table;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match asked(&arguments) {
        Ok((case, draw)) => show(&case, draw),
        Err(why) => {
            eprintln!(
                "{why}\n\nmalformed STATE PDU SEED\nmalformed NUMBER\n\nSTATE: {}\n\nPDU: {}",
                STATES.join(" "),
                PDUS.join(" ")
            );
            ExitCode::from(2)
        }
    }
}

fn asked(arguments: &[String]) -> Result<(Case, Draw), String> {
    let number = |text: &str| text.parse().map_err(|_| format!("`{text}` is no number"));
    match arguments {
        [all] => Ok(Case::number(number(all)?)),
        [state, pdu, seed] => Case::named(state, pdu, number(seed)?)
            .ok_or_else(|| format!("there is no cell {state} × {pdu}")),
        _ => Err("one case is shown".to_owned()),
    }
}

/// Fails as the test does if the case is wrong.
fn show(case: &Case, draw: Draw) -> ExitCode {
    let table = Table::read();
    for wrong in table.idle(STATES, PDUS) {
        eprintln!("table.txt: {wrong}");
    }
    let outcome = play(&table, case, draw);
    let items = sniff(&outcome.records);
    println!("{}", ladder(&items, |item| item.event.is_some()));
    println!("{case:?}");
    if let Some(row) = table.row(case.state, case.pdu) {
        let allowed: Vec<_> = row.answers.iter().map(ToString::to_string).collect();
        println!("allowed: {} (line {}: {})", allowed.join(", "), row.line, row.why);
    }
    match outcome.answer {
        Some(answer) => println!("answer: {answer}"),
        None => println!("the state was not reached"),
    }
    for accusation in &outcome.accused {
        println!("{accusation}");
    }
    match verdict::wrong(&table, case, &outcome) {
        Some(wrong) => {
            println!("{wrong}");
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    }
}

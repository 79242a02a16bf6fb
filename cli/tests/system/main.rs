//! Tests of the whole system. One binary: linking one for each file would take longer than running
//! them all.

mod board;
mod bonds;
mod bumble;
mod charge;
mod chip;
mod cli;
mod coded;
mod collisions;
mod configure;
mod determinism;
mod diagnose;
mod diagnose_catalogue;
mod directed;
mod documents;
mod endings;
mod explain;
mod explanations;
mod explore;
mod explore_cli;
mod faults;
mod fidelity;
mod field_cases;
mod field_table;
mod files;
mod founding_case;
mod gdb;
mod guests;
mod house;
mod interventions;
mod junit;
mod leap;
mod learned;
mod matrix;
mod oracle;
mod page;
mod power_cuts;
mod privacy;
mod prompts;
mod quirks;
mod random_cases;
mod reconnect;
mod replay;
mod restart;
mod rules;
mod same_events;
mod same_log;
mod serve;
mod several_links;
mod snapshots_of_state;
mod sources;
mod static_passkey;
mod steered;
mod tidy;
mod tools;
mod trouble;
mod tshark;
mod unpaired;
mod walls;
mod warnings;
mod words;

/// One in `n` of the long cases; all with `BLETWIN_ALL_NUMBERS`, as in `.ci/full numbers`.
fn one_in(n: usize) -> usize {
    if std::env::var_os("BLETWIN_ALL_NUMBERS").is_some() { 1 } else { n }
}

//! `docs/COVERAGE-HOST.md`: each rule of hosts with the code that keeps it, the tests that show it,
//! and whether the oracle judges it.

use std::fs;

use bletwin_rules::Rule;
use bletwin_rules::hosts::{DOCUMENTS, NOT_KEPT, UNJUDGED};

use super::coverage;
use super::scan::Coverage;
use crate::sources::root;

const ABOUT: &str = "# The rules of hosts: who keeps them, who shows it

Of each rule of SMP, ATT, GATT and GAP ([words](rules/README.md)): its force, the crates whose code
cites it, how many files of tests do, and whether the oracle judges it in every run, mostly on
the decrypted air. A rule that it judges has, in `oracle/src/tests`, a conversation that breaks it
alone, and others that look like it and are innocent; [EVIDENCE.md](EVIDENCE.md) says what evidence
each needs.

Printed by `BLETWIN_UPDATE_DOCS=1 cargo test -p bletwin --test system rules`.
";

fn row(rule: &Rule, coverage: &Coverage) -> String {
    let citations = coverage.get(rule.id).cloned().unwrap_or_default();
    let code: Vec<_> = citations.code.into_iter().collect();
    let why = UNJUDGED.iter().find(|(unjudged, _)| unjudged.id == rule.id);
    let judged = why.map_or_else(|| "judged".to_owned(), |(_, why)| format!("not judged: {why}"));
    let (id, title, force) = (rule.id, rule.title, rule.force.text());
    let tests = citations.tests.len();
    format!("| {id} {title} | {force} | {} | {tests} | {judged} |\n", code.join(", "))
}

fn document(coverage: &Coverage) -> String {
    let mut text = ABOUT.to_owned();
    let rules = || DOCUMENTS.iter().flat_map(|document| document.rules);
    let judged = rules().filter(|rule| rule.judged).count();
    text += &format!("\n{} rules, {judged} of them judged.\n", rules().count());
    for document in &DOCUMENTS {
        let (title, file) = (document.title, document.file);
        text += &format!("\n## [{title}](rules/{file})\n\n");
        text += "| rule | force | code | tests | oracle |\n|---|---|---|---|---|\n";
        text += &document.rules.iter().map(|rule| row(rule, coverage)).collect::<String>();
    }
    text += "\n## Knowingly not kept\n\nThe same ids are in [FIDELITY.md](FIDELITY.md).\n\n";
    text += "| rule | what |\n|---|---|\n";
    let lines = NOT_KEPT.iter().map(|(rule, what)| format!("| {} | {what} |\n", rule.id));
    text + &lines.collect::<String>()
}

#[test]
fn the_coverage_of_hosts_is_what_the_sources_say() {
    let path = root().join("docs").join("COVERAGE-HOST.md");
    let right = document(&coverage());
    let found = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    if found == right {
        return;
    }
    assert!(
        std::env::var_os("BLETWIN_UPDATE_DOCS").is_some(),
        "docs/COVERAGE-HOST.md is not what the sources say; write it anew with\n\
         BLETWIN_UPDATE_DOCS=1 cargo test -p bletwin --test system rules"
    );
    fs::write(&path, right).expect("writable");
}

#[test]
fn what_is_knowingly_not_kept_is_in_fidelity() {
    let path = root().join("docs").join("FIDELITY.md");
    let fidelity = fs::read_to_string(path).expect("it exists");
    for (rule, _) in NOT_KEPT {
        assert!(fidelity.contains(rule.id), "{} is not in docs/FIDELITY.md", rule.id);
    }
}

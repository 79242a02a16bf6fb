//! The house, counted: files that name each other in a circle, fields that another file than their
//! struct's sets, and names that many types have. docs/ARCHITECTURE.md lists what is allowed, each
//! with its reason; what is not listed, or listed and gone, fails. It also counts how often an
//! input enters a level or a file: only once is allowed.

mod arrows;
mod names;
mod reading;
mod ways;
mod writes;

use std::collections::BTreeMap;
use std::fs;

use crate::sources::root;
use reading::{Crate, crates, one};

/// Files that may name each other in a circle without a reason.
const CIRCLE_MAX: usize = 4;

/// Types that may have one name without a reason.
const NAMESAKES_MAX: usize = 3;

/// Heads of the tables of docs/ARCHITECTURE.md.
const CIRCLES: &str = "| circle in | files | why |";
const FIELDS: &str = "| struct | fields | why |";
const NAMES: &str = "| name | types | why |";

/// The rows of the table of a document that begins with this head: first cell, second cell.
fn rows(document: &str, head: &str) -> BTreeMap<String, String> {
    let table = document.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows = table.take_while(|line| line.starts_with('|')).map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', ""));
        (cells.next().unwrap_or_default(), cells.next().unwrap_or_default())
    });
    rows.collect()
}

fn architecture() -> String {
    fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("readable")
}

/// By the folder in which all its files are, how many files a circle has: the largest there.
fn circles(crates: &[Crate]) -> BTreeMap<String, String> {
    let mut largest: BTreeMap<String, usize> = BTreeMap::new();
    for circle in crates.iter().flat_map(arrows::circles).filter(|c| c.len() > CIRCLE_MAX) {
        let count = largest.entry(arrows::folder(&circle)).or_default();
        *count = circle.len().max(*count);
    }
    largest.into_iter().map(|(folder, count)| (folder, count.to_string())).collect()
}

/// By struct, how many of its fields are set in another file.
fn set_elsewhere(crates: &[Crate]) -> BTreeMap<String, String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for field in crates.iter().flat_map(writes::elsewhere) {
        *counts.entry(field.of).or_default() += 1;
    }
    counts.into_iter().map(|(of, count)| (of, count.to_string())).collect()
}

/// By name, how many types have it that more than their module sees.
fn namesakes(crates: &[Crate]) -> BTreeMap<String, String> {
    let many = names::declared(crates).into_iter().filter(|(_, files)| files.len() > NAMESAKES_MAX);
    many.map(|(name, files)| (name, files.len().to_string())).collect()
}

fn as_table(rows: &BTreeMap<String, String>) -> String {
    rows.iter().map(|(name, count)| format!("| `{name}` | {count} | |\n")).collect()
}

#[test]
fn circles_fields_set_elsewhere_and_namesakes_are_those_that_the_architecture_allows() {
    let crates = crates(&root());
    let found = [
        (CIRCLES, circles(&crates)),
        (FIELDS, set_elsewhere(&crates)),
        (NAMES, namesakes(&crates)),
    ];
    for (head, found) in found {
        let allowed = rows(&architecture(), head);
        assert_eq!(found, allowed, "{head}\n{}", as_table(&found));
    }
}

/// A radio event, a report, an HCI packet: each enters its level at one place of a composition.
#[test]
fn each_entrance_of_a_level_is_called_once() {
    let called = ways::entered(&one(&root(), "firmware-core"));
    let [peripheral, levels, controller] = ["peripheral", "peripheral/levels", "controller"]
        .map(|f| format!("firmware-core/src/{f}.rs"));
    assert!(called.contains_key(&(peripheral.clone(), "link.radio".into())));
    for entrance in ["control.report", "control.acl", "control.command", "host.input"] {
        assert!(called.contains_key(&(levels.clone(), entrance.into())), "{entrance}");
    }
    for ((file, entrance), places) in called {
        assert!([&peripheral, &levels, &controller].contains(&&file), "{file} enters {entrance}");
        assert_eq!(places, 1, "{file} enters {entrance}");
    }
}

/// No level knows another one: what they say to each other are the messages of `Link`.
#[test]
fn levels_share_messages_alone() {
    let named = ways::named_across(&one(&root(), "firmware-core"));
    let words = ["link::message", "link::extended"].map(|name| ("control".into(), name.into()));
    assert_eq!(named, words.into());
}

/// In the controllers of both ends, a file is handed a command at one place, and never again by a
/// file that has it from there.
#[test]
fn a_command_enters_each_file_once() {
    for (package, folder, files) in [
        ("firmware-core", "firmware-core/src/control/", 3),
        ("models", "models/src/controller/", 2),
    ] {
        let read = one(&root(), package);
        assert_eq!(ways::returns(&read), [].into());
        let entered = ways::commands_enter(&read, folder);
        assert!(entered.values().all(|places| *places == 1), "{entered:?}");
        assert_eq!(entered.len(), files, "{entered:?}");
    }
    for package in ["bridge", "ble", "explore"] {
        assert_eq!(ways::returns(&one(&root(), package)), [].into());
    }
}

/// Each allowance has its reason.
#[test]
fn every_allowance_has_a_reason() {
    let text = architecture();
    for head in [CIRCLES, FIELDS, NAMES] {
        assert!(!rows(&text, head).is_empty(), "{head}");
        let table = text.lines().skip_while(|line| !line.starts_with(head)).skip(2);
        for row in table.take_while(|line| line.starts_with('|')) {
            let why = row.trim_matches('|').split('|').nth(2).unwrap_or_default().trim();
            assert!(why.len() > 10, "{row}");
        }
    }
}

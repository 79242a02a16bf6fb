//! docs/FIDELITY.md names the test that shows each row: that test is there, by that name.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::sources::{root, sources};

/// The tests, modules and files that a word of the last column names: `a::{b, c}` names two, `a::*`
/// and `a::tests` name `a`.
fn named(word: &str) -> Vec<&str> {
    if let Some((_, inside)) = word.split_once('{') {
        return inside.trim_end_matches('}').split(", ").collect();
    }
    let mut parts = word.rsplit("::");
    let last = parts.next().unwrap_or(word);
    match last {
        "*" | "tests" => vec![parts.next().unwrap_or(last)],
        _ => vec![last],
    }
}

/// The last cells of the tables whose last column is the test, each with its line.
fn cells(document: &str) -> Vec<(usize, &str)> {
    let mut within = false;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(document.lines()) {
        let last = line.trim_end_matches('|').rsplit('|').next().unwrap_or_default().trim();
        if !line.starts_with('|') {
            within = false;
        } else if last == "test" {
            within = true;
        } else if within && !line.starts_with("|---") {
            found.push((number, last));
        }
    }
    found
}

/// Unknown names between backticks, each with its line. A name that ends with `…` is the beginning
/// of one.
fn unknown(document: &str, known: &BTreeSet<String>) -> Vec<String> {
    let is_known = |name: &str| match name.strip_suffix('…') {
        Some(start) => known.iter().any(|known| known.starts_with(start)),
        None => known.contains(name),
    };
    let mut unknown = Vec::new();
    for (line, cell) in cells(document) {
        let names = cell.split('`').skip(1).step_by(2).flat_map(named);
        unknown.extend(names.filter(|name| !is_known(name)).map(|name| format!("{line}: {name}")));
    }
    unknown
}

/// The name of the function that a line begins, if it begins one.
fn function(line: &str) -> Option<String> {
    let line = line.trim_start();
    let rest = match line.strip_prefix("fn ") {
        Some(rest) => rest,
        None if line.starts_with("pub") || line.starts_with("async ") => line.split_once(" fn ")?.1,
        None => return None,
    };
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    Some(rest[..end].to_owned())
}

/// How a document may name a file: from the root, or as the module that it or its folder is.
fn file_names(path: &Path) -> Vec<String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let relative = path.strip_prefix(root()).expect("below the root");
    let folder = relative.parent().and_then(Path::file_name);
    let names = [relative.file_stem(), folder].into_iter().flatten();
    names.map(|name| text(Path::new(name))).chain([text(relative)]).collect()
}

#[test]
fn every_test_that_fidelity_names_is_there() {
    let mut known = BTreeSet::new();
    for path in sources(&root()) {
        let text = fs::read_to_string(&path).expect("sources are UTF-8");
        known.extend(text.lines().filter_map(function));
        known.extend(file_names(&path));
    }
    let document = fs::read_to_string(root().join("docs/FIDELITY.md")).expect("is there");
    assert!(cells(&document).len() > 100, "the tables are read");
    assert_eq!(unknown(&document, &known), Vec::<String>::new());
}

#[test]
fn an_unknown_name_is_found() {
    let document = "| effect | state | test |\n|---|---|---|\n| `not_asked` | x | `a_b`, `c…` |\n\
                    | y | z | `m::{d, e}`, `link::tests` |\n\n| a | b |\n| c | `gone` |\n";
    let known = ["a_b", "c_d", "d", "link"].map(str::to_owned).into();
    assert_eq!(unknown(document, &known), ["4: e"]);
}

//! The rules of `docs/rules/` against the sources: each is kept somewhere, shown by a test, and
//! no others are cited. With `--nocapture` the coverage is printed.

mod hosts;
mod scan;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::sources::{is_test_file, root, sources};
use bletwin_explain::rules::{self, BEGIN, END, Rule};
use bletwin_rules::{DOCUMENTS, Keeper};
use scan::{Coverage, ids, scan};

/// The lines around the list of the documents.
const INDEX: &str = "<!-- documents -->";
const INDEX_END: &str = "<!-- end of documents -->";

fn all() -> Vec<Rule> {
    rules::all().unwrap_or_else(|fault| panic!("{fault}"))
}

/// What is missing in this coverage.
fn faults(rules: &[Rule], coverage: &Coverage) -> Vec<String> {
    let mut faults = Vec::new();
    for rule in rules {
        let citations = coverage.get(&rule.id).cloned().unwrap_or_default();
        for folder in rule.keeper.crates().iter().filter(|c| !citations.code.contains(**c)) {
            faults.push(format!("{} has no code in {folder}", rule.id));
        }
        if citations.tests.is_empty() {
            faults.push(format!("{} has no test", rule.id));
        }
    }
    let known: BTreeSet<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
    for id in coverage.keys().filter(|id| !known.contains(id.as_str())) {
        faults.push(format!("{id} is cited and is not in docs/rules"));
    }
    faults
}

fn printed(rules: &[Rule], coverage: &Coverage) -> String {
    let mut text = format!("{:<12} {:<24} {:>5}  {}\n", "rule", "code", "tests", "oracle");
    for rule in rules {
        let citations = coverage.get(&rule.id).cloned().unwrap_or_default();
        let code: Vec<String> = citations.code.into_iter().collect();
        let judged = if rule.is_judged() { "yes" } else { "" };
        let tests = citations.tests.len();
        text += &format!("{:<12} {:<24} {tests:>5}  {judged}\n", rule.id, code.join(", "));
    }
    let judged = rules.iter().filter(|rule| rule.is_judged()).count();
    text + &format!("{} rules, {judged} of them judged by the oracle\n", rules.len())
}

fn coverage() -> Coverage {
    let root = root();
    let mut coverage = Coverage::new();
    for path in sources(&root) {
        let relative = path.strip_prefix(&root).expect("below the root");
        let about_rules =
            ["rules/src", "explain/src/rules", "cli/src/commands", "cli/tests/system/rules"];
        let skip = about_rules.iter().any(|part| relative.starts_with(part))
            || relative == Path::new("cli/tests/system/rules.rs");
        if !skip {
            let text = fs::read_to_string(&path).expect("sources are UTF-8").replace("\r\n", "\n");
            scan(&mut coverage, relative, &text, is_test_file(&path));
        }
    }
    coverage
}

#[test]
fn every_rule_has_code_and_a_test_and_no_other_is_cited() {
    let (rules, coverage) = (all(), coverage());
    println!("{}", printed(&rules, &coverage));
    let faults = faults(&rules, &coverage);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Writes a document, if asked to, or wants it to be as it would be written.
fn printed_as(name: &str, right: &dyn Fn(&str) -> String) {
    let path = root().join("docs").join("rules").join(name);
    let text = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let right = right(&text);
    if text == right {
        return;
    }
    assert!(
        std::env::var_os("BLETWIN_UPDATE_DOCS").is_some(),
        "docs/rules/{name} is not what the code says; write it anew with\n\
         BLETWIN_UPDATE_DOCS=1 cargo test -p bletwin --test system rules"
    );
    fs::write(&path, right).expect("writable");
}

/// What stands between two lines, the lines themselves left alone.
fn between(text: &str, begin: &str, end: &str, right: &str) -> String {
    let begin = text.find(begin).expect("a line begins it");
    let end = text.find(end).expect("a line ends it") + end.len() + 1;
    format!("{}{right}{}", &text[..begin], &text[end..])
}

#[test]
fn the_documents_are_printed_from_the_rules() {
    let decisions = rules::decisions().unwrap_or_else(|fault| panic!("{fault}"));
    for document in DOCUMENTS {
        let stated = rules::markdown(document);
        printed_as(document.file, &|text| match document.file {
            "collisions.md" => {
                let table = text.find("\n## The table").expect("the table has a heading");
                let text = format!("{stated}{}", &text[table..]);
                between(&text, BEGIN, END, &rules::printed(&decisions))
            }
            _ => stated.clone(),
        });
    }
    let index = format!("{INDEX}\n{}{INDEX_END}\n", rules::index());
    printed_as("README.md", &|text| between(text, INDEX, INDEX_END, &index));
}

/// What is wrong with a comment that begins with a citation: it is bare, or it has the title of
/// another rule.
fn bare(line: &str, titles: &BTreeMap<&str, &str>) -> Option<String> {
    let comment = line.trim_start().strip_prefix("//")?.trim_start_matches(['/', '!']).trim();
    let (first, rest) = comment.split_at(comment.find([':', ',', '.', ' '])?);
    let title = titles.get(first)?;
    let words = rest.strip_prefix(':').map(str::trim);
    let Some(words) = words else {
        let alone = rest.split([',', ' ', '.']).all(|w| w.is_empty() || titles.contains_key(w));
        return alone.then(|| format!("`{comment}` says nothing"));
    };
    let said = words.trim_end_matches('.');
    let other = titles.iter().find(|(id, other)| **other == said && **id != first)?;
    (said != *title).then(|| format!("`{comment}` has the title of {}", other.0))
}

#[test]
fn a_citation_says_what_its_rule_is_about() {
    let rules = all();
    let titles = rules.iter().map(|rule| (rule.id.as_str(), rule.title.as_str())).collect();
    let mut faults = Vec::new();
    for path in sources(&root()) {
        let text = fs::read_to_string(&path).expect("sources are UTF-8");
        for (number, line) in text.lines().enumerate() {
            if let Some(fault) = bare(line, &titles) {
                faults.push(format!("{}:{}: {fault}", path.display(), number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn bare_citations_are_found() {
    let titles = BTreeMap::from([("LL-A-1", "one thing"), ("LL-A-2", "two")]);
    for bad in ["// LL-A-1.", "    /// LL-A-1, LL-A-2.", "//! LL-A-1: two."] {
        assert!(bare(bad, &titles).is_some(), "{bad}");
    }
    for good in
        ["// LL-A-1: one thing.", "// LL-A-1: why.", "// By LL-A-1.", "// LL-A-1 asks for it."]
    {
        assert_eq!(bare(good, &titles), None);
    }
}

#[test]
fn no_document_is_left_over() {
    let folder = root().join("docs").join("rules");
    let files: BTreeSet<String> = fs::read_dir(folder)
        .expect("docs/rules exists")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    let mut known: BTreeSet<String> =
        DOCUMENTS.iter().map(|document| document.file.into()).collect();
    known.insert("README.md".into());
    assert_eq!(files, known);
}

#[test]
fn ids_are_found_and_words_like_them_are_not() {
    let text = "// LL-PHY-4: a. (LL-ENC-12) `LL-X-1` \"LL-ARB-3\", LL_PHY_REQ, CALL-X-1, LL-PHY-, \
                LL--1, LL-phy-1, LL-INST-2.";
    let found: Vec<_> = ids(text).into_iter().collect();
    assert_eq!(found, ["LL-ARB-3", "LL-ENC-12", "LL-INST-2", "LL-PHY-4", "LL-X-1"]);
}

#[test]
fn code_and_tests_are_distinguished() {
    let text = "// LL-A-1\nfn f() {}\n\n#[cfg(test)]\nmod tests {\n    // LL-B-1\n}\n";
    let mut coverage = Coverage::new();
    scan(&mut coverage, Path::new("models/src/x.rs"), text, false);
    scan(&mut coverage, Path::new("models/src/tests/x.rs"), "// LL-C-1", true);
    scan(&mut coverage, Path::new("oracle/src/x.rs"), "// LL-D-1", false);
    assert!(coverage["LL-A-1"].code.contains("models") && coverage["LL-A-1"].tests.is_empty());
    assert!(coverage["LL-B-1"].code.is_empty() && coverage["LL-B-1"].tests.len() == 1);
    assert!(coverage["LL-C-1"].code.is_empty() && coverage["LL-C-1"].tests.len() == 1);
    assert_eq!(coverage["LL-D-1"], scan::Citations::default(), "known, and neither");
}

#[test]
fn what_is_missing_is_named() {
    let mut rule = all().remove(0);
    (rule.id, rule.keeper) = ("LL-A-1".into(), Keeper::Both);
    let mut coverage = Coverage::new();
    let both = ["LL-A-1 has no code in firmware-core", "LL-A-1 has no code in models"];
    let none = [&both[..], &["LL-A-1 has no test"]].concat();
    assert_eq!(faults(std::slice::from_ref(&rule), &coverage), none);
    scan(&mut coverage, Path::new("firmware-core/src/x.rs"), "// LL-A-1 and LL-Z-9", false);
    scan(&mut coverage, Path::new("sim/src/tests.rs"), "/// LL-A-1", true);
    let left = ["LL-A-1 has no code in models", "LL-Z-9 is cited and is not in docs/rules"];
    assert_eq!(faults(&[rule], &coverage), left);
}

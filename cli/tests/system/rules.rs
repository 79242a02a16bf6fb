//! The rules of `docs/rules/` against the sources: each is kept somewhere, shown by a test, and
//! no others are cited. With `--nocapture` the coverage is printed.

mod scan;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::sources::{is_test_file, root, sources};
use bletwin_explain::rules::{self, BEGIN, DOCUMENTS, END, Keeper, Rule};
use bletwin_oracle as oracle;
use scan::{Coverage, ids, scan};

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
        let about_rules = ["explain/src/rules", "cli/src/commands", "cli/tests/system/rules"];
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

#[test]
fn ids_are_unique_and_all_documents_are_read() {
    let rules = all();
    let unique: BTreeSet<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(unique.len(), rules.len(), "an id is used twice");
    let folder = root().join("docs").join("rules");
    let files: BTreeSet<String> = fs::read_dir(folder)
        .expect("docs/rules exists")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    let mut known: BTreeSet<String> = DOCUMENTS.iter().map(|(name, _)| (*name).into()).collect();
    known.insert("README.md".into());
    assert_eq!(files, known);
    let index = fs::read_to_string(root().join("docs/rules/README.md")).expect("readable");
    for (name, _) in DOCUMENTS {
        assert!(index.contains(&format!("]({name})")), "README.md does not name {name}");
    }
}

/// One statement of each rule: the oracle's words are those of the document.
#[test]
fn the_oracle_judges_what_the_documents_say() {
    let rules = all();
    for judged in oracle::RULES {
        let rule = rules.iter().find(|rule| rule.id == judged.id);
        let rule = rule.unwrap_or_else(|| panic!("docs/rules has no {}", judged.id));
        let source = format!("Vol 6, Part B {}", judged.source);
        assert_eq!(
            (rule.title.as_str(), rule.text.as_str(), rule.source.as_str(), rule.force),
            (judged.title, judged.text, source.as_str(), judged.force),
            "{} in docs/rules/{} and in the oracle",
            rule.id,
            rule.document
        );
    }
}

#[test]
fn the_table_of_collisions_is_printed_as_it_is_in_the_code() {
    let path = root().join("docs").join("rules").join("collisions.md");
    let text = fs::read_to_string(&path).expect("readable").replace("\r\n", "\n");
    let begin = text.find(BEGIN).expect("the table has a beginning");
    let end = text.find(END).expect("the table has an end") + END.len() + 1;
    let decisions = rules::decisions().unwrap_or_else(|fault| panic!("{fault}"));
    let right = format!("{}{}{}", &text[..begin], rules::printed(&decisions), &text[end..]);
    if text != right {
        if std::env::var_os("BLETWIN_UPDATE_DOCS").is_some() {
            fs::write(&path, right).expect("writable");
        } else {
            panic!(
                "docs/rules/collisions.md is not what the code says; write it anew with\n\
                 BLETWIN_UPDATE_DOCS=1 cargo test -p bletwin --test system rules"
            );
        }
    }
}

#[test]
fn ids_are_found_and_words_like_them_are_not() {
    let text = "// LL-PHY-4: a. (LL-ENC-12) `LL-X-1` \"LL-ARB-3\", LL_PHY_REQ, CALL-X-1, LL-PHY-, \
                LL--1, LL-phy-1, LL-INST-2.";
    let found: Vec<_> = ids(text).into_iter().collect();
    assert_eq!(found, ["LL-ARB-3", "LL-ENC-12", "LL-INST-2", "LL-PHY-4", "LL-X-1"]);
}

#[test]
fn code_and_tests_are_told_apart() {
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

//! Rules of the house that a program can check (CONTRIBUTING.md): every finding names file and
//! line. Each rule has a sample here that breaks it.

use std::fs;
use std::path::Path;

use crate::sources::{is_test_file, root, sources, without_tests};

const LINES_MAX: usize = 500;
const WIDTH_MAX: usize = 100;

/// A line that breaks a rule, counted from 1, and which rule.
type Finding = (usize, &'static str);

fn too_long(text: &str) -> Vec<Finding> {
    let lines = text.lines().count();
    if lines > LINES_MAX { vec![(lines, "file longer than 500 lines")] } else { Vec::new() }
}

fn find(text: &str, rule: &'static str, broken: impl Fn(&str) -> bool) -> Vec<Finding> {
    let numbered = text.lines().enumerate();
    numbered.filter(|(_, line)| broken(line)).map(|(n, _)| (n + 1, rule)).collect()
}

fn too_wide(text: &str) -> Vec<Finding> {
    find(text, "line wider than 100 columns", |line| line.chars().count() > WIDTH_MAX)
}

/// Words are put together here, so that this file does not break its own rule.
fn banned(text: &str) -> Vec<Finding> {
    let words = [
        ["to", "do!("],
        ["unimple", "mented!("],
        ["db", "g!("],
        ["TO", "DO"],
        ["FIX", "ME"],
        ["XX", "X"],
        ["/wo", "rk/"],
        ["/ro", "ot/"],
    ]
    .map(|halves| halves.concat());
    find(text, "a word that must not stay", |line| words.iter().any(|word| line.contains(word)))
}

/// An exception from a lint says why, within its own attribute.
fn unexplained_allow(text: &str) -> Vec<Finding> {
    let opening = ["#[al", "low("].concat();
    let inner = ["#![al", "low("].concat();
    let mut findings = Vec::new();
    for (at, _) in text.match_indices(&opening).chain(text.match_indices(&inner)) {
        let rest = &text[at..];
        let attribute = &rest[..rest.find(")]").unwrap_or(rest.len())];
        if !attribute.contains("reason") {
            findings.push((text[..at].lines().count() + 1, "allow without a reason"));
        }
    }
    findings
}

/// The core does not know on which side it runs: the only condition it may have is `test`.
fn side_known(text: &str) -> Vec<Finding> {
    find(text, "firmware-core must not depend on where it runs", |line| {
        let code = line.trim_start();
        let conditional = ["#[cfg", "#![cfg", "cfg!("].iter().any(|start| code.contains(start));
        let about_tests =
            ["#[cfg(test)]", "#[cfg(not(test))]", "#[cfg_attr(not(test)", "#![cfg_attr("];
        conditional && !about_tests.iter().any(|allowed| code.starts_with(allowed))
    })
}

fn uses_std(text: &str) -> Vec<Finding> {
    let text = without_tests(text);
    let mut findings = find(text, "firmware-core has no std", |line| {
        !line.trim_start().starts_with("//") && line.contains("std::")
    });
    // What the line above keeps to tests is a test's.
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    findings.retain(|(line, _)| line.checked_sub(2).is_none_or(|n| lines[n] != "#[cfg(test)]"));
    findings
}

/// A doc of one or two words says what its name says already.
fn short_doc(text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut words = 0;
    let mut begin = None;
    for (number, line) in (1..).zip(without_tests(text).lines().chain([""])) {
        if let Some(doc) = line.trim_start().strip_prefix("/// ") {
            begin = begin.or(Some(number));
            words += doc.split_whitespace().count();
        } else if line.trim_start() != "///" {
            findings.extend(begin.take().filter(|_| words < 3).map(|at| (at, "too short a doc")));
            words = 0;
        }
    }
    findings
}

fn assert_none(folder: &Path, rules: &[fn(&str) -> Vec<Finding>], skip: fn(&Path) -> bool) {
    let mut report = String::new();
    let sources = sources(folder);
    assert!(sources.len() > 10, "no sources below {}", folder.display());
    for path in sources.iter().filter(|path| !skip(path)) {
        let text = fs::read_to_string(path).expect("sources are UTF-8");
        // A checkout may have other line ends.
        let text = text.replace("\r\n", "\n");
        for (line, rule) in rules.iter().flat_map(|rule| rule(&text)) {
            report += &format!("{}:{line}: {rule}\n", path.display());
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn every_source_keeps_the_rules() {
    assert_none(&root(), &[too_long, too_wide, banned, unexplained_allow], |_| false);
    assert_none(&root(), &[short_doc], is_test_file);
}

#[test]
fn the_core_knows_no_side_and_no_std() {
    for folder in ["ble", "firmware-core"] {
        let core = root().join(folder).join("src");
        assert_none(&core, &[side_known, uses_std], is_test_file);
    }
}

#[test]
fn every_rule_can_fail() {
    let sample = |parts: &[&str]| parts.concat();
    assert_eq!(too_long(&"x\n".repeat(501)).len(), 1);
    assert_eq!(too_long(&"x\n".repeat(500)).len(), 0);
    assert_eq!(too_wide(&"ä".repeat(101)).len(), 1);
    assert_eq!(too_wide(&"ä".repeat(100)).len(), 0);
    assert_eq!(banned(&sample(&["fn f() {\n    to", "do!()\n}"]))[0].0, 2);
    assert_eq!(unexplained_allow(&sample(&["\n#[al", "low(dead_code)]"]))[0].0, 2);
    assert_eq!(unexplained_allow(&sample(&["#[al", "low(a, reason = \"b\")]"])).len(), 0);
    assert_eq!(side_known("#[cfg(feature = \"sim\")]").len(), 1);
    assert_eq!(side_known("    if cfg!(target_os = \"none\") {").len(), 1);
    assert_eq!(side_known("#[cfg(test)]\nmod tests;").len(), 0);
    assert_eq!(short_doc("/// How many.\nlet a = 1;")[0].0, 1);
    assert_eq!(short_doc("/// # Errors\n/// None\n/// at all.\nfn f()").len(), 0);
    assert_eq!(uses_std("use std::vec::Vec;").len(), 1);
    assert_eq!(uses_std("#[cfg(test)]\nmod tests {\n    use std::vec;\n}").len(), 0);
}

/// Where capitals do not distinguish files, as on macOS and Windows, one of the two is lost.
#[test]
fn no_two_files_have_names_that_differ_in_capitals_alone() {
    let mut files = std::process::Command::new("git");
    let output = files.args(["ls-files"]).current_dir(root()).output();
    // A package is no repository.
    let Some(output) = output.ok().filter(|output| output.status.success()) else { return };
    let text = String::from_utf8_lossy(&output.stdout);
    let mut seen = std::collections::BTreeMap::new();
    for name in text.lines() {
        if let Some(other) = seen.insert(name.to_lowercase(), name) {
            panic!("{other} and {name}");
        }
    }
    assert!(seen.len() > 500, "all files are read");
}

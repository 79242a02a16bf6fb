//! `--junit`: files that CI systems can read.
//!
//! There is no schema of JUnit's own. What is demanded here is what the schemas of Jenkins, the
//! Ant task and `pytest` have in common.

use std::path::Path;
use std::process::{Command, Output};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

fn bletwin(arguments: &[&str], file: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bletwin"));
    command.args(arguments).arg("--junit").arg(file).output().expect("bletwin starts")
}

/// Elements that may stand in one, and attributes that it must have.
fn schema(name: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match name {
        "" => (&["testsuites"], &[]),
        "testsuites" => (&["testsuite"], &["name", "tests", "failures", "errors"]),
        "testsuite" => (&["testcase"], &["name", "tests", "failures", "errors", "skipped"]),
        "testcase" => (&["failure", "error", "skipped"], &["name", "classname", "time"]),
        "failure" | "error" => (&[], &["message", "type"]),
        "skipped" => (&[], &["message"]),
        other => panic!("no such element: {other}"),
    }
}

fn attributes(start: &BytesStart<'_>) -> Vec<(String, String)> {
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).expect("UTF-8");
    start
        .attributes()
        .map(|attribute| attribute.expect("well formed"))
        .map(|attribute| (text(attribute.key.as_ref()), text(&attribute.value)))
        .collect()
}

/// Reads a file by the schema: tests, failures, errors and skipped ones, which its suite has to
/// count as well.
fn read(text: &str) -> [usize; 4] {
    let mut reader = Reader::from_str(text);
    let mut path = vec![String::new()];
    let (mut found, mut counted) = ([0; 4], [0; 4]);
    const COUNTED: [&str; 4] = ["testcase", "failure", "error", "skipped"];
    const COUNTS: [&str; 4] = ["tests", "failures", "errors", "skipped"];
    loop {
        let (start, stays) = match reader.read_event().expect("well formed") {
            Event::Start(start) => (start.into_owned(), true),
            Event::Empty(start) => (start.into_owned(), false),
            Event::End(_) => {
                path.pop();
                continue;
            }
            Event::Eof => break,
            _ => continue,
        };
        let name = String::from_utf8(start.name().as_ref().to_vec()).expect("UTF-8");
        let (children, _) = schema(path.last().expect("the root"));
        assert!(children.contains(&name.as_str()), "{name} in {path:?}");
        let attributes = attributes(&start);
        for wanted in schema(&name).1 {
            assert!(attributes.iter().any(|(key, _)| key == wanted), "{name} has no {wanted}");
        }
        for (key, value) in &attributes {
            if key == "time" {
                value.parse::<f64>().expect("seconds");
            }
            if let Some(place) = COUNTS.iter().position(|count| count == key)
                && name == "testsuite"
            {
                counted[place] = value.parse().expect("a number");
            }
        }
        if let Some(place) = COUNTED.iter().position(|counted| *counted == name) {
            found[place] += 1;
        }
        if stays {
            path.push(name);
        }
    }
    assert_eq!(found, counted, "the suite counts otherwise:\n{text}");
    found
}

/// The exit status, what the file holds, and the file.
fn junit(arguments: &[&str]) -> (Option<i32>, [usize; 4], String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("results.xml");
    let output = bletwin(arguments, &file);
    let text = std::fs::read_to_string(&file).expect("written");
    (output.status.code(), read(&text), text)
}

#[test]
fn a_run_that_fails_says_why() {
    let (code, counts, text) = junit(&["run", "pairing", "--central", "windows-intel"]);
    assert_eq!((code, counts), (Some(1), [1, 1, 0, 0]));
    insta::assert_snapshot!("a_run_that_fails", text);
    let (code, counts, _) = junit(&["run", "pairing"]);
    assert_eq!((code, counts), (Some(0), [1, 0, 0, 0]));
}

#[test]
fn a_failure_that_the_catalogue_knows_is_skipped_and_another_one_is_none() {
    let cell = ["matrix", "--central", "windows-intel", "--seeds", "2"];
    let (code, counts, text) = junit(&cell);
    assert_eq!((code, counts), (Some(0), [2, 0, 0, 1]));
    insta::assert_snapshot!("a_matrix_with_a_known_failure", text);
    let set = [&cell[..], &["--set", "phy-update=on-connect"]].concat();
    assert_eq!(junit(&set).1, [2, 2, 0, 0]);
}

#[test]
fn what_could_not_take_place_is_an_error() {
    for arguments in [
        &["run", "pairing", "--central", "nokia"][..],
        &["matrix", "--central", "nokia"],
        &["explore", "--pairs", "--central", "nokia"],
    ] {
        let (code, counts, text) = junit(arguments);
        assert_eq!((code, counts), (Some(2), [1, 0, 1, 0]), "{arguments:?}");
        assert!(text.contains("nokia"), "{text}");
    }
}

#[test]
fn a_search_is_a_case_and_each_finding_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("UTF-8");
    let (code, counts, _) = junit(&["explore", "--random", "--seeds", "0..32", "--out", out]);
    assert_eq!((code, counts), (Some(0), [1, 0, 0, 0]));
}

/// A search that finds something: the search itself is a case that passed, each finding one that
/// failed and says what was broken.
#[test]
fn a_finding_is_a_case_that_failed() {
    let text = &crate::explore_cli::FOUND.junit;
    let [tests, failures, errors, skipped] = read(text);
    assert!(failures > 0 && (errors, skipped) == (0, 0), "{text}");
    assert_eq!(tests, failures + 1, "{text}");
    assert!(text.contains("LL-COLL-1"), "{text}");
}

/// A file that cannot be written is reported before anything is played.
#[test]
fn a_file_that_cannot_be_written_is_refused() {
    let output = bletwin(&["run", "pairing"], Path::new("/nowhere/results.xml"));
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}

//! Results as JUnit XML, which CI systems read.
//!
//! A failure that is known and expected is a skipped case, as pytest reports an `xfail`: it is
//! visible without failing the build. Times are simulated, so that the same runs give the same
//! file.

use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As it should.
    Passed,
    /// Not as it should: a word for the kind, a line, and all that is known of the reason.
    Failed(&'static str, String, String),
    /// It failed as is known of it: a line.
    Known(String),
    /// It did not take place, or says nothing: a word for why, a line, and what to do.
    Error(&'static str, String, String),
}

/// One test case of a suite.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its name, unique within its class.
    pub name: String,
    /// Its class, with dots between the parts.
    pub class: String,
    /// How long it took.
    pub time: Duration,
    /// How it ended.
    pub ending: Ending,
}

/// Writes a suite of cases.
///
/// # Errors
/// Whatever writing ran into.
pub fn write(suite: &str, cases: &[Case], out: &mut impl Write) -> io::Result<()> {
    let mut tests = TestSuite::new(suite);
    tests.set_time(cases.iter().map(|case| case.time).sum());
    tests.add_test_cases(cases.iter().map(test_case));
    let mut report = Report::new("bletwin");
    report.set_time(cases.iter().map(|case| case.time).sum());
    report.add_test_suite(tests);
    report.serialize(&mut *out).map_err(io::Error::other)?;
    writeln!(out)
}

fn test_case(case: &Case) -> TestCase {
    let status = match &case.ending {
        Ending::Passed => TestCaseStatus::success(),
        Ending::Failed(kind, message, text) => bad(NonSuccessKind::Failure, kind, message, text),
        Ending::Error(kind, message, help) => bad(NonSuccessKind::Error, kind, message, help),
        Ending::Known(message) => {
            let mut status = TestCaseStatus::skipped();
            status.set_type("expected-failure").set_message(message);
            status
        }
    };
    let mut test = TestCase::new(&case.name, status);
    test.set_classname(&case.class).set_time(case.time);
    test
}

fn bad(kind: NonSuccessKind, word: &str, message: &str, text: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(word).set_message(message).set_description(text);
    status
}

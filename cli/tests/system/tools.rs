//! Tools that some tests need and not everybody has. A test without its tool passes, but says so
//! where people see it; with `BLETWIN_REQUIRE_TOOLS` set, as `.ci/run` does, it fails.

use std::io::Write as _;
use std::process::Command;

const REQUIRED: &str = "BLETWIN_REQUIRE_TOOLS";

/// This test is skipped, or fails where all tools are required.
pub(crate) fn skip(tool: &str, how: &str) {
    let required = std::env::var_os(REQUIRED).is_some();
    assert!(!required, "{tool} is not installed ({how}), and {REQUIRED} is set");
    say(&format!("{tool} is not installed ({how})"));
}

/// Says that this test is skipped, and why. libtest swallows what `println!` prints; what is
/// written to standard error itself it does not see.
pub(crate) fn say(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let line = format!("SKIPPED {test}: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).expect("standard error");
}

#[test]
fn a_test_without_its_tool_says_so_and_fails_where_all_are_required() {
    let tests = [
        "page::a_reader_can_click_zoom_filter_and_search",
        "tshark::tshark_finds_no_fault_in_what_is_sent",
        "bumble::bumble_bonds_with_bumble_over_two_endpoints",
    ];
    let run = |required: bool| {
        let mut command = Command::new(std::env::current_exe().expect("this test"));
        command.arg("--exact").args(tests);
        command.env("PATH", "/nowhere").env("BLETWIN_PYTHON", "/nowhere/python");
        match required {
            true => command.env(REQUIRED, "1"),
            false => command.env_remove(REQUIRED),
        };
        command.output().expect("it runs")
    };
    let output = run(false);
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{output:?}");
    for test in tests {
        assert!(printed.contains(&format!("SKIPPED {test}: ")), "{test}: {printed}");
    }
    let output = run(true);
    let failed = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && failed.contains("3 failed"), "{failed}");
}

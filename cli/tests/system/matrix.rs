//! `bletwin matrix`: the same table on any number of threads, exit codes, a page by itself; and
//! centrals put together at random, which may fail but not crash or hang.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use bletwin::matrix::guests::Host;
use bletwin::matrix::{Matrix, Plan, page};
use bletwin_bridge::serve::Time;
use bletwin_models::profile::catalogue as centrals;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::{PRESETS, Setup};
use proptest::prelude::*;
use rayon::prelude::*;

fn bletwin(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bletwin"));
    command.arg("matrix").args(arguments).output().expect("bletwin starts")
}

fn matrix(centrals: &[&str], seeds: u64) -> Matrix {
    let plan = Plan {
        scenario: None,
        firmwares: PRESETS.map(str::to_owned).to_vec(),
        centrals: centrals.iter().map(|name| (*name).to_owned()).collect(),
        set: Vec::new(),
        seeds: (1, seeds),
    };
    plan.run(&|| {}, &|| false).expect("known names").expect("nobody stops it")
}

#[test]
fn every_central_is_as_the_catalogue_expects() {
    let all: Vec<String> = centrals::centrals().into_iter().map(|e| e.profile.name).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let wrong: Vec<String> = matrix(&all, 3)
        .cells
        .into_iter()
        .filter(|cell| !cell.as_expected)
        .map(|cell| format!("{}: {}, expected {}", cell.command, cell.text(), cell.expected))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// As a table of hosts: the first as fast as it answers, the others in real time.
#[test]
fn the_page_says_of_each_cell_which_kind_of_time_it_had_and_what_is_not_decided() {
    let mut table = matrix(&["phone", "honest"], 1);
    let names: Vec<String> = table.firmwares().into_iter().map(str::to_owned).collect();
    let real = names.len() - 1;
    for (at, name) in names.into_iter().enumerate() {
        let time = if at == 0 { Time::Max } else { Time::Times(1.0) };
        table.hosts.push(Host { time, ..Host::named(&format!("{name}=true"), "host") });
    }
    for (at, cell) in table.cells.iter_mut().enumerate() {
        cell.time = Some(table.hosts[at % (real + 1)].kind());
    }
    let late = &mut table.cells[0];
    (late.outcome, late.passed, late.disturbed) = ("disturbed".into(), 0, 1);
    let mut html = Vec::new();
    page::write(&table, &mut html).unwrap();
    let html = String::from_utf8(html).unwrap();
    for (kind, columns) in [("as fast as the host answers", 1), ("real time", real)] {
        let head = format!("<span class=\"of\">{kind}</span></th>");
        assert_eq!(html.matches(&head).count(), columns, "{html}");
        assert_eq!(html.matches(&format!(">Time: {kind}</p>")).count(), 2 * columns, "{html}");
    }
    assert!(html.contains("class=\"open\"><details><summary>disturbed 0/1"), "{html}");
    assert!(html.contains("1 of 2 as expected") && !table.is_as_expected(), "{html}");
}

#[test]
fn the_table_does_not_depend_on_the_number_of_threads() {
    let tables: Vec<Vec<u8>> = ["1", "4"]
        .iter()
        .map(|jobs| {
            let named = ["phone", "windows-intel", "bluez"];
            let centrals = named.map(|name| ["--central", name]).concat();
            let rest = ["--set", "loss=30", "--seeds", "4", "--json", "--jobs", jobs];
            bletwin(&[&centrals[..], &rest].concat()).stdout
        })
        .collect();
    assert!(tables[0] == tables[1] && !tables[0].is_empty());
}

#[test]
fn cells_say_what_came_of_it_and_how_to_see_it_again() {
    let output = bletwin(&["--central", "windows-intel", "--seeds", "2", "--json"]);
    assert_eq!(output.status.code(), Some(0), "the catalogue knows that it fails");
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let cell = &value["cells"][0];
    assert_eq!(cell["central"], "windows-intel");
    assert_eq!(cell["firmware"], "zephyr-2024");
    assert_eq!(cell["outcome"], "disconnected, reason 8");
    assert_eq!((cell["passed"].as_u64(), cell["of"].as_u64()), (Some(0), Some(2)));
    let command = cell["command"].as_str().expect("a command");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let mut again = Command::new(env!("CARGO_BIN_EXE_bletwin"));
    let again = again.args(words).output().expect("bletwin starts");
    assert_eq!(again.status.code(), Some(1), "{command}");
    assert_eq!(value["cells"][1]["outcome"], "bonded");
}

/// With every quirk by itself nothing is a surprise either, and each cell's command does again what
/// the cell says.
#[test]
fn quirks_are_as_the_catalogue_expects_and_every_command_runs_its_cell_again() {
    let options = ["--quirks", "--central", "phone", "--central", "samsung", "--seeds", "2"];
    let output = bletwin(&[&options[..], &["--json"]].concat());
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let cells = value["cells"].as_array().expect("cells");
    assert_eq!(cells.len(), (2 + centrals::quirks().len()) * PRESETS.len());
    let surprises: Vec<_> = cells.iter().filter(|cell| cell["as_expected"] != true).collect();
    assert!(surprises.is_empty(), "{surprises:#?}");
    assert_eq!(output.status.code(), Some(0));
    let again = |cell: &serde_json::Value| {
        let command = cell["command"].as_str().expect("a command").to_owned();
        let words = command.split(' ').skip(1);
        let mut bletwin = Command::new(env!("CARGO_BIN_EXE_bletwin"));
        let output = bletwin.args(words).arg("--json").output().expect("bletwin starts");
        let passes = cell["passed"] == cell["of"];
        (output.status.code() != Some(i32::from(!passes))).then_some(command)
    };
    let wrong: Vec<String> = cells.par_iter().filter_map(again).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What chance decides may be expected as such: every run has to be one of the two.
#[test]
fn a_central_may_be_expected_to_fail_by_chance() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("lossy.toml");
    let code = |expected: &str| {
        let text =
            format!("version = 1\nextends = \"phone\"\n[expect]\nzephyr-2024 = \"{expected}\"\n");
        std::fs::write(&file, text).expect("writable");
        let central = file.to_str().expect("UTF-8");
        let one = ["--peripheral", "zephyr-2024", "--central", central, "--seeds", "2"];
        bletwin(&one).status.code()
    };
    assert_eq!(code("bonded or disconnected, reason 8"), Some(0));
    assert_eq!(code("disconnected, reason 8 or timeout"), Some(1));
}

#[test]
fn surprises_exit_with_1_and_are_told() {
    let set = ["--central", "windows-intel", "--set", "phy-update=on-connect", "--seeds", "1"];
    let output = bletwin(&set);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("Not as expected") && text.contains("bletwin run pairing"), "{text}");
    assert_eq!(bletwin(&["--central", "nokia"]).status.code(), Some(2));
    assert_eq!(bletwin(&["--seeds", "0"]).status.code(), Some(2));
}

/// The outcome is the expected one, and yet the cell is not: it says which rule was broken that the
/// central's file does not declare.
#[test]
fn an_undeclared_violation_is_why_a_cell_is_not_as_expected() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("twice.toml");
    let code = |breaks: &str| {
        let head = "version = 1\nextends = \"phone\"\npress = [\"version@50\"]";
        std::fs::write(&file, format!("{head}\nbreaks = [{breaks}]\n")).expect("writable");
        let central = file.to_str().expect("UTF-8");
        let one = ["--peripheral", "recommended", "--central", central, "--seeds", "2"];
        let output = bletwin(&one);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (status, text) = code("\"LL-COLL-1\"");
    assert_eq!(status, Some(1));
    assert!(text.contains("bonded 0/2, expected bonded"), "{text}");
    assert!(text.contains("2 × the central broke LL-VERS-1 (one LL_VERSION_IND)"), "{text}");
    assert!(text.contains("which its profile does not declare"), "{text}");
    assert_eq!(code("\"LL-VERS-1\", \"LL-PROC-1\"").0, Some(0));
}

/// Where nobody pairs there is nothing for cells to say.
#[test]
fn scenarios_without_pairing_are_refused() {
    for scenario in ["phy-collides-with-phy", "two-centrals-want-parameters"] {
        let output = bletwin(&["--scenario", scenario]);
        assert_eq!(output.status.code(), Some(2), "{scenario}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("nobody pairs in it"));
    }
}

#[test]
fn the_page_stands_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("matrix.html");
    let path = file.to_str().expect("UTF-8");
    let output = bletwin(&["--central", "phone", "--seeds", "1", "--html", path]);
    assert_eq!(output.status.code(), Some(0));
    let page = std::fs::read_to_string(&file).expect("written");
    assert!(page.contains("bletwin run pairing --peripheral zephyr-2024 --central phone"));
    assert!(!page.contains("http") && !page.contains("<script"), "nothing from elsewhere");
}

/// Every value that a built-in file gives to a key.
fn lines() -> Vec<(String, String)> {
    let names: Vec<&str> = centrals::names().collect();
    let texts = names.into_iter().filter_map(centrals::text);
    let tables = texts.map(|text| text.parse::<toml::Table>().expect("TOML"));
    let header = ["version", "name", "about", "extends", "sources", "breaks", "quirk", "expect"];
    let keep = |(key, _): &(String, toml::Value)| !header.contains(&key.as_str());
    tables.flatten().filter(keep).map(|(key, value)| (key, value.to_string())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_profile_can_crash_or_hang_a_run(
        picks in proptest::collection::vec(any::<proptest::sample::Index>(), 1..8),
        seed in 0..100u64,
    ) {
        let known = lines();
        let chosen: BTreeMap<_, _> = picks.iter().map(|pick| pick.get(&known).clone()).collect();
        let mut text = "version = 1\n".to_owned();
        for (key, value) in chosen {
            text += &format!("{key} = {value}\n");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("random.toml");
        std::fs::write(&file, &text).expect("written");
        let setup = Setup::new("zephyr-2024", file.to_str().expect("UTF-8"), seed);
        if let Ok(setup) = setup {
            let mut stage = Stage::new(catalogue::by_name("pairing").expect("known"), &setup);
            stage.run(|| false);
            prop_assert!(stage.finish().summary.sim_seconds <= 60.0);
        }
    }
}

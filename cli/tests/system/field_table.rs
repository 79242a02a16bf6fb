//! The table of `docs/FIELD.md`: what people have reported, as commands, with what bletwin says of
//! it. What is right stands in `field_table/cases.rs`, written from the reports; the cells are what
//! comes of the runs.
//!
//! `BLETWIN_ALL_NUMBERS=1 UPDATE_DOCS=1 cargo test -p bletwin --test system field_table` plays all
//! of it and writes it anew.

mod cases;

use std::fs;
use std::path::{Path, PathBuf};

use bletwin_diagnose::bench::Watcher;
use bletwin_diagnose::candidates::ChangeKind;
use bletwin_diagnose::turn::On;
use bletwin_diagnose::{Bench, Diagnosis, Question, diagnose};
use bletwin_explain::report;
use bletwin_explain::why::Why;
use bletwin_scenarios::catalogue::{self, Scenario};
use bletwin_scenarios::stage::Stage;
use bletwin_setup::Setup;
use rayon::prelude::*;

use cases::{CASES, Case, NOT_EXPRESSED};

const BEGIN: &str = "<!-- generated: field -->\n";
const END: &str = "<!-- end -->";
const QUIRKS_BEGIN: &str = "<!-- generated: quirk commands -->\n";

/// PDUs that a cell names.
const PLACES_MAX: usize = 4;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("has a parent").join("docs")
}

/// What a command line asks for.
fn asked(command: &str) -> (&'static Scenario, Setup) {
    let mut words = command.split_whitespace();
    let scenario = catalogue::by_name(words.next().expect("a scenario")).expect("known");
    let (mut central, mut sets) = ("phone", Vec::new());
    while let (Some(option), Some(value)) = (words.next(), words.next()) {
        match option {
            "--central" => central = value,
            "--set" => sets.push(value),
            _ => panic!("{command}: {option}"),
        }
    }
    let mut setup = Setup::new("zephyr-2024", central, 1).expect("a known central");
    for set in sets {
        setup.set(set).unwrap_or_else(|error| panic!("{command}: {error}"));
    }
    (scenario, setup)
}

/// What a run of it and a diagnosis say.
struct Answer {
    outcome: String,
    /// Kind of the first cause of *Why*, and its PDUs.
    why: Option<(String, Vec<String>)>,
    diagnosis: Option<Diagnosis>,
}

fn answer(command: &str, diagnosed: bool) -> Answer {
    let (scenario, setup) = asked(command);
    let mut stage = Stage::new(scenario, &setup);
    stage.run(|| false);
    let run = stage.finish();
    let why = Why::of(&run);
    let first = why.hypotheses.first().filter(|_| !run.expected).map(|first| {
        let kind = serde_json::to_value(first.cause).expect("a word");
        let mut pdus: Vec<String> = first
            .places
            .iter()
            .filter_map(|&index| why.account.pdu(index))
            .map(|p| p.name())
            .collect();
        pdus.dedup();
        pdus.truncate(PLACES_MAX);
        (kind.as_str().expect("a word").to_owned(), pdus)
    });
    let diagnosis = diagnosed.then(|| {
        let bench = Bench::of(scenario, &setup, Watcher::NONE).expect("an honest central");
        let question = Question {
            names: ["the firmware".into(), "somebody".into()],
            config: setup.peripheral.clone(),
            seed: setup.seed,
            seeds: 3,
        };
        diagnose(bench, &question).expect("nobody interrupts")
    });
    Answer { outcome: report::outcome(&run), why: first, diagnosis }
}

/// What a diagnosis says that the run turns on.
fn turns(d: &Diagnosis) -> String {
    let causes: Vec<&str> = d.causes.iter().map(|cause| cause.pdu.as_str()).collect();
    let turns = d.turns_on.iter().map(|turn| match turn.on {
        On::Firmware => format!("`{}`", turn.change.join(" ")),
        On::Surroundings | On::Person => turn.change.join(" "),
        On::Together => turn.change.join(" and "),
    });
    let unmet = d.unmet.iter().map(|unmet| format!("{} is not granted", unmet.request));
    let all: Vec<String> =
        causes.into_iter().map(str::to_owned).chain(turns).chain(unmet).collect();
    match (all.is_empty(), d.is_healthy()) {
        (false, _) => all.join("; "),
        (true, true) => "healthy".into(),
        (true, false) => "none is proven".into(),
    }
}

/// All that a diagnosis says would heal.
fn healing(d: &Diagnosis) -> Vec<String> {
    let cures = d.cures.iter().chain(d.unmet.iter().flat_map(|unmet| &unmet.cures));
    let around = d.surroundings.iter().chain(&d.advice).filter(|advice| advice.good.is_all());
    let advice = d.last_resort.iter().cloned();
    cures
        .map(|cure| cure.set.join(" "))
        .chain(around.map(|advice| advice.text.into()))
        .chain(advice)
        .collect()
}

/// The first of what heals, as a cell: what has no price before what a person does.
fn best(d: &Diagnosis) -> String {
    let cures = d.cures.iter().chain(d.unmet.iter().flat_map(|unmet| &unmet.cures));
    let cure = cures.min_by_key(|cure| cure.kind != ChangeKind::Plain);
    let text = d.turns_on.iter().find(|turn| turn.on != On::Firmware);
    match (cure, text, &d.last_resort) {
        (Some(cure), _, _) if cure.kind == ChangeKind::Plain => format!("`{}`", cure.set.join(" ")),
        (_, Some(turn), _) => turn.change.join(" "),
        (Some(cure), None, _) => format!("`{}`, which has a price", cure.set.join(" ")),
        (None, None, Some(last)) => last.clone(),
        (None, None, None) => "none".into(),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn why_cell(answer: &Answer) -> String {
    match &answer.why {
        Some((kind, pdus)) if pdus.is_empty() => format!("`{kind}`"),
        Some((kind, pdus)) => format!("`{kind}`: {}", pdus.join(" · ")),
        None => "none".into(),
    }
}

/// A line of the table; where nobody has diagnosed, the beginning of one.
fn line(cells: &[String], answer: &Answer) -> String {
    let known = cells.join(" | ");
    match &answer.diagnosis {
        Some(d) => format!("| {known} | {} | {} |\n", cell(&turns(d)), cell(&best(d))),
        None => format!("| {known} | "),
    }
}

fn row(case: &Case, answer: &Answer) -> String {
    let name = match case.source {
        "" => case.name.to_owned(),
        url => format!("[{}]({url})", case.name),
    };
    let cells = [
        cell(&name),
        cell(case.seen),
        format!("`bletwin run {}`", case.command),
        cell(&answer.outcome),
        cell(&why_cell(answer)),
    ];
    line(&cells, answer)
}

/// What is not as the report has it.
fn wrong(case: &Case, answer: &Answer) -> Vec<String> {
    let mut wrong = Vec::new();
    if !answer.outcome.contains(case.outcome) {
        wrong.push(format!("outcome {}, not {}", answer.outcome, case.outcome));
    }
    let kind = answer.why.as_ref().map_or("", |(kind, _)| kind);
    let pdus = answer.why.as_ref().map_or_else(String::new, |(_, pdus)| pdus.join(" · "));
    if kind != case.cause || !pdus.contains(case.place) {
        wrong.push(format!("{kind} {pdus}, not {} {}", case.cause, case.place));
    }
    if let Some(diagnosis) = &answer.diagnosis {
        let heals = healing(diagnosis);
        let healed = case.heals.is_empty() || heals.iter().any(|h| h.contains(case.heals));
        let right = healed && turns(diagnosis).contains(case.turns);
        let sure = diagnosis.causes.iter().all(|cause| cause.put_back.is_all())
            && diagnosis.turns_on.iter().all(|t| t.with.is_all() && t.without.is_all());
        if !right || !sure {
            wrong.push(format!(
                "{} {heals:?}, not {} {}",
                turns(diagnosis),
                case.turns,
                case.heals
            ));
        }
    }
    wrong
}

/// The document with this between the marks.
fn with(text: &str, begin: &str, inside: &str) -> String {
    let from = text.find(begin).expect("has the mark") + begin.len();
    let to = from + text[from..].find(END).expect("has an end");
    [&text[..from], inside, &text[to..]].concat()
}

fn page() -> String {
    fs::read_to_string(docs().join("FIELD.md")).expect("is there").replace("\r\n", "\n")
}

/// Writes the page anew, if that is wanted; else it must be so already.
fn is_on_the_page(rows: &[String], begin: &str, head: &str, all: bool) {
    let page = page();
    if all && std::env::var_os("UPDATE_DOCS").is_some() {
        let table = [head, &rows.concat(), "\n"].concat();
        return fs::write(docs().join("FIELD.md"), with(&page, begin, &table)).expect("writable");
    }
    for row in rows {
        assert!(page.contains(row.as_str()), "docs/FIELD.md is stale, it lacks:\n{row}");
    }
}

const HEAD: &str = "\n| report | what was seen | command | outcome | *Why* says first | \
                    `diagnose`: it turns on | cure or advice |\n|---|---|---|---|---|---|---|\n";

/// One in six of the cases, one of them diagnosed; all of it with `BLETWIN_ALL_NUMBERS`.
#[test]
fn field_reports_are_explained_as_their_authors_found() {
    let step = crate::one_in(6);
    let some: Vec<&Case> = CASES.iter().step_by(step).collect();
    let answered = |(n, case): (usize, &&Case)| answer(case.command, n == 0 || step == 1);
    let answers: Vec<Answer> = some.par_iter().enumerate().map(answered).collect();
    let faults: Vec<String> = some
        .iter()
        .zip(&answers)
        .map(|(case, answer)| (case.name, wrong(case, answer)))
        .filter(|(_, wrong)| !wrong.is_empty())
        .map(|(name, wrong)| format!("{name}: {wrong:#?}"))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let rows: Vec<String> = some.iter().zip(&answers).map(|(case, a)| row(case, a)).collect();
    is_on_the_page(&rows, BEGIN, HEAD, step == 1);
    let page = page();
    for (name, source, why) in NOT_EXPRESSED {
        assert!([name, source, why].iter().all(|text| page.contains(**text)), "{name}");
    }
}

const QUIRKS_HEAD: &str = "\n| quirk | command | outcome | *Why* says first | `diagnose`: it turns \
                           on | cure or advice |\n|---|---|---|---|---|---|\n";

/// The commands of `docs/QUIRKS.md`, one in nine, and those not diagnosed; what is right of each is
/// tested elsewhere (`quirks`, `diagnose_catalogue`, the table of `docs/WHY.md`).
#[test]
fn the_commands_of_the_quirks_say_what_the_page_says() {
    let quirks = fs::read_to_string(docs().join("QUIRKS.md")).expect("is there");
    let mut name = "";
    let mut commands = Vec::new();
    for line in quirks.lines() {
        if let Some(heading) = line.strip_prefix("### `") {
            name = heading.split('`').next().unwrap_or_default();
        } else if let Some(command) = line.strip_prefix("* see it: `bletwin run ") {
            commands.push((name, command.trim_end_matches('`')));
        }
    }
    assert_eq!(commands.len(), 27, "{commands:?}");
    let step = crate::one_in(9);
    let some: Vec<&(&str, &str)> = commands.iter().step_by(step).collect();
    let row = |(name, command): &&(&str, &str)| {
        let answer = answer(command, step == 1);
        let cells = [
            format!("`{name}`"),
            format!("`bletwin run {command}`"),
            cell(&answer.outcome),
            cell(&why_cell(&answer)),
        ];
        line(&cells, &answer)
    };
    let rows: Vec<String> = some.par_iter().map(row).collect();
    is_on_the_page(&rows, QUIRKS_BEGIN, QUIRKS_HEAD, step == 1);
}

/// Connection parameters whose timeout is too short for their latency are refused with the limit
/// (<https://github.com/h2zero/NimBLE-Arduino/issues/253>: 80, 120, 60, 600).
#[test]
fn a_timeout_that_is_too_short_for_the_latency_is_bad_input() {
    let mut setup = Setup::new("zephyr-2024", "phone", 1).expect("known");
    let error = setup.set("preferred=80,120,60,600").expect_err("9,150 ms are needed, twice");
    assert!(error.to_string().contains("TIMEOUT must exceed twice"), "{error}");
    assert!(setup.set("preferred=80,120,60,1831").is_ok());
}

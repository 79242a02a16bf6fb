//! A peripheral and whatever a central can send: state by state, PDU by PDU, held against a table
//! that was written from the text.

mod blame;
mod connects;
mod pdus;
mod play;
mod states;
mod table;

use std::collections::BTreeMap;

use pdus::PDUS;
use play::{Case, Outcome, Variant, play};
use states::STATES;
use table::{Answer, Table};

/// Kinds that are judged alone only: the raw central gives such a PDU up, though nobody has taken
/// it, and sends the next under its SN (LL-RETX-1), which an observer takes for a repetition.
const OPEN_PDUS: &[&str] = &["too-long"];

/// What is wrong with a case.
fn wrong(table: &Table, case: &Case, outcome: &Outcome) -> Option<String> {
    let Case { state, pdu, .. } = case;
    let row = table.row(state, pdu)?;
    let strict = !matches!(case.variant, Variant::Several(_));
    let outside = outcome.answer.filter(|answer| strict && !row.answers.contains(answer));
    let accused = !outcome.accused.is_empty();
    let treated = match case.variant {
        Variant::Several(other) => !OPEN_PDUS.contains(&other) && !OPEN_PDUS.contains(pdu),
        _ => true,
    };
    if !treated {
        return None;
    }
    let verdict = match (outcome.panicked, outside, accused) {
        (true, ..) => "PANIC".to_owned(),
        (false, None, false) => return None,
        (false, None, true) => "the oracle accuses a peripheral that is within the table".into(),
        (false, Some(answer), true) => format!("the peripheral is wrong: {answer}"),
        (false, Some(answer), false) => {
            format!("the peripheral is wrong: {answer}, and the oracle is blind")
        }
    };
    Some(format!(
        "{state} × {pdu} seed {} ({:?}{}): {verdict}\n  line {}: {}\n  {:?}\n",
        case.seed,
        case.variant,
        if case.features { ", features" } else { "" },
        row.line,
        row.why,
        outcome.accused
    ))
}

/// Plays cases by their numbers.
struct Campaign {
    cells: BTreeMap<(&'static str, &'static str), BTreeMap<Option<Answer>, u64>>,
    wrong: Vec<String>,
}

impl Campaign {
    fn conduct(table: &Table, numbers: std::ops::Range<u64>) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        let parts: Vec<Self> = std::thread::scope(|scope| {
            let one = |thread: u64| {
                let numbers = numbers.clone().filter(move |number| number % threads == thread);
                scope.spawn(move || Self::part(table, numbers))
            };
            let handles: Vec<_> = (0..threads).map(one).collect();
            handles.into_iter().map(|handle| handle.join().expect("caught within")).collect()
        });
        let mut all = Self { cells: BTreeMap::new(), wrong: Vec::new() };
        for part in parts {
            for (cell, answers) in part.cells {
                for (answer, count) in answers {
                    *all.cells.entry(cell).or_default().entry(answer).or_default() += count;
                }
            }
            all.wrong.extend(part.wrong);
        }
        all
    }

    fn part(table: &Table, numbers: impl Iterator<Item = u64>) -> Self {
        let mut part = Self { cells: BTreeMap::new(), wrong: Vec::new() };
        for number in numbers {
            let (case, draw) = Case::number(number);
            let outcome = play(table, &case, draw);
            let answers = part.cells.entry(case.cell()).or_default();
            *answers.entry(outcome.answer).or_default() += 1;
            part.wrong.extend(wrong(table, &case, &outcome));
        }
        part
    }

    /// Cells that no case has reached.
    fn unreached(&self) -> Vec<String> {
        let empty = |answers: &BTreeMap<Option<Answer>, u64>| answers.keys().all(Option::is_none);
        let cells = self.cells.iter().filter(|(_, answers)| empty(answers));
        cells.map(|((state, pdu), _)| format!("{state} × {pdu}")).collect()
    }
}

impl Campaign {
    /// What people read: per PDU what was answered how often, in all states together.
    fn report(&self) -> String {
        let played = |answers: &BTreeMap<Option<Answer>, u64>| answers.values().sum::<u64>();
        let cases: u64 = self.cells.values().map(played).sum();
        let unreached = self.unreached();
        let mut text = format!(
            "{cases} cases in {} cells of {} states and {} kinds of PDU; {} are outside of the \
             table, accused falsely or unseen by the oracle; never reached: {}.\n\n",
            self.cells.len(),
            STATES.len(),
            PDUS.len(),
            self.wrong.len(),
            if unreached.is_empty() { "none".to_owned() } else { unreached.join(", ") },
        );
        text += "| PDU | cases | answers |\n|---|---|---|\n";
        for pdu in PDUS {
            let mut all: BTreeMap<Answer, u64> = BTreeMap::new();
            for (_, answers) in self.cells.iter().filter(|((_, of), _)| of == pdu) {
                for (answer, count) in answers {
                    *all.entry(answer.unwrap_or(Answer::Unreached)).or_default() += count;
                }
            }
            let told: Vec<_> =
                all.iter().map(|(answer, count)| format!("{answer} {count}")).collect();
            text += &format!("| {pdu} | {} | {} |\n", all.values().sum::<u64>(), told.join(", "));
        }
        text += &self.wrong.concat();
        text
    }
}

fn cells() -> u64 {
    (STATES.len() * PDUS.len()) as u64
}

/// How many cases there are: `BLETWIN_MALFORMED` in the environment, else one of each cell.
fn cases() -> u64 {
    let asked = std::env::var("BLETWIN_MALFORMED").ok().and_then(|n| n.parse().ok());
    asked.unwrap_or_else(cells)
}

#[test]
fn the_table_names_every_cell_and_nothing_else() {
    let table = Table::read();
    assert_eq!(table.idle(STATES, PDUS), [""; 0]);
    let holes: Vec<_> = STATES
        .iter()
        .flat_map(|state| PDUS.iter().map(move |pdu| (state, pdu)))
        .filter(|(state, pdu)| table.row(state, pdu).is_none())
        .collect();
    assert!(holes.is_empty(), "{holes:?}");
}

#[test]
fn the_peripheral_keeps_to_the_table_and_the_oracle_knows_it() {
    let table = Table::read();
    let campaign = Campaign::conduct(&table, 0..cases());
    let unreached = campaign.unreached();
    print!("{}", campaign.report());
    if let Ok(path) = std::env::var("BLETWIN_MALFORMED_REPORT") {
        std::fs::write(path, campaign.report()).expect("the report can be written");
    }
    let shown: String = campaign.wrong.iter().take(60).map(String::as_str).collect();
    assert!(campaign.wrong.is_empty(), "{} cases are wrong:\n{shown}", campaign.wrong.len());
    assert!(unreached.is_empty(), "{unreached:#?}");
}

/// Cases that were wrong once, each with what was.
const REGRESSIONS: &[(&str, &str, u64, &str)] = &[
    ("idle", "map-now", 0, "LL-CHAN-1 against an answer in the event of the instant"),
    ("own-version", "update-now", 0, "the sniffer lost count of events"),
    ("refused-done", "wrong-length", 0, "what follows an unheard PDU under its SN is new"),
    ("after-update-instant", "wrong-length", 0, "the same with a connection update"),
    ("terminating", "phy-update", 9, "the central followed an answer to nothing itself"),
    ("idle", "feature-req", 7, "LL-FEAT-4 after two requests with different sets"),
    ("own-parameters", "feature-req", 36, "the same with the peripheral's own request open"),
    ("sealed-own-phy", "pause-enc-rsp", 3, "the sniffer took it for the end of encryption"),
    ("sealed-own-ping", "peripheral-feature-req", 20, "the same behind another PDU"),
];

fn named(list: &[&'static str], name: &str) -> &'static str {
    list.iter().find(|known| **known == name).unwrap_or_else(|| panic!("there is no {name}"))
}

#[test]
fn what_was_wrong_once_stays_mended() {
    let table = Table::read();
    for (state, pdu, seed, what) in REGRESSIONS {
        let (case, draw) = Case::of(named(STATES, state), named(PDUS, pdu), *seed);
        let outcome = play(&table, &case, draw);
        assert_eq!(wrong(&table, &case, &outcome), None, "{what}");
    }
}

/// One case with everything that was on air: for people who look into it.
#[test]
#[ignore = "prints a case: MALFORMED_CASE='STATE PDU SEED'"]
fn one_case() {
    let asked = std::env::var("MALFORMED_CASE").unwrap_or_default();
    let words: Vec<&str> = asked.split_whitespace().collect();
    let [state, pdu, seed] = words[..] else { panic!("MALFORMED_CASE='STATE PDU SEED'") };
    let table = Table::read();
    let seed = seed.parse().expect("a seed is a number");
    let (case, draw) = Case::of(named(STATES, state), named(PDUS, pdu), seed);
    let outcome = play(&table, &case, draw);
    let items = bletwin_sim::sniffer::sniff(&outcome.records);
    println!("{}", bletwin_sim::report::ladder::ladder(&items, |item| item.event.is_some()));
    println!("{case:?}\n{:?} {:?}", outcome.answer, outcome.accused);
    println!("{}", wrong(&table, &case, &outcome).unwrap_or_default());
}

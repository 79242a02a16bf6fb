//! A peripheral and whatever a central can send: state by state, PDU by PDU, held against a table
//! that was written from the text.

mod blame;
mod connects;
mod pdus;
mod play;
mod states;
mod table;
mod verdict;

use std::collections::BTreeMap;

use pdus::PDUS;
use play::{Case, play};
use states::STATES;
use table::{Answer, Table};
use verdict::wrong;

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
            let answers = part.cells.entry((case.state, case.pdu)).or_default();
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
            let mut all: BTreeMap<Option<Answer>, u64> = BTreeMap::new();
            for (_, answers) in self.cells.iter().filter(|((_, of), _)| of == pdu) {
                for (answer, count) in answers {
                    *all.entry(*answer).or_default() += count;
                }
            }
            let name = |answer: &Option<Answer>| {
                answer.map_or_else(|| "not reached".to_owned(), |answer| answer.to_string())
            };
            let told: Vec<_> =
                all.iter().map(|(answer, count)| format!("{} {count}", name(answer))).collect();
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
    ("sealed-own-ping", "wrong-length", 2, "its peer had not counted what it had not heard"),
    ("sealed-own-ping", "wrong-length", 10, "the same with data"),
    ("sealed-own-version", "wrong-length", 11, "the same with another request open"),
    ("sealed-own-version", "wrong-length", 14, "the same with a request"),
    ("sealed-own-phy", "wrong-length", 7, "the same with an encryption PDU"),
    ("sealed-own-phy", "wrong-length", 8, "the same with an answer"),
    ("encrypted", "wrong-length", 4, "the same with nothing open"),
    ("encrypted", "pause-enc-req", 3, "the peripheral took LL_PAUSE_ENC_RSP before its own"),
    ("at-update-instant", "update-now", 9, "the second of two updates was not the central's"),
    ("at-phy-instant", "update-now", 14, "the first of two updates was forgotten"),
    ("sealed-own-ping", "update-now", 10, "the sniffer forgot it as well"),
    ("peer-phy-instant", "phy-update-none", 6, "what answers nothing ended a procedure"),
    ("encrypted", "param-req", 0, "a plain reject was for the other one of two requests"),
];

#[test]
fn what_was_wrong_once_stays_mended() {
    let table = Table::read();
    for (state, pdu, seed, what) in REGRESSIONS {
        let (case, draw) = Case::named(state, pdu, *seed).expect("there is such a cell");
        let outcome = play(&table, &case, draw);
        assert_eq!(wrong(&table, &case, &outcome), None, "{what}");
    }
}

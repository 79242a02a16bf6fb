//! Reads `table.txt`.

use std::collections::BTreeMap;
use std::fmt;

/// What a peripheral does about a PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Answer {
    Ignore,
    Served,
    Unknown,
    Reject(u8),
    Terminate(u8),
    Leave(u8),
    End,
    /// Never allowed: it neither continues nor reports the end to its host.
    Lost,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ignore => f.write_str("ignore"),
            Self::Served => f.write_str("answer"),
            Self::Unknown => f.write_str("unknown"),
            Self::Reject(code) => write!(f, "reject:0x{code:02X}"),
            Self::Terminate(code) => write!(f, "terminate:0x{code:02X}"),
            Self::Leave(code) => write!(f, "leave:0x{code:02X}"),
            Self::End => f.write_str("end"),
            Self::Lost => f.write_str("lost"),
        }
    }
}

impl Answer {
    fn parse(text: &str) -> Option<Self> {
        let (word, code) = match text.split_once(":0x") {
            Some((word, code)) => (word, u8::from_str_radix(code, 16).ok()?),
            None => (text, 0),
        };
        Some(match word {
            "ignore" | "done" => Self::Ignore,
            "answer" => Self::Served,
            "unknown" => Self::Unknown,
            "reject" => Self::Reject(code),
            "terminate" => Self::Terminate(code),
            "leave" => Self::Leave(code),
            "end" => Self::End,
            _ => return None,
        })
    }
}

/// One row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pdus: Vec<String>,
    states: Vec<String>,
    pub(crate) answers: Vec<Answer>,
    /// The central does at the instant what the PDU asks for.
    pub(crate) done: bool,
    pub(crate) why: String,
    pub(crate) line: usize,
}

/// All rows, in their order.
pub(crate) struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// The one that is written down.
    ///
    /// # Panics
    /// With the line, if something in it cannot be read.
    pub(crate) fn read() -> Self {
        let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut rows = Vec::new();
        for (number, line) in (1..).zip(include_str!("table.txt").lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(group) = line.strip_prefix("group ") {
                let (name, members) = group.split_once('=').expect("group NAME = MEMBERS");
                let members = expand(&groups, members);
                groups.insert(name.trim(), members);
                continue;
            }
            let cells: Vec<&str> = line.splitn(4, '|').map(str::trim).collect();
            let [pdus, states, answers, why] = cells[..] else {
                panic!("line {number}: four cells make a row");
            };
            let words = answers.split_whitespace();
            let done = words.clone().any(|word| word == "done");
            let answers = words.map(|word| {
                Answer::parse(word).unwrap_or_else(|| panic!("line {number}: no answer: {word}"))
            });
            rows.push(Row {
                pdus: expand(&groups, pdus),
                states: expand(&groups, states),
                answers: answers.collect(),
                done,
                why: why.to_owned(),
                line: number,
            });
        }
        Self { rows }
    }

    /// The row that decides about a cell.
    pub(crate) fn row(&self, state: &str, pdu: &str) -> Option<&Row> {
        let names = |list: &[String], name: &str| list.iter().any(|n| n == name || n == "any");
        self.rows.iter().find(|row| names(&row.states, state) && names(&row.pdus, pdu))
    }

    /// Names in it that neither a state nor a PDU has, and lines that decide nothing.
    pub(crate) fn idle(&self, states: &[&str], pdus: &[&str]) -> Vec<String> {
        let mut wrong = Vec::new();
        for row in &self.rows {
            let unknown = |list: &[String], known: &[&str]| {
                let bad = list.iter().filter(|n| *n != "any" && !known.contains(&n.as_str()));
                bad.map(|name| format!("line {}: {name}", row.line)).collect::<Vec<_>>()
            };
            wrong.extend(unknown(&row.pdus, pdus));
            wrong.extend(unknown(&row.states, states));
            let decides = states.iter().any(|state| {
                pdus.iter().any(|pdu| self.row(state, pdu).is_some_and(|r| r.line == row.line))
            });
            if !decides {
                wrong.push(format!("line {} decides nothing", row.line));
            }
        }
        wrong
    }
}

fn expand(groups: &BTreeMap<&str, Vec<String>>, names: &str) -> Vec<String> {
    let one = |name: &str| groups.get(name).cloned().unwrap_or_else(|| vec![name.to_owned()]);
    names.split_whitespace().flat_map(one).collect()
}

//! The table of decisions, put together from the firmware's rows and the central's.

use std::fmt::Write;

use ble::error::ErrorCode;
use bletwin_models::controller::arbiter as central;
use bletwin_rules::{Force, Keeper};
use firmware_core::control::arbiter as peripheral;

use super::Rule;

/// The line before the table, which also says how to print it anew.
pub const BEGIN: &str =
    "<!-- table: BLETWIN_UPDATE_DOCS=1 cargo test -p bletwin --test system rules -->";
/// The line after it.
pub const END: &str = "<!-- end of table -->";

/// One row, for one role or for both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Id of the rule: `LL-ARB-7`.
    pub id: &'static str,
    /// The situation in which it applies.
    pub situation: &'static str,
    /// In which role.
    pub role: Keeper,
    /// What is done.
    pub verdict: String,
    /// With which error; success: with none.
    pub error: ErrorCode,
}

impl Decision {
    fn error_text(&self) -> String {
        if self.error == ErrorCode::SUCCESS {
            String::new()
        } else {
            format!("0x{:02X}", self.error.0)
        }
    }

    /// How strongly the text asks for it: 5.3 recommends to leave where the peer has answered
    /// before, and says nothing of a peer that does not keep to one procedure at a time (5).
    fn force(&self) -> Force {
        match self.id {
            "LL-ARB-1" => Force::May,
            "LL-ARB-11" | "LL-ARB-12" => Force::Should,
            "LL-ARB-13" | "LL-ARB-14" | "LL-ARB-15" | "LL-ARB-16" => Force::Own,
            _ => Force::Shall,
        }
    }

    /// As a rule like any other.
    pub(super) fn rule(self) -> Rule {
        let error = self.error_text();
        let error = if error.is_empty() { error } else { format!(" ({error})") };
        let force = self.force();
        Rule {
            id: self.id.into(),
            title: format!("decision: {}", self.verdict),
            text: format!("{}: {}{error}.", self.situation, self.verdict),
            note: String::new(),
            source: "Vol 6, Part B 5.1, 5.3".into(),
            force,
            keeper: self.role,
            document: "collisions.md",
        }
    }
}

/// The rows of both tables, by number.
///
/// # Errors
/// The id under which the two say different things.
pub fn decisions() -> Result<Vec<Decision>, String> {
    let of_peripheral = peripheral::TABLE.iter().map(|row| Decision {
        id: row.rule,
        situation: row.situation.text(),
        role: Keeper::Peripheral,
        verdict: format!("{:?}", row.verdict).to_lowercase(),
        error: row.error,
    });
    let of_central = central::TABLE.iter().map(|row| Decision {
        id: row.rule,
        situation: row.situation.text(),
        role: Keeper::Central,
        verdict: format!("{:?}", row.verdict).to_lowercase(),
        error: row.error,
    });
    merged(of_peripheral.collect(), of_central.collect())
}

fn merged(mut rows: Vec<Decision>, others: Vec<Decision>) -> Result<Vec<Decision>, String> {
    for other in others {
        let Some(row) = rows.iter_mut().find(|row| row.id == other.id) else {
            rows.push(other);
            continue;
        };
        if (row.situation, &row.verdict, row.error)
            != (other.situation, &other.verdict, other.error)
        {
            return Err(format!("{} is one thing to a peripheral, another to a central", row.id));
        }
        row.role = Keeper::Both;
    }
    let number = |row: &Decision| row.id.rsplit('-').next().and_then(|n| n.parse::<u16>().ok());
    rows.sort_by_key(number);
    Ok(rows)
}

/// The table as Markdown, with the lines around it.
#[must_use]
pub fn printed(rows: &[Decision]) -> String {
    let mut text = format!("{BEGIN}\n\n| id | situation | role | verdict | error | force |\n");
    text += "|---|---|---|---|---|---|\n";
    for row in rows {
        let (id, situation, role) = (row.id, row.situation, row.role.text());
        let (error, force, verdict) = (row.error_text(), row.force().text(), &row.verdict);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {id} | {situation} | {role} | {verdict} | {error} | {force} |");
    }
    text + "\n" + END + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &'static str, role: Keeper, verdict: &str) -> Decision {
        let (situation, verdict) = ("both start", verdict.into());
        Decision { id, situation, role, verdict, error: ErrorCode(0x23) }
    }

    #[test]
    fn what_both_roles_do_is_one_row() {
        let ours = vec![row("LL-ARB-10", Keeper::Peripheral, "wait")];
        let theirs =
            vec![row("LL-ARB-10", Keeper::Central, "wait"), row("LL-ARB-9", Keeper::Central, "x")];
        let rows = merged(ours.clone(), theirs).unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (row.id, row.role)).collect();
        assert_eq!(seen, [("LL-ARB-9", Keeper::Central), ("LL-ARB-10", Keeper::Both)]);
        assert!(printed(&rows).contains("| LL-ARB-10 | both start | both | wait | 0x23 | shall |"));
        let other = vec![row("LL-ARB-10", Keeper::Central, "reject")];
        assert!(merged(ours, other).unwrap_err().contains("LL-ARB-10"));
    }
}

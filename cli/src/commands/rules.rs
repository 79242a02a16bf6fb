//! `bletwin rules`.

use std::io::Write;

use serde::Serialize;

use super::args::Rules;
use super::ending::Exit;
use super::style;
use bletwin_explain::report::wrap;
use bletwin_explain::rules::{self, Rule};
use bletwin_setup::error::{BadInput, unknown_name};

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    title: &'a str,
    text: &'a str,
    note: &'a str,
    source: &'a str,
    force: &'static str,
    kept_by: &'static str,
    checked_by: &'static str,
    document: String,
}

impl<'a> From<&'a Rule> for Entry<'a> {
    fn from(rule: &'a Rule) -> Self {
        Self {
            id: &rule.id,
            title: &rule.title,
            text: &rule.text,
            note: &rule.note,
            source: &rule.source,
            force: rule.force.text(),
            kept_by: rule.keeper.text(),
            checked_by: if rule.is_judged() { "the oracle, and tests" } else { "tests" },
            document: format!("docs/rules/{}", rule.document),
        }
    }
}

pub(super) fn rules(options: &Rules) -> anyhow::Result<Exit> {
    let rules = rules::all().map_err(anyhow::Error::msg)?;
    let chosen = match &options.id {
        None => rules.iter().collect(),
        Some(name) => find(&rules, name)?,
    };
    let mut out = anstream::stdout().lock();
    if options.json {
        let entries: Vec<Entry<'_>> = chosen.into_iter().map(Entry::from).collect();
        serde_json::to_writer_pretty(&mut out, &entries)?;
        writeln!(out)?;
        return Ok(Exit::Expected);
    }
    for rule in chosen {
        let entry = Entry::from(rule);
        writeln!(out, "{} {}", style::heading(entry.id), entry.title)?;
        let note = if entry.note.is_empty() { String::new() } else { format!("\n{}", entry.note) };
        for paragraph in format!("{}{note}", entry.text).lines().filter(|line| !line.is_empty()) {
            for line in wrap(paragraph, 92).lines() {
                writeln!(out, "    {line}")?;
            }
        }
        let about = format!(
            "    {}; force: {}; kept by {}; checked by {}",
            entry.source, entry.force, entry.kept_by, entry.checked_by
        );
        writeln!(out, "{}", style::faint(&about))?;
    }
    Ok(Exit::Expected)
}

/// One rule by its id, or all of an area: `LL-PHY`.
fn find<'a>(rules: &'a [Rule], name: &str) -> Result<Vec<&'a Rule>, BadInput> {
    let name = name.to_ascii_uppercase();
    let area = format!("{}-", name.trim_end_matches('-'));
    let found: Vec<&Rule> =
        rules.iter().filter(|r| r.id == name || r.id.starts_with(&area)).collect();
    if found.is_empty() {
        let names: Vec<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
        return Err(unknown_name("rule", &name, &names, "`bletwin rules` shows all"));
    }
    Ok(found)
}

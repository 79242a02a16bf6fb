//! A document of `docs/rules` as Markdown.

use bletwin_rules::{DOCUMENTS, Document, Rule};

use crate::report::wrap;

/// Columns of the documents.
const WIDTH: usize = 100;

/// A document, but for the table that may follow its rules.
#[must_use]
pub fn markdown(document: &Document) -> String {
    let rules: String = document.rules.iter().map(paragraphs).collect();
    format!("# {}\n\n{}\n{rules}", document.title, document.intro)
}

fn paragraphs(rule: &Rule) -> String {
    let (force, keeper) = (rule.force.text(), rule.keeper.text());
    let said = [rule.text].into_iter().chain(rule.notes.iter().copied());
    let said: String = said.map(|text| format!("{}\n\n", wrap(text, WIDTH))).collect();
    let source = format!("Source: {}. Force: {force}. Kept by: {keeper}.", rule.source);
    format!("\n### {} {}\n\n{said}{source}\n", rule.id, rule.title)
}

/// The list of the documents.
#[must_use]
pub fn index() -> String {
    let line = |document: &Document| {
        let about = document.intro.lines().next().unwrap_or_default();
        format!("- [{}]({}): {about}\n", document.title, document.file)
    };
    DOCUMENTS.iter().map(line).collect()
}

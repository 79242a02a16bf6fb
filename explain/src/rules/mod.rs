//! All rules that code and tests can cite: those of crate `rules`, and the rows of both tables of
//! decisions, which `docs/rules/collisions.md` prints.

mod print;
mod table;

use bletwin_rules::{self as data, DOCUMENTS, Force, Keeper};

pub use print::{index, markdown};
pub use table::{BEGIN, END, decisions, printed};

/// A rule that can be cited, stated in a document or decided by a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// As it is cited: `LL-PHY-4`.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// What is demanded.
    pub text: String,
    /// What else there is to say, in paragraphs; may be empty.
    pub note: String,
    /// Where it comes from, in the Core Specification.
    pub source: String,
    /// How strongly the text asks for it.
    pub force: Force,
    /// Who has to keep it.
    pub keeper: Keeper,
    /// The document that states it, below `docs/rules/`.
    pub document: &'static str,
}

impl Rule {
    /// Whether the oracle judges it in every run.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        data::Rule::judged(&self.id).is_some()
    }

    fn new(rule: &data::Rule, document: &'static str) -> Self {
        Self {
            id: rule.id.into(),
            title: rule.title.into(),
            text: rule.text.into(),
            note: rule.notes.join("\n\n"),
            source: rule.source.into(),
            force: rule.force,
            keeper: rule.keeper,
            document,
        }
    }
}

/// All rules of the documents and of the tables.
///
/// # Errors
/// The id under which the two tables of decisions say different things.
pub fn all() -> Result<Vec<Rule>, String> {
    let stated = DOCUMENTS
        .iter()
        .flat_map(|document| document.rules.iter().map(|rule| Rule::new(rule, document.file)));
    let decided = decisions()?.into_iter().map(|decision| decision.rule());
    Ok(stated.chain(decided).collect())
}

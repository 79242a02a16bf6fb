//! The rules as data: what is printed, and what a finding cites.
#![forbid(unsafe_code)]

mod air;
mod control;

/// How strongly the text of the Core Specification asks for what a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Force {
    /// Demanded. Who does otherwise breaks the rule: a finding.
    Shall,
    /// Recommended. Who does otherwise is observed and breaks nothing.
    Should,
    /// Allowed.
    May,
    /// Not decided by the text; this is what this project's link layers do.
    Own,
}

impl Force {
    /// All of them, the strongest first.
    pub const ALL: [Self; 4] = [Self::Shall, Self::Should, Self::May, Self::Own];

    /// As documents say it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Shall => "shall",
            Self::Should => "should",
            Self::May => "may",
            Self::Own => "own choice",
        }
    }
}

/// A rule that the oracle judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name in findings.
    pub id: &'static str,
    /// In a few words.
    pub title: &'static str,
    /// What is demanded or recommended.
    pub text: &'static str,
    /// Where it comes from: a section of Vol 6, Part B of the Core Specification.
    pub source: &'static str,
    /// How strongly it is meant.
    pub force: Force,
}

impl Rule {
    /// The rule with this id, if the oracle judges it.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.id == id)
    }

    /// Whether a rule is about what PDUs say and when, not about how they are sent.
    #[must_use]
    pub fn is_of_control(id: &str) -> bool {
        control::RULES.iter().any(|rule| rule.id == id)
    }
}

const fn shall(
    id: &'static str,
    title: &'static str,
    source: &'static str,
    text: &'static str,
) -> Rule {
    Rule { id, title, text, source, force: Force::Shall }
}

const fn should(
    id: &'static str,
    title: &'static str,
    source: &'static str,
    text: &'static str,
) -> Rule {
    Rule { force: Force::Should, ..shall(id, title, source, text) }
}

const ALL: [Rule; air::RULES.len() + control::RULES.len()] = {
    let mut all = [air::RULES[0]; air::RULES.len() + control::RULES.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = match at.checked_sub(air::RULES.len()) {
            None => air::RULES[at],
            Some(at) => control::RULES[at],
        };
        at += 1;
    }
    all
};

/// All rules that the oracle judges.
pub const RULES: &[Rule] = &ALL;

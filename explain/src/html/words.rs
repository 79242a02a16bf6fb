//! What the rules and codes mean that a run speaks of.

use super::model::{RuleText, Run};
use crate::codes::{self, Layer};
use crate::rules;

/// Codes that a text names (`reason 8`, `err 9`): how they are called, and their usual causes.
pub(super) fn codes(text: &str) -> Vec<(String, &'static str)> {
    let told = |code: codes::Code| {
        let number = code.code;
        let what = match code.layer {
            Layer::Hci => format!("reason {number} (0x{number:02X})"),
            Layer::Zephyr => format!("err {number}"),
            Layer::Smp | Layer::Att => format!("{} 0x{number:02X}", code.layer.word()),
        };
        (format!("{what}: {}", code.name), code.causes)
    };
    codes::spoken_of(text).into_iter().map(told).collect()
}

/// The rules that anything in these runs names.
pub(super) fn rules(runs: &[Run]) -> Vec<RuleText> {
    let texts: Vec<&str> = runs
        .iter()
        .flat_map(|run| {
            let fields = run.marks.iter().flat_map(|mark| &mark.fields);
            let rules = fields.filter(|(name, _)| *name == "rule").map(|(_, id)| id);
            run.why.iter().chain([&run.verdict]).chain(rules).map(String::as_str)
        })
        .collect();
    // A test reads the documents; a page without them is still a page.
    let all = rules::all().unwrap_or_default();
    let named = all.into_iter().filter(|rule| texts.iter().any(|text| names(text, &rule.id)));
    named
        .map(|rule| RuleText {
            id: rule.id,
            title: rule.title,
            text: rule.text,
            source: rule.source,
        })
        .collect()
}

/// Whether a text cites a rule, and not one whose id begins with this one's.
fn names(text: &str, id: &str) -> bool {
    text.match_indices(id).any(|(at, _)| {
        let next = text[at + id.len()..].chars().next();
        !next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_explained() {
        let told = codes("no bond, the link died, err 9, reason 8 after 15.141 s");
        let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["reason 8 (0x08): Connection Timeout", "err 9: Unspecified"]);
        assert!(codes("bonded, level 4").is_empty());
    }

    #[test]
    fn a_rule_is_told_from_a_longer_id() {
        assert!(names("broke AB-1 and", "AB-1") && names("(AB-1)", "AB-1"));
        assert!(!names("AB-12", "AB-1") && !names("AB", "AB-1"));
    }
}

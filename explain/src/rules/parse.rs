//! The form of a document: `### ID title`, paragraphs, and a last line with source,
//! force and keeper.

use bletwin_rules::Force;

use super::{Keeper, Rule};

/// The rules of a document.
///
/// # Errors
/// Line and fault of what is not in the form of `docs/rules/README.md`.
pub fn parse(document: &'static str, text: &str) -> Result<Vec<Rule>, String> {
    let mut rules = Vec::new();
    let mut open: Option<(usize, &str, Vec<&str>)> = None;
    for (number, line) in text.lines().enumerate().map(|(n, line)| (n + 1, line)) {
        let fault = |what: &str| format!("docs/rules/{document}:{number}: {what}");
        if let Some(heading) = line.strip_prefix("### ") {
            if let Some((began, ..)) = open.replace((number, heading, Vec::new())) {
                return Err(format!("docs/rules/{document}:{began}: a rule without a source"));
            }
        } else if let Some((_, heading, body)) = &mut open {
            if !line.starts_with("Source: ") {
                if line.starts_with('#') {
                    return Err(fault("a heading within a rule"));
                }
                body.push(line);
                continue;
            }
            rules.push(rule(document, heading, body, line).map_err(|what| fault(&what))?);
            open = None;
        }
    }
    match open {
        Some((began, ..)) => Err(format!("docs/rules/{document}:{began}: a rule without a source")),
        None => Ok(rules),
    }
}

fn rule(document: &'static str, heading: &str, body: &[&str], last: &str) -> Result<Rule, String> {
    let (id, title) = heading.split_once(' ').ok_or("a heading is `### ID title`")?;
    if !is_id(id) {
        return Err(format!("`{id}` is not of the form LL-AREA-1"));
    }
    let body = body.join("\n");
    let mut paragraphs = body.split("\n\n").map(|p| p.split_whitespace().collect::<Vec<_>>());
    let mut paragraphs =
        paragraphs.by_ref().filter(|words| !words.is_empty()).map(|words| words.join(" "));
    let text = paragraphs.next().ok_or_else(|| format!("{id} says nothing"))?;
    let note = paragraphs.collect::<Vec<_>>().join("\n\n");
    let wrong = || format!("the last line of {id} is `Source: …. Force: …. Kept by: ….`");
    let (source, force, keeper) = last
        .strip_prefix("Source: ")
        .and_then(|rest| rest.strip_suffix('.'))
        .and_then(|rest| rest.split_once(". Kept by: "))
        .and_then(|(rest, keeper)| {
            let (source, force) = rest.split_once(". Force: ")?;
            Some((source, force, keeper))
        })
        .ok_or_else(wrong)?;
    let force = Force::ALL.into_iter().find(|f| f.text() == force).ok_or_else(|| {
        let all = Force::ALL.map(Force::text).join(", ");
        format!("{id} has the force `{force}`, which is none of: {all}")
    })?;
    let keeper = Keeper::ALL.into_iter().find(|k| k.text() == keeper).ok_or_else(|| {
        let all = Keeper::ALL.map(Keeper::text).join("; ");
        format!("{id} is kept by `{keeper}`, which is none of: {all}")
    })?;
    let (id, title, source) = (id.into(), title.into(), source.into());
    Ok(Rule { id, title, text, note, source, force, keeper, document })
}

/// Whether this has the form of an id.
pub(super) fn is_id(text: &str) -> bool {
    let mut parts = text.split('-');
    let area = |area: &str| !area.is_empty() && area.bytes().all(|b| b.is_ascii_uppercase());
    let number = |n: &str| n.parse::<u16>().is_ok_and(|n| n > 0) && !n.starts_with('0');
    parts.next() == Some("LL")
        && parts.next().is_some_and(area)
        && parts.next().is_some_and(number)
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# Area\n\nIntro.\n\n### LL-X-1 a title\n\nThe rule\nitself.\n\nMore.\n\n\
                        Source: Vol 6, Part B 5.1. Force: should. Kept by: central.\n";

    #[test]
    fn a_rule_is_heading_paragraphs_and_source() {
        let rules = parse("x.md", GOOD).unwrap();
        let [rule] = &rules[..] else { panic!("{rules:?}") };
        assert_eq!((rule.id.as_str(), rule.title.as_str()), ("LL-X-1", "a title"));
        assert_eq!((rule.text.as_str(), rule.note.as_str()), ("The rule itself.", "More."));
        assert_eq!((rule.source.as_str(), rule.keeper), ("Vol 6, Part B 5.1", Keeper::Central));
        assert_eq!(rule.force, Force::Should);
    }

    #[test]
    fn what_is_not_in_this_form_is_named_with_its_line() {
        for (wrong, said) in [
            (GOOD.replace("LL-X-1", "LLX1"), "x.md:12: `LLX1`"),
            (GOOD.replace("LL-X-1", "LL-X-01"), "`LL-X-01`"),
            (GOOD.replace(" a title", ""), "### ID title"),
            (GOOD.replace("Source", "Sources"), "x.md:5: a rule without a source"),
            (GOOD.replace("central.", "centrals."), "`centrals`"),
            (GOOD.replace("should", "must"), "the force `must`, which is none of: shall, should"),
            (GOOD.replace(" Force: should.", ""), "the last line of LL-X-1"),
            (GOOD.replace("central.", "central"), "the last line of LL-X-1"),
            (GOOD.replace("The rule\nitself.\n\nMore.\n\n", ""), "LL-X-1 says nothing"),
            (GOOD.replace("More.", "## More"), "x.md:10: a heading within a rule"),
        ] {
            let error = parse("x.md", &wrong).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}

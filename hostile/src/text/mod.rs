//! Structured changes of a text: lines of a profile, a firmware or a finding, each in its table,
//! with values from the descriptions of the keys.

mod central;
mod finding;
mod values;

use bletwin_setup::PRESETS;
use bletwin_setup::keys::PERIPHERAL;

use crate::rng::Rng;
pub(super) use values::{ODD, ODD_WORDS, beside, long_words, variants};
use values::{quoted, renumbered, typo};

/// Maximum number of changes per mutation.
const CHANGES: usize = 8;

/// A line, or several that stay together, and the table to which they belong: `""` at the top.
struct Lines<'a> {
    table: &'a str,
    text: String,
}

impl<'a> Lines<'a> {
    fn new(table: &'a str, text: impl Into<String>) -> Self {
        Self { table, text: text.into() }
    }
}

/// A drawn text for an entrance; `None` if its inputs are not text.
fn drawn(target: &str, rng: &mut Rng) -> Option<Lines<'static>> {
    Some(match target {
        "central" => central::lines(rng),
        "firmware" => firmware(rng),
        "finding" => finding::lines(rng),
        _ => return None,
    })
}

fn firmware(rng: &mut Rng) -> Lines<'static> {
    if rng.one_in(16) {
        let name = rng.pick(&PRESETS);
        let name = if rng.one_in(4) { typo(rng, name) } else { name.to_owned() };
        return Lines::new("", format!("preset = {}", quoted(&name)));
    }
    Lines::new("", values::line(rng, PERIPHERAL))
}

/// The text with a few changes; `None` for an entrance that takes no text.
pub(super) fn changed(target: &str, input: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(input);
    let mut all: Vec<String> = text.lines().map(Into::into).collect();
    for _ in 0..rng.few(CHANGES) {
        let (at, other) = (rng.below(all.len()), rng.below(all.len()));
        match rng.below(16) {
            0 if !all.is_empty() => drop(all.remove(at)),
            1 if !all.is_empty() => all.swap(at, other),
            2 if !all.is_empty() => all.insert(other, all[at].clone()),
            3 if !all.is_empty() => all[at] = typo(rng, &all[at]),
            4 if !all.is_empty() => all[at] = renumbered(rng, &all[at]),
            _ => put(&mut all, &drawn(target, rng)?, rng),
        }
    }
    Some(all.join("\n").into_bytes())
}

/// Some lines of another text beside those of this one, each in its table.
pub(super) fn crossed(target: &str, one: &[u8], other: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
    // Entrances without text inputs get no drawn text.
    drawn(target, &mut Rng(0))?;
    let one = String::from_utf8_lossy(one);
    let other = String::from_utf8_lossy(other);
    let mut all: Vec<String> = one.lines().map(Into::into).collect();
    let mut table = "";
    for line in other.lines() {
        if line.starts_with('[') {
            table = line.trim();
        } else if !line.starts_with('#') && rng.one_in(3) {
            put(&mut all, &Lines { table, text: line.into() }, rng);
        }
    }
    Some(all.join("\n").into_bytes())
}

/// Puts lines into their table, in the place of one of the same key: that it is there twice is all
/// that a reader would say.
fn put(all: &mut Vec<String>, lines: &Lines<'_>, rng: &mut Rng) {
    let key = |line: &str| line.split_once('=').map(|(key, _)| key.trim().to_owned());
    let is_header = |line: &String| line.trim_start().starts_with('[');
    let new = || lines.text.lines().map(String::from);
    let begin = match lines.table {
        "" => Some(0),
        // One more of them, mostly.
        table if table.starts_with("[[") && !rng.one_in(4) => None,
        table => all.iter().position(|line| line.trim() == table).map(|at| at + 1),
    };
    let Some(begin) = begin else {
        // Behind all other tables; what ends a file stays at its end.
        let end = all.iter().rposition(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let at = end.map_or(0, |at| at + 1);
        all.splice(at..at, std::iter::once(lines.table.to_owned()).chain(new()));
        return;
    };
    let length = all[begin..].iter().position(is_header).unwrap_or(all.len() - begin);
    let range = begin..begin + length;
    let told = key(lines.text.lines().next().unwrap_or_default());
    let same = told.and_then(|told| {
        all[range.clone()].iter().position(|line| key(line).as_ref() == Some(&told))
    });
    match same {
        Some(at) if !rng.one_in(16) => {
            let at = range.start + at;
            all.splice(at..=at, new());
        }
        _ => {
            let at = range.start + rng.below(length + 1);
            all.splice(at..at, new());
        }
    }
}

#[cfg(test)]
mod tests {
    use bletwin_explore::saved::Saved;
    use bletwin_setup::Firmware;

    use super::*;
    use crate::tables;

    /// Most drawn texts are valid: otherwise nothing after a reader's first check is reached.
    #[test]
    fn a_change_is_often_taken_and_often_not() {
        let taken = |target: &str, text: &str| match target {
            "firmware" => Firmware::parse("drawn.toml", text).is_ok(),
            "finding" => Saved::from_file(text).is_ok(),
            _ => central::is_taken(text),
        };
        for target in ["central", "firmware", "finding"] {
            // The others are wrong from the beginning.
            let inputs: Vec<_> = tables::inputs(target).into_iter().take(100).collect();
            let (mut right, mut wrong) = (0, 0);
            for seed in 0..400 {
                let mut rng = Rng(seed);
                let input = &inputs[rng.below(inputs.len())];
                let text = changed(target, input, &mut rng).expect("a text");
                let text = String::from_utf8(text).expect("a text");
                match taken(target, &text) {
                    true => right += 1,
                    false => wrong += 1,
                }
            }
            assert!(right > 60 && wrong > 60, "{target}: {right} taken, {wrong} not");
        }
    }
}

//! Lines of a central's profile.

use bletwin_models::profile::{KEYS, catalogue};

use super::Lines;
use super::values::{self, quoted, typo};
use crate::rng::Rng;

/// Rules that a profile may break, one that only recommends, and an unknown one.
const RULES: [&str; 7] =
    ["LL-VERS-1", "LL-END-1", "LL-PHY-1", "LL-ENC-6", "LL-INST-1", "LL-INST-4", "LL-NONE"];
/// What may be under way at the end, and an invalid word.
const BUSY: [&str; 7] =
    ["own-procedure", "peers-procedure", "data", "commands", "security", "later", "sleeping"];
/// What `[expect]` may say.
const OUTCOMES: [&str; 6] =
    ["bonded", "bonded, then reason 8", "disconnected, reason 40", "timeout", "a or b", ""];
/// Texts without meaning.
const TEXTS: [&str; 5] = ["in a line", "", "two\nlines", "\u{e9}\u{1}", "x\"y\\z"];

/// A line that is drawn.
pub(super) fn lines(rng: &mut Rng) -> Lines<'static> {
    match rng.below(24) {
        0 => Lines::new("", format!("version = {}", rng.pick(&["1", "2", "-1", "\"1\"", "1.0"]))),
        1 => Lines::new("", format!("name = {}", text(rng))),
        2 => Lines::new("", format!("about = {}", text(rng))),
        3 | 4 => Lines::new("", format!("extends = {}", one(rng, name))),
        5 => Lines::new("", format!("quirks = {}", list(rng, name))),
        6 => Lines::new("", format!("sources = {}", list(rng, |rng| rng.pick(&TEXTS).into()))),
        7 => Lines::new("", format!("breaks = {}", list(rng, |rng| rng.pick(&RULES).into()))),
        8 => Lines::new("", format!("busy = {}", list(rng, |rng| rng.pick(&BUSY).into()))),
        9 => {
            let firmware = rng.pick(&["zephyr-2024", "recommended", "\"mine.toml\"", "x"]);
            let outcome = one(rng, |rng| rng.pick(&OUTCOMES).into());
            Lines::new("[expect]", format!("{firmware} = {outcome}"))
        }
        10 => quirk(rng),
        11 => effect(rng),
        12 => {
            // A key that is not there, or is elsewhere.
            let line = values::line(rng, KEYS);
            let line = if rng.one_in(3) { format!("central.{line}") } else { typo(rng, &line) };
            Lines::new("", line)
        }
        _ => Lines::new("", values::line(rng, KEYS)),
    }
}

/// A central, a quirk, a file, or nothing of that kind.
fn name(rng: &mut Rng) -> String {
    let names: Vec<&str> = catalogue::names().collect();
    let name = rng.pick(&names);
    match rng.below(12) {
        0 => rng.pick(&["hostile.toml", "./hostile.toml", "other.toml", "", "x/y.toml"]).into(),
        1 => typo(rng, name),
        _ => name.into(),
    }
}

fn text(rng: &mut Rng) -> String {
    one(rng, |rng| rng.pick(&TEXTS).into())
}

/// Mostly a text in quotes.
fn one(rng: &mut Rng, word: impl Fn(&mut Rng) -> String) -> String {
    let word = word(rng);
    match rng.below(16) {
        0 => word,
        1 => format!("[{}]", quoted(&word)),
        2 => typo(rng, &quoted(&word)),
        _ => quoted(&word),
    }
}

/// Mostly a list of texts; sometimes long.
fn list(rng: &mut Rng, word: impl Fn(&mut Rng) -> String) -> String {
    let count = if rng.one_in(32) { 70 } else { rng.few(8) - usize::from(rng.one_in(8)) };
    let items: Vec<String> = (0..count).map(|_| quoted(&word(rng))).collect();
    match rng.below(16) {
        0 => items.join(", "),
        1 => typo(rng, &format!("[{}]", items.join(", "))),
        _ => format!("[{}]", items.join(", ")),
    }
}

/// A line of a catalogue entry; the first time all mandatory lines.
fn quirk(rng: &mut Rng) -> Lines<'static> {
    let all = [
        ("ids", "[\"Q1\"]"),
        ("title", "\"in one line\""),
        ("confidence", "\"A\""),
        ("seen-in", "\"a phone\""),
        ("effect", "{ phy = 1 }"),
        ("advice", "\"another firmware\""),
    ];
    let more = [
        ("confidence", "\"B\""),
        ("confidence", "\"C\""),
        ("confidence", "\"D\""),
        ("scenario", "\"stay\""),
        ("firmware", "\"recommended\""),
        ("set", "[\"loss=20\"]"),
        ("seeds", "[1, 2, 5]"),
        ("seeds", "[-1]"),
        ("cures", "[[\"preferred=24,36,0,400\"], []]"),
        ("cures", "[\"x\"]"),
        ("ids", "1"),
        ("other", "1"),
    ];
    let line = |(key, value): (&str, &str)| format!("{key} = {value}");
    match rng.below(3) {
        0 => Lines::new("[quirk]", all.map(line).join("\n")),
        1 => Lines::new("[quirk]", line(rng.pick(&all))),
        _ => Lines::new("[quirk]", line(rng.pick(&more))),
    }
}

fn effect(rng: &mut Rng) -> Lines<'static> {
    let parts = [
        "outcome = \"disconnected\"",
        "reason = 8",
        "err = 4",
        "phy = 2",
        "interval-us = 50000",
        "log = [\"Disconnected\"]",
        "air = [\"LL_PHY_REQ\"]",
        "reason = 256",
        "other = 1",
    ];
    let chosen: Vec<&str> = (0..rng.few(4)).map(|_| rng.pick(&parts)).collect();
    Lines::new("[quirk]", format!("effect = {{ {} }}", chosen.join(", ")))
}

#[cfg(test)]
pub(super) fn is_taken(text: &str) -> bool {
    use std::path::Path;

    let path = Path::new("hostile.toml");
    let read = |wanted: &Path| match wanted == path {
        true => Ok(text.to_owned()),
        false => Err(std::io::Error::from(std::io::ErrorKind::NotFound)),
    };
    bletwin_models::profile::load(path, &read).is_ok()
}

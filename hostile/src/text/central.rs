//! Lines of a central's profile.

use bletwin_models::profile::{KEYS, catalogue};

use super::Lines;
use super::values::{self, quoted, typo};
use crate::luck::Luck;

/// Rules that a profile may break, one that only recommends, and one that is none.
const RULES: [&str; 7] =
    ["LL-VERS-1", "LL-END-1", "LL-PHY-1", "LL-ENC-6", "LL-INST-1", "LL-INST-4", "LL-NONE"];
/// What may be under way in the end, and a word that is no such thing.
const BUSY: [&str; 7] =
    ["own-procedure", "peers-procedure", "data", "commands", "security", "later", "sleeping"];
/// What `[expect]` may say.
const OUTCOMES: [&str; 6] =
    ["bonded", "bonded, then reason 8", "disconnected, reason 40", "timeout", "a or b", ""];
/// Texts that say nothing to anybody.
const TEXTS: [&str; 5] = ["in a line", "", "two\nlines", "\u{e9}\u{1}", "x\"y\\z"];

/// A line that is drawn.
pub(super) fn lines(luck: &mut Luck) -> Lines<'static> {
    match luck.below(24) {
        0 => Lines::new("", format!("version = {}", luck.pick(&["1", "2", "-1", "\"1\"", "1.0"]))),
        1 => Lines::new("", format!("name = {}", text(luck))),
        2 => Lines::new("", format!("about = {}", text(luck))),
        3 | 4 => Lines::new("", format!("extends = {}", one(luck, name))),
        5 => Lines::new("", format!("quirks = {}", list(luck, name))),
        6 => Lines::new("", format!("sources = {}", list(luck, |luck| luck.pick(&TEXTS).into()))),
        7 => Lines::new("", format!("breaks = {}", list(luck, |luck| luck.pick(&RULES).into()))),
        8 => Lines::new("", format!("busy = {}", list(luck, |luck| luck.pick(&BUSY).into()))),
        9 => {
            let firmware = luck.pick(&["zephyr-2024", "recommended", "\"mine.toml\"", "x"]);
            let outcome = one(luck, |luck| luck.pick(&OUTCOMES).into());
            Lines::new("[expect]", format!("{firmware} = {outcome}"))
        }
        10 => quirk(luck),
        11 => effect(luck),
        12 => {
            // A key that is not there, or is elsewhere.
            let line = values::line(luck, KEYS);
            let line = if luck.one_in(3) { format!("central.{line}") } else { typo(luck, &line) };
            Lines::new("", line)
        }
        _ => Lines::new("", values::line(luck, KEYS)),
    }
}

/// A central, a quirk, a file, or nothing of that kind.
fn name(luck: &mut Luck) -> String {
    let names: Vec<&str> = catalogue::names().collect();
    let name = luck.pick(&names);
    match luck.below(12) {
        0 => luck.pick(&["hostile.toml", "./hostile.toml", "other.toml", "", "x/y.toml"]).into(),
        1 => typo(luck, name),
        _ => name.into(),
    }
}

fn text(luck: &mut Luck) -> String {
    one(luck, |luck| luck.pick(&TEXTS).into())
}

/// Mostly a text in quotes.
fn one(luck: &mut Luck, word: impl Fn(&mut Luck) -> String) -> String {
    let word = word(luck);
    match luck.below(16) {
        0 => word,
        1 => format!("[{}]", quoted(&word)),
        2 => typo(luck, &quoted(&word)),
        _ => quoted(&word),
    }
}

/// Mostly a list of texts; sometimes long.
fn list(luck: &mut Luck, word: impl Fn(&mut Luck) -> String) -> String {
    let count = if luck.one_in(32) { 70 } else { luck.few(8) - usize::from(luck.one_in(8)) };
    let items: Vec<String> = (0..count).map(|_| quoted(&word(luck))).collect();
    match luck.below(16) {
        0 => items.join(", "),
        1 => typo(luck, &format!("[{}]", items.join(", "))),
        _ => format!("[{}]", items.join(", ")),
    }
}

/// A line of what the catalogue says; at the first time all that it must say.
fn quirk(luck: &mut Luck) -> Lines<'static> {
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
    match luck.below(3) {
        0 => Lines::new("[quirk]", all.map(line).join("\n")),
        1 => Lines::new("[quirk]", line(luck.pick(&all))),
        _ => Lines::new("[quirk]", line(luck.pick(&more))),
    }
}

fn effect(luck: &mut Luck) -> Lines<'static> {
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
    let chosen: Vec<&str> = (0..luck.few(4)).map(|_| luck.pick(&parts)).collect();
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

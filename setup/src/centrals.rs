//! Centrals by name or by file, for everything that takes `--central`.

use std::io::{self, Read};
use std::path::Path;

use bletwin_models::profile::{self, Entry, KEYS, Profile, ProfileError, SIZE_MAX, catalogue};
use bletwin_schema::{Position, Written};
use toml::de::DeTable;

use crate::PRESETS;
use crate::error::{BadInput, nearest, unknown_name_or_file};
use crate::keys::{conflict, page};

impl From<ProfileError> for BadInput {
    fn from(error: ProfileError) -> Self {
        Self { what: error.to_string(), help: error.help }
    }
}

/// The built-in central of this name, or the one that a file (`….toml`) describes.
///
/// # Errors
/// [`BadInput`] with the nearest names, or with file, line and what would be right.
pub fn find(reference: &str) -> Result<Entry, BadInput> {
    if profile::is_file(reference) {
        let entry = profile::load(Path::new(reference), &read)?;
        let known = |name: &str| PRESETS.contains(&name) || profile::is_file(name);
        return match entry.expect.keys().find(|name| !known(name)) {
            Some(name) => Err(BadInput {
                what: format!("{reference}: [expect] names `{name}`, which is no firmware"),
                help: match nearest(name, &PRESETS) {
                    Some(near) => format!("did you mean `{near}`? a file must end in .toml"),
                    None => format!("name {}, or a file that ends in .toml", PRESETS.join(", ")),
                },
            }),
            None => expected(reference).map(|()| entry),
        };
    }
    catalogue::entry(reference).ok_or_else(|| {
        let names: Vec<&str> = catalogue::names().collect();
        let list = "`bletwin central list` shows all; a file must end in .toml";
        unknown_name_or_file("central", reference, &names, list)
    })
}

/// Whether `[expect]` of a file names outcomes that there are.
fn expected(reference: &str) -> Result<(), BadInput> {
    let text = read(Path::new(reference)).unwrap_or_default();
    // It was parsed before: its other errors have been reported.
    let Ok(table) = DeTable::parse(&text) else { return Ok(()) };
    let expect = table.get_ref().get("expect").and_then(|value| value.get_ref().as_table());
    for (firmware, outcome) in expect.into_iter().flat_map(|table| table.iter()) {
        let expected = outcome.get_ref().as_str().unwrap_or_default();
        if let Some(wrong) = expected.split(" or ").find(|one| !is_outcome(one)) {
            let Position { line, column } = Position::of(&text, outcome.span().start);
            let firmware = firmware.get_ref();
            return Err(BadInput {
                what: format!(
                    "{reference}:{line}:{column}: `{wrong}` is no outcome that {firmware} could \
                     have"
                ),
                help: "write \"bonded\", \"bonded, then reason 8\", \"disconnected, reason 8\", \
                       \"pairing failed\", \"pairing failed, err 4\" or \"timeout\"; \
                       several with ` or ` between"
                    .into(),
            });
        }
    }
    Ok(())
}

/// Whether a cell of the matrix could say so.
fn is_outcome(text: &str) -> bool {
    let (what, rest) = text.split_once(", ").unwrap_or((text, ""));
    let number = |before: &str| rest.strip_prefix(before).is_some_and(|n| n.parse::<u8>().is_ok());
    match what {
        "bonded" => rest.is_empty() || number("then reason "),
        "disconnected" => number("reason "),
        "pairing failed" => rest.is_empty() || number("err "),
        "timeout" => rest.is_empty(),
        _ => false,
    }
}

/// Reads a file as far as a description may be long, and one octet more.
pub fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let limit = SIZE_MAX as u64 + 1;
    std::fs::File::open(path)?.take(limit).read_to_string(&mut text)?;
    Ok(text)
}

/// A template: every key with its meaning and, commented out, its value in the extended profile.
/// Removing the `# ` changes nothing.
#[must_use]
pub fn template(extends: &str, base: &Profile) -> String {
    format!(
        "version = 1\n\
         about = \"what it is, in a line\"\n\
         extends = {extends:?}\n\n\
         ## Lines that begin with `# ` say what holds already; take it off those to change.\n\n\
         ## Quirks that it has besides; `bletwin central list` shows all\n\
         # quirks = []\n\n\
         ## Where its behaviour is known from\n\
         # sources = []\n\n\
         ## Rules of the link layer that it breaks; `bletwin rules` shows all\n\
         # breaks = []\n\n\
         ## What may still be under way when a run is ended; docs/JSON.md has the words\n\
         # busy = []\n\
         {}\n\
         ### What you expect of `bletwin matrix`, by firmware preset; the table stays last\n\n\
         # [expect]\n\
         # zephyr-2024 = \"bonded\"\n\
         # recommended = \"bonded\"\n",
        page::to_begin_with(KEYS, base)
    )
}

/// A central with every value that it has, as TOML that reads back, and where each comes from.
#[must_use]
pub fn flat(entry: &Entry) -> String {
    let Profile { name, about, sources, breaks, busy, .. } = &entry.profile;
    let list = |items: &[String]| {
        let items = items.iter().map(|item| Written::Text(item.clone())).collect();
        Written::List(items).toml()
    };
    let text = |text: &String| Written::Text(text.clone()).toml();
    let mut flat = format!("version = 1\nname = {}\n", text(name));
    if !about.is_empty() {
        flat += &format!("about = {}\n", text(about));
    }
    for (key, items) in [("sources", sources), ("breaks", breaks), ("busy", busy)] {
        flat += &format!("{key} = {}\n", list(items));
    }
    flat += &page::flat(KEYS, &entry.profile, &entry.origins, "default");
    if !entry.expect.is_empty() {
        flat += "\n[expect]\n";
    }
    for (firmware, outcome) in &entry.expect {
        flat += &format!("{} = {}\n", text(firmware), text(outcome));
    }
    flat
}

/// The same for programs; docs/JSON.md describes it.
#[must_use]
pub fn json(entry: &Entry) -> serde_json::Value {
    let Profile { name, about, sources, breaks, busy, .. } = &entry.profile;
    serde_json::json!({
        "name": name,
        "about": about,
        "sources": sources,
        "breaks": breaks,
        "busy": busy,
        "expect": entry.expect,
        "keys": page::json(KEYS, &entry.profile, &entry.origins, "default"),
    })
}

/// Values of a central that can have no effect, with where they come from.
#[must_use]
pub fn warnings(entry: &Entry) -> Vec<BadInput> {
    conflict::warnings(entry.profile.warnings(), &entry.origins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impossible_expectation_is_reported_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mine.toml");
        let name = file.to_str().unwrap().to_owned();
        let load = |outcome: &str| {
            let text = format!("version = 1\n[expect]\nzephyr-2024 = \"{outcome}\"\n");
            std::fs::write(&file, text).unwrap();
            find(&name)
        };
        for wrong in ["bondd", "disconnected", "bonded or timout", "bonded, reason 8", ""] {
            let error = load(wrong).unwrap_err();
            assert!(error.what.contains("mine.toml:3:15: "), "{error}");
            assert!(error.help.contains("disconnected, reason 8"), "{error}");
        }
        for entry in catalogue::centrals().into_iter().chain(catalogue::quirks()) {
            for outcome in entry.expect.values() {
                assert!(outcome.split(" or ").all(is_outcome), "{}: {outcome}", entry.profile.name);
            }
        }
        assert!(load("bonded or disconnected, reason 8").is_ok());
    }
}

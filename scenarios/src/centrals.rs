//! Centrals by name or by file, for everything that takes `--central`.

use std::io::{self, Read};
use std::path::Path;

use bletwin_models::profile::{self, Entry, ProfileError, SIZE_MAX, catalogue, keys};

use crate::error::{BadInput, nearest, unknown_name_or_file};
use crate::setup::PRESETS;

impl From<ProfileError> for BadInput {
    fn from(error: ProfileError) -> Self {
        let near = error.unknown.as_ref().and_then(|unknown| {
            let (typed, known) = &**unknown;
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            nearest(typed, &known)
        });
        let help = match near {
            Some(near) => format!("did you mean `{near}`? {}", error.help),
            None => error.help.clone(),
        };
        Self { what: error.to_string(), help }
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
            None => Ok(entry),
        };
    }
    catalogue::entry(reference).ok_or_else(|| {
        let names: Vec<&str> = catalogue::names().collect();
        let list = "`bletwin central list` shows all; a file must end in .toml";
        unknown_name_or_file("central", reference, &names, list)
    })
}

/// Reads a file as far as a profile may be long, and one octet more.
fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let limit = SIZE_MAX as u64 + 1;
    std::fs::File::open(path)?.take(limit).read_to_string(&mut text)?;
    Ok(text)
}

/// A file to begin with: every key with its meaning and values, commented out.
#[must_use]
pub fn template(extends: &str) -> String {
    let mut text = format!(
        "version = 1\nabout = \"what it is, in a line\"\nextends = \"{extends}\"\n\
         # quirks = [\"phy-stall\"]        # `bletwin central list` shows all\n\
         # sources = [\"https://…\"]       # where its behaviour is known from\n"
    );
    let mut group = "";
    for key in keys() {
        if key.group != group {
            group = key.group;
            text += &format!("\n## {group}\n");
        }
        text += &format!("\n# {}\n# {} =        # {}\n", key.meaning, key.name, key.values);
    }
    text + "\n# What you expect of `bletwin matrix`, by firmware preset:\n# [expect]\n\
            # zephyr-2024 = \"disconnected, reason 8\"\n# recommended = \"bonded\"\n"
}

//! Puts a profile together from its file, what that extends, and the quirks that it includes.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use bletwin_sim::oracle::{Force, RULES, Rule};

use super::error::ProfileError;
use super::quirk::Quirk;
use super::schema::{File, VERSION};
use super::{Profile, catalogue, convert};

/// Longest file, octets.
pub const SIZE_MAX: usize = 64 * 1024;
/// Longest chain of `extends`.
const DEPTH_MAX: usize = 8;
/// Most files in all.
const FILES_MAX: usize = 64;

/// Reads a file of the user's.
pub type Read<'a> = &'a dyn Fn(&Path) -> io::Result<String>;

/// A profile with what its file says besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The central.
    pub profile: Profile,
    /// What it extends; the central without what the file adds.
    pub base: Option<Profile>,
    /// What is expected of it, by firmware preset.
    pub expect: BTreeMap<String, String>,
    /// What the catalogue says of it, if it is a quirk.
    pub quirk: Option<Quirk>,
}

/// Where a profile is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    BuiltIn(String),
    File(PathBuf),
}

impl Place {
    /// What `reference` means in this place.
    fn resolve(&self, reference: &str) -> Self {
        match self {
            Self::File(path) if is_file(reference) => {
                let folder = path.parent().unwrap_or_else(|| Path::new(""));
                Self::File(folder.join(reference))
            }
            _ => Self::BuiltIn(reference.into()),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::BuiltIn(name) => name.clone(),
            Self::File(path) => path.display().to_string(),
        }
    }

    fn stem(&self) -> String {
        match self {
            Self::BuiltIn(name) => name.clone(),
            Self::File(path) => path.file_stem().unwrap_or_default().to_string_lossy().into(),
        }
    }
}

/// Whether a reference is to a file, by its ending.
#[must_use]
pub fn is_file(reference: &str) -> bool {
    Path::new(reference).extension().is_some_and(|ending| ending == "toml")
}

/// A built-in profile.
pub(super) fn built_in(name: &str) -> Result<Entry, ProfileError> {
    let nothing = |_: &Path| Err(io::Error::from(io::ErrorKind::NotFound));
    Loader { read: &nothing, files: 0 }.entry(&Place::BuiltIn(name.into()), &mut Vec::new())
}

/// A profile of the user's.
///
/// # Errors
/// [`ProfileError`] with file, line and what would be right.
pub fn load(path: &Path, read: Read<'_>) -> Result<Entry, ProfileError> {
    Loader { read, files: 0 }.entry(&Place::File(path.to_owned()), &mut Vec::new())
}

struct Loader<'a> {
    read: Read<'a>,
    files: usize,
}

/// The places that lead to the present one.
type Chain = Vec<Place>;

impl Loader<'_> {
    fn entry(&mut self, place: &Place, chain: &mut Chain) -> Result<Entry, ProfileError> {
        let (file, text) = self.file(place, chain)?;
        chain.push(place.clone());
        let here = |error: ProfileError| error.found_in(place.text().as_str(), &text, &file);
        let base = match &file.extends {
            Some(of) => Some(self.entry(&place.resolve(of), chain).map_err(here)?.profile),
            None => None,
        };
        let mut profile = base.clone().unwrap_or_default();
        profile.name = file.name.clone().unwrap_or_else(|| place.stem());
        self.layer(place, &file, &mut profile, chain).map_err(here)?;
        chain.pop();
        if let Some(rule) = file.breaks.iter().find(|id| !is_rule(id)) {
            return Err(here(no_rule(&place.text(), rule)));
        }
        if let Some(about) = &file.about {
            profile.about.clone_from(about);
        }
        if let Some(found) = convert::contradiction(&profile) {
            let line = text.lines().position(|line| line.trim_start().starts_with(found.key));
            let error = ProfileError::new(&place.text(), found.what, found.help);
            return Err(ProfileError { line: line.map(|n| n + 1), ..error });
        }
        Ok(Entry { profile, base, expect: file.expect, quirk: file.quirk })
    }

    /// Included quirks first, then the file's own keys.
    fn layer(
        &mut self,
        place: &Place,
        file: &File,
        profile: &mut Profile,
        chain: &mut Chain,
    ) -> Result<(), ProfileError> {
        for quirk in &file.quirks {
            let included = place.resolve(quirk);
            let (file, _) = self.file(&included, chain)?;
            chain.push(included.clone());
            self.layer(&included, &file, profile, chain)?;
            chain.pop();
        }
        file.apply(profile);
        for (kept, told) in
            [(&mut profile.sources, &file.sources), (&mut profile.breaks, &file.breaks)]
        {
            for entry in told {
                if !kept.contains(entry) {
                    kept.push(entry.clone());
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, place: &Place, chain: &Chain) -> Result<(File, String), ProfileError> {
        let name = place.text();
        if chain.contains(place) {
            let way: Vec<String> = chain.iter().chain([place]).map(Place::text).collect();
            let what = format!("`extends` and `quirks` lead in a circle: {}", way.join(" → "));
            return Err(ProfileError::new(&name, what, "let one of them extend another central"));
        }
        self.files += 1;
        if chain.len() >= DEPTH_MAX || self.files > FILES_MAX {
            let what = format!("more than {DEPTH_MAX} profiles in a row, or {FILES_MAX} in all");
            return Err(ProfileError::new(&name, what, "put some of them into one file"));
        }
        let text = match place {
            Place::BuiltIn(name) => catalogue::text(name)
                .ok_or_else(|| missing(chain.last().map_or_else(String::new, Place::text), name))?
                .to_owned(),
            Place::File(path) => (self.read)(path).map_err(|error| {
                let help = "give the name of a built-in central, or a file that ends in .toml";
                ProfileError::new(&name, format!("cannot be read: {error}"), help)
            })?,
        };
        Ok((parse(&name, &text)?, text))
    }
}

fn is_rule(id: &str) -> bool {
    Rule::find(id).is_some_and(|rule| rule.force == Force::Shall)
}

fn no_rule(place: &str, id: &str) -> ProfileError {
    let (what, help, near) = if Rule::find(id).is_some() {
        let what = format!("`{id}` only recommends: who does otherwise breaks nothing");
        (what, "leave it out; what is not followed is told as an observation", Vec::new())
    } else {
        let what = format!("there is no rule `{id}` that could be broken");
        let breakable = RULES.iter().filter(|rule| rule.force == Force::Shall);
        let near = breakable.map(|rule| rule.id.to_owned()).collect();
        (what, "`bletwin rules` shows all", near)
    };
    ProfileError {
        unknown: Some(Box::new((id.into(), near))),
        ..ProfileError::new(place, what, help)
    }
}

fn missing(place: String, name: &str) -> ProfileError {
    let place = if place.is_empty() { "centrals".into() } else { place };
    ProfileError {
        unknown: Some(Box::new((name.into(), catalogue::names().map(str::to_owned).collect()))),
        ..ProfileError::new(
            &place,
            format!("there is no central or quirk `{name}`"),
            "`bletwin central list` shows all; a file must end in .toml",
        )
    }
}

/// A file by itself.
pub(super) fn parse(place: &str, text: &str) -> Result<File, ProfileError> {
    if text.len() > SIZE_MAX {
        let what = format!("longer than {} KiB", SIZE_MAX / 1024);
        return Err(ProfileError::new(place, what, "a profile is a page of `key = value` lines"));
    }
    let file: File =
        toml::from_str(text).map_err(|error| ProfileError::of_toml(place, text, &error))?;
    match file.version {
        Some(VERSION) => Ok(file),
        Some(other) => Err(ProfileError::new(
            place,
            format!("version {other} of the format is not known"),
            format!("this program knows `version = {VERSION}`"),
        )),
        None => Err(ProfileError::new(
            place,
            "the version of the format is missing",
            format!("begin with `version = {VERSION}`"),
        )),
    }
}

//! Puts a profile together from its file, what that extends, and the quirks that it includes.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ble::armed::What;
use bletwin_rules::{Force, Rule, judged};
use bletwin_schema::{Document, Fault, Origins};
use serde::Deserialize;
use toml::Spanned;

use super::error::ProfileError;
use super::quirk::Quirk;
use super::schema::{KEYS, VERSION};
use super::{Profile, catalogue, conflict};

/// Longest file, octets.
pub const SIZE_MAX: usize = 64 * 1024;
/// Longest chain of `extends`.
const DEPTH_MAX: usize = 8;
/// Most files in all.
const FILES_MAX: usize = 64;

/// Reads a file of the user's.
pub type Read<'a> = &'a dyn Fn(&Path) -> io::Result<String>;

/// The contents of a profile file beside the keys of [`KEYS`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Head {
    /// Version of the format.
    version: Option<Spanned<u32>>,
    /// Another name than the file's.
    name: Option<String>,
    /// A description, in a line or two.
    about: Option<String>,
    /// The central that it departs from: a built-in name, or a file.
    extends: Option<Spanned<String>>,
    /// Quirks that it has in addition: built-in names, or files. Only their own keys count.
    quirks: Vec<Spanned<String>>,
    /// Where its behaviour is known from.
    sources: Vec<String>,
    /// Rules of the oracle that it breaks.
    breaks: Vec<Spanned<String>>,
    /// Procedures that may still be under way at the end.
    busy: Vec<Spanned<String>>,
    /// What comes of it, by firmware preset; see docs/CENTRALS.md.
    expect: BTreeMap<String, String>,
    /// For an entry of the quirk catalogue: how it shows, and what cures it.
    quirk: Option<Quirk>,
}

/// Names of the fields of [`Head`].
pub(super) const HEAD: [&str; 10] = [
    "version", "name", "about", "extends", "quirks", "sources", "breaks", "busy", "expect", "quirk",
];

/// A profile file as written; all but `version` is optional.
#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    head: Head,
    keys: Document,
    text: String,
}

/// A profile with the other contents of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The central as its file, what that extends and its quirks make it.
    pub profile: Profile,
    /// The profile that it extends, without the additions of the file.
    pub base: Option<Profile>,
    /// Where the values of its keys come from; an absent key has its default.
    pub origins: Origins,
    /// The expected outcomes, by firmware preset.
    pub expect: BTreeMap<String, String>,
    /// Its catalogue entry, if it is a quirk.
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

    /// The error about this place of the file.
    fn blame(&self, fault: Fault) -> ProfileError {
        ProfileError::in_file(&self.text(), fault)
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
    Loader { read: &nothing, files: 0 }.entry(&Place::BuiltIn(name.into()), &mut Vec::new(), None)
}

/// A profile of the user's.
///
/// # Errors
/// [`ProfileError`] with file, line and what would be right.
pub fn load(path: &Path, read: Read<'_>) -> Result<Entry, ProfileError> {
    Loader { read, files: 0 }.entry(&Place::File(path.to_owned()), &mut Vec::new(), None)
}

struct Loader<'a> {
    read: Read<'a>,
    files: usize,
}

/// The places that lead to the present one.
type Chain = Vec<Place>;

/// Where a file names another.
struct Reference<'a> {
    place: &'a Place,
    text: &'a str,
    at: Range<usize>,
}

/// A profile under way, and where its values come from.
#[derive(Clone, Default)]
struct Made {
    profile: Profile,
    origins: Origins,
}

impl Loader<'_> {
    fn entry(
        &mut self,
        place: &Place,
        chain: &mut Chain,
        from: Option<Reference<'_>>,
    ) -> Result<Entry, ProfileError> {
        let file = self.file(place, chain, from)?;
        chain.push(place.clone());
        let base = match &file.head.extends {
            Some(of) => {
                let from = Reference { place, text: &file.text, at: of.span() };
                Some(self.entry(&place.resolve(of.get_ref()), chain, Some(from))?)
            }
            None => None,
        };
        let mut made = base.as_ref().map_or_else(Made::default, |base| Made {
            profile: base.profile.clone(),
            origins: base.origins.clone(),
        });
        made.profile.name = file.head.name.clone().unwrap_or_else(|| place.stem());
        self.layer(place, &file, &mut made, chain)?;
        chain.pop();
        let Made { mut profile, origins } = made;
        if let Some(about) = &file.head.about {
            profile.about.clone_from(about);
        }
        if let Some(found) = conflict::conflicts(&profile).into_iter().find(|c| !c.harmless) {
            let at = found.position(&file.keys);
            return Err(place.blame(Fault { at, ..Fault::new(found.what, found.help) }));
        }
        let base = base.map(|base| base.profile);
        Ok(Entry { profile, base, origins, expect: file.head.expect, quirk: file.head.quirk })
    }

    /// Included quirks first, then the file's own keys.
    fn layer(
        &mut self,
        place: &Place,
        file: &File,
        made: &mut Made,
        chain: &mut Chain,
    ) -> Result<(), ProfileError> {
        for quirk in &file.head.quirks {
            let included = place.resolve(quirk.get_ref());
            let from = Reference { place, text: &file.text, at: quirk.span() };
            let quirk = self.file(&included, chain, Some(from))?;
            chain.push(included.clone());
            self.layer(&included, &quirk, made, chain)?;
            chain.pop();
        }
        let Made { profile, origins } = made;
        KEYS.apply(&file.keys, profile, &place.text(), origins);
        let plain = |words: &[Spanned<String>]| -> Vec<String> {
            words.iter().map(|word| word.get_ref().clone()).collect()
        };
        for (kept, added) in [
            (&mut profile.sources, file.head.sources.clone()),
            (&mut profile.breaks, plain(&file.head.breaks)),
            (&mut profile.busy, plain(&file.head.busy)),
        ] {
            for entry in added {
                if !kept.contains(&entry) {
                    kept.push(entry);
                }
            }
        }
        Ok(())
    }

    /// The file at `place`, to which another may have referred.
    fn file(
        &mut self,
        place: &Place,
        chain: &Chain,
        from: Option<Reference<'_>>,
    ) -> Result<File, ProfileError> {
        let located = |fault: Fault| match &from {
            Some(from) => from.place.blame(fault.at(from.text, Some(from.at.clone()))),
            None => place.blame(fault),
        };
        if chain.contains(place) {
            let way: Vec<String> = chain.iter().chain([place]).map(Place::text).collect();
            let what = format!("`extends` and `quirks` lead in a circle: {}", way.join(" → "));
            return Err(located(Fault::new(what, "let one of them extend another central")));
        }
        self.files += 1;
        if chain.len() >= DEPTH_MAX || self.files > FILES_MAX {
            let what = format!("more than {DEPTH_MAX} profiles in a row, or {FILES_MAX} in all");
            return Err(located(Fault::new(what, "put some of them into one file")));
        }
        let text = match place {
            Place::BuiltIn(name) => {
                catalogue::text(name).ok_or_else(|| located(missing(name)))?.to_owned()
            }
            Place::File(path) => (self.read)(path).map_err(|error| {
                let help = "give the name of a built-in central, or a file that ends in .toml";
                located(Fault::new(format!("{} cannot be read: {error}", place.text()), help))
            })?,
        };
        parse(text).map_err(|fault| place.blame(fault))
    }
}

fn missing(name: &str) -> Fault {
    let names: Vec<&str> = catalogue::names().collect();
    let help = "`bletwin central list` shows all; a file must end in .toml";
    Fault::unknown(format!("there is no central or quirk `{name}`"), name, &names, help)
}

/// A file by itself.
fn parse(text: String) -> Result<File, Fault> {
    if text.len() > SIZE_MAX {
        let what = format!("longer than {} KiB", SIZE_MAX / 1024);
        return Err(Fault::new(what, "a profile is a page of `key = value` lines"));
    }
    let help = "docs/CENTRALS.md and `bletwin central new` show all keys";
    let keys = KEYS.read(&text, &HEAD, help, &mut Profile::default()).map_err(without_prefix)?;
    let head: Head = toml::from_str(&text).map_err(|error| Fault::of_toml(&text, &error))?;
    let version = head.version.as_ref();
    match version.map(|version| *version.get_ref()) {
        Some(VERSION) => {}
        Some(other) => {
            let what = format!("version {other} of the format is not known");
            let help = format!("this program knows `version = {VERSION}`");
            return Err(Fault::new(what, help).at(&text, version.map(Spanned::span)));
        }
        None => {
            let help = format!("begin with `version = {VERSION}`");
            return Err(Fault::new("the version of the format is missing", help));
        }
    }
    if let Some(rule) = head.breaks.iter().find(|id| !is_rule(id.get_ref())) {
        return Err(no_rule(rule.get_ref()).at(&text, Some(rule.span())));
    }
    if let Some(kind) =
        head.busy.iter().find(|kind| !What::KINDS.contains(&kind.get_ref().as_str()))
    {
        let what = format!("`{}` is nothing that can be under way", kind.get_ref());
        let help = format!("one of {}", What::KINDS.join(", "));
        let fault = Fault::unknown(what, kind.get_ref(), &What::KINDS, &help);
        return Err(fault.at(&text, Some(kind.span())));
    }
    Ok(File { head, keys, text })
}

/// In `--set` the keys of a central have a prefix, in its file they have none.
fn without_prefix(fault: Fault) -> Fault {
    match fault.what.as_str() {
        "there is no key `central`" => {
            Fault { help: "in a file keys stand without `central.`".into(), ..fault }
        }
        _ => fault,
    }
}

fn is_rule(id: &str) -> bool {
    Rule::judged(id).is_some_and(|rule| rule.force == Force::Shall)
}

fn no_rule(id: &str) -> Fault {
    if Rule::judged(id).is_some() {
        let what = format!("`{id}` only recommends: who does otherwise breaks nothing");
        return Fault::new(what, "leave it out; what is not followed is told as an observation");
    }
    let breakable = judged().filter(|rule| rule.force == Force::Shall);
    let breakable: Vec<&str> = breakable.map(|rule| rule.id).collect();
    let what = format!("there is no rule `{id}` that could be broken");
    Fault::unknown(what, id, &breakable, "`bletwin rules` shows all")
}

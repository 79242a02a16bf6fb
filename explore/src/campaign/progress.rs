//! The progress file: one line of JSON for the options, then one for each completed unit, on disk
//! before the next begins. A process may be killed at any moment; at worst the last line is torn,
//! and its unit is searched again.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::{Done, Options};
use bletwin_setup::error::BadInput;

/// Version of the format; raised whenever a reader of old files would go wrong.
const SCHEMA: u32 = 4;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Head {
    bletwin: String,
    schema: u32,
    options: Options,
}

/// An open progress file.
#[derive(Debug)]
pub struct Progress {
    path: PathBuf,
    file: File,
}

impl Progress {
    /// Opens or creates a progress file. Returns the completed units.
    ///
    /// # Errors
    /// [`BadInput`] if it cannot be read or written, or is about another search.
    pub fn open(path: &Path, options: &Options) -> Result<(Self, Vec<Done>), BadInput> {
        let cannot = |error: std::io::Error| BadInput {
            what: format!("cannot use {}: {error}", path.display()),
            help: "name a file in a folder that exists and that you may write to".into(),
        };
        let opened =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = opened.map_err(cannot)?;
        if !file.metadata().map_err(cannot)?.is_file() {
            return Err(strange(path));
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(cannot)?;
        let whole = text.iter().rposition(|octet| *octet == b'\n').map_or(0, |at| at + 1);
        if whole == 0 && !is_beginning(&text) {
            return Err(strange(path));
        }
        let lines = std::str::from_utf8(&text[..whole]).map_err(|_| strange(path))?;
        let done = read(path, lines, options)?;
        // What follows the last whole line is torn.
        file.set_len(whole as u64).map_err(cannot)?;
        file.seek(SeekFrom::End(0)).map_err(cannot)?;
        let mut progress = Self { path: path.to_owned(), file };
        if whole == 0 {
            progress.line(&Head::of(options)).map_err(|error| BadInput {
                what: format!("{error:#}"),
                help: "is the disk full?".into(),
            })?;
        }
        Ok((progress, done))
    }

    /// Stores the result of a unit.
    ///
    /// # Errors
    /// Whatever writing ran into.
    pub fn keep(&mut self, done: &Done) -> anyhow::Result<()> {
        self.line(done)
    }

    fn line(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        written.with_context(|| format!("writing {}", self.path.display()))
    }
}

impl Head {
    fn of(options: &Options) -> Self {
        Self { bletwin: version().into(), schema: SCHEMA, options: options.clone() }
    }
}

/// The version that writes and reads here.
pub(super) const fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Whether it may be the torn first line of a progress file, or an empty file.
fn is_beginning(text: &[u8]) -> bool {
    let beginning = b"{\"bletwin\":";
    text.len() <= beginning.len() && beginning.starts_with(text) || text.starts_with(beginning)
}

fn strange(path: &Path) -> BadInput {
    BadInput {
        what: format!("{} is not a progress file", path.display()),
        help: "name a file that `--resume` has begun, or one that does not exist".into(),
    }
}

fn read(path: &Path, lines: &str, options: &Options) -> Result<Vec<Done>, BadInput> {
    let mut lines = lines.lines();
    let Some(first) = lines.next() else { return Ok(Vec::new()) };
    let value: serde_json::Value = serde_json::from_str(first).map_err(|_| strange(path))?;
    let wrote = value.get("bletwin").and_then(|v| v.as_str()).ok_or_else(|| strange(path))?;
    let other = |what: String| BadInput {
        what: format!("{} {what}", path.display()),
        help: "go on with what began it, or name another file".into(),
    };
    if wrote != version() || value.get("schema") != Some(&SCHEMA.into()) {
        return Err(other(format!("is from bletwin {wrote}, this is {}", version())));
    }
    let head: Head = serde_json::from_str(first).map_err(|_| strange(path))?;
    if head != Head::of(options) {
        return Err(other("is about a search with other options".into()));
    }
    let damaged = |line: usize| other(format!("is damaged in line {line}"));
    (2..)
        .zip(lines)
        .map(|(number, line)| serde_json::from_str(line).map_err(|_| damaged(number)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        let mut options = crate::campaign::tests::options();
        options.common.set = vec!["loss=1".into()];
        options
    }

    fn done(number: usize) -> Done {
        let pair = "phy × features".into();
        Done { number, pair, runs: 5, joined: 2, traces: 4, states: 9, ..Done::default() }
    }

    #[test]
    fn what_is_done_is_there_again_wherever_the_file_is_torn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("progress");
        let (mut progress, before) = Progress::open(&path, &options()).unwrap();
        assert!(before.is_empty());
        progress.keep(&done(0)).unwrap();
        progress.keep(&done(3)).unwrap();
        drop(progress);
        let whole = std::fs::read(&path).unwrap();
        let ends: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').collect();
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let (mut progress, before) = Progress::open(&path, &options()).unwrap();
            let lines = ends.iter().filter(|end| **end < cut).count();
            assert_eq!(before.len(), lines.saturating_sub(1), "{cut}");
            progress.keep(&done(7)).unwrap();
            drop(progress);
            let (_, after) = Progress::open(&path, &options()).unwrap();
            assert_eq!(after.last(), Some(&done(7)));
            assert_eq!(after.len(), before.len() + 1);
        }
    }

    #[test]
    fn files_of_other_searches_and_versions_are_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("progress");
        drop(Progress::open(&path, &options()).unwrap());
        let text = std::fs::read_to_string(&path).unwrap();
        let refused = |options: &Options, text: &str| {
            std::fs::write(&path, text).unwrap();
            let error = Progress::open(&path, options).expect_err("refused").what;
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
            error
        };
        let other = Options { seeds: 1..3, ..options() };
        assert!(refused(&other, &text).contains("other options"));
        let newer = text.replace(version(), "9.9.9");
        assert!(refused(&options(), &newer).contains("9.9.9"));
        for strange in ["hello\n", "{}\n", "preset = \"recommended\"", "\0"] {
            assert!(refused(&options(), strange).contains("not a progress file"), "{strange}");
        }
        assert!(refused(&options(), &(text + "{}\n")).contains("damaged in line 2"));
    }
}

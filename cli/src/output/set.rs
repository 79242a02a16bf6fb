//! All outputs of one command.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;

use super::place::Place;
use super::{Output, unwritable};
use bletwin_setup::error::BadInput;

/// A file that is written during a run.
#[derive(Debug)]
pub struct Stream {
    /// Open for writing.
    pub file: File,
    /// It is a regular file whose former content is replaced.
    pub replaces: bool,
}

/// The outputs of one command, all at different places, and none at the place of an input.
#[derive(Debug, Default)]
pub struct Outputs {
    /// Taken places, each with its option.
    taken: Vec<(&'static str, Place)>,
    /// Files that are read, with the option that names them.
    read: Vec<(&'static str, Place)>,
    /// An output is written to standard output.
    moved: bool,
}

impl Outputs {
    /// Nothing is written yet; these are read. Names that are no files do no harm.
    pub fn reading<'a>(files: impl IntoIterator<Item = (&'static str, &'a str)>) -> Self {
        let regular = |place: &Place| matches!(place, Place::File(path) if path.is_file());
        let place = |name: &str| Place::of(Path::new(name)).ok().filter(regular);
        let read = files.into_iter().filter_map(|(option, name)| Some((option, place(name)?)));
        Self { read: read.collect(), ..Self::default() }
    }

    /// Standard output is read by a program, as `option` asks: nothing else may go there.
    ///
    /// # Errors
    /// [`BadInput`] if an output is there already.
    pub fn take_standard_output(&mut self, option: &'static str) -> Result<(), BadInput> {
        self.take(option, Place::StandardOutput)
    }

    /// Makes sure that `path`, given with `option`, can be written.
    ///
    /// # Errors
    /// [`BadInput`] as from [`Output::prepare`], and if something else is written there, or read.
    pub fn prepare(&mut self, option: &'static str, path: &Path) -> Result<Output, BadInput> {
        let place = self.place(option, path)?;
        Output::at(path, place)
    }

    /// An output that is written during a run and can be read meanwhile: it is at its place from
    /// the beginning. The writer discards the old content of a regular file.
    ///
    /// # Errors
    /// As from [`prepare`](Self::prepare).
    pub fn stream(&mut self, option: &'static str, path: &Path) -> Result<Stream, BadInput> {
        let place = self.place(option, path)?;
        let opened = match &place {
            Place::File(path) => {
                File::options().write(true).create(true).truncate(false).open(path)
            }
            other => other.open(),
        };
        let file = opened.map_err(|error| unwritable(path, &error.to_string()))?;
        Ok(Stream { file, replaces: matches!(place, Place::File(_)) })
    }

    fn place(&mut self, option: &'static str, path: &Path) -> Result<Place, BadInput> {
        let place = Place::of(path).map_err(|why| unwritable(path, &why))?;
        if place == Place::StandardOutput && io::stdout().is_terminal() {
            return Err(BadInput {
                what: format!("{option}: standard output is a terminal"),
                help: "send it to a program or a file, or name a file".into(),
            });
        }
        if let Some((other, _)) = self.read.iter().find(|(_, read)| read.clashes_with(&place)) {
            return Err(BadInput {
                what: format!("{option} would overwrite {}, which {other} names", path.display()),
                help: "name another file".into(),
            });
        }
        self.take(option, place.clone())?;
        self.moved |= place == Place::StandardOutput;
        Ok(place)
    }

    /// As [`prepare`](Self::prepare), where an option is given.
    ///
    /// # Errors
    /// As from [`prepare`](Self::prepare).
    pub fn maybe(
        &mut self,
        option: &'static str,
        path: Option<&Path>,
    ) -> Result<Option<Output>, BadInput> {
        path.map(|path| self.prepare(option, path)).transpose()
    }

    fn take(&mut self, option: &'static str, place: Place) -> Result<(), BadInput> {
        if let Some((other, _)) = self.taken.iter().find(|(_, used)| used.clashes_with(&place)) {
            let at = match place {
                Place::StandardOutput => "to standard output",
                _ => "to the same place",
            };
            return Err(BadInput {
                what: format!("{other} and {option} would both write {at}"),
                help: "name a file for each".into(),
            });
        }
        self.taken.push((option, place));
        Ok(())
    }

    /// The output for people: standard output, unless a file goes there.
    #[must_use]
    pub fn console(&self) -> Box<dyn Write> {
        if self.moved { Box::new(anstream::stderr()) } else { Box::new(anstream::stdout()) }
    }
}

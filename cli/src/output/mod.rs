//! Files that are either complete or not there, and the pipes and devices that stand in for them.

mod place;
mod set;

use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use bletwin_setup::error::BadInput;
use place::Place;

pub use set::{Outputs, Stream};

/// An output that was proven writable before the run.
///
/// A regular file appears only when complete: it is written beside its place and moved there at the
/// end, through symbolic links, with the permissions of the file that it replaces. If dropped
/// early, it leaves no file. Anything but a regular file (a FIFO, a terminal, `/dev/null`) cannot
/// be replaced: it is written into.
pub struct Output {
    path: PathBuf,
    sink: Sink,
}

enum Sink {
    File { file: NamedTempFile, target: PathBuf, permissions: Option<Permissions> },
    Stream(File),
}

impl Output {
    /// Makes sure that `path` can be written; `-` is standard output. Waits for the reader of a
    /// FIFO. A command with several outputs asks [`Outputs`].
    ///
    /// # Errors
    /// [`BadInput`] if its folder does not exist or cannot be written, or it is a folder, a socket
    /// or a disk.
    pub fn prepare(path: &Path) -> Result<Self, BadInput> {
        Self::at(path, Place::of(path).map_err(|why| unwritable(path, &why))?)
    }

    fn at(path: &Path, place: Place) -> Result<Self, BadInput> {
        let sink = match place {
            Place::File(target) => beside(target),
            other => other.open().map(Sink::Stream).map_err(|error| error.to_string()),
        };
        Ok(Self { path: path.to_owned(), sink: sink.map_err(|why| unwritable(path, &why))? })
    }

    /// Where it will appear, as it was asked for.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes all of it with `write`, then lets it appear.
    ///
    /// # Errors
    /// Whatever writing or moving the file ran into; no file is left behind then.
    pub fn commit(
        self,
        write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
    ) -> io::Result<()> {
        let into = |file: &File| {
            let mut buffered = BufWriter::new(file);
            write(&mut buffered)?;
            buffered.flush()
        };
        match self.sink {
            Sink::Stream(file) => into(&file),
            Sink::File { file, target, permissions } => {
                into(file.as_file())?;
                if let Some(permissions) = permissions {
                    file.as_file().set_permissions(permissions)?;
                }
                file.persist(&target).map_err(|e| e.error)?;
                Ok(())
            }
        }
    }
}

fn unwritable(path: &Path, why: &str) -> BadInput {
    BadInput {
        what: format!("cannot write {}: {why}", path.display()),
        help: "name a file in a folder that exists and that you may write to".into(),
    }
}

/// A temporary file beside its place.
fn beside(target: PathBuf) -> Result<Sink, String> {
    let folder = target.parent().unwrap_or_else(|| Path::new("."));
    let mut builder = tempfile::Builder::new();
    ordinary(&mut builder);
    let permissions = match std::fs::metadata(&target) {
        // A file without write permission must not be replaced.
        Ok(old) => {
            File::options().append(true).open(&target).map_err(|error| error.to_string())?;
            Some(old.permissions())
        }
        Err(_) => None,
    };
    let file = builder.tempfile_in(folder).map_err(|error| error.to_string())?;
    Ok(Sink::File { file, target, permissions })
}

/// Temporary files are private to their owner; a capture is an ordinary file.
#[cfg(unix)]
fn ordinary(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn ordinary(_: &mut tempfile::Builder<'_, '_>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_when_writing_fails() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("capture.pcapng");
        let failed = Output::prepare(&path).unwrap().commit(|w| {
            w.write_all(b"half")?;
            Err(io::Error::other("interrupted"))
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_complete_file_replaces_an_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("capture.pcapng");
        std::fs::write(&path, "old").unwrap();
        Output::prepare(&path).unwrap().commit(|w| w.write_all(b"new")).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn an_unwritable_path_fails_before_the_run() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Output::prepare(&folder.path().join("missing/capture.pcapng")).is_err());
        assert!(Output::prepare(folder.path()).is_err());
        assert!(Output::prepare(Path::new("")).is_err());
    }
}

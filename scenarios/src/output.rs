//! Files that are either complete or not there.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::BadInput;

/// An output file that was proven writable before the run and appears only when complete: it is
/// written beside its place and moved there at the end. Dropped early, it leaves nothing.
pub struct Output {
    path: PathBuf,
    file: NamedTempFile,
}

impl Output {
    /// Makes sure that `path` can be written.
    ///
    /// # Errors
    /// [`BadInput`] if its folder does not exist or cannot be written, or it is a folder itself.
    pub fn prepare(path: &Path) -> Result<Self, BadInput> {
        let unwritable = |why: String| BadInput {
            what: format!("cannot write {}: {why}", path.display()),
            help: "name a file in a folder that exists and that you may write to".into(),
        };
        if path.is_dir() {
            return Err(unwritable("it is a folder".into()));
        }
        if path.file_name().is_none() {
            return Err(unwritable("it names no file".into()));
        }
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let file = NamedTempFile::new_in(folder).map_err(|e| unwritable(e.to_string()))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Where it will appear.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes all of it with `write`, then lets it appear.
    ///
    /// # Errors
    /// Whatever writing or moving the file ran into; nothing is left behind then.
    pub fn commit(
        self,
        write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut buffered = BufWriter::new(self.file.as_file());
        write(&mut buffered)?;
        buffered.flush()?;
        drop(buffered);
        make_readable(self.file.as_file())?;
        self.file.persist(&self.path).map_err(|e| e.error)?;
        Ok(())
    }
}

/// Temporary files are private to their owner; a capture is an ordinary file.
#[cfg(unix)]
fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &File) -> io::Result<()> {
    Ok(())
}

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
    }
}

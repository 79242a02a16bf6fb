//! The target of a path.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Links that are followed, as many as the kernel follows.
const LINKS_MAX: usize = 40;

/// The place of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A regular file, there or not, behind all links.
    File(PathBuf),
    /// What standard output leads to.
    StandardOutput,
    /// What standard error leads to.
    StandardError,
    /// A terminal, `/dev/null` or another device that takes octets one after the other.
    Device(PathBuf),
    /// A FIFO, or another descriptor of this process: `/dev/fd/63`.
    Pipe(PathBuf),
}

impl Place {
    /// Follows `path` to its end. Says why it cannot be written if that is plain.
    pub(super) fn of(path: &Path) -> Result<Self, String> {
        if path == Path::new("-") {
            return Ok(Self::StandardOutput);
        }
        let mut path = path.to_owned();
        for _ in 0..LINKS_MAX {
            let name = path.file_name().ok_or("it names no file")?;
            let folder = match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent,
                _ => Path::new("."),
            };
            let folder = folder.canonicalize().map_err(|error| error.to_string())?;
            let whole = folder.join(name);
            if is_of_descriptors(&folder) {
                return Ok(match name.to_str() {
                    Some("1") => Self::StandardOutput,
                    Some("2") => Self::StandardError,
                    _ => Self::Pipe(whole),
                });
            }
            match std::fs::read_link(&whole) {
                Ok(target) => path = folder.join(target),
                Err(_) => return Self::behind(whole),
            }
        }
        Err("its links lead nowhere".into())
    }

    /// The target of a path that is no link.
    fn behind(path: PathBuf) -> Result<Self, String> {
        match std::fs::metadata(&path) {
            Ok(found) if found.is_dir() => Err("it is a folder".into()),
            Ok(found) if found.is_file() => Ok(Self::File(path)),
            Ok(found) => special(found.file_type(), path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::File(path)),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Opens anything but a regular file. Waits for the reader of a FIFO, until Ctrl-C.
    pub(super) fn open(&self) -> io::Result<File> {
        match self {
            Self::File(path) | Self::Device(path) => File::options().write(true).open(path),
            Self::Pipe(path) => open_pipe(path),
            Self::StandardOutput => own(io::stdout()),
            Self::StandardError => own(io::stderr()),
        }
    }

    /// Whether two outputs to these places would spoil each other.
    pub(super) fn clashes_with(&self, other: &Self) -> bool {
        match (self, other) {
            // Several outputs may share `/dev/null`.
            (Self::Device(_), Self::Device(_)) => false,
            (a, b) => a == b || a.identity().is_some_and(|id| b.identity() == Some(id)),
        }
    }

    /// Device and inode of an existing file: two names of one file have the same.
    #[cfg(unix)]
    fn identity(&self) -> Option<(u64, u64)> {
        use std::os::unix::fs::MetadataExt as _;
        let found = match self {
            Self::File(path) | Self::Device(path) | Self::Pipe(path) => std::fs::metadata(path),
            Self::StandardOutput => own(io::stdout()).and_then(|file| file.metadata()),
            Self::StandardError => own(io::stderr()).and_then(|file| file.metadata()),
        };
        let found = found.ok().filter(|found| !is_device(found.file_type()))?;
        Some((found.dev(), found.ino()))
    }

    #[cfg(not(unix))]
    fn identity(&self) -> Option<(u64, u64)> {
        None
    }
}

/// Whether the names in it are descriptors of this process.
fn is_of_descriptors(folder: &Path) -> bool {
    let own = |name: &str| Path::new(name).canonicalize().is_ok_and(|own| own == folder);
    own("/proc/self/fd") || own("/dev/fd")
}

#[cfg(unix)]
fn is_device(kind: std::fs::FileType) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    kind.is_char_device()
}

#[cfg(unix)]
fn special(kind: std::fs::FileType, path: PathBuf) -> Result<Place, String> {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_char_device() {
        Ok(Place::Device(path))
    } else if kind.is_fifo() {
        Ok(Place::Pipe(path))
    } else if kind.is_socket() {
        Err("it is a socket".into())
    } else {
        Err("it is a disk".into())
    }
}

#[cfg(not(unix))]
fn special(_: std::fs::FileType, path: PathBuf) -> Result<Place, String> {
    Ok(Place::Device(path))
}

/// A separate descriptor for the target of a standard stream, whose buffer would otherwise
/// interfere.
#[cfg(unix)]
fn own(stream: impl std::os::fd::AsFd) -> io::Result<File> {
    stream.as_fd().try_clone_to_owned().map(File::from)
}

#[cfg(windows)]
fn own(stream: impl std::os::windows::io::AsHandle) -> io::Result<File> {
    stream.as_handle().try_clone_to_owned().map(File::from)
}

/// The kernel would wait for a reader and not hear of Ctrl-C.
#[cfg(unix)]
fn open_pipe(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    use nix::errno::Errno;
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    use nix::poll::poll;

    const LOOK_MS: u8 = 20;
    let at_once = OFlag::O_NONBLOCK.bits();
    let mut notified = false;
    loop {
        match File::options().write(true).custom_flags(at_once).open(path) {
            Ok(file) => {
                let flags = OFlag::from_bits_retain(fcntl(&file, FcntlArg::F_GETFL)?);
                fcntl(&file, FcntlArg::F_SETFL(flags - OFlag::O_NONBLOCK))?;
                return Ok(file);
            }
            Err(error) if error.raw_os_error() == Some(Errno::ENXIO as i32) => {}
            Err(error) => return Err(error),
        }
        if crate::interrupt::requested() {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        if !std::mem::replace(&mut notified, true) {
            eprintln!("bletwin: waiting for somebody to read {}", path.display());
        }
        match poll(&mut [], LOOK_MS) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(not(unix))]
fn open_pipe(path: &Path) -> io::Result<File> {
    File::options().write(true).open(path)
}

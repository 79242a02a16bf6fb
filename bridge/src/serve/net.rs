//! Sockets and pseudo-terminals that never block.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};

use super::address::Address;

/// Something that clients come to.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
    /// There is one line, and whoever opens its other end is the client.
    Pty(PtyMaster, PathBuf),
}

/// Leaves no file behind.
impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) | Self::Pty(_, path) = self {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Listener {
    pub(super) fn bind(address: &Address) -> io::Result<Self> {
        match address {
            Address::Tcp(address) => {
                let listener = TcpListener::bind(address)?;
                listener.set_nonblocking(true)?;
                Ok(Self::Tcp(listener))
            }
            Address::Unix(path) => {
                remove_stale_socket(path)?;
                let listener = UnixListener::bind(path)?;
                listener.set_nonblocking(true)?;
                Ok(Self::Unix(listener, path.clone()))
            }
            Address::Pty(path) => {
                remove_link(path)?;
                let master = open_pty()?;
                symlink(ptsname_r(&master)?, path)?;
                Ok(Self::Pty(master, path.clone()))
            }
        }
    }

    /// Where clients find it, with the port that the system chose.
    pub(super) fn address(&self) -> io::Result<Address> {
        Ok(match self {
            Self::Tcp(listener) => Address::Tcp(listener.local_addr()?),
            Self::Unix(_, path) => Address::Unix(path.clone()),
            Self::Pty(_, path) => Address::Pty(path.clone()),
        })
    }

    /// A client, if one waits. On a pseudo-terminal whoever sends the first octet.
    pub(super) fn accept(&self) -> io::Result<Option<Stream>> {
        match self {
            Self::Tcp(listener) => {
                would_block(listener.accept())?.map_or(Ok(None), |(stream, _)| {
                    stream.set_nonblocking(true)?;
                    // Each command is a segment of its own; nobody gains by waiting for more.
                    stream.set_nodelay(true)?;
                    Ok(Some(Stream::Tcp(stream)))
                })
            }
            Self::Unix(listener, _) => {
                would_block(listener.accept())?.map_or(Ok(None), |(stream, _)| {
                    stream.set_nonblocking(true)?;
                    Ok(Some(Stream::Unix(stream)))
                })
            }
            Self::Pty(master, _) => {
                let mut first = [0];
                match would_block(File::from(master.as_fd().try_clone_to_owned()?).read(&mut first))
                {
                    Ok(Some(1)) => {
                        let line = File::from(master.as_fd().try_clone_to_owned()?);
                        Ok(Some(Stream::Pty(line, Some(first[0]))))
                    }
                    // Nobody has the other end open.
                    _ => Ok(None),
                }
            }
        }
    }

    /// What to wait on for a client. A pseudo-terminal has nothing to wait on: it is looked at now
    /// and then.
    pub(super) fn waits_on(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Tcp(listener) => Some(listener.as_fd()),
            Self::Unix(listener, _) => Some(listener.as_fd()),
            Self::Pty(..) => None,
        }
    }
}

/// A client's line.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    /// With an octet that was read to see whether somebody is there.
    Pty(File, Option<u8>),
}

/// What reading gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Got {
    Octets(usize),
    Nothing,
    /// The other end has gone.
    End,
}

impl Stream {
    /// Reads what is there.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Got {
        if let (Self::Pty(_, first), [octet, ..]) = (&mut *self, &mut *buffer)
            && let Some(known) = first.take()
        {
            *octet = known;
            return Got::Octets(1);
        }
        let read = match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
            Self::Pty(line, _) => line.read(buffer),
        };
        match would_block(read) {
            Ok(Some(0)) | Err(_) => Got::End,
            Ok(Some(count)) => Got::Octets(count),
            Ok(None) => Got::Nothing,
        }
    }

    /// Writes what the line takes now.
    pub(super) fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = match self {
            Self::Tcp(stream) => stream.write(octets),
            Self::Unix(stream) => stream.write(octets),
            Self::Pty(line, _) => line.write(octets),
        };
        Ok(would_block(written)?.unwrap_or(0))
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
            Self::Pty(line, _) => line.as_fd(),
        }
    }
}

fn would_block<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error)
            if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Takes the place of a socket that nobody listens on any more.
fn remove_stale_socket(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt as _;
    let Ok(found) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file of that name"));
    }
    if UnixStream::connect(path).is_ok() {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "another program listens there"));
    }
    std::fs::remove_file(path)
}

/// Takes the place of a link to a pseudo-terminal, as one is left by a server that was killed.
fn remove_link(path: &Path) -> io::Result<()> {
    match (std::fs::symlink_metadata(path), std::fs::read_link(path)) {
        (Err(_), _) => Ok(()),
        (Ok(_), Ok(to)) if to.starts_with("/dev/pts") => std::fs::remove_file(path),
        _ => Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file of that name")),
    }
}

/// A pseudo-terminal that passes octets as they are.
fn open_pty() -> io::Result<PtyMaster> {
    let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    fcntl(&master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    let slave = File::options().read(true).write(true).open(ptsname_r(&master)?)?;
    let mut settings = tcgetattr(&slave)?;
    cfmakeraw(&mut settings);
    tcsetattr(&slave, SetArg::TCSANOW, &settings)?;
    Ok(master)
}

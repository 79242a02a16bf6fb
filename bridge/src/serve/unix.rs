//! Unix domain sockets and pseudo-terminals.

use std::fs::File;
use std::future::Future as _;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::{UnixListener, UnixStream};
use tokio::time::{Instant, Sleep};

/// Polling interval of a pseudo-terminal that no process has open.
const LOOK: Duration = Duration::from_millis(20);

/// A file that wakes tasks waiting to read or write; an error for a file that never blocks.
#[expect(
    deprecated,
    reason = "what follows is unsafe; a file owns its descriptor, all that counts"
)]
pub(super) fn watched(file: File) -> io::Result<AsyncFd<File>> {
    AsyncFd::new(file)
}

/// A Unix domain socket that is removed from its folder when it closes.
#[derive(Debug)]
pub(super) struct UnixAt {
    listener: UnixListener,
    pub(super) path: PathBuf,
}

impl UnixAt {
    pub(super) fn bind(path: &Path) -> io::Result<Self> {
        remove_stale_socket(path)?;
        Ok(Self { listener: UnixListener::bind(path)?, path: path.to_owned() })
    }

    pub(super) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<UnixStream>> {
        self.listener.poll_accept(cx).map_ok(|(stream, _)| stream)
    }
}

impl Drop for UnixAt {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A pseudo-terminal with a link to its other end, which is removed from its folder when it closes.
#[derive(Debug)]
pub(super) struct Pty {
    master: File,
    pub(super) path: PathBuf,
    /// The next poll: opening the other end wakes no task, because the hang-up that lasts until
    /// then is not a new event.
    look: Pin<Box<Sleep>>,
}

impl Pty {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        remove_link(path)?;
        let master = open_pty()?;
        symlink(ptsname_r(&master)?, path)?;
        let master = File::from(master.as_fd().try_clone_to_owned()?);
        let look = Box::pin(tokio::time::sleep(Duration::ZERO));
        Ok(Self { master, path: path.to_owned(), look })
    }

    /// The sender of the first octet.
    pub(super) fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<PtyLine>> {
        let mut first = [0];
        loop {
            ready!(self.look.as_mut().poll(cx));
            self.look.as_mut().reset(Instant::now() + LOOK);
            // An error: no process has the other end open.
            if let Ok(1) = self.master.read(&mut first) {
                let line =
                    PtyLine { line: watched(self.master.try_clone()?)?, first: Some(first[0]) };
                return Poll::Ready(Ok(line));
            }
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A client on a pseudo-terminal.
#[derive(Debug)]
pub(super) struct PtyLine {
    line: AsyncFd<File>,
    /// Was read to detect a client.
    first: Option<u8>,
}

impl PtyLine {
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if let (Some(known), [octet, ..]) = (self.first, &mut *buffer) {
            self.first = None;
            *octet = known;
            return Poll::Ready(Ok(1));
        }
        loop {
            let mut ready = ready!(self.line.poll_read_ready(cx))?;
            if let Ok(read) = ready.try_io(|line| line.get_ref().read(buffer)) {
                return Poll::Ready(read);
            }
        }
    }

    pub(super) fn try_write(&self, octets: &[u8]) -> io::Result<usize> {
        self.line.try_io(Interest::WRITABLE, |mut line| line.write(octets))
    }

    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.line.poll_write_ready(cx).map_ok(drop)
    }
}

/// Replaces a socket without a listener.
fn remove_stale_socket(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt as _;
    let Ok(found) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file of that name"));
    }
    if StdUnixStream::connect(path).is_ok() {
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

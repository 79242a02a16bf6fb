//! Sockets and pseudo-terminals that wake the server when there is something to do.

use std::io;
use std::net::TcpListener as StdTcpListener;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::address::Address;
#[cfg(unix)]
use super::unix::{self, UnixAt};

/// A client on TCP that is silent for so long is asked whether it is still there …
const SILENCE: Duration = Duration::from_secs(20);
/// … and again at this interval, this many times. Then it counts as disconnected.
const ASK_AGAIN: Duration = Duration::from_secs(10);
const ASKED: u32 = 4;
/// The sum of these: without an acknowledgement of sent octets, or room for more, by then, the
/// client counts as disconnected.
#[cfg(target_os = "linux")]
const UNANSWERED: Duration = Duration::from_secs(60);

/// Notices a computer that has vanished without a word, with its power or its network: its kernel
/// answers for a program that has only nothing to say.
fn keep_watch(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    let watch = TcpKeepalive::new().with_time(SILENCE).with_interval(ASK_AGAIN);
    socket.set_tcp_keepalive(&watch.with_retries(ASKED))?;
    // There are no probes while octets wait for an acknowledgement, and those are sent again for a
    // quarter of an hour.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNANSWERED))?;
    Ok(())
}

/// An address that clients connect to.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixAt),
    /// There is one line, and the process that opens its other end is the client.
    #[cfg(unix)]
    Pty(unix::Pty),
}

impl Listener {
    /// Begins to listen. Within a runtime of tokio's.
    pub(super) fn bind(address: &Address) -> io::Result<Self> {
        match address {
            Address::Tcp(address) => {
                let listener = StdTcpListener::bind(address)?;
                listener.set_nonblocking(true)?;
                Ok(Self::Tcp(TcpListener::from_std(listener)?))
            }
            #[cfg(unix)]
            Address::Unix(path) => UnixAt::bind(path).map(Self::Unix),
            #[cfg(unix)]
            Address::Pty(path) => unix::Pty::open(path).map(Self::Pty),
            #[cfg(not(unix))]
            Address::Unix(_) | Address::Pty(_) => {
                Err(io::Error::new(io::ErrorKind::Unsupported, "this system has only tcp:"))
            }
        }
    }

    /// Where it listens: with the port that the system chose.
    pub(super) fn address(&self) -> io::Result<Address> {
        Ok(match self {
            Self::Tcp(listener) => Address::Tcp(listener.local_addr()?),
            #[cfg(unix)]
            Self::Unix(listener) => Address::Unix(listener.path.clone()),
            #[cfg(unix)]
            Self::Pty(pty) => Address::Pty(pty.path.clone()),
        })
    }

    /// Whether a second client can come while one is there.
    pub(super) const fn takes_many(&self) -> bool {
        match self {
            Self::Tcp(_) => true,
            #[cfg(unix)]
            Self::Unix(_) => true,
            #[cfg(unix)]
            Self::Pty(_) => false,
        }
    }

    /// The next client. On a pseudo-terminal that is the sender of the first octet.
    pub(super) fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = ready!(listener.poll_accept(cx))?;
                // Each command is its own segment; waiting for more gains nothing.
                stream.set_nodelay(true)?;
                keep_watch(&stream)?;
                Poll::Ready(Ok(Stream::Tcp(stream)))
            }
            #[cfg(unix)]
            Self::Unix(listener) => listener.poll_accept(cx).map_ok(Stream::Unix),
            #[cfg(unix)]
            Self::Pty(pty) => pty.poll_accept(cx).map_ok(Stream::Pty),
        }
    }
}

/// A client's line.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
    #[cfg(unix)]
    Pty(unix::PtyLine),
}

impl Stream {
    /// Reads available octets, and returns their number; zero, or an error: the other end has
    /// disconnected.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut room = ReadBuf::new(buffer);
        match self {
            Self::Tcp(stream) => ready!(Pin::new(stream).poll_read(cx, &mut room))?,
            #[cfg(unix)]
            Self::Unix(stream) => ready!(Pin::new(stream).poll_read(cx, &mut room))?,
            #[cfg(unix)]
            Self::Pty(line) => return line.poll_read(cx, buffer),
        }
        Poll::Ready(Ok(room.filled().len()))
    }

    /// Writes as much as the line takes now, and returns the number of octets, perhaps zero.
    pub(super) fn write(&self, octets: &[u8]) -> io::Result<usize> {
        let written = match self {
            Self::Tcp(stream) => stream.try_write(octets),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_write(octets),
            #[cfg(unix)]
            Self::Pty(line) => line.try_write(octets),
        };
        match written {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                Ok(0)
            }
            Ok(0) if !octets.is_empty() => Err(io::ErrorKind::WriteZero.into()),
            written => written,
        }
    }

    /// Whether the line may take octets now.
    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_write_ready(cx),
            #[cfg(unix)]
            Self::Unix(stream) => stream.poll_write_ready(cx),
            #[cfg(unix)]
            Self::Pty(line) => line.poll_write_ready(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// The effect of a lost network was tested by hand: docs/HCI.md.
    #[tokio::test]
    async fn who_comes_over_tcp_is_asked_whether_it_is_still_there() {
        let mut listener = Listener::bind(&"tcp:0".parse().unwrap()).unwrap();
        let Address::Tcp(address) = listener.address().unwrap() else { panic!("it is TCP") };
        let _client = std::net::TcpStream::connect(address).unwrap();
        let Stream::Tcp(stream) = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap() else {
            panic!("it is TCP")
        };
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), SILENCE);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), ASK_AGAIN);
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), ASKED);
        #[cfg(target_os = "linux")]
        {
            assert_eq!(socket.tcp_user_timeout().unwrap(), Some(UNANSWERED));
            assert_eq!(SILENCE + ASK_AGAIN * ASKED, UNANSWERED);
        }
    }
}

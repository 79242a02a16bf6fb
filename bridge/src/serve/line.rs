//! One endpoint's line: its client, and the octets on their way.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};

use nix::poll::PollFlags;

use super::net::{Got, Listener, Stream};

/// Octets that may wait for a client or from one. A client that does not read is given up.
const WAITING_MAX: usize = 1 << 20;
/// Octets read in one go.
const CHUNK: usize = 4_096;

#[derive(Debug)]
struct Client {
    stream: Stream,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
    /// Octets that the endpoint has taken.
    consumed: u64,
    /// Octets that the endpoint has given.
    written: u64,
    gone: bool,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A client has come.
    Came,
    /// Another client has come and was sent away.
    Refused,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Line {
    listener: Listener,
    client: Option<Client>,
    /// Came while the client before it was leaving, and is the next.
    next: Option<Stream>,
    /// A client has gone and the endpoint does not know yet.
    left: bool,
}

impl Line {
    pub(super) const fn new(listener: Listener) -> Self {
        Self { listener, client: None, next: None, left: false }
    }

    /// Lets octets pass in both directions as far as they go without waiting.
    pub(super) fn pump(&mut self) -> io::Result<Vec<Change>> {
        if let Some(client) = &mut self.client {
            client.read();
            client.flush();
            if client.gone && client.inbox.is_empty() {
                self.client = None;
                self.left = true;
            }
        }
        self.admit()
    }

    /// Lets in who waits at the door, or sends them away.
    fn admit(&mut self) -> io::Result<Vec<Change>> {
        let mut changes = Vec::new();
        // A pseudo-terminal has one other end, and it is taken.
        while !self.is_leaving() && (self.client.is_none() || self.listener.waits_on().is_some()) {
            let waiting = match self.next.take() {
                None => self.listener.accept()?,
                next => next,
            };
            let Some(stream) = waiting else { break };
            if let Some(client) = &mut self.client {
                // It may have gone since it was read, and made room for this one.
                client.read();
                if client.gone {
                    self.next = Some(stream);
                } else {
                    changes.push(Change::Refused);
                }
                continue;
            }
            let mut client = Client {
                stream,
                inbox: Vec::new(),
                outbox: Vec::new(),
                consumed: 0,
                written: 0,
                gone: false,
            };
            client.read();
            self.client = Some(client);
            changes.push(Change::Came);
        }
        Ok(changes)
    }

    /// A client has gone, and its endpoint is still to be told: whoever comes next waits, to meet
    /// one that begins anew.
    fn is_leaving(&self) -> bool {
        self.left || self.client.as_ref().is_some_and(|client| client.gone)
    }

    /// Whether a client has gone since it was asked last.
    pub(super) const fn take_left(&mut self) -> bool {
        std::mem::replace(&mut self.left, false)
    }

    /// Octets for the client. Without one they are lost.
    pub(super) fn send(&mut self, octets: &[u8]) {
        if let Some(client) = &mut self.client {
            client.written += octets.len() as u64;
            client.outbox.extend_from_slice(octets);
            client.flush();
        }
    }

    /// Takes all octets that have come.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.client.as_mut().map(|client| client.take(usize::MAX)).unwrap_or_default()
    }

    /// Takes octets so that `total` of them are taken since the client came. `None`: they are not
    /// there yet.
    pub(super) fn take_up_to(&mut self, total: u64) -> Option<Vec<u8>> {
        let client = self.client.as_mut()?;
        let wanted = usize::try_from(total.checked_sub(client.consumed)?).ok()?;
        (client.inbox.len() >= wanted).then(|| client.take(wanted))
    }

    /// Octets taken and given since the client came.
    pub(super) fn totals(&self) -> (u64, u64) {
        self.client.as_ref().map_or((0, 0), |client| (client.consumed, client.written))
    }

    /// Whether a client is there and more may come from it.
    pub(super) fn is_open(&self) -> bool {
        self.client.as_ref().is_some_and(|client| !client.gone)
    }

    /// Gives a client up whose last octets nobody wants.
    pub(super) fn drop_gone(&mut self) {
        if self.client.as_ref().is_some_and(|client| client.gone) {
            self.client = None;
            self.left = true;
        }
    }

    /// What to wait on.
    pub(super) fn waits_on(&self) -> impl Iterator<Item = (BorrowedFd<'_>, PollFlags)> {
        let listener = self
            .listener
            .waits_on()
            .filter(|_| !self.is_leaving())
            .map(|fd| (fd, PollFlags::POLLIN));
        let client = self.client.as_ref().filter(|client| !client.gone).map(|client| {
            let out = !client.outbox.is_empty();
            let full = client.inbox.len() >= WAITING_MAX;
            let mut flags = if full { PollFlags::empty() } else { PollFlags::POLLIN };
            flags.set(PollFlags::POLLOUT, out);
            (client.stream.as_fd(), flags)
        });
        listener.into_iter().chain(client)
    }
}

impl Client {
    fn read(&mut self) {
        let mut chunk = [0; CHUNK];
        while !self.gone && self.inbox.len() < WAITING_MAX {
            match self.stream.read(&mut chunk) {
                Got::Octets(count) => self.inbox.extend_from_slice(&chunk[..count]),
                Got::Nothing => return,
                Got::End => self.gone = true,
            }
        }
    }

    fn flush(&mut self) {
        while !self.outbox.is_empty() && !self.gone {
            match self.stream.write(&self.outbox) {
                Ok(0) => break,
                Ok(count) => drop(self.outbox.drain(..count)),
                Err(_) => self.gone = true,
            }
        }
        self.gone |= self.outbox.len() > WAITING_MAX;
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let rest = self.inbox.split_off(count.min(self.inbox.len()));
        let taken = std::mem::replace(&mut self.inbox, rest);
        self.consumed += taken.len() as u64;
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpStream;

    use super::super::address::Address;
    use super::*;

    fn tcp() -> (Listener, std::net::SocketAddr) {
        let listener = Listener::bind(&"tcp:0".parse().unwrap()).unwrap();
        match listener.address().unwrap() {
            Address::Tcp(address) => (listener, address),
            other => panic!("{other} is not TCP"),
        }
    }

    /// Between reading the client and looking at the door, it goes and the next one comes.
    #[test]
    fn who_comes_right_after_the_client_has_gone_is_the_next() {
        let (listener, address) = tcp();
        let mut line = Line::new(listener);
        let first = TcpStream::connect(address).unwrap();
        assert_eq!(line.pump().unwrap(), [Change::Came]);
        drop(first);
        let mut second = TcpStream::connect(address).unwrap();
        second.write_all(&[1, 3, 0x0C, 0]).unwrap();
        assert_eq!(line.admit().unwrap(), []);
        // It waits until the endpoint knows.
        assert_eq!(line.pump().unwrap(), []);
        assert!(line.take_left());
        assert_eq!(line.pump().unwrap(), [Change::Came]);
        assert_eq!(line.take(), [1, 3, 0x0C, 0]);
        // Somebody is there: a third one is sent away.
        let _third = TcpStream::connect(address).unwrap();
        assert_eq!(line.pump().unwrap(), [Change::Refused]);
    }
}

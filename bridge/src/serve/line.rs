//! One endpoint's line: its client, and buffered octets.

use std::task::{Context, Poll};

use super::door::{Door, Visitor};
use super::net::{Listener, Stream};

/// Octets that may wait for a client or from one. A client that does not read is given up.
const WAITING_MAX: usize = 1 << 20;
/// Maximum number of octets read, and given to the endpoint, per turn.
const CHUNK: usize = 4_096;
/// While this many octets wait for a client no more input is taken from it, as on a line with flow
/// control: a client's own commands never make it count as one that does not read.
const FULL: usize = 64 << 10;

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
    /// It was given up.
    deaf: bool,
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A client has connected.
    Came,
    /// Another client has connected and was refused.
    Refused,
    /// Octets were received, or the client has disconnected.
    Heard,
    /// The client does not read, and was given up.
    Deaf,
    /// Accepting failed, with the reason.
    Failed(String),
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Line {
    door: Door,
    client: Option<Client>,
    /// A client has disconnected and the endpoint has not been notified.
    left: bool,
}

impl Line {
    pub(super) const fn new(listener: Listener) -> Self {
        Self { door: Door::new(listener), client: None, left: false }
    }

    /// Lets octets pass in both directions as far as they go without waiting, and clients in; what
    /// there is to wait for wakes `cx`.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Vec<Change> {
        let mut changes = Vec::new();
        if let Some(client) = &mut self.client {
            if client.poll(cx) {
                changes.push(if client.deaf { Change::Deaf } else { Change::Heard });
            }
            if client.gone && client.inbox.is_empty() {
                self.client = None;
                self.left = true;
            }
        }
        while !self.is_leaving() {
            match self.door.poll(cx, self.client.is_some()) {
                Poll::Ready(Visitor::Enters(stream)) => {
                    let mut client = Client::new(stream);
                    client.poll(cx);
                    self.client = Some(client);
                    changes.push(Change::Came);
                }
                Poll::Ready(Visitor::SentAway) => changes.push(Change::Refused),
                Poll::Ready(Visitor::Fails(why)) => changes.push(Change::Failed(why)),
                Poll::Pending => break,
            }
        }
        changes
    }

    /// Whether a client waits and the place is free: poll again soon.
    pub(super) fn has_next(&self) -> bool {
        self.door.has_next() && !self.is_leaving()
    }

    /// A client has disconnected, and its endpoint is still to be notified: the next client waits
    /// for the restarted endpoint.
    fn is_leaving(&self) -> bool {
        self.left || self.client.as_ref().is_some_and(|client| client.gone)
    }

    /// Whether a client has disconnected since the last call.
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

    /// Takes received octets, up to the maximum of one turn.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let ready = self.client.as_mut().filter(|client| client.is_ready());
        ready.map(|client| client.take(CHUNK)).unwrap_or_default()
    }

    /// Whether [`Self::take`] has more to give.
    pub(super) fn has_more(&self) -> bool {
        self.client.as_ref().is_some_and(Client::is_ready)
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

    /// Drops a disconnected client whose last octets are not wanted.
    pub(super) fn drop_gone(&mut self) {
        if self.client.as_ref().is_some_and(|client| client.gone) {
            self.client = None;
            self.left = true;
        }
    }
}

impl Client {
    const fn new(stream: Stream) -> Self {
        Self {
            stream,
            inbox: Vec::new(),
            outbox: Vec::new(),
            consumed: 0,
            written: 0,
            gone: false,
            deaf: false,
        }
    }

    /// Whether there are octets that can be answered, or whose answers are not wanted.
    fn is_ready(&self) -> bool {
        !self.inbox.is_empty() && (self.outbox.len() < FULL || self.gone)
    }

    /// Reads and writes. Returns whether octets were received or can be answered again, or the
    /// client has disconnected.
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        let (mut heard, ready) = (false, self.is_ready());
        let mut chunk = [0; CHUNK];
        while !self.gone && self.inbox.len() < WAITING_MAX {
            match self.stream.poll_read(cx, &mut chunk) {
                Poll::Ready(Ok(count)) if count > 0 => {
                    self.inbox.extend_from_slice(&chunk[..count]);
                }
                Poll::Ready(_) => self.gone = true,
                Poll::Pending => break,
            }
            heard = true;
        }
        self.flush();
        while !self.gone && !self.outbox.is_empty() {
            match self.stream.poll_write_ready(cx) {
                Poll::Ready(Ok(())) => self.flush(),
                Poll::Ready(Err(_)) => self.gone = true,
                Poll::Pending => break,
            }
        }
        heard || self.gone || (self.is_ready() && !ready)
    }

    fn flush(&mut self) {
        while !self.outbox.is_empty() && !self.gone {
            match self.stream.write(&self.outbox) {
                Ok(0) => break,
                Ok(count) => drop(self.outbox.drain(..count)),
                Err(_) => self.gone = true,
            }
        }
        if self.outbox.len() > WAITING_MAX && !self.gone {
            self.gone = true;
            self.deaf = true;
        }
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
    use std::net::{SocketAddr, TcpStream};

    use super::super::address::Address;
    use super::*;

    /// Polls the line once, after all events so far are known.
    async fn look(line: &mut Line) -> Vec<Change> {
        tokio::task::yield_now().await;
        std::future::poll_fn(|cx| Poll::Ready(line.poll(cx))).await
    }

    fn tcp() -> (Line, SocketAddr) {
        let listener = Listener::bind(&"tcp:0".parse().unwrap()).unwrap();
        let Address::Tcp(address) = listener.address().unwrap() else { panic!("it is TCP") };
        (Line::new(listener), address)
    }

    /// Between reading the client and polling the listener, it disconnects and the next one
    /// connects.
    #[tokio::test]
    async fn a_client_right_after_the_last_one_is_the_next() {
        let (mut line, address) = tcp();
        let first = TcpStream::connect(address).unwrap();
        assert_eq!(look(&mut line).await, [Change::Came]);
        drop(first);
        let mut second = TcpStream::connect(address).unwrap();
        second.write_all(&[1, 3, 0x0C, 0]).unwrap();
        // As if the end of the first one had been seen a moment too late.
        line.door.let_wait().await;
        assert_eq!(look(&mut line).await, [Change::Heard], "the end of the first");
        assert!(!line.has_next(), "looking again changes nothing before the endpoint knows");
        assert!(line.take_left() && line.has_next());
        assert_eq!(look(&mut line).await, [Change::Came]);
        let octets = loop {
            match line.take() {
                none if none.is_empty() => drop(look(&mut line).await),
                octets => break octets,
            }
        };
        assert_eq!(octets, [1, 3, 0x0C, 0]);
    }

    /// No more is buffered for it than this, beside the buffers of the system.
    #[tokio::test]
    async fn who_does_not_read_is_given_up_with_a_word_and_keeps_little() {
        let (mut line, address) = tcp();
        let _deaf = TcpStream::connect(address).unwrap();
        assert_eq!(look(&mut line).await, [Change::Came]);
        let mut sent = 0;
        while line.is_open() {
            line.send(&[4; CHUNK]);
            sent += CHUNK;
            let waiting = line.client.as_ref().map_or(0, |client| client.outbox.len());
            assert!(waiting <= WAITING_MAX + CHUNK, "{waiting} octets wait");
            assert!(sent < 1 << 30, "nobody takes so much");
        }
        assert_eq!(look(&mut line).await, [Change::Deaf]);
        assert!(line.take_left());
    }

    /// A client is there, and stays. Nothing else happens meanwhile.
    #[tokio::test]
    async fn who_comes_while_a_client_is_there_is_sent_away_at_once() {
        let (mut line, address) = tcp();
        let _first = TcpStream::connect(address).unwrap();
        assert_eq!(look(&mut line).await, [Change::Came]);
        let _second = TcpStream::connect(address).unwrap();
        let changes = std::future::poll_fn(|cx| match line.poll(cx) {
            none if none.is_empty() => Poll::Pending,
            changes => Poll::Ready(changes),
        });
        let seen = tokio::select! {
            biased;
            () = tokio::time::sleep(std::time::Duration::from_secs(5)) => panic!("no change"),
            seen = changes => seen,
        };
        assert_eq!(seen, [Change::Refused]);
        assert!(line.is_open());
    }
}

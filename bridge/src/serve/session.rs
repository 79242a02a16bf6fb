//! Controlled time: the conversation on the control port.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration as Wall, Instant as WallInstant};

use ble::time::{Duration, Instant};

use super::control::{Request, parse};
use super::door::{Door, Visitor};
use super::lent::Lent;
use super::net::{Listener, Stream};
use super::server::Server;
use crate::twin::Port;

/// How long octets that a request announces may take to arrive.
const PATIENCE: Wall = Wall::from_secs(10);
/// Simulated time that passes in one go.
const PART: Duration = Duration::from_secs(1);
/// Octets of a line that are kept without its end; more is answered with an error.
const LINE_MAX: usize = 4_096;
/// Requests that may wait.
const REQUESTS_MAX: usize = 256;

/// A controlling program.
#[derive(Debug)]
struct Client {
    stream: Stream,
    /// It sends no more; all its requests are carried out and answered.
    ended: bool,
    /// It hears no more.
    deaf: bool,
}

/// The place of the controlling program.
#[derive(Debug)]
pub(super) struct Session {
    door: Door,
    client: Option<Client>,
    /// The received part of the next line.
    line: Vec<u8>,
    /// Requests that have come, understood or not.
    requests: VecDeque<Result<Request, String>>,
    /// Octets of each port that were announced.
    announced: Vec<u64>,
    /// Whether a controlling program has connected.
    steered: Rc<Cell<bool>>,
}

impl Session {
    pub(super) const fn new(listener: Listener, steered: Rc<Cell<bool>>) -> Self {
        Self {
            door: Door::new(listener),
            client: None,
            line: Vec::new(),
            requests: VecDeque::new(),
            announced: Vec::new(),
            steered,
        }
    }

    /// Reads from the controlling program, and accepts the next one. There is one; another is
    /// refused. Returns whether there was any input.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        let heard = self.hear(cx);
        let mut came = false;
        while !self.is_leaving()
            && let Poll::Ready(visitor) = self.door.poll(cx, self.client.is_some())
        {
            came = true;
            if let Visitor::Enters(stream) = visitor {
                self.client = Some(Client { stream, ended: false, deaf: false });
                self.steered.set(true);
                self.hear(cx);
            }
        }
        heard || came
    }

    /// A program has disconnected, and its last requests are still to be carried out: the next one
    /// waits, and gets answers to its own requests only.
    fn is_leaving(&self) -> bool {
        self.client.as_ref().is_some_and(|client| client.ended)
    }

    /// Whether a program waits and the place is free: poll again soon.
    pub(super) fn has_next(&self) -> bool {
        self.door.has_next() && !self.is_leaving()
    }

    /// The next request.
    pub(super) fn request(&mut self) -> Option<Result<Request, String>> {
        let request = self.requests.pop_front();
        if request.is_none() && self.is_leaving() {
            self.leave();
        }
        request
    }

    /// The program has disconnected, and its state is dropped.
    fn leave(&mut self) {
        self.client = None;
        self.line.clear();
        self.requests.clear();
    }

    /// Reads from the controlling program, if there is one, to the last available octet. A program
    /// far ahead of its answers waits.
    fn hear(&mut self, cx: &mut Context<'_>) -> bool {
        let mut chunk = [0; 1_024];
        let mut heard = false;
        while self.requests.len() < REQUESTS_MAX
            && let Some(client) = self.client.as_mut().filter(|client| !client.ended)
        {
            match client.stream.poll_read(cx, &mut chunk) {
                Poll::Ready(Ok(count)) if count > 0 => self.line.extend_from_slice(&chunk[..count]),
                Poll::Ready(_) => client.ended = true,
                Poll::Pending => break,
            }
            heard = true;
            while let Some(end) = self.line.iter().position(|octet| *octet == b'\n') {
                let rest = self.line.split_off(end + 1);
                let line = std::mem::replace(&mut self.line, rest);
                self.requests.push_back(parse(&String::from_utf8_lossy(&line)));
            }
            if self.line.len() > LINE_MAX {
                self.line.clear();
                self.requests.push_back(Err("the line is too long".into()));
            }
        }
        heard
    }

    fn reply(&mut self, text: &str) {
        if let Some(client) = self.client.as_mut().filter(|client| !client.deaf) {
            let line = format!("{text}\n");
            // A program that does not read its replies has left the conversation.
            if client.stream.write(line.as_bytes()).ok() != Some(line.len()) {
                client.ended = true;
                client.deaf = true;
            }
        }
    }
}

impl<A: Lent> Server<A> {
    /// Carries out a request of the controlling program, and answers.
    pub(super) async fn request(
        &mut self,
        request: Result<Request, String>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let answer = match request {
            Ok(Request::Bye) => {
                if let Some(session) = &mut self.outside.control {
                    session.leave();
                }
                return Ok(());
            }
            Ok(Request::Hello) => Ok(format!("OK 1 now={}", self.air.now().as_us())),
            Ok(Request::Now) => {
                self.catch_up(out).await?;
                self.air.run_until(self.air.now());
                Ok(self.at())
            }
            Ok(Request::Run { until, stop, consume }) => {
                self.run(until, stop, &consume, out).await?
            }
            Ok(Request::Address { port, address }) => self.port(&port).map(|port| {
                self.air.set_address(port, address);
                "OK".to_owned()
            }),
            Ok(Request::Transmit(packet)) => {
                self.air.transmit(packet).map(|()| "OK".to_owned()).map_err(str::to_owned)
            }
            Err(error) => Err(error),
        };
        // A program that gets the time may read the capture up to it.
        self.reporter.report(&mut self.air, out)?;
        let text = answer.unwrap_or_else(|error| format!("ERR {error}"));
        if let Some(session) = &mut self.outside.control {
            session.reply(&text);
        }
        Ok(())
    }

    fn port(&self, name: &str) -> Result<Port, String> {
        let named = self.outside.names.iter().position(|known| known == name);
        let ordinal = || name.parse::<usize>().ok()?.checked_sub(1);
        named
            .or_else(|| ordinal().filter(|index| *index < self.outside.names.len()))
            .map(Port)
            .ok_or_else(|| format!("no such port; there are {}", self.outside.names.join(" ")))
    }

    /// Notices clients that have connected and disconnected.
    async fn catch_up(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.pump(out).await?;
        for line in &mut self.outside.lines {
            line.drop_gone();
        }
        self.leave(out)?;
        // A client that waited for a place has it now.
        self.pump(out).await
    }

    async fn run(
        &mut self,
        until: Instant,
        stop: bool,
        consume: &[(String, u64)],
        out: &mut dyn Write,
    ) -> io::Result<Result<String, String>> {
        if until < self.air.now() {
            return Ok(Err("time does not go back".into()));
        }
        if let Err(error) = self.consume(consume, out).await? {
            return Ok(Err(error));
        }
        self.hand_over();
        let news = stop && self.has_news();
        if !news && !self.pass(until, stop, out).await? {
            return Ok(Err("interrupted".into()));
        }
        Ok(Ok(self.at()))
    }

    /// Lets time pass. In parts, so that little waits to be written and Ctrl-C is heeded: `false`,
    /// if it was.
    async fn pass(&mut self, until: Instant, stop: bool, out: &mut dyn Write) -> io::Result<bool> {
        loop {
            // Only the system knows new inputs, such as a signal.
            tokio::task::yield_now().await;
            if self.is_stopped().await || self.air.is_over() {
                return Ok(!self.stopped);
            }
            let part = until.min(self.air.now() + PART);
            if !stop {
                self.air.run_until(part);
            } else if self.air.run_until_octets(part) {
                self.whole_microsecond(until);
                return Ok(true);
            }
            if self.air.now() >= until {
                return Ok(true);
            }
            self.reporter.report(&mut self.air, out)?;
        }
    }

    /// Lets endpoints consume the octets that the request names, in its order. The last octets of a
    /// disconnected client reach its endpoint before the notice of its end.
    async fn consume(
        &mut self,
        consume: &[(String, u64)],
        out: &mut dyn Write,
    ) -> io::Result<Result<(), String>> {
        self.pump(out).await?;
        let mut ports = Vec::new();
        for (name, total) in consume {
            match self.port(name) {
                Ok(port) => ports.push((port, *total)),
                Err(error) => return Ok(Err(error)),
            }
        }
        ports.retain(|(port, total)| {
            let line = self.outside.lines.get_mut(port.0).filter(|line| !line.is_open());
            let last = line.and_then(|line| line.take_up_to(*total));
            let gone = last.as_ref().is_some_and(|octets| !octets.is_empty());
            if gone {
                self.air.feed(*port, last.unwrap_or_default());
            }
            !gone
        });
        self.catch_up(out).await?;
        for (port, total) in ports {
            match self.wait_for(port, total, out).await? {
                Ok(octets) if octets.is_empty() => {}
                Ok(octets) => self.air.feed(port, octets),
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(()))
    }

    /// An instant within a microsecond is reported as its end.
    fn whole_microsecond(&mut self, until: Instant) {
        let us = Instant::from_us(self.air.now().as_us());
        if us < self.air.now() {
            self.air.run_until(until.min(us + Duration::from_us(1)));
        }
    }

    /// Octets of a client that make `total` since it came.
    async fn wait_for(
        &mut self,
        port: Port,
        total: u64,
        out: &mut dyn Write,
    ) -> io::Result<Result<Vec<u8>, String>> {
        let begun = WallInstant::now();
        loop {
            self.pump(out).await?;
            let Some(line) = self.outside.lines.get_mut(port.0) else {
                return Ok(Err("no such port".into()));
            };
            if let Some(octets) = line.take_up_to(total) {
                return Ok(Ok(octets));
            }
            let (consumed, _) = line.totals();
            if total < consumed {
                return Ok(Err(format!("{consumed} octets are consumed already")));
            }
            if total == 0 && !line.is_open() {
                return Ok(Ok(Vec::new()));
            }
            if begun.elapsed() > PATIENCE || self.stopped {
                return Ok(Err(format!("{total} octets were announced and have not come")));
            }
            self.wait(Some(PATIENCE.saturating_sub(begun.elapsed())), out).await?;
        }
    }

    fn has_news(&self) -> bool {
        let Some(session) = &self.outside.control else { return false };
        self.outside.lines.iter().enumerate().any(|(index, line)| {
            let written = line.totals().1;
            // A client that has connected since counts from zero.
            let announced = session.announced.get(index).filter(|known| **known <= written);
            written > announced.copied().unwrap_or(0)
        })
    }

    /// `AT`, with what every port was given so far.
    fn at(&mut self) -> String {
        self.hand_over();
        let written: Vec<u64> = self.outside.lines.iter().map(|line| line.totals().1).collect();
        let mut text = format!("AT {}", self.air.now().as_us());
        for (name, written) in self.outside.names.iter().zip(&written) {
            // Writing to a string cannot fail.
            let _ = write!(text, " {name}={written}");
        }
        if let Some(session) = &mut self.outside.control {
            session.announced = written;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpStream;

    use super::super::address::Address;
    use super::*;

    /// Between reading from the program and polling the listener, it disconnects and the next one
    /// connects.
    #[tokio::test]
    async fn a_program_right_after_the_last_one_is_the_next() {
        async fn look(session: &mut Session) {
            tokio::task::yield_now().await;
            std::future::poll_fn(|cx| Poll::Ready(session.poll(cx))).await;
        }
        let listener = Listener::bind(&"tcp:0".parse().unwrap()).unwrap();
        let Address::Tcp(address) = listener.address().unwrap() else { panic!("it is TCP") };
        let mut session = Session::new(listener, Rc::default());
        let mut first = TcpStream::connect(address).unwrap();
        look(&mut session).await;
        first.write_all(b"HELLO\n").unwrap();
        drop(first);
        let mut second = TcpStream::connect(address).unwrap();
        // As if the end of the first one had been seen a moment too late.
        session.door.let_wait().await;
        second.write_all(b"NOW\n").unwrap();
        while session.requests.is_empty() || !session.is_leaving() {
            look(&mut session).await;
        }
        assert!(!session.has_next(), "looking again changes nothing before it is done");
        assert!(session.request().unwrap().is_err(), "the last word of the first is not lost");
        assert_eq!(session.request(), None, "that is for the first to hear");
        while session.requests.is_empty() {
            look(&mut session).await;
        }
        assert_eq!(session.request(), Some(Ok(Request::Now)));
    }
}

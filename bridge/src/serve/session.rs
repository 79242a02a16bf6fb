//! Controlled time: the conversation on the control port.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::{Duration as Wall, Instant as WallInstant};

use ble::time::{Duration, Instant};

use super::Server;
use super::control::{Request, parse};
use super::net::{Got, Listener, Stream};
use crate::twin::Port;

/// How long octets that a request announces may take to arrive.
const PATIENCE: Wall = Wall::from_secs(10);
/// Simulated time that passes in one go.
const PART: Duration = Duration::from_secs(1);
/// Octets of a line that are kept without its end; more is answered with an error.
const LINE_MAX: usize = 4_096;
/// Pieces of a conversation that are heard in one go.
const CHUNKS: usize = 64;

/// The controlling program.
#[derive(Debug)]
pub(super) struct Session {
    listener: Listener,
    client: Option<Stream>,
    /// What has come of the next line.
    line: Vec<u8>,
    /// Octets of each port that were announced.
    announced: Vec<u64>,
}

impl Session {
    pub(super) const fn new(listener: Listener) -> Self {
        Self { listener, client: None, line: Vec::new(), announced: Vec::new() }
    }

    pub(super) fn waits_on(&self) -> Option<BorrowedFd<'_>> {
        match &self.client {
            Some(client) => Some(client.as_fd()),
            None => self.listener.waits_on(),
        }
    }

    /// Requests that have come, understood or not.
    pub(super) fn requests(&mut self) -> io::Result<Vec<Result<Request, String>>> {
        let mut requests = self.hear();
        requests.append(&mut self.admit()?);
        Ok(requests)
    }

    /// Lets in who waits at the door, or sends them away: there is one controlling program. Its
    /// last requests, if it has gone since it was heard.
    fn admit(&mut self) -> io::Result<Vec<Result<Request, String>>> {
        let mut requests = Vec::new();
        while let Some(stream) = self.listener.accept()? {
            if self.client.is_some() {
                requests.append(&mut self.hear());
            }
            if self.client.is_none() {
                self.client = Some(stream);
                self.line.clear();
            }
        }
        Ok(requests)
    }

    /// Hears the controlling program, if there is one, to the last octet that has come; one that
    /// talks without end is cut short, and heard again at the next turn.
    fn hear(&mut self) -> Vec<Result<Request, String>> {
        let mut chunk = [0; 1_024];
        let mut requests = Vec::new();
        for _ in 0..CHUNKS {
            let Some(client) = &mut self.client else { break };
            match client.read(&mut chunk) {
                Got::Octets(count) => self.line.extend_from_slice(&chunk[..count]),
                Got::End => self.client = None,
                Got::Nothing => break,
            }
            while let Some(end) = self.line.iter().position(|octet| *octet == b'\n') {
                let rest = self.line.split_off(end + 1);
                let line = std::mem::replace(&mut self.line, rest);
                requests.push(parse(&String::from_utf8_lossy(&line)));
            }
            if self.line.len() > LINE_MAX {
                self.line.clear();
                requests.push(Err("the line is too long".into()));
            }
        }
        requests
    }

    fn reply(&mut self, text: &str) {
        if let Some(client) = &mut self.client {
            let line = format!("{text}\n");
            // A program that does not read its replies has left the conversation.
            if client.write(line.as_bytes()).ok() != Some(line.len()) {
                self.client = None;
            }
        }
    }
}

impl Server {
    /// Does what the controlling program asks, and answers.
    pub(super) fn request(
        &mut self,
        request: Result<Request, String>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let answer = match request {
            Ok(Request::Bye) => {
                if let super::Clock::Controlled(session) = &mut self.clock {
                    session.client = None;
                }
                return Ok(());
            }
            Ok(Request::Hello) => Ok(format!("OK 1 now={}", self.twin.now().as_us())),
            Ok(Request::Now) => {
                self.catch_up(out)?;
                self.twin.run_until(self.twin.now());
                Ok(self.at())
            }
            Ok(Request::Run { until, stop, consume }) => self.run(until, stop, &consume, out)?,
            Ok(Request::Address { port, address }) => self.port(&port).map(|port| {
                self.twin.set_address(port, address);
                "OK".to_owned()
            }),
            Ok(Request::Transmit(packet)) => {
                self.twin.transmit(packet).map(|()| "OK".to_owned()).map_err(str::to_owned)
            }
            Err(error) => Err(error),
        };
        // Whoever knows the time may read the capture up to it.
        self.reporter.report(&mut self.twin, out)?;
        let text = answer.unwrap_or_else(|error| format!("ERR {error}"));
        if let super::Clock::Controlled(session) = &mut self.clock {
            session.reply(&text);
        }
        Ok(())
    }

    fn port(&self, name: &str) -> Result<Port, String> {
        let named = self.names.iter().position(|known| known == name);
        let ordinal = || name.parse::<usize>().ok()?.checked_sub(1);
        named
            .or_else(|| ordinal().filter(|index| *index < self.names.len()))
            .map(Port)
            .ok_or_else(|| format!("no such port; there are {}", self.names.join(" ")))
    }

    /// Notices clients that have come and gone.
    fn catch_up(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.pump(out)?;
        for line in &mut self.lines {
            line.drop_gone();
        }
        self.leave(out)?;
        // Whoever waited for a place has it now.
        self.pump(out)
    }

    fn run(
        &mut self,
        until: Instant,
        stop: bool,
        consume: &[(String, u64)],
        out: &mut dyn Write,
    ) -> io::Result<Result<String, String>> {
        if until < self.twin.now() {
            return Ok(Err("time does not go back".into()));
        }
        if let Err(error) = self.consume(consume, out)? {
            return Ok(Err(error));
        }
        self.hand_over();
        let news = stop && self.has_news();
        if !news && !self.pass(until, stop, out)? {
            return Ok(Err("interrupted".into()));
        }
        Ok(Ok(self.at()))
    }

    /// Lets time pass. In parts, so that little waits to be written and Ctrl-C is heeded: `false`,
    /// if it was.
    fn pass(&mut self, until: Instant, stop: bool, out: &mut dyn Write) -> io::Result<bool> {
        loop {
            if (self.interrupted)() {
                return Ok(false);
            }
            let part = until.min(self.twin.now() + PART);
            if !stop {
                self.twin.run_until(part);
            } else if self.twin.run_until_octets(part) {
                self.whole_microsecond(until);
                return Ok(true);
            }
            if self.twin.now() >= until {
                return Ok(true);
            }
            self.reporter.report(&mut self.twin, out)?;
        }
    }

    /// Lets endpoints consume what the request says, in its order. The last octets of a client
    /// that has gone reach its endpoint before the news that it has.
    fn consume(
        &mut self,
        consume: &[(String, u64)],
        out: &mut dyn Write,
    ) -> io::Result<Result<(), String>> {
        self.pump(out)?;
        let mut ports = Vec::new();
        for (name, total) in consume {
            match self.port(name) {
                Ok(port) => ports.push((port, *total)),
                Err(error) => return Ok(Err(error)),
            }
        }
        ports.retain(|(port, total)| {
            let line = self.lines.get_mut(port.0).filter(|line| !line.is_open());
            let last = line.and_then(|line| line.take_up_to(*total));
            let gone = last.as_ref().is_some_and(|octets| !octets.is_empty());
            if gone {
                self.twin.feed(*port, last.unwrap_or_default());
            }
            !gone
        });
        self.catch_up(out)?;
        for (port, total) in ports {
            match self.wait_for(port, total, out)? {
                Ok(octets) if octets.is_empty() => {}
                Ok(octets) => self.twin.feed(port, octets),
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(()))
    }

    /// An instant within a microsecond is told as the end of it.
    fn whole_microsecond(&mut self, until: Instant) {
        let us = Instant::from_us(self.twin.now().as_us());
        if us < self.twin.now() {
            self.twin.run_until(until.min(us + Duration::from_us(1)));
        }
    }

    /// Octets of a client that make `total` since it came.
    fn wait_for(
        &mut self,
        port: Port,
        total: u64,
        out: &mut dyn Write,
    ) -> io::Result<Result<Vec<u8>, String>> {
        let begun = WallInstant::now();
        loop {
            self.pump(out)?;
            let Some(line) = self.lines.get_mut(port.0) else {
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
            if begun.elapsed() > PATIENCE || (self.interrupted)() {
                return Ok(Err(format!("{total} octets were announced and have not come")));
            }
            self.wait()?;
        }
    }

    fn has_news(&self) -> bool {
        let super::Clock::Controlled(session) = &self.clock else { return false };
        self.lines.iter().enumerate().any(|(index, line)| {
            let written = line.totals().1;
            // A client that has come since counts from zero.
            let announced = session.announced.get(index).filter(|known| **known <= written);
            written > announced.copied().unwrap_or(0)
        })
    }

    /// `AT`, with what every port was given so far.
    fn at(&mut self) -> String {
        self.hand_over();
        let written: Vec<u64> = self.lines.iter().map(|line| line.totals().1).collect();
        let mut text = format!("AT {}", self.twin.now().as_us());
        for (name, written) in self.names.iter().zip(&written) {
            // Writing to a string cannot fail.
            let _ = write!(text, " {name}={written}");
        }
        if let super::Clock::Controlled(session) = &mut self.clock {
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

    /// Between hearing the program and looking at the door, it goes and the next one comes.
    #[test]
    fn who_comes_right_after_the_program_has_gone_is_the_next() {
        let listener = Listener::bind(&"tcp:0".parse().unwrap()).unwrap();
        let Address::Tcp(address) = listener.address().unwrap() else { panic!("it is TCP") };
        let mut session = Session::new(listener);
        let mut first = TcpStream::connect(address).unwrap();
        assert!(session.requests().unwrap().is_empty());
        first.write_all(b"HELLO\n").unwrap();
        drop(first);
        let mut second = TcpStream::connect(address).unwrap();
        // The last word of the first is not lost.
        assert_eq!(session.admit().unwrap().len(), 1);
        second.write_all(b"NOW\n").unwrap();
        assert!(matches!(session.requests().unwrap()[..], [Ok(Request::Now)]));
    }
}

//! Lends an air, turn by turn: what has come from outside goes in, time passes, what is for
//! outside goes out.

use std::future::{Future, poll_fn};
use std::io::{self, Write};
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration as Wall, Instant as WallInstant};

use ble::time::Duration;

use super::keyboard::Keyboard;
use super::lent::Lent;
use super::line::{Change, Line};
use super::net::Listener;
use super::outside::{News, Outside};
use super::pace::Pace;
use super::report::{Reporter, port_line};
use super::session::Session;
use super::{Address, Lending, ServeError, Time};
use crate::twin::Port;

/// Simulated time that passes before the clock on the wall is looked at again.
const SLICE: Duration = Duration::from_ms(5);
/// How long the simulation has the processor before hosts are asked again.
const TURN: Wall = Wall::from_millis(1);
/// As fast as hosts answer: who has been silent for so long has nothing to say now.
const QUIET: Wall = Wall::from_millis(10);

/// How time passes, with what that takes.
#[derive(Clone, Copy, Debug)]
enum Clock {
    Paced(Pace),
    /// When octets last passed between a host and its endpoint.
    Max(Option<WallInstant>),
    Controlled,
}

/// See the [module](self).
pub(super) struct Server<A> {
    pub(super) air: A,
    pub(super) outside: Outside,
    pub(super) reporter: Reporter,
    clock: Clock,
    /// That simulated time falls behind was told.
    slow: bool,
    /// The last wait found something at once: the system is asked before the next.
    eager: bool,
    stop: Pin<Box<dyn Future<Output = ()>>>,
    pub(super) stopped: bool,
}

fn bind(address: &Address) -> Result<(Listener, Address), ServeError> {
    let failed = |error| ServeError::Bind { address: address.clone(), error };
    let listener = Listener::bind(address).map_err(failed)?;
    let found = listener.address().map_err(failed)?;
    Ok((listener, found))
}

impl<A: Lent> Server<A> {
    pub(super) fn new(
        air: A,
        lending: Lending,
        stop: Pin<Box<dyn Future<Output = ()>>>,
        out: &mut dyn Write,
    ) -> Result<Self, ServeError> {
        let mut outside = Outside::default();
        let mut titles = Vec::new();
        for (number, (address, profile)) in (1..).zip(&lending.endpoints) {
            let (listener, address) = bind(address)?;
            writeln!(out, "endpoint {number}: {address} {profile}")?;
            titles.push(format!("hci {number} {address} {profile}"));
            outside.names.push(match address {
                Address::Tcp(address) => address.port().to_string(),
                Address::Unix(_) | Address::Pty(_) => number.to_string(),
            });
            outside.lines.push(Line::new(listener));
        }
        let clock = match &lending.time {
            Time::Times(factor) => Clock::Paced(Pace::new(*factor, air.now())),
            Time::Max => Clock::Max(None),
            Time::Controlled(address) => {
                let (listener, address) = bind(address)?;
                writeln!(out, "control: {address}")?;
                outside.control = Some(Session::new(listener));
                Clock::Controlled
            }
        };
        let reporter = Reporter::new(lending.watching, &titles)?;
        outside.keyboard = lending.keyboard.then(Keyboard::new);
        if outside.keyboard.is_some() && Keyboard::is_a_person() {
            writeln!(out, "type {}", air.help())?;
        }
        let (slow, eager, stopped) = (false, false, false);
        Ok(Self { air, outside, reporter, clock, slow, eager, stop, stopped })
    }

    /// Serves until it is stopped, or all is over.
    pub(super) async fn serve(mut self, out: &mut dyn Write) -> Result<A, ServeError> {
        while !self.stopped && !self.air.is_over() {
            self.turn(out).await?;
        }
        self.hand_over();
        self.reporter.report(&mut self.air, out)?;
        Ok(self.air)
    }

    /// Waits for something to do, and does it.
    async fn turn(&mut self, out: &mut dyn Write) -> Result<(), ServeError> {
        self.wait(self.patience(), out).await?;
        match self.clock {
            Clock::Paced(pace) => self.follow(pace, out)?,
            Clock::Max(heard) => self.rush(heard, out)?,
            Clock::Controlled => {
                while let Some(request) = self.outside.control.as_mut().and_then(Session::request) {
                    self.request(request, out).await?;
                }
            }
        }
        self.reporter.report(&mut self.air, out)?;
        Ok(())
    }

    /// How long there is nothing to do unless something comes; `None`: for ever.
    fn patience(&self) -> Option<Wall> {
        if self.air.stands_still() {
            return None;
        }
        match self.clock {
            Clock::Paced(pace) => self.air.next_event().map(|at| pace.until(at)),
            Clock::Max(_) if !self.outside.has_host() => None,
            Clock::Max(None) => self.air.next_event().map(|_| Wall::ZERO),
            Clock::Max(Some(heard)) => Some(QUIET.saturating_sub(heard.elapsed())),
            Clock::Controlled => None,
        }
    }

    /// Waits until something comes from outside, and takes it in.
    pub(super) async fn wait(
        &mut self,
        patience: Option<Wall>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if self.eager || patience == Some(Wall::ZERO) || self.outside.has_next() {
            // What has come in the meantime is known to the system alone.
            tokio::task::yield_now().await;
        }
        if patience == Some(Wall::ZERO) {
            return self.take_in(out).await;
        }
        let (mut polls, mut slept) = (0_u32, false);
        let Self { outside, stop, stopped, .. } = self;
        let news = tokio::select! {
            biased;
            () = stop, if !*stopped => {
                *stopped = true;
                News::default()
            }
            news = poll_fn(|cx| {
                polls = polls.saturating_add(1);
                outside.poll(cx)
            }) => news?,
            () = sleep(patience) => {
                slept = true;
                News::default()
            }
        };
        self.eager = !slept && polls == 1;
        self.hear(news, out)
    }

    /// Takes in what has come by now, without waiting.
    async fn take_in(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.eager = false;
        let outside = &mut self.outside;
        let news = poll_fn(|cx| Poll::Ready(outside.take(cx))).await?;
        self.is_stopped().await;
        self.hear(news, out)
    }

    /// Asks the system what has come, and takes it in.
    pub(super) async fn pump(&mut self, out: &mut dyn Write) -> io::Result<()> {
        loop {
            tokio::task::yield_now().await;
            self.take_in(out).await?;
            if !self.outside.has_next() {
                return Ok(());
            }
        }
    }

    /// Whether it was stopped by now.
    pub(super) async fn is_stopped(&mut self) -> bool {
        let Self { stop, stopped, .. } = self;
        if !*stopped {
            *stopped = poll_fn(|cx| Poll::Ready(stop.as_mut().poll(cx).is_ready())).await;
        }
        self.stopped
    }

    fn hear(&mut self, news: News, out: &mut dyn Write) -> io::Result<()> {
        let now = self.air.now();
        for (index, change) in news.changes {
            let what = match change {
                Change::Came => {
                    self.air.come(Port(index));
                    "a host has come"
                }
                Change::Refused => "taken; another host was sent away",
                Change::Heard => continue,
            };
            writeln!(out, "{}", port_line(now, index + 1, what))?;
            out.flush()?;
        }
        for line in news.typed {
            if let Err(told) = self.air.typed(&line) {
                writeln!(out, "{told}")?;
                out.flush()?;
            }
        }
        Ok(())
    }

    /// Tells endpoints whose hosts have gone.
    pub(super) fn leave(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let now = self.air.now();
        for (index, line) in self.outside.lines.iter_mut().enumerate() {
            if line.take_left() {
                self.air.leave(Port(index));
                writeln!(out, "{}", port_line(now, index + 1, "the host has gone"))?;
                out.flush()?;
            }
        }
        Ok(())
    }

    /// Catches up with the clock on the wall.
    fn follow(&mut self, mut pace: Pace, out: &mut dyn Write) -> io::Result<()> {
        if self.air.stands_still() {
            self.leave(out)?;
            self.clock = Clock::Paced(Pace::new(pace.factor(), self.air.now()));
            return Ok(());
        }
        self.play(pace.target(), out)?;
        if pace.accept(self.air.now()) && !std::mem::replace(&mut self.slow, true) {
            writeln!(out, "this machine is too slow: simulated time falls behind")?;
        }
        self.clock = Clock::Paced(pace);
        Ok(())
    }

    /// Lets time pass while nobody says anything.
    fn rush(&mut self, heard: Option<WallInstant>, out: &mut dyn Write) -> io::Result<()> {
        let now = self.air.now();
        let quiet = heard.is_none_or(|heard| heard.elapsed() >= QUIET);
        let passes = quiet && self.outside.has_host() && !self.air.stands_still();
        let talked = self.play(if passes { ble::time::Instant::MAX } else { now }, out)?;
        let heard = heard.filter(|_| !quiet);
        self.clock = Clock::Max(if talked { Some(WallInstant::now()) } else { heard });
        Ok(())
    }

    /// What hosts have said goes in, time passes up to `target` or until something is for a host,
    /// for a turn at most, and that goes out. Whether octets have passed.
    fn play(&mut self, target: ble::time::Instant, out: &mut dyn Write) -> io::Result<bool> {
        let begun = WallInstant::now();
        self.leave(out)?;
        let mut talked = self.feed();
        let mut octets = self.hand_over();
        while !octets && self.air.now() < target && !self.air.is_over() && begun.elapsed() < TURN {
            self.air.run_until_octets(target.min(self.air.now() + SLICE));
            octets = self.hand_over();
            talked |= octets;
        }
        Ok(talked || octets)
    }

    /// Gives endpoints what their hosts have said, in the order of the endpoints.
    fn feed(&mut self) -> bool {
        let mut fed = false;
        for (index, line) in self.outside.lines.iter_mut().enumerate() {
            let octets = line.take();
            if !octets.is_empty() {
                self.air.feed(Port(index), octets);
                fed = true;
            }
        }
        fed
    }

    /// Gives hosts what their endpoints have for them. Whether that is anything.
    pub(super) fn hand_over(&mut self) -> bool {
        let mut any = false;
        for (index, line) in self.outside.lines.iter_mut().enumerate() {
            let octets = self.air.take(Port(index));
            if !octets.is_empty() {
                line.send(&octets);
                any = true;
            }
        }
        any
    }
}

async fn sleep(patience: Option<Wall>) {
    match patience {
        Some(patience) => tokio::time::sleep(patience).await,
        None => std::future::pending().await,
    }
}

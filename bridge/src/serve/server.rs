//! Lends an air, turn by turn: inputs from outside are taken, time passes, outputs are sent.

use std::future::{Future, poll_fn};
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration as Wall, Instant as WallInstant};

use ble::time::{Duration, Instant};

use super::debugger::Debugger;
use super::keyboard::Keyboard;
use super::lent::Lent;
use super::line::{Change, Line};
use super::net::Listener;
use super::outside::{News, Outside};
use super::pace::Pace;
use super::report::{Reporter, port_line};
use super::session::Session;
use super::{Address, Lending, Places, Program, ServeError, Served, Time};
use crate::twin::Port;

/// Simulated time that passes before the clock on the wall is looked at again.
const SLICE: Duration = Duration::from_ms(5);
/// How long the simulation has the processor before hosts are asked again.
const TURN: Wall = Wall::from_millis(1);
/// As fast as hosts answer: a host that was silent for this long is taken to have nothing to send.
/// Longer, up to the second constant, if a host was seen to need more.
const QUIET: Wall = Wall::from_millis(10);
const QUIET_MAX: Wall = Wall::from_millis(500);
/// How many times as long as its slowest answer so far a host is waited for.
const SLOWER: u32 = 4;
/// So much longer a program is waited for that has something to do, which a busy machine keeps it
/// from; half as long each time that it never rests meanwhile.
const BUSY_MAX: Wall = Wall::from_secs(2);

/// How time passes, with what that takes.
#[derive(Clone, Copy, Debug)]
enum Clock {
    Paced(Pace),
    Max(Talk),
    Controlled,
}

/// The traffic between hosts and their endpoints.
#[derive(Clone, Copy, Debug)]
struct Talk {
    /// When octets passed last, unless it has been quiet since.
    last: Option<WallInstant>,
    /// When octets last went to a host that has said nothing since.
    asked: Option<WallInstant>,
    /// The longest time from octets for a host to octets from it.
    slowest: Wall,
    /// The program was busy: when it is looked at again.
    again: Option<WallInstant>,
    /// How much longer a busy program is waited for.
    busy_max: Wall,
}

impl Talk {
    const fn new() -> Self {
        Self { last: None, asked: None, slowest: Wall::ZERO, again: None, busy_max: BUSY_MAX }
    }

    /// How long a host that has something to send may be silent.
    fn patience(&self) -> Wall {
        self.slowest.saturating_mul(SLOWER).clamp(QUIET, QUIET_MAX)
    }

    fn is_quiet(&self) -> bool {
        self.last.is_none_or(|last| last.elapsed() >= self.patience())
    }

    /// How long it may be before there is more to know.
    fn rests(&self) -> Wall {
        let since = self.last.map_or(Wall::ZERO, |last| last.elapsed());
        let again =
            self.again.map_or(Wall::ZERO, |at| at.saturating_duration_since(WallInstant::now()));
        self.patience().saturating_sub(since).max(again)
    }

    /// Whether a host may be silent only because its program has not been scheduled. Asked when it
    /// is quiet.
    fn waits_for(&mut self, program: &Program) -> bool {
        let Some(last) = self.last else { return false };
        self.again = None;
        if !program.is_busy() {
            self.busy_max = BUSY_MAX;
            return false;
        }
        if last.elapsed() >= self.patience() + self.busy_max {
            self.busy_max /= 2;
            return false;
        }
        self.again = Some(WallInstant::now() + QUIET);
        true
    }
}

/// See the [module](self).
pub(super) struct Server<A> {
    pub(super) air: A,
    pub(super) outside: Outside,
    pub(super) places: Places,
    pub(super) reporter: Reporter,
    clock: Clock,
    /// The warning that simulated time falls behind was printed.
    slow: bool,
    /// The most that simulated time was late.
    latest: Wall,
    /// The last wait returned immediately: the system is polled before the next.
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
    pub(super) fn new(air: A, lending: Lending, out: &mut dyn Write) -> Result<Self, ServeError> {
        let (mut titles, mut places) = (Vec::new(), Places::default());
        let (mut lines, mut names, mut control) = (Vec::new(), Vec::new(), None);
        for (number, (address, profile)) in (1..).zip(&lending.endpoints) {
            let (listener, address) = bind(address)?;
            writeln!(out, "endpoint {number}: {address} {profile}")?;
            titles.push(format!("hci {number} {address} {profile}"));
            places.endpoints.push(address.clone());
            names.push(match address {
                Address::Tcp(address) => address.port().to_string(),
                Address::Unix(_) | Address::Pty(_) => number.to_string(),
            });
            lines.push(Line::new(listener));
        }
        let clock = match &lending.time {
            Time::Times(factor) => Clock::Paced(Pace::new(*factor, air.now())),
            Time::Max => Clock::Max(Talk::new()),
            Time::Controlled(address) => {
                let (listener, address) = bind(address)?;
                writeln!(out, "control: {address}")?;
                places = Places { control: Some(address), ..places };
                control = Some(Session::new(listener, Rc::clone(&places.steered)));
                Clock::Controlled
            }
        };
        let debugger = lending.gdb.map(|port| {
            // This machine alone: who debugs reads and writes all there is.
            let (listener, address) = bind(&Address::Tcp((Ipv4Addr::LOCALHOST, port).into()))?;
            if let Address::Tcp(at) = address {
                let port = at.port();
                writeln!(out, "debugger: `target remote :{port}` in gdb-multiarch")?;
            }
            Ok::<_, ServeError>(Debugger::new(listener))
        });
        let debugger = debugger.transpose()?;
        let reporter = Reporter::new(lending.watching, &titles)?;
        let keyboard = lending.keyboard.then(Keyboard::new);
        if keyboard.is_some() && Keyboard::is_a_person() {
            writeln!(out, "type {}", air.help())?;
        }
        Ok(Self {
            air,
            outside: Outside { lines, names, control, keyboard, debugger },
            places,
            reporter,
            clock,
            slow: false,
            latest: Wall::ZERO,
            eager: false,
            stop: Box::pin(std::future::pending()),
            stopped: false,
        })
    }

    /// Listens for what stops it from here on.
    pub(super) async fn stop_when(&mut self, stop: impl Future<Output = ()> + 'static) {
        self.stop = Box::pin(stop);
        self.is_stopped().await;
    }

    /// Serves until it is stopped, or all is over.
    pub(super) async fn serve(mut self, out: &mut dyn Write) -> Result<Served<A>, ServeError> {
        while !self.stopped && !self.air.is_over() {
            self.turn(out).await?;
        }
        self.hand_over();
        if let (Some(debugger), Some(chip)) = (&mut self.outside.debugger, self.air.chip()) {
            debugger.end(chip);
        }
        self.reporter.report(&mut self.air, out)?;
        self.reporter.finish(out)?;
        Ok(Served { air: self.air, latest: self.latest })
    }

    /// Waits for something to do, and does it.
    async fn turn(&mut self, out: &mut dyn Write) -> Result<(), ServeError> {
        self.wait(self.patience(), out).await?;
        match self.clock {
            Clock::Paced(pace) => self.follow(pace, out)?,
            Clock::Max(talk) => self.rush(talk, out)?,
            Clock::Controlled => {
                while !self.stopped
                    && let Some(request) = self.outside.control.as_mut().and_then(Session::request)
                {
                    self.request(request, out).await?;
                }
            }
        }
        self.reporter.report(&mut self.air, out)?;
        Ok(())
    }

    /// How long there is nothing to do unless something comes; `None`: for ever.
    fn patience(&self) -> Option<Wall> {
        if !matches!(self.clock, Clock::Controlled) && self.outside.has_more() {
            return Some(Wall::ZERO);
        }
        if self.stands_still() {
            return None;
        }
        match self.clock {
            Clock::Paced(pace) => self.air.next_event().map(|at| pace.until(at)),
            Clock::Max(_) if !self.outside.has_host() => None,
            Clock::Max(Talk { last: None, .. }) => self.air.next_event().map(|_| Wall::ZERO),
            Clock::Max(talk) => Some(talk.rests()),
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
            // Only the system knows new inputs.
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
            }) => news,
            () = sleep(patience) => {
                slept = true;
                News::default()
            }
        };
        self.eager = !slept && polls == 1;
        self.hear(news, out)
    }

    /// Takes the present inputs, without waiting.
    async fn take_in(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.eager = false;
        let outside = &mut self.outside;
        let news = poll_fn(|cx| Poll::Ready(outside.take(cx))).await;
        self.is_stopped().await;
        self.hear(news, out)
    }

    /// Polls the system for inputs, and takes them.
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

    /// Lets the debugger see its chip, if there is one; it may end all.
    fn attend(&mut self) {
        if let (Some(debugger), Some(chip)) = (&mut self.outside.debugger, self.air.chip()) {
            self.stopped |= !debugger.attend(chip);
        }
    }

    /// Whether time does not pass: the air waits for a host, or a debugger halts it.
    fn stands_still(&self) -> bool {
        self.air.stands_still() || self.outside.debugger.as_ref().is_some_and(Debugger::holds)
    }

    fn hear(&mut self, news: News, out: &mut dyn Write) -> io::Result<()> {
        self.attend();
        let now = self.air.now();
        for (index, change) in news.changes {
            let what = match change {
                Change::Came => {
                    self.air.come(Port(index));
                    if let Clock::Max(talk) = &mut self.clock {
                        // It has something to say, and may need a moment to begin.
                        talk.last = Some(WallInstant::now());
                    }
                    "a host has come"
                }
                Change::Refused => "taken; another host was sent away",
                Change::Deaf => "the host does not read what it is sent, and was given up",
                Change::Failed(why) => &format!("could not let a host in ({why})"),
                Change::Heard => continue,
            };
            writeln!(out, "{}", port_line(now, index + 1, what))?;
            out.flush()?;
        }
        for line in news.typed {
            if let Err(error) = self.air.typed(&line) {
                writeln!(out, "{error}")?;
                out.flush()?;
            }
        }
        Ok(())
    }

    /// Notifies endpoints whose hosts have disconnected.
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
        if self.stands_still() {
            self.leave(out)?;
            self.clock = Clock::Paced(Pace::new(pace.factor(), self.air.now()));
            return Ok(());
        }
        if self.air.is_looked_at() {
            self.latest = self.latest.max(pace.late(self.air.next_event()));
        }
        self.play(pace.target(), out)?;
        if pace.accept(self.air.now()) && !std::mem::replace(&mut self.slow, true) {
            writeln!(out, "this machine is too slow: simulated time falls behind")?;
        }
        self.clock = Clock::Paced(pace);
        Ok(())
    }

    /// Lets time pass while no host sends anything.
    fn rush(&mut self, mut talk: Talk, out: &mut dyn Write) -> io::Result<()> {
        let now = self.air.now();
        let quiet = talk.is_quiet() && !talk.waits_for(&self.places.program);
        let passes = quiet && self.outside.has_host() && !self.stands_still();
        let (said, sent) = self.play(if passes { Instant::MAX } else { now }, out)?;
        // What comes later than that is no answer.
        let answer = talk.asked.take_if(|_| said).map(|asked| asked.elapsed());
        talk.slowest =
            talk.slowest.max(answer.filter(|took| *took <= QUIET_MAX).unwrap_or_default());
        let now = WallInstant::now();
        if quiet {
            talk.last = None;
        }
        if sent {
            talk.asked = Some(now);
        }
        if said || sent {
            talk.last = Some(now);
        }
        self.clock = Clock::Max(talk);
        Ok(())
    }

    /// Passes the hosts' octets to their endpoints, lets time pass up to `target`, the first output
    /// for a host or the end of the turn, and sends the outputs. Returns whether hosts have sent
    /// anything, and whether they were sent anything.
    fn play(&mut self, target: Instant, out: &mut dyn Write) -> io::Result<(bool, bool)> {
        let begun = WallInstant::now();
        self.leave(out)?;
        let said = self.feed();
        let mut octets = self.hand_over();
        while !octets && self.air.now() < target && !self.air.is_over() && begun.elapsed() < TURN {
            self.air.run_until_octets(target.min(self.air.now() + SLICE));
            octets = self.hand_over();
            self.attend();
            if self.stands_still() || self.stopped {
                break;
            }
        }
        Ok((said, octets))
    }

    /// Passes hosts' octets to their endpoints, in the order of the endpoints.
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

    /// Sends the endpoints' outputs to their hosts. Returns whether there were any.
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

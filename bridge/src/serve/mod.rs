//! Lends a [`Twin`] to programs: one thread that waits on all lines at once, so that nothing but
//! octets and time decides what happens.

mod address;
mod control;
mod keyboard;
mod line;
mod net;
mod pace;
mod report;
mod session;

use std::io::{self, Write};
use std::time::Duration as Wall;

use ble::time::{Duration, Instant};
use bletwin_emulator::node::Image;
use bletwin_firmware_node::Build;
use bletwin_models::controller::ControllerConfig;
use bletwin_sim::node::NodeId;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

pub use address::Address;
pub use report::{Capture, Watching};

use crate::twin::{Owner, Port, Twin};
use keyboard::Keyboard;
use line::{Change, Line};
use net::Listener;
use pace::Pace;
use report::{Reporter, port_line};
use session::Session;

/// The longest wait: a pseudo-terminal and Ctrl-C are looked at that often.
const LOOK: Wall = Wall::from_millis(20);
/// Simulated time that passes before lines are looked at again.
const SLICE: Duration = Duration::from_ms(5);

/// An endpoint to be served.
#[derive(Clone, Debug)]
pub struct EndpointSpec {
    /// Where its host finds it.
    pub address: Address,
    /// Name of its profile.
    pub profile: String,
    /// Its link layer.
    pub controller: ControllerConfig,
}

/// A peripheral in the same air.
#[derive(Clone, Debug)]
pub struct PeripheralSpec {
    /// The name of its node, in the log and in reports.
    pub name: String,
    /// The firmware that it runs, unless `chip` is given.
    pub build: Build,
    /// The file that a chip runs in its place.
    pub chip: Option<Image>,
}

/// How time passes.
#[derive(Clone, Debug, PartialEq)]
pub enum Time {
    /// So many times as fast as the clock on the wall.
    Times(f64),
    /// As a program at this address says.
    Controlled(Address),
}

/// All that is to be served.
#[derive(Debug)]
pub struct Options {
    /// Seed of all randomness.
    pub seed: u64,
    /// Endpoints, each for one host outside.
    pub endpoints: Vec<EndpointSpec>,
    /// Peripherals that share the air with the endpoints.
    pub peripherals: Vec<PeripheralSpec>,
    /// Whether the peripherals' owner confirms numbers.
    pub owner_confirms: bool,
    /// How time passes.
    pub time: Time,
    /// What is watched.
    pub watching: Watching,
    /// Whether lines on standard input press the first peripheral's buttons.
    pub keyboard: bool,
}

/// Why serving could not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address cannot be used.
    #[error("cannot listen on {address}: {error}")]
    Bind {
        /// The address that was to be listened on.
        address: Address,
        /// The error of the operating system.
        error: io::Error,
    },
    /// Something went wrong later.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Serves until `interrupted`. Prints where everything is to `out`, then `ready`, then what is
/// watched.
///
/// # Errors
/// [`ServeError`] if an address cannot be used, or a file or `out` cannot be written.
pub fn serve(
    options: Options,
    interrupted: impl Fn() -> bool + 'static,
    out: &mut dyn Write,
) -> Result<(), ServeError> {
    let mut server = Server::new(options, Box::new(interrupted), out)?;
    writeln!(out, "ready")?;
    out.flush()?;
    while !(server.interrupted)() {
        server.turn(out)?;
    }
    server.reporter.report(&mut server.twin, out)?;
    Ok(())
}

fn bind(address: &Address) -> Result<(Listener, Address), ServeError> {
    let failed = |error| ServeError::Bind { address: address.clone(), error };
    let listener = Listener::bind(address).map_err(failed)?;
    let found = listener.address().map_err(failed)?;
    Ok((listener, found))
}

/// How time passes, with what that takes.
#[derive(Debug)]
enum Clock {
    Paced(Pace),
    Controlled(Box<Session>),
}

struct Server {
    twin: Twin,
    lines: Vec<Line>,
    /// What control requests call the ports: a TCP port number, or the ordinal.
    names: Vec<String>,
    clock: Clock,
    reporter: Reporter,
    keyboard: Option<Keyboard>,
    /// Whose buttons are pressed.
    first: Option<NodeId>,
    /// That simulated time falls behind was told.
    slow: bool,
    interrupted: Box<dyn Fn() -> bool>,
}

impl Server {
    fn new(
        options: Options,
        interrupted: Box<dyn Fn() -> bool>,
        out: &mut dyn Write,
    ) -> Result<Self, ServeError> {
        let owner = Owner { confirms: options.owner_confirms };
        let mut twin = Twin::new(options.seed, owner);
        let mut first = None;
        for peripheral in options.peripherals {
            let PeripheralSpec { name, build, chip } = peripheral;
            let node = if let Some(image) = chip {
                // Which address a file has is its own affair.
                writeln!(out, "peripheral: {name}, on a chip")?;
                twin.add_chip(&name, image)
            } else {
                writeln!(out, "peripheral: {name} {}", build.config.address)?;
                twin.add_peripheral(&name, build)
            };
            first = first.or(Some(node));
        }
        let (mut lines, mut names, mut titles) = (Vec::new(), Vec::new(), Vec::new());
        for (number, endpoint) in (1..).zip(options.endpoints) {
            let (listener, address) = bind(&endpoint.address)?;
            twin.add_endpoint(&format!("endpoint {number}"), endpoint.controller);
            writeln!(out, "endpoint {number}: {address} {}", endpoint.profile)?;
            titles.push(format!("hci {number} {address} {}", endpoint.profile));
            names.push(match address {
                Address::Tcp(address) => address.port().to_string(),
                Address::Unix(_) | Address::Pty(_) => number.to_string(),
            });
            lines.push(Line::new(listener));
        }
        let clock = match options.time {
            Time::Times(factor) => Clock::Paced(Pace::new(factor, Instant::ZERO)),
            Time::Controlled(address) => {
                let (listener, address) = bind(&address)?;
                writeln!(out, "control: {address}")?;
                Clock::Controlled(Box::new(Session::new(listener)))
            }
        };
        let reporter = Reporter::new(options.watching, &titles)?;
        let keyboard = first.filter(|_| options.keyboard).map(|_| Keyboard::default());
        if keyboard.is_some() && Keyboard::is_a_person() {
            writeln!(out, "type {}", keyboard::HELP)?;
        }
        let slow = false;
        Ok(Self { twin, lines, names, clock, reporter, keyboard, first, slow, interrupted })
    }

    /// Waits for something to do, and does it.
    fn turn(&mut self, out: &mut dyn Write) -> Result<(), ServeError> {
        self.wait()?;
        self.pump(out)?;
        self.type_in(out)?;
        match &mut self.clock {
            Clock::Paced(_) => self.follow(out)?,
            Clock::Controlled(session) => {
                let requests = session.requests()?;
                for request in requests {
                    self.request(request, out)?;
                }
            }
        }
        self.reporter.report(&mut self.twin, out)?;
        Ok(())
    }

    fn wait(&self) -> io::Result<()> {
        let mut waits: Vec<PollFd<'_>> = Vec::new();
        let stdin = io::stdin();
        let typed = self.keyboard.as_ref().and_then(|keyboard| keyboard.waits_on(&stdin));
        waits.extend(typed.map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        let all = self.lines.iter().flat_map(Line::waits_on);
        waits.extend(all.map(|(fd, flags)| PollFd::new(fd, flags)));
        let timeout = match &self.clock {
            Clock::Paced(pace) => {
                self.twin.next_event().map_or(LOOK, |at| pace.until(at).min(LOOK))
            }
            Clock::Controlled(session) => {
                let more = session.waits_on();
                waits.extend(more.into_iter().map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
                LOOK
            }
        };
        // Rounded up, or the last part of a millisecond would be spent asking.
        let ms = timeout.as_micros().div_ceil(1_000);
        let timeout = PollTimeout::try_from(ms).unwrap_or(PollTimeout::ZERO);
        match poll(&mut waits, timeout) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Does what was typed.
    fn type_in(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let (Some(keyboard), Some(node)) = (&mut self.keyboard, self.first) else {
            return Ok(());
        };
        for line in keyboard.typed()? {
            match keyboard::act(&line, self.twin.buttons(node).as_deref()) {
                Ok(act) => self.twin.act(node, act),
                Err(told) => writeln!(out, "{told}")?,
            }
        }
        Ok(())
    }

    /// Lets octets come and go, and clients.
    fn pump(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let now = self.twin.now();
        for (number, line) in (1..).zip(&mut self.lines) {
            for change in line.pump()? {
                let what = match change {
                    Change::Came => "a host has come",
                    Change::Refused => "taken; another host was sent away",
                };
                writeln!(out, "{}", port_line(now, number, what))?;
                out.flush()?;
            }
        }
        Ok(())
    }

    /// Tells endpoints whose hosts have gone.
    fn leave(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let now = self.twin.now();
        for (index, line) in self.lines.iter_mut().enumerate() {
            if line.take_left() {
                self.twin.leave(Port(index));
                writeln!(out, "{}", port_line(now, index + 1, "the host has gone"))?;
                out.flush()?;
            }
        }
        Ok(())
    }

    /// Catches up with the clock on the wall.
    fn follow(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let Clock::Paced(mut pace) = self.clock else { return Ok(()) };
        let target = pace.target();
        let slice = self.twin.now() + SLICE;
        self.twin.run_until(target.min(slice));
        self.leave(out)?;
        for (index, line) in self.lines.iter_mut().enumerate() {
            let octets = line.take();
            if !octets.is_empty() {
                self.twin.feed(Port(index), octets);
            }
        }
        self.hand_over();
        if pace.accept(self.twin.now()) && !std::mem::replace(&mut self.slow, true) {
            writeln!(out, "this machine is too slow: simulated time falls behind")?;
        }
        self.clock = Clock::Paced(pace);
        Ok(())
    }

    /// Gives hosts what their endpoints have for them.
    fn hand_over(&mut self) {
        for (index, line) in self.lines.iter_mut().enumerate() {
            let octets = self.twin.take(Port(index));
            if !octets.is_empty() {
                line.send(&octets);
            }
        }
    }
}

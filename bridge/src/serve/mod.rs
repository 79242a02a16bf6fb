//! Lends a simulated air to programs, over sockets and pseudo-terminals. The air knows nothing of
//! them: octets go in and come out ([`Lent`]).

mod address;
mod control;
mod debugger;
mod door;
mod keyboard;
mod lent;
mod line;
mod net;
mod outside;
mod pace;
mod program;
mod report;
mod server;
mod session;
mod sink;
#[cfg(unix)]
mod unix;

use std::cell::Cell;
use std::future::Future;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::Duration;

use bletwin_emulator::node::Image;
use bletwin_emulator::nrf52840::Revision;
use bletwin_firmware_node::Build;
use bletwin_models::controller::ControllerConfig;

pub use address::Address;
pub use lent::Lent;
pub use program::Program;
pub use report::{Capture, Watching};

use crate::twin::{Owner, Twin};
use server::Server;

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
    /// The file that a chip runs in its place, and of which revision that is.
    pub chip: Option<(Image, Revision)>,
}

/// How time passes.
#[derive(Clone, Debug, PartialEq)]
pub enum Time {
    /// This many times as fast as real time.
    Times(f64),
    /// As fast as the hosts answer: it passes while there is a host, and no host has sent or
    /// received anything for a while or is known to be busy.
    Max,
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
    /// What is reported and captured.
    pub watching: Watching,
    /// Whether lines on standard input press the first peripheral's buttons.
    pub keyboard: bool,
    /// The port of this machine on which a debugger of the first chip is waited for.
    pub gdb: Option<u16>,
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

/// How an air is lent.
#[derive(Debug)]
pub struct Lending {
    /// The address of each endpoint, and its name in reports, in the order of the ports.
    pub endpoints: Vec<(Address, String)>,
    /// How time passes.
    pub time: Time,
    /// What is reported and captured.
    pub watching: Watching,
    /// Whether lines on standard input are actions of a person.
    pub keyboard: bool,
    /// The port of this machine on which a debugger of the air's chip is waited for: time stands
    /// still until it comes, and while it halts the chip.
    pub gdb: Option<u16>,
}

/// Where programs find the endpoints.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The endpoints, in the order of the ports.
    pub endpoints: Vec<Address>,
    /// The address of the control of time, if there is one.
    pub control: Option<Address>,
    /// Whether a controlling program has connected.
    pub steered: Rc<Cell<bool>>,
    /// The program of the hosts, if one was started: with [`Time::Max`] time does not pass while it
    /// is busy.
    pub program: Program,
}

/// An air that was lent, when that is over.
#[derive(Clone, Copy, Debug)]
pub struct Served<A> {
    /// The air, as it was left.
    pub air: A,
    /// How late simulated time was at most behind the clock on the wall while the air was looked
    /// at, in time on the wall; zero where it does not follow that clock. A host was served so
    /// late.
    pub latest: Duration,
}

/// Serves until `stop`. Prints the addresses to `out`, then `ready`, then reports.
///
/// # Errors
/// [`ServeError`] if an address cannot be used, or a file or `out` cannot be written.
pub fn serve(
    options: Options,
    stop: impl Future<Output = ()> + 'static,
    out: &mut dyn Write,
) -> Result<(), ServeError> {
    let owner = Owner { confirms: options.owner_confirms };
    let mut twin = Twin::new(options.seed, owner);
    for peripheral in options.peripherals {
        let PeripheralSpec { name, build, chip } = peripheral;
        if let Some((image, revision)) = chip {
            // The program on the chip decides its address.
            writeln!(out, "peripheral: {name}, on a chip")?;
            twin.add_chip(&name, image, revision);
        } else {
            writeln!(out, "peripheral: {name} {}", build.config.address)?;
            twin.add_peripheral(&name, build);
        }
    }
    let mut endpoints = Vec::new();
    for (number, endpoint) in (1..).zip(options.endpoints) {
        twin.add_endpoint(&format!("endpoint {number}"), endpoint.controller);
        endpoints.push((endpoint.address, endpoint.profile));
    }
    let Options { time, watching, keyboard, gdb, .. } = options;
    let lending = Lending { endpoints, time, watching, keyboard, gdb };
    lend(twin, lending, |_| stop, out).map(drop)
}

/// Lends this air until it is over, or until the future that `begin` returns for its places is
/// ready. One thread waits for everything, so that only octets and time decide what happens. Prints
/// as [`serve`].
///
/// # Errors
/// As [`serve`].
pub fn lend<A: Lent, S: Future<Output = ()> + 'static>(
    air: A,
    lending: Lending,
    begin: impl FnOnce(&Places) -> S,
    out: &mut dyn Write,
) -> Result<Served<A>, ServeError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(tokio::task::coop::unconstrained(async {
        let mut server = Server::new(air, lending, out)?;
        // It listens for signals before it announces itself.
        let stop = begin(&server.places);
        server.stop_when(stop).await;
        writeln!(out, "ready")?;
        out.flush()?;
        server.serve(out).await
    }));
    // If a thread reads the keyboard, its next line is not awaited.
    runtime.shutdown_background();
    served
}

/// Waits for Ctrl-C, or a termination signal. `already`: whether one of them came before this call.
pub async fn signalled(already: fn() -> bool) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
        if let [Ok(mut interrupt), Ok(mut terminate)] = signals {
            if !already() {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            }
            return;
        }
    }
    // Without a handler Ctrl-C still ends the process; only the tidy way out is lost.
    if !already() && tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

//! A host program of the user's: started for each meeting with a model central, with the address of
//! its controller, and ended with all its child processes.

use std::cell::Cell;
use std::io;
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use bletwin_bridge::serve::{self, Address, Places};
use bletwin_scenarios::meeting::Presence;
use tokio::process::{Child, Command};

/// How long a connection may arrive after the program has ended: its last octets may be under way.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A program that is to control time has so long to begin with it.
const UNSTEERED: Duration = Duration::from_secs(20);

/// A host that has not advertised by then never will: an emulated machine may have booted twice.
const UNADVERTISED: Duration = Duration::from_secs(600);

/// How a meeting is begun and ended.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// As a shell takes it.
    pub(crate) command: String,
    /// Seed of the meeting.
    pub(crate) seed: u64,
    /// Whether it may print where bletwin prints.
    pub(crate) prints: bool,
}

impl Program {
    /// Starts it. Its environment has `BLETWIN_ENDPOINT`, such as `tcp:127.0.0.1:9001`; for TCP
    /// `BLETWIN_HOST` and `BLETWIN_PORT`; `BLETWIN_SEED`; if it controls time, `BLETWIN_CONTROL`,
    /// such as `tcp:127.0.0.1:9100`.
    fn start(&self, address: &Address, control: Option<&Address>) -> io::Result<Running> {
        let mut command = if cfg!(windows) {
            let mut command = Command::new("cmd");
            command.args(["/C", &self.command]);
            command
        } else {
            let mut command = Command::new("sh");
            command.args(["-c", &self.command]);
            command
        };
        command.env("BLETWIN_ENDPOINT", address.to_string());
        command.env("BLETWIN_SEED", self.seed.to_string());
        // An inherited one is for another program.
        command.env_remove("BLETWIN_CONTROL");
        command.envs(control.map(|control| ("BLETWIN_CONTROL", control.to_string())));
        if let Address::Tcp(address) = address {
            command.env("BLETWIN_HOST", address.ip().to_string());
            command.env("BLETWIN_PORT", address.port().to_string());
        }
        command.stdin(Stdio::null()).kill_on_drop(true);
        if !self.prints {
            command.stdout(Stdio::null()).stderr(Stdio::null());
        }
        #[cfg(unix)]
        command.process_group(0);
        command.spawn().map(Running)
    }
}

/// A running program, ended on drop.
struct Running(Child);

#[cfg(unix)]
impl Drop for Running {
    fn drop(&mut self) {
        use nix::sys::signal::{Signal, killpg};
        use nix::unistd::Pid;
        /// Time for a program to end after it was asked to.
        const POLITE: Duration = Duration::from_millis(300);
        const LOOK: Duration = Duration::from_millis(5);
        let Some(group) = self.0.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw)
        else {
            return;
        };
        let _ = killpg(group, Signal::SIGTERM);
        let mut waited = Duration::ZERO;
        while waited < POLITE && matches!(self.0.try_wait(), Ok(None)) {
            std::thread::park_timeout(LOOK);
            waited += LOOK;
        }
        let _ = killpg(group, Signal::SIGKILL);
    }
}

/// Waits until it is clear that no program controls time.
async fn nobody_steers(places: &Places) {
    tokio::time::sleep(UNSTEERED).await;
    if places.control.is_none() || places.steered.get() {
        std::future::pending::<()>().await;
    }
}

/// Waits until it is clear that the scenario never begins.
async fn nobody_advertises(presence: &Cell<Presence>) {
    tokio::time::sleep(UNADVERTISED).await;
    if presence.get() == Presence::Met {
        std::future::pending::<()>().await;
    }
}

/// How a program has ended before its meeting has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It did not start or never connected, with the reason.
    NobodyCame(String),
    /// The controlling program has disconnected, so that time stands still.
    TimeStandsStill,
}

/// Waits until the meeting has to end early: by Ctrl-C, because the program has ended before a host
/// advertised, or because it no longer controls time. `reason` receives it.
pub(crate) async fn stop(
    program: Option<Program>,
    places: Places,
    presence: Rc<Cell<Presence>>,
    reason: Rc<Cell<Option<Ended>>>,
) {
    let runs = async {
        let (Some(program), Some(address)) = (program, places.endpoints.first()) else {
            return std::future::pending().await;
        };
        let why = match program.start(address, places.control.as_ref()) {
            Err(error) => format!("`{}` did not start: {error}", program.command),
            Ok(mut running) => {
                places.program.is(running.0.id());
                let ended = tokio::select! {
                    ended = running.0.wait() => ended,
                    () = nobody_steers(&places) => {
                        let why = format!(
                            "`{}` does not control time: in {} s it has not connected to the \
                             address in $BLETWIN_CONTROL, as it has to with --time controlled",
                            program.command,
                            UNSTEERED.as_secs(),
                        );
                        return reason.set(Some(Ended::NobodyCame(why)));
                    }
                    () = nobody_advertises(&presence) => {
                        let why = format!(
                            "`{}` has not advertised in {} s",
                            program.command,
                            UNADVERTISED.as_secs(),
                        );
                        return reason.set(Some(Ended::NobodyCame(why)));
                    }
                };
                let controlled = places.control.is_some();
                let missing = loop {
                    tokio::time::sleep(LAST_WORDS).await;
                    match presence.get() {
                        Presence::Awaited => break "never came",
                        Presence::Left => break "left before it had advertised",
                        // Time stands still: its disconnection cannot be noticed.
                        Presence::Here if controlled => break "left before it had advertised",
                        Presence::Met if controlled => {
                            return reason.set(Some(Ended::TimeStandsStill));
                        }
                        // A host that the program has started.
                        Presence::Here => {}
                        // It has disconnected, as hosts do; the scenario ends by its own rules.
                        Presence::Met => return std::future::pending().await,
                    }
                };
                match ended {
                    Ok(status) => format!("`{}` ended ({status}) and {missing}", program.command),
                    Err(error) => format!("`{}`: {error}", program.command),
                }
            }
        };
        reason.set(Some(Ended::NobodyCame(why)));
    };
    tokio::select! {
        () = serve::signalled(crate::interrupt::requested) => {}
        () = runs => {}
    }
}

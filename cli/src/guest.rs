//! A host program of the user's: started for each meeting with a model central, told where its
//! controller is, and ended with everything that it has started.

use std::cell::Cell;
use std::io;
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use bletwin_bridge::serve::{self, Address};
use bletwin_scenarios::meeting::Presence;
use tokio::process::{Child, Command};

/// How long a program has to come after it has ended: what it sent last may be under way.
const LAST_WORDS: Duration = Duration::from_millis(200);

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
    /// Starts it. What it finds in its environment: `BLETWIN_ENDPOINT`, such as
    /// `tcp:127.0.0.1:9001`; for TCP `BLETWIN_HOST` and `BLETWIN_PORT`; `BLETWIN_SEED`.
    fn start(&self, address: &Address) -> io::Result<Running> {
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

/// A program that runs, and ends when nobody needs it any more.
struct Running(Child);

#[cfg(unix)]
impl Drop for Running {
    fn drop(&mut self) {
        use nix::sys::signal::{Signal, killpg};
        use nix::unistd::Pid;
        /// A program that is told to end has so long to do it.
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

/// Waits until the meeting has to end before it is over: by Ctrl-C, or as the program has ended and
/// no host has come and advertised. `told` takes why.
pub(crate) async fn stop(
    program: Option<Program>,
    address: Option<Address>,
    presence: Rc<Cell<Presence>>,
    told: Rc<Cell<Option<String>>>,
) {
    let runs = async {
        let (Some(program), Some(address)) = (program, address) else {
            return std::future::pending().await;
        };
        let why = match program.start(&address) {
            Err(error) => format!("`{}` did not start: {error}", program.command),
            Ok(mut running) => {
                let ended = running.0.wait().await;
                let missing = loop {
                    tokio::time::sleep(LAST_WORDS).await;
                    match presence.get() {
                        Presence::Awaited => break "never came",
                        Presence::Left => break "left before it had advertised",
                        // Somebody whom the program has started.
                        Presence::Here => {}
                        // It has left, as hosts do; the scenario ends as it does then.
                        Presence::Met => return std::future::pending().await,
                    }
                };
                match ended {
                    Ok(status) => format!("`{}` ended ({status}) and {missing}", program.command),
                    Err(error) => format!("`{}`: {error}", program.command),
                }
            }
        };
        told.set(Some(why));
    };
    tokio::select! {
        () = serve::signalled(crate::interrupt::requested) => {}
        () = runs => {}
    }
}

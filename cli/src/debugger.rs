//! `--gdb PORT`: a debugger halts the chip, and the whole world with it.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use bletwin_emulator::gdb::{Session, Wish};
use bletwin_scenarios::stage::Stage;
use bletwin_setup::error::BadInput;

use crate::interrupt;

/// How often Ctrl-C is asked for while nothing comes.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long a debugger may leave what it is sent.
const DEAF: Duration = Duration::from_secs(5);
/// Events of the world between two looks at the socket.
const EVENTS: usize = 32;

/// Waits for a debugger and plays the stage as it wants. `false`: it was interrupted, or killed.
///
/// # Errors
/// [`BadInput`] if the port is taken.
pub(crate) fn run(stage: &mut Stage, port: u16) -> Result<bool, BadInput> {
    let unusable = |error: std::io::Error| BadInput {
        what: format!("--gdb {port}: {error}"),
        help: "give a port that is free, or 0 for any".into(),
    };
    // This machine alone: who debugs reads and writes all there is.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(unusable)?;
    listener.set_nonblocking(true).map_err(unusable)?;
    let port = listener.local_addr().map_err(unusable)?.port();
    eprintln!("the chip waits for a debugger: `target remote :{port}` in gdb-multiarch");
    let socket = loop {
        match listener.accept() {
            Ok((socket, _)) => break socket,
            Err(error) if error.kind() == ErrorKind::WouldBlock => rest(),
            Err(error) => return Err(unusable(error)),
        }
        if interrupt::requested() {
            return Ok(false);
        }
    };
    // One is enough: a second one is refused.
    drop(listener);
    let Some(chip) = stage.chip_mut() else { return Ok(stage.run(interrupt::requested)) };
    let session = Session::new(chip);
    // It is switched on, and halts before its first instruction.
    while stage.chip_mut().is_some_and(|chip| chip.halt().is_none()) && stage.step() {}
    Ok(Debugging { stage, session, socket }.play())
}

/// Nothing is simulated yet.
#[expect(clippy::disallowed_methods, reason = "a debugger comes in the time on the wall")]
fn rest() {
    std::thread::sleep(PATIENCE);
}

struct Debugging<'a> {
    stage: &'a mut Stage,
    session: Session,
    socket: TcpStream,
}

impl Debugging<'_> {
    fn play(mut self) -> bool {
        let socket = &self.socket;
        let set = socket.set_nodelay(true).and_then(|()| socket.set_write_timeout(Some(DEAF)));
        if set.and_then(|()| socket.set_read_timeout(Some(PATIENCE))).is_err() {
            self.leave();
        }
        loop {
            if interrupt::requested() {
                return false;
            }
            match self.session.wish() {
                Wish::Halt => {}
                Wish::Run => {
                    if !self.advance() {
                        self.with_chip(Session::end);
                        self.answer();
                        return true;
                    }
                    self.answer();
                }
                Wish::Alone => return self.stage.run(interrupt::requested),
                Wish::Kill => return false,
            }
            self.listen();
        }
    }

    /// Lets the world go on for a while. `false`: the run is over.
    fn advance(&mut self) -> bool {
        for _ in 0..EVENTS {
            if !self.stage.step() {
                return false;
            }
            self.with_chip(Session::report);
            if self.session.wish() != Wish::Run {
                break;
            }
        }
        true
    }

    /// Takes what the debugger has sent: waits for it while the world stands still.
    fn listen(&mut self) {
        let waits = self.session.wish() == Wish::Halt;
        let mut octets = [0; 4096];
        let read = self.socket.set_nonblocking(!waits).and_then(|()| self.socket.read(&mut octets));
        match read {
            Ok(0) => self.leave(),
            Ok(count) => self.with_chip(|session, chip| session.receive(chip, &octets[..count])),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => self.leave(),
        }
        self.answer();
    }

    fn answer(&mut self) {
        let octets = self.session.take();
        if octets.is_empty() {
            return;
        }
        let sent = self.socket.set_nonblocking(false).and_then(|()| self.socket.write_all(&octets));
        if sent.is_err() {
            self.leave();
        }
    }

    fn leave(&mut self) {
        self.with_chip(Session::leave);
    }

    fn with_chip(&mut self, act: impl FnOnce(&mut Session, &mut bletwin_emulator::node::ChipNode)) {
        if let Some(chip) = self.stage.chip_mut() {
            act(&mut self.session, chip);
        }
    }
}

//! What a person types while it serves: buttons of the first peripheral.

use std::io::{self, IsTerminal as _, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd};

use bletwin_sim::node::Act;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// What can be typed.
pub(super) const HELP: &str =
    "press [BUTTON] | release [BUTTON] | delete-bonds | pairing | power-cycle";

/// Standard input, until it ends.
#[derive(Debug, Default)]
pub(super) struct Keyboard {
    ended: bool,
    line: Vec<u8>,
}

impl Keyboard {
    /// What to wait on.
    pub(super) fn waits_on<'a>(&self, stdin: &'a io::Stdin) -> Option<BorrowedFd<'a>> {
        (!self.ended).then(|| stdin.as_fd())
    }

    /// Whether somebody sits there who may be told what can be typed.
    pub(super) fn is_a_person() -> bool {
        io::stdin().is_terminal()
    }

    /// What has been typed, line by line, without waiting.
    pub(super) fn typed(&mut self) -> io::Result<Vec<String>> {
        let mut stdin = io::stdin();
        if self.ended {
            return Ok(Vec::new());
        }
        let mut one = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
        if poll(&mut one, PollTimeout::ZERO).unwrap_or(0) == 0 {
            return Ok(Vec::new());
        }
        let mut chunk = [0; 256];
        let count = stdin.read(&mut chunk)?;
        self.ended = count == 0;
        self.line.extend_from_slice(&chunk[..count]);
        let mut lines = Vec::new();
        while let Some(end) = self.line.iter().position(|octet| *octet == b'\n') {
            let rest = self.line.split_off(end + 1);
            let line = std::mem::replace(&mut self.line, rest);
            lines.push(String::from_utf8_lossy(&line).trim().to_owned());
        }
        self.line.truncate(256);
        Ok(lines)
    }
}

/// What a typed line does to a peripheral: any button can be named.
pub(super) fn act(line: &str) -> Option<Act> {
    let (word, button) = line.split_once(' ').unwrap_or((line, ""));
    Some(match (word, button) {
        ("press", "") => Act::press("user"),
        ("release", "") => Act::release("user"),
        ("delete-bonds" | "pairing", "") => Act::press(word),
        ("power-cycle", "") => Act::PowerCycle,
        ("press", button) => Act::press(button),
        ("release", button) => Act::release(button),
        _ => return None,
    })
}

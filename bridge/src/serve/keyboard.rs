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

/// What a typed line does to a peripheral with these buttons (`None`: nobody knows them). The first
/// is meant where none is named.
///
/// # Errors
/// What to type instead.
pub(super) fn act(line: &str, buttons: Option<&[&str]>) -> Result<Act, String> {
    let (word, button) = line.split_once(' ').unwrap_or((line, ""));
    let button = match word {
        "delete-bonds" | "pairing" if button.is_empty() => word,
        "press" | "release" if button.is_empty() => match buttons {
            Some(buttons) => buttons.first().copied().unwrap_or_default(),
            None => "user",
        },
        "press" | "release" => button,
        "power-cycle" if button.is_empty() => return Ok(Act::PowerCycle),
        _ => return Err(format!("`{line}`? type {HELP}")),
    };
    match buttons {
        Some([]) => Err("the peripheral has no buttons".into()),
        Some(buttons) if !buttons.contains(&button) => {
            Err(format!("no button `{button}`: the peripheral has {}", buttons.join(", ")))
        }
        _ if word == "release" => Ok(Act::release(button)),
        _ => Ok(Act::press(button)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_that_is_not_there_is_told_with_those_that_are() {
        let door = ["door", "pairing"];
        let typed = |line| act(line, Some(&door));
        assert_eq!(typed("press"), Ok(Act::press("door")), "the first");
        assert_eq!(typed("release door"), Ok(Act::release("door")));
        assert_eq!(typed("pairing"), Ok(Act::press("pairing")));
        assert_eq!(typed("power-cycle"), Ok(Act::PowerCycle));
        for wrong in ["press user", "delete-bonds", "release bell"] {
            assert!(typed(wrong).expect_err(wrong).ends_with("has door, pairing"), "{wrong}");
        }
        assert!(typed("ring").expect_err("no such word").contains("press [BUTTON]"));
        assert_eq!(act("press", Some(&[])), Err("the peripheral has no buttons".into()));
        assert_eq!(act("press user", None), Ok(Act::press("user")), "a chip tells no buttons");
    }
}

//! Lines that a person types while it serves: buttons of the first peripheral.

#[cfg(unix)]
use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::task::{Context, Poll};

use bletwin_sim::node::Act;
#[cfg(unix)]
use tokio::io::unix::AsyncFd;

/// What can be typed.
pub(super) const HELP: &str =
    "press [BUTTON] | release [BUTTON] | delete-bonds | pairing | power-cycle | supply MILLIVOLTS";

/// Octets of a line that are kept without its end.
const LINE_MAX: usize = 256;
/// Pieces that are read in one go.
const READS: usize = 16;

/// Standard input, until it ends.
#[derive(Debug)]
pub(super) struct Keyboard {
    input: Option<Input>,
    line: Vec<u8>,
}

impl Keyboard {
    /// Within a runtime of tokio's.
    pub(super) fn new() -> Self {
        Self { input: Input::new(), line: Vec::new() }
    }

    /// Whether standard input is a terminal, so that help on typing makes sense.
    pub(super) fn is_a_person() -> bool {
        io::stdin().is_terminal()
    }

    /// The typed lines.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Vec<String> {
        let mut chunk = [0; LINE_MAX];
        let mut lines = Vec::new();
        for _ in 0..READS {
            let Some(input) = &mut self.input else { return lines };
            match input.poll_read(cx, &mut chunk) {
                Poll::Ready(Ok(count)) if count > 0 => {
                    self.line.extend_from_slice(&chunk[..count]);
                }
                Poll::Ready(_) => self.input = None,
                Poll::Pending => return lines,
            }
            while let Some(end) = self.line.iter().position(|octet| *octet == b'\n') {
                let rest = self.line.split_off(end + 1);
                let line = std::mem::replace(&mut self.line, rest);
                lines.push(String::from_utf8_lossy(&line).trim().to_owned());
            }
            self.line.truncate(LINE_MAX);
        }
        // There is more, after the turn of others.
        cx.waker().wake_by_ref();
        lines
    }
}

/// A terminal or a pipe wakes us when there is something to read: a read that waits would stop a
/// server in the background of a terminal. A file has nothing to wait for.
#[cfg(unix)]
#[derive(Debug)]
enum Input {
    Waits(AsyncFd<File>),
    File(File),
}

#[cfg(unix)]
impl Input {
    fn new() -> Option<Self> {
        use std::os::fd::AsFd as _;
        let file: File = io::stdin().as_fd().try_clone_to_owned().ok()?.into();
        match file.try_clone().and_then(super::unix::watched) {
            Ok(waits) => Some(Self::Waits(waits)),
            Err(_) => Some(Self::File(file)),
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, chunk: &mut [u8]) -> Poll<io::Result<usize>> {
        use std::io::Read as _;
        match self {
            Self::File(file) => Poll::Ready(file.read(chunk)),
            Self::Waits(input) => {
                let mut ready = std::task::ready!(input.poll_read_ready(cx))?;
                // One read for each time that there is something: whether there is more is asked
                // of the system, as the next read might wait.
                let read = input.get_ref().read(chunk);
                if !has_more(input.get_ref()) {
                    ready.clear_ready();
                }
                Poll::Ready(read)
            }
        }
    }
}

#[cfg(unix)]
fn has_more(input: &File) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::os::fd::AsFd as _;
    let mut one = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
    poll(&mut one, PollTimeout::ZERO).unwrap_or(0) > 0
}

/// A separate thread reads, because the read blocks.
#[cfg(not(unix))]
#[derive(Debug)]
struct Input(tokio::io::Stdin);

#[cfg(not(unix))]
impl Input {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    fn new() -> Option<Self> {
        Some(Self(tokio::io::stdin()))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, chunk: &mut [u8]) -> Poll<io::Result<usize>> {
        use tokio::io::{AsyncRead as _, ReadBuf};
        let mut room = ReadBuf::new(chunk);
        std::task::ready!(std::pin::Pin::new(&mut self.0).poll_read(cx, &mut room))?;
        Poll::Ready(Ok(room.filled().len()))
    }
}

/// The action of a typed line on a peripheral with these buttons (`None`: unknown). Without a name
/// it is the first.
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
        "supply" => {
            let millivolts = button.parse();
            let wrong = |_| format!("`{button}` is no voltage: up to five digits, in mV");
            return millivolts.map(|millivolts| Act::Supply { millivolts }).map_err(wrong);
        }
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
    fn an_unknown_button_is_reported_with_the_known_ones() {
        let door = ["door", "pairing"];
        let typed = |line| act(line, Some(&door));
        assert_eq!(typed("press"), Ok(Act::press("door")), "the first");
        assert_eq!(typed("release door"), Ok(Act::release("door")));
        assert_eq!(typed("pairing"), Ok(Act::press("pairing")));
        assert_eq!(typed("power-cycle"), Ok(Act::PowerCycle));
        assert_eq!(typed("supply 2600"), Ok(Act::Supply { millivolts: 2600 }));
        for wrong in ["supply", "supply -1", "supply 70000", "supply 3 V"] {
            assert!(typed(wrong).expect_err(wrong).contains("in mV"), "{wrong}");
        }
        for wrong in ["press user", "delete-bonds", "release bell"] {
            assert!(typed(wrong).expect_err(wrong).ends_with("has door, pairing"), "{wrong}");
        }
        assert!(typed("ring").expect_err("no such word").contains("press [BUTTON]"));
        assert_eq!(act("press", Some(&[])), Err("the peripheral has no buttons".into()));
        assert_eq!(act("press user", None), Ok(Act::press("user")), "a chip has no known buttons");
    }
}

//! All that a server waits for beside time: hosts, the controlling program, the keyboard.

use std::task::{Context, Poll};

use super::debugger::Debugger;
use super::keyboard::Keyboard;
use super::line::{Change, Line};
use super::session::Session;

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Outside {
    pub(super) lines: Vec<Line>,
    /// What control requests call the ports: a TCP port number, or the ordinal.
    pub(super) names: Vec<String>,
    /// The session that controls time.
    pub(super) control: Option<Session>,
    pub(super) keyboard: Option<Keyboard>,
    pub(super) debugger: Option<Debugger>,
}

/// Inputs from outside.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Changes of lines, by their index.
    pub(super) changes: Vec<(usize, Change)>,
    /// Lines typed by a person.
    pub(super) typed: Vec<String>,
    /// The controlling program has sent something, or another one has connected.
    controlled: bool,
    /// The debugger has sent something, has come or gone.
    debugged: bool,
}

impl News {
    const fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.typed.is_empty() && !self.controlled && !self.debugged
    }
}

impl Outside {
    /// Takes new inputs, the lines in their order; later ones wake `cx`.
    pub(super) fn take(&mut self, cx: &mut Context<'_>) -> News {
        let mut news = News::default();
        for (index, line) in self.lines.iter_mut().enumerate() {
            let changes = line.poll(cx);
            news.changes.extend(changes.into_iter().map(|change| (index, change)));
        }
        if let Some(keyboard) = &mut self.keyboard {
            news.typed = keyboard.poll(cx);
        }
        if let Some(session) = &mut self.control {
            news.controlled = session.poll(cx);
        }
        if let Some(debugger) = &mut self.debugger {
            news.debugged = debugger.poll(cx);
        }
        news
    }

    /// Waits for new inputs.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        match self.take(cx) {
            news if news.is_empty() => Poll::Pending,
            news => Poll::Ready(news),
        }
    }

    /// Whether a client waits at a listener: poll again soon.
    pub(super) fn has_next(&self) -> bool {
        self.lines.iter().any(Line::has_next)
            || self.control.as_ref().is_some_and(Session::has_next)
            || self.debugger.as_ref().is_some_and(Debugger::has_next)
    }

    /// Whether some host has said more than it was its turn to say.
    pub(super) fn has_more(&self) -> bool {
        self.lines.iter().any(Line::has_more)
    }

    /// Whether some host is there.
    pub(super) fn has_host(&self) -> bool {
        self.lines.iter().any(Line::is_open)
    }
}

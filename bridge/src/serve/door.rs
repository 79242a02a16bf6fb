//! The door of a place for one: who comes while it is taken is sent away.

use std::io;
use std::task::{Context, Poll, ready};

use super::net::{Listener, Stream};

/// Who is at the door.
#[derive(Debug)]
pub(super) enum Visitor {
    /// The place is theirs.
    Enters(Stream),
    /// It was taken.
    SentAway,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Door {
    listener: Listener,
    /// Came while the place was taken. Whoever has it may be about to go without our knowing yet:
    /// at the next look, which comes later than that, it is the next one or is sent away.
    next: Option<Stream>,
}

impl Door {
    pub(super) const fn new(listener: Listener) -> Self {
        Self { listener, next: None }
    }

    /// Whoever comes, and whether the place is `taken` as far as is known now.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, taken: bool) -> Poll<io::Result<Visitor>> {
        // A pseudo-terminal has one other end.
        if taken && !self.listener.takes_many() {
            return Poll::Pending;
        }
        let waited = self.next.take();
        let known = waited.is_some();
        let stream = match waited {
            Some(stream) => stream,
            None => ready!(self.listener.poll_accept(cx))?,
        };
        match (taken, known) {
            (false, _) => Poll::Ready(Ok(Visitor::Enters(stream))),
            (true, true) => Poll::Ready(Ok(Visitor::SentAway)),
            (true, false) => {
                self.next = Some(stream);
                // Nothing else may happen here: the next look is soon.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    /// Whether somebody waits: what has come in the meantime is asked of the system first.
    pub(super) const fn has_next(&self) -> bool {
        self.next.is_some()
    }

    /// Puts the next visitor where one waits whose predecessor has gone a moment too late to be
    /// known.
    #[cfg(test)]
    pub(super) async fn let_wait(&mut self) {
        let stream = std::future::poll_fn(|cx| self.listener.poll_accept(cx)).await;
        self.next = Some(stream.expect("somebody comes"));
    }
}

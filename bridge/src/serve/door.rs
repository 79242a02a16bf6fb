//! The door of a place for one: who comes while it is taken is sent away.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use super::net::{Listener, Stream};

/// After a failure of the system, as when too many files are open, so long nobody is let in.
const RELIEF: Duration = Duration::from_millis(100);

/// Who is at the door.
#[derive(Debug)]
pub(super) enum Visitor {
    /// The place is theirs.
    Enters(Stream),
    /// It was taken.
    SentAway,
    /// The system let nobody in: why. It is told once until somebody has come.
    Fails(String),
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Door {
    listener: Listener,
    /// Came while the place was taken. Whoever has it may be about to go without our knowing yet:
    /// at the next look, which comes later than that, it is the next one or is sent away.
    next: Option<Stream>,
    /// The system has failed: when it is asked again.
    relief: Option<Pin<Box<Sleep>>>,
    /// That was told.
    told: bool,
}

impl Door {
    pub(super) const fn new(listener: Listener) -> Self {
        Self { listener, next: None, relief: None, told: false }
    }

    /// Whoever comes, and whether the place is `taken` as far as is known now.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, taken: bool) -> Poll<Visitor> {
        // A pseudo-terminal has one other end.
        if taken && !self.listener.takes_many() {
            return Poll::Pending;
        }
        let waited = self.next.take();
        let known = waited.is_some();
        let stream = match waited {
            Some(stream) => stream,
            None => match ready!(self.let_in(cx)) {
                Ok(stream) => stream,
                Err(why) => return Poll::Ready(Visitor::Fails(why.to_string())),
            },
        };
        match (taken, known) {
            (false, _) => Poll::Ready(Visitor::Enters(stream)),
            (true, true) => Poll::Ready(Visitor::SentAway),
            (true, false) => {
                self.next = Some(stream);
                // Nothing else may happen here: the next look is soon.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    /// Whoever comes next. A failure is no end: others are served, and who is outside waits.
    fn let_in(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        loop {
            if let Some(relief) = &mut self.relief {
                ready!(relief.as_mut().poll(cx));
                self.relief = None;
            }
            match ready!(self.listener.poll_accept(cx)) {
                Ok(stream) => {
                    self.told = false;
                    return Poll::Ready(Ok(stream));
                }
                // It has gone again while it waited.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    self.relief = Some(Box::pin(sleep(RELIEF)));
                    if !std::mem::replace(&mut self.told, true) {
                        return Poll::Ready(Err(error));
                    }
                }
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

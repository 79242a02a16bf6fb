//! The listener of a place for one client: a client that comes while it is taken is refused.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use super::net::{Listener, Stream};

/// Pause in accepting after a failure of the system, as when too many files are open.
const RELIEF: Duration = Duration::from_millis(100);

/// A client at the listener.
#[derive(Debug)]
pub(super) enum Visitor {
    /// It gets the place.
    Enters(Stream),
    /// It was taken.
    SentAway,
    /// Accepting failed, with the reason. It is reported once until the next client.
    Fails(String),
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Door {
    listener: Listener,
    /// Came while the place was taken. The present client may have disconnected without being
    /// noticed yet: at the next poll this one gets the place or is refused.
    next: Option<Stream>,
    /// The system has failed: when it is asked again.
    relief: Option<Pin<Box<Sleep>>>,
    /// The failure has been reported.
    reported: bool,
}

impl Door {
    pub(super) const fn new(listener: Listener) -> Self {
        Self { listener, next: None, relief: None, reported: false }
    }

    /// The next visitor; `taken`: whether the place is taken as far as known.
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

    /// The next client. After a failure the clients present are still served, and new ones wait.
    fn let_in(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        loop {
            if let Some(relief) = &mut self.relief {
                ready!(relief.as_mut().poll(cx));
                self.relief = None;
            }
            match ready!(self.listener.poll_accept(cx)) {
                Ok(stream) => {
                    self.reported = false;
                    return Poll::Ready(Ok(stream));
                }
                // It has disconnected while it waited.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    self.relief = Some(Box::pin(sleep(RELIEF)));
                    if !std::mem::replace(&mut self.reported, true) {
                        return Poll::Ready(Err(error));
                    }
                }
            }
        }
    }

    /// Whether a client waits, as of the last poll of the system.
    pub(super) const fn has_next(&self) -> bool {
        self.next.is_some()
    }

    /// Lets the next visitor wait, as if its predecessor's end had not been noticed yet.
    #[cfg(test)]
    pub(super) async fn let_wait(&mut self) {
        let stream = std::future::poll_fn(|cx| self.listener.poll_accept(cx)).await;
        self.next = Some(stream.expect("somebody comes"));
    }
}

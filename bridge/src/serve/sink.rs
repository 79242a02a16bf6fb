//! The output of a capture: a file directly; a pipe or terminal by a separate thread, since its
//! reader may pause, and nothing else may wait for it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Octets that may wait for a reader. A capture whose reader is further behind ends.
pub(super) const WAITING_MAX: usize = 16 << 20;
/// At the end a reader that takes nothing for so long is waited for no more.
const PATIENCE: Duration = Duration::from_secs(1);

/// What became of octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// They are written, or will be, unless the capture has ended.
    Taken,
    /// The reader is too far behind: from here on nothing is written but what waits already.
    Ended,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) enum Sink {
    /// Written without a thread.
    File(File),
    /// Written by a thread.
    Reader(Arc<Backlog>),
}

#[derive(Debug, Default)]
pub(super) struct Backlog {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    parts: VecDeque<Vec<u8>>,
    /// Octets in `parts`, and in the part that is being written.
    waiting: usize,
    /// No more parts come.
    closed: bool,
    /// The error of a failed write, until it is reported.
    failed: Option<io::Error>,
}

impl Backlog {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes all blocks, to the end.
    fn write(&self, mut file: &File) {
        let mut queue = self.lock();
        loop {
            let Some(part) = queue.parts.pop_front() else {
                if queue.closed {
                    return;
                }
                queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(queue);
            let written = file.write_all(&part);
            queue = self.lock();
            queue.waiting -= part.len();
            if let Err(error) = written {
                *queue = Queue { closed: true, failed: Some(error), ..Queue::default() };
            }
            self.changed.notify_all();
        }
    }
}

impl Sink {
    /// A file that is written directly.
    pub(super) const fn file(file: File) -> Self {
        Self::File(file)
    }

    /// An output with a reader, such as a pipe.
    pub(super) fn reader(file: File) -> io::Result<Self> {
        let shared = Arc::new(Backlog::default());
        let writes = Arc::clone(&shared);
        std::thread::Builder::new().name("capture".into()).spawn(move || writes.write(&file))?;
        Ok(Self::Reader(shared))
    }

    /// Writes octets, or has them written. They are whole blocks, so that the output always ends
    /// with one.
    pub(super) fn put(&mut self, octets: Vec<u8>) -> io::Result<Put> {
        let shared = match self {
            Self::File(file) => return file.write_all(&octets).map(|()| Put::Taken),
            Self::Reader(shared) => shared,
        };
        let mut queue = shared.lock();
        if let Some(error) = queue.failed.take() {
            return Err(error);
        }
        if queue.closed {
            return Ok(Put::Taken);
        }
        queue.closed = queue.waiting + octets.len() > WAITING_MAX;
        if queue.closed {
            return Ok(Put::Ended);
        }
        queue.waiting += octets.len();
        queue.parts.push_back(octets);
        shared.changed.notify_all();
        Ok(Put::Taken)
    }

    /// Waits for the reader as long as it takes something. How many octets it has not taken.
    pub(super) fn finish(&mut self) -> io::Result<usize> {
        let Self::Reader(shared) = self else { return Ok(0) };
        let mut queue = shared.lock();
        queue.closed = true;
        shared.changed.notify_all();
        let mut before = usize::MAX;
        while 0 < queue.waiting && queue.waiting < before {
            before = queue.waiting;
            let waited =
                shared.changed.wait_timeout_while(queue, PATIENCE, |queue| queue.waiting == before);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        queue.failed.take().map_or(Ok(queue.waiting), Err)
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::io::{Read as _, pipe};
    use std::os::fd::OwnedFd;

    use super::*;

    fn sink() -> (Sink, io::PipeReader) {
        let (reader, writer) = pipe().unwrap();
        (Sink::reader(File::from(OwnedFd::from(writer))).unwrap(), reader)
    }

    /// The reader sleeps, wakes up and reads: it gets the whole beginning, and then the end.
    #[test]
    fn a_reader_that_is_too_far_behind_gets_the_beginning_and_delays_nothing() {
        const PART: usize = 1 << 16;
        let (mut sink, mut reader) = sink();
        let mut taken = 0;
        while sink.put(vec![u8::try_from(taken % 251).unwrap(); PART]).unwrap() == Put::Taken {
            taken += 1;
            assert!(taken * PART <= WAITING_MAX + PART, "what waits is bounded");
        }
        assert_eq!(sink.put(vec![1]).unwrap(), Put::Taken, "that is said once");
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        assert_eq!(all.len(), taken * PART);
        let right =
            |(n, part): (usize, &[u8])| part.iter().all(|octet| usize::from(*octet) == n % 251);
        assert!(all.chunks(PART).enumerate().all(right));
    }

    #[test]
    fn a_reader_that_sleeps_at_the_end_is_not_waited_for_and_a_slow_one_is() {
        let (mut sink, reader) = sink();
        sink.put(vec![7; 1 << 20]).unwrap();
        let left = sink.finish().unwrap();
        assert!(left > 0, "it has read nothing, and the system keeps little");
        drop(reader);

        let (mut sink, mut reader) = self::sink();
        sink.put(vec![7; 1 << 20]).unwrap();
        let slow = std::thread::spawn(move || {
            let mut all = Vec::new();
            std::thread::park_timeout(Duration::from_millis(50));
            reader.read_to_end(&mut all).unwrap();
            all.len()
        });
        assert_eq!(sink.finish().unwrap(), 0);
        assert_eq!(slow.join().unwrap(), 1 << 20);
    }

    #[test]
    fn a_reader_that_has_gone_is_reported() {
        let (mut sink, reader) = sink();
        drop(reader);
        sink.put(vec![7]).unwrap();
        let error = loop {
            if let Err(error) = sink.put(vec![7]) {
                break error;
            }
            std::thread::yield_now();
        };
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}

//! TrouBLE on bletwin's air: the controller that a test of a TrouBLE application lacks.
//!
//! An [`Air`] holds endpoints, firmware and model centrals. [`Air::line`] is a transport to an
//! endpoint for `bt_hci`'s `ExternalController`, which TrouBLE takes; [`Air::run`] runs a future
//! in simulated time, with embassy-time on the same clock. Everything is deterministic.
//!
//! ```
//! use bletwin_trouble::Air;
//! use bt_hci::cmd::{SyncCmd as _, info::ReadBdAddr};
//! use bt_hci::controller::{Controller as _, ExternalController};
//! use embassy_futures::select::{Either, select};
//! use ble::time::Duration;
//!
//! let air = Air::new(1);
//! let controller: ExternalController<_, 10> = ExternalController::new(air.line(air.endpoint()));
//! // Hand it to `trouble_host::new`, or use it as it is:
//! let done = air.run(Duration::from_secs(1), async {
//!     let mut buffer = controller.alloc_buf().unwrap();
//!     let ask = ReadBdAddr::new();
//!     let answer = select(ask.exec(&controller), controller.read(&mut buffer)).await;
//!     matches!(answer, Either::First(Ok(_)))
//! });
//! assert_eq!(done, Some(true));
//! ```

mod clock;

use std::cell::{Ref, RefCell, RefMut};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use ble::time::{Duration, Instant};
use bletwin_bridge::endpoint::Endpoint;
use bletwin_bridge::twin::{Owner, Port, Twin};
use bt_hci::ReadHciError;
use bt_hci::transport::{PacketKind, PacketToController, PacketToHost, Transport};
use embedded_io::ErrorType;

/// A line has ended within a packet, or carries what is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineError;

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the line carries what is no HCI packet")
    }
}

impl std::error::Error for LineError {}

impl embedded_io::Error for LineError {
    fn kind(&self) -> embedded_io::ErrorKind {
        embedded_io::ErrorKind::InvalidData
    }
}

impl From<Infallible> for LineError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl<E: embedded_io::Error> From<ReadHciError<E>> for LineError {
    fn from(_: ReadHciError<E>) -> Self {
        Self
    }
}

/// What waits for one host.
#[derive(Default)]
struct Inbox {
    octets: Vec<u8>,
    packets: VecDeque<Vec<u8>>,
    reader: Option<Waker>,
}

impl Inbox {
    /// Cuts packets off what has come.
    fn cut(&mut self) {
        loop {
            let length = match self.octets.as_slice() {
                [4, _, length, ..] => 3 + usize::from(*length),
                [2, _, _, low, high, ..] => 5 + usize::from(u16::from_le_bytes([*low, *high])),
                _ => return,
            };
            if self.octets.len() < length {
                return;
            }
            let rest = self.octets.split_off(length);
            self.packets.push_back(std::mem::replace(&mut self.octets, rest));
        }
    }
}

struct Shared {
    twin: RefCell<Twin>,
    inboxes: RefCell<Vec<Inbox>>,
}

impl Shared {
    /// Fetches what endpoints have for their hosts, and wakes those.
    fn fetch(&self) {
        let mut inboxes = self.inboxes.borrow_mut();
        let mut twin = self.twin.borrow_mut();
        for port in twin.ports() {
            let octets = twin.take(port);
            let Some(inbox) = inboxes.get_mut(port.0).filter(|_| !octets.is_empty()) else {
                continue;
            };
            inbox.octets.extend(octets);
            inbox.cut();
            if let Some(reader) = inbox.reader.take() {
                reader.wake();
            }
        }
    }
}

/// A simulated air with the hosts of this process on it. One at a time in a process.
#[derive(Clone)]
pub struct Air(Rc<Shared>);

impl Air {
    /// An empty air; all randomness comes from the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let twin = RefCell::new(Twin::new(seed, Owner { confirms: true }));
        Self(Rc::new(Shared { twin, inboxes: RefCell::default() }))
    }

    /// The world itself: add firmware and model centrals, let people act, and read records.
    #[must_use]
    pub fn twin(&self) -> RefMut<'_, Twin> {
        self.0.twin.borrow_mut()
    }

    /// The world, to look at.
    #[must_use]
    pub fn look(&self) -> Ref<'_, Twin> {
        self.0.twin.borrow()
    }

    /// Puts an endpoint with every feature into the air.
    #[must_use]
    pub fn endpoint(&self) -> Port {
        self.twin().add_endpoint("endpoint", Endpoint::full())
    }

    /// The transport to an endpoint.
    #[must_use]
    pub fn line(&self, port: Port) -> Line {
        let mut inboxes = self.0.inboxes.borrow_mut();
        if inboxes.len() <= port.0 {
            inboxes.resize_with(port.0 + 1, Inbox::default);
        }
        drop(inboxes);
        Line { air: Rc::clone(&self.0), port }
    }

    /// Runs a future in simulated time until it is ready; `None` if `limit` has passed before.
    /// Time stands still while the future has something to do, and then goes on to the next
    /// moment at which it may have again.
    pub fn run<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&flag));
        let mut context = Context::from_waker(&waker);
        let end = self.look().now() + limit;
        loop {
            while flag.0.swap(false, Ordering::SeqCst) {
                if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                    return Some(output);
                }
                self.0.fetch();
            }
            if self.look().now() >= end {
                return None;
            }
            let alarm = clock::next_alarm().map_or(Instant::MAX, Instant::from_us);
            self.twin().run_until_octets(alarm.min(end));
            clock::set(self.look().now().as_us());
            self.0.fetch();
        }
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The far end of an endpoint's line.
pub struct Line {
    air: Rc<Shared>,
    port: Port,
}

impl ErrorType for Line {
    type Error = LineError;
}

impl Transport for Line {
    async fn read<'a, P: PacketToHost<'a>>(&self, rx: &'a mut [u8]) -> Result<P, LineError> {
        let packet = poll_fn(|context| {
            let mut inboxes = self.air.inboxes.borrow_mut();
            let Some(inbox) = inboxes.get_mut(self.port.0) else { return Poll::Pending };
            inbox.packets.pop_front().map_or_else(
                || {
                    inbox.reader = Some(context.waker().clone());
                    Poll::Pending
                },
                Poll::Ready,
            )
        })
        .await;
        let [indicator, rest @ ..] = packet.as_slice() else { return Err(LineError) };
        let kind = match indicator {
            2 => PacketKind::AclData,
            4 => PacketKind::Event,
            _ => return Err(LineError),
        };
        P::read_hci(kind, &mut &*rest, rx).map_err(|_| LineError)
    }

    async fn write<P: PacketToController>(&self, packet: &P) -> Result<(), LineError> {
        let mut octets = vec![P::KIND as u8];
        packet.write_hci(&mut Octets(&mut octets))?;
        self.air.twin.borrow_mut().feed(self.port, octets);
        self.air.fetch();
        Ok(())
    }
}

/// Collects what is written.
struct Octets<'a>(&'a mut Vec<u8>);

impl ErrorType for Octets<'_> {
    type Error = Infallible;
}

impl embedded_io::Write for Octets<'_> {
    fn write(&mut self, octets: &[u8]) -> Result<usize, Infallible> {
        self.0.extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

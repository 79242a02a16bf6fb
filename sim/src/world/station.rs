//! What belongs to a node but is not the node: its place, clocks, radio and random streams.

use ble::time::{Duration, Instant};

use crate::clock::{Clock, ClockConfig};
use crate::queue::Ticket;
use crate::radio::Radio;
use crate::random::{Purpose, Stream};

/// Where and how a node is put into the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Position in metres. For fixed losses between two nodes see
    /// [`World::set_path_loss`](super::World::set_path_loss).
    pub position_m: (i32, i32),
    /// Transmit power in dBm.
    pub tx_power_dbm: i8,
    /// Errors of its clocks.
    pub clocks: ClockConfig,
    /// Switched on this long after it is added.
    pub start_after: Duration,
}

impl Default for Placement {
    /// At the origin, 0 dBm, perfect clocks, switched on at once.
    fn default() -> Self {
        Self {
            position_m: (0, 0),
            tx_power_dbm: 0,
            clocks: ClockConfig::default(),
            start_after: Duration::ZERO,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Station {
    pub(super) name: String,
    pub(super) clocks: ClockConfig,
    pub(super) sleep: Clock,
    pub(super) active: Clock,
    pub(super) on: bool,
    /// It is in the list of [`Stations`](super::stations::Stations).
    pub(super) listed: bool,
    pub(super) radio: Radio,
    /// Next step of the radio.
    pub(super) step: Option<Ticket>,
    /// Next deadline of the node: local, and when it is due.
    pub(super) timer: Option<(Instant, Ticket)>,
    /// The deadline that was reported last.
    pub(super) reported: Option<Instant>,
    pub(super) entropy: Stream,
    pub(super) noise: Stream,
    pub(super) jitter: Stream,
    pub(super) loss: Stream,
    pub(super) fault: Stream,
}

impl Station {
    pub(super) fn new(
        name: &str,
        seed: u64,
        id: u16,
        origin: Instant,
        clocks: ClockConfig,
    ) -> Self {
        let stream = |purpose| Stream::new(seed, id, purpose);
        Self {
            name: name.to_owned(),
            clocks,
            sleep: Clock::new(origin, clocks.sleep_ppb),
            active: Clock::new(origin, clocks.active_ppb),
            on: false,
            listed: false,
            radio: Radio::default(),
            step: None,
            timer: None,
            reported: None,
            entropy: stream(Purpose::Entropy),
            noise: stream(Purpose::Noise),
            jitter: stream(Purpose::Jitter),
            loss: stream(Purpose::Loss),
            fault: stream(Purpose::Fault),
        }
    }

    /// World time of an instant on the sleep clock, with the jitter of a radio start.
    pub(super) fn sleep_start(&mut self, local: Instant) -> Instant {
        let at = self.sleep.world(local);
        match self.clocks.sleep_jitter_us {
            0 => at,
            most => at + jitter(&mut self.jitter, u64::from(most)),
        }
    }

    /// A span of the active clock with its jitter.
    pub(super) fn active_span(&mut self, span: Duration) -> Duration {
        let exact = self.active.span(span);
        match self.clocks.active_jitter_us {
            0 => exact,
            most => {
                let most = u64::from(most);
                let early = exact.saturating_sub(Duration::from_us(most));
                early + jitter(&mut self.jitter, 2 * most)
            }
        }
    }
}

/// 0 to `most_us` µs, in steps of 1/64 µs.
fn jitter(stream: &mut Stream, most_us: u64) -> Duration {
    let steps = u32::try_from(most_us * 64).unwrap_or(u32::MAX);
    Duration::from_ticks(u64::from(stream.below(steps.saturating_add(1))) * 1_000)
}

//! Extended advertising: one advertising set (Vol 6, Part B, 4.4.2.2 to 4.4.2.6).
//!
//! A set is a value beside [`super::Link`], with room for `DATA` octets, so that a peripheral
//! without one does not pay for it; the owner of both gives them the radio in turns. An event
//! begins with ADV_EXT_IND on the primary channels, which all point at one AUX_ADV_IND; data that
//! do not fit continue in AUX_CHAIN_INDs. A set answers requests on the secondary channel within
//! T_IFS; a connection that it accepts is reported, and passed on to [`super::Link::adopt`].

mod event;
mod layout;
pub mod parameters;

#[cfg(test)]
mod tests;

use super::operation::Operation;
use ble::address::Address;
use ble::error::ErrorCode;
use ble::invariant::{Broken, Invariant};
use ble::pdu::advertising::ConnectInd;
use ble::pdu::extended::Adi;
use ble::phy::Phy;
use ble::queue::Queue;
use ble::radio::RadioCommand;
use ble::random::Stream;
use ble::time::{Duration, Instant};
use parameters::SetParameters;

/// Reports that can wait for [`AdvertisingSet::report`]: the maximum of one event.
const REPORTS: usize = 3;

/// The identity of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who {
    /// Identity behind its private address, if it is known.
    pub identity: Option<Address>,
    /// Whether it is in the filter accept list.
    pub listed: bool,
    /// It is to be ignored, for it shows an identity that it ought to hide.
    pub hides: bool,
}

/// What a set must know within T_IFS. Firmware on a chip answers from what it has resolved before.
pub trait Neighbours {
    /// Who uses this address.
    fn who(&self, address: Address) -> Who;
    /// Whether there is room for another connection.
    fn has_room(&self) -> bool;
}

/// What a set reports.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SetReport {
    /// AUX_CONNECT_RSP has left: there is a connection, and the set is off.
    Connected {
        /// Contents of AUX_CONNECT_REQ, which has the fields of a CONNECT_IND.
        request: ConnectInd,
        /// Identity of the initiator, if its private address is resolved.
        identity: Option<Address>,
        /// Of the connection's first events, in both directions.
        phy: Phy,
        /// End of AUX_CONNECT_REQ.
        at: Instant,
    },
    /// AUX_SCAN_REQ was received and is being answered.
    ScanRequested {
        /// As on air.
        scanner: Address,
        /// Identity, if its private address is resolved.
        identity: Option<Address>,
    },
    /// The set is off: Advertising Timeout, or Limit Reached.
    Ended(ErrorCode),
}

/// A PDU of the event that is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Upcoming {
    at: Instant,
    channel: u8,
    /// Octets of data that were sent before it; `None`: it is the AUX_ADV_IND.
    sent: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Off,
    /// Until the event that starts then.
    Waiting(Instant),
    /// On the primary channels: those still to come (bit 0 = channel 37), the next of them at `at`.
    Primary {
        started: Instant,
        left: u8,
        at: Instant,
        aux: Upcoming,
    },
    /// On a secondary channel.
    Auxiliary {
        started: Instant,
        next: Option<Upcoming>,
    },
}

/// One advertising set. After each call, [`Self::command`] and [`Self::report`] are polled until
/// they give `None`, and [`Self::timer`] is called when [`Self::deadline`] is reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AdvertisingSet<const DATA: usize> {
    random: Stream,
    what: SetParameters,
    data: heapless::Vec<u8, DATA>,
    did: u16,
    stage: Stage,
    operation: Operation,
    command: Option<RadioCommand>,
    reports: Queue<SetReport, REPORTS>,
    /// A connection whose AUX_CONNECT_RSP is on its way.
    accepted: Option<(ConnectInd, Option<Address>, Instant)>,
    until: Option<Instant>,
    /// Events after which it ends; zero: never.
    events: u8,
    completed: u8,
    /// Faults of this level.
    broken: Broken,
}

impl<const DATA: usize> AdvertisingSet<DATA> {
    /// A set that is off and has no data.
    #[must_use]
    pub fn new(random: Stream, what: SetParameters) -> Self {
        Self {
            random,
            what,
            data: heapless::Vec::new(),
            did: 0,
            stage: Stage::Off,
            operation: Operation::Idle,
            command: None,
            reports: Queue::new(),
            accepted: None,
            until: None,
            events: 0,
            completed: 0,
            broken: Broken::NONE,
        }
    }

    /// The parameters of the set.
    #[must_use]
    pub const fn parameters(&self) -> &SetParameters {
        &self.what
    }

    /// Replaces the parameters; from the next event on, if the set is on.
    pub fn set_parameters(&mut self, now: Instant, what: SetParameters) {
        self.what = what;
        self.give_up_event(now);
    }

    /// Replaces AdvData, or ScanRspData of a scannable set, from the next event on. `false`: the
    /// data are too long, and nothing has changed.
    #[must_use]
    pub fn set_data(&mut self, now: Instant, data: &[u8]) -> bool {
        let Ok(data) = heapless::Vec::from_slice(data) else {
            return false;
        };
        self.data = data;
        // LL-EXT-5: new contents have a new number.
        let other = u16::try_from(self.random.below(0x0FFF)).unwrap_or(0);
        self.did = self.did.wrapping_add(other).wrapping_add(1) & 0x0FFF;
        self.give_up_event(now);
        true
    }

    /// Advertises from now on, for a time and for a number of events, if given (zero: not).
    pub fn enable(&mut self, now: Instant, time: Option<Duration>, events: u8) {
        self.disable(now);
        self.until = time.map(|time| now + time);
        (self.events, self.completed) = (events, 0);
        self.stage = Stage::Waiting(now + super::schedule::PREPARE_LEAD);
    }

    /// Advertises no more.
    pub fn disable(&mut self, now: Instant) {
        self.events = 0;
        self.give_up_event(now);
        self.stage = Stage::Off;
    }

    /// Whether it advertises.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        !matches!(self.stage, Stage::Off)
    }

    /// Events since it was enabled, 255 at most.
    #[must_use]
    pub const fn completed(&self) -> u8 {
        self.completed
    }

    /// The next radio command.
    pub const fn command(&mut self) -> Option<RadioCommand> {
        self.command.take()
    }

    /// The next report.
    pub fn report(&mut self) -> Option<SetReport> {
        self.reports.pop()
    }

    /// An invariant of this level that has been broken since it was last asked for, and how often
    /// any has been.
    pub fn broken(&mut self) -> Option<(Invariant, u16)> {
        self.broken.take()
    }

    /// When [`Self::timer`] is to be called; it may have passed already.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Off => None,
            Stage::Waiting(at) => {
                let begins = at.before(super::schedule::PREPARE_LEAD);
                Some(self.until.map_or(begins, |until| until.min(begins)))
            }
            Stage::Primary { .. } | Stage::Auxiliary { .. } => self.operation.overdue(),
        }
    }

    const fn adi(&self) -> Adi {
        Adi { did: self.did, sid: self.what.sid }
    }

    fn end(&mut self, reason: ErrorCode) {
        self.stage = Stage::Off;
        self.push_report(SetReport::Ended(reason));
    }

    fn push_report(&mut self, report: SetReport) {
        let kept = self.reports.push(report);
        self.broken.check(Invariant::SetReportsFit, kept.is_ok());
    }
}

//! The parameters of a connection, as far as the air tells them.

use ble::pdu::control::ControlPdu;
use ble::time::Duration;

use super::air::{Pdu, What};

/// Events, or intervals, after which a connection is given up that is not established.
const ESTABLISHING: u64 = 6;

/// What was in force at some PDU, and which PDU had set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Index of CONNECT_IND or LL_CONNECTION_UPDATE_IND.
    pub set_by: usize,
    /// Time from one anchor point to the next (connInterval).
    pub interval: Duration,
    /// Events that the peripheral may leave out (connPeripheralLatency).
    pub latency: u16,
    /// After so long without a packet the link is over (connSupervisionTimeout).
    pub timeout: Duration,
}

impl Timing {
    /// What was in force when the PDU at `index` was on air.
    #[must_use]
    pub fn at(pdus: &[Pdu], index: usize) -> Option<Self> {
        let now = pdus.get(index)?.event;
        let until = pdus.get(..=index)?;
        until.iter().enumerate().rev().find_map(|(set_by, pdu)| match &pdu.what {
            What::Control(ControlPdu::ConnectionUpdateInd(update))
                if pdu.heard
                    && now.is_some_and(|now| now.wrapping_sub(update.instant) < 0x8000) =>
            {
                Some(Self::new(set_by, update.interval, update.latency, update.timeout))
            }
            What::Connect(_, connect) => {
                Some(Self::new(set_by, connect.interval, connect.latency, connect.timeout))
            }
            _ => None,
        })
    }

    fn new(set_by: usize, interval: u16, latency: u16, timeout: u16) -> Self {
        Self {
            set_by,
            interval: Duration::from_us(u64::from(interval) * 1250),
            latency,
            timeout: Duration::from_ms(u64::from(timeout) * 10),
        }
    }

    /// How long a side keeps a connection without a packet: a few events until it has heard the
    /// first one. A central counts from its first packet.
    // LL-SUP-1: supervision. LL-SUP-2: six intervals.
    #[must_use]
    pub fn limit(&self, established: bool) -> Duration {
        if established { self.timeout } else { self.interval.times(ESTABLISHING) }
    }

    /// How many connection events in a row the supervision timeout spans.
    #[must_use]
    pub const fn events(&self) -> u64 {
        match self.interval.as_us() {
            0 => 0,
            interval => self.timeout.as_us() / interval,
        }
    }

    /// How many of the events to which the peripheral has to listen, with this latency, the
    /// supervision timeout spans.
    #[must_use]
    pub const fn heeded(&self) -> u64 {
        self.events() / (self.latency as u64 + 1)
    }

    /// How many events may be missed before the supervision timeout, in words.
    #[must_use]
    pub fn margin(&self) -> String {
        let (all, heeded) = (self.events(), self.heeded());
        let spared = |n: u64| match n {
            0 | 1 => "none may be missed".to_owned(),
            n => format!("{} may be missed", n - 1),
        };
        let events = match all {
            1 => "1 event".to_owned(),
            n => format!("{n} events"),
        };
        let first = format!("{events} without a packet end the link, {}", spared(all));
        match self.latency {
            0 => first,
            latency => format!(
                "{first}; a peripheral that makes use of the latency listens to one in {} of them, \
                 to {heeded} in that time: {}",
                u32::from(latency) + 1,
                spared(heeded)
            ),
        }
    }
}

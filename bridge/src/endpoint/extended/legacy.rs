//! A set of legacy PDUs while it is on. The peripheral's half sends and receives; the set counts
//! events and notes scan requests.

use ble::address::Address;
use ble::pdu::advertising::{ADVERTISING_ACCESS_ADDRESS, AdvertisingPdu};
use ble::radio::{RadioCommand, RadioEvent};
use ble::time::Instant;

/// Advertising with legacy PDUs, while it lasts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Legacy {
    until: Option<Instant>,
    /// Events after which it ends; zero: without end.
    events: u8,
    /// Events that have begun, or are prepared.
    begun: u8,
    /// When the last of them begins.
    last: Option<Instant>,
    /// The channel on which an event begins.
    first: u8,
    /// The last SCAN_REQ.
    scanner: Option<Address>,
}

/// The meaning of a radio command of the peripheral's half for a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Nothing in particular.
    Other,
    /// One event too many.
    TooMany,
    /// The answer to this scanner.
    ScanResponse(Address),
}

impl Legacy {
    /// It ends at `until`, and after this many events unless that is zero.
    pub(super) const fn new(until: Option<Instant>, events: u8, channel_map: u8) -> Self {
        let first = 37 + channel_map.trailing_zeros() as u8;
        Self { until, events, begun: 0, last: None, first, scanner: None }
    }

    pub(super) const fn until(&self) -> Option<Instant> {
        self.until
    }

    pub(super) const fn begun(&self) -> u8 {
        self.begun
    }

    /// The half wants this of the radio.
    pub(super) fn sends(&mut self, now: Instant, command: &RadioCommand) -> Sent {
        match command {
            RadioCommand::Transmit { at, tuning, .. }
                if tuning.access_address == ADVERTISING_ACCESS_ADDRESS
                    && tuning.channel == self.first =>
            {
                // An event that is prepared again has been counted.
                if self.last.replace(*at).is_some_and(|last| last > now) {
                    return Sent::Other;
                }
                if self.events > 0 && self.begun >= self.events {
                    return Sent::TooMany;
                }
                self.begun = self.begun.saturating_add(1);
                Sent::Other
            }
            RadioCommand::Reply { pdu, .. } => {
                let answers =
                    matches!(AdvertisingPdu::parse(pdu), Some(AdvertisingPdu::ScanRsp { .. }));
                self.scanner.filter(|_| answers).map_or(Sent::Other, Sent::ScanResponse)
            }
            _ => Sent::Other,
        }
    }

    /// Notes a report of the radio to the half.
    pub(super) fn hears(&mut self, event: &RadioEvent) {
        if let RadioEvent::Received { pdu, crc_ok: true, .. } = event
            && let Some(AdvertisingPdu::ScanReq { scanner, .. }) = AdvertisingPdu::parse(pdu)
        {
            self.scanner = Some(scanner);
        }
    }
}

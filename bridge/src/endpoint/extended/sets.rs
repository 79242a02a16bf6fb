//! The advertising sets of a device, of which there is one at most, and how it ends.

use ble::error::ErrorCode;
use ble::hci::{ConnectionComplete, Role};
use ble::radio::{RadioCommand, RadioEvent};
use ble::time::Instant;

use super::legacy::{Legacy, Sent};
use super::parameters::Parameters;
use super::set::Set;

/// The end of a set, as in LE Advertising Set Terminated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) status: ErrorCode,
    pub(super) set: u8,
    /// That has ended it.
    pub(super) connection: Option<u16>,
    /// Advertising events until then.
    pub(super) events: u8,
}

/// See the [module](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::endpoint) struct Sets {
    set: Option<Set>,
    /// The set is on, with legacy PDUs.
    legacy: Option<Legacy>,
    /// A connection that the set has accepted is on its way to the host; events until then.
    connected: Option<u8>,
    /// The connection event just sent, if it ends a set: LE Advertising Set Terminated comes next.
    begun: Option<ConnectionComplete>,
}

impl Sets {
    /// Notes a connection, or that directed advertising found none.
    pub(in crate::endpoint) fn begun(&mut self, complete: &ConnectionComplete) {
        if complete.role == Role::Peripheral && self.set.is_some() {
            self.begun = Some(complete.clone());
        }
    }

    /// When a set of legacy PDUs ends.
    pub(in crate::endpoint) fn deadline(&self) -> Option<Instant> {
        self.legacy.as_ref()?.until()
    }

    /// Watches the packets that the peripheral's half receives.
    pub(in crate::endpoint) fn overhear(&mut self, event: &RadioEvent) {
        if let Some(legacy) = &mut self.legacy {
            legacy.hears(event);
        }
    }

    /// Watches the radio commands of the peripheral's half.
    pub(super) fn watch(&mut self, now: Instant, command: &RadioCommand) -> Sent {
        self.legacy.as_mut().map_or(Sent::Other, |legacy| legacy.sends(now, command))
    }

    pub(super) const fn set(&self) -> Option<&Set> {
        self.set.as_ref()
    }

    /// The set of this handle.
    pub(super) fn of(&mut self, handle: u8) -> Result<&mut Set, ErrorCode> {
        let set = self.set.as_mut().filter(|set| set.what().handle == handle);
        set.ok_or(ErrorCode::UNKNOWN_ADVERTISING_IDENTIFIER)
    }

    /// Makes the set, or changes its parameters.
    pub(super) fn make(&mut self, what: Parameters) -> Result<(), ErrorCode> {
        let set = match self.set.take() {
            Some(set) if set.what().handle != what.handle => {
                self.set = Some(set);
                return Err(ErrorCode::MEMORY_CAPACITY_EXCEEDED);
            }
            Some(set) => set.with(what),
            None => Set::new(what),
        };
        let fits = set.fits();
        // The former set is kept; with these data it could not be advertised.
        self.set = Some(set);
        if fits { Ok(()) } else { Err(ErrorCode::INVALID_PARAMETERS) }
    }

    pub(super) fn clear(&mut self) {
        (self.set, self.connected) = (None, None);
    }

    /// Whether the set is on with legacy PDUs.
    pub(super) const fn is_legacy(&self) -> bool {
        self.legacy.is_some()
    }

    /// The set is on with legacy PDUs.
    pub(super) fn begin_legacy(&mut self, legacy: Legacy) {
        self.legacy = Some(legacy);
    }

    /// It is off; the events that have begun, if it was on.
    pub(super) fn end_legacy(&mut self) -> Option<u8> {
        self.legacy.take().map(|legacy| legacy.begun())
    }

    /// The set has accepted a connection after this many events.
    pub(super) fn connected(&mut self, events: u8) {
        if self.set.is_some() {
            self.connected = Some(events);
        }
    }

    /// The end of the set, if the event just sent to the host implies it.
    pub(super) fn end(&mut self) -> Option<End> {
        let complete = self.begun.take()?;
        let set = self.set.as_ref()?.what().handle;
        let legacy = self.end_legacy();
        let events = self.connected.take().or(legacy)?;
        let made = complete.status == ErrorCode::SUCCESS;
        let connection = made.then_some(complete.handle.0);
        Some(End { status: complete.status, set, connection, events })
    }
}

//! Extended advertising, scanning and initiating (Vol 4, Part E, 7.8.52 to 7.8.66).
//!
//! The waist does not carry these commands. Advertising PDUs of its own a set sends through
//! firmware-core's [`AdvertisingSet`](firmware_core::link::extended::AdvertisingSet); a set of
//! legacy PDUs is advertising as the commands of old ask for it, and so is told to the
//! peripheral's half by those. There is one set at a time.

mod advertise;
mod parameters;
mod scan;
mod tell;

use ble::error::ErrorCode;
use ble::hci::{ConnectionComplete, Role};
use ble::pdu::control::FeatureSet;
use ble::time::Instant;

use super::Endpoint;
use super::table::{Answer, Row};
use advertise::Set;
pub(super) use parameters::OwnAddress;
use scan::Scan;

/// Most octets of a set's advertising data, and of its scan response.
pub(super) const DATA_MAX: usize = 1_650;
/// Advertising sets at a time.
const SETS: u8 = 1;

/// Octets after the status, or an error.
type Outcome = Result<Vec<u8>, ErrorCode>;

const DONE: Outcome = Ok(Vec::new());

/// Which commands a host uses since the last reset: a controller refuses to mix them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Family {
    Legacy,
    Extended,
}

/// See the [module](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Extended {
    family: Option<Family>,
    set: Option<Set>,
    scan: Scan,
    /// What the host has just been told, if that ends a set: to be told next.
    begun: Option<ConnectionComplete>,
}

impl Extended {
    /// Notes a connection, or that directed advertising found none.
    pub(super) fn begun(&mut self, complete: &ConnectionComplete) {
        if complete.role == Role::Peripheral && self.set.is_some() {
            self.begun = Some(complete.clone());
        }
    }

    /// When [`Endpoint::extended_timer`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let set = self.set.as_ref().and_then(Set::deadline);
        set.into_iter().chain(self.scan.deadline()).min()
    }
}

/// Whether a command is one of those for which there are extended ones.
pub(super) const fn is_legacy(opcode: u16) -> bool {
    matches!(opcode, 0x2006..=0x200D)
}

impl Endpoint {
    /// Whether commands of this family may be used; from now on the others may not.
    pub(super) fn belongs(&mut self, family: Family) -> Result<(), ErrorCode> {
        if *self.extended.family.get_or_insert(family) == family {
            Ok(())
        } else {
            Err(ErrorCode::COMMAND_DISALLOWED)
        }
    }

    /// Carries a command out, if it is one of these.
    pub(super) fn extended_command(&mut self, now: Instant, row: &Row, octets: &[u8]) -> bool {
        let outcome = match row.opcode {
            0x2035 => self.set_random_address(octets),
            0x2036 => self.set_parameters(octets),
            0x2037 => self.set_data(now, octets, false),
            0x2038 => self.set_data(now, octets, true),
            0x2039 => self.enable_sets(now, octets),
            0x203A => self.nothing(octets, (DATA_MAX as u16).to_le_bytes().to_vec()),
            0x203B => self.nothing(octets, vec![SETS]),
            0x203C => self.remove_set(octets),
            0x203D => self.nothing(octets, Vec::new()).and_then(|_| self.clear_sets()),
            0x2041 => self.extended_scan_parameters(octets),
            0x2042 => self.extended_scan_enable(now, octets),
            0x2043 => self.extended_connect(now, octets),
            _ => return false,
        };
        match outcome {
            Ok(_) if row.answer == Answer::Status => self.status(row.opcode, ErrorCode::SUCCESS),
            Ok(returned) => self.complete_raw(row.opcode, &returned),
            Err(error) => self.refuse(row, octets, error),
        }
        true
    }

    /// A command without parameters, and what it returns.
    fn nothing(&mut self, octets: &[u8], returned: Vec<u8>) -> Outcome {
        if !octets.is_empty() {
            return Err(ErrorCode::INVALID_PARAMETERS);
        }
        self.belongs(Family::Extended).map(|()| returned)
    }

    const fn has_privacy(&self) -> bool {
        self.features.has(FeatureSet::PRIVACY)
    }

    /// Ends what has lasted long enough.
    pub(super) fn extended_timer(&mut self, now: Instant) {
        self.set_timer(now);
        self.scan_timer(now);
    }
}

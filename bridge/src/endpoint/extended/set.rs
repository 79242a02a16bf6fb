//! An advertising set as the host has made it.

use ble::error::ErrorCode;
use ble::hci::FilterPolicy;
use ble::pdu::advertising::{ADVERTISING_DATA_MAX, AdvertisingData};

use super::DATA_MAX;
use super::parameters::{Enabled, Fragment, Parameters};

// Operation of LE Set Extended Advertising Data.
const INTERMEDIATE: u8 = 0;
const FIRST: u8 = 1;
const LAST: u8 = 2;
const COMPLETE: u8 = 3;
const UNCHANGED: u8 = 4;

/// The longest that directed advertising with high duty cycle lasts, in units of 10 ms.
const HIGH_DUTY_MAX: u16 = 128;

/// Data of a set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Data {
    octets: Vec<u8>,
    /// More fragments are to come.
    partial: bool,
}

impl Data {
    fn legacy(&self) -> AdvertisingData {
        // As many as fit were let in.
        AdvertisingData::from_slice(&self.octets).unwrap_or_default()
    }
}

/// See the [module](self).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Set {
    what: Parameters,
    random: Option<[u8; 6]>,
    advertising: Data,
    response: Data,
}

impl Set {
    pub(super) fn new(what: Parameters) -> Self {
        Self { what, random: None, advertising: Data::default(), response: Data::default() }
    }

    /// With other parameters; the rest is kept.
    pub(super) fn with(self, what: Parameters) -> Self {
        Self { what, ..self }
    }

    pub(super) const fn what(&self) -> &Parameters {
        &self.what
    }

    pub(super) fn filters(&self) -> bool {
        self.what.filter != FilterPolicy::Any
    }

    pub(super) const fn random(&self) -> Option<[u8; 6]> {
        self.random
    }

    pub(super) const fn set_random(&mut self, address: [u8; 6]) {
        self.random = Some(address);
    }

    /// Whether its data can be advertised with PDUs of its kind.
    pub(super) fn fits(&self) -> bool {
        let long = |data: &Data| data.octets.len() > ADVERTISING_DATA_MAX;
        !(self.what.is_legacy() && (long(&self.advertising) || long(&self.response)))
    }

    /// The data of its extended PDUs: scannable sets have a scan response only.
    pub(super) fn carried(&self) -> &[u8] {
        if self.what.is_scannable() { &self.response.octets } else { &self.advertising.octets }
    }

    /// Advertising data and scan response of legacy PDUs.
    pub(super) fn legacy_data(&self) -> [AdvertisingData; 2] {
        [self.advertising.legacy(), self.response.legacy()]
    }

    /// Takes advertising data or scan response, while it is on or off.
    pub(super) fn take(
        &mut self,
        fragment: Fragment,
        response: bool,
        enabled: bool,
    ) -> Result<(), ErrorCode> {
        const INVALID: ErrorCode = ErrorCode::INVALID_PARAMETERS;
        let Fragment { operation, octets, .. } = fragment;
        let legacy = self.what.is_legacy();
        let has = if response { self.what.is_scannable() } else { self.what.has_data() };
        let whole = matches!(operation, COMPLETE | UNCHANGED);
        let too_long = legacy && (octets.len() > ADVERTISING_DATA_MAX || operation != COMPLETE);
        let empty = octets.is_empty() && !whole;
        if (!has && !octets.is_empty()) || too_long || empty {
            return Err(INVALID);
        }
        if enabled && !whole {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        let data = if response { &mut self.response } else { &mut self.advertising };
        let unchanged = enabled && !response && !data.octets.is_empty() && octets.is_empty();
        match operation {
            UNCHANGED if !unchanged => return Err(INVALID),
            UNCHANGED => {}
            COMPLETE => *data = Data { octets, partial: false },
            FIRST => *data = Data { octets, partial: true },
            INTERMEDIATE | LAST if !data.partial => return Err(ErrorCode::COMMAND_DISALLOWED),
            _ if data.octets.len() + octets.len() > DATA_MAX => {
                *data = Data::default();
                return Err(ErrorCode::MEMORY_CAPACITY_EXCEEDED);
            }
            _ => {
                data.octets.extend_from_slice(&octets);
                data.partial = operation != LAST;
            }
        }
        Ok(())
    }

    /// Whether it can be enabled like that, its address apart.
    pub(super) fn is_ready(&self, enabled: Enabled) -> Result<(), ErrorCode> {
        let long = !matches!(enabled.duration, 1..=HIGH_DUTY_MAX);
        if self.what.is_high_duty() && long {
            return Err(ErrorCode::INVALID_PARAMETERS);
        }
        let empty = self.response.octets.is_empty();
        let silent = !self.what.is_legacy() && self.what.is_scannable() && empty;
        if silent || self.advertising.partial || self.response.partial {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        Ok(())
    }
}

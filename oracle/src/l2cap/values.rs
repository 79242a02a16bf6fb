//! The values that a server sends and accepts: GATT-CCCD, -PROP, -FEAT and -HASH-2, GAP-NAME-1.

use std::collections::BTreeMap;

use bletwin_rules::gatt::{
    GAP_NAME_1, GATT_CCCD_1, GATT_CCCD_3, GATT_FEAT_1, GATT_HASH_2, GATT_PROP_1,
};

use super::Wrong;
use super::attributes::{Attributes, CONFIGURATION, Configured, INDICATE, NOTIFY, kind_asked};
use super::codes::code;
use super::lists::List;

const DEVICE_NAME: u16 = 0x2A00;
const APPEARANCE: u16 = 0x2A01;
const PREFERRED_PARAMETERS: u16 = 0x2A04;
const ADDRESS_RESOLUTION: u16 = 0x2AA6;
const CLIENT_FEATURES: u16 = 0x2B29;
const DATABASE_HASH: u16 = 0x2B2A;

/// Longest Device Name.
const NAME_MAX: usize = 248;
/// Longest value that is remembered; configurations and features have fewer octets.
const KEPT_MAX: usize = 8;

/// Values of one server that its client alone changes, as far as they are known.
#[derive(Default)]
pub(super) struct Values {
    /// Values last sent or written, by handle; absent if unknown or longer than [`KEPT_MAX`].
    known: BTreeMap<u16, Vec<u8>>,
    /// What the unanswered write may have changed.
    written: Option<(u16, Option<Vec<u8>>)>,
}

impl Values {
    /// Another client may be known now, by its bond.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// A request or command of the client that may change a value.
    pub(super) fn takes(&mut self, pdu: &[u8]) {
        let &[opcode, low, high, ..] = pdu else { return };
        let handle = u16::from_le_bytes([low, high]);
        match opcode {
            code::WRITE_REQ => self.written = Some((handle, self.known.remove(&handle))),
            code::WRITE_CMD | code::SIGNED_WRITE_CMD | code::PREPARE_WRITE_REQ => {
                self.known.remove(&handle);
            }
            // All prepared writes may apply.
            code::EXECUTE_WRITE_REQ => self.forget(),
            _ => {}
        }
    }

    /// The server answers: learns the values, and returns the fault, if any.
    pub(super) fn answers(
        &mut self,
        attributes: &Attributes,
        request: &[u8],
        response: &[u8],
    ) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        let (Some((&opcode, asked)), Some((&answer, value))) =
            (request.split_first(), response.split_first())
        else {
            return faults;
        };
        let handle = asked.first_chunk().map(|handle| u16::from_le_bytes(*handle));
        match (opcode, handle) {
            (code::READ_REQ, Some(handle)) if answer == code::READ_RSP => {
                self.shows(attributes.kind(handle), handle, value, &mut faults);
            }
            (code::READ_BY_TYPE_REQ, _) => {
                let list = List::good(request, response);
                for (handle, value) in list.into_iter().flat_map(List::entries) {
                    self.shows(kind_asked(request), handle, value, &mut faults);
                }
            }
            (code::WRITE_REQ, Some(handle)) => {
                let Some((_, before)) = self.written.take().filter(|(of, _)| *of == handle) else {
                    return faults;
                };
                if answer == code::WRITE_RSP {
                    let value = asked.get(2..).unwrap_or_default();
                    faults.extend(cleared(attributes, handle, before.as_deref(), value));
                    self.keep(handle, value);
                } else if let Some(before) = before {
                    self.known.insert(handle, before);
                }
            }
            _ => {}
        }
        faults
    }

    fn keep(&mut self, handle: u16, value: &[u8]) {
        if value.len() <= KEPT_MAX {
            self.known.insert(handle, value.to_vec());
        }
    }

    /// The server sends a value.
    fn shows(
        &mut self,
        kind: Option<u16>,
        handle: u16,
        value: &[u8],
        faults: &mut Vec<(&'static str, String)>,
    ) {
        let octets = value.len();
        let wrong = match kind {
            Some(CONFIGURATION) if octets != 2 => {
                Some((GATT_CCCD_3.id, format!("a configuration of {octets} octets")))
            }
            Some(APPEARANCE) => sized("Appearance", value, 2),
            Some(ADDRESS_RESOLUTION) => sized("Central Address Resolution", value, 1),
            Some(PREFERRED_PARAMETERS) => {
                sized("Peripheral Preferred Connection Parameters", value, 8).or_else(|| {
                    let possible = preferred(value);
                    let text = || format!("preferred connection parameters {value:02X?}");
                    (!possible).then(|| (GAP_NAME_1.id, text()))
                })
            }
            Some(DEVICE_NAME) => unreadable(value),
            _ => None,
        };
        faults.extend(wrong);
        if matches!(kind, Some(CONFIGURATION | CLIENT_FEATURES)) {
            self.keep(handle, value);
        }
    }

    /// GATT-PROP-1: what a characteristic permits. GATT-CCCD-1: nothing that nobody subscribed to.
    pub(super) fn sends(&self, attributes: &Attributes, handle: u16, indicates: bool) -> Wrong {
        let (property, bit, name) =
            if indicates { (INDICATE, 2, "indicated") } else { (NOTIFY, 1, "notified") };
        if attributes.is_no_value(handle) {
            let text = format!("0x{handle:04X} is {name} and is no value of a characteristic");
            return Some((GATT_PROP_1.id, text));
        }
        let characteristic = attributes.characteristic(handle)?;
        if characteristic.properties & property == 0 {
            let properties = characteristic.properties;
            let text = format!("0x{handle:04X} is {name}, with properties 0x{properties:02X}");
            return Some((GATT_PROP_1.id, text));
        }
        let Configured::At(at, None) = attributes.configuration(handle) else { return None };
        let value = self.known.get(&at)?;
        let text = || format!("0x{handle:04X} is {name}, with configuration {value:02X?}");
        (value.first()? & bit == 0).then(|| (GATT_CCCD_1.id, text()))
    }

    /// The fault of a client's request, if any: GATT-HASH-2, GATT-FEAT-1.
    pub(super) fn asked(&self, attributes: &Attributes, request: &[u8]) -> Wrong {
        let (&opcode, rest) = request.split_first()?;
        let (handles, _) = rest.as_chunks::<2>();
        let mut handles = handles.iter().map(|handle| u16::from_le_bytes(*handle));
        let is_hash = |handle| attributes.kind(handle) == Some(DATABASE_HASH);
        let by_handle = match opcode {
            code::READ_REQ | code::READ_BLOB_REQ => handles.next().is_some_and(is_hash),
            code::READ_MULTIPLE_REQ | code::READ_MULTIPLE_VARIABLE_REQ => handles.any(is_hash),
            code::WRITE_REQ => {
                let handle = handles.next()?;
                let before = self.known.get(&handle).map(Vec::as_slice);
                return cleared(attributes, handle, before, rest.get(2..)?);
            }
            _ => false,
        };
        by_handle.then(|| (GATT_HASH_2.id, "the database hash by its handle".to_owned()))
    }
}

/// GATT-FEAT-1: client features stay set.
fn cleared(attributes: &Attributes, handle: u16, before: Option<&[u8]>, after: &[u8]) -> Wrong {
    if attributes.kind(handle) != Some(CLIENT_FEATURES) {
        return None;
    }
    let after = after.iter().chain(std::iter::repeat(&0));
    let cleared = before?.iter().zip(after).any(|(before, after)| before & !after != 0);
    cleared.then(|| (GATT_FEAT_1.id, "a feature of the client that was set is cleared".to_owned()))
}

/// GAP-NAME-1: values of the GAP Service.
fn sized(name: &str, value: &[u8], right: usize) -> Wrong {
    let text = || format!("{name} of {} octets", value.len());
    (value.len() != right).then(|| (GAP_NAME_1.id, text()))
}

/// A name may be cut, within a character too.
fn unreadable(name: &[u8]) -> Wrong {
    if name.len() > NAME_MAX {
        return Some((GAP_NAME_1.id, format!("a Device Name of {} octets", name.len())));
    }
    let wrong = std::str::from_utf8(name).is_err_and(|error| error.error_len().is_some());
    wrong.then(|| (GAP_NAME_1.id, "a Device Name that is not UTF-8".to_owned()))
}

/// Whether preferred parameters are within their ranges (Vol 6, Part B, 2.4.2.16).
fn preferred(value: &[u8]) -> bool {
    const ANY: u16 = 0xFFFF;
    let (fields, _) = value.as_chunks::<2>();
    let fields: Vec<_> = fields.iter().map(|field| u16::from_le_bytes(*field)).collect();
    let [min, max, latency, timeout] = fields[..] else { return false };
    let interval = |value| value == ANY || (6..=3200).contains(&value);
    interval(min)
        && interval(max)
        && (min == ANY || max == ANY || min <= max)
        && (latency == ANY || latency <= 499)
        && (timeout == ANY || (10..=3200).contains(&timeout))
}

//! The attributes that a server has disclosed on this connection. A handle is not reused during a
//! connection (Vol 3, Part F, 3.2.2), so that what is known of one stays true.

use std::collections::BTreeMap;

use super::codes::{code, error};
use super::lists::{List, range};

pub(super) const PRIMARY_SERVICE: u16 = 0x2800;
pub(super) const SECONDARY_SERVICE: u16 = 0x2801;
pub(super) const INCLUDE: u16 = 0x2802;
pub(super) const CHARACTERISTIC: u16 = 0x2803;
/// The first and the last descriptor that the text names.
const DESCRIPTORS: std::ops::RangeInclusive<u16> = 0x2900..=0x2905;
pub(super) const CONFIGURATION: u16 = 0x2902;

/// Property: can be notified.
pub(super) const NOTIFY: u8 = 0x10;
/// Property: can be indicated.
pub(super) const INDICATE: u8 = 0x20;

/// More descriptors of one characteristic are not looked at.
const DESCRIPTORS_MAX: usize = 64;
/// More characteristics are not looked at for one response.
const AROUND_MAX: usize = 64;

/// 00000000-0000-1000-8000-00805F9B34FB without the 16 bits at octet 12.
const BASE: [u8; 12] = [0xFB, 0x34, 0x9B, 0x5F, 0x80, 0, 0, 0x80, 0, 0x10, 0, 0];

/// The 16-bit form of a UUID in octets, if it has one.
pub(super) fn short(octets: &[u8]) -> Option<u16> {
    match *octets {
        [low, high] => Some(u16::from_le_bytes([low, high])),
        _ => match *octets.strip_prefix(&BASE)? {
            [low, high, 0, 0] => Some(u16::from_le_bytes([low, high])),
            _ => None,
        },
    }
}

/// The 16-bit type that a request asks for.
pub(super) fn kind_asked(request: &[u8]) -> Option<u16> {
    let of = match request.first()? {
        &code::FIND_BY_TYPE_VALUE_REQ => request.get(5..7)?,
        &code::READ_BY_TYPE_REQ | &code::READ_BY_GROUP_TYPE_REQ => request.get(5..)?,
        _ => return None,
    };
    short(of)
}

/// A characteristic, by its declaration.
#[derive(Clone, Copy)]
pub(super) struct Characteristic {
    pub(super) properties: u8,
    /// Handle of the value.
    pub(super) value: u16,
    /// `None`: a UUID of 128 bits.
    pub(super) uuid: Option<u16>,
}

impl Characteristic {
    /// From the value of a declaration.
    pub(super) fn read(declaration: &[u8]) -> Option<Self> {
        let &[properties, low, high, ref uuid @ ..] = declaration else { return None };
        Some(Self { properties, value: u16::from_le_bytes([low, high]), uuid: short(uuid) })
    }
}

/// See the [module](self).
#[derive(Default)]
pub(super) struct Attributes {
    /// The type of each handle; `None`: a UUID of 128 bits.
    types: BTreeMap<u16, Option<u16>>,
    /// Characteristics by the handles of their values.
    characteristics: BTreeMap<u16, Characteristic>,
    /// Ranges, by their starts, whose attributes are all known.
    complete: BTreeMap<u16, u16>,
}

/// What is known of the configuration of a characteristic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Configured {
    /// At this handle; one more has this.
    At(u16, Option<u16>),
    /// It has no configuration.
    Nowhere,
    /// Not all descriptors of the characteristic are known.
    Unknown,
}

impl Attributes {
    /// Learns from a response to a request.
    pub(super) fn learn(&mut self, request: &[u8], response: &[u8]) {
        let (Some(&opcode), Some((start, end))) = (request.first(), range(request)) else { return };
        if let [code::ERROR_RSP, _, _, _, error::NOT_FOUND] = response
            && opcode == code::FIND_INFORMATION_REQ
        {
            self.mark_complete(start, end);
        }
        let Some(list) = List::good(request, response) else { return };
        let of = kind_asked(request);
        let mut last = None;
        for (handle, rest) in list.entries() {
            last = Some(handle);
            let kind = if opcode == code::FIND_INFORMATION_REQ { short(rest) } else { of };
            self.types.insert(handle, kind);
            if opcode == code::READ_BY_TYPE_REQ
                && of == Some(CHARACTERISTIC)
                && let Some(characteristic) = Characteristic::read(rest)
            {
                self.types.insert(characteristic.value, characteristic.uuid);
                self.characteristics.insert(characteristic.value, characteristic);
            }
        }
        if let Some(last) = last.filter(|_| opcode == code::FIND_INFORMATION_REQ) {
            self.mark_complete(start, last);
        }
    }

    /// All attributes from `start` to `end` are known.
    fn mark_complete(&mut self, start: u16, end: u16) {
        let touches =
            |known: (&u16, &u16)| (*known.1 >= start.saturating_sub(1)).then_some(*known.0);
        let (mut first, mut last) = (start, end);
        while let Some(known) =
            self.complete.range(..=end.saturating_add(1)).next_back().and_then(touches)
        {
            last = self.complete.remove(&known).map_or(last, |known| known.max(last));
            first = first.min(known);
        }
        self.complete.insert(first, last);
    }

    /// The 16-bit type of an attribute, if it is known and has one.
    pub(super) fn kind(&self, handle: u16) -> Option<u16> {
        self.types.get(&handle).copied().flatten()
    }

    /// Whether this is a declaration or a descriptor, which are no values of characteristics.
    pub(super) fn is_no_value(&self, handle: u16) -> bool {
        let declares = |kind| (PRIMARY_SERVICE..=CHARACTERISTIC).contains(&kind);
        self.kind(handle).is_some_and(|kind| declares(kind) || DESCRIPTORS.contains(&kind))
    }

    pub(super) fn characteristic(&self, value: u16) -> Option<&Characteristic> {
        self.characteristics.get(&value)
    }

    /// The characteristics whose configuration a list from `start` to `end` may show.
    pub(super) fn around(&self, start: u16, end: u16) -> impl Iterator<Item = &Characteristic> {
        let before = self.characteristics.range(..start).next_back();
        let within = self.characteristics.range(start..=end).take(AROUND_MAX);
        before.into_iter().chain(within).map(|(_, of)| of)
    }

    /// Where the configuration of a characteristic with this value is.
    pub(super) fn configuration(&self, value: u16) -> Configured {
        let Some(from) = value.checked_add(1) else { return Configured::Nowhere };
        // As far as every attribute is known.
        let known = self.complete.range(..=from).next_back().map(|(_, end)| *end);
        let Some(known) = known.filter(|end| *end >= from) else { return Configured::Unknown };
        let ends = |kind: &Option<u16>| {
            kind.is_some_and(|kind| (PRIMARY_SERVICE..=CHARACTERISTIC).contains(&kind))
        };
        let mut found = None;
        for (handle, kind) in self.types.range(from..=known).take(DESCRIPTORS_MAX) {
            if ends(kind) {
                return found.map_or(Configured::Nowhere, |at| Configured::At(at, None));
            }
            if *kind == Some(CONFIGURATION)
                && let Some(first) = found.replace(*handle)
            {
                return Configured::At(first, Some(*handle));
            }
        }
        let over = known.checked_add(1).is_none_or(|next| self.types.get(&next).is_some_and(ends));
        match found {
            Some(at) => Configured::At(at, None),
            None if over => Configured::Nowhere,
            None => Configured::Unknown,
        }
    }
}

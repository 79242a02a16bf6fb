//! Attributes: their table, and the values behind it.
//!
//! A handle is the place of an attribute in its table, counted from one, so a table is its own
//! index and nothing has to be searched or registered.

mod awareness;
mod client;
pub mod hash;
pub mod table;
mod view;

#[cfg(test)]
mod tests;

use super::att::AttError;
pub(super) use awareness::{Awareness, Course};
pub use client::{CONFIGURATIONS, Client};
pub(super) use view::{Answered, GattView, Values};

/// Most octets of a value that is not constant.
// ATT-VAL-1: 512 octets.
pub const VALUE_MAX: usize = 128;

/// Octets of a value for a response.
pub type Scratch = heapless::Vec<u8, VALUE_MAX, u8>;

/// A UUID, octets least significant first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Uuid {
    /// A 16-bit number that the Bluetooth SIG has assigned.
    Short([u8; 2]),
    /// Any other 128-bit UUID, chosen by a vendor.
    Long([u8; 16]),
}

/// 00000000-0000-1000-8000-00805F9B34FB without the 16 bits at octet 12.
const BASE: [u8; 12] = [0xFB, 0x34, 0x9B, 0x5F, 0x80, 0, 0, 0x80, 0, 0x10, 0, 0];

impl Uuid {
    /// From an assigned number.
    #[must_use]
    pub const fn short(number: u16) -> Self {
        Self::Short(number.to_le_bytes())
    }

    /// From 128 bits as printed.
    #[must_use]
    pub const fn printed(uuid: u128) -> Self {
        Self::Long(uuid.to_le_bytes())
    }

    /// Equality, for constants.
    pub(crate) const fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Short(a), Self::Short(b)) => u16::from_le_bytes(*a) == u16::from_le_bytes(*b),
            (Self::Long(a), Self::Long(b)) => u128::from_le_bytes(*a) == u128::from_le_bytes(*b),
            _ => false,
        }
    }

    /// From the octets of an ATT parameter: two, or sixteen. The long form of an assigned number
    /// is the short one.
    #[must_use]
    pub fn parse(octets: &[u8]) -> Option<Self> {
        if let Ok(short) = <[u8; 2]>::try_from(octets) {
            return Some(Self::Short(short));
        }
        let long = <[u8; 16]>::try_from(octets).ok()?;
        Some(match long.strip_prefix(&BASE) {
            Some(&[low, high, 0, 0]) => Self::Short([low, high]),
            _ => Self::Long(long),
        })
    }

    /// As ATT sends it.
    #[must_use]
    pub const fn octets(&self) -> &[u8] {
        match self {
            Self::Short(octets) => octets,
            Self::Long(octets) => octets,
        }
    }
}

/// «Primary Service»: type of a service declaration (Vol 3, Part G, 3.1).
pub const PRIMARY_SERVICE: Uuid = Uuid::short(0x2800);
/// «Secondary Service»: type of a service declaration (Vol 3, Part G, 3.1).
pub const SECONDARY_SERVICE: Uuid = Uuid::short(0x2801);
/// «Include»: type of an include declaration (Vol 3, Part G, 3.2).
pub const INCLUDE: Uuid = Uuid::short(0x2802);
/// «Characteristic»: type of a characteristic declaration (Vol 3, Part G, 3.3.1).
pub const CHARACTERISTIC: Uuid = Uuid::short(0x2803);
/// «Characteristic Extended Properties»: type of that descriptor (Vol 3, Part G, 3.3.3.1).
pub const EXTENDED_PROPERTIES: Uuid = Uuid::short(0x2900);
/// «Characteristic User Description»: type of that descriptor (Vol 3, Part G, 3.3.3.2).
pub const USER_DESCRIPTION: Uuid = Uuid::short(0x2901);
/// «Client Characteristic Configuration»: type of that descriptor (Vol 3, Part G, 3.3.3.3).
pub const CLIENT_CONFIGURATION: Uuid = Uuid::short(0x2902);

/// Who may read or write a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Not at any level: the error is Read or Write Not Permitted.
    Never,
    /// From this level of LE security mode 1 on (1: anyone).
    Level(u8),
    /// From the level on that the device demands ([`Database::demanded_level`]).
    Demanded,
}

/// Octets that a table holds itself: the values of declarations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Inline {
    octets: [u8; 19],
    length: u8,
}

impl Inline {
    /// Two parts, one behind the other; what does not fit is cut.
    const fn new(head: &[u8], tail: &[u8]) -> Self {
        let mut inline = Self { octets: [0; 19], length: 0 };
        inline.append(head);
        inline.append(tail);
        inline
    }

    const fn append(&mut self, mut more: &[u8]) {
        let (_, mut free) = self.octets.split_at_mut(self.length as usize);
        while let (Some((octet, rest)), Some((place, others))) =
            (more.split_first(), free.split_first_mut())
        {
            *place = *octet;
            self.length = self.length.saturating_add(1);
            (more, free) = (rest, others);
        }
    }

    fn as_slice(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or(&[])
    }
}

/// A Client Characteristic Configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Configuration {
    /// Which of the table's, from 0.
    pub number: u8,
    /// Handle of the value that it configures.
    pub of: u16,
    /// Properties of the characteristic that can be configured.
    possible: u8,
}

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// In the firmware.
    Constant(&'static [u8]),
    /// In the table.
    Inline(Inline),
    /// With the client.
    Configuration(Configuration),
    /// With the [`Database`], which is asked by handle.
    Variable,
}

/// What a host needs to know of an application's [`Table`](table::Table).
#[derive(Clone, Copy, Debug)]
pub struct Gatt {
    /// Complete local name.
    pub name: &'static str,
    /// UUID of the service that is advertised.
    pub advertised: Option<Uuid>,
    /// All attributes; the first has handle 0x0001.
    pub attributes: &'static [Attribute],
}

impl Gatt {
    /// Digest of this table that a bond stores, to recognise the table: the last octets of its
    /// Database Hash.
    #[must_use]
    pub fn digest(&self) -> u32 {
        let hash = hash::database_hash(self.attributes);
        hash.first_chunk().map_or(0, |octets| u32::from_le_bytes(*octets))
    }

    /// The configuration of a value.
    pub(super) fn configuration(&self, of: u16) -> Option<Configuration> {
        self.configurations().find(|configuration| configuration.of == of)
    }

    /// All configurations in ascending order of handles; Service Changed's is the first.
    pub(super) fn configurations(&self) -> impl Iterator<Item = Configuration> {
        self.attributes.iter().filter_map(|attribute| match attribute.value {
            Value::Configuration(configuration) => Some(configuration),
            _ => None,
        })
    }
}

/// An entry of a table; its place, counted from one, is its handle (Vol 3, Part F, 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// Attribute type: what the value means (Vol 3, Part F, 3.2.1).
    pub kind: Uuid,
    /// Who may read.
    pub read: Access,
    /// Who may write.
    pub write: Access,
    /// The value if it is constant, or its owner.
    pub value: Value,
}

impl Attribute {
    /// A declaration or another constant that anyone may read.
    // GATT-DISC-2: declarations are open to everybody.
    #[must_use]
    pub const fn constant(kind: Uuid, value: &'static [u8]) -> Self {
        Self { kind, read: Access::Level(1), write: Access::Never, value: Value::Constant(value) }
    }

    /// A value that the database keeps.
    #[must_use]
    pub const fn variable(kind: Uuid, read: Access, write: Access) -> Self {
        Self { kind, read, write, value: Value::Variable }
    }

    /// The value, if it never changes.
    #[must_use]
    pub fn constant_value(&'static self) -> Option<&'static [u8]> {
        match &self.value {
            Value::Constant(octets) => Some(octets),
            Value::Inline(inline) => Some(inline.as_slice()),
            Value::Configuration(_) | Value::Variable => None,
        }
    }

    /// Whether a service begins here.
    #[must_use]
    pub fn is_service(&self) -> bool {
        self.kind == PRIMARY_SERVICE || self.kind == SECONDARY_SERVICE
    }
}

/// A table of attributes and the values that change.
pub trait Database {
    /// The table; an attribute's handle is its place, counted from one.
    fn attributes(&self) -> &'static [Attribute];

    /// What [`Access::Demanded`] stands for, 1–4.
    fn demanded_level(&self) -> u8;

    /// The value of an attribute that is not constant. Permissions were checked.
    ///
    /// # Errors
    /// The error for the client, or `AttError::NOT_YET`.
    fn read(&mut self, handle: u16, value: &mut Scratch) -> Result<(), AttError>;

    /// Writes an attribute that is not constant from `offset` on. Permissions were checked.
    ///
    /// # Errors
    /// The error for the client (wrong length, wrong offset, a value that is not allowed), or
    /// `AttError::NOT_YET`.
    fn write(&mut self, handle: u16, offset: u16, value: &[u8]) -> Result<(), AttError>;
}

/// The attribute with a handle.
pub(super) fn attribute(table: &'static [Attribute], handle: u16) -> Option<&'static Attribute> {
    table.get(usize::from(handle).checked_sub(1)?)
}

/// Attributes with their handles, in order, from `start` to `end`.
pub(super) fn range(
    table: &'static [Attribute],
    start: u16,
    end: u16,
) -> impl Iterator<Item = (u16, &'static Attribute)> {
    (1_u16..=end).zip(table).skip(usize::from(start.saturating_sub(1)))
}

/// Last handle of the service that begins at `handle`.
pub(super) fn service_end(table: &'static [Attribute], handle: u16) -> u16 {
    range(table, handle.saturating_add(1), u16::MAX)
        .take_while(|(_, attribute)| !attribute.is_service())
        .last()
        .map_or(handle, |(last, _)| last)
}

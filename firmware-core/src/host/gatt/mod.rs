//! Attributes: what a table of them is, and the tables of this device.
//!
//! A handle is the place of an attribute in its table, counted from one, so a table is its own
//! index and nothing has to be searched or registered.

pub mod hash;
pub mod services;
pub mod values;

#[cfg(test)]
mod tests;

use super::att::AttError;

/// Most octets of a value that is not constant.
pub const VALUE_MAX: usize = 128;

/// Octets of a value on their way into a response.
pub type Scratch = heapless::Vec<u8, VALUE_MAX>;

/// A UUID, octets least significant first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Uuid {
    /// Assigned by the Bluetooth SIG.
    Short([u8; 2]),
    /// Anyone's.
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

/// «Primary Service».
pub const PRIMARY_SERVICE: Uuid = Uuid::short(0x2800);
/// «Secondary Service».
pub const SECONDARY_SERVICE: Uuid = Uuid::short(0x2801);
/// «Include».
pub const INCLUDE: Uuid = Uuid::short(0x2802);
/// «Characteristic».
pub const CHARACTERISTIC: Uuid = Uuid::short(0x2803);
/// «Characteristic Extended Properties».
pub const EXTENDED_PROPERTIES: Uuid = Uuid::short(0x2900);
/// «Client Characteristic Configuration».
pub const CLIENT_CONFIGURATION: Uuid = Uuid::short(0x2902);

/// Who may read or write a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Nobody.
    Never,
    /// Whoever has reached this level of LE security mode 1 (1: anyone).
    Level(u8),
    /// Whoever has reached the level that the device demands ([`Database::demanded_level`]).
    Demanded,
}

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// In the table.
    Constant(&'static [u8]),
    /// With the [`Database`], which is asked by handle.
    Variable,
}

/// One attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// Type.
    pub kind: Uuid,
    /// Who may read.
    pub read: Access,
    /// Who may write.
    pub write: Access,
    /// Value.
    pub value: Value,
}

impl Attribute {
    /// A declaration or another constant that anyone may read.
    #[must_use]
    pub const fn constant(kind: Uuid, value: &'static [u8]) -> Self {
        Self { kind, read: Access::Level(1), write: Access::Never, value: Value::Constant(value) }
    }

    /// A value that the database keeps.
    #[must_use]
    pub const fn variable(kind: Uuid, read: Access, write: Access) -> Self {
        Self { kind, read, write, value: Value::Variable }
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

    /// The value of a [`Value::Variable`] attribute.
    fn read(&self, handle: u16, value: &mut Scratch);

    /// Writes a [`Value::Variable`] attribute from `offset` on. Permissions were checked.
    ///
    /// # Errors
    /// What the client is told: wrong length, wrong offset, a value that is not allowed.
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

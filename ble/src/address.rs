//! Bluetooth device addresses (Vol 6, Part B, 1.3).

use core::fmt;

/// Public or random, as in the TxAdd/RxAdd bits and HCI address types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressKind {
    /// Registered with the IEEE.
    Public = 0,
    /// Static, resolvable private or non-resolvable private, by the two most significant bits.
    Random = 1,
}

/// A device address with its kind. Octets are in on-air order, least significant first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Public or random.
    pub kind: AddressKind,
    /// Least significant octet first.
    pub octets: [u8; 6],
}

impl Address {
    /// From on-air octets.
    #[must_use]
    pub const fn new(kind: AddressKind, octets: [u8; 6]) -> Self {
        Self { kind, octets }
    }

    /// A public address from octets as printed, most significant first.
    #[must_use]
    pub const fn public([a, b, c, d, e, f]: [u8; 6]) -> Self {
        Self::new(AddressKind::Public, [f, e, d, c, b, a])
    }

    /// A static random address from octets as printed; the two top bits are set.
    #[must_use]
    pub const fn static_random([a, b, c, d, e, f]: [u8; 6]) -> Self {
        Self::new(AddressKind::Random, [f, e, d, c, b, a | 0xC0])
    }

    const fn top_bits(self) -> u8 {
        let [.., top] = self.octets;
        top >> 6
    }

    /// Whether this is a resolvable private address (top bits 01).
    #[must_use]
    pub const fn is_resolvable(self) -> bool {
        matches!(self.kind, AddressKind::Random) && self.top_bits() == 0b01
    }

    /// Whether this may be an identity: public, or static random (top bits 11).
    #[must_use]
    pub const fn is_identity(self) -> bool {
        matches!(self.kind, AddressKind::Public) || self.top_bits() == 0b11
    }

    /// Type octet followed by the address, most significant octet first: the form that the SMP
    /// functions f5 and f6 take.
    #[must_use]
    pub const fn for_smp(self) -> [u8; 7] {
        let [f, e, d, c, b, a] = self.octets;
        [self.kind as u8, a, b, c, d, e, f]
    }
}

impl fmt::Display for Address {
    /// As Zephyr prints it: `58:A0:23:A6:35:0A (public)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [o0, o1, o2, o3, o4, o5] = self.octets;
        let kind = match self.kind {
            AddressKind::Public => "(public)",
            AddressKind::Random => "(random)",
        };
        write!(f, "{o5:02X}:{o4:02X}:{o3:02X}:{o2:02X}:{o1:02X}:{o0:02X} ")?;
        f.write_str(kind)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_the_log_does() {
        let intel = Address::public([0x58, 0xA0, 0x23, 0xA6, 0x35, 0x0A]);
        assert_eq!(std::format!("{intel}"), "58:A0:23:A6:35:0A (public)");
    }

    #[test]
    fn kinds_of_random_addresses() {
        assert!(Address::new(AddressKind::Random, [0, 0, 0, 0, 0, 0x70]).is_resolvable());
        assert!(Address::static_random([0; 6]).is_identity());
        assert!(!Address::new(AddressKind::Random, [0, 0, 0, 0, 0, 0x3F]).is_identity());
    }
}

//! Bond table: a fixed number of slots, each stored as one record.

use ble::address::{Address, AddressKind};
use ble::effect::Record;
use ble::pdu::cursor::{Reader, Writer};
use ble::secret::Secret;

/// What is kept of a bonded peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bond {
    /// Identity address: public or static random.
    pub identity: Address,
    /// Long Term Key, least significant octet first.
    pub ltk: Secret<16>,
    /// Identity Resolving Key, least significant octet first; `None` if the peer has none.
    pub irk: Option<Secret<16>>,
    /// Security level that the key gives, 2–4.
    pub level: u8,
    /// Octets of the key that count, 7–16.
    pub key_size: u8,
    /// Slot in the table and in storage.
    pub slot: u8,
    /// Client Characteristic Configurations and Client Supported Features, as
    /// [`Client::to_bits`](super::gatt::Client::to_bits) has them.
    pub cccd: u16,
    /// The table of attributes that they are about: the last octets of its Database Hash.
    pub configured: u32,
    /// The table that the peer knows.
    pub known: u32,
    /// Counts bonds as they are made: the lowest number is the oldest bond.
    pub number: u32,
}

/// Layout of the record; another number is another layout and is not read, but for
/// [`UNNUMBERED`] and [`NO_TABLE`].
const VERSION: u8 = 3;

/// The layout before bonds stored which table the peer knows: it counts as another table.
const NO_TABLE: u8 = 2;

/// The layout before bonds were numbered. Such bonds count as the oldest.
const UNNUMBERED: u8 = 1;

impl Bond {
    /// The record for storage, without the slot that it is stored under.
    #[must_use]
    pub fn to_record(&self) -> Option<Record> {
        let mut w = Writer::<64>::new();
        w.u8(VERSION).u8(self.identity.kind as u8).bytes(&self.identity.octets);
        w.bytes(self.ltk.expose()).u8(self.level).u8(self.key_size).u16(self.cccd);
        w.u32(self.number).u32(self.configured).u32(self.known);
        if let Some(irk) = &self.irk {
            w.bytes(irk.expose());
        }
        Record::new(&w.finish()?)
    }

    /// From a record; `None` if it is not one that [`Bond::to_record`] makes.
    #[must_use]
    pub fn from_record(slot: u8, record: &Record) -> Option<Self> {
        let mut r = Reader::new(record.expose());
        let version = r.u8()?;
        if ![VERSION, NO_TABLE, UNNUMBERED].contains(&version) {
            return None;
        }
        let kind = match r.u8()? {
            0 => AddressKind::Public,
            1 => AddressKind::Random,
            _ => return None,
        };
        let identity = Address::new(kind, r.array()?);
        let ltk = Secret::new(r.array()?);
        let (level, key_size, cccd) = (r.u8()?, r.u8()?, r.u16()?);
        let number = if version == UNNUMBERED { 0 } else { r.u32()? };
        let mut table = || match version {
            VERSION => r.u32(),
            _ => Some(0),
        };
        let (configured, known) = (table()?, table()?);
        let irk = if r.rest().is_empty() { None } else { Some(Secret::new(r.array()?)) };
        r.end()?;
        let sane = identity.is_identity()
            && (2..=4).contains(&level)
            && (7..=16).contains(&key_size)
            && (level < 4 || key_size == 16);
        sane.then_some(Self {
            identity,
            ltk,
            irk,
            level,
            key_size,
            slot,
            cccd,
            configured,
            known,
            number,
        })
    }
}

/// The bonds, by slot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bonds<const N: usize>([Option<Bond>; N]);

impl<const N: usize> Bonds<N> {
    /// An empty table of `N` slots, 16 at most.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(N <= 16, "more bonds than one call's outputs can hold") };
        Self([const { None }; N])
    }

    /// In the order of their slots.
    pub fn iter(&self) -> impl Iterator<Item = &Bond> {
        self.0.iter().flatten()
    }

    /// The bond with this identity.
    #[must_use]
    pub fn find(&self, identity: Address) -> Option<&Bond> {
        self.iter().find(|bond| bond.identity == identity)
    }

    /// The bond with this identity, to change it.
    pub fn find_mut(&mut self, identity: Address) -> Option<&mut Bond> {
        self.0.iter_mut().flatten().find(|bond| bond.identity == identity)
    }

    /// The identity behind an on-air address: the address itself, or the one that a bond's key
    /// resolves it to.
    #[must_use]
    pub fn resolve(&self, address: Address) -> Option<Address> {
        // GAP-RPA-1: private addresses are resolved.
        if address.is_identity() {
            return Some(address);
        }
        self.iter()
            .find(|bond| {
                bond.irk.as_ref().is_some_and(|irk| ble::crypto::address::resolves(irk, address))
            })
            .map(|bond| bond.identity)
    }

    /// The slot that a bond with this identity has or would get; `None` when all are taken.
    #[must_use]
    pub fn slot_for(&self, identity: Option<Address>) -> Option<u8> {
        let own = identity.and_then(|identity| self.find(identity)).map(|bond| bond.slot);
        own.or_else(|| {
            let free = self.0.iter().position(Option::is_none)?;
            u8::try_from(free).ok()
        })
    }

    /// The bond in a slot.
    #[must_use]
    pub fn at(&self, slot: u8) -> Option<&Bond> {
        self.0.get(usize::from(slot))?.as_ref()
    }

    /// The number of the next bond. After 2^32 bonds their ages can no longer be distinguished.
    #[must_use]
    pub fn next_number(&self) -> u32 {
        self.iter().map(|bond| bond.number).max().unwrap_or(0).saturating_add(1)
    }

    /// Puts a bond into its slot. False if there is no such slot.
    pub fn put(&mut self, bond: Bond) -> bool {
        match self.0.get_mut(usize::from(bond.slot)) {
            Some(place) => {
                *place = Some(bond);
                true
            }
            None => false,
        }
    }

    /// Takes the bond with the lowest slot out.
    pub fn take_first(&mut self) -> Option<Bond> {
        self.0.iter_mut().find_map(Option::take)
    }
}

impl<const N: usize> Default for Bonds<N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bond(slot: u8, irk: Option<[u8; 16]>) -> Bond {
        Bond {
            identity: Address::public([slot, 2, 3, 4, 5, 6]),
            ltk: Secret::new([slot; 16]),
            irk: irk.map(Secret::new),
            level: 4,
            key_size: 16,
            slot,
            cccd: 0x0102,
            configured: 0x0708_090A,
            known: 0x1718_191A,
            number: 0x0304_0506,
        }
    }

    #[test]
    fn records_give_back_the_bond() {
        for bond in [bond(1, None), bond(2, Some([9; 16]))] {
            let record = bond.to_record().unwrap();
            assert_eq!(Bond::from_record(bond.slot, &record), Some(bond));
        }
    }

    /// A device keeps its bonds when it gets newer firmware.
    #[test]
    fn records_of_older_firmware_are_read() {
        let head =
            |version| [&[version, 0, 6, 5, 4, 3, 2, 1][..], &[7; 16], &[4, 16, 2, 1]].concat();
        let kept =
            Bond { ltk: Secret::new([7; 16]), configured: 0, known: 0, ..bond(1, Some([9; 16])) };
        let number = [6, 5, 4, 3];
        for (old, number) in [
            ([&head(1)[..], &[9; 16]].concat(), 0),
            ([&head(2)[..], &number, &[9; 16]].concat(), kept.number),
        ] {
            let read = Bond::from_record(1, &Record::new(&old).unwrap()).unwrap();
            assert_eq!(read, Bond { number, ..kept.clone() });
        }
    }

    #[test]
    fn a_level_4_key_is_never_short() {
        let short = Bond { key_size: 7, ..bond(0, None) };
        assert_eq!(Bond::from_record(0, &short.to_record().unwrap()), None);
    }

    #[test]
    fn slots_are_reused_by_the_same_identity_and_run_out() {
        let mut bonds = Bonds::<2>::new();
        let stranger = Address::public([9; 6]);
        assert!(bonds.put(bond(0, None)));
        assert_eq!(bonds.slot_for(Some(stranger)), Some(1));
        assert!(bonds.put(bond(1, None)));
        assert_eq!(bonds.slot_for(Some(stranger)), None);
        assert_eq!(bonds.slot_for(Some(bond(1, None).identity)), Some(1));
        assert!(!bonds.put(bond(2, None)));
    }

    #[test]
    fn private_addresses_are_resolved_with_the_keys_of_bonds() {
        let mut bonds = Bonds::<1>::new();
        let known = bond(0, Some([3; 16]));
        let rpa = ble::crypto::address::resolvable(&Secret::new([3; 16]), [1, 2, 3]);
        assert_eq!(bonds.resolve(rpa), None);
        bonds.put(known.clone());
        assert_eq!(bonds.resolve(rpa), Some(known.identity));
    }

    proptest! {
        #[test]
        fn any_record_is_a_bond_that_gives_it_back_or_nothing(
            octets in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let record = Record::new(&octets).unwrap();
            if let Some(bond) = Bond::from_record(3, &record) {
                let again = bond.to_record().unwrap();
                prop_assert_eq!(Bond::from_record(3, &again), Some(bond));
            }
        }
    }
}

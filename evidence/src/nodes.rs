//! Devices, by their addresses.

use std::collections::BTreeMap;

use ble::address::Address;
use bletwin_sniffer::NodeId;

use crate::keys::{Identity, Keys};

/// All devices of a session.
#[derive(Default)]
pub(crate) struct Nodes {
    by_address: BTreeMap<Address, NodeId>,
    addresses: Vec<Option<Address>>,
    /// Devices whose private addresses are known by a key.
    known: Vec<(Identity, NodeId)>,
}

/// What came of joining the addresses of one device.
#[derive(Default)]
pub(crate) struct Joined {
    /// The device in whose place each one is.
    instead: Vec<NodeId>,
    /// Devices that a given key belongs to.
    pub(crate) given: Vec<NodeId>,
    /// How many addresses are one with another, and how many devices they are.
    pub(crate) several: (usize, usize),
}

impl Joined {
    /// The device in whose place one is.
    pub(crate) fn of(&self, node: NodeId) -> NodeId {
        self.instead.get(usize::from(node.0)).copied().unwrap_or(node)
    }

    /// What a reader should know of it.
    pub(crate) fn note(&self, keys: &Keys) -> Option<String> {
        let given = keys.identities().iter().any(|one| one.given);
        match (self.is_empty(), given && self.given.is_empty()) {
            (_, true) => Some(
                "the identity resolving key that was given belongs to no address in it".to_owned(),
            ),
            (false, _) => {
                let (addresses, devices) = self.several;
                let plural = if devices == 1 { "" } else { "s" };
                Some(format!(
                    "by identity resolving keys {addresses} addresses are {devices} device{plural}"
                ))
            }
            _ => None,
        }
    }

    /// Whether nothing was joined.
    pub(crate) const fn is_empty(&self) -> bool {
        self.several.0 == 0
    }
}

impl Nodes {
    /// The device that has an address.
    pub(crate) fn of(&mut self, address: Address) -> NodeId {
        if let Some(node) = self.by_address.get(&address) {
            return *node;
        }
        let node = self.find(address).unwrap_or_else(|| self.add(Some(address)));
        self.by_address.insert(address, node);
        node
    }

    /// The device that has an address, if one is known to.
    pub(crate) fn find(&self, address: Address) -> Option<NodeId> {
        let by_key = || self.known.iter().find(|(identity, _)| identity.has(address));
        let by_address = self.by_address.get(&address).copied();
        by_address.or_else(|| by_key().map(|(_, node)| *node))
    }

    /// Makes one of devices whose addresses are of one identity. Of several the first stands.
    pub(crate) fn join(&mut self, keys: &Keys) -> Joined {
        let mut places: Vec<usize> = (0..self.addresses.len()).collect();
        let root = |places: &[usize], mut at: usize| {
            while let Some(up) = places.get(at).copied().filter(|up| *up != at) {
                at = up;
            }
            at
        };
        let mut mine = Vec::new();
        for identity in keys.identities() {
            let has = |address: &Option<Address>| address.is_some_and(|one| identity.has(one));
            let all = (0..).zip(&self.addresses).filter(|(_, address)| has(address));
            let all: Vec<usize> = all.map(|(index, _)| root(&places, index)).collect();
            let Some(first) = all.iter().min().copied() else { continue };
            all.into_iter().for_each(|index| places[index] = first);
            mine.push((identity.clone(), first));
        }
        let node = |index: usize| NodeId(u16::try_from(index).unwrap_or(u16::MAX));
        let roots: Vec<usize> = (0..places.len()).map(|index| root(&places, index)).collect();
        let mut sizes = BTreeMap::new();
        roots.iter().for_each(|root| *sizes.entry(*root).or_insert(0) += 1);
        let several = sizes.values().filter(|size| **size > 1);
        let several = (several.clone().sum(), several.count());
        let instead: Vec<NodeId> = roots.iter().map(|root| node(*root)).collect();
        for place in self.by_address.values_mut() {
            *place = instead.get(usize::from(place.0)).copied().unwrap_or(*place);
        }
        let mine = mine.into_iter().map(|(identity, at)| (identity, node(root(&roots, at))));
        self.known = mine.collect();
        let mut given: Vec<NodeId> =
            self.known.iter().filter(|(one, _)| one.given).map(|(_, node)| *node).collect();
        given.sort_unstable();
        given.dedup();
        Joined { instead, given, several }
    }

    /// A device whose address was not seen.
    pub(crate) fn unknown(&mut self) -> NodeId {
        self.add(None)
    }

    /// When there are no more numbers, the last one stands for the rest.
    fn add(&mut self, address: Option<Address>) -> NodeId {
        match u16::try_from(self.addresses.len()) {
            Ok(number) => {
                self.addresses.push(address);
                NodeId(number)
            }
            Err(_) => NodeId(u16::MAX),
        }
    }

    pub(crate) fn addresses(self) -> Vec<Option<Address>> {
        self.addresses
    }
}

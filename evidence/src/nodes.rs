//! Devices, by their addresses.

use std::collections::BTreeMap;

use ble::address::Address;
use bletwin_sniffer::NodeId;

/// All devices of a session.
#[derive(Default)]
pub(crate) struct Nodes {
    by_address: BTreeMap<Address, NodeId>,
    addresses: Vec<Option<Address>>,
}

impl Nodes {
    /// The device that has an address.
    pub(crate) fn of(&mut self, address: Address) -> NodeId {
        if let Some(node) = self.by_address.get(&address) {
            return *node;
        }
        let node = self.add(Some(address));
        self.by_address.insert(address, node);
        node
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

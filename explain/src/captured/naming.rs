//! What devices are called: by letters, so that a report can be passed on.

use std::collections::BTreeMap;

use ble::address::Address;
use ble::pdu::advertising::AdvertisingPdu;
use bletwin_sniffer::{AirItem, Decoded, First, NodeId};

/// Letters for the devices of a capture, in the order in which they were seen.
#[derive(Clone, Debug)]
pub struct Naming {
    devices: BTreeMap<NodeId, usize>,
    /// Every address that a PDU named, and the letter of whoever it belongs to.
    addresses: BTreeMap<Address, usize>,
    shown: bool,
    /// The letter of the next one.
    next: usize,
}

impl Naming {
    /// Names all devices and addresses of a capture; `shown`: with their addresses.
    #[must_use]
    pub fn of(items: &[AirItem], shown: bool) -> Self {
        Self::with(items, &[], shown)
    }

    /// The same where only first packets are there of connections, both in their order.
    pub(super) fn with(items: &[AirItem], firsts: &[First], shown: bool) -> Self {
        let mut naming =
            Self { devices: BTreeMap::new(), addresses: BTreeMap::new(), shown, next: 0 };
        let mut firsts = firsts.iter().peekable();
        for item in items {
            while let Some(first) = firsts.next_if(|first| first.record < item.record) {
                naming.meet(first.from, None, &[]);
            }
            let (own, others) = addresses(item);
            naming.meet(item.from, own, &others);
        }
        firsts.for_each(|first| naming.meet(first.from, None, &[]));
        naming
    }

    /// A packet of a device, with the addresses in it.
    fn meet(&mut self, from: NodeId, own: Option<Address>, others: &[Address]) {
        let next = &mut self.next;
        let fresh = *self.devices.entry(from).or_insert(*next);
        let of_own = own.map_or(fresh, |own| *self.addresses.entry(own).or_insert(fresh));
        // The device of a known address is known, too.
        self.devices.insert(from, of_own);
        *next += usize::from(fresh == *next && of_own == fresh);
        for other in others {
            let letter = *self.addresses.entry(*other).or_insert(*next);
            *next += usize::from(letter == *next);
        }
    }

    /// `A`, or `A (58:A0:23:A6:35:0A (public))`.
    #[must_use]
    pub fn device(&self, node: NodeId) -> String {
        let Some(&number) = self.devices.get(&node) else {
            return format!("host {}", node.0);
        };
        let own: Vec<String> = self
            .addresses
            .iter()
            .filter(|(_, letter)| **letter == number && self.shown)
            .map(|(address, _)| address.to_string())
            .collect();
        match own.is_empty() {
            true => letter(number),
            false => format!("{} ({})", letter(number), own.join(", ")),
        }
    }

    /// A text of PDUs, with letters in the place of addresses.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (address, number) in self.addresses.iter().filter(|_| !self.shown) {
            text = text.replace(&address.to_string(), &letter(*number));
        }
        text
    }
}

/// The sender's address, and those of others that it names.
fn addresses(item: &AirItem) -> (Option<Address>, Vec<Address>) {
    match &item.decoded {
        Decoded::Advertising(pdu) => match pdu {
            AdvertisingPdu::AdvInd { advertiser, .. }
            | AdvertisingPdu::AdvNonconnInd { advertiser, .. }
            | AdvertisingPdu::AdvScanInd { advertiser, .. }
            | AdvertisingPdu::ScanRsp { advertiser, .. } => (Some(*advertiser), Vec::new()),
            AdvertisingPdu::AdvDirectInd { advertiser, target, .. } => {
                (Some(*advertiser), vec![*target])
            }
            AdvertisingPdu::ScanReq { scanner, advertiser } => (Some(*scanner), vec![*advertiser]),
            AdvertisingPdu::ConnectInd(connect) => {
                (Some(connect.initiator), vec![connect.advertiser])
            }
        },
        Decoded::Extended { pdu, .. } => (pdu.advertiser, pdu.target.into_iter().collect()),
        _ => (None, Vec::new()),
    }
}

/// `A` to `Z`, then `A1` and so on.
fn letter(number: usize) -> String {
    let letter = char::from(b'A' + (number % 26) as u8);
    match number / 26 {
        0 => letter.to_string(),
        round => format!("{letter}{round}"),
    }
}

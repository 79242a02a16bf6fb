//! HCI's side of advertising: parameters, data, the filter accept list.

use crate::link::message::{Advertising, LinkOrder};
use ble::address::{Address, AddressKind};
use ble::error::ErrorCode;
use ble::hci::{AdvertisingParameters, AdvertisingType, FilterPolicy};
use ble::pdu::advertising::AdvertisingData;
use ble::queue::Queue;

use super::outbox::Outbox;

/// Devices in the filter accept list.
pub(super) const ACCEPT_LIST: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Advertiser {
    parameters: AdvertisingParameters,
    data: AdvertisingData,
    scan_response: AdvertisingData,
    random_address: Option<[u8; 6]>,
    /// Private address in place of the identity address.
    own_shown: Option<[u8; 6]>,
    /// Private address under which directed advertising names its target.
    target_shown: Option<Address>,
    /// Whose private address the host has given as that of the target.
    target: Option<Address>,
    accept_list: Queue<Address, ACCEPT_LIST>,
    pub(super) enabled: bool,
}

impl Default for Advertiser {
    /// As after a reset (Vol 4, Part E, 7.8.5).
    fn default() -> Self {
        Self {
            parameters: AdvertisingParameters {
                interval_min: 0x0800,
                interval_max: 0x0800,
                kind: AdvertisingType::ConnectableUndirected,
                own_address_random: false,
                peer: Address::new(AddressKind::Public, [0; 6]),
                channel_map: 0x07,
                filter: FilterPolicy::Any,
            },
            data: AdvertisingData::new(),
            scan_response: AdvertisingData::new(),
            random_address: None,
            own_shown: None,
            target_shown: None,
            target: None,
            accept_list: Queue::new(),
            enabled: false,
        }
    }
}

impl Advertiser {
    pub(super) fn is_connectable(&self) -> bool {
        !matches!(
            self.parameters.kind,
            AdvertisingType::NonConnectable | AdvertisingType::ScannableUndirected
        )
    }

    const fn is_directed(&self) -> bool {
        matches!(
            self.parameters.kind,
            AdvertisingType::DirectedHighDuty | AdvertisingType::DirectedLowDuty
        )
    }

    /// Names the target of directed advertising by this private address from the next start on.
    pub(super) const fn show_target(&mut self, address: Option<Address>) {
        self.target_shown = address;
    }

    /// The target of directed advertising, if that is a private address.
    pub(super) fn called(&self) -> Option<Address> {
        Some(self.parameters.peer).filter(|peer| self.is_directed() && peer.is_resolvable())
    }

    /// A host that generates private addresses itself has directed advertising to this device by
    /// one.
    // LL-PRIV-2: the target may answer with another of its private addresses.
    pub(super) const fn call(&mut self, identity: Option<Address>) {
        self.target = identity;
    }

    /// The device that may answer directed advertising.
    fn target(&self) -> Address {
        self.target.unwrap_or(self.parameters.peer)
    }

    /// Advertises under this private address from the next start on.
    pub(super) const fn show_own(&mut self, address: Option<[u8; 6]>) {
        self.own_shown = address;
    }

    /// Whether connecting is for devices of the accept list only.
    fn connects_from_list(&self) -> bool {
        matches!(self.parameters.filter, FilterPolicy::ConnectFromList | FilterPolicy::BothFromList)
    }

    /// Whether a device is in the filter accept list.
    pub(super) fn lists(&self, identity: Address) -> bool {
        self.accept_list.iter().any(|device| *device == identity)
    }

    /// Whether a device may connect under this identity.
    pub(super) fn may_connect(&self, identity: Option<Address>) -> bool {
        // LL-PRIV-2: directed advertising is for its target, whichever way that is known.
        if self.is_directed() {
            return identity == Some(self.target());
        }
        identity.is_some_and(|id| self.lists(id)) || !self.connects_from_list()
    }

    pub(super) fn set_random_address(&mut self, address: [u8; 6]) -> ErrorCode {
        if self.enabled {
            return ErrorCode::COMMAND_DISALLOWED;
        }
        self.random_address = Some(address);
        ErrorCode::SUCCESS
    }

    pub(super) fn set_parameters(&mut self, parameters: AdvertisingParameters) -> ErrorCode {
        let valid = 0x20..=0x4000;
        let undirected = !matches!(
            parameters.kind,
            AdvertisingType::DirectedHighDuty | AdvertisingType::DirectedLowDuty
        );
        let intervals = parameters.kind == AdvertisingType::DirectedHighDuty
            || (valid.contains(&parameters.interval_min)
                && valid.contains(&parameters.interval_max)
                && parameters.interval_min <= parameters.interval_max);
        if self.enabled {
            return ErrorCode::COMMAND_DISALLOWED;
        }
        if !intervals || parameters.channel_map & 0x07 == 0 || parameters.channel_map > 0x07 {
            return ErrorCode::INVALID_PARAMETERS;
        }
        self.parameters = parameters;
        if !undirected {
            // Directed advertising has its filter in the target address.
            self.parameters.filter = FilterPolicy::Any;
        }
        ErrorCode::SUCCESS
    }

    pub(super) fn set_data(&mut self, data: AdvertisingData) {
        self.data = data;
    }

    pub(super) fn set_scan_response(&mut self, data: AdvertisingData) {
        self.scan_response = data;
    }

    /// Orders advertising; advertising under way continues with the new data.
    pub(super) fn enable(&mut self, out: &mut Outbox, public: [u8; 6], resolve: bool) -> ErrorCode {
        let own = if let Some(octets) = self.own_shown {
            Address::new(AddressKind::Random, octets)
        } else if self.parameters.own_address_random {
            let Some(octets) = self.random_address else {
                return ErrorCode::INVALID_PARAMETERS;
            };
            Address::new(AddressKind::Random, octets)
        } else {
            Address::new(AddressKind::Public, public)
        };
        // LL-ADV-8: advertising as the host asks.
        self.enabled = true;
        out.order(LinkOrder::Advertise(Advertising {
            kind: self.parameters.kind,
            own,
            target: self.target(),
            target_shown: self.target_shown.or_else(|| self.called()),
            interval: self.parameters.interval_min,
            channel_map: self.parameters.channel_map,
            filter: self.parameters.filter,
            data: self.data.clone(),
            scan_response: self.scan_response.clone(),
            resolve,
        }));
        ErrorCode::SUCCESS
    }

    pub(super) fn disable(&mut self, out: &mut Outbox) {
        if core::mem::take(&mut self.enabled) {
            out.order(LinkOrder::StopAdvertising);
        }
    }

    /// The list must not change while advertising looks at it.
    fn list_is_in_use(&self) -> bool {
        self.enabled && self.parameters.filter != FilterPolicy::Any
    }

    pub(super) fn clear_accept_list(&mut self, out: &mut Outbox) -> ErrorCode {
        if self.list_is_in_use() {
            return ErrorCode::COMMAND_DISALLOWED;
        }
        self.accept_list.clear();
        out.order(LinkOrder::AcceptListClear);
        ErrorCode::SUCCESS
    }

    pub(super) fn accept(&mut self, out: &mut Outbox, address: Address) -> ErrorCode {
        if self.list_is_in_use() {
            return ErrorCode::COMMAND_DISALLOWED;
        }
        if self.accept_list.iter().any(|device| *device == address) {
            return ErrorCode::SUCCESS;
        }
        if self.accept_list.push(address).is_err() {
            return ErrorCode::MEMORY_CAPACITY_EXCEEDED;
        }
        out.order(LinkOrder::AcceptListAdd(address));
        ErrorCode::SUCCESS
    }

    pub(super) fn forget(&mut self, out: &mut Outbox, address: Address) -> ErrorCode {
        if self.list_is_in_use() {
            return ErrorCode::COMMAND_DISALLOWED;
        }
        self.accept_list.retain(|device| *device != address);
        out.order(LinkOrder::AcceptListRemove(address));
        ErrorCode::SUCCESS
    }
}

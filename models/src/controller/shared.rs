//! What all parts of a controller share: configuration, defaults set by the host, random
//! numbers, and the outputs.

use std::collections::VecDeque;

use ble::address::{Address, AddressKind};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{Acl, Event, HciOpcode, Return};
use ble::invariant::{Broken, Invariant};
use ble::link::LinkId;
use ble::pdu::advertising::CHANNEL_MAP_ALL;
use ble::pdu::control::{FeatureSet, Opcode};
use ble::phy::PhySet;
use ble::radio::{RadioCommand, Tag};
use ble::random::{Entropy, Purpose, Stream};
use ble::trace::Trace;

use super::config::ControllerConfig;
use super::scan::extended::ExtendedReport;

/// connInitialMaxTxOctets and connInitialMaxTxTime (µs) of every device.
pub(super) const DEFAULT_LENGTH: (u16, u16) = (27, 328);

/// An output of a controller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ControllerOutput {
    /// By its radio.
    Radio(RadioCommand),
    /// An event for the host.
    Event(Event),
    /// ACL data for the host.
    Acl(Acl),
    /// For the record.
    Trace(Trace),
    /// An advertisement, for a host that scans by the extended commands.
    Extended(Box<ExtendedReport>),
}

/// Peers whose features are remembered.
const KNOWN_PEERS: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shared {
    pub(super) config: ControllerConfig,
    pub(super) random: Stream,
    pub(super) encryption: Stream,
    pub(super) host_random: Stream,
    /// For how late requests are answered.
    pub(super) answers: Stream,
    pub(super) random_address: [u8; 6],
    pub(super) default_tx: PhySet,
    pub(super) default_rx: PhySet,
    /// Suggested connInitialMaxTxOctets and connInitialMaxTxTime.
    pub(super) default_length: (u16, u16),
    pub(super) channel_map: u64,
    pub(super) event_mask: u64,
    pub(super) le_event_mask: u64,
    known_features: VecDeque<(Address, FeatureSet)>,
    /// A connection has been made since power-on or reset.
    pub(super) connected_before: bool,
    next_tag: Tag,
    out: VecDeque<ControllerOutput>,
    /// Broken invariants of the controller.
    broken: Broken,
}

impl Shared {
    pub(super) fn new(config: ControllerConfig, entropy: &Entropy) -> Self {
        let phys = supported_phys(config.features);
        Self {
            random: entropy.stream(Purpose::Advertising),
            encryption: entropy.stream(Purpose::Encryption),
            host_random: entropy.stream(Purpose::Hci),
            answers: entropy.stream(Purpose::Answers),
            random_address: [0; 6],
            default_tx: phys,
            default_rx: phys,
            default_length: DEFAULT_LENGTH,
            channel_map: CHANNEL_MAP_ALL,
            event_mask: u64::MAX,
            le_event_mask: u64::MAX,
            known_features: VecDeque::new(),
            connected_before: false,
            next_tag: 1,
            out: VecDeque::new(),
            broken: Broken::NONE,
            config,
        }
    }

    /// What HCI Reset undoes. Random streams, tags and outputs go on.
    pub(super) fn reset(&mut self) {
        let phys = supported_phys(self.config.features);
        (self.default_tx, self.default_rx) = (phys, phys);
        self.random_address = [0; 6];
        self.default_length = DEFAULT_LENGTH;
        self.channel_map = CHANNEL_MAP_ALL;
        (self.event_mask, self.le_event_mask) = (u64::MAX, u64::MAX);
        self.known_features.clear();
        self.connected_before = false;
    }

    /// Set Event Mask.
    pub(super) const fn set_event_mask(&mut self, mask: u64) {
        self.event_mask = mask;
    }

    /// LE Set Event Mask.
    pub(super) const fn set_le_event_mask(&mut self, mask: u64) {
        self.le_event_mask = mask;
    }

    /// LE Set Random Address.
    pub(super) const fn set_random_address(&mut self, address: [u8; 6]) {
        self.random_address = address;
    }

    /// Another public address, from the next use on.
    pub(super) const fn set_public_address(&mut self, address: [u8; 6]) {
        self.config.public_address = address;
    }

    /// Another configuration. The public address stays.
    pub(super) fn configure(&mut self, config: &ControllerConfig) {
        let public_address = self.config.public_address;
        self.config = ControllerConfig { public_address, ..config.clone() };
    }

    /// LE Write Suggested Default Data Length.
    pub(super) const fn suggest_length(&mut self, octets: u16, time: u16) {
        self.default_length = (octets, time);
    }

    /// LE Set Default PHY.
    pub(super) const fn prefer_phys(&mut self, tx: PhySet, rx: PhySet) {
        (self.default_tx, self.default_rx) = (tx, rx);
    }

    /// LE Set Host Channel Classification.
    pub(super) const fn classify(&mut self, channel_map: u64) {
        self.channel_map = channel_map;
    }

    /// A connection has been made.
    pub(super) const fn note_connection(&mut self) {
        self.connected_before = true;
    }

    pub(super) fn own_address(&self, random: bool) -> Address {
        if random {
            Address::new(AddressKind::Random, self.random_address)
        } else {
            Address::new(AddressKind::Public, self.config.public_address)
        }
    }

    pub(super) fn has(&self, feature: FeatureSet) -> bool {
        self.config.features.has(feature)
    }

    pub(super) fn phys(&self) -> PhySet {
        supported_phys(self.config.features)
    }

    pub(super) fn tag(&mut self) -> Tag {
        let tag = self.next_tag;
        self.next_tag = self.next_tag.wrapping_add(1).max(1);
        tag
    }

    pub(super) fn has_no_output(&self) -> bool {
        self.out.is_empty()
    }

    pub(super) fn radio(&mut self, command: RadioCommand) {
        self.out.push_back(ControllerOutput::Radio(command));
    }

    pub(super) fn acl(&mut self, acl: Acl) {
        self.out.push_back(ControllerOutput::Acl(acl));
    }

    pub(super) fn trace(&mut self, trace: Trace) {
        self.out.push_back(ControllerOutput::Trace(trace));
    }

    pub(super) fn output(&mut self, output: ControllerOutput) {
        self.out.push_back(output);
    }

    pub(super) fn queued(&mut self, link: LinkId, tag: Tag, opcode: Option<Opcode>) {
        self.trace(Trace::Queued { link, tag, opcode });
    }

    pub(super) fn misbehaved(&mut self, link: Option<LinkId>, violation: PeerMisbehaved) {
        self.trace(Trace::Misbehaved { link, violation });
    }

    /// Gives an event to the host, unless it is masked.
    pub(super) fn event(&mut self, event: Event) {
        if self.wants(&event) {
            self.out.push_back(ControllerOutput::Event(event));
        }
    }

    pub(super) fn status(&mut self, opcode: HciOpcode, status: ErrorCode) {
        self.event(Event::CommandStatus { opcode, status });
    }

    pub(super) fn complete(&mut self, opcode: HciOpcode, status: ErrorCode, returned: Return) {
        self.event(Event::CommandComplete { opcode, status, returned });
    }

    /// Whether remote parameter requests are passed to the host.
    pub(super) const fn asks_for_parameters(&self) -> bool {
        self.le_event_mask & 1 << 5 != 0 && self.event_mask & 1 << 61 != 0
    }

    fn wants(&self, event: &Event) -> bool {
        let classic = |bit: u32| self.event_mask & 1 << bit != 0;
        let le = |bits: u64| classic(61) && self.le_event_mask & bits != 0;
        match event {
            Event::CommandComplete { .. }
            | Event::CommandStatus { .. }
            | Event::NumberOfCompletedPackets { .. }
            | Event::AuthenticatedPayloadTimeoutExpired { .. }
            | Event::Vendor(_) => true,
            Event::DisconnectionComplete { .. } => classic(4),
            Event::EncryptionChange { .. } => classic(7),
            Event::RemoteVersion { .. } => classic(11),
            Event::HardwareError { .. } => classic(15),
            Event::EncryptionKeyRefreshComplete { .. } => classic(47),
            // Bit 0: plain, bit 9: enhanced; across this waist they are one.
            Event::LeConnectionComplete(_) => le(1 | 1 << 9),
            Event::LeAdvertisingReport(_) => le(1 << 1),
            Event::LeConnectionUpdateComplete { .. } => le(1 << 2),
            Event::LeRemoteFeatures { .. } => le(1 << 3),
            Event::LeLongTermKeyRequest { .. } => le(1 << 4),
            Event::LeRemoteConnectionParameterRequest { .. } => le(1 << 5),
            Event::LeDataLengthChange { .. } => le(1 << 6),
            Event::LePhyUpdateComplete { .. } => le(1 << 11),
            Event::LeChannelSelectionAlgorithm { .. } => le(1 << 19),
        }
    }

    pub(super) fn known_features(&self, peer: Address) -> Option<FeatureSet> {
        self.known_features.iter().find(|(address, _)| *address == peer).map(|(_, f)| *f)
    }

    pub(super) fn remember_features(&mut self, peer: Address, features: FeatureSet) {
        self.known_features.retain(|(address, _)| *address != peer);
        if self.known_features.len() >= KNOWN_PEERS {
            self.known_features.pop_front();
        }
        self.known_features.push_back((peer, features));
    }

    /// Something is otherwise than it can be; see [`ble::invariant`].
    #[track_caller]
    pub(super) fn shout(&mut self, invariant: Invariant) {
        self.broken.shout(invariant);
    }

    /// A procedure is started that is open: what comes of that.
    pub(super) fn started_twice(&mut self) -> ErrorCode {
        self.shout(Invariant::StartsOnce);
        ErrorCode::UNSPECIFIED
    }

    pub(super) fn poll(&mut self) -> Option<ControllerOutput> {
        if let Some((invariant, count)) = self.broken.take() {
            return Some(ControllerOutput::Trace(Trace::Invariant { invariant, count }));
        }
        self.out.pop_front()
    }
}

/// PHYs that the feature bits promise.
pub(super) const fn supported_phys(features: FeatureSet) -> PhySet {
    let mut phys = PhySet::LE_1M;
    if features.has(FeatureSet::LE_2M) {
        phys = phys.union(PhySet::LE_2M);
    }
    if features.has(FeatureSet::LE_CODED) {
        phys = phys.union(PhySet::CODED);
    }
    phys
}

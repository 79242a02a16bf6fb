//! A connection with a scripted central, one call an event.

use std::collections::VecDeque;
use std::vec::Vec;

use super::super::{Control, ControlConfig, ControlOutput};
use crate::link::message::{LinkOrder, LinkReport, TX_QUEUE};
use ble::address::Address;
use ble::crypto::ccm::Cipher;
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{Acl, AclBoundary, AclData, Command, Event, Handle};
use ble::link::LinkId;
use ble::pdu::advertising::{CHANNEL_MAP_ALL, ConnectInd};
use ble::pdu::control::{ControlPdu, FeatureSet, VersionInd};
use ble::pdu::data::Llid;
use ble::pdu::data::Payload;
use ble::radio::Tag;
use ble::random::Entropy;
use ble::time::{Duration, Instant};
use ble::trace::Trace;

pub(super) const LINK: LinkId = LinkId(0);
pub(super) const HANDLE: Handle = Handle(0);
pub(super) const VERSION: VersionInd = VersionInd { version: 13, company: 0x59, subversion: 7 };
pub(super) const OK: ErrorCode = ErrorCode::SUCCESS;

pub(super) fn config(features: FeatureSet) -> ControlConfig {
    ControlConfig {
        public_address: [1, 2, 3, 4, 5, 6],
        features,
        version: VERSION,
        max_tx_octets: 251,
        max_tx_time: 2120,
        min_used_channels: None,
        length_from_default: false,
        lapses: Default::default(),
    }
}

pub(super) fn connect_ind() -> ConnectInd {
    ConnectInd {
        initiator: Address::public([0x58, 0xA0, 0x23, 0xA6, 0x35, 0x0A]),
        advertiser: Address::static_random([0xC0, 1, 2, 3, 4, 5]),
        access_address: 0x5065_5DAB,
        crc_init: 0x12_3456,
        win_size: 2,
        win_offset: 3,
        interval: 24,
        latency: 0,
        timeout: 100,
        channel_map: CHANNEL_MAP_ALL,
        hop: 7,
        sca: 5,
        ch_sel: true,
    }
}

pub(super) struct Script {
    pub(super) control: Control<1>,
    pub(super) now: Instant,
    /// connEventCount of the next event.
    pub(super) at: u16,
    pub(super) heard: Vec<Event>,
    pub(super) received: Vec<Acl>,
    pub(super) traces: Vec<Trace>,
    pub(super) orders: Vec<LinkOrder>,
    /// Data PDUs of the peripheral, in the clear.
    pub(super) data: Vec<(Llid, Vec<u8>)>,
    pub(super) central_tx: Option<Cipher>,
    pub(super) central_rx: Option<Cipher>,
    queued: VecDeque<(Tag, Llid, Payload)>,
    sent: VecDeque<Tag>,
    pub(super) dropped: bool,
    /// Sent PDUs are not looked into.
    pub(super) deaf: bool,
}

impl Script {
    pub(super) fn new() -> Self {
        Self::with(ControlConfig::SUPPORTED)
    }

    /// Connected, all events on, nothing said yet.
    pub(super) fn with(features: FeatureSet) -> Self {
        Self::configured(config(features))
    }

    /// As [`Self::with`], for any configuration.
    pub(super) fn configured(config: ControlConfig) -> Self {
        let mut script = Self::unconnected_as(config);
        script.connect(connect_ind());
        script.heard.clear();
        script
    }

    pub(super) fn connect(&mut self, request: ConnectInd) {
        let (identity, provisional, at) = (None, false, self.now);
        self.report(LinkReport::Connected { link: LINK, request, identity, provisional, at });
    }

    pub(super) fn unconnected(features: FeatureSet) -> Self {
        Self::unconnected_as(config(features))
    }

    /// With the longest packets that there are on LE Coded, and the features of the central
    /// known.
    pub(super) fn long_range(peer: FeatureSet, interval: u16) -> Self {
        let config = ControlConfig { max_tx_time: 17_040, ..config(ControlConfig::SUPPORTED) };
        let mut script = Self::unconnected_as(config);
        script.connect(ConnectInd { interval, ..connect_ind() });
        script.event(&[ControlPdu::FeatureReq(peer)]);
        script.event(&[]);
        script.clear();
        script
    }

    pub(super) fn unconnected_as(config: ControlConfig) -> Self {
        let mut script = Self {
            control: Control::new(config, &Entropy::new([9; 32])),
            now: Instant::from_us(1_000_000),
            at: 0,
            heard: Vec::new(),
            received: Vec::new(),
            traces: Vec::new(),
            orders: Vec::new(),
            data: Vec::new(),
            central_tx: None,
            central_rx: None,
            queued: VecDeque::new(),
            sent: VecDeque::new(),
            dropped: false,
            deaf: false,
        };
        script.command(Command::SetEventMask { mask: u64::MAX });
        script.command(Command::LeSetEventMask { mask: u64::MAX });
        script.heard.clear();
        script
    }

    /// As [`Self::new`], after the central has asked for features.
    pub(super) fn with_features(peer: FeatureSet) -> Self {
        let mut script = Self::new();
        script.event(&[ControlPdu::FeatureReq(peer)]);
        script.event(&[]);
        script.clear();
        script
    }

    pub(super) fn clear(&mut self) {
        self.heard.clear();
        self.orders.clear();
        self.traces.clear();
    }

    fn fetch(&mut self) {
        while let Some(output) = self.control.poll() {
            match output {
                ControlOutput::Order(order) => {
                    self.orders.push(order.clone());
                    match order {
                        LinkOrder::Send { llid, payload, tag, .. } => {
                            assert!(!self.dropped, "sent after leaving");
                            self.queued.push_back((tag, llid, payload));
                            let held = self.queued.len() + self.sent.len();
                            assert!(held <= TX_QUEUE, "more than Link can hold");
                        }
                        LinkOrder::Drop(_) | LinkOrder::Refuse(_) => self.dropped = true,
                        LinkOrder::ChannelMap { .. }
                        | LinkOrder::Phy { .. }
                        | LinkOrder::Coding { .. }
                        | LinkOrder::Update { .. }
                        | LinkOrder::ListenAlways { .. } => {
                            assert!(!self.dropped, "{order:?} after leaving");
                        }
                        _ => {}
                    }
                }
                ControlOutput::Event(event) => self.heard.push(event),
                ControlOutput::Acl(acl) => self.received.push(acl),
                ControlOutput::Trace(trace) => self.traces.push(trace),
            }
        }
    }

    pub(super) fn report(&mut self, report: LinkReport) {
        let _ = self.control.report(self.now, report);
        self.fetch();
    }

    pub(super) fn command(&mut self, command: Command) {
        let _ = self.control.command(self.now, command);
        self.fetch();
    }

    /// A command, the status it is answered with, and nothing else left in `heard` of it.
    pub(super) fn ask(&mut self, command: Command) -> ErrorCode {
        let opcode = command.opcode();
        let before = self.heard.len();
        self.command(command);
        match self.heard.remove(before) {
            Event::CommandStatus { opcode: of, status }
            | Event::CommandComplete { opcode: of, status, .. } => {
                assert_eq!(of, opcode);
                status
            }
            other => panic!("{other:?} is no answer to a command"),
        }
    }

    pub(super) fn acl(&mut self, acl: Acl) {
        let _ = self.control.acl(self.now, acl);
        self.fetch();
    }

    pub(super) fn timer(&mut self) {
        let _ = self.control.timer(self.now);
        self.fetch();
    }

    pub(super) fn wait(&mut self, by: Duration) {
        self.now += by;
        self.timer();
    }

    /// The central acknowledges all that was sent in former events.
    pub(super) fn acknowledge(&mut self) {
        while let Some(tag) = self.sent.pop_front() {
            self.report(LinkReport::Acknowledged { link: LINK, event: self.at, tag });
        }
    }

    /// The central acknowledges the oldest PDU that was sent, and no more.
    pub(super) fn acknowledge_one(&mut self) {
        let tag = self.sent.pop_front().expect("something was sent");
        self.report(LinkReport::Acknowledged { link: LINK, event: self.at, tag });
    }

    pub(super) fn receive(&mut self, llid: Llid, octets: &[u8]) {
        let mut payload = Payload::from_slice(octets).unwrap();
        if let Some(cipher) = &mut self.central_tx {
            cipher.encrypt(llid, &mut payload).unwrap();
        }
        let (event, at) = (self.at, self.now);
        self.report(LinkReport::Received { link: LINK, event, llid, payload, at });
    }

    /// One connection event: acknowledgements, the central's PDUs, and the PDUs queued before it.
    /// Returns the control PDUs that the peripheral sends.
    pub(super) fn event(&mut self, central: &[ControlPdu]) -> Vec<ControlPdu> {
        let ready = self.queued.len();
        self.acknowledge();
        for pdu in central {
            self.receive(Llid::Control, &pdu.encode());
        }
        let mut pdus = Vec::new();
        for _ in 0..ready {
            let (tag, llid, mut payload) = self.queued.pop_front().unwrap();
            if let Some(cipher) = &mut self.central_rx {
                cipher.decrypt(llid, &mut payload).expect("a good MIC");
            }
            if self.deaf {
                // It is not parsed.
            } else if llid == Llid::Control {
                pdus.push(ControlPdu::parse(&payload).unwrap());
            } else {
                self.data.push((llid, payload.to_vec()));
            }
            self.sent.push_back(tag);
            self.report(LinkReport::Sent { link: LINK, event: self.at, tag });
        }
        let (event, next) = (self.at, self.at.wrapping_add(1));
        let at = self.now;
        self.report(LinkReport::EventEnded {
            link: LINK,
            event,
            next,
            heard: true,
            owes: false,
            at,
        });
        self.at = next;
        self.now += Duration::from_ms(30);
        pdus
    }

    /// Events without a word of the central, up to `at`.
    pub(super) fn until(&mut self, at: u16) {
        while self.at != at {
            assert_eq!(self.event(&[]), []);
        }
    }

    /// The events to the host since the last call.
    pub(super) fn events(&mut self) -> Vec<Event> {
        core::mem::take(&mut self.heard)
    }

    /// Octets of the first PDU that a long packet of the host is sent in.
    pub(super) fn longest_fragment(&mut self) -> usize {
        let data = AclData::from_slice(&[7; 251]).unwrap();
        self.acl(Acl { handle: HANDLE, boundary: AclBoundary::First, data });
        let before = self.data.len();
        self.event(&[]);
        self.data[before].1.len()
    }

    /// The connection has ended immediately, for this reason.
    pub(super) fn assert_disconnected(&mut self, reason: ErrorCode) {
        assert!(self.dropped, "still there");
        assert_eq!(
            self.heard.last(),
            Some(&Event::DisconnectionComplete { handle: HANDLE, reason })
        );
    }

    pub(super) fn misbehaved(&self, violation: PeerMisbehaved) -> bool {
        self.traces.contains(&Trace::Misbehaved { link: Some(LINK), violation })
    }
}

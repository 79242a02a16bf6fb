//! A good record of a connection, written down by hand, and for each rule a change that breaks
//! that rule alone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ble::address::Address;
use ble::crypto::ccm::{Cipher, Direction, session_key};
use ble::error::ErrorCode;
use ble::hci::{ConnectionComplete, Event, Handle, Role};
use ble::pdu::advertising::{
    ADVERTISING_ACCESS_ADDRESS, ADVERTISING_CRC_INIT, AdvertisingPdu, CHANNEL_MAP_ALL, ConnectInd,
};
use ble::pdu::control::ControlPdu;
use ble::pdu::data::Payload;
use ble::pdu::data::{DataHeader, Llid};
use ble::phy::TxPhy;
use ble::radio::AirPdu;
use ble::time::{Duration, Instant};

use super::*;
use bletwin_sim::record::{AirTx, Note, Reception, Record, RecordKind};
use bletwin_sim::view;
use bletwin_sniffer::{NodeId, RecordId};

mod advertising;
mod answers;
mod attributes;
mod beyond;
mod bits;
mod broken;
mod commitments;
mod connect;
mod duties;
mod endings;
mod evidence;
mod extended;
mod frames;
mod gap;
mod hosts;
mod later;
mod links;
mod listening;
mod malformed;
mod pairing;
mod privacy;
mod procedures;
mod reactions;
mod secrets;
mod several;
mod timings;
mod values;
mod violations;

const ACCESS_ADDRESS: u32 = 0x7176_4129;
const CRC_INIT: u32 = 0x12_3456;
const HOP: u8 = 7;
const INTERVAL_US: u64 = 10_000;
const C: Role = Role::Central;
const P: Role = Role::Peripheral;

fn judge(records: &[Record]) -> Vec<Finding> {
    super::judge(&view(records))
}

fn examine(records: &[Record]) -> Examined {
    super::examine(&view(records))
}

/// Both ends of a connection with Channel Selection Algorithm #1 that lose nothing.
#[derive(Clone)]
pub(super) struct Script {
    pub(super) records: Vec<Record>,
    sn: [bool; 2],
    nesn: [bool; 2],
    pub(super) queue: [VecDeque<(Llid, Vec<u8>)>; 2],
    /// Sent and not acknowledged.
    pub(super) flight: [Option<(Llid, Vec<u8>)>; 2],
    pub(super) event: u64,
    /// Next anchor point, µs.
    pub(super) anchor: u64,
    pub(super) phys: [TxPhy; 2],
    /// The peripheral's receiver is closed.
    pub(super) asleep: bool,
    /// Ciphers for queued PDUs, by sender.
    pub(super) ciphers: [Option<Cipher>; 2],
}

impl Script {
    /// Connected at 3 ms, interval 10 ms, timeout 1 s.
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(edit: impl Fn(&mut ConnectInd)) -> Self {
        let mut script = Self {
            records: Vec::new(),
            sn: [false; 2],
            nesn: [false; 2],
            queue: Default::default(),
            flight: [None, None],
            event: 0,
            anchor: 3_000,
            phys: [TxPhy::Le1M; 2],
            asleep: false,
            ciphers: [None, None],
        };
        let (initiator, advertiser) = (Address::public([1; 6]), Address::static_random([2; 6]));
        let adv = AdvertisingPdu::AdvInd { advertiser, data: Default::default(), ch_sel: false };
        script.on_air(P, 0, 37, ADVERTISING_ACCESS_ADDRESS, adv.encode(), Some(Reception::Ok));
        let mut request = ConnectInd {
            initiator,
            advertiser,
            access_address: ACCESS_ADDRESS,
            crc_init: CRC_INIT,
            win_size: 1,
            win_offset: 0,
            interval: 8,
            latency: 0,
            timeout: 100,
            channel_map: CHANNEL_MAP_ALL,
            hop: HOP,
            sca: 5,
            ch_sel: false,
        };
        edit(&mut request);
        let pdu = AdvertisingPdu::ConnectInd(request).encode();
        script.on_air(C, 278, 37, ADVERTISING_ACCESS_ADDRESS, pdu, Some(Reception::Ok));
        for role in [C, P] {
            let (peer, local) =
                if role == C { (advertiser, initiator) } else { (initiator, advertiser) };
            let complete = ConnectionComplete {
                status: ErrorCode::SUCCESS,
                handle: Handle(0),
                role,
                peer,
                peer_identity: None,
                local,
                interval: 8,
                latency: 0,
                timeout: 100,
                sca: 5,
            };
            script.hci(role, Event::LeConnectionComplete(complete));
        }
        script
    }

    pub(super) fn record(&mut self, by: Role, at: Instant, kind: RecordKind) -> RecordId {
        let id = RecordId(self.records.len() as u64 + 1);
        let node = NodeId(by as u16);
        self.records.push(Record { id, causes: Vec::new(), at, node, kind });
        id
    }

    /// An event at one host, now.
    pub(super) fn hci(&mut self, by: Role, event: Event) {
        let at = self.records.last().map_or(Instant::ZERO, |record| record.at);
        self.record(by, at, RecordKind::Note(Note::HciEvent(event)));
    }

    pub(super) fn on_air(
        &mut self,
        by: Role,
        us: u64,
        channel: u8,
        access_address: u32,
        pdu: AirPdu,
        heard: Option<Reception>,
    ) -> Instant {
        let data = access_address != ADVERTISING_ACCESS_ADDRESS;
        let phy = if data { self.phys[by as usize] } else { TxPhy::Le1M };
        let end = Instant::from_us(us) + phy.air_time(pdu.payload_len());
        let crc_init = if data { CRC_INIT } else { ADVERTISING_CRC_INIT };
        let tx = AirTx { channel, phy, access_address, crc_init, pdu, crc: 0, end, tag: 0 };
        let tx = self.record(by, Instant::from_us(us), RecordKind::AirTx(tx));
        if let Some(reception) = heard {
            let peer = if by == C { P } else { C };
            let kind = RecordKind::AirRx { tx, reception, rssi_dbm: -50 };
            self.record(peer, end, kind);
        } else if data && by == C && !self.asleep {
            self.record(P, Instant::from_us(us + 56), RecordKind::AirMiss);
        }
        end
    }

    /// A packet of this event, `us` after its anchor; gives its end likewise.
    pub(super) fn packet(&mut self, by: Role, us: u64, heard: Option<Reception>) -> u64 {
        let (own, peer) = (by as usize, 1 - by as usize);
        let next = self.flight[own].take().or_else(|| self.queue[own].pop_front());
        let (llid, payload) = next.unwrap_or((Llid::Continuation, Vec::new()));
        self.flight[own] = Some((llid, payload.clone()));
        let header = DataHeader { llid, nesn: self.nesn[own], sn: self.sn[own], md: false };
        let pdu = AirPdu::new(header.octet(), &payload).unwrap();
        let channel = ((self.event + 1) * u64::from(HOP) % 37) as u8;
        let end = self.on_air(by, self.anchor + us, channel, ACCESS_ADDRESS, pdu, heard);
        if heard == Some(Reception::Ok) {
            if header.sn == self.nesn[peer] {
                self.nesn[peer] ^= true;
            }
            if header.nesn != self.sn[peer] {
                self.sn[peer] ^= true;
                self.flight[peer] = None;
            }
        }
        end.as_us() - self.anchor
    }

    pub(super) fn next(&mut self) {
        self.event += 1;
        self.anchor += INTERVAL_US;
    }

    /// One packet of each end in each of this many events.
    pub(super) fn events(mut self, count: u64) -> Self {
        for _ in 0..count {
            let end = self.packet(C, 0, Some(Reception::Ok));
            self.packet(P, end + 150, Some(Reception::Ok));
            self.next();
        }
        self
    }

    /// Queues a control PDU and lets it and its acknowledgement pass.
    pub(super) fn say(self, by: Role, pdu: ControlPdu) -> Self {
        self.raw(by, Llid::Control, &pdu.encode())
    }

    pub(super) fn raw(mut self, by: Role, llid: Llid, payload: &[u8]) -> Self {
        let mut payload = Payload::from_slice(payload).unwrap();
        if let Some(cipher) = &mut self.ciphers[by as usize] {
            cipher.encrypt(llid, &mut payload).unwrap();
        }
        self.queue[by as usize].push_back((llid, payload.to_vec()));
        self.events(2)
    }

    pub(super) fn end(mut self, by: Role, reason: ErrorCode) -> Self {
        self.hci(by, Event::DisconnectionComplete { handle: Handle(0), reason });
        self
    }

    pub(super) fn end_at(mut self, by: Role, reason: ErrorCode, at: Instant) -> Self {
        let event = Event::DisconnectionComplete { handle: Handle(0), reason };
        self.record(by, at, RecordKind::Note(Note::HciEvent(event)));
        self
    }

    /// When the last packet of this end began and ended.
    pub(super) fn last(&self, by: Role) -> (Instant, Instant) {
        let sent = self.records.iter().rev().find_map(|record| match &record.kind {
            RecordKind::AirTx(tx) if record.node == NodeId(by as u16) => Some((record.at, tx.end)),
            _ => None,
        });
        sent.expect("a packet")
    }

    /// A control PDU that is taken in the event at hand; with its end.
    pub(super) fn ask(mut self, by: Role, pdu: ControlPdu) -> (Self, Instant) {
        self.queue[by as usize].push_back((Llid::Control, pdu.encode().to_vec()));
        let script = self.events(1);
        let (_, end) = script.last(by);
        (script.events(1), end)
    }

    /// Lets time pass without a packet.
    pub(super) fn silence(mut self, us: u64) -> Self {
        self.event += us / INTERVAL_US;
        self.anchor += us;
        self.record(C, Instant::from_us(self.anchor), RecordKind::AirMiss);
        self
    }

    /// Edits the packet that is this number from the end.
    pub(super) fn edit(mut self, back: usize, edit: impl Fn(&mut AirTx)) -> Self {
        let packets = self.records.iter_mut().rev();
        let mut packets = packets.filter_map(|record| match &mut record.kind {
            RecordKind::AirTx(tx) => Some(tx),
            _ => None,
        });
        edit(packets.nth(back).expect("a packet"));
        self
    }

    /// Moves the last packet and what follows it.
    pub(super) fn shift_last(mut self, by: Duration) -> Self {
        for record in self.records.iter_mut().rev() {
            record.at += by;
            if let RecordKind::AirTx(tx) = &mut record.kind {
                tx.end += by;
                break;
            }
        }
        self
    }

    /// Continues to this event.
    pub(super) fn until(self, event: u16) -> Self {
        let events = u64::from(event).checked_sub(self.event).expect("an event to come");
        self.events(events)
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        judge(&self.records)
    }

    /// The broken rules, with the culprits.
    pub(super) fn named(&self) -> BTreeSet<(&'static str, Role)> {
        names(&self.findings())
    }

    /// The recommendations not followed, with the culprits.
    pub(super) fn observed(&self) -> BTreeSet<(&'static str, Role)> {
        names(&examine(&self.records).observations)
    }
}

fn names(findings: &[Finding]) -> BTreeSet<(&'static str, Role)> {
    let role = |node: NodeId| if node == NodeId(C as u16) { C } else { P };
    findings.iter().map(|finding| (finding.rule, role(finding.culprit))).collect()
}

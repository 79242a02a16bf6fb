//! One connection as the rules see it: its packets with their reception by the peer, and the HCI
//! events of both ends.

use std::collections::{BTreeMap, BTreeSet};

use ble::address::Address;
use ble::hci::{Event, Role};
use ble::pdu::advertising::{AdvertisingPdu, ConnectInd};
use ble::pdu::control::{ConnectionUpdate, ControlPdu, Opcode};
use ble::pdu::data::{DataHeader, Llid};
use ble::phy::Phy;
use ble::secret::Secret;
use ble::time::{Duration, Instant};

use super::clock::accuracy_ppm;
use super::{Finding, Findings};
use bletwin_sniffer::{AirItem, Decoded, Fact, Frame, NodeFact, NodeId, Reception, RecordId, View};

/// The unit of connection intervals and transmit windows.
pub(super) const UNIT: Duration = Duration::from_us(1_250);

/// Sniffers of the field are up to 215 ppm off.
const SNIFFER_PPM: u32 = 300;

/// A packet of a connection.
pub(super) struct Packet<'a> {
    pub(super) item: &'a AirItem,
    pub(super) tx: &'a Frame,
    pub(super) by: Role,
    pub(super) header: DataHeader,
    /// Connection event, counted on beyond 65,535.
    pub(super) event: u64,
    /// The central's first in its event.
    pub(super) anchor: bool,
    /// Not a repetition.
    pub(super) new: bool,
    /// The record of its first transmission.
    pub(super) first: RecordId,
    /// The peer received it, it was new to it, and it did not refuse it.
    pub(super) taken: bool,
}

impl Packet<'_> {
    pub(super) fn heard(&self) -> bool {
        self.item.reception == Some(Reception::Ok)
    }

    /// Its end as its receiver saw it: the length of a damaged packet may be read as another one.
    pub(super) fn until(&self) -> Instant {
        let damaged = self.item.reception == Some(Reception::CrcError);
        self.item.received.filter(|_| damaged).unwrap_or(self.item.end)
    }

    /// Opcode, if it is a control PDU whose opcode can be read; [`Opcode::NONE`] stands for that of
    /// a control PDU of length zero.
    pub(super) fn opcode(&self) -> Option<Opcode> {
        let readable = self.header.llid == Llid::Control && self.item.decrypted != Some(false);
        readable.then(|| self.item.payload.first().map_or(Opcode::NONE, |code| Opcode(*code)))
    }

    /// Whether it has as many octets as its length octet says.
    pub(super) fn is_whole(&self) -> bool {
        let octets = self.tx.pdu.octets();
        octets.get(1).is_some_and(|length| usize::from(*length) == octets.len().saturating_sub(2))
    }

    pub(super) fn control(&self) -> Option<&ControlPdu> {
        self.item.control()
    }

    /// Its name in a finding.
    pub(super) fn name(&self) -> String {
        match (&self.item.decoded, self.opcode()) {
            (_, Some(opcode)) => opcode.name().to_owned(),
            (Decoded::Empty, _) => "an empty PDU".to_owned(),
            (Decoded::L2cap { .. }, _) => "a data PDU".to_owned(),
            _ => "a PDU".to_owned(),
        }
    }
}

/// An HCI event of one end.
pub(super) struct HciEvent<'a> {
    pub(super) by: Role,
    pub(super) at: Instant,
    pub(super) record: RecordId,
    pub(super) event: &'a Event,
}

/// A connection from its CONNECT_IND or AUX_CONNECT_REQ on, as air and HCI show it.
pub(super) struct Link<'a> {
    pub(super) connect: &'a AirItem,
    pub(super) request: &'a ConnectInd,
    pub(super) csa2: bool,
    /// PHY of the AUX_CONNECT_REQ with which it began.
    extended: Option<Phy>,
    /// Its CONNECT_IND answered an advertisement that another one answered as well, and the
    /// advertiser took that, or none of them.
    pub(super) in_vain: bool,
    /// Nodes of central and peripheral.
    pub(super) nodes: [NodeId; 2],
    pub(super) packets: Vec<Packet<'a>>,
    pub(super) hci: Vec<HciEvent<'a>>,
    /// When the host of each end asked to disconnect.
    pub(super) farewells: [Option<Instant>; 2],
    /// The key that each host gave last, and when.
    pub(super) keys: [Option<(Instant, &'a Secret<16>)>; 2],
    /// Index of the last packet of each end.
    last: [Option<usize>; 2],
    /// Time of the last record of all.
    pub(super) end: Instant,
}

impl Link<'_> {
    pub(super) const fn node(&self, role: Role) -> NodeId {
        self.nodes[role as usize]
    }

    /// Whether it began with a CONNECT_IND on a primary advertising channel.
    pub(super) const fn is_legacy(&self) -> bool {
        self.extended.is_none()
    }

    /// The PHY with which it began, in both directions.
    pub(super) fn first_phy(&self) -> Phy {
        self.extended.unwrap_or_default()
    }

    /// transmitWindowDelay: 1.25 ms after CONNECT_IND, 2.5 or 3.75 ms after AUX_CONNECT_REQ.
    const fn window_delay(&self) -> Duration {
        UNIT.times(match self.extended {
            None => 1,
            Some(Phy::Le1M | Phy::Le2M) => 2,
            Some(Phy::LeCoded) => 3,
        })
    }

    /// Start and length of the transmit window of event 0.
    pub(super) fn window(&self) -> (Instant, Duration) {
        let offset = UNIT.times(u64::from(self.request.win_offset));
        let start = self.connect.end + self.window_delay() + offset;
        (start, UNIT.times(u64::from(self.request.win_size)))
    }

    pub(super) const fn interval(&self) -> Duration {
        UNIT.times(self.request.interval as u64)
    }

    /// The worst accuracy of the central's sleep clock that it may have announced, in ppm: in
    /// CONNECT_IND, or in an LL_CLOCK_ACCURACY_REQ if that was answered (5.1.14). A sniffer's
    /// clock, by which a capture has its times, adds its own.
    pub(super) fn central_ppm(&self) -> u32 {
        let heeded = |packet: &&Packet<'_>| {
            let answer = packet.opcode() == Some(Opcode::CLOCK_ACCURACY_RSP);
            packet.by == Role::Peripheral && answer
        };
        let worst = self.request.sca;
        let worst = self.packets.iter().find(heeded).map_or(worst, |_| {
            let requests = self.packets.iter().filter(|packet| {
                let is_request = packet.opcode() == Some(Opcode::CLOCK_ACCURACY_REQ);
                packet.by == Role::Central && is_request
            });
            requests.filter_map(|packet| packet.item.payload.get(1)).fold(worst, |a, b| a.min(*b))
        });
        let sniffer = if self.is_captured() { SNIFFER_PPM } else { 0 };
        accuracy_ppm(worst) + sniffer
    }

    /// The longest supervision timeout that the connection ever had.
    pub(super) fn longest_timeout(&self) -> Duration {
        let changed = self.updates().map(|update| update.timeout).max();
        Duration::from_ms(10 * u64::from(changed.unwrap_or(0).max(self.request.timeout)))
    }

    fn updates(&self) -> impl DoubleEndedIterator<Item = &ConnectionUpdate> {
        self.packets.iter().filter(|packet| packet.by == Role::Central).filter_map(|packet| {
            match packet.item.control() {
                Some(ControlPdu::ConnectionUpdateInd(update)) => Some(update),
                _ => None,
            }
        })
    }

    /// Interval, latency and supervision timeout that the central gave last.
    pub(super) fn parameters(&self) -> (u16, u16, u16) {
        let request = self.request;
        self.updates()
            .next_back()
            .map_or((request.interval, request.latency, request.timeout), |update| {
                (update.interval, update.latency, update.timeout)
            })
    }

    /// The shortest interval that the connection ever had.
    pub(super) fn shortest_interval(&self) -> Duration {
        let changed = self.updates().map(|update| update.interval).min();
        UNIT.times(u64::from(changed.unwrap_or(u16::MAX).min(self.request.interval)))
    }

    /// The longest interval that the connection ever had.
    pub(super) fn longest_interval(&self) -> Duration {
        let changed = self.updates().map(|update| update.interval).max();
        UNIT.times(u64::from(changed.unwrap_or(0).max(self.request.interval)))
    }

    /// The shortest supervision timeout that the connection ever had.
    pub(super) fn shortest_timeout(&self) -> Duration {
        let changed = self.updates().map(|update| update.timeout).min();
        let timeout = changed.unwrap_or(u16::MAX).min(self.request.timeout);
        Duration::from_ms(10 * u64::from(timeout))
    }

    /// When an end reported the disconnection to its host, else the end of all records.
    pub(super) fn left(&self, role: Role) -> Instant {
        let reported = self
            .hci
            .iter()
            .find(|hci| hci.by == role && matches!(hci.event, Event::DisconnectionComplete { .. }));
        reported.map_or(self.end, |hci| hci.at)
    }

    /// Whether the peripheral is in the connection: with a filter it may ignore a CONNECT_IND that
    /// it has received.
    pub(super) fn is_accepted(&self) -> bool {
        let reported = |hci: &HciEvent<'_>| {
            hci.by == Role::Peripheral && matches!(hci.event, Event::LeConnectionComplete(_))
        };
        self.last_of(Role::Peripheral).is_some() || self.hci.iter().any(reported)
    }

    /// Whether the hosts gave two different keys for an encryption, which breaks no rule on air.
    pub(super) fn keys_differ(&self, until: Instant) -> bool {
        let asked = |packet: &Packet<'_>| {
            packet.opcode() == Some(Opcode::ENC_RSP) && packet.item.at < until
        };
        let [Some((first, central)), Some((second, peripheral))] = self.keys else { return false };
        first.max(second) <= until && central != peripheral && self.packets.iter().any(asked)
    }

    /// Event from which the peripheral cannot know where the central is, for it had heard nothing
    /// of a connection update by its instant, or need not, for the update broke a rule.
    pub(super) fn parted(&self, findings: &Findings) -> Option<u64> {
        let mut unheard = None;
        for packet in self.packets.iter().filter(|packet| packet.by == Role::Central) {
            if let Some(ControlPdu::ConnectionUpdateInd(update)) = packet.control() {
                let ahead = update.instant.wrapping_sub(packet.event as u16);
                let instant = packet.event + u64::from(ahead);
                unheard = match packet.heard() {
                    true if findings.is_wrong(packet) => Some(instant),
                    true => None,
                    false if packet.new => Some(instant),
                    false => unheard,
                };
            }
            if unheard.is_some_and(|instant| packet.event >= instant) {
                return unheard;
            }
        }
        None
    }

    /// Index of the packet that was taken of those that carried the PDU of this record.
    pub(super) fn taken(&self, record: RecordId) -> Option<usize> {
        self.packets.iter().position(|packet| packet.first == record && packet.taken)
    }

    /// Index of the last packet of an end.
    pub(super) fn last_of(&self, role: Role) -> Option<usize> {
        self.last[role as usize]
    }

    /// A finding against one end about a packet of the other.
    pub(super) fn accuse(
        &self,
        findings: &mut Findings,
        rule: &'static str,
        culprit: Role,
        packet: &Packet<'_>,
        evidence: &[RecordId],
        text: String,
    ) {
        findings.add(Finding {
            rule,
            culprit: self.node(culprit),
            at: packet.item.at,
            record: packet.item.record,
            evidence: evidence.to_vec(),
            text,
        });
    }

    /// Forgets everything from a packet on.
    pub(super) fn truncate(&mut self, index: usize) {
        let Some(packet) = self.packets.get(index) else { return };
        let at = packet.item.at;
        self.packets.truncate(index);
        self.forget_from(at);
    }

    /// Forgets everything that was not over at this moment.
    fn forget_from(&mut self, at: Instant) {
        self.packets.retain(|packet| packet.item.end <= at);
        self.hci.retain(|hci| hci.at < at);
        self.farewells = self.farewells.map(|time| time.filter(|time| *time < at));
        self.keys = self.keys.map(|time| time.filter(|(time, _)| *time < at));
        self.end = at;
        self.mark_last();
    }

    /// Drops everything from the restart of an end on: that end no longer knows this connection.
    /// Returns the record of the restart.
    pub(super) fn end_where_restarted(&mut self, view: &View) -> Option<RecordId> {
        let (connect, nodes) = (self.connect.record, self.nodes);
        let again = |fact: &&NodeFact| fact.id > connect && nodes.contains(&fact.node);
        let restart = view.facts(Fact::Started).find(again)?;
        self.forget_from(restart.at);
        Some(restart.id)
    }

    fn mark_last(&mut self) {
        self.last = [None; 2];
        for (index, packet) in self.packets.iter().enumerate() {
            self.last[packet.by as usize] = Some(index);
        }
    }

    /// A finding about a packet.
    pub(super) fn report(
        &self,
        findings: &mut Findings,
        rule: &'static str,
        packet: &Packet<'_>,
        evidence: &[RecordId],
        text: String,
    ) {
        findings.add(Finding {
            rule,
            culprit: packet.item.from,
            at: packet.item.at,
            record: packet.item.record,
            evidence: evidence.to_vec(),
            text,
        });
    }
}

pub(super) const fn other(role: Role) -> Role {
    match role {
        Role::Central => Role::Peripheral,
        Role::Peripheral => Role::Central,
    }
}

/// All connections of a view; `unjudged` takes those whose advertiser or beginning was not heard.
pub(super) fn links<'a>(
    view: &'a View,
    items: &'a [AirItem],
    unjudged: &mut Vec<RecordId>,
) -> Vec<Link<'a>> {
    let mut links = Vec::new();
    let mut by_number = BTreeMap::new();
    // The node that advertised with an address, and whether ChSel was set.
    let mut advertisers: BTreeMap<Address, (NodeId, bool)> = BTreeMap::new();
    let end = view.end;
    // Connections that are not judged, and have been reported.
    let mut beginnings = BTreeSet::new();
    // An AUX_CONNECT_REQ that waits for its answer.
    let mut asked: Option<(&AirItem, &ConnectInd, usize)> = None;
    for item in items {
        match (&item.decoded, item.connection) {
            (Decoded::Advertising(AdvertisingPdu::ConnectInd(request)), Some(number))
                if item.is_secondary() =>
            {
                asked = Some((item, request, number));
            }
            (Decoded::Extended { pdu, .. }, _) => {
                let answered = pdu.connect_rsp && item.reception == Some(Reception::Ok);
                let Some((connect, request, number)) = asked.take().filter(|_| answered) else {
                    continue;
                };
                by_number.insert(number, links.len());
                links.push(Link {
                    connect,
                    request,
                    csa2: true,
                    extended: Some(connect.phy.phy()),
                    in_vain: false,
                    nodes: [connect.from, item.from],
                    packets: Vec::new(),
                    hci: Vec::new(),
                    farewells: [None; 2],
                    keys: [None; 2],
                    last: [None; 2],
                    end,
                });
            }
            (Decoded::Advertising(AdvertisingPdu::ConnectInd(request)), Some(number)) => {
                let known = advertisers.get(&request.advertiser);
                let Some(&(peripheral, ch_sel)) = known else {
                    beginnings.insert(number);
                    unjudged.push(item.record);
                    continue;
                };
                by_number.insert(number, links.len());
                links.push(Link {
                    connect: item,
                    request,
                    csa2: ch_sel && request.ch_sel,
                    extended: None,
                    in_vain: false,
                    nodes: [item.from, peripheral],
                    packets: Vec::new(),
                    hci: Vec::new(),
                    farewells: [None; 2],
                    keys: [None; 2],
                    last: [None; 2],
                    end,
                });
            }
            (
                Decoded::Advertising(
                    AdvertisingPdu::AdvInd { advertiser, ch_sel, .. }
                    | AdvertisingPdu::AdvDirectInd { advertiser, ch_sel, .. },
                ),
                _,
            ) => {
                advertisers.insert(*advertiser, (item.from, *ch_sel));
            }
            (_, Some(number)) => {
                let link = by_number.get(&number).and_then(|at: &usize| links.get_mut(*at));
                match (link, view.frames.get(item.index)) {
                    (Some(link), Some(tx)) => link.packets.extend(packet(link, item, tx)),
                    (None, Some(Frame { followed: Some(_), .. })) if beginnings.insert(number) => {
                        unjudged.push(item.record);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    for link in &mut links {
        acknowledge(&mut link.packets);
        link.mark_last();
    }
    super::rivals::mark(view, &mut links);
    super::hosts::listen(view.hci(), &mut links);
    links
}

fn packet<'a>(link: &Link<'a>, item: &'a AirItem, tx: &'a Frame) -> Option<Packet<'a>> {
    let by = [Role::Central, Role::Peripheral].into_iter().find(|r| link.node(*r) == item.from)?;
    let event = item.event?;
    let last = link.packets.last();
    let before = last.map_or(0, |packet| packet.event);
    let anchor = by == Role::Central && last.is_none_or(|last| last.event as u16 != event);
    let own = |packet: &&Packet<'_>| packet.by == by;
    let before_it = item.retransmission.then(|| link.packets.iter().rev().find(own)).flatten();
    let first = before_it.map(|same| same.first);
    Some(Packet {
        item,
        tx,
        by,
        header: DataHeader::from_octet(item.header),
        event: before + u64::from(event.wrapping_sub(before as u16)),
        anchor,
        new: !item.retransmission,
        first: first.unwrap_or(item.record),
        taken: false,
    })
}

/// Finds out which packets were taken by the peer: heard with the sequence number that was
/// expected, and acknowledged unless the peer never spoke again.
fn acknowledge(packets: &mut [Packet<'_>]) {
    let mut expected = [false; 2];
    let mut candidate: [Option<usize>; 2] = [None; 2];
    for index in 0..packets.len() {
        let packet = &packets[index];
        let (by, peer) = (packet.by as usize, other(packet.by) as usize);
        let (header, heard) = (packet.header, packet.heard());
        let refused = candidate[by].take().filter(|_| header.nesn == expected[by]);
        expected[by] = header.nesn;
        if let Some(refused) = refused {
            packets[refused].taken = false;
        }
        if heard && header.sn == expected[peer] {
            packets[index].taken = true;
            candidate[peer] = Some(index);
        }
    }
}

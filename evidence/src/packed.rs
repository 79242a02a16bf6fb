//! Everything that was read, packed: 80 octets a packet. What whoever judges it needs is made of
//! that when it is asked for.

use std::collections::BTreeMap;

use ble::crypto::ccm::Direction;
use ble::pdu::advertising::{ADVERTISING_ACCESS_ADDRESS, ConnectInd};
use ble::radio::AirPdu;
use ble::time::Instant;
use bletwin_sniffer::{Followed, Frame, Hearing, NodeId, RecordId, View};

use crate::air::SniffedPacket;
use crate::air_session::PackedLink;
use crate::hearing;
use crate::host::HciPacket;
use crate::nodes::Joined;
use crate::report::{NotJudged, Place, Report};
use crate::trust::request;

/// What was read.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// What was seen, for the judge and for "why".
    pub view: View,
    /// Every packet of HCI that was logged, in the order of the logs; the view has those of the
    /// host, and commands and events where they are understood.
    pub hci: Vec<HciPacket>,
    /// How it was read, and what is not in it.
    pub report: Report,
}

/// What was read of one session, packed.
#[derive(Clone, Debug)]
pub struct Packed {
    pub(crate) sessions: Vec<Session>,
    /// What there is beside the packets of the air.
    pub(crate) view: View,
    pub(crate) hci: Vec<HciPacket>,
    /// Where what crossed HCI stands, by its number.
    pub(crate) places: Vec<(u32, Place)>,
    /// How many numbers there are.
    pub(crate) seen: u32,
    pub(crate) report: Report,
}

impl Packed {
    /// How it was read, and what is not in it; without [`Report::places`].
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// Whether it has logs of hosts.
    #[must_use]
    pub const fn has_hosts(&self) -> bool {
        !self.hci.is_empty() || self.view.hci.is_some()
    }

    /// All of it at once.
    #[must_use]
    pub fn unpack(self) -> Evidence {
        let Self { sessions, mut view, hci, places, seen, mut report } = self;
        let nowhere = Place { file: 0, record: 0 };
        report.places = vec![nowhere; seen as usize];
        let mut stands = |id: u32, place| {
            let at = (id as usize).checked_sub(1).and_then(|at| report.places.get_mut(at));
            at.into_iter().for_each(|slot| *slot = place);
        };
        places.into_iter().for_each(|(id, place)| stands(id, place));
        for session in sessions {
            for one in session.packets.iter().filter(|one| one.found.used) {
                stands(one.found.id, Place { file: session.file, record: one.record.into() });
            }
            view.frames.extend(session.adverts());
            session.links.iter().for_each(|link| view.frames.extend(session.connection(link)));
        }
        view.frames.sort_unstable_by_key(|frame| frame.id);
        Evidence { view, hci, report }
    }
}

/// What one interface has heard, followed.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    file: usize,
    /// What is added to times, so that all files have one beginning.
    offset: i64,
    own_log: bool,
    /// Presets of the CRC by access address.
    presets: BTreeMap<u32, u32>,
    pub(crate) packets: Vec<SniffedPacket>,
    pub(crate) links: Vec<PackedLink>,
    /// Who has answered a request, by the index of that.
    answered: BTreeMap<u32, NodeId>,
}

impl Session {
    pub(crate) fn new(
        file: usize,
        offset: i64,
        own_log: bool,
        presets: BTreeMap<u32, u32>,
        packets: Vec<SniffedPacket>,
        links: Vec<PackedLink>,
    ) -> Self {
        let mut answered = BTreeMap::new();
        for link in links.iter().filter(|_| !own_log) {
            let [_, peripheral] = link.ends;
            let mut all = link.packets.iter().filter_map(|index| packets.get(*index as usize));
            let heard = all.any(|one| one.found.from == peripheral);
            // Who takes part in a connection has heard the request for it.
            answered.extend(link.request.filter(|_| heard).map(|index| (index, peripheral)));
        }
        Self { file, offset, own_log, presets, packets, links, answered }
    }

    /// Puts devices in the place of others that they are.
    pub(crate) fn join(&mut self, same: &Joined) {
        for one in &mut self.packets {
            one.found.from = same.of(one.found.from);
        }
        for link in &mut self.links {
            link.ends = link.ends.map(|end| same.of(end));
        }
        self.answered.values_mut().for_each(|node| *node = same.of(*node));
    }

    /// When the first bit of a packet was on air.
    pub(crate) fn time(&self, one: &SniffedPacket) -> Instant {
        let ticks = one.at.saturating_add(self.offset);
        Instant::from_ticks(u64::try_from(ticks).unwrap_or(0))
    }

    /// When its last bit was, if its length is known, else its first.
    fn end(&self, one: &SniffedPacket) -> Instant {
        let at = self.time(one);
        one.phy.map_or(at, |phy| at + phy.air_time(one.on_air()))
    }

    /// Gives a packet its number, and tells when it ended.
    pub(crate) fn set_id(&mut self, index: usize, id: u32) -> Option<Instant> {
        let one = self.packets.get_mut(index)?;
        one.found.id = id;
        self.packets.get(index).map(|one| self.end(one))
    }

    pub(crate) fn not_judged(&self) -> impl Iterator<Item = NotJudged> + '_ {
        let used = self.packets.iter().map(|one| one.found).filter(|place| place.used);
        used.filter_map(|place| {
            let record = RecordId(place.id.into());
            place.not_judged.map(|reason| NotJudged { record, reason })
        })
    }

    /// Requests for connections: when they ended.
    pub(crate) fn requests(&self) -> impl Iterator<Item = (Instant, ConnectInd)> + '_ {
        let used = self.packets.iter().filter(|one| one.found.used);
        used.filter_map(|one| Some((self.end(one), request(one)?)))
    }

    /// Everything that is on no connection, in its order.
    pub(crate) fn adverts(&self) -> impl Iterator<Item = Frame> + '_ {
        let all = (0..).zip(&self.packets);
        let used = all
            .filter(|(_, one)| one.found.used && one.access_address == ADVERTISING_ACCESS_ADDRESS);
        used.filter_map(|(index, _)| self.advert(index))
    }

    /// One packet of those.
    pub(crate) fn advert(&self, index: u32) -> Option<Frame> {
        let mut frame = self.frame(self.packets.get(index as usize)?)?;
        if let Some(peripheral) = self.answered.get(&index) {
            frame.hearing = hearing::arrived(&frame, *peripheral);
        }
        Some(frame)
    }

    /// The packets of a connection in their order, with what acknowledgements show of who heard
    /// them.
    pub(crate) fn connection(&self, link: &PackedLink) -> Vec<Frame> {
        let all = link.packets.iter().filter_map(|index| self.packets.get(*index as usize));
        let mut frames: Vec<Frame> = all.filter_map(|one| self.frame(one)).collect();
        if !self.own_log {
            hearing::infer(&mut frames, link.ends, link.lossy);
        }
        frames
    }

    fn frame(&self, one: &SniffedPacket) -> Option<Frame> {
        let (at, place) = (self.time(one), &one.found);
        let preset = self.presets.get(&one.access_address).copied();
        let advertises = one.access_address == ADVERTISING_ACCESS_ADDRESS;
        let direction = one.direction.unwrap_or(Direction::CentralToPeripheral);
        let followed = Followed { direction, event: one.event, missing: place.missing };
        Some(Frame {
            id: RecordId(place.id.into()),
            at,
            end: one.phy.map(|phy| at + phy.air_time(one.on_air())),
            from: place.from,
            access_address: one.access_address,
            pdu: AirPdu::from_octets(&one.octets)?,
            channel: one.channel,
            phy: one.phy,
            crc_init: preset.filter(|_| place.crc_right),
            hearing: Hearing::Unknown,
            sealing: place.sealing,
            followed: (!advertises).then_some(followed),
        })
    }
}

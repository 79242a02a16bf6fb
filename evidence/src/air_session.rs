//! The packets of one interface, each given its place: devices, connections, keys.

use std::collections::BTreeMap;

use ble::pdu::access_address;
use ble::pdu::advertising::{ADVERTISING_ACCESS_ADDRESS, AdvertisingPdu, ConnectInd};
use ble::pdu::control::ControlPdu;
use ble::pdu::data::{DataHeader, Llid};
use ble::pdu::extended::ExtendedPdu;
use ble::phy::{Phy, TxPhy};
use ble::radio::AirPdu;
use ble::time::Instant;
use bletwin_sniffer::{Direction, Followed, Frame, Hearing, NodeId, RecordId, Sealing};

use crate::follow::{Beginning, FollowedLink, Sighting, Summary};
use crate::hearing;
use crate::keys::{Keys, Progress, plausible};
use crate::nodes::Nodes;
use crate::report::Reason;
use crate::trust::{Heard, Trust, request};

/// A connection is joined where so many packets have its access address: noise has it once.
const JOINED_MIN: usize = 4;
/// So far ahead is looked for the beginnings of events.
const AHEAD: usize = 128;

/// A frame that has not got its number yet, and the record that it was read from.
pub(crate) struct Placed {
    pub file: usize,
    pub frame: Frame,
    pub record: u64,
    pub not_judged: Option<Reason>,
}

/// What came of one interface.
pub(crate) struct SessionOutcome {
    pub links: Vec<Summary>,
    pub damaged: u64,
    pub gapless: bool,
}

/// Follows everything that one interface has heard.
pub(crate) struct AirSession<'a> {
    pub(crate) nodes: &'a mut Nodes,
    pub(crate) keys: &'a mut Keys,
    pub(crate) trust: &'a Trust,
    /// What is added to times, so that all files have one beginning.
    pub(crate) offset: i64,
    /// ChSel of who advertised with an address.
    advertisers: BTreeMap<ble::address::Address, bool>,
    links: BTreeMap<u32, Live>,
    ended: Vec<(usize, Summary)>,
    /// Of which file, and where its frames go, behind those of other interfaces.
    file: usize,
    out: &'a mut Vec<Placed>,
    harmed: u64,
    last_advertiser: Option<NodeId>,
}

/// A connection, the place of its first packet and its packets.
struct Live {
    link: FollowedLink,
    first: usize,
    /// Indices of its frames.
    frames: Vec<usize>,
    told_sealed: bool,
}

impl<'a> AirSession<'a> {
    pub(crate) fn new(
        nodes: &'a mut Nodes,
        keys: &'a mut Keys,
        trust: &'a Trust,
        offset: i64,
        file: usize,
        out: &'a mut Vec<Placed>,
    ) -> Self {
        Self {
            nodes,
            keys,
            trust,
            offset,
            advertisers: BTreeMap::new(),
            links: BTreeMap::new(),
            ended: Vec::new(),
            file,
            out,
            harmed: 0,
            last_advertiser: None,
        }
    }

    /// Follows all packets, in the order of their times.
    pub(crate) fn follow(mut self, heard: &[Heard], progress: Progress<'_>) -> SessionOutcome {
        let mut of: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (index, one) in heard.iter().enumerate() {
            let address = one.packet.access_address;
            if address != ADVERTISING_ACCESS_ADDRESS && one.crc_ok != Some(false) {
                of.entry(address).or_default().push(index);
            }
        }
        for (index, one) in heard.iter().enumerate() {
            let address = one.packet.access_address;
            if address == ADVERTISING_ACCESS_ADDRESS {
                self.advertising(one);
            } else {
                let coming = of.get(&address).map_or(&[][..], Vec::as_slice);
                let from = coming.partition_point(|place| *place < index);
                let coming = coming.get(from..).unwrap_or_default();
                self.data(one, heard, coming, &mut *progress);
            }
        }
        self.finish()
    }

    fn finish(mut self) -> SessionOutcome {
        for (_, live) in std::mem::take(&mut self.links) {
            self.close(live);
        }
        self.ended.sort_by_key(|(first, _)| *first);
        let links: Vec<_> = self.ended.into_iter().map(|(_, link)| link).collect();
        let whole = |link: &Summary| {
            link.beginning == Beginning::Seen && link.missing == 0 && link.damaged == 0
        };
        let gapless = links.iter().all(whole) && self.harmed == 0;
        SessionOutcome { links, damaged: self.harmed, gapless }
    }

    /// What acknowledgements show of who heard what.
    fn hear(&mut self, link: &FollowedLink, first: usize, frames: &[usize]) {
        if self.trust.own_log.value {
            return;
        }
        let lossy = link.summary.missing > 0 || link.summary.damaged > 0;
        let all: Vec<&Frame> =
            frames.iter().filter_map(|place| Some(&self.out.get(*place)?.frame)).collect();
        let answered = all.iter().any(|frame| frame.from == link.ends[1]);
        let heard = hearing::infer(&all, link.ends, lossy);
        for (place, heard) in frames.iter().zip(heard) {
            if let Some(placed) = self.out.get_mut(*place) {
                placed.frame.hearing = heard;
            }
        }
        // Who takes part in a connection has heard the request for it.
        if let (Beginning::Seen, true) = (link.summary.beginning, answered)
            && let Some(placed) = self.out.get_mut(first)
        {
            placed.frame.hearing = hearing::arrived(&placed.frame, link.ends[1]);
        }
    }

    /// A connection is over: where nothing was seen of how it became encrypted, its form tells.
    fn close(&mut self, live: Live) {
        let Live { mut link, first, frames, .. } = live;
        self.hear(&link, first, &frames);
        if !link.encryption.has_begun() {
            let full = |frame: &Frame| {
                let llid = DataHeader::from_octet(frame.pdu.header()).llid;
                !frame.pdu.payload().is_empty() && llid != Llid::Continuation
            };
            let mine = || frames.iter().filter_map(|index| self.out.get(*index));
            let all = mine().filter(|placed| full(&placed.frame)).count();
            let plain = mine().filter(|placed| full(&placed.frame)).filter(|placed| {
                let llid = DataHeader::from_octet(placed.frame.pdu.header()).llid;
                plausible(llid, placed.frame.pdu.payload())
            });
            if plain.count() * 10 < all * 7 {
                let mut reason = Some(Reason::NoKey);
                for index in frames {
                    if let Some(placed) = self.out.get_mut(index)
                        && !placed.frame.pdu.payload().is_empty()
                    {
                        placed.frame.sealing = Sealing::Sealed;
                        placed.not_judged = placed.not_judged.or_else(|| reason.take());
                        link.summary.sealed += 1;
                    }
                }
            }
        }
        self.ended.push((first, link.summary));
    }

    fn at(&self, ticks: i64) -> Instant {
        Instant::from_ticks(u64::try_from(ticks.saturating_add(self.offset)).unwrap_or(0))
    }

    fn push(&mut self, one: &Heard, from: NodeId, phy: Option<TxPhy>, pdu: AirPdu) -> usize {
        let length = phy.map(|phy| phy.air_time(one.on_air()));
        let at = self.at(one.at);
        self.out.push(Placed {
            file: self.file,
            frame: Frame {
                id: RecordId(0),
                at,
                end: length.map(|length| at + length),
                from,
                access_address: one.packet.access_address,
                pdu,
                channel: one.packet.channel,
                phy,
                crc_init: one.crc_init,
                hearing: Hearing::Unknown,
                sealing: Sealing::AsOnAir,
                followed: None,
            },
            record: one.packet.record,
            not_judged: None,
        });
        self.out.len() - 1
    }

    fn advertising(&mut self, one: &Heard) {
        let Some(pdu) = AirPdu::from_octets(&one.packet.octets) else { return };
        let request = request(&one.packet);
        if one.crc_ok == Some(false) {
            self.harmed += 1;
            return;
        }
        let Some(from) = self.sender(&pdu) else { return };
        // Advertising is on LE 1M unless somebody says otherwise.
        let primary = one.packet.channel.is_none_or(|channel| channel >= 37);
        let phy = one.packet.phy.or_else(|| primary.then_some(TxPhy::Le1M));
        let place = self.push(one, from, phy, pdu);
        if let Some(request) = request {
            self.begin(one, &request, place, !primary);
        }
    }

    /// Who sends on an advertising channel.
    fn sender(&mut self, pdu: &AirPdu) -> Option<NodeId> {
        let Some(legacy) = AdvertisingPdu::parse(pdu) else {
            let extended = ExtendedPdu::parse(pdu)?;
            let node = match extended.advertiser {
                Some(address) => self.nodes.of(address),
                None => self.last_advertiser.unwrap_or_else(|| self.nodes.unknown()),
            };
            self.last_advertiser = Some(node);
            return Some(node);
        };
        let (address, ch_sel) = match legacy {
            AdvertisingPdu::AdvInd { advertiser, ch_sel, .. }
            | AdvertisingPdu::AdvDirectInd { advertiser, ch_sel, .. } => (advertiser, Some(ch_sel)),
            AdvertisingPdu::AdvNonconnInd { advertiser, .. }
            | AdvertisingPdu::AdvScanInd { advertiser, .. }
            | AdvertisingPdu::ScanRsp { advertiser, .. } => (advertiser, None),
            AdvertisingPdu::ScanReq { scanner, .. } => (scanner, None),
            AdvertisingPdu::ConnectInd(request) => (request.initiator, None),
        };
        if let Some(ch_sel) = ch_sel {
            self.advertisers.insert(address, ch_sel);
        }
        Some(self.nodes.of(address))
    }

    fn begin(&mut self, one: &Heard, request: &ConnectInd, place: usize, secondary: bool) {
        // An unharmed request may break rules; one that nobody vouches for has to keep them all.
        let can_be = (6..=3_200).contains(&request.interval)
            && request.channel_map & ble::pdu::advertising::CHANNEL_MAP_ALL != 0
            && access_address::is_allowed(request.access_address, true);
        let believed = can_be && (one.crc_ok == Some(true) || request.is_valid(true));
        let heard = self.advertisers.get(&request.advertiser).copied();
        let reason = match () {
            () if self.trust.own_log.value => Some(Reason::OwnLog),
            () if !believed => Some(Reason::RequestNotBelieved),
            () if heard.is_none() && !secondary => Some(Reason::AdvertiserNotHeard),
            () => None,
        };
        if let Some(placed) = self.out.get_mut(place) {
            placed.not_judged = reason;
        }
        if !believed {
            return;
        }
        let ends = [self.nodes.of(request.initiator), self.nodes.of(request.advertiser)];
        let phy = one.packet.phy.unwrap_or(TxPhy::Le1M);
        let length = i64::try_from(phy.air_time(one.on_air()).ticks()).unwrap_or(0);
        let secondary: Option<Phy> = secondary.then(|| phy.phy());
        let link = FollowedLink::begun(request, ends, one.at + length, secondary, heard);
        let live = Live { link, first: place, frames: Vec::new(), told_sealed: false };
        if let Some(before) = self.links.insert(request.access_address, live) {
            self.close(before);
        }
    }

    fn data(&mut self, one: &Heard, all: &[Heard], coming: &[usize], progress: Progress<'_>) {
        let address = one.packet.access_address;
        if one.crc_ok == Some(false) {
            self.harmed += 1;
            if let Some(live) = self.links.get_mut(&address) {
                live.link.summary.damaged += 1;
            }
            return;
        }
        if !self.links.contains_key(&address) {
            let plausible = access_address::is_allowed(address, true);
            if coming.len() < JOINED_MIN || !plausible {
                self.harmed += 1;
                return;
            }
            let ends = [self.nodes.unknown(), self.nodes.unknown()];
            let link = FollowedLink::joined(address, ends);
            let first = self.out.len();
            let live = Live { link, first, frames: Vec::new(), told_sealed: false };
            self.links.insert(address, live);
        }
        let Some(mut live) = self.links.remove(&address) else { return };
        self.packet(&mut live, one, all, coming, progress);
        self.links.insert(address, live);
    }

    fn sighting(&self, link: &FollowedLink, one: &Heard) -> Sighting {
        let (right, wrong) = link.summary.directions;
        let told = one.packet.direction;
        // A sniffer that loses packets turns its flags over: it is asked as long as it is right.
        let told = told.filter(|_| wrong * 100 <= right);
        let phy = one.packet.phy.unwrap_or_else(|| link.phy(told));
        let length = i64::try_from(phy.air_time(one.on_air()).ticks()).unwrap_or(0);
        Sighting { at: one.at, end: one.at + length, told, exact: self.trust.clock.value.exact }
    }

    fn packet(
        &mut self,
        live: &mut Live,
        one: &Heard,
        all: &[Heard],
        coming: &[usize],
        progress: Progress<'_>,
    ) {
        let own = self.trust.own_log.value;
        let link = &mut live.link;
        let seen = self.sighting(link, one);
        let lost = link.is_lost(&seen) && !own;
        let asks = lost || link.awaits_window() && !own;
        let coming: Vec<_> = coming
            .iter()
            .take(if asks { AHEAD } else { 0 })
            .filter_map(|index| all.get(*index))
            .map(|one| (self.sighting(link, one), one.packet.channel, one.packet.event))
            .collect();
        if lost {
            link.look_ahead(coming.iter().map(|(seen, channel, hint)| (seen, *channel, *hint)));
        }
        let ahead = coming.iter().map(|(seen, ..)| seen);
        let mut followed = link.place(&seen, one.packet.channel, ahead);
        if own {
            followed = Followed {
                direction: one.packet.direction.unwrap_or(followed.direction),
                event: None,
                missing: 0,
            };
        }
        let Some(octet) = one.packet.octets.first() else { return };
        let header = DataHeader::from_octet(*octet);
        if !own {
            link.sequence(&mut followed, header, one.packet.payload());
        }
        let opening = link.encryption.open(
            followed.direction,
            header.llid,
            one.packet.payload(),
            one.opened,
            self.keys,
        );
        let plain = opening.plain.as_deref().unwrap_or_else(|| one.packet.payload());
        let Some(pdu) = AirPdu::new(*octet, plain) else { return };
        self.learn(live, followed.direction, header.llid, plain, opening.sealing, progress);
        let link = &mut live.link;
        let from = link.ends[followed.direction as usize];
        let phy = one.packet.phy.unwrap_or_else(|| link.phy(Some(followed.direction)));
        let first = live.frames.is_empty();
        let place = self.push(one, from, Some(phy), pdu);
        live.frames.push(place);
        let Some(placed) = self.out.get_mut(place) else { return };
        placed.frame.sealing = opening.sealing;
        placed.frame.followed = Some(followed);
        match opening.sealing {
            Sealing::Opened => live.link.summary.opened += 1,
            Sealing::Sealed => live.link.summary.sealed += 1,
            Sealing::AsOnAir => {}
        }
        if opening.sealing == Sealing::Sealed && !std::mem::replace(&mut live.told_sealed, true) {
            placed.not_judged = Some(Reason::NoKey);
        }
        if first && live.link.summary.beginning == Beginning::Joined {
            placed.not_judged = Some(Reason::Joined);
        }
    }

    /// What a plain payload says of the connection and of keys.
    fn learn(
        &mut self,
        live: &mut Live,
        direction: Direction,
        llid: Llid,
        plain: &[u8],
        sealing: Sealing,
        progress: Progress<'_>,
    ) {
        let link = &mut live.link;
        if sealing == Sealing::Sealed {
            return;
        }
        if llid == Llid::Control {
            if let (Ok(pdu), Direction::CentralToPeripheral) = (ControlPdu::parse(plain), direction)
            {
                link.announce(&pdu);
            }
            return;
        }
        let addresses = link.addresses;
        link.pairing.data(direction, llid, plain, addresses, progress);
        link.pairing.take().for_each(|key| self.keys.give(key));
    }
}

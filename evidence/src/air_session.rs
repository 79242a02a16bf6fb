//! The packets of one interface, each given its place: devices, connections, keys.

use std::collections::BTreeMap;

use ble::crypto::ccm::Direction;
use ble::pdu::access_address;
use ble::pdu::advertising::{ADVERTISING_ACCESS_ADDRESS, AdvertisingPdu, ConnectInd};
use ble::pdu::control::ControlPdu;
use ble::pdu::data::Llid;
use ble::pdu::extended::ExtendedPdu;
use ble::phy::{Phy, TxPhy};
use ble::radio::AirPdu;
use bletwin_sniffer::{Followed, NodeId, Sealing};

use crate::air::SniffedPacket;
use crate::follow::{Beginning, FollowedLink, Sighting, Summary};
use crate::keys::{Keys, Progress, plausible};
use crate::nodes::Nodes;
use crate::report::Reason;
use crate::trust::{Trust, request};

/// A connection is joined where so many packets have its access address: noise has it once.
const JOINED_MIN: usize = 4;
/// So far ahead is looked for the beginnings of events.
const AHEAD: usize = 128;

/// A connection that was followed, and its packets.
#[derive(Clone, Debug)]
pub(crate) struct PackedLink {
    /// Access address on air.
    pub(crate) access_address: u32,
    /// Central and peripheral.
    pub(crate) ends: [NodeId; 2],
    /// Index of the request with which it began; `None`: that was not seen.
    pub(crate) request: Option<u32>,
    /// Indices of its packets.
    pub(crate) packets: Vec<u32>,
    /// Whether some of them are missing or damaged.
    pub(crate) lossy: bool,
}

/// What came of one interface.
pub(crate) struct SessionOutcome {
    pub links: Vec<(Summary, PackedLink)>,
    pub damaged: u64,
    pub gapless: bool,
}

/// Follows everything that one interface has heard.
pub(crate) struct AirSession<'a> {
    pub(crate) nodes: &'a mut Nodes,
    pub(crate) keys: &'a mut Keys,
    pub(crate) trust: &'a Trust,
    /// What was heard, in the order of times; each packet takes its place.
    packets: &'a mut [SniffedPacket],
    /// ChSel of who advertised with an address.
    advertisers: BTreeMap<ble::address::Address, bool>,
    links: BTreeMap<u32, Live>,
    ended: Vec<(usize, Summary, PackedLink)>,
    harmed: u64,
    last_advertiser: Option<NodeId>,
    /// How often what the sniffer says of a direction was right, and wrong.
    directions: (u64, u64),
}

/// A connection, the place of its first packet and its packets.
struct Live {
    link: FollowedLink,
    first: usize,
    /// Indices of its packets.
    packets: Vec<u32>,
    told_sealed: bool,
}

impl<'a> AirSession<'a> {
    pub(crate) fn new(
        nodes: &'a mut Nodes,
        keys: &'a mut Keys,
        trust: &'a Trust,
        packets: &'a mut [SniffedPacket],
    ) -> Self {
        Self {
            nodes,
            keys,
            trust,
            packets,
            advertisers: BTreeMap::new(),
            links: BTreeMap::new(),
            ended: Vec::new(),
            harmed: 0,
            last_advertiser: None,
            directions: (0, 0),
        }
    }

    /// Follows all packets, in the order of their times.
    pub(crate) fn follow(mut self, progress: Progress<'_>) -> SessionOutcome {
        let mut of: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (index, one) in (0..).zip(&*self.packets) {
            let address = one.access_address;
            if address != ADVERTISING_ACCESS_ADDRESS && one.crc_ok != Some(false) {
                of.entry(address).or_default().push(index);
            }
        }
        // How far each access address has come.
        let mut gone: BTreeMap<u32, usize> = BTreeMap::new();
        for index in 0..self.packets.len() {
            let Some(one) = self.packets.get(index) else { break };
            let (address, damaged) = (one.access_address, one.crc_ok == Some(false));
            if address == ADVERTISING_ACCESS_ADDRESS {
                self.advertising(index);
                continue;
            }
            let gone = gone.entry(address).or_default();
            let coming = of.get(&address).and_then(|all| all.get(*gone..)).unwrap_or_default();
            *gone += usize::from(!damaged);
            self.data(index, coming, &mut *progress);
        }
        self.finish()
    }

    fn finish(mut self) -> SessionOutcome {
        for (_, live) in std::mem::take(&mut self.links) {
            self.close(live);
        }
        self.ended.sort_by_key(|(first, ..)| *first);
        let links: Vec<_> = self.ended.into_iter().map(|(_, link, all)| (link, all)).collect();
        let whole = |(link, _): &(Summary, PackedLink)| {
            link.beginning == Beginning::Seen && link.missing == 0 && link.damaged == 0
        };
        let gapless = links.iter().all(whole) && self.harmed == 0;
        SessionOutcome { links, damaged: self.harmed, gapless }
    }

    /// A connection is over: where nothing was seen of how it became encrypted, its form tells.
    fn close(&mut self, live: Live) {
        let Live { mut link, first, packets, .. } = live;
        let lossy = link.summary.missing > 0 || link.summary.damaged > 0;
        if !link.encryption.has_begun() {
            let llid = |one: &SniffedPacket| one.header().map_or(Llid::Reserved, |h| h.llid);
            let full =
                |one: &&SniffedPacket| !one.payload().is_empty() && llid(one) != Llid::Continuation;
            let mine = || packets.iter().filter_map(|index| self.packets.get(*index as usize));
            let all = mine().filter(full).count();
            let plain = mine().filter(full).filter(|one| plausible(llid(one), one.payload()));
            if plain.count() * 10 < all * 7 {
                let mut reason = Some(Reason::NoKey);
                for index in &packets {
                    if let Some(one) = self.packets.get_mut(*index as usize)
                        && !one.payload().is_empty()
                    {
                        one.found.sealing = Sealing::Sealed;
                        one.found.not_judged = one.found.not_judged.or_else(|| reason.take());
                        link.summary.sealed += 1;
                    }
                }
            }
        }
        let request = (link.summary.beginning == Beginning::Seen).then_some(first as u32);
        let access_address = link.summary.access_address;
        let all = PackedLink { access_address, ends: link.ends, request, packets, lossy };
        self.ended.push((first, link.summary, all));
    }

    fn advertising(&mut self, index: usize) {
        let Some(one) = self.packets.get(index) else { return };
        let Some(pdu) = AirPdu::from_octets(&one.octets) else { return };
        let request = request(one);
        if one.crc_ok == Some(false) {
            self.harmed += 1;
            return;
        }
        // Advertising is on LE 1M unless somebody says otherwise.
        let primary = one.channel.is_none_or(|channel| channel >= 37);
        let phy = one.phy.or_else(|| primary.then_some(TxPhy::Le1M));
        let Some(from) = self.sender(&pdu) else { return };
        if let Some(one) = self.packets.get_mut(index) {
            (one.found.from, one.found.used, one.phy) = (from, true, phy);
        }
        if let Some(request) = request {
            self.begin(index, &request, !primary);
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

    fn begin(&mut self, index: usize, request: &ConnectInd, secondary: bool) {
        let Some(one) = self.packets.get_mut(index) else { return };
        // An unharmed request may break rules; one that nobody vouches for has to keep them all.
        let can_be = (6..=3_200).contains(&request.interval)
            && request.channel_map & ble::pdu::advertising::CHANNEL_MAP_ALL != 0
            && access_address::is_allowed(request.access_address, true);
        let believed = can_be && (one.crc_ok == Some(true) || request.is_valid(true));
        let heard = self.advertisers.get(&request.advertiser).copied();
        one.found.not_judged = match () {
            () if self.trust.own_log.value => Some(Reason::OwnLog),
            () if !believed => Some(Reason::RequestNotBelieved),
            () if heard.is_none() && !secondary => Some(Reason::AdvertiserNotHeard),
            () => None,
        };
        if !believed {
            return;
        }
        let ends = [self.nodes.of(request.initiator), self.nodes.of(request.advertiser)];
        let phy = one.phy.unwrap_or(TxPhy::Le1M);
        let length = i64::try_from(phy.air_time(one.on_air()).ticks()).unwrap_or(0);
        let secondary: Option<Phy> = secondary.then(|| phy.phy());
        let link = FollowedLink::begun(request, ends, one.at + length, secondary, heard);
        let live = Live { link, first: index, packets: Vec::new(), told_sealed: false };
        if let Some(before) = self.links.insert(request.access_address, live) {
            self.close(before);
        }
    }

    fn data(&mut self, index: usize, coming: &[u32], progress: Progress<'_>) {
        let Some(one) = self.packets.get(index) else { return };
        let address = one.access_address;
        if one.crc_ok == Some(false) {
            self.harmed += 1;
            if let Some(live) = self.links.get_mut(&address) {
                live.link.summary.damaged += 1;
            }
            return;
        }
        let mut live = match self.links.remove(&address) {
            Some(live) => live,
            None => {
                let plausible = access_address::is_allowed(address, true);
                if coming.len() < JOINED_MIN || !plausible {
                    self.harmed += 1;
                    return;
                }
                let ends = [self.nodes.unknown(), self.nodes.unknown()];
                let link = FollowedLink::joined(address, ends);
                self.ask_roles(index, coming);
                Live { link, first: index, packets: Vec::new(), told_sealed: false }
            }
        };
        self.packet(&mut live, index, coming, progress);
        self.links.insert(address, live);
    }

    /// Holds what is said of directions against packets that show their role, before a connection
    /// is followed whose beginning does not show it.
    fn ask_roles(&mut self, index: usize, coming: &[u32]) {
        let ahead = coming.iter().take(AHEAD).map(|index| *index as usize);
        let ahead = [index].into_iter().chain(ahead).filter_map(|index| self.packets.get(index));
        for one in ahead.filter(|one| one.crc_ok != Some(false)) {
            match (one.role(), one.direction) {
                (Some(role), Some(told)) if role == told => self.directions.0 += 1,
                (Some(_), Some(_)) => self.directions.1 += 1,
                _ => {}
            }
        }
    }

    fn sighting(&self, link: &FollowedLink, one: &SniffedPacket) -> Sighting {
        let (right, wrong) = self.directions;
        // A sniffer that loses packets turns its flags over: it is asked as long as it is right.
        let told = one.direction.filter(|_| wrong * 100 <= right);
        let told = one.role().or(told);
        let phy = one.phy.unwrap_or_else(|| link.phy(told));
        let length = i64::try_from(phy.air_time(one.on_air()).ticks()).unwrap_or(0);
        Sighting { at: one.at, end: one.at + length, told, exact: self.trust.clock.value.exact }
    }

    fn packet(&mut self, live: &mut Live, index: usize, coming: &[u32], progress: Progress<'_>) {
        let own = self.trust.own_log.value;
        let link = &mut live.link;
        let Some(one) = self.packets.get(index) else { return };
        let seen = self.sighting(link, one);
        let lost = link.is_lost(&seen) && !own;
        let asks = lost || link.awaits_window() && !own;
        let coming: Vec<_> = coming
            .iter()
            .take(if asks { AHEAD } else { 0 })
            .filter_map(|index| self.packets.get(*index as usize))
            .map(|one| (self.sighting(link, one), one.channel, one.event))
            .collect();
        if lost {
            link.look_ahead(coming.iter().map(|(seen, channel, hint)| (seen, *channel, *hint)));
        }
        let ahead = coming.iter().map(|(seen, ..)| seen);
        let mut followed = link.place(&seen, one.channel, ahead);
        if let (Some(told), Some(is)) = (one.direction, link.timed()) {
            for (right, wrong) in [&mut self.directions, &mut link.summary.directions] {
                *(if told == is { right } else { wrong }) += 1;
            }
        }
        if own {
            followed = Followed {
                direction: one.direction.unwrap_or(followed.direction),
                event: None,
                missing: 0,
            };
        }
        let (Some(header), opened, phy) = (one.header(), one.opened, one.phy) else { return };
        let Some(one) = self.packets.get_mut(index) else { return };
        let mut octets = std::mem::take(&mut one.octets);
        let payload = octets.get(2..).unwrap_or_default();
        if !own {
            link.sequence(&mut followed, header, payload);
        }
        let way = followed.direction;
        let opening = link.encryption.open(way, header.llid, payload, opened, self.keys);
        let plain = opening.plain.as_deref().unwrap_or(payload);
        self.learn(live, way, header.llid, plain, opening.sealing, progress);
        if let Some(plain) = &opening.plain {
            octets.truncate(2);
            octets.extend_from_slice(plain);
            if let (Some(length), Ok(octet)) = (octets.get_mut(1), u8::try_from(plain.len())) {
                *length = octet;
            }
        }
        let link = &mut live.link;
        match opening.sealing {
            Sealing::Opened => link.summary.opened += 1,
            Sealing::Sealed => link.summary.sealed += 1,
            Sealing::AsOnAir => {}
        }
        let Some(one) = self.packets.get_mut(index) else { return };
        one.octets = octets;
        one.phy = Some(phy.unwrap_or_else(|| link.phy(Some(way))));
        (one.direction, one.event) = (Some(way), followed.event);
        let found = &mut one.found;
        (found.used, found.from) = (true, link.ends[way as usize]);
        (found.missing, found.sealing) = (followed.missing, opening.sealing);
        if opening.sealing == Sealing::Sealed && !std::mem::replace(&mut live.told_sealed, true) {
            found.not_judged = Some(Reason::NoKey);
        }
        if live.packets.is_empty() && link.summary.beginning == Beginning::Joined {
            found.not_judged = Some(Reason::Joined);
        }
        live.packets.push(index as u32);
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
        link.pairing.take_identities().for_each(|identity| self.keys.know(identity));
    }
}

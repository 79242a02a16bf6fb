//! What was read in pieces that have nothing to do with each other: each has connections, what they
//! answer, and others of their devices at the same time.

use std::collections::{BTreeMap, BTreeSet};

use ble::address::Address;
use ble::pdu::advertising::{ADVERTISING_ACCESS_ADDRESS, AdvertisingPdu};
use ble::pdu::extended::ExtendedPdu;
use ble::radio::AirPdu;
use ble::time::{Duration, Instant};
use bletwin_sniffer::{First, Frame, NodeId, Outline, RecordId, View};

use crate::packed::Packed;

/// Requests that are so near to each other may answer the same advertisement.
const TOGETHER: Duration = Duration::from_ms(1);
/// The lowest index of a primary advertising channel.
const PRIMARY: u8 = 37;

/// Where a packet is: session and index.
type At = (usize, u32);

/// A connection, or a request that nothing came of.
struct Entry {
    /// Where its request is.
    request: Option<At>,
    /// Session and number of the link.
    link: Option<(usize, usize)>,
    access_address: u32,
    nodes: [NodeId; 2],
    span: [Instant; 2],
    /// Advertisements that its request needs beside it.
    adverts: Vec<At>,
    /// The piece that it belongs to: that of another entry, or its own.
    piece: usize,
}

impl Packed {
    /// What there is beside the packets of connections.
    #[must_use]
    pub fn outline(&self) -> Outline {
        let mut frames: Vec<Frame> = self.sessions.iter().flat_map(|s| s.adverts()).collect();
        frames.sort_unstable_by_key(|frame| frame.id);
        // Of connections with one access address the last request counts, whoever believes it.
        let mut requests = BTreeMap::new();
        let mut firsts = Vec::new();
        for entry in self.entries() {
            if let Some(id) = entry.request.and_then(|at| self.id(at)) {
                requests.insert(entry.access_address, id);
            }
            let Some((session, link)) = entry.link else { continue };
            let Some(session) = self.sessions.get(session) else { continue };
            let Some(link) = session.links.get(link) else { continue };
            let packets = || link.packets.iter().filter_map(|at| session.packets.get(*at as usize));
            let Some(first) = packets().next() else { continue };
            let first = RecordId(first.found.id.into());
            let begun = requests.get(&entry.access_address).copied().unwrap_or(first);
            for end in link.ends {
                let one = packets().find(|one| one.found.from == end);
                firsts.extend(one.map(|one| First {
                    begun,
                    record: RecordId(one.found.id.into()),
                    at: session.time(one),
                    from: end,
                }));
            }
        }
        firsts.sort_unstable_by_key(|first| first.record);
        Outline { view: View { frames, ..self.view.clone() }, firsts }
    }

    /// All connections, piece by piece: what is found in each is what would be found in the whole.
    /// Hosts' logs are in none of them.
    pub fn pieces(&self) -> impl Iterator<Item = View> + '_ {
        let mut entries = self.entries();
        join(&mut entries);
        let roots: Vec<usize> = (0..entries.len()).map(|n| root(&mut entries, n)).collect();
        let mut pieces: BTreeMap<usize, Vec<Entry>> = BTreeMap::new();
        for (entry, root) in entries.into_iter().zip(roots) {
            pieces.entry(root).or_default().push(entry);
        }
        pieces.into_values().map(|entries| self.piece(&entries))
    }

    fn piece(&self, entries: &[Entry]) -> View {
        let mut frames = BTreeMap::new();
        let mut all = Vec::new();
        for entry in entries {
            for (session, index) in entry.request.iter().chain(&entry.adverts) {
                let frame = self.sessions.get(*session).and_then(|one| one.advert(*index));
                frames.extend(frame.map(|frame| (frame.id, frame)));
            }
            let Some((session, link)) = entry.link else { continue };
            let Some(session) = self.sessions.get(session) else { continue };
            all.extend(session.links.get(link).into_iter().flat_map(|l| session.connection(l)));
        }
        all.extend(frames.into_values());
        all.sort_unstable_by_key(|frame| frame.id);
        View { frames: all, ..self.view.clone() }
    }

    fn id(&self, (session, index): At) -> Option<RecordId> {
        let one = self.sessions.get(session)?.packets.get(index as usize)?;
        Some(RecordId(one.found.id.into()))
    }

    /// All connections and requests, in the order of their beginnings.
    fn entries(&self) -> Vec<Entry> {
        let mut adverts: Vec<(u32, At)> = Vec::new();
        for (number, session) in self.sessions.iter().enumerate() {
            let all = (0..).zip(&session.packets).filter(|(_, one)| {
                one.found.used && one.access_address == ADVERTISING_ACCESS_ADDRESS
            });
            adverts.extend(all.map(|(index, one)| (one.found.id, (number, index))));
        }
        adverts.sort_unstable();
        let (mut entries, mut by_request) = (Vec::new(), BTreeMap::new());
        let mut last: BTreeMap<Address, At> = BTreeMap::new();
        // Requests on secondary channels whose answer comes next.
        let mut asked: Option<usize> = None;
        for (_, at) in adverts {
            let Some(session) = self.sessions.get(at.0) else { continue };
            let Some(one) = session.packets.get(at.1 as usize) else { continue };
            let Some(air) = AirPdu::from_octets(&one.octets) else { continue };
            let secondary = one.channel.is_some_and(|channel| channel < PRIMARY);
            match AdvertisingPdu::parse(&air) {
                Some(
                    AdvertisingPdu::AdvInd { advertiser, .. }
                    | AdvertisingPdu::AdvDirectInd { advertiser, .. },
                ) => {
                    last.insert(advertiser, at);
                }
                Some(AdvertisingPdu::ConnectInd(request)) => {
                    by_request.insert(at, entries.len());
                    asked = secondary.then_some(entries.len());
                    let time = session.time(one);
                    entries.push(Entry {
                        request: Some(at),
                        link: None,
                        access_address: request.access_address,
                        nodes: [one.found.from; 2],
                        span: [time; 2],
                        adverts: last.get(&request.advertiser).copied().into_iter().collect(),
                        piece: 0,
                    });
                }
                Some(_) => {}
                None if ExtendedPdu::parse(&air).is_some() => {
                    if let Some(entry) = asked.take().and_then(|at| entries.get_mut(at)) {
                        entry.adverts.push(at);
                    }
                }
                None => {}
            }
        }
        for (number, session) in self.sessions.iter().enumerate() {
            for (place, link) in session.links.iter().enumerate() {
                let time = |at: Option<&u32>| {
                    let one = session.packets.get(*at? as usize)?;
                    Some(session.time(one))
                };
                let request = link.request.map(|index| (number, index));
                let known = request.and_then(|at| by_request.get(&at)).copied();
                let entry = match known.and_then(|at| entries.get_mut(at)) {
                    Some(entry) => entry,
                    None => {
                        let first = time(link.packets.first()).unwrap_or(Instant::ZERO);
                        entries.push(Entry {
                            request: None,
                            link: None,
                            access_address: link.access_address,
                            nodes: link.ends,
                            span: [first; 2],
                            adverts: Vec::new(),
                            piece: 0,
                        });
                        let Some(entry) = entries.last_mut() else { continue };
                        entry
                    }
                };
                (entry.link, entry.nodes) = (Some((number, place)), link.ends);
                entry.span[1] = time(link.packets.last()).unwrap_or(entry.span[0]);
            }
        }
        entries.sort_by_key(|entry| entry.span[0]);
        entries.iter_mut().enumerate().for_each(|(number, entry)| entry.piece = number);
        entries
    }
}

/// Puts entries that have to do with each other into one piece.
fn join(entries: &mut [Entry]) {
    let peripherals: BTreeSet<NodeId> = entries.iter().map(|entry| entry.nodes[1]).collect();
    let mut addresses: BTreeMap<u32, usize> = BTreeMap::new();
    // With whom each device is, and until when.
    let mut busy: BTreeMap<NodeId, (Instant, usize)> = BTreeMap::new();
    for number in 0..entries.len() {
        let Some(Entry { access_address, nodes, span, link, .. }) = entries.get(number) else {
            continue;
        };
        let (address, nodes, [from, mut until]) = (*access_address, *nodes, *span);
        // A central that waits for an answer in vain waits until nobody knows when.
        if link.is_none() || from == until {
            until = if peripherals.contains(&nodes[0]) { Instant::MAX } else { until };
        }
        if let Some(before) = addresses.insert(address, number) {
            unite(entries, before, number);
        }
        let before = number.checked_sub(1).and_then(|at| entries.get(at)).map(|e| e.span[0]);
        if before.is_some_and(|before| from.since(before) < TOGETHER) {
            unite(entries, number - 1, number);
        }
        for node in nodes {
            let (busy_until, with) = *busy.entry(node).or_insert((until, number));
            if from <= busy_until {
                unite(entries, with, number);
            }
            busy.insert(node, (until.max(busy_until), number));
        }
    }
}

fn root(entries: &mut [Entry], mut number: usize) -> usize {
    while let Some(above) = entries.get(number).map(|entry| entry.piece) {
        if above == number {
            break;
        }
        let higher = entries.get(above).map_or(above, |entry| entry.piece);
        if let Some(entry) = entries.get_mut(number) {
            entry.piece = higher;
        }
        number = above;
    }
    number
}

fn unite(entries: &mut [Entry], one: usize, other: usize) {
    let (one, other) = (root(entries, one), root(entries, other));
    if let Some(entry) = entries.get_mut(one.max(other)) {
        entry.piece = one.min(other);
    }
}

//! One connection: where each packet belongs, what it was encrypted with, and what is missing.

use ble::address::Address;
use ble::crypto::ccm::Direction;
use ble::pdu::advertising::ConnectInd;
use ble::pdu::control::{ConnectionUpdate, ControlPdu};
use ble::pdu::data::DataHeader;
use ble::phy::{Coding, Phy, TxPhy};
use bletwin_sniffer::hop::{algorithm_1, algorithm_2};
use bletwin_sniffer::{Followed, NodeId};

use super::blind::Blind;
use super::place::{Grid, PacketPlace, Sighting, UNIT, US, other};
use super::sequence::Sequence;
use super::summary::{Beginning, Counting, Summary};
use crate::keys::{Encryption, HeardPairing};

/// So many packets outside of all transmit windows are too many.
const MISSED: u32 = 6;
/// For so many packets nothing is looked for again.
const REST: u32 = 8;
/// So far ahead is looked for the anchor points after a transmit window.
const WINDOW_AHEAD: usize = 24;
/// Changes that wait for their instants.
const CHANGES_MAX: usize = 8;
/// An instant this far ahead lies in the past.
const PAST: u16 = 0x7FFF;

/// What takes effect at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Update(ConnectionUpdate),
    Map(u64),
    Phys([Option<Phy>; 2]),
}

/// Transmit windows that come until one is used: start, length, event of the first, and the clock.
#[derive(Clone, Copy, Debug)]
struct Windows {
    grid: Grid,
    size: i64,
    event: u64,
    /// Packets that were in none of them.
    missed: u32,
}

/// Which channel selection algorithm, with what it needs.
#[derive(Clone, Copy, Debug)]
enum Selection {
    First(u8),
    Second,
}

pub(crate) struct FollowedLink {
    pub(crate) summary: Summary,
    pub(crate) ends: [NodeId; 2],
    pub(crate) addresses: Option<[Address; 2]>,
    pub(crate) encryption: Encryption,
    pub(crate) pairing: HeardPairing,
    selection: Option<Selection>,
    map: u64,
    phys: [Phy; 2],
    windows: Option<Windows>,
    grid: Option<Grid>,
    /// Event of the last anchor point of the grid, and of the last packet.
    event: u64,
    current: u64,
    last: Option<(Direction, i64)>,
    timed: Option<Direction>,
    sequence: Sequence,
    changes: Vec<(u64, Change)>,
    /// For so many packets it is not looked ahead.
    rest: u32,
}

impl FollowedLink {
    fn new(access_address: u32, beginning: Beginning, ends: [NodeId; 2]) -> Self {
        Self {
            summary: Summary {
                access_address,
                beginning,
                counting: Counting::FromBeginning,
                packets: 0,
                damaged: 0,
                missing: 0,
                channels: (0, 0),
                directions: (0, 0),
                clock_ppb: 0,
                opened: 0,
                sealed: 0,
            },
            ends,
            addresses: None,
            encryption: Encryption::default(),
            pairing: HeardPairing::default(),
            selection: None,
            map: 0,
            phys: [Phy::Le1M; 2],
            windows: None,
            grid: None,
            event: 0,
            current: 0,
            last: None,
            timed: None,
            sequence: Sequence::default(),
            changes: Vec::new(),
            rest: 0,
        }
    }

    /// Begun by a request that ended at `end`; `secondary`: the PHY of an AUX_CONNECT_REQ.
    pub(crate) fn begun(
        request: &ConnectInd,
        ends: [NodeId; 2],
        end: i64,
        secondary: Option<Phy>,
        ch_sel: Option<bool>,
    ) -> Self {
        let mut link = Self::new(request.access_address, Beginning::Seen, ends);
        let delay = match secondary {
            None => 1,
            Some(Phy::Le1M | Phy::Le2M) => 2,
            Some(Phy::LeCoded) => 3,
        };
        let start = end.saturating_add(UNIT * (delay + i64::from(request.win_offset)));
        let grid = Grid::new(UNIT * i64::from(request.interval.max(1)), start);
        let size = UNIT * i64::from(request.win_size);
        link.windows = Some(Windows { grid, size, event: 0, missed: 0 });
        link.addresses = Some([request.initiator, request.advertiser]);
        link.map = request.channel_map;
        link.phys = [secondary.unwrap_or_default(); 2];
        // Where the advertiser was not heard, the channels of the first events tell.
        link.selection = match (secondary, ch_sel, request.ch_sel) {
            (Some(_), ..) | (None, Some(true), true) => Some(Selection::Second),
            (None, Some(false), _) | (None, _, false) => Some(Selection::First(request.hop)),
            (None, None, true) => None,
        };
        link
    }

    /// Joined in the middle.
    pub(crate) fn joined(access_address: u32, ends: [NodeId; 2]) -> Self {
        let mut link = Self::new(access_address, Beginning::Joined, ends);
        link.summary.counting = Counting::Unknown;
        link
    }

    /// Whether a packet belongs nowhere: the connection may have changed without a word, and what
    /// comes may show when its events begin.
    pub(crate) fn is_lost(&self, seen: &Sighting) -> bool {
        if self.rest > 0 || self.awaits_window() {
            return false;
        }
        self.grid.is_none_or(|grid| grid.puzzles(seen, self.last))
    }

    /// Whether it has a transmit window to be found in, at its beginning or after an update.
    pub(crate) fn awaits_window(&self) -> bool {
        self.windows.is_some() || self.changes.iter().any(|(_, c)| matches!(c, Change::Update(_)))
    }

    /// Who sent the last packet, if times show it.
    pub(crate) const fn timed(&self) -> Option<Direction> {
        self.timed
    }

    /// The PHY on which one end sends.
    pub(crate) fn phy(&self, direction: Option<Direction>) -> TxPhy {
        let direction = direction.or_else(|| self.last.map(|(last, _)| other(last)));
        let direction = direction.unwrap_or(Direction::CentralToPeripheral);
        self.phys.get(direction as usize).copied().unwrap_or_default().sent_with(Coding::S8)
    }

    /// Looks ahead: finds out when events begin, and which they are.
    pub(crate) fn look_ahead<'a>(
        &mut self,
        coming: impl Iterator<Item = (&'a Sighting, Option<u8>, Option<u16>)> + Clone,
    ) {
        let (blind, exact) = Blind::of(coming.clone().map(|(seen, ..)| seen));
        if self.grid.is_some_and(|grid| blind.agrees(&grid, exact)) {
            return;
        }
        // What is never found is not looked for all the time.
        self.rest = REST;
        let Some(mut grid) = blind.grid(exact) else { return };
        if let Some(before) = self.grid {
            grid = grid.with_rate(before.rate());
        }
        let mut told = Vec::new();
        for (seen, channel, hint) in coming.take(512) {
            let events = if seen.at == grid.last { Some(0) } else { grid.fits(seen) };
            told.extend(events.map(|events| (events, channel, hint)));
        }
        // The event before the first anchor point is the last one that is known.
        (self.event, self.summary.counting) = self.number(&told);
        self.current = self.event;
        self.grid = Some(grid);
        self.last = None;
    }

    /// Which event the first of those that are coming is.
    fn number(&mut self, coming: &[(u64, Option<u8>, Option<u16>)]) -> (u64, Counting) {
        let known: Vec<_> = coming.iter().filter_map(|(n, c, _)| Some((*n, (*c)?))).collect();
        let distinct = known.windows(2).filter(|two| two[0].0 != two[1].0).count() + 1;
        if distinct >= 5 && !known.is_empty() {
            let joined = self.selection.is_none();
            let map = if self.map == 0 { ble::pdu::advertising::CHANNEL_MAP_ALL } else { self.map };
            let selection = self.selection.unwrap_or(Selection::Second);
            let span = if joined { 0x1_0000 } else { 0x1000 };
            let fits = |first: &u64| {
                let right = |(n, channel): &(u64, u8)| {
                    self.predict(selection, first + n, map) == Some(*channel)
                };
                known.iter().all(right)
            };
            let from = if joined { 0 } else { self.event };
            let mut found = (from..from + span).filter(fits);
            let (first, second) = (found.next(), found.next());
            if let Some(first) = first.filter(|_| !joined || second.is_none()) {
                self.selection = Some(selection);
                self.map = map;
                return (first, Counting::ByChannels);
            }
        }
        let hints = coming.iter().filter_map(|(n, _, hint)| Some((*n, u64::from((*hint)?))));
        let mut firsts = hints.map(|(n, hint)| hint.wrapping_sub(n) & 0xFFFF);
        if let Some(first) = firsts.next()
            && firsts.all(|other| other == first)
            && coming.len() >= 5
        {
            return (first, Counting::ByHints);
        }
        (0, Counting::Unknown)
    }

    fn predict(&self, selection: Selection, event: u64, map: u64) -> Option<u8> {
        match selection {
            Selection::First(hop) => algorithm_1(hop, event, map),
            Selection::Second => algorithm_2(self.summary.access_address, event as u16, map),
        }
    }

    /// Takes a packet that arrived unharmed: where it belongs.
    /// `coming`: it, and what comes after it.
    pub(crate) fn place<'a>(
        &mut self,
        seen: &Sighting,
        channel: Option<u8>,
        coming: impl Iterator<Item = &'a Sighting>,
    ) -> Followed {
        self.reach(seen);
        let place = self.locate(seen, channel, coming);
        let event = self.event.saturating_add(place.events);
        let skipped = match event.checked_sub(self.current) {
            None | Some(0) => place.missing.min(2),
            Some(events) => {
                let whole = u32::try_from(events - 1).unwrap_or(u32::MAX);
                whole.saturating_add(u32::from(!place.anchor))
            }
        };
        if place.anchor {
            if let Some(grid) = &mut self.grid {
                grid.anchor(seen.at, place.events);
                self.summary.clock_ppb = grid.ppb();
            }
            self.event = event;
        }
        let first = self.summary.packets == 0;
        let joined = first && self.summary.beginning == Beginning::Joined;
        self.current = event;
        self.last = Some((place.direction, seen.end));
        self.summary.packets += 1;
        self.rest = self.rest.saturating_sub(1);
        self.timed = place.sure.then_some(place.direction);
        let agrees = self.hop(event, channel).unwrap_or(place.sure);
        let counted = self.summary.counting != Counting::Unknown && self.grid.is_some();
        Followed {
            direction: place.direction,
            event: (counted && agrees).then_some(event as u16),
            missing: if joined { 0 } else { skipped },
        }
    }

    /// What sequence numbers add to what time has shown.
    pub(crate) fn sequence(&mut self, followed: &mut Followed, header: DataHeader, payload: &[u8]) {
        followed.missing =
            self.sequence.packet(followed.direction, header, payload, followed.missing);
        self.summary.missing = self.summary.missing.saturating_add(followed.missing.into());
    }

    /// Changes whose instants have come.
    fn reach(&mut self, seen: &Sighting) {
        let Some(grid) = self.grid else { return };
        let now = self.event.saturating_add(grid.nearest(seen.at));
        let mut update = None;
        self.changes.retain(|(instant, change)| {
            let due = match change {
                Change::Update(update) => {
                    let start = grid.expected(instant.saturating_sub(self.event))
                        + UNIT * i64::from(update.win_offset);
                    seen.at >= start - grid.tolerance(1, seen.exact)
                }
                Change::Map(_) | Change::Phys(_) => now >= *instant,
            };
            match change {
                _ if !due => {}
                Change::Map(map) => self.map = *map,
                Change::Phys(phys) => {
                    for (phy, new) in self.phys.iter_mut().zip(phys) {
                        *phy = new.unwrap_or(*phy);
                    }
                }
                Change::Update(new) => update = Some((*instant, *new)),
            }
            !due
        });
        if let Some((instant, update)) = update {
            let start = grid.expected(instant.saturating_sub(self.event))
                + UNIT * i64::from(update.win_offset);
            let interval = UNIT * i64::from(update.interval.max(1));
            let grid = Grid::new(interval, start).with_rate(grid.rate());
            let size = UNIT * i64::from(update.win_size);
            self.windows = Some(Windows { grid, size, event: instant, missed: 0 });
            self.grid = None;
        }
    }

    fn locate<'a>(
        &mut self,
        seen: &Sighting,
        channel: Option<u8>,
        coming: impl Iterator<Item = &'a Sighting>,
    ) -> PacketPlace {
        let central = Direction::CentralToPeripheral;
        if let Some(windows) = self.windows {
            let (blind, exact) = Blind::of(coming.take(WINDOW_AHEAD));
            let behind = blind.behind(seen.at, &windows.grid, exact);
            return self.window(&windows, seen, channel, behind);
        }
        let Some(grid) = &mut self.grid else {
            let answer = self.last.filter(|(_, end)| seen.at.saturating_sub(*end) < 400 * US);
            let direction = answer.map_or_else(|| seen.told.unwrap_or(central), |(d, _)| other(d));
            return PacketPlace { direction, events: 0, anchor: false, missing: 0, sure: false };
        };
        if seen.at == grid.last && self.last.is_none() {
            return PacketPlace {
                direction: central,
                events: 0,
                anchor: true,
                missing: 0,
                sure: true,
            };
        }
        grid.place(seen, self.last)
    }

    /// The first packet in a transmit window; `behind`: how far it is behind the anchor points that
    /// follow, if it is.
    fn window(
        &mut self,
        windows: &Windows,
        seen: &Sighting,
        channel: Option<u8>,
        behind: Option<i64>,
    ) -> PacketPlace {
        let (grid, central) = (&windows.grid, Direction::CentralToPeripheral);
        let early = 40 * US + seen.at.saturating_sub(grid.last).max(0) / 1_500;
        let early = if seen.exact { early } else { grid.tolerance(1, false) };
        let since = seen.at.saturating_sub(grid.last).saturating_add(early).max(0);
        let number = u64::try_from(since / grid.span(1).max(1)).unwrap_or(0);
        let late = seen.at.saturating_sub(grid.expected(number));
        let event = windows.event.saturating_add(number);
        let on = |event| self.selection.and_then(|how| self.predict(how, event, self.map));
        let fits = |event| channel.is_none() || on(event).is_none_or(|on| Some(on) == channel);
        let answer = self.last.is_some_and(|(_, end)| seen.at - end < 300 * US);
        let in_window = late <= windows.size + early;
        // An answer in the event before the instant, or to an anchor point that was not heard.
        if answer && !fits(event) || !in_window {
            // Where nothing keeps to the windows, they are not those of this connection.
            self.windows = Some(Windows { missed: windows.missed + 1, ..*windows })
                .filter(|windows| windows.missed < MISSED);
            let direction = match self.last {
                Some((last, _)) if answer => other(last),
                _ => Direction::PeripheralToCentral,
            };
            self.event = event;
            return PacketPlace { direction, events: 0, anchor: false, missing: 1, sure: false };
        }
        self.windows = None;
        let anchor = seen.at.saturating_sub(behind.unwrap_or(0));
        self.grid = Some(Grid::new(grid.interval, anchor).with_rate(grid.rate()));
        self.event = event;
        if behind.is_some() {
            let direction = Direction::PeripheralToCentral;
            return PacketPlace { direction, events: 0, anchor: false, missing: 1, sure: true };
        }
        PacketPlace { direction: central, events: 0, anchor: true, missing: 0, sure: true }
    }

    /// Compares the channel of a packet with its event number, and finds out the algorithm. Whether
    /// they agree; `None`: there is nothing to compare.
    fn hop(&mut self, event: u64, channel: Option<u8>) -> Option<bool> {
        let channel = channel?;
        if self.summary.counting == Counting::Unknown || self.map == 0 {
            return None;
        }
        if self.selection.is_none()
            && self.predict(Selection::Second, event, self.map) == Some(channel)
        {
            self.selection = Some(Selection::Second);
        }
        let selection = self.selection?;
        let right = self.predict(selection, event, self.map) == Some(channel);
        let (same, other) = &mut self.summary.channels;
        *(if right { same } else { other }) += 1;
        Some(right)
    }

    /// Learns from a control PDU of the central that takes effect later.
    pub(crate) fn announce(&mut self, pdu: &ControlPdu) {
        let (instant, change) = match *pdu {
            ControlPdu::ConnectionUpdateInd(update) => (update.instant, Change::Update(update)),
            ControlPdu::ChannelMapInd { channel_map, instant } => {
                (instant, Change::Map(channel_map))
            }
            ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant } => {
                (instant, Change::Phys([c_to_p.single(), p_to_c.single()]))
            }
            _ => return,
        };
        let ahead = instant.wrapping_sub(self.current as u16);
        if self.summary.counting == Counting::Unknown || ahead >= PAST {
            return;
        }
        let change = (self.current.saturating_add(ahead.into()), change);
        if !self.changes.contains(&change) && self.changes.len() < CHANGES_MAX {
            self.changes.push(change);
        }
    }
}

//! Scanning and initiating on the primary advertising channels (Vol 6, Part B, 4.4.3 and 4.4.4).

mod backoff;
pub mod extended;
mod follow;
mod report;

use std::collections::VecDeque;

use ble::address::{Address, AddressKind};
use ble::crypto::address::resolves;
use ble::hci::{CreateConnection, ScanParameters};
use ble::pdu::advertising::{
    ADVERTISING_ACCESS_ADDRESS, ADVERTISING_CRC_INIT, AdvertisingData, AdvertisingPdu, ConnectInd,
};
use ble::pdu::control::FeatureSet;
use ble::pdu::extended::ExtendedPdu;
use ble::phy::{Phy, TxPhy};
use ble::radio::{AfterTransmit, AirPdu, RadioCommand, Receiver, Tuning};
use ble::secret::Secret;
use ble::time::{Duration, Instant};

use super::access;
use super::config::sca;
use super::link::units;
use super::shared::Shared;
use backoff::Backoff;
use extended::ExtendedRequests;
use follow::Follow;
use report::Seen;

/// The shortest listening that is worth it.
const LISTEN_MIN: Duration = Duration::from_us(500);
/// A packet that starts at the end of the window, and its SCAN_REQ and SCAN_RSP.
const EXCHANGE: Duration = Duration::from_us(1_800);
/// Devices in the accept list and in the resolving list.
pub(super) const LIST: usize = 16;

/// The radio operation of the scanner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
enum Busy {
    #[default]
    No,
    Listening,
    /// SCAN_REQ is on its way, to an advertiser of this event type.
    Requested(Address, u8),
    /// CONNECT_IND is on its way.
    Connecting(Box<Connecting>),
    /// Waits for a packet on a secondary channel.
    Following(Box<Follow>),
    /// AUX_CONNECT_REQ is on its way, or has ended then.
    AuxConnecting(Box<Connecting>, Instant),
}

/// A packet as the radio received it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScannedPacket<'a> {
    pub(super) start: Instant,
    pub(super) end: Instant,
    pub(super) pdu: &'a AirPdu,
    pub(super) crc_ok: bool,
    pub(super) rssi: i8,
}

/// What else the device does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    /// Access addresses of its connections.
    pub(super) others: &'a [u32],
    /// When the next of their events needs the radio.
    pub(super) limit: Instant,
}

/// A connection that comes into being when its CONNECT_IND has left.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Connecting {
    pub(super) request: ConnectInd,
    /// Identity of the advertiser, or its address if there is no other.
    pub(super) identity: Address,
    pub(super) csa2: bool,
    /// PHY of an AUX_CONNECT_REQ.
    pub(super) phy: Option<Phy>,
}

impl Connecting {
    /// transmitWindowDelay: 1.25 ms; after AUX_CONNECT_REQ 2.5 ms, on LE Coded 3.75 ms.
    pub(super) fn window_delay(&self) -> Duration {
        // LL-EXT-6: connections of extended advertising.
        units(match self.phy {
            None => 1,
            Some(Phy::Le1M | Phy::Le2M) => 2,
            Some(Phy::LeCoded) => 3,
        })
    }
}

/// A peer whose private addresses are resolved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Resolving {
    pub(super) identity: Address,
    /// All zeros: none.
    pub(super) irk: Secret<16>,
    /// The local IRK towards it.
    pub(super) local_irk: Secret<16>,
    /// Is heard under its identity address too; else it must hide behind private ones.
    pub(super) device_privacy: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Scanner {
    pub(super) parameters: ScanParameters,
    scanning: bool,
    filter_duplicates: bool,
    pub(super) initiating: Option<CreateConnection>,
    pub(super) accept: Vec<Address>,
    pub(super) resolving: Vec<Resolving>,
    pub(super) resolve: bool,
    /// Local private addresses for initiating, by the identity of the peer.
    pub(super) local: Vec<(Address, [u8; 6])>,
    /// Local private address for scanning.
    pub(super) scans_as: Option<[u8; 6]>,
    asked: ExtendedRequests,
    /// A connection that AUX_CONNECT_RSP has made, and the end of its AUX_CONNECT_REQ.
    made: Option<(Instant, Box<Connecting>)>,
    /// Primary PHY that is listened to.
    phy: Phy,
    seen: VecDeque<Seen>,
    backoff: Backoff,
    /// Start of the first scan window.
    start: Instant,
    /// When to listen next.
    next: Instant,
    busy: Busy,
}

impl Default for Scanner {
    fn default() -> Self {
        Self {
            parameters: ScanParameters {
                active: false,
                interval: 0x10,
                window: 0x10,
                own_address_random: false,
                filter: false,
            },
            scanning: false,
            filter_duplicates: false,
            initiating: None,
            accept: Vec::new(),
            resolving: Vec::new(),
            resolve: false,
            local: Vec::new(),
            scans_as: None,
            asked: ExtendedRequests::default(),
            made: None,
            phy: Phy::Le1M,
            seen: VecDeque::new(),
            backoff: Backoff::default(),
            start: Instant::ZERO,
            next: Instant::MAX,
            busy: Busy::No,
        }
    }
}

/// `n` units of 0.625 ms.
const fn slots(n: u16) -> Duration {
    Duration::from_us(625).times(n as u64)
}

impl Scanner {
    pub(super) const fn scanning(&self) -> bool {
        self.scanning
    }

    pub(super) fn wanted(&self) -> bool {
        self.scanning || self.initiating.is_some()
    }

    /// Whether the radio works for the scanner.
    pub(super) fn busy(&self) -> bool {
        self.busy != Busy::No
    }

    pub(super) fn enable(&mut self, now: Instant, on: bool, filter_duplicates: bool) {
        self.scanning = on;
        self.filter_duplicates = filter_duplicates;
        self.seen.clear();
        self.backoff = Backoff::default();
        self.begin(now);
    }

    pub(super) fn initiate(&mut self, now: Instant, request: CreateConnection) {
        self.initiating = Some(request);
        self.asked.connect = None;
        self.begin(now);
    }

    fn begin(&mut self, now: Instant) {
        (self.start, self.next) = (now, now);
    }

    /// The scanner's radio operation is over.
    pub(super) fn release(&mut self) {
        self.busy = Busy::No;
    }

    /// When the radio is wanted.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.wanted().then_some(self.next)
    }

    /// Listens, if it is time to, and no longer than a connection event at `limit` allows.
    pub(super) fn step(&mut self, now: Instant, limit: Instant) -> Option<RadioCommand> {
        if !self.wanted() || self.busy() || now < self.next {
            return None;
        }
        let extended::Window { phy, channel, opened, length, interval } = self.window(now);
        let limit = limit.before(EXCHANGE);
        let until = (opened + length).min(limit);
        if now + LISTEN_MIN > until {
            let again = if now + LISTEN_MIN > limit { limit + EXCHANGE } else { opened + interval };
            self.next = again.max(now + LISTEN_MIN);
            return None;
        }
        self.busy = Busy::Listening;
        self.phy = phy;
        let tuning = Tuning {
            channel,
            access_address: ADVERTISING_ACCESS_ADDRESS,
            crc_init: ADVERTISING_CRC_INIT,
        };
        let receiver = Receiver::any(phy);
        Some(RadioCommand::Receive { from: now, until, tuning, receiver })
    }

    /// The window closed on nothing.
    pub(super) fn missed(&mut self, sh: &mut Shared) {
        match std::mem::take(&mut self.busy) {
            Busy::Requested(..) => self.backoff.done(sh, false),
            Busy::Following(follow) => {
                if follow.asks() {
                    self.backoff.done(sh, false);
                }
                self.give_up(sh, *follow);
            }
            _ => {}
        }
    }

    /// A packet has left: the connection that it made.
    pub(super) fn transmitted(&mut self, end: Instant) -> Option<Connecting> {
        match std::mem::take(&mut self.busy) {
            Busy::Connecting(connecting) => {
                (self.initiating, self.asked.connect) = (None, None);
                Some(*connecting)
            }
            Busy::AuxConnecting(connecting, _) => {
                self.busy = Busy::AuxConnecting(connecting, end);
                None
            }
            other => {
                self.busy = other;
                None
            }
        }
    }

    /// A connection that the packet that has just come has made, and when it began.
    pub(super) const fn made(&mut self) -> Option<(Instant, Box<Connecting>)> {
        self.made.take()
    }

    /// Handles a received packet; returns the reply to it, if any.
    pub(super) fn received(
        &mut self,
        sh: &mut Shared,
        heard: &ScannedPacket<'_>,
        around: &Around<'_>,
    ) -> Option<RadioCommand> {
        let parsed = if heard.crc_ok { AdvertisingPdu::parse(heard.pdu) } else { None };
        match std::mem::take(&mut self.busy) {
            Busy::Requested(asked, kind) => {
                self.scan_answered(sh, parsed, asked, kind, heard.rssi);
                return None;
            }
            Busy::Following(follow) => return self.followed(sh, heard, *follow, around),
            Busy::AuxConnecting(connecting, at) => {
                self.connect_answered(heard, *connecting, at);
                return None;
            }
            Busy::No | Busy::Listening | Busy::Connecting(_) => {}
        }
        let Some(parsed) = parsed else {
            let extended = self.asked.scan.is_some() || self.asked.connect.is_some();
            let pdu = if extended && heard.crc_ok { ExtendedPdu::parse(heard.pdu) } else { None };
            return self.follow(sh, heard, &pdu?, around);
        };
        if advertiser(&parsed).is_some_and(|advertiser| self.must_hide(advertiser)) {
            return None;
        }
        let connect = self.try_to_connect(sh, &parsed, around.others);
        if connect.is_some() || !self.scanning {
            return connect;
        }
        self.scan(sh, parsed, heard.rssi)
    }

    fn scan_answered(
        &mut self,
        sh: &mut Shared,
        parsed: Option<AdvertisingPdu>,
        asked: Address,
        kind: u8,
        rssi: i8,
    ) {
        let answer = match parsed {
            Some(AdvertisingPdu::ScanRsp { advertiser, data }) if advertiser == asked => Some(data),
            _ => None,
        };
        self.backoff.done(sh, answer.is_some());
        if let Some(data) = answer {
            self.report(sh, 4, kind, asked, data, rssi);
        }
    }

    fn scan(&mut self, sh: &mut Shared, pdu: AdvertisingPdu, rssi: i8) -> Option<RadioCommand> {
        let own = self.own_scanning(sh);
        let (kind, advertiser, data) = match pdu {
            AdvertisingPdu::AdvInd { advertiser, data, .. } => (0, advertiser, data),
            AdvertisingPdu::AdvDirectInd { advertiser, target, .. }
                if self.is_meant(target, own) =>
            {
                (1, advertiser, AdvertisingData::new())
            }
            AdvertisingPdu::AdvScanInd { advertiser, data } => (2, advertiser, data),
            AdvertisingPdu::AdvNonconnInd { advertiser, data } => (3, advertiser, data),
            _ => return None,
        };
        if self.parameters.filter && !self.accept.contains(&self.identity(advertiser)) {
            return None;
        }
        self.report(sh, kind, kind, advertiser, data, rssi);
        let scannable = matches!(kind, 0 | 2);
        if !(self.is_active(Phy::Le1M) && scannable && self.backoff.ask()) {
            return None;
        }
        self.busy = Busy::Requested(advertiser, kind);
        Some(reply(
            &AdvertisingPdu::ScanReq { scanner: own, advertiser },
            AfterTransmit::Receive(Receiver::any(Phy::Le1M)),
        ))
    }

    fn try_to_connect(
        &mut self,
        sh: &mut Shared,
        pdu: &AdvertisingPdu,
        others: &[u32],
    ) -> Option<RadioCommand> {
        let request = self.initiating.clone()?;
        let (advertiser, target, ch_sel) = match pdu {
            AdvertisingPdu::AdvInd { advertiser, ch_sel, .. } => (*advertiser, None, *ch_sel),
            AdvertisingPdu::AdvDirectInd { advertiser, target, ch_sel } => {
                (*advertiser, Some(*target), *ch_sel)
            }
            _ => return None,
        };
        let identity = self.identity(advertiser);
        let own = self.own_towards(sh, identity, request.own_address_random);
        if target.is_some_and(|target| !self.is_meant(target, own)) {
            return None;
        }
        let right = match request.peer {
            Some(peer) => peer == advertiser || peer == identity,
            None => self.accept.contains(&identity),
        };
        if !right {
            return None;
        }
        let connect = connect_ind(sh, own, advertiser, &request, others);
        let csa2 = connect.ch_sel && ch_sel;
        let command = reply(&AdvertisingPdu::ConnectInd(connect.clone()), AfterTransmit::Stop);
        let connecting = Connecting { request: connect, identity, csa2, phy: None };
        self.busy = Busy::Connecting(Box::new(connecting));
        Some(command)
    }

    /// Whether an advertiser shows its identity although network privacy is asked of it.
    fn must_hide(&self, advertiser: Address) -> bool {
        // LL-ADV-6: whether private addresses are resolved or not.
        let keyed = |peer: &Resolving| peer.irk != Secret::new([0; 16]);
        let hides =
            |peer: &Resolving| peer.identity == advertiser && !peer.device_privacy && keyed(peer);
        self.resolving.iter().any(hides)
    }

    /// Whether a directed advertisement is for this device: its target is the local address on air,
    /// or a private one of a local key.
    fn is_meant(&self, target: Address, own: Address) -> bool {
        // LL-PRIV-1, LL-PRIV-4: under a private address it does not answer to its identity.
        let mine = |peer: &Resolving| {
            peer.local_irk != Secret::new([0; 16]) && resolves(&peer.local_irk, target)
        };
        target == own || self.resolve && self.resolving.iter().any(mine)
    }

    /// The address under which this device connects to an advertiser: a private one, if there is
    /// one for it.
    fn own_towards(&self, sh: &Shared, identity: Address, random: bool) -> Address {
        // LL-PRIV-3: own address of an initiator.
        let private = self.local.iter().find(|(peer, _)| *peer == identity);
        let private = private.map(|(_, octets)| Address::new(AddressKind::Random, *octets));
        private.unwrap_or_else(|| sh.own_address(random))
    }

    /// The address under which this device scans.
    fn own_scanning(&self, sh: &Shared) -> Address {
        let private = self.scans_as.map(|octets| Address::new(AddressKind::Random, octets));
        private.unwrap_or_else(|| sh.own_address(self.parameters.own_address_random))
    }

    /// The identity of a private address that can be resolved; else the address.
    pub(super) fn identity(&self, address: Address) -> Address {
        if !self.resolve || !address.is_resolvable() {
            return address;
        }
        self.resolving
            .iter()
            .find(|peer| peer.irk != Secret::new([0; 16]) && resolves(&peer.irk, address))
            .map_or(address, |peer| peer.identity)
    }
}

/// AdvA of a legacy advertisement; `None` for other PDUs.
const fn advertiser(pdu: &AdvertisingPdu) -> Option<Address> {
    match pdu {
        AdvertisingPdu::AdvInd { advertiser, .. }
        | AdvertisingPdu::AdvDirectInd { advertiser, .. }
        | AdvertisingPdu::AdvScanInd { advertiser, .. }
        | AdvertisingPdu::AdvNonconnInd { advertiser, .. } => Some(*advertiser),
        _ => None,
    }
}

fn reply(pdu: &AdvertisingPdu, then: AfterTransmit) -> RadioCommand {
    RadioCommand::Reply { phy: TxPhy::Le1M, pdu: pdu.encode(), tag: 0, then }
}

fn connect_ind(
    sh: &mut Shared,
    initiator: Address,
    advertiser: Address,
    request: &CreateConnection,
    others: &[u32],
) -> ConnectInd {
    // LL-CONN-1: the host's values have been checked; the others are drawn in range.
    let interval = request.parameters.interval_max;
    let [c0, c1, c2] = sh.random.octets();
    let hop = sh.config.hop.unwrap_or_else(|| 5 + sh.random.below(12) as u8).clamp(5, 16);
    ConnectInd {
        initiator,
        advertiser,
        access_address: access::draw(&mut sh.random, others),
        crc_init: u32::from_le_bytes([c0, c1, c2, 0]),
        win_size: 2,
        win_offset: sh.random.below(u32::from(interval.min(16)) + 1) as u16,
        interval,
        latency: request.parameters.latency,
        timeout: request.parameters.timeout,
        channel_map: sh.channel_map,
        hop,
        sca: sca(sh.config.sleep_clock_ppm),
        ch_sel: sh.config.ch_sel.unwrap_or_else(|| sh.has(FeatureSet::CSA2)),
    }
}

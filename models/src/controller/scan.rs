//! Scanning and initiating on the primary advertising channels (Vol 6, Part B, 4.4.3 and 4.4.4).

use std::collections::VecDeque;

use firmware_core::address::Address;
use firmware_core::crypto::address::resolves;
use firmware_core::hci::{AdvertisingReport, CreateConnection, Event, ScanParameters};
use firmware_core::pdu::advertising::{
    ADVERTISING_ACCESS_ADDRESS, ADVERTISING_CRC_INIT, AdvertisingData, AdvertisingPdu, ConnectInd,
};
use firmware_core::pdu::control::FeatureSet;
use firmware_core::phy::{Phy, TxPhy};
use firmware_core::radio::{AfterTransmit, AirPdu, RadioCommand, Tuning};
use firmware_core::secret::Secret;
use firmware_core::time::{Duration, Instant};

use super::access;
use super::config::sca;
use super::shared::Shared;

/// The shortest listening that is worth it.
const LISTEN_MIN: Duration = Duration::from_us(500);
/// A packet that starts at the end of the window, and its SCAN_REQ and SCAN_RSP.
const EXCHANGE: Duration = Duration::from_us(1_800);
/// Advertisers remembered to filter duplicates.
const SEEN: usize = 64;
/// Devices in the accept list and in the resolving list.
pub(super) const LIST: usize = 16;
/// Largest backoff.
const BACKOFF_MAX: u32 = 256;

/// What the radio does for the scanner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
enum Busy {
    #[default]
    No,
    Listening,
    /// SCAN_REQ is on its way.
    Requested(Address),
    /// CONNECT_IND is on its way.
    Connecting(Box<Connecting>),
}

/// A connection that comes into being when its CONNECT_IND has left.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Connecting {
    pub(super) request: ConnectInd,
    /// Identity of the advertiser, or its address if there is no other.
    pub(super) identity: Address,
    pub(super) csa2: bool,
}

/// A peer whose private addresses are resolved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Resolving {
    pub(super) identity: Address,
    pub(super) irk: Secret<16>,
    /// Is heard under its identity address too; else it must hide behind private ones.
    pub(super) device_privacy: bool,
}

/// Backoff of active scanners (4.4.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Backoff {
    upper_limit: u32,
    count: u32,
    successes: u8,
    failures: u8,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { upper_limit: 1, count: 1, successes: 0, failures: 0 }
    }
}

impl Backoff {
    /// An advertisement that could be asked: whether to ask now.
    fn ask(&mut self) -> bool {
        self.count = self.count.saturating_sub(1);
        self.count == 0
    }

    fn done(&mut self, sh: &mut Shared, success: bool) {
        if success {
            self.failures = 0;
            self.successes += 1;
            if self.successes == 2 {
                self.successes = 0;
                self.upper_limit = (self.upper_limit / 2).max(1);
            }
        } else {
            self.successes = 0;
            self.failures += 1;
            if self.failures == 2 {
                self.failures = 0;
                self.upper_limit = (self.upper_limit * 2).min(BACKOFF_MAX);
            }
        }
        self.count = sh.random.below(self.upper_limit) + 1;
    }
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
    seen: VecDeque<(Address, u8)>,
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
        self.begin(now);
    }

    fn begin(&mut self, now: Instant) {
        (self.start, self.next) = (now, now);
    }

    /// Whatever the radio did for the scanner is over.
    pub(super) fn release(&mut self) {
        self.busy = Busy::No;
    }

    /// When the radio is wanted.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.wanted().then_some(self.next)
    }

    fn timing(&self) -> (Duration, Duration) {
        let (interval, window) = match &self.initiating {
            Some(request) => (request.scan_interval, request.scan_window),
            None => (self.parameters.interval, self.parameters.window),
        };
        let interval = slots(interval.max(4));
        (interval, Duration::from_ticks(slots(window.max(4)).ticks().min(interval.ticks())))
    }

    /// Listens, if it is time to, and no longer than a connection event at `limit` allows.
    pub(super) fn step(&mut self, now: Instant, limit: Instant) -> Option<RadioCommand> {
        if !self.wanted() || self.busy() || now < self.next {
            return None;
        }
        let (interval, window) = self.timing();
        let number = now.since(self.start).ticks() / interval.ticks();
        let opened = self.start + interval.times(number);
        let limit = limit.before(EXCHANGE);
        let until = (opened + window).min(limit);
        if now + LISTEN_MIN > until {
            let again = if now + LISTEN_MIN > limit { limit + EXCHANGE } else { opened + interval };
            self.next = again.max(now + LISTEN_MIN);
            return None;
        }
        self.busy = Busy::Listening;
        let tuning = Tuning {
            channel: 37 + (number % 3) as u8,
            access_address: ADVERTISING_ACCESS_ADDRESS,
            crc_init: ADVERTISING_CRC_INIT,
        };
        Some(RadioCommand::Receive { from: now, until, tuning, phy: Phy::Le1M })
    }

    /// The window closed on nothing.
    pub(super) fn missed(&mut self, sh: &mut Shared) {
        if let Busy::Requested(_) = self.busy {
            self.backoff.done(sh, false);
        }
        self.release();
    }

    /// A packet has left: the connection that it made.
    pub(super) fn transmitted(&mut self) -> Option<Connecting> {
        match std::mem::take(&mut self.busy) {
            Busy::Connecting(connecting) => {
                self.initiating = None;
                Some(*connecting)
            }
            other => {
                self.busy = other;
                None
            }
        }
    }

    /// A packet has come; gives the reply to it, if there is one.
    pub(super) fn received(
        &mut self,
        sh: &mut Shared,
        pdu: &AirPdu,
        crc_ok: bool,
        rssi: i8,
        others: &[u32],
    ) -> Option<RadioCommand> {
        let was = std::mem::take(&mut self.busy);
        let parsed = if crc_ok { AdvertisingPdu::parse(pdu) } else { None };
        if let Busy::Requested(asked) = was {
            let answered = matches!(&parsed, Some(AdvertisingPdu::ScanRsp { advertiser, .. })
                if *advertiser == asked);
            self.backoff.done(sh, answered);
            if let Some(AdvertisingPdu::ScanRsp { advertiser, data }) = parsed.filter(|_| answered)
            {
                self.report(sh, 4, advertiser, data, rssi);
            }
            return None;
        }
        let parsed = parsed.filter(|pdu| !self.must_hide(pdu))?;
        let connect = self.try_to_connect(sh, &parsed, others);
        if connect.is_some() || !self.scanning {
            return connect;
        }
        self.scan(sh, parsed, rssi)
    }

    fn scan(&mut self, sh: &mut Shared, pdu: AdvertisingPdu, rssi: i8) -> Option<RadioCommand> {
        let own = sh.own_address(self.parameters.own_address_random);
        let (kind, advertiser, data) = match pdu {
            AdvertisingPdu::AdvInd { advertiser, data, .. } => (0, advertiser, data),
            AdvertisingPdu::AdvDirectInd { advertiser, target, .. } if target == own => {
                (1, advertiser, AdvertisingData::new())
            }
            AdvertisingPdu::AdvScanInd { advertiser, data } => (2, advertiser, data),
            AdvertisingPdu::AdvNonconnInd { advertiser, data } => (3, advertiser, data),
            _ => return None,
        };
        if self.parameters.filter && !self.accept.contains(&self.identity(advertiser)) {
            return None;
        }
        self.report(sh, kind, advertiser, data, rssi);
        let scannable = matches!(kind, 0 | 2);
        if !(self.parameters.active && scannable && self.backoff.ask()) {
            return None;
        }
        self.busy = Busy::Requested(advertiser);
        Some(reply(
            &AdvertisingPdu::ScanReq { scanner: own, advertiser },
            AfterTransmit::Receive(Phy::Le1M),
        ))
    }

    fn report(
        &mut self,
        sh: &mut Shared,
        event_type: u8,
        advertiser: Address,
        data: AdvertisingData,
        rssi: i8,
    ) {
        let key = (advertiser, event_type);
        if self.filter_duplicates {
            if self.seen.contains(&key) {
                return;
            }
            if self.seen.len() >= SEEN {
                self.seen.pop_front();
            }
            self.seen.push_back(key);
        }
        let address = self.identity(advertiser);
        sh.event(Event::LeAdvertisingReport(AdvertisingReport {
            event_type,
            address,
            resolved: address != advertiser,
            data,
            rssi,
        }));
    }

    fn try_to_connect(
        &mut self,
        sh: &mut Shared,
        pdu: &AdvertisingPdu,
        others: &[u32],
    ) -> Option<RadioCommand> {
        let request = self.initiating.clone()?;
        let own = sh.own_address(request.own_address_random);
        let (advertiser, ch_sel) = match pdu {
            AdvertisingPdu::AdvInd { advertiser, ch_sel, .. } => (*advertiser, *ch_sel),
            AdvertisingPdu::AdvDirectInd { advertiser, target, ch_sel } if *target == own => {
                (*advertiser, *ch_sel)
            }
            _ => return None,
        };
        let identity = self.identity(advertiser);
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
        self.busy = Busy::Connecting(Box::new(Connecting { request: connect, identity, csa2 }));
        Some(command)
    }

    /// Whether an advertiser shows its identity although network privacy is asked of it.
    fn must_hide(&self, pdu: &AdvertisingPdu) -> bool {
        let (AdvertisingPdu::AdvInd { advertiser, .. }
        | AdvertisingPdu::AdvDirectInd { advertiser, .. }
        | AdvertisingPdu::AdvScanInd { advertiser, .. }
        | AdvertisingPdu::AdvNonconnInd { advertiser, .. }) = pdu
        else {
            return false;
        };
        let hides = |peer: &Resolving| peer.identity == *advertiser && !peer.device_privacy;
        self.resolve && self.resolving.iter().any(hides)
    }

    /// The identity of a private address that can be resolved; else the address.
    pub(super) fn identity(&self, address: Address) -> Address {
        if !self.resolve || !address.is_resolvable() {
            return address;
        }
        self.resolving
            .iter()
            .find(|peer| resolves(&peer.irk, address))
            .map_or(address, |peer| peer.identity)
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
        ch_sel: sh.has(FeatureSet::CSA2),
    }
}

//! Legacy advertising events (Vol 6, Part B, 4.4.2).

use super::accept::{AcceptList, Peer};
use super::message::Advertising;
use super::operation::T_IFS;
use super::schedule::PREPARE_LEAD;
use ble::address::Address;
use ble::error::PeerMisbehaved;
use ble::hci::{AdvertisingType, FilterPolicy};
use ble::pdu::advertising::{
    ADVERTISING_ACCESS_ADDRESS, ADVERTISING_CRC_INIT, AdvertisingPdu, ConnectInd,
};
use ble::phy::{Phy, TxPhy};
use ble::radio::{AfterTransmit, AirPdu, RadioCommand, Receiver, Tuning};
use ble::random::Stream;
use ble::time::{Duration, Instant};

/// Unit of advInterval.
const UNIT: Duration = Duration::from_us(625);
/// Shortest advInterval, in its unit.
const INTERVAL_MIN: u16 = 0x20;
/// Most of advDelay, in microseconds.
// LL-ADV-2: random delay.
const ADV_DELAY_US: u32 = 10_000;
/// High duty cycle: from one ADV_DIRECT_IND to the next on the same channel.
// LL-ADV-3: high duty cycle.
const HIGH_DUTY_INTERVAL: Duration = Duration::from_us(3_750);
/// High duty cycle: how long at all.
const HIGH_DUTY_LIMIT: Duration = Duration::from_ms(1_280);
/// From the end of one channel's turn to the next PDU, for tuning. The specification allows 10 ms
/// from PDU to PDU; high duty cycle allows less than 0.6 ms.
// LL-ADV-1: far below 10 ms.
const CHANNEL_GAP: Duration = Duration::from_us(300);
/// CONNECT_IND, and the longest SCAN_RSP.
const REQUEST_AND_RESPONSE: Duration =
    Duration::from_us(TxPhy::Le1M.air_time_us(34) as u64 + TxPhy::Le1M.air_time_us(37) as u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Off,
    /// A connection was made in the event that started then; refused by `Control`, it gives way to
    /// advertising again.
    Suspended(Instant),
    /// Until the event that starts then.
    Waiting(Instant),
    /// An event is under way, with these channels still to come (bit 0 = channel 37).
    Running {
        started: Instant,
        left: u8,
    },
}

/// What an advertiser makes of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    /// Nothing for it.
    Nothing,
    /// A SCAN_REQ to answer.
    Reply(RadioCommand),
    /// A SCAN_REQ from a private address that must be resolved first.
    Unresolved(Address),
    /// A CONNECT_IND that breaks the rules.
    Misbehaved(PeerMisbehaved),
    /// A CONNECT_IND to accept.
    Connect { request: ConnectInd, identity: Option<Address>, provisional: bool },
}

/// Legacy advertising: its parameters and the state of its events.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Advertiser {
    csa2: bool,
    random: Stream,
    what: Option<Advertising>,
    stage: Stage,
    /// When high duty cycle advertising ends.
    until: Option<Instant>,
}

impl Advertiser {
    pub(super) const fn new(csa2: bool, random: Stream) -> Self {
        Self { csa2, random, what: None, stage: Stage::Off, until: None }
    }

    /// Advertising that continues with new data or under another address keeps the times of its
    /// events; an event under way ends. No event begins while `Control` decides on a connection.
    /// Returns whether the latest radio command is void.
    pub(super) fn start(&mut self, now: Instant, what: Advertising) -> bool {
        let goes_on = |before: &Advertising| {
            let same = before.kind == what.kind && before.channel_map == what.channel_map;
            same && before.interval == what.interval
        };
        if !matches!(self.stage, Stage::Off) && self.what.as_ref().is_some_and(goes_on) {
            // LL-ADV-2: an event that has not begun is not left out; one for which it is too late
            // to be prepared anew ends after its first PDU.
            let void = match &mut self.stage {
                Stage::Running { started, .. } if *started > now + CHANNEL_GAP => {
                    self.stage = Stage::Waiting(*started);
                    true
                }
                Stage::Running { started, left } if *started > now => {
                    *left = 0;
                    false
                }
                Stage::Running { .. } => {
                    self.end_event();
                    true
                }
                _ => false,
            };
            self.what = Some(what);
            return void;
        }
        let first = now + PREPARE_LEAD + self.place(&what);
        let high_duty = what.kind == AdvertisingType::DirectedHighDuty;
        self.until = high_duty.then_some(first + HIGH_DUTY_LIMIT);
        self.what = Some(what);
        self.stage = Stage::Waiting(first);
        true
    }

    /// Delay of the first event. Under a private address it is anywhere within an interval: an
    /// event at the time that the previous address would have used, or always immediately, would
    /// link the two addresses.
    // GAP-RPA-2: private addresses change.
    fn place(&mut self, what: &Advertising) -> Duration {
        if !what.own.is_resolvable() || what.kind == AdvertisingType::DirectedHighDuty {
            return Duration::ZERO;
        }
        let interval = UNIT.times(u64::from(what.interval.max(INTERVAL_MIN)));
        let us = u32::try_from(interval.as_us()).unwrap_or(u32::MAX);
        Duration::from_us(u64::from(self.random.below(us)))
    }

    pub(super) fn stop(&mut self) {
        self.what = None;
        self.until = None;
        self.stage = Stage::Off;
    }

    /// Ends because of a connection, unless that is refused.
    pub(super) const fn connected(&mut self) {
        if let Stage::Running { started, .. } | Stage::Waiting(started) = self.stage {
            self.stage = Stage::Suspended(started);
        }
    }

    /// Continues after a connection was refused: the event of its CONNECT_IND is over, and the next
    /// keeps its time.
    pub(super) fn resume(&mut self) {
        if let Stage::Suspended(started) = self.stage {
            // LL-ADV-2: random delay.
            self.stage = Stage::Waiting(started);
            self.end_event();
        }
    }

    /// When the next event starts, unless one is under way.
    pub(super) const fn next_event(&self) -> Option<Instant> {
        match self.stage {
            Stage::Waiting(at) => Some(at),
            _ => None,
        }
    }

    /// When high duty cycle advertising must end, unless an event is under way.
    pub(super) fn timeout(&self) -> Option<Instant> {
        self.until.filter(|_| matches!(self.stage, Stage::Waiting(_)))
    }

    pub(super) fn has_timed_out(&self, now: Instant) -> bool {
        self.timeout().is_some_and(|until| until <= now)
    }

    /// Begins the event that waits. `None` if it would reach beyond `limit`: it is left out.
    pub(super) fn begin(&mut self, now: Instant, limit: Instant) -> Option<RadioCommand> {
        let at = self.next_event()?.max(now + CHANNEL_GAP);
        let map = self.what.as_ref()?.channel_map & 0b111;
        self.stage = Stage::Running { started: at, left: if map == 0 { 0b111 } else { map } };
        self.transmit(at, limit)
    }

    /// The PDU on the next channel of the event, or `None`: the event is over.
    pub(super) fn next_channel(&mut self, now: Instant, limit: Instant) -> Option<RadioCommand> {
        self.transmit(now + CHANNEL_GAP, limit)
    }

    /// Ends the event under way or skips the waiting one, and plans the next.
    pub(super) fn end_event(&mut self) {
        let (Stage::Running { started, .. } | Stage::Waiting(started)) = self.stage else {
            return;
        };
        let Some(what) = &self.what else {
            return;
        };
        let interval = if what.kind == AdvertisingType::DirectedHighDuty {
            HIGH_DUTY_INTERVAL
        } else {
            let delay = self.random.below(ADV_DELAY_US.saturating_add(1));
            UNIT.times(u64::from(what.interval.max(INTERVAL_MIN)))
                + Duration::from_us(u64::from(delay))
        };
        self.stage = Stage::Waiting(started + interval);
    }

    fn transmit(&mut self, at: Instant, limit: Instant) -> Option<RadioCommand> {
        let Stage::Running { started, left } = self.stage else {
            return None;
        };
        let what = self.what.as_ref()?;
        let (pdu, then) = pdu_of(what, self.csa2);
        let mut end = at + TxPhy::Le1M.air_time(pdu.payload_len());
        if then != AfterTransmit::Stop {
            end = end + T_IFS.times(2) + REQUEST_AND_RESPONSE;
        }
        if left == 0 || end > limit {
            self.end_event();
            return None;
        }
        let lowest = u8::try_from(left.trailing_zeros()).unwrap_or(0);
        self.stage = Stage::Running { started, left: left & left.wrapping_sub(1) };
        Some(RadioCommand::Transmit {
            at,
            tuning: Tuning {
                channel: lowest.saturating_add(37),
                access_address: ADVERTISING_ACCESS_ADDRESS,
                crc_init: ADVERTISING_CRC_INIT,
            },
            phy: TxPhy::Le1M,
            pdu,
            tag: 0,
            then,
        })
    }

    /// Judges a packet with a right CRC.
    pub(super) fn hear(&self, pdu: &AirPdu, accept: &AcceptList) -> Reaction {
        let (Some(what), Some(pdu)) = (&self.what, AdvertisingPdu::parse(pdu)) else {
            return Reaction::Nothing;
        };
        match pdu {
            // LL-ADV-4: addresses differ if their types do.
            AdvertisingPdu::ScanReq { scanner, advertiser } if advertiser == what.own => {
                answer_scan(what, scanner, accept)
            }
            AdvertisingPdu::ConnectInd(request) if request.advertiser == what.own => {
                judge_connect(what, request, accept)
            }
            _ => Reaction::Nothing,
        }
    }
}

fn pdu_of(what: &Advertising, ch_sel: bool) -> (AirPdu, AfterTransmit) {
    let (advertiser, data) = (what.own, what.data.clone());
    let listen = AfterTransmit::Receive(Receiver::any(Phy::Le1M));
    let (pdu, then) = match what.kind {
        AdvertisingType::ConnectableUndirected => {
            (AdvertisingPdu::AdvInd { advertiser, data, ch_sel }, listen)
        }
        AdvertisingType::DirectedHighDuty | AdvertisingType::DirectedLowDuty => {
            // LL-PRIV-1: target of directed advertising.
            let target = what.target_shown.unwrap_or(what.target);
            (AdvertisingPdu::AdvDirectInd { advertiser, target, ch_sel }, listen)
        }
        AdvertisingType::ScannableUndirected => {
            (AdvertisingPdu::AdvScanInd { advertiser, data }, listen)
        }
        AdvertisingType::NonConnectable => {
            (AdvertisingPdu::AdvNonconnInd { advertiser, data }, AfterTransmit::Stop)
        }
    };
    (pdu.encode(), then)
}

fn answer_scan(what: &Advertising, scanner: Address, accept: &AcceptList) -> Reaction {
    let scannable = matches!(
        what.kind,
        AdvertisingType::ConnectableUndirected | AdvertisingType::ScannableUndirected
    );
    // LL-ADV-6: as if it had not been heard.
    if !scannable || accept.ignores(scanner) {
        return Reaction::Nothing;
    }
    if matches!(what.filter, FilterPolicy::ScanFromList | FilterPolicy::BothFromList) {
        match accept.identify(scanner, what.resolve) {
            Peer::Known { address, identity } if accept.contains(identity.unwrap_or(address)) => {}
            Peer::Known { .. } | Peer::Stranger => return Reaction::Nothing,
            Peer::Unresolved => return Reaction::Unresolved(scanner),
        }
    }
    let data = what.scan_response.clone();
    Reaction::Reply(RadioCommand::Reply {
        phy: TxPhy::Le1M,
        pdu: AdvertisingPdu::ScanRsp { advertiser: what.own, data }.encode(),
        tag: 0,
        then: AfterTransmit::Stop,
    })
}

fn judge_connect(what: &Advertising, request: ConnectInd, accept: &AcceptList) -> Reaction {
    let directed = match what.kind {
        AdvertisingType::ConnectableUndirected => false,
        AdvertisingType::DirectedHighDuty | AdvertisingType::DirectedLowDuty => true,
        AdvertisingType::ScannableUndirected | AdvertisingType::NonConnectable => {
            return Reaction::Nothing;
        }
    };
    // LL-ADV-6: network privacy.
    if accept.ignores(request.initiator) {
        return Reaction::Nothing;
    }
    // Directed advertising is filtered by its target.
    let filtered = directed
        || matches!(what.filter, FilterPolicy::ConnectFromList | FilterPolicy::BothFromList);
    let welcome = |device: Address| match directed {
        true => device == what.target,
        false => !filtered || accept.contains(device),
    };
    let (identity, provisional) = match accept.identify(request.initiator, what.resolve) {
        Peer::Known { address, identity } if welcome(identity.unwrap_or(address)) => {
            (identity, false)
        }
        // The target may be given as the private address that it uses on air.
        _ if directed && request.initiator == what.target => (None, false),
        Peer::Unresolved => (None, filtered),
        Peer::Stranger if !filtered => (None, false),
        Peer::Known { .. } | Peer::Stranger => return Reaction::Nothing,
    };
    // LL-CONN-1: a legacy PDU does not tell whether its sender has LE Coded.
    if !request.is_valid(false) {
        return Reaction::Misbehaved(PeerMisbehaved::InvalidConnectInd);
    }
    Reaction::Connect { request, identity, provisional }
}

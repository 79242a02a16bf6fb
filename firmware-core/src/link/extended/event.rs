//! What radio events and the passing of time do to an advertising set.

use super::layout::CHANNEL_GAP;
use super::{AdvertisingSet, Neighbours, SetReport, Stage, Upcoming};
use crate::link::operation::{Operation, T_IFS};
use crate::link::schedule::PREPARE_LEAD;
use ble::address::Address;
use ble::error::ErrorCode;
use ble::hci::FilterPolicy;
use ble::pdu::advertising::{
    ADVERTISING_ACCESS_ADDRESS, ADVERTISING_CRC_INIT, AdvertisingPdu, ConnectInd,
};
use ble::pdu::extended::{AdvMode, ExtendedPdu};
use ble::phy::{Phy, TxPhy};
use ble::radio::{AfterTransmit, AirPdu, RadioCommand, RadioEvent, Receiver, Tuning};
use ble::time::{Duration, Instant};

/// Unit of advInterval.
const UNIT: Duration = Duration::from_us(625);
/// Shortest advInterval, in its unit.
const INTERVAL_MIN: u32 = 0x20;
/// Most of advDelay, in microseconds.
const ADV_DELAY_US: u32 = 10_000;

const fn tuning(channel: u8) -> Tuning {
    Tuning { channel, access_address: ADVERTISING_ACCESS_ADDRESS, crc_init: ADVERTISING_CRC_INIT }
}

impl<const DATA: usize> AdvertisingSet<DATA> {
    /// Takes an event of the radio; one that does not belong to the operation under way is ignored.
    pub fn radio(&mut self, now: Instant, event: RadioEvent, neighbours: &impl Neighbours) {
        if !self.operation.expects(now, &event) {
            return;
        }
        self.operation.advance(&event);
        match event {
            RadioEvent::Transmitted { .. } if self.operation == Operation::Idle => self.go_on(now),
            RadioEvent::Transmitted { .. } => {}
            RadioEvent::Received { end, pdu, crc_ok: true, .. } => {
                match self.hear(&pdu, end, neighbours) {
                    Some(reply) => self.issue(now, reply),
                    None => self.end_event(),
                }
            }
            RadioEvent::Received { .. } | RadioEvent::Missed { .. } => self.end_event(),
        }
    }

    /// Begins what is due, and gives up operations that the radio has not completed.
    pub fn timer(&mut self, now: Instant) {
        if self.operation.overdue().is_some_and(|overdue| overdue <= now) {
            self.operation = Operation::Idle;
            self.command = Some(RadioCommand::Stop);
            self.accepted = None;
            self.end_event();
        }
        let Stage::Waiting(at) = self.stage else {
            return;
        };
        if self.until.is_some_and(|until| until <= now) {
            self.end(ErrorCode::ADVERTISING_TIMEOUT);
        } else if at.before(PREPARE_LEAD) <= now {
            self.begin(now, at);
        }
    }

    fn begin(&mut self, now: Instant, at: Instant) {
        let started = at.max(now + CHANNEL_GAP);
        let map = self.what.channel_map & 0b111;
        let left = if map == 0 { 0b111 } else { map };
        let aux = self.auxiliary_of(started, left.count_ones());
        self.stage = Stage::Primary { started, left, at: started, aux };
        self.go_on(now);
    }

    /// The next PDU of the event, or its end.
    fn go_on(&mut self, now: Instant) {
        match self.stage {
            Stage::Primary { started, left: 0, aux, .. } => self.send_auxiliary(now, started, &aux),
            Stage::Primary { started, left, at, aux } => {
                // LL-ADV-1: each once; here in ascending order.
                let channel = u8::try_from(left.trailing_zeros()).unwrap_or(0).saturating_add(37);
                let left = left & left.wrapping_sub(1);
                let pdu = self.adv_ext_ind(self.pointer(at, &aux)).encode();
                let next = at + self.primary_step();
                self.stage = Stage::Primary { started, left, at: next, aux };
                self.transmit(now, at, channel, self.what.primary, pdu, AfterTransmit::Stop);
            }
            Stage::Auxiliary { started, next: Some(next) } => {
                self.send_auxiliary(now, started, &next);
            }
            Stage::Auxiliary { .. } => match self.accepted.take() {
                Some((request, identity, at)) => {
                    let phy = self.what.secondary.phy();
                    self.count();
                    self.stage = Stage::Off;
                    self.push_report(SetReport::Connected { request, identity, phy, at });
                }
                None => self.end_event(),
            },
            Stage::Off | Stage::Waiting(_) => {}
        }
    }

    fn send_auxiliary(&mut self, now: Instant, started: Instant, due: &Upcoming) {
        let Some((pdu, next)) = self.auxiliary(due) else {
            return self.end_event();
        };
        let asks = due.sent.is_none() && self.what.mode != AdvMode::None;
        let phy = self.what.secondary;
        let answer = AfterTransmit::Receive(Receiver::any(phy.phy()));
        let then = if asks { answer } else { AfterTransmit::Stop };
        self.stage = Stage::Auxiliary { started, next };
        self.transmit(now, due.at, due.channel, phy, Some(pdu), then);
    }

    fn transmit(
        &mut self,
        now: Instant,
        at: Instant,
        channel: u8,
        phy: TxPhy,
        pdu: Option<AirPdu>,
        then: AfterTransmit,
    ) {
        // No PDU without data is too long.
        let Some(pdu) = pdu else {
            return self.end_event();
        };
        let tuning = tuning(channel);
        self.issue(now, RadioCommand::Transmit { at, tuning, phy, pdu, tag: 0, then });
    }

    fn issue(&mut self, now: Instant, command: RadioCommand) {
        self.operation = Operation::of(now, &command);
        self.command = Some(command);
    }

    /// The answer to a request with a right CRC.
    fn hear(&mut self, pdu: &AirPdu, end: Instant, all: &impl Neighbours) -> Option<RadioCommand> {
        let own = self.what.own;
        let (pdu, next) = match (self.what.mode, AdvertisingPdu::parse(pdu)?) {
            // LL-EXT-3: addresses differ if their types do.
            (AdvMode::Scannable, AdvertisingPdu::ScanReq { scanner, advertiser })
                if advertiser == own =>
            {
                let identity = self.welcome(scanner, all, scans_from_list(self.what.filter))?;
                self.push_report(SetReport::ScanRequested { scanner, identity });
                self.fill(self.aux_scan_rsp(), 0, end + T_IFS)?
            }
            (AdvMode::Connectable, AdvertisingPdu::ConnectInd(request))
                if request.advertiser == own && all.has_room() =>
            {
                let initiator = request.initiator;
                let identity =
                    self.welcome(initiator, all, connects_from_list(self.what.filter))?;
                let response = aux_connect_rsp(&request).encode()?;
                // LL-CONN-1: who asks on LE Coded has it.
                let coded = self.what.secondary.phy() == Phy::LeCoded;
                self.accepted =
                    Some((request, identity, end)).filter(|(request, ..)| request.is_valid(coded));
                self.accepted.as_ref()?;
                (response, None)
            }
            _ => return None,
        };
        if let Stage::Auxiliary { next: place, .. } = &mut self.stage {
            *place = next;
        }
        let (phy, then) = (self.what.secondary, AfterTransmit::Stop);
        Some(RadioCommand::Reply { phy, pdu, tag: 0, then })
    }

    /// Whether a peer may ask: `Some` with its identity, if that is known.
    fn welcome(
        &self,
        peer: Address,
        all: &impl Neighbours,
        from_list: bool,
    ) -> Option<Option<Address>> {
        let who = all.who(peer);
        let target = |target: Address| target == who.identity.unwrap_or(peer) || target == peer;
        let right = match self.what.target {
            Some(wanted) => target(wanted),
            None => who.listed || !from_list,
        };
        // LL-ADV-5: filter accept list.
        // LL-ADV-6: network privacy.
        (right && !who.hides).then_some(who.identity)
    }

    fn count(&mut self) {
        self.completed = self.completed.saturating_add(1);
    }

    /// The event is over; plans the next.
    fn end_event(&mut self) {
        let Some(started) = self.started() else {
            return;
        };
        self.count();
        if self.events > 0 && self.completed >= self.events {
            return self.end(ErrorCode::LIMIT_REACHED);
        }
        // LL-EXT-4: interval of extended advertising.
        let delay = self.random.below(ADV_DELAY_US.saturating_add(1));
        let interval = UNIT.times(u64::from(self.what.interval.max(INTERVAL_MIN)));
        self.stage = Stage::Waiting(started + interval + Duration::from_us(u64::from(delay)));
    }

    /// Aborts the event under way, if there is one. One that is prepared but has not begun keeps
    /// its time.
    pub(super) fn give_up_event(&mut self, now: Instant) {
        self.accepted = None;
        if self.operation != Operation::Idle {
            self.operation = Operation::Idle;
            self.command = Some(RadioCommand::Stop);
        }
        match self.stage {
            // LL-EXT-4: interval of extended advertising.
            Stage::Primary { started, .. } if started > now => {
                self.stage = Stage::Waiting(started);
            }
            Stage::Primary { .. } | Stage::Auxiliary { .. } => self.end_event(),
            Stage::Off | Stage::Waiting(_) => {}
        }
    }
}

const fn scans_from_list(filter: FilterPolicy) -> bool {
    matches!(filter, FilterPolicy::ScanFromList | FilterPolicy::BothFromList)
}

const fn connects_from_list(filter: FilterPolicy) -> bool {
    matches!(filter, FilterPolicy::ConnectFromList | FilterPolicy::BothFromList)
}

fn aux_connect_rsp(request: &ConnectInd) -> ExtendedPdu {
    ExtendedPdu {
        connect_rsp: true,
        advertiser: Some(request.advertiser),
        target: Some(request.initiator),
        ..ExtendedPdu::default()
    }
}

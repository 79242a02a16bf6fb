//! Connection update (Vol 6, Part B, 5.1.1) and connection parameters request (5.1.7).

use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{ConnectionParameters, Event};
use ble::pdu::control::{ConnectionParam, ConnectionUpdate, ControlPdu, FeatureSet, Opcode};
use ble::phy::Phy;
use ble::time::Duration;
use ble::trace::Procedure;

use super::{Announcement, ProcedureRow, Step, features};
use crate::controller::config::ControllerConfig;
use crate::controller::link::{Link, units};
use crate::controller::shared::Shared;

const FEATURE: FeatureSet = FeatureSet::CONNECTION_PARAMETERS_REQUEST;

pub(super) const UPDATE: ProcedureRow = ProcedureRow {
    starts_with: Some(Opcode::CONNECTION_UPDATE_IND),
    centrals: &[Opcode::CONNECTION_UPDATE_IND],
    has_instant: true,
    report: Some(report),
    ..ProcedureRow::NONE
};

/// Without the feature, the parameters are changed by [`UPDATE`].
pub(super) const REQUEST: ProcedureRow = ProcedureRow {
    starts_with: Some(Opcode::CONNECTION_PARAM_REQ),
    requests: &[(Opcode::CONNECTION_PARAM_REQ, FEATURE)],
    answers: &[(Opcode::CONNECTION_PARAM_RSP, FEATURE)],
    has_instant: true,
    report: Some(report),
    ..ProcedureRow::NONE
};

/// From the start of the transmit window of a connection update to the packet: inside the window
/// of 2.5 ms whichever way the clocks err.
const WINDOW_POSITION: Duration = Duration::from_us(1_000);

const NO_OFFSET: u16 = 0xFFFF;

/// Interval, latency and supervision timeout in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::controller) struct Parameters {
    /// Units of 1.25 ms.
    pub(in crate::controller) interval: u16,
    /// Connection events that the peripheral may skip in a row, 0–499.
    pub(in crate::controller) latency: u16,
    /// Units of 10 ms.
    pub(in crate::controller) timeout: u16,
}

impl Parameters {
    pub(in crate::controller) fn interval(self) -> Duration {
        units(self.interval)
    }

    pub(in crate::controller) fn timeout(self) -> Duration {
        Duration::from_ms(10).times(u64::from(self.timeout))
    }

    /// As a host would ask for them.
    pub(in crate::controller) const fn as_wanted(self) -> ConnectionParameters {
        ConnectionParameters {
            interval_min: self.interval,
            interval_max: self.interval,
            latency: self.latency,
            timeout: self.timeout,
        }
    }
}

/// Where a peer wants its anchor points after a connection update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::controller) struct Wish {
    /// connEventCount of the event that it counts from.
    reference: u16,
    /// Units of 1.25 ms from that event.
    offset: u16,
}

/// Whether the link layer can run with these values (Vol 6, Part B, 4.5.1, 4.5.2; LL-CTRL-4).
pub(in crate::controller) const fn in_range(p: &ConnectionParameters) -> bool {
    let needed = (p.latency as u64 + 1) * p.interval_max as u64 * 2;
    p.interval_min >= 6
        && p.interval_min <= p.interval_max
        && p.interval_max <= 3200
        && p.latency <= 499
        && p.timeout >= 10
        && p.timeout <= 3200
        && p.timeout as u64 * 8 > needed
}

const fn asked(p: &ConnectionParam) -> ConnectionParameters {
    ConnectionParameters {
        interval_min: p.interval_min,
        interval_max: p.interval_max,
        latency: p.latency,
        timeout: p.timeout,
    }
}

/// The longest interval that is wanted, where a periodicity is preferred the longest multiple of
/// it, but none below `least`. `None`: there is no such interval.
fn choose_interval(p: &ConnectionParameters, periodicity: u8, least: u16) -> Option<u16> {
    let shortest = p.interval_min.max(least);
    let multiple = p.interval_max.checked_rem(u16::from(periodicity));
    let multiple = multiple.map(|beyond| p.interval_max - beyond).filter(|m| *m >= shortest);
    multiple.or(Some(p.interval_max)).filter(|interval| *interval >= shortest)
}

/// Positions of anchor points that a peer has asked for: 0xFFFF means none.
fn offsets_in_range(p: &ConnectionParam) -> bool {
    let in_range = |offset: &u16| *offset == NO_OFFSET || *offset <= p.interval_max;
    u16::from(p.preferred_periodicity) <= p.interval_max && p.offsets.iter().all(in_range)
}

/// LL_CONNECTION_UPDATE_IND, and where `peer` wants the anchor points that come of it, if it does.
/// `None`: no interval will do.
fn update(
    link: &Link,
    sh: &Shared,
    p: &ConnectionParameters,
    peer: Option<&ConnectionParam>,
) -> Option<(ControlPdu, Option<Wish>)> {
    let coded = link.phys.tx() == Phy::LeCoded || link.phys.rx() == Phy::LeCoded;
    let least = if coded && sh.has(FeatureSet::DATA_LENGTH_EXTENSION) {
        link.lengths.least_coded_interval()
    } else {
        6
    };
    let periodicity = peer.map_or(0, |peer| peer.preferred_periodicity);
    let interval = choose_interval(p, periodicity, least)?;
    let wish = peer.and_then(|peer| {
        let offset = *peer.offsets.iter().find(|offset| **offset < interval)?;
        Some(Wish { reference: peer.reference_conn_event_count, offset })
    });
    let (latency, timeout) = (p.latency, p.timeout);
    let (win_size, win_offset, instant) = (2, 0, 0);
    let update = ConnectionUpdate { win_size, win_offset, interval, latency, timeout, instant };
    Some((ControlPdu::ConnectionUpdateInd(update), wish))
}

/// LL_CONNECTION_PARAM_REQ without a wish for the anchor point.
const fn request(link: &Link, wanted: ConnectionParameters) -> ControlPdu {
    ControlPdu::ConnectionParamReq(ConnectionParam {
        interval_min: wanted.interval_min,
        interval_max: wanted.interval_max,
        latency: wanted.latency,
        timeout: wanted.timeout,
        preferred_periodicity: 0,
        reference_conn_event_count: link.counter,
        offsets: [NO_OFFSET; 6],
    })
}

/// The procedure that this central has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::controller) enum Local {
    /// By LL_CONNECTION_PARAM_REQ, where the peripheral may know it: its answer is awaited.
    Asked(ConnectionParameters),
    /// By LL_CONNECTION_UPDATE_IND alone.
    Wanted(ConnectionParameters),
    /// LL_CONNECTION_UPDATE_IND is queued or sent.
    Instant {
        /// The peripheral has been asked before.
        asked: bool,
    },
}

impl Local {
    /// As a controller of this kind changes parameters.
    pub(in crate::controller) const fn wanted(
        wanted: ConnectionParameters,
        config: &ControllerConfig,
    ) -> Self {
        if config.request_parameters { Self::Asked(wanted) } else { Self::Wanted(wanted) }
    }

    pub(super) const fn procedure(self) -> Procedure {
        match self {
            Self::Asked(_) | Self::Instant { asked: true } => {
                Procedure::ConnectionParametersRequest
            }
            Self::Wanted(_) | Self::Instant { asked: false } => Procedure::ConnectionUpdate,
        }
    }

    /// # Errors
    /// No interval will do.
    pub(super) fn start(
        self,
        link: &mut Link,
        sh: &mut Shared,
    ) -> Result<(Self, ControlPdu), ErrorCode> {
        match self {
            Self::Asked(wanted) if sh.has(FEATURE) && !link.lacks(FEATURE) => {
                Ok((self, request(link, wanted)))
            }
            Self::Asked(wanted) | Self::Wanted(wanted) => {
                let (pdu, wish) = update(link, sh, &wanted, None)
                    .ok_or(ErrorCode::UNSUPPORTED_LL_PARAMETER_VALUE)?;
                link.wish = wish;
                Ok((Self::Instant { asked: false }, pdu))
            }
            Self::Instant { .. } => Err(sh.started_twice()),
        }
    }

    /// `None`: no interval will do.
    pub(super) fn first_pdu(self, link: &Link, sh: &Shared) -> Option<ControlPdu> {
        match self {
            Self::Asked(wanted) if sh.has(FEATURE) && !link.lacks(FEATURE) => {
                Some(request(link, wanted))
            }
            // The peripheral's wish for an update that waits to be sent stays.
            Self::Asked(wanted) | Self::Wanted(wanted) => {
                update(link, sh, &wanted, None).map(|(pdu, _)| pdu)
            }
            Self::Instant { .. } => None,
        }
    }

    pub(super) fn refused(self, link: &mut Link, error: ErrorCode) -> Step<Self> {
        match self {
            // LL-PAR-7: a request that is not understood.
            Self::Asked(wanted) if error == ErrorCode::UNSUPPORTED_REMOTE_FEATURE => {
                features::unlearn(link, FEATURE);
                Step::Instead(error, Self::Wanted(wanted))
            }
            _ => Step::End(error),
        }
    }
}

/// LL_CONNECTION_PARAM_RSP: announces what it grants by LL_CONNECTION_UPDATE_IND, or rejects it.
pub(super) fn response(link: &mut Link, sh: &mut Shared, answer: &ConnectionParam) -> Step<Local> {
    let granted = asked(answer);
    let error = if in_range(&granted) && offsets_in_range(answer) {
        if let Some((pdu, wish)) = update(link, sh, &granted, Some(answer)) {
            link.wish = wish;
            link.send(sh, pdu);
            return Step::Next(Local::Instant { asked: true });
        }
        ErrorCode::UNSUPPORTED_LL_PARAMETER_VALUE
    } else {
        link.misbehaved(sh, PeerMisbehaved::InvalidParameters);
        ErrorCode::INVALID_LL_PARAMETERS
    };
    link.reject(sh, Opcode::CONNECTION_PARAM_RSP, error);
    Step::End(error)
}

/// The host's answer to a request of the peripheral.
pub(in crate::controller) type Answer = Result<ConnectionParameters, ErrorCode>;

/// The procedure that the peripheral has started.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::controller) enum Remote {
    /// The host has been asked.
    Host(ConnectionParam),
    /// The answer is known, and waits as long as encryption starts.
    Answered(ConnectionParam, Answer),
    /// LL_CONNECTION_UPDATE_IND is queued or sent.
    Granted,
}

/// Whether the peripheral's request is valid.
pub(super) fn check(link: &Link, sh: &mut Shared, pdu: &ConnectionParam) -> Result<(), ErrorCode> {
    // LL-PAR-3: error codes.
    if in_range(&asked(pdu)) && offsets_in_range(pdu) {
        return Ok(());
    }
    link.misbehaved(sh, PeerMisbehaved::InvalidParameters);
    Err(ErrorCode::INVALID_LL_PARAMETERS)
}

/// Whether only the anchor point could move.
fn is_unchanged(link: &Link, wanted: &ConnectionParameters) -> bool {
    let now = link.parameters;
    (wanted.interval_min..=wanted.interval_max).contains(&now.interval)
        && (wanted.latency, wanted.timeout) == (now.latency, now.timeout)
}

/// Whether the host can decide on a request.
pub(super) fn accept(link: &Link, sh: &Shared, pdu: &ConnectionParam) -> Result<(), ErrorCode> {
    // LL-PAR-6: requests for the controller.
    if is_unchanged(link, &asked(pdu)) || sh.asks_for_parameters() {
        Ok(())
    } else {
        Err(ErrorCode::UNSUPPORTED_REMOTE_FEATURE)
    }
}

/// LL_CONNECTION_PARAM_REQ of the peripheral. The host is asked unless only the anchor point could
/// move.
pub(super) fn ask_host(link: &Link, sh: &mut Shared, pdu: ConnectionParam) -> Remote {
    let wanted = asked(&pdu);
    if is_unchanged(link, &wanted) {
        return Remote::Answered(pdu, Ok(link.parameters.as_wanted()));
    }
    sh.event(Event::LeRemoteConnectionParameterRequest {
        handle: link.handle,
        interval_min: wanted.interval_min,
        interval_max: wanted.interval_max,
        latency: wanted.latency,
        timeout: wanted.timeout,
    });
    Remote::Host(pdu)
}

impl Remote {
    /// The host's answer. False: it was not asked.
    pub(super) fn host_answers(&mut self, answer: Answer) -> bool {
        let Self::Host(pdu) = *self else { return false };
        *self = Self::Answered(pdu, answer);
        true
    }

    /// The answer to the peripheral, if known.
    pub(super) fn answer(
        &self,
        link: &mut Link,
        sh: &Shared,
    ) -> Option<Result<(Self, ControlPdu), ErrorCode>> {
        let Self::Answered(peer, answer) = self else { return None };
        // LL-PAR-1: answers of a central.
        let update = answer.and_then(|granted| {
            update(link, sh, &granted, Some(peer)).ok_or(ErrorCode::UNSUPPORTED_LL_PARAMETER_VALUE)
        });
        Some(update.map(|(pdu, wish)| {
            link.wish = wish;
            (Self::Granted, pdu)
        }))
    }
}

/// A connection update that lies ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::controller) struct Announced {
    new: Parameters,
    /// From the old anchor point at the instant to the first packet.
    later: Duration,
}

/// LL_CONNECTION_UPDATE_IND is sent: the transmit window is laid around the anchor point that the
/// peer has asked for, if it has.
pub(super) fn announce(link: &mut Link, update: &mut ConnectionUpdate, at: u16) -> Announced {
    update.instant = at;
    let mut position = WINDOW_POSITION;
    if let Some(wish) = link.wish.take() {
        let delta = distance(link, at, update.interval, wish);
        update.win_offset = delta.saturating_sub(1);
        update.win_size = 3;
        position = units(delta - update.win_offset);
    }
    let &mut ConnectionUpdate { interval, latency, timeout, .. } = update;
    let new = Parameters { interval, latency, timeout };
    Announced { new, later: units(update.win_offset) + position }
}

/// From the old anchor point at `instant` to the first new one, so that one of the new ones lies
/// as far after the event that a peer refers to as it wants (Vol 6, Part B, 5.1.7.3.2), in units of
/// 1.25 ms.
fn distance(link: &Link, instant: u16, new: u16, Wish { reference, offset }: Wish) -> u16 {
    // The nearer half of all counters lies ahead.
    let events = i64::from(instant.wrapping_sub(reference) as i16);
    let passed = events * i64::from(link.parameters.interval);
    // LL-PAR-9: anchor points as asked for.
    let distance = (i64::from(offset) - passed).rem_euclid(i64::from(new.max(1)));
    u16::try_from(distance).unwrap_or(0)
}

/// The instant is reached. Returns whether the announced parameters differ from those in force.
pub(super) fn take_effect(
    link: &mut Link,
    Announced { new, later }: Announced,
    done: bool,
) -> bool {
    let changed = new != link.parameters;
    if done {
        link.change_parameters(new, later);
    }
    changed
}

impl Link {
    /// The shortest interval that is in force or has been announced.
    pub(super) fn shortest_interval(&self) -> u16 {
        let now = self.parameters.interval;
        self.schedule.ahead().fold(now, |least, announcement| match announcement {
            Announcement::Parameters(announced) => least.min(announced.new.interval),
            _ => least,
        })
    }
}

fn report(link: &Link, sh: &mut Shared, status: ErrorCode) {
    // LL-UPD-4: the host is told.
    sh.event(Event::LeConnectionUpdateComplete {
        handle: link.handle,
        status,
        interval: link.parameters.interval,
        latency: link.parameters.latency,
        timeout: link.parameters.timeout,
    });
}

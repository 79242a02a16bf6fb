//! Connection parameters request (Vol 6, Part B, 5.1.7), started by either side.

use super::connection_update::{self, Timing, in_range};
use super::{Announced, ProcedureRow, Step};
use crate::control::connection::{Connection, Context};
use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{Command, ConnectionParameters, Event};
use ble::pdu::control::{ConnectionParam, ControlPdu, FeatureSet, Opcode};

const FEATURE: FeatureSet = FeatureSet::CONNECTION_PARAMETERS_REQUEST;

pub(super) const ROW: ProcedureRow = ProcedureRow {
    starts_with: Some(Opcode::CONNECTION_PARAM_REQ),
    // LL-FEAT-3: features of the peer.
    // LL-PAR-4: which way a peripheral asks.
    // With the peer's features unknown the request is sent: LL_UNKNOWN_RSP shows that it lacks the
    // feature.
    needs: FEATURE,
    hears: &[(Opcode::CONNECTION_PARAM_REQ, FEATURE)],
    answers: &[Opcode::CONNECTION_PARAM_RSP, Opcode::CONNECTION_PARAM_REQ],
    peripherals: &[Opcode::CONNECTION_PARAM_RSP],
    has_instant: true,
    started_by: |command| matches!(command, Command::LeConnectionUpdate { .. }),
    report: Some(connection_update::report),
    ..ProcedureRow::NONE
};

/// The procedure that this device has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::control) enum Local {
    /// LL_CONNECTION_UPDATE_IND is awaited, in answer to an LL_CONNECTION_PARAM_REQ with these.
    Asked(ConnectionParameters),
    /// The indication is received.
    Instant(Announced<Timing>),
}

/// The procedure that the peer has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::control) enum Remote {
    /// The local host's answer to this request is awaited.
    Host(ConnectionParam),
    /// LL_CONNECTION_PARAM_RSP has been sent, LL_CONNECTION_UPDATE_IND is awaited.
    Indication {
        /// The shortest interval that was agreed to.
        granted: u16,
    },
    /// The indication is received.
    Instant(Announced<Timing>),
}

impl Local {
    /// The shortest connInterval that it may lead to.
    pub(super) const fn shortest(self) -> u16 {
        match self {
            Self::Asked(asked) => asked.interval_min,
            Self::Instant(Announced { value: Timing { interval, .. }, .. }) => interval,
        }
    }
}

impl Remote {
    /// The host answers: accepts with these parameters, or refuses for this reason.
    pub(in crate::control) fn answered_by_host(
        self,
        c: &mut Connection,
        cx: &mut Context<'_>,
        answer: Result<ConnectionParameters, ErrorCode>,
    ) -> Step<Self> {
        match (self, answer) {
            (Self::Host(request), Ok(parameters)) => {
                Step::Next(accept(c, cx, &request, parameters))
            }
            (Self::Host(_), Err(reason)) => refuse(c, cx, reason),
            _ => Step::Next(self),
        }
    }

    /// The shortest connInterval that it may lead to.
    pub(super) const fn shortest(self) -> Option<u16> {
        match self {
            Self::Host(_) => None,
            Self::Indication { granted } => Some(granted),
            Self::Instant(Announced { value: Timing { interval, .. }, .. }) => Some(interval),
        }
    }
}

/// "No preference" for an anchor position.
const NO_OFFSET: u16 = 0xFFFF;

/// Events from a request to its reference event, which must still lie ahead when the request is
/// first sent.
const REFERENCE_AHEAD: u16 = 64;

/// Where the anchor points of a connection should be after a change of its parameters (Vol 6, Part
/// B, 5.1.7.1). Only a peer requests them: HCI has no parameters for them.
#[derive(Clone, Copy)]
struct AnchorWish {
    /// The interval should be a multiple of this, in units of 1.25 ms; 0: no preference.
    periodicity: u8,
    /// Positions relative to an anchor point of before, best first, units of 1.25 ms; 0xFFFF, or
    /// beyond the longest interval: none.
    offsets: [u16; 6],
}

impl AnchorWish {
    /// No periodicity and no position is preferred.
    const NONE: Self = Self { periodicity: 0, offsets: [NO_OFFSET; 6] };
}

/// Whether a host or a peer may ask for these.
pub(in crate::control) fn is_valid(p: &ConnectionParameters) -> bool {
    p.interval_min <= p.interval_max
        && p.interval_min >= 6
        && in_range(p.interval_max, p.latency, p.timeout)
}

/// Whether periodicity and anchor positions lie within the longest interval.
fn positions_fit(pdu: &ConnectionParam) -> bool {
    let fits = |offset: &u16| *offset == NO_OFFSET || *offset <= pdu.interval_max;
    u16::from(pdu.preferred_periodicity) <= pdu.interval_max && pdu.offsets.iter().all(fits)
}

const fn asked(pdu: &ConnectionParam) -> ConnectionParameters {
    ConnectionParameters {
        interval_min: pdu.interval_min,
        interval_max: pdu.interval_max,
        latency: pdu.latency,
        timeout: pdu.timeout,
    }
}

/// A request or a response that states `wish`, as far as it can be stated.
fn pdu(c: &Connection, p: ConnectionParameters, wish: AnchorWish) -> ConnectionParam {
    let within = |offset: u16| if offset <= p.interval_max { offset } else { NO_OFFSET };
    // LL-PAR-8: positions of anchor points.
    let offsets = wish.offsets.map(within);
    // Positions within a range of intervals take a periodicity; any interval is a multiple
    // of one.
    let range = p.interval_min != p.interval_max && offsets != [NO_OFFSET; 6];
    let periodicity =
        if u16::from(wish.periodicity) > p.interval_max { 0 } else { wish.periodicity };
    ConnectionParam {
        interval_min: p.interval_min,
        interval_max: p.interval_max,
        latency: p.latency,
        timeout: p.timeout,
        preferred_periodicity: periodicity.max(u8::from(range)),
        reference_conn_event_count: c.event.wrapping_add(REFERENCE_AHEAD),
        offsets,
    }
}

pub(super) fn start(local: Local, c: &mut Connection, cx: &mut Context<'_>) -> Step<Local> {
    if let Local::Asked(wanted) = local {
        c.send(cx, ControlPdu::ConnectionParamReq(pdu(c, wanted, AnchorWish::NONE)));
    }
    Step::Next(local)
}

/// Answers the peer's LL_CONNECTION_PARAM_REQ, or lets the host decide about it.
pub(super) fn request(
    c: &mut Connection,
    cx: &mut Context<'_>,
    request: ConnectionParam,
) -> Step<Remote> {
    let wanted = asked(&request);
    // LL-PAR-3: error codes.
    if !is_valid(&wanted) || !positions_fit(&request) {
        c.misbehaved(cx, PeerMisbehaved::InvalidParameters);
        return refuse(c, cx, ErrorCode::INVALID_LL_PARAMETERS);
    }
    let now = c.timing;
    // LL-PAR-6: requests for the controller.
    let only_moves_anchor = (wanted.interval_min..=wanted.interval_max).contains(&now.interval)
        && (wanted.latency, wanted.timeout) == (now.latency, now.timeout);
    if only_moves_anchor {
        return Step::Next(accept(c, cx, &request, wanted));
    }
    if !cx.out.masks.parameter_request() {
        return refuse(c, cx, ErrorCode::UNSUPPORTED_REMOTE_FEATURE);
    }
    cx.out.event(Event::LeRemoteConnectionParameterRequest {
        handle: c.handle,
        interval_min: wanted.interval_min,
        interval_max: wanted.interval_max,
        latency: wanted.latency,
        timeout: wanted.timeout,
    });
    Step::Next(Remote::Host(request))
}

/// The host (or the controller itself) accepts. The peer's anchor positions are agreed to.
fn accept(
    c: &mut Connection,
    cx: &mut Context<'_>,
    request: &ConnectionParam,
    p: ConnectionParameters,
) -> Remote {
    let (periodicity, offsets) = (request.preferred_periodicity, request.offsets);
    let mut answer = pdu(c, p, AnchorWish { periodicity, offsets });
    answer.reference_conn_event_count = request.reference_conn_event_count;
    // LL-PAR-2: answers of a peripheral.
    c.send(cx, ControlPdu::ConnectionParamRsp(answer));
    Remote::Indication { granted: answer.interval_min }
}

/// The host (or the controller itself) refuses.
fn refuse(c: &mut Connection, cx: &mut Context<'_>, error: ErrorCode) -> Step<Remote> {
    c.reject(cx, Opcode::CONNECTION_PARAM_REQ, error);
    Step::End(error)
}

//! Connection parameters request (Vol 6, Part B, 5.1.7), started by either side.

use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{ConnectionParameters, Event};
use ble::pdu::control::{ConnectionParam, ControlPdu, FeatureSet, Opcode};
use ble::trace::Procedure;

use super::connection::{Connection, Context};
use super::connection_update::in_range;
use super::procedure::PeerStage;

/// "No preference" for an anchor position.
const NO_OFFSET: u16 = 0xFFFF;

/// Events from a request to the one that its positions refer to: it must still lie ahead when
/// the request is first sent.
const REFERENCE_AHEAD: u16 = 64;

/// Where this device would like the anchor points of its connections after a change of parameters
/// that it asks for (Vol 6, Part B, 5.1.7.1): HCI has no words for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AnchorWish {
    /// Of which the interval should be a multiple, units of 1.25 ms; 0: of nothing.
    pub periodicity: u8,
    /// Positions relative to an anchor point of before, best first, units of 1.25 ms; 0xFFFF, or
    /// beyond the longest interval: none.
    pub offsets: [u16; 6],
}

impl AnchorWish {
    /// No preference.
    pub const NONE: Self = Self { periodicity: 0, offsets: [NO_OFFSET; 6] };
}

/// Whether a host or a peer may ask for these.
pub(super) fn is_valid(p: &ConnectionParameters) -> bool {
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

impl Connection {
    /// A request or a response that states `wish`, as far as it can be stated.
    fn parameters_pdu(&self, p: ConnectionParameters, wish: AnchorWish) -> ConnectionParam {
        let within = |offset: u16| if offset <= p.interval_max { offset } else { NO_OFFSET };
        // LL-PAR-8.
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
            reference_conn_event_count: self.event.wrapping_add(REFERENCE_AHEAD),
            offsets,
        }
    }

    /// With the peer's features unknown the request is sent: LL_UNKNOWN_RSP tells.
    pub(super) fn start_parameters(&mut self, cx: &mut Context<'_>, p: ConnectionParameters) {
        // LL-FEAT-3, LL-PAR-4.
        if self.features.lacks(FeatureSet::CONNECTION_PARAMETERS_REQUEST) {
            self.end_own(cx, ErrorCode::UNSUPPORTED_REMOTE_FEATURE);
        } else {
            let pdu = self.parameters_pdu(p, cx.anchors);
            self.send(cx, ControlPdu::ConnectionParamReq(pdu));
        }
    }

    pub(super) fn on_parameters_req(&mut self, cx: &mut Context<'_>, pdu: ConnectionParam) {
        if !self.admit(cx, Procedure::ConnectionParametersRequest) {
            return;
        }
        self.open_peers(cx, Procedure::ConnectionParametersRequest, PeerStage::Host);
        let wanted = asked(&pdu);
        // LL-PAR-3.
        if !is_valid(&wanted) || !positions_fit(&pdu) {
            self.misbehaved(cx, PeerMisbehaved::InvalidParameters);
            return self.refuse_parameters(cx, ErrorCode::INVALID_LL_PARAMETERS);
        }
        self.asked_parameters = Some(pdu);
        let now = self.parameters;
        // LL-PAR-6.
        let only_moves_anchor = (wanted.interval_min..=wanted.interval_max).contains(&now.interval)
            && (wanted.latency, wanted.timeout) == (now.latency, now.timeout);
        if only_moves_anchor {
            self.accept_parameters(cx, wanted);
        } else if cx.out.masks.parameter_request() {
            cx.out.event(Event::LeRemoteConnectionParameterRequest {
                handle: self.handle,
                interval_min: wanted.interval_min,
                interval_max: wanted.interval_max,
                latency: wanted.latency,
                timeout: wanted.timeout,
            });
        } else {
            self.refuse_parameters(cx, ErrorCode::UNSUPPORTED_REMOTE_FEATURE);
        }
    }

    /// Whether the host has been asked and has not answered yet.
    pub(super) fn parameters_await_host(&self) -> bool {
        self.procedures.peer_stage(Procedure::ConnectionParametersRequest) == Some(PeerStage::Host)
    }

    /// The host (or the controller itself) accepts. The peer's anchor positions are agreed to.
    pub(super) fn accept_parameters(&mut self, cx: &mut Context<'_>, p: ConnectionParameters) {
        let request = self.asked_parameters.take();
        let wish = request.map_or(AnchorWish::NONE, |request| AnchorWish {
            periodicity: request.preferred_periodicity,
            offsets: request.offsets,
        });
        let mut answer = self.parameters_pdu(p, wish);
        if let Some(request) = request {
            answer.reference_conn_event_count = request.reference_conn_event_count;
        }
        // LL-PAR-2.
        self.parameters.granted = Some(answer.interval_min);
        self.send(cx, ControlPdu::ConnectionParamRsp(answer));
        self.peers_at(cx, PeerStage::Indication);
    }

    /// The host (or the controller itself) refuses.
    pub(super) fn refuse_parameters(&mut self, cx: &mut Context<'_>, error: ErrorCode) {
        self.asked_parameters = None;
        self.reject(cx, Opcode::CONNECTION_PARAM_REQ, error);
        self.end_peers(cx, error);
    }
}

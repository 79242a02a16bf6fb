//! Connection parameters request (Vol 6, Part B, 5.1.7), started by either side.

use crate::error::{ErrorCode, PeerMisbehaved};
use crate::hci::{ConnectionParameters, Event};
use crate::pdu::control::{ConnectionParam, ControlPdu, FeatureSet, Opcode};
use crate::trace::Procedure;

use super::connection::{Connection, Context};
use super::connection_update::in_range;
use super::procedure::PeerStage;

/// "No preference" for an anchor position.
const NO_OFFSET: u16 = 0xFFFF;

/// Whether a host or a peer may ask for these.
pub(super) fn is_valid(p: &ConnectionParameters) -> bool {
    p.interval_min <= p.interval_max
        && p.interval_min >= 6
        && in_range(p.interval_max, p.latency, p.timeout)
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
    fn parameters_pdu(&self, p: ConnectionParameters) -> ConnectionParam {
        ConnectionParam {
            interval_min: p.interval_min,
            interval_max: p.interval_max,
            latency: p.latency,
            timeout: p.timeout,
            preferred_periodicity: 0,
            reference_conn_event_count: self.event,
            offsets: [NO_OFFSET; 6],
        }
    }

    /// With the peer's features unknown the request is sent: LL_UNKNOWN_RSP tells.
    pub(super) fn start_parameters(&mut self, cx: &mut Context<'_>, p: ConnectionParameters) {
        // LL-FEAT-3, LL-PAR-4.
        if self.features.lacks(FeatureSet::CONNECTION_PARAMETERS_REQUEST) {
            self.end_own(cx, ErrorCode::UNSUPPORTED_REMOTE_FEATURE);
        } else {
            self.send(cx, ControlPdu::ConnectionParamReq(self.parameters_pdu(p)));
        }
    }

    pub(super) fn on_parameters_req(&mut self, cx: &mut Context<'_>, pdu: ConnectionParam) {
        if !self.admit(cx, Procedure::ConnectionParametersRequest) {
            return;
        }
        self.open_peers(cx, Procedure::ConnectionParametersRequest, PeerStage::Host);
        let wanted = asked(&pdu);
        // LL-PAR-3.
        let periodicity_fits = u16::from(pdu.preferred_periodicity) <= pdu.interval_max;
        if !is_valid(&wanted) || !periodicity_fits {
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
        let mut answer = self.parameters_pdu(p);
        if let Some(request) = self.asked_parameters.take() {
            answer.preferred_periodicity = request.preferred_periodicity;
            answer.reference_conn_event_count = request.reference_conn_event_count;
            answer.offsets = request.offsets;
        }
        // LL-PAR-2.
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

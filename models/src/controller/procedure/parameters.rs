//! Connection update (Vol 6, Part B, 5.1.1), channel map (5.1.2) aside, and connection parameters
//! request (5.1.7).

use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::{ConnectionParameters, Event};
use ble::pdu::control::{ConnectionParam, ConnectionUpdate, ControlPdu, FeatureSet, Opcode};
use ble::phy::Phy;
use ble::time::Instant;
use ble::trace::Procedure;

use crate::controller::control::{Remote, Request};
use crate::controller::link::Link;
use crate::controller::shared::Shared;

/// The peripheral's request for other parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::controller) enum RemoteParameters {
    /// The host has been asked.
    Asked,
    /// The host has answered; the answer has not been sent, because encryption starts.
    Answered(Result<ConnectionParameters, ErrorCode>),
    /// LL_CONNECTION_UPDATE_IND is queued or sent.
    Granted,
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

const NO_OFFSET: u16 = 0xFFFF;

impl Link {
    /// LL_CONNECTION_UPDATE_IND; when it is sent, the transmit window is laid around the anchor
    /// point that `peer` has asked for, if it has. `None`: no interval will do.
    fn update(
        &mut self,
        sh: &Shared,
        p: &ConnectionParameters,
        peer: Option<&ConnectionParam>,
    ) -> Option<ControlPdu> {
        let coded = self.tx == Phy::LeCoded || self.rx == Phy::LeCoded;
        let least = if coded && sh.has(FeatureSet::DATA_LENGTH_EXTENSION) {
            self.lengths.least_coded_interval()
        } else {
            6
        };
        let interval = choose_interval(p, peer.map_or(0, |peer| peer.preferred_periodicity), least);
        let interval = interval?;
        self.scheduled.wish = peer.and_then(|peer| {
            let offset = peer.offsets.iter().find(|offset| **offset < interval)?;
            Some((peer.reference_conn_event_count, *offset))
        });
        let (latency, timeout) = (p.latency, p.timeout);
        let (win_size, win_offset, instant) = (2, 0, 0);
        let update = ConnectionUpdate { win_size, win_offset, interval, latency, timeout, instant };
        Some(ControlPdu::ConnectionUpdateInd(update))
    }

    pub(in crate::controller) fn current_parameters(&self) -> ConnectionParameters {
        ConnectionParameters {
            interval_min: self.parameters.interval,
            interval_max: self.parameters.interval,
            latency: self.parameters.latency,
            timeout: self.parameters.timeout,
        }
    }

    /// LL_CONNECTION_PARAM_REQ without a wish for the anchor point.
    const fn parameters_request(&self, wanted: ConnectionParameters) -> ControlPdu {
        ControlPdu::ConnectionParamReq(ConnectionParam {
            interval_min: wanted.interval_min,
            interval_max: wanted.interval_max,
            latency: wanted.latency,
            timeout: wanted.timeout,
            preferred_periodicity: 0,
            reference_conn_event_count: self.counter,
            offsets: [0xFFFF; 6],
        })
    }

    /// With `ask`, by LL_CONNECTION_PARAM_REQ where the peer may know it; else, or if that is
    /// refused as unknown, by LL_CONNECTION_UPDATE_IND alone.
    pub(in crate::controller) fn start_parameters(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        wanted: ConnectionParameters,
        host: bool,
        ask: bool,
    ) {
        match self.parameters_pdu(sh, wanted, ask) {
            Some(pdu) => {
                let ask = pdu.opcode() == Opcode::CONNECTION_PARAM_REQ;
                self.begin(sh, now, Request::Parameters { wanted, host, ask }, pdu);
                if !ask {
                    self.await_instant();
                }
            }
            None if host => self.tell_parameters(sh, ErrorCode::UNSUPPORTED_LL_PARAMETER_VALUE),
            None => {}
        }
    }

    /// What asks for other parameters or announces them. `None`: no interval will do.
    pub(in crate::controller) fn parameters_pdu(
        &mut self,
        sh: &Shared,
        wanted: ConnectionParameters,
        ask: bool,
    ) -> Option<ControlPdu> {
        let feature = FeatureSet::CONNECTION_PARAMETERS_REQUEST;
        if ask && sh.has(feature) && !self.lacks(feature) {
            Some(self.parameters_request(wanted))
        } else {
            self.update(sh, &wanted, None)
        }
    }

    /// LL_CONNECTION_PARAM_RSP.
    pub(in crate::controller) fn receive_param_rsp(
        &mut self,
        sh: &mut Shared,
        answer: ConnectionParam,
    ) {
        if !self.awaits(Opcode::CONNECTION_PARAM_REQ) {
            return sh.misbehaved(Some(self.id), PeerMisbehaved::UnexpectedResponse);
        }
        let granted = asked(&answer);
        if let Some(own) = &mut self.control.own {
            own.answered = true;
        }
        let error = if in_range(&granted) && offsets_in_range(&answer) {
            if let Some(update) = self.update(sh, &granted, Some(&answer)) {
                self.await_instant();
                return self.send(sh, update);
            }
            ErrorCode::UNSUPPORTED_LL_PARAMETER_VALUE
        } else {
            sh.misbehaved(Some(self.id), PeerMisbehaved::InvalidParameters);
            ErrorCode::INVALID_LL_PARAMETERS
        };
        self.reject(sh, Opcode::CONNECTION_PARAM_RSP, error);
        if let Some(Request::Parameters { host: true, .. }) = self.end_own(sh, error) {
            self.tell_parameters(sh, error);
        }
    }

    /// LL_CONNECTION_PARAM_REQ of the peripheral. The host is asked unless only the anchor point
    /// could move.
    pub(in crate::controller) fn answer_param_req(
        &mut self,
        sh: &mut Shared,
        pdu: ConnectionParam,
    ) {
        let opcode = Opcode::CONNECTION_PARAM_REQ;
        if !sh.has(FeatureSet::CONNECTION_PARAMETERS_REQUEST) {
            return self.send(sh, ControlPdu::UnknownRsp(opcode));
        }
        let wanted = asked(&pdu);
        // LL-PAR-3: error codes.
        if !in_range(&wanted) || !offsets_in_range(&pdu) {
            sh.misbehaved(Some(self.id), PeerMisbehaved::InvalidParameters);
            return self.reject(sh, opcode, ErrorCode::INVALID_LL_PARAMETERS);
        }
        if !self.may_serve(sh, opcode, Procedure::ConnectionParametersRequest) {
            return;
        }
        let now = self.parameters;
        let unchanged = (wanted.interval_min..=wanted.interval_max).contains(&now.interval)
            && (wanted.latency, wanted.timeout) == (now.latency, now.timeout);
        // LL-PAR-6: requests for the controller.
        if !unchanged && !sh.asks_for_parameters() {
            return self.reject(sh, opcode, ErrorCode::UNSUPPORTED_REMOTE_FEATURE);
        }
        self.remote_started(sh, Procedure::ConnectionParametersRequest);
        self.control.asked_parameters = Some(pdu);
        if unchanged {
            let answer = Ok(self.current_parameters());
            self.control.remote = Some(Remote::Parameters(RemoteParameters::Answered(answer)));
            return self.answer_parameters(sh);
        }
        self.control.remote = Some(Remote::Parameters(RemoteParameters::Asked));
        sh.event(Event::LeRemoteConnectionParameterRequest {
            handle: self.handle,
            interval_min: wanted.interval_min,
            interval_max: wanted.interval_max,
            latency: wanted.latency,
            timeout: wanted.timeout,
        });
    }

    /// The host's answer. False: it was not asked.
    pub(in crate::controller) fn host_answers_parameters(
        &mut self,
        sh: &mut Shared,
        answer: Result<ConnectionParameters, ErrorCode>,
    ) -> bool {
        let Some(Remote::Parameters(state @ RemoteParameters::Asked)) = &mut self.control.remote
        else {
            return false;
        };
        *state = RemoteParameters::Answered(answer);
        self.answer_parameters(sh);
        true
    }

    /// Sends the host's answer, once encryption does not forbid it.
    pub(in crate::controller) fn answer_parameters(&mut self, sh: &mut Shared) {
        if self.control.starting().is_some() && !self.quirks.at_once {
            return;
        }
        let Some(Remote::Parameters(RemoteParameters::Answered(answer))) = self.control.remote
        else {
            return;
        };
        // LL-PAR-1: answers of a central.
        let peer = self.control.asked_parameters.take();
        let unsupported = ErrorCode::UNSUPPORTED_LL_PARAMETER_VALUE;
        let update =
            answer.and_then(|granted| self.update(sh, &granted, peer.as_ref()).ok_or(unsupported));
        match update {
            Ok(update) => {
                self.control.remote = Some(Remote::Parameters(RemoteParameters::Granted));
                self.send(sh, update);
            }
            Err(error) => {
                self.end_remote(sh, error);
                self.reject(sh, Opcode::CONNECTION_PARAM_REQ, error);
            }
        }
        self.parameters_answered();
    }

    /// The instant of an update that the peripheral asked for, if it did.
    pub(in crate::controller) fn end_remote_parameters(&mut self, sh: &mut Shared) {
        if self.control.remote == Some(Remote::Parameters(RemoteParameters::Granted)) {
            self.end_remote(sh, ErrorCode::SUCCESS);
        }
    }

    pub(in crate::controller) fn tell_parameters(&self, sh: &mut Shared, status: ErrorCode) {
        sh.event(Event::LeConnectionUpdateComplete {
            handle: self.handle,
            status,
            interval: self.parameters.interval,
            latency: self.parameters.latency,
            timeout: self.parameters.timeout,
        });
    }
}

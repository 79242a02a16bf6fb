//! HCI commands that concern one connection (Vol 4, Part E, 7.1, 7.3 and 7.8).

use ble::error::ErrorCode;
use ble::hci::{Command, ConnectionParameters, Handle, HciOpcode, Return};
use ble::invariant::Invariant;
use ble::pdu::control::FeatureSet;
use ble::phy::{Coding, PhySet};
use ble::time::Instant;

use super::Control;
use super::commands::preference;
use super::connection::{Connection, Context};
use super::data_length::Length;
use super::procedure::Request;
use super::{parameters, phy};

/// How a command is answered at once.
enum Answer {
    /// Command Status; an event follows later.
    Status(ErrorCode),
    /// Command Complete.
    Complete(ErrorCode, Return),
}

/// The connection that a command names.
const fn handle(command: &Command) -> Option<Handle> {
    Some(match command {
        Command::Disconnect { handle, .. }
        | Command::ReadRemoteVersion { handle }
        | Command::ReadAuthenticatedPayloadTimeout { handle }
        | Command::WriteAuthenticatedPayloadTimeout { handle, .. }
        | Command::LeConnectionUpdate { handle, .. }
        | Command::LeReadChannelMap { handle }
        | Command::LeReadRemoteFeatures { handle }
        | Command::LeLongTermKeyRequestReply { handle, .. }
        | Command::LeLongTermKeyRequestNegativeReply { handle }
        | Command::LeRemoteConnectionParameterRequestReply { handle, .. }
        | Command::LeRemoteConnectionParameterRequestNegativeReply { handle, .. }
        | Command::LeSetDataLength { handle, .. }
        | Command::LeReadPhy { handle }
        | Command::LeSetPhy { handle, .. } => *handle,
        _ => return None,
    })
}

/// Features without any of which a command does not exist here; none: it always does.
pub(super) const fn needs(command: &Command) -> FeatureSet {
    match command {
        Command::LeSetDataLength { .. }
        | Command::LeReadMaximumDataLength
        | Command::LeWriteSuggestedDefaultDataLength { .. } => FeatureSet::DATA_LENGTH_EXTENSION,
        Command::LeReadPhy { .. } | Command::LeSetPhy { .. } | Command::LeSetDefaultPhy { .. } => {
            FeatureSet::LE_2M.with(FeatureSet::LE_CODED)
        }
        Command::LeRemoteConnectionParameterRequestReply { .. }
        | Command::LeRemoteConnectionParameterRequestNegativeReply { .. } => {
            FeatureSet::CONNECTION_PARAMETERS_REQUEST
        }
        Command::LeLongTermKeyRequestReply { .. }
        | Command::LeLongTermKeyRequestNegativeReply { .. } => FeatureSet::ENCRYPTION,
        Command::ReadAuthenticatedPayloadTimeout { .. }
        | Command::WriteAuthenticatedPayloadTimeout { .. } => FeatureSet::PING,
        _ => FeatureSet(0),
    }
}

/// Whether a command is answered with Command Status when it fails.
const fn has_status(command: &Command) -> bool {
    matches!(
        command,
        Command::Disconnect { .. }
            | Command::ReadRemoteVersion { .. }
            | Command::LeConnectionUpdate { .. }
            | Command::LeReadRemoteFeatures { .. }
            | Command::LeSetPhy { .. }
    )
}

impl<const LINKS: usize> Control<LINKS> {
    /// Gives the number of AES blocks computed.
    pub(super) fn link_command(
        &mut self,
        now: Instant,
        opcode: HciOpcode,
        command: Command,
    ) -> u16 {
        let Some(handle) = handle(&command) else {
            self.out.status(opcode, ErrorCode::UNKNOWN_COMMAND);
            return 0;
        };
        let Some(link) = self.link_of(handle) else {
            let error = ErrorCode::UNKNOWN_CONNECTION;
            if has_status(&command) {
                self.out.status(opcode, error);
            } else {
                self.out.complete(opcode, error, Return::Handle(handle));
            }
            return 0;
        };
        self.on(now, link, |connection, cx| {
            // The answer comes before the events that the command causes.
            let (answer, then) = connection.judge(cx, command);
            match answer {
                Answer::Status(status) => cx.out.status(opcode, status),
                Answer::Complete(status, returned) => cx.out.complete(opcode, status, returned),
            }
            if let Some(command) = then {
                connection.perform(cx, command);
            }
        })
    }
}

impl Connection {
    /// Decides how a command is answered, and gives it back if it is to be performed then.
    fn judge(&self, cx: &Context<'_>, command: Command) -> (Answer, Option<Command>) {
        let returned = match &command {
            Command::ReadAuthenticatedPayloadTimeout { handle } => {
                let (handle, timeout) = (*handle, self.ping.timeout);
                Return::AuthenticatedPayloadTimeout { handle, timeout }
            }
            Command::LeReadChannelMap { handle } => {
                let (handle, channel_map) = (*handle, self.channel_map.map);
                Return::ChannelMap { handle, channel_map }
            }
            Command::LeReadPhy { handle } => {
                Return::Phy { handle: *handle, tx: self.phy.tx, rx: self.phy.rx }
            }
            _ => Return::Handle(self.handle),
        };
        let verdict = self.objection(cx, &command).map_or(ErrorCode::SUCCESS, |error| error);
        let answer = if has_status(&command) {
            Answer::Status(verdict)
        } else {
            Answer::Complete(verdict, returned)
        };
        (answer, (verdict == ErrorCode::SUCCESS).then_some(command))
    }

    /// Why a command is refused, if it is.
    fn objection(&self, cx: &Context<'_>, command: &Command) -> Option<ErrorCode> {
        if self.termination.is_some() {
            return Some(ErrorCode::COMMAND_DISALLOWED);
        }
        let starts = has_status(command) || matches!(command, Command::LeSetDataLength { .. });
        if starts && !matches!(command, Command::Disconnect { .. }) && self.procedures.is_full() {
            return Some(ErrorCode::CONTROLLER_BUSY);
        }
        let valid = match command {
            Command::Disconnect { reason, .. } => matches!(
                *reason,
                ErrorCode::AUTHENTICATION_FAILURE
                    | ErrorCode::REMOTE_USER_TERMINATED
                    | ErrorCode::REMOTE_LOW_RESOURCES
                    | ErrorCode::REMOTE_POWER_OFF
                    | ErrorCode::UNSUPPORTED_REMOTE_FEATURE
                    | ErrorCode::UNIT_KEY_NOT_SUPPORTED
                    | ErrorCode::UNACCEPTABLE_CONNECTION_PARAMETERS
            ),
            Command::WriteAuthenticatedPayloadTimeout { timeout, .. } => {
                self.may_time_payloads(*timeout)
            }
            Command::LeSetDataLength { tx_octets, tx_time, .. } => {
                Length { octets: *tx_octets, time: *tx_time }.is_valid()
            }
            Command::LeReadRemoteFeatures { .. } => {
                let may_ask = cx.features().has(FeatureSet::PERIPHERAL_FEATURE_EXCHANGE);
                let known = self.features.peer.is_some();
                return (!may_ask && !known).then_some(ErrorCode::COMMAND_DISALLOWED);
            }
            Command::LeConnectionUpdate { parameters, .. } => {
                return self.parameters_objection(cx, parameters);
            }
            Command::LeSetPhy { tx, rx, .. } => {
                let supported = phy::supported(cx.features());
                return preference(*tx, supported).and_then(|_| preference(*rx, supported)).err();
            }
            Command::LeLongTermKeyRequestReply { .. }
            | Command::LeLongTermKeyRequestNegativeReply { .. } => {
                return (!self.awaits_key()).then_some(ErrorCode::COMMAND_DISALLOWED);
            }
            Command::LeRemoteConnectionParameterRequestReply { parameters, .. } => {
                if !self.parameters_await_host() {
                    return Some(ErrorCode::COMMAND_DISALLOWED);
                }
                parameters::is_valid(parameters)
            }
            Command::LeRemoteConnectionParameterRequestNegativeReply { .. } => {
                return (!self.parameters_await_host()).then_some(ErrorCode::COMMAND_DISALLOWED);
            }
            _ => true,
        };
        (!valid).then_some(ErrorCode::INVALID_PARAMETERS)
    }

    fn parameters_objection(
        &self,
        cx: &Context<'_>,
        wanted: &ConnectionParameters,
    ) -> Option<ErrorCode> {
        let feature = FeatureSet::CONNECTION_PARAMETERS_REQUEST;
        if !cx.features().has(feature) {
            Some(ErrorCode::COMMAND_DISALLOWED)
        } else if self.features.lacks(feature) {
            Some(ErrorCode::UNSUPPORTED_REMOTE_FEATURE)
        } else if parameters::is_valid(wanted) {
            None
        } else {
            Some(ErrorCode::INVALID_PARAMETERS)
        }
    }

    fn perform(&mut self, cx: &mut Context<'_>, command: Command) {
        let request = match command {
            Command::Disconnect { reason, .. } => {
                self.terminate(cx, reason, ErrorCode::LOCAL_HOST_TERMINATED);
                return;
            }
            Command::WriteAuthenticatedPayloadTimeout { timeout, .. } => {
                self.ping.timeout = timeout;
                return;
            }
            Command::LeLongTermKeyRequestReply { ltk, .. } => {
                self.key(cx, &ltk);
                return;
            }
            Command::LeLongTermKeyRequestNegativeReply { .. } => {
                self.no_key(cx);
                return;
            }
            Command::LeRemoteConnectionParameterRequestReply { parameters, .. } => {
                return self.accept_parameters(cx, parameters);
            }
            Command::LeRemoteConnectionParameterRequestNegativeReply { reason, .. } => {
                return self.refuse_parameters(cx, reason);
            }
            Command::ReadRemoteVersion { .. } => Request::Version,
            Command::LeReadRemoteFeatures { .. } => Request::Features,
            Command::LeSetDataLength { tx_octets, tx_time, .. } => {
                self.set_own_length(cx, Length { octets: tx_octets, time: tx_time });
                Request::DataLength
            }
            Command::LeSetPhy { tx, rx, coded_options, .. } => {
                self.prefer_coding(cx, Coding::preferred(coded_options));
                self.phy_request(cx, tx, rx)
            }
            Command::LeConnectionUpdate { parameters, .. } => Request::Parameters(parameters),
            _ => return,
        };
        // The objections have looked.
        let waits = self.procedures.request(request);
        cx.out.broken.check(Invariant::RequestFits, waits);
    }

    fn phy_request(&mut self, cx: &Context<'_>, tx: PhySet, rx: PhySet) -> Request {
        let supported = phy::supported(cx.features());
        // Refused already if not supported.
        let tx = preference(tx, supported).unwrap_or(supported);
        let rx = preference(rx, supported).unwrap_or(supported);
        (self.phy.preferred_tx, self.phy.preferred_rx) = (tx, rx);
        Request::Phy { tx, rx }
    }
}

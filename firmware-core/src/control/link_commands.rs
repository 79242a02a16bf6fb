//! HCI commands that concern one connection (Vol 4, Part E, 7.1, 7.3 and 7.8).

use ble::error::ErrorCode;
use ble::hci::{Command, ConnectionParameters, Handle, HciOpcode, Return};
use ble::invariant::Invariant;
use ble::pdu::control::FeatureSet;
use ble::time::Instant;
use ble::trace::Procedure;

use super::Control;
use super::commands::preference;
use super::connection::{Connection, Context};
use super::procedure::data_length::Length;
use super::procedure::{Local, parameters, phy, ping, row};
use super::served::Served;

/// The immediate answer to a command.
enum Answer {
    /// Command Status; if it is success, an event follows later.
    Status(ErrorCode),
    /// Command Complete; its return parameters come with it.
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
        self.on(now, link, |served, cx| {
            // The answer comes before the events that the command causes.
            let (answer, then) = served.judge(cx, command);
            match answer {
                Answer::Status(status) => cx.out.status(opcode, status),
                Answer::Complete(status, returned) => cx.out.complete(opcode, status, returned),
            }
            if let Some(command) = then {
                served.perform(cx, &command);
            }
        })
    }
}

fn parameters_objection(
    c: &Connection,
    cx: &Context<'_>,
    wanted: &ConnectionParameters,
) -> Option<ErrorCode> {
    let feature = FeatureSet::CONNECTION_PARAMETERS_REQUEST;
    if !cx.features().has(feature) {
        Some(ErrorCode::COMMAND_DISALLOWED)
    } else if c.features.lacks(feature) {
        Some(ErrorCode::UNSUPPORTED_REMOTE_FEATURE)
    } else if parameters::is_valid(wanted) {
        None
    } else {
        Some(ErrorCode::INVALID_PARAMETERS)
    }
}

impl Served {
    /// Decides how a command is answered, and gives it back if it is to be performed then.
    fn judge(&self, cx: &Context<'_>, command: Command) -> (Answer, Option<Command>) {
        let c = &self.connection;
        let returned = match &command {
            Command::ReadAuthenticatedPayloadTimeout { handle } => {
                let (handle, timeout) = (*handle, c.ping.timeout);
                Return::AuthenticatedPayloadTimeout { handle, timeout }
            }
            Command::LeReadChannelMap { handle } => {
                let (handle, channel_map) = (*handle, c.channel_map);
                Return::ChannelMap { handle, channel_map }
            }
            Command::LeReadPhy { handle } => {
                Return::Phy { handle: *handle, tx: c.phy.tx, rx: c.phy.rx }
            }
            _ => Return::Handle(c.handle),
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
        let c = &self.connection;
        if c.termination.is_some() {
            return Some(ErrorCode::COMMAND_DISALLOWED);
        }
        let starts = Procedure::ALL.into_iter().any(|p| (row(p).started_by)(command));
        if starts && self.procedures.is_full() {
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
                ping::may_time_payloads(c, *timeout)
            }
            Command::LeSetDataLength { tx_octets, tx_time, .. } => {
                Length { octets: *tx_octets, time: *tx_time }.is_valid()
            }
            Command::LeReadRemoteFeatures { .. } => {
                let may_ask = cx.features().has(FeatureSet::PERIPHERAL_FEATURE_EXCHANGE);
                let known = c.features.peer.is_some();
                return (!may_ask && !known).then_some(ErrorCode::COMMAND_DISALLOWED);
            }
            Command::LeConnectionUpdate { parameters, .. } => {
                return parameters_objection(c, cx, parameters);
            }
            Command::LeSetPhy { tx, rx, .. } => {
                let supported = phy::supported(cx.features());
                return preference(*tx, supported).and_then(|_| preference(*rx, supported)).err();
            }
            Command::LeLongTermKeyRequestReply { .. }
            | Command::LeLongTermKeyRequestNegativeReply { .. } => {
                return (!c.awaits_key()).then_some(ErrorCode::COMMAND_DISALLOWED);
            }
            Command::LeRemoteConnectionParameterRequestReply { parameters, .. } => {
                if !self.procedures.parameters_await_host() {
                    return Some(ErrorCode::COMMAND_DISALLOWED);
                }
                parameters::is_valid(parameters)
            }
            Command::LeRemoteConnectionParameterRequestNegativeReply { .. } => {
                return (!self.procedures.parameters_await_host())
                    .then_some(ErrorCode::COMMAND_DISALLOWED);
            }
            _ => true,
        };
        (!valid).then_some(ErrorCode::INVALID_PARAMETERS)
    }

    fn perform(&mut self, cx: &mut Context<'_>, command: &Command) {
        let c = &mut self.connection;
        match command {
            Command::Disconnect { reason, .. } => {
                c.terminate(cx, *reason, ErrorCode::LOCAL_HOST_TERMINATED);
            }
            Command::WriteAuthenticatedPayloadTimeout { timeout, .. } => c.ping.timeout = *timeout,
            Command::LeLongTermKeyRequestReply { ltk, .. } => c.key(cx, ltk),
            Command::LeLongTermKeyRequestNegativeReply { .. } => c.no_key(cx),
            Command::LeRemoteConnectionParameterRequestReply { parameters, .. } => {
                self.procedures.answer_parameters(c, cx, Ok(*parameters));
            }
            Command::LeRemoteConnectionParameterRequestNegativeReply { reason, .. } => {
                self.procedures.answer_parameters(c, cx, Err(*reason));
            }
            command => {
                if let Some(local) = Local::of_command(command, c, cx) {
                    // The objections have looked.
                    let waits = self.procedures.request(local);
                    cx.out.broken.check(Invariant::RequestFits, waits);
                }
            }
        }
    }
}

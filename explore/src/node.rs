//! The two ends of an explored link: the whole firmware, and a central's controller below a host
//! that does nothing by itself but connect.

use ble::address::Address;
use ble::error::ErrorCode;
use ble::hci::{
    Acl, AclBoundary, AclData, Command, ConnectionParameters, CreateConnection, Event, Handle,
};
use ble::random::Entropy;
use ble::time::{Duration, Instant};
use bletwin_firmware_node::PeripheralNode;
use bletwin_models::controller::{
    AutomaticProcedure, CentralController, ControllerConfig, ControllerOutput,
};
use bletwin_sim::leap::Idle;
use bletwin_sim::node::{Act, End, Node, NodeInput, NodeOutput, Outbox};
use bletwin_sim::record::Note;

/// The [`Act::Ask`] by which the central sends an ATT request.
pub(super) const READ: &str = "read";

/// ATT_READ_REQ for the first attribute, in an L2CAP frame.
const READ_REQUEST: [u8; 7] = [3, 0, 4, 0, 0x0A, 1, 0];
/// The octets after the length of an ATT answer: the channel, and the opcode of ATT_READ_RSP or of
/// ATT_ERROR_RSP.
const ANSWERS: [[u8; 3]; 2] = [[4, 0, 0x0B], [4, 0, 0x01]];

#[cfg(not(test))]
mod trap {
    /// Nothing makes a node panic on purpose.
    pub(super) const fn spring(_: &super::NodeInput) {}
}

/// What stands in for a fault of a node: a test of the guard needs one.
#[cfg(test)]
mod trap {
    use super::{Act, NodeInput};

    pub(super) fn spring(input: &NodeInput) {
        if matches!(input, NodeInput::Act(Act::Ask(wish)) if wish == "panic") {
            panic!("as a test asks");
        }
    }
}

/// Outputs of one call after which controller and host quarrel.
const OUTPUTS_MAX: usize = 1024;

/// A node of an explored world: the firmware under test, or a central.
pub type Actor = End<PeripheralNode, AskingCentral>;

/// A central's controller whose host connects, agrees to all parameters or to none, and otherwise
/// passes on the commands that [`Act::Command`] brings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AskingCentral {
    config: ControllerConfig,
    peer: Address,
    parameters: ConnectionParameters,
    agrees: bool,
    controller: Option<CentralController>,
    handle: Option<Handle>,
    /// A request is open.
    asked: bool,
    /// Requests that wait for its response.
    reads: u16,
}

impl AskingCentral {
    /// Switched off; `agrees` to other connection parameters than it begins with.
    #[must_use]
    pub const fn new(
        config: ControllerConfig,
        peer: Address,
        parameters: ConnectionParameters,
        agrees: bool,
    ) -> Self {
        Self {
            config,
            peer,
            parameters,
            agrees,
            controller: None,
            handle: None,
            asked: false,
            reads: 0,
        }
    }

    fn start(&mut self, now: Instant, entropy: [u8; 32], out: &mut Outbox) {
        let entropy = Entropy::new(entropy);
        self.controller = Some(CentralController::new(self.config.clone(), &entropy));
        let request = CreateConnection {
            scan_interval: 16,
            scan_window: 16,
            peer: Some(self.peer),
            own_address_random: false,
            parameters: self.parameters,
        };
        let mask = u64::MAX;
        self.command(now, Command::SetEventMask { mask }, out);
        self.command(now, Command::LeSetEventMask { mask }, out);
        self.command(now, Command::LeCreateConnection { request }, out);
    }

    fn command(&mut self, now: Instant, command: Command, out: &mut Outbox) {
        if let Some(controller) = &mut self.controller {
            if out.recording() {
                out.note(Note::HciCommand(command.clone()));
            }
            controller.command(now, command);
        }
    }

    // ATT-SEQ-1: one request at a time.
    fn read(&mut self, now: Instant, out: &mut Outbox) {
        if self.asked {
            self.reads = self.reads.saturating_add(1);
        } else if let (Some(controller), Some(handle)) = (&mut self.controller, self.handle) {
            self.asked = true;
            let Ok(data) = AclData::from_slice(&READ_REQUEST) else { return };
            let acl = Acl { handle, boundary: AclBoundary::First, data };
            out.note(Note::AclOut(acl.clone()));
            controller.acl(now, acl);
        }
    }

    fn heard(&mut self, now: Instant, acl: &Acl, out: &mut Outbox) {
        let answers = acl.data.get(2..5).is_some_and(|head| ANSWERS.iter().any(|a| a == head));
        if answers && acl.boundary == AclBoundary::First {
            self.asked = false;
            if let Some(left) = self.reads.checked_sub(1) {
                self.reads = left;
                self.read(now, out);
            }
        }
    }

    fn carry(&mut self, now: Instant, out: &mut Outbox) {
        for _ in 0..OUTPUTS_MAX {
            match self.controller.as_mut().and_then(CentralController::poll) {
                None => return,
                Some(ControllerOutput::Radio(command)) => out.push(NodeOutput::Radio(command)),
                Some(ControllerOutput::Event(event)) => self.event(now, event, out),
                Some(ControllerOutput::Acl(acl)) => {
                    out.note(Note::AclIn(acl.clone()));
                    self.heard(now, &acl, out);
                }
                Some(ControllerOutput::Trace(trace)) => {
                    out.note(Note::Trace(trace));
                }
                // This host does not know the extended commands.
                Some(ControllerOutput::Extended(_)) => {}
            }
        }
    }

    fn event(&mut self, now: Instant, event: Event, out: &mut Outbox) {
        if out.recording() {
            out.note(Note::HciEvent(event.clone()));
        }
        match event {
            Event::LeConnectionComplete(complete) if complete.status.0 == 0 => {
                self.handle = Some(complete.handle);
            }
            Event::DisconnectionComplete { .. } => {
                (self.handle, self.asked, self.reads) = (None, false, 0);
            }
            Event::LeRemoteConnectionParameterRequest {
                handle,
                interval_min,
                interval_max,
                latency,
                timeout,
            } => {
                let parameters =
                    ConnectionParameters { interval_min, interval_max, latency, timeout };
                let reply = if self.agrees {
                    Command::LeRemoteConnectionParameterRequestReply { handle, parameters }
                } else {
                    let reason = ErrorCode::UNACCEPTABLE_CONNECTION_PARAMETERS;
                    Command::LeRemoteConnectionParameterRequestNegativeReply { handle, reason }
                };
                self.command(now, reply, out);
            }
            _ => {}
        }
    }
}

impl Node for AskingCentral {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        trap::spring(&input);
        match (input, &mut self.controller) {
            (NodeInput::Start { entropy }, _) => self.start(now, entropy, out),
            (NodeInput::Radio(event), Some(controller)) => controller.radio(now, event),
            (NodeInput::Timer, Some(controller)) => controller.timer(now),
            (NodeInput::Act(Act::Command(command)), Some(_)) => self.command(now, command, out),
            (NodeInput::Act(Act::Ask(wish)), Some(_)) if wish == READ => self.read(now, out),
            (NodeInput::Act(Act::Ask(wish)), Some(controller)) => {
                if let Some(procedure) = AutomaticProcedure::by_name(&wish) {
                    controller.press(now, procedure);
                }
            }
            _ => {}
        }
        self.carry(now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        self.controller.as_ref()?.deadline()
    }

    fn idle(&self) -> Option<Idle> {
        self.controller.as_ref()?.idle()
    }

    fn leap(&mut self, events: u16, _: Duration) {
        if let Some(controller) = &mut self.controller {
            controller.leap(events);
        }
    }
}

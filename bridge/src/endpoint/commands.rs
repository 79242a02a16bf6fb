//! The way of an HCI command: its row in the table, whether it may come, its parameters, the
//! handler of the part that it concerns, its answer.

use ble::error::ErrorCode;
use ble::hci::codec::parse_command;
use ble::hci::{Command, Event, HciOpcode, Return};
use ble::pdu::control::FeatureSet;
use ble::radio::RadioCommand;
use ble::time::Instant;
use bletwin_sim::record::Note;

use super::arbiter::Side;
use super::table::{self, Answer, CommandRow};
use super::{Endpoint, Output, halves, handles};

/// A command at hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) now: Instant,
    row: &'static CommandRow,
    /// Its parameters as octets.
    pub(super) parameters: &'a [u8],
    /// Whether the device has LL Privacy, and so its types of addresses.
    pub(super) privacy: bool,
}

/// Parameters as a value, or their error.
pub(super) type Parsed<T> = Result<T, ErrorCode>;

/// How a command is to be answered, or why it is refused.
pub(super) type Verdict = Result<Reply, ErrorCode>;

/// How a command that is carried out is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// Success, with return parameters of the waist.
    Waist(Return),
    /// With success and octets.
    Octets(Vec<u8>),
    /// By this half, whose answer keeps its place among its events.
    Half(Side),
    /// With success; then something follows.
    Then(Consequence),
    /// Not at all.
    Silent,
}

/// What follows an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Consequence {
    Radio(RadioCommand),
    /// An LE event: code and parameters.
    Subevent(u8, Vec<u8>),
}

/// Success, without return parameters.
pub(super) const DONE: Verdict = Ok(Reply::Waist(Return::None));
/// The same for commands that the waist does not carry.
pub(super) const GRANTED: Verdict = Ok(Reply::Octets(Vec::new()));

/// A handler that takes a command as the waist has it.
type Carried = fn(&mut Endpoint, Instant, Command) -> Verdict;

/// What carries a command out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Handler {
    /// A part that parses parameters unknown to the waist.
    Octets(fn(&mut Endpoint, &Call<'_>) -> Verdict),
    /// A part, by the command as the waist has it.
    Waist(Carried),
    /// As [`Self::Waist`], and whether Own_Address_Type, which stands at this octet, asks for a
    /// private address: the waist knows no such types.
    Activity(usize, fn(&mut Endpoint, Instant, Command, bool) -> Verdict),
    /// The half of the connection that it names, in this role or in either.
    Link(Option<Side>),
    /// This half, which carries it out and answers.
    Half(Side),
}

/// When a command may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Family {
    /// While no direct test runs.
    Any,
    /// While one runs, too.
    Test,
    /// As [`Self::Any`], and unless the host uses extended commands.
    Legacy,
    /// As [`Self::Any`], and unless the host uses legacy ones.
    Extended,
}

/// Which commands of advertising, scanning and initiating a host uses since the last reset: a
/// controller refuses to mix them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Families(Option<Family>);

impl Families {
    fn admit(&mut self, family: Family) -> Result<(), ErrorCode> {
        let other = match family {
            Family::Any | Family::Test => return Ok(()),
            Family::Legacy => Family::Extended,
            Family::Extended => Family::Legacy,
        };
        if *self.0.get_or_insert(family) == other {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        Ok(())
    }
}

/// Of a command that has no parameters.
pub(super) const fn none(call: &Call<'_>) -> Parsed<()> {
    if call.parameters.is_empty() { Ok(()) } else { Err(ErrorCode::INVALID_PARAMETERS) }
}

impl Endpoint {
    /// A command, opcode first.
    pub(super) fn command(&mut self, now: Instant, packet: &[u8]) {
        let [low, high, _, parameters @ ..] = packet else { return };
        let opcode = HciOpcode(u16::from_le_bytes([*low, *high]));
        let Some(row) = table::row(opcode, self.features) else {
            return self.status(opcode, ErrorCode::UNKNOWN_COMMAND);
        };
        let privacy = self.features.has(FeatureSet::PRIVACY);
        let call = Call { now, row, parameters, privacy };
        let verdict = if self.test.runs() && row.family != Family::Test {
            Err(ErrorCode::COMMAND_DISALLOWED)
        } else {
            self.carry_out(&call, packet)
        };
        self.pass_on(now);
        match verdict {
            Ok(reply) => self.answer(&call, reply),
            Err(error) => self.refuse(&call, error),
        }
    }

    fn carry_out(&mut self, call: &Call<'_>, packet: &[u8]) -> Verdict {
        match call.row.handler {
            Handler::Octets(handle) => handle(self, call),
            Handler::Waist(handle) => {
                let command = self.carried(call, packet)?;
                handle(self, call.now, command)
            }
            Handler::Activity(own, handle) => {
                let (packet, private) = without_private_type(packet, own, call.privacy);
                let command = self.carried(call, &packet)?;
                handle(self, call.now, command, private)
            }
            Handler::Link(role) => {
                let mut command = self.carried(call, packet)?;
                let side = self.side_of(&mut command, role)?;
                self.halves.command(call.now, side, command);
                Ok(Reply::Half(side))
            }
            Handler::Half(side) => {
                let command = self.carried(call, packet)?;
                self.halves.command(call.now, side, command);
                Ok(Reply::Half(side))
            }
        }
    }

    /// The command as the waist has it, if it may come.
    fn carried(&mut self, call: &Call<'_>, packet: &[u8]) -> Parsed<Command> {
        let command = parse_command(packet).map_err(|error| error.status())?;
        self.note(Note::HciCommand(command.clone()));
        self.admit(call)?;
        Ok(command)
    }

    /// Whether a command may come whose parameters are right.
    pub(super) fn admit(&mut self, call: &Call<'_>) -> Result<(), ErrorCode> {
        self.families.admit(call.row.family)
    }

    /// The half whose connection a command names, in this role or in either.
    fn side_of(&self, command: &mut Command, role: Option<Side>) -> Result<Side, ErrorCode> {
        let handle = handles::of_command(command).ok_or(ErrorCode::UNKNOWN_COMMAND)?;
        if !self.connections.contain(*handle) {
            return Err(ErrorCode::UNKNOWN_CONNECTION);
        }
        let side = handles::inward(*handle).0;
        if role.is_none_or(|role| role == side) {
            Ok(side)
        } else {
            Err(ErrorCode::COMMAND_DISALLOWED)
        }
    }

    fn answer(&mut self, call: &Call<'_>, reply: Reply) {
        let opcode = HciOpcode(call.row.opcode);
        match reply {
            Reply::Waist(returned) => self.complete(opcode, returned),
            Reply::Octets(octets) => self.grant(call, &octets),
            Reply::Half(side) => self.answer_of_half(call, side),
            Reply::Then(consequence) => {
                self.grant(call, &[]);
                match consequence {
                    Consequence::Radio(command) => self.out.0.push_back(Output::Radio(command)),
                    Consequence::Subevent(code, octets) => self.subevent(code, &octets),
                }
            }
            Reply::Silent => {}
        }
    }

    /// Success, and octets that the answer has room for.
    fn grant(&mut self, call: &Call<'_>, octets: &[u8]) {
        let opcode = HciOpcode(call.row.opcode);
        match call.row.answer {
            Answer::Status => self.status(opcode, ErrorCode::SUCCESS),
            Answer::Complete | Answer::Handle => self.complete_raw(opcode, octets),
        }
    }

    /// The events of a half for a command, with the answer in its place.
    fn answer_of_half(&mut self, call: &Call<'_>, side: Side) {
        let asked = HciOpcode(call.row.opcode);
        while let Some(output) = self.halves.poll(call.now, side) {
            match output {
                // After an error the models' half omits the handle.
                halves::Output::Event(Event::CommandComplete { opcode, status, .. })
                    if opcode == asked
                        && status != ErrorCode::SUCCESS
                        && call.row.answer == Answer::Handle =>
                {
                    self.refuse(call, status);
                }
                other => self.output(call.now, side, other),
            }
        }
    }

    /// The answer to a command that is not carried out, in the form that this command has.
    fn refuse(&mut self, call: &Call<'_>, error: ErrorCode) {
        let opcode = HciOpcode(call.row.opcode);
        let returned = match (call.row.answer, call.parameters) {
            (Answer::Status, _) => return self.status(opcode, error),
            (Answer::Handle, [low, high, ..]) => {
                Return::Handle(ble::hci::Handle(u16::from_le_bytes([*low, *high])))
            }
            _ => Return::None,
        };
        // Of full length, as after success; a host may take it apart before it looks at the status.
        let event = Event::CommandComplete { opcode, status: error, returned };
        self.push_padded(event, call.row.returned);
    }
}

/// Own_Address_Type 2 and 3 become 0 and 1; whether it was one of those.
fn without_private_type(packet: &[u8], own: usize, privacy: bool) -> (Vec<u8>, bool) {
    let mut packet = packet.to_vec();
    let kind = packet.get_mut(3 + own).filter(|kind| privacy && matches!(kind, 2 | 3));
    let private = kind.is_some();
    if let Some(kind) = kind {
        *kind &= 1;
    }
    (packet, private)
}

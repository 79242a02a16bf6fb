//! Which half carries out a command, and what concerns both.

use ble::crypto::aes;
use ble::error::ErrorCode;
use ble::hci::codec::parse_command;
use ble::hci::{Command, CreateConnection, Event, FilterPolicy, HciOpcode, Return};
use ble::pdu::control::FeatureSet;
use ble::time::Instant;
use bletwin_sim::record::Note;

use super::arbiter::{Arbiter, Side};
use super::extended::{self, Extended, Family, OwnAddress};
use super::flow::HostFlow;
use super::privacy::Privacy;
use super::settings::Settings;
use super::table::{self, Answer, Row};
use super::{Endpoint, halves, handles};

/// Devices in the accept list of the half that holds fewer.
const ACCEPT_LIST: u8 = 8;

/// A status, or what Command Complete returns beside success.
pub(super) type Verdict = Result<Return, ErrorCode>;

pub(super) const DONE: Verdict = Ok(Return::None);

impl Endpoint {
    /// A command, opcode first.
    pub(super) fn command(&mut self, now: Instant, packet: &[u8]) {
        let [low, high, _, parameters @ ..] = packet else { return };
        let opcode = u16::from_le_bytes([*low, *high]);
        let Some(row) = table::row(opcode, self.features) else {
            return self.status(opcode, ErrorCode::UNKNOWN_COMMAND);
        };
        if self.direct_test(now, row, parameters)
            || self.device_command(row, parameters)
            || self.extended_command(now, row, parameters)
        {
            return;
        }
        let packet = if self.features.has(FeatureSet::PRIVACY) {
            self.without_private_type(opcode, packet)
        } else {
            packet.to_vec()
        };
        match parse_command(&packet) {
            Ok(command) => {
                self.note(Note::HciCommand(command.clone()));
                self.waist(now, row, parameters, command);
            }
            Err(error) => self.refuse(row, parameters, error.status()),
        }
    }

    fn waist(&mut self, now: Instant, row: &Row, parameters: &[u8], mut command: Command) {
        if extended::is_legacy(row.opcode)
            && let Err(error) = self.belongs(Family::Legacy)
        {
            return self.refuse(row, parameters, error);
        }
        if let Some(handle) = handles::of_command(&mut command) {
            let side = handles::inward(*handle).0;
            return match self.objection(handle.0, side, &command) {
                Some(error) => self.refuse(row, parameters, error),
                None => self.pass(now, side, row, parameters, command),
            };
        }
        let verdict = match command {
            Command::LeSetAdvertisingParameters { parameters: wanted } => {
                let asked = Command::LeSetAdvertisingParameters { parameters: wanted.clone() };
                let verdict = self.ask(now, Side::Peripheral, asked);
                if verdict.is_ok() {
                    self.settings.advertising = wanted.filter;
                    self.advertise_as_asked(wanted, self.private_is_asked());
                }
                verdict
            }
            Command::LeSetAdvertisingEnable { enable: true } if !self.halves.is_advertising() => {
                let _ = self.prepare_advertising(now);
                return self.pass(now, Side::Peripheral, row, parameters, command);
            }
            Command::LeSetAdvertisingData { .. }
            | Command::LeSetScanResponseData { .. }
            | Command::LeSetAdvertisingEnable { .. } => {
                return self.pass(now, Side::Peripheral, row, parameters, command);
            }
            Command::LeCreateConnection { ref request } => {
                match self.may_connect(request, self.private_is_asked()) {
                    Ok(()) => {
                        self.settings.connect_from_list = request.peer.is_none();
                        self.initiate_privately(self.private_is_asked());
                        self.prepare_initiating(request.peer);
                        return self.pass(now, Side::Central, row, parameters, command);
                    }
                    Err(error) => Err(error),
                }
            }
            Command::LeCreateConnectionCancel | Command::LeSetHostChannelClassification { .. } => {
                return self.pass(now, Side::Central, row, parameters, command);
            }
            Command::LeSetScanParameters { .. } | Command::LeSetScanEnable { .. } => {
                self.scan_command(now, command)
            }
            Command::LeReadFilterAcceptListSize => Ok(Return::Size(ACCEPT_LIST)),
            Command::LeClearFilterAcceptList
            | Command::LeAddToFilterAcceptList { .. }
            | Command::LeRemoveFromFilterAcceptList { .. } => {
                if self.list_is_in_use() {
                    Err(ErrorCode::COMMAND_DISALLOWED)
                } else {
                    self.both(now, command)
                }
            }
            other => self.shared_command(now, other),
        };
        match verdict {
            Ok(returned) => self.complete(row.opcode, ErrorCode::SUCCESS, returned),
            Err(error) => self.refuse(row, parameters, error),
        }
    }

    /// Commands about what both halves share.
    fn shared_command(&mut self, now: Instant, command: Command) -> Verdict {
        match command {
            Command::Reset => {
                self.reset(now);
                DONE
            }
            Command::SetEventMask { mask } => {
                self.settings.masks.events = mask;
                self.mask_halves(now)
            }
            Command::LeSetEventMask { mask } => {
                self.settings.masks.le = mask;
                self.mask_halves(now)
            }
            Command::ReadBdAddr => Ok(Return::BdAddr(self.config.public_address)),
            Command::LeReadBufferSize => {
                Ok(Return::BufferSize { length: 251, count: self.buffers() })
            }
            Command::LeReadLocalFeatures => Ok(Return::Features(self.features)),
            Command::LeSetRandomAddress { .. } if self.is_active() => {
                Err(ErrorCode::COMMAND_DISALLOWED)
            }
            Command::LeSetRandomAddress { address } => {
                self.settings.random_address = Some(address);
                self.both(now, command)
            }
            Command::LeRand => Ok(Return::Random(self.random.octets())),
            Command::LeEncrypt { key, plaintext } => {
                Ok(Return::Encrypted(aes::e(key.expose(), plaintext.expose())))
            }
            Command::LeWriteSuggestedDefaultDataLength { tx_octets, tx_time } => {
                self.both(now, command).inspect(|_| self.settings.suggested = (tx_octets, tx_time))
            }
            Command::LeReadMaximumDataLength => self.ask(now, Side::Central, command),
            Command::LeSetDefaultPhy { .. } => self.both(now, command),
            other => self.privacy_command(now, other).unwrap_or(Err(ErrorCode::UNKNOWN_COMMAND)),
        }
    }

    /// Ends everything; nobody is told, and peers notice by their supervision timeout.
    pub(super) fn reset(&mut self, now: Instant) {
        // Neither half can refuse a reset.
        let _ = self.both(now, Command::Reset);
        self.arbiter = Arbiter::default();
        self.out.0.push_back(super::Output::Radio(ble::radio::RadioCommand::Stop));
        self.settings = Settings::default();
        self.privacy = Privacy::default();
        self.flow = HostFlow::default();
        self.testing = None;
        self.extended = Extended::default();
        self.halves.set.disable(now);
        self.connections.clear();
        let _ = self.mask_halves(now);
    }

    /// What the halves may tell, as opposed to what the host wants to hear.
    pub(super) fn mask_halves(&mut self, now: Instant) -> Verdict {
        let mask = self.settings.masks.for_halves();
        self.both(now, Command::SetEventMask { mask: u64::MAX })?;
        self.both(now, Command::LeSetEventMask { mask })
    }

    /// Why a command about a connection is refused before any half sees it.
    fn objection(&self, handle: u16, side: Side, command: &Command) -> Option<ErrorCode> {
        if !self.connections.contains_key(&handle) {
            return Some(ErrorCode::UNKNOWN_CONNECTION);
        }
        let only = match command {
            Command::LeEnableEncryption { .. } => Side::Central,
            Command::LeLongTermKeyRequestReply { .. }
            | Command::LeLongTermKeyRequestNegativeReply { .. } => Side::Peripheral,
            _ => side,
        };
        (only != side).then_some(ErrorCode::COMMAND_DISALLOWED)
    }

    fn scan_command(&mut self, now: Instant, command: Command) -> Verdict {
        let random = self.settings.random_address.is_some();
        match &command {
            Command::LeSetScanParameters { parameters } => {
                let (own, filter) = (parameters.own_address_random, parameters.filter);
                let asked = parameters.clone();
                let verdict = self.ask(now, Side::Central, command);
                if verdict.is_ok() {
                    (self.settings.scan_random, self.settings.scan_filter) = (own, filter);
                    self.scan_as_asked(asked, self.private_is_asked());
                }
                verdict
            }
            Command::LeSetScanEnable { enable: true, .. }
                if self.settings.scan_random && !random =>
            {
                Err(ErrorCode::INVALID_PARAMETERS)
            }
            Command::LeSetScanEnable { enable: true, .. } if !self.halves.is_scanning() => {
                self.prepare_scanning(now);
                self.ask(now, Side::Central, command)
            }
            _ => self.ask(now, Side::Central, command),
        }
    }

    pub(super) fn may_connect(
        &self,
        request: &CreateConnection,
        private: bool,
    ) -> Result<(), ErrorCode> {
        if self.halves.is_initiating() {
            return Err(ErrorCode::COMMAND_DISALLOWED);
        }
        let own = OwnAddress { random: request.own_address_random, private };
        if self.lacks_own(own, self.settings.random_address, request.peer) {
            return Err(ErrorCode::INVALID_PARAMETERS);
        }
        let known = |peer| {
            self.connections
                .values()
                .any(|known| known.peer == peer || known.identity == Some(peer))
        };
        if request.peer.is_some_and(known) {
            return Err(ErrorCode::CONNECTION_ALREADY_EXISTS);
        }
        Ok(())
    }

    /// Whether anything runs that uses the device's address.
    pub(super) fn is_active(&self) -> bool {
        let advertises = self.halves.is_advertising() || self.set_is_enabled();
        advertises || self.halves.is_scanning() || self.halves.is_initiating()
    }

    fn list_is_in_use(&self) -> bool {
        (self.halves.is_advertising() && self.settings.advertising != FilterPolicy::Any)
            || self.set_filters()
            || (self.halves.is_scanning() && self.settings.scan_filter)
            || (self.halves.is_initiating() && self.settings.connect_from_list)
    }

    /// Lets both halves carry out a command and gives the answer that is worse.
    pub(super) fn both(&mut self, now: Instant, command: Command) -> Verdict {
        let first = self.ask(now, Side::Peripheral, command.clone());
        let second = self.ask(now, Side::Central, command);
        first.and(second)
    }

    /// Lets a half carry out a command and takes the answer. Whatever else it says is passed on.
    pub(super) fn ask(&mut self, now: Instant, side: Side, command: Command) -> Verdict {
        let asked = command.opcode();
        self.halves.command(now, side, command);
        let mut verdict = Err(ErrorCode::UNSPECIFIED);
        while let Some(output) = self.halves.poll(now, side) {
            match output {
                halves::Output::Event(Event::CommandComplete { opcode, status, returned })
                    if opcode == asked =>
                {
                    verdict = if status == ErrorCode::SUCCESS { Ok(returned) } else { Err(status) };
                }
                halves::Output::Event(Event::CommandStatus { opcode, status })
                    if opcode == asked =>
                {
                    verdict = if status == ErrorCode::SUCCESS { DONE } else { Err(status) };
                }
                other => self.output(now, side, other),
            }
        }
        verdict
    }

    /// Lets a half carry out a command; its answer goes to the host in its place among the events.
    fn pass(&mut self, now: Instant, side: Side, row: &Row, parameters: &[u8], command: Command) {
        self.halves.command(now, side, command);
        while let Some(output) = self.halves.poll(now, side) {
            match output {
                // After an error the models' half leaves the handle out.
                halves::Output::Event(Event::CommandComplete { opcode, status, .. })
                    if opcode == HciOpcode(row.opcode)
                        && status != ErrorCode::SUCCESS
                        && row.answer == Answer::Handle =>
                {
                    self.refuse(row, parameters, status);
                }
                other => self.output(now, side, other),
            }
        }
    }
}

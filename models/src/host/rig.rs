//! For tests: a controller and a peripheral in one, below a host. The peripheral answers from the
//! rules with as little state as possible.

use std::collections::VecDeque;

use firmware_core::address::Address;
use firmware_core::effect::PublicKey;
use firmware_core::error::ErrorCode;
use firmware_core::hci::{
    Acl, AdvertisingReport, Command, ConnectionComplete, Event, Handle, Return, Role,
};
use firmware_core::host::message::Ui;
use firmware_core::random::Entropy;
use firmware_core::secret::Secret;
use firmware_core::time::Instant;

use super::l2cap::{self, Recombination};
use super::smp::toolbox::{self, Check};
use super::smp::{Features, Pdu, public_key, shared_secret};
use super::{CentralHost, HostConfig, HostOutput};

pub(super) const HANDLE: Handle = Handle(0x40);
pub(super) const PERIPHERAL: Address = Address::static_random([0xC0, 1, 2, 3, 4, 5]);
pub(super) const CENTRAL: Address = Address::public([0x58, 0xA0, 0x23, 0xA6, 0x35, 0x0A]);

/// The peripheral's pairing.
#[derive(Default)]
pub(super) struct Responder {
    /// What it answers to Pairing Request; none: it does not answer.
    pub(super) features: Option<Features>,
    /// The passkey that it shows or that its user types.
    pub(super) passkey: u32,
    /// Its public key, if not an honest one.
    pub(super) forged_key: Option<PublicKey>,
    /// Whether its DHKey check is wrong.
    pub(super) forged_check: bool,
    /// Whether it takes any confirm value for right.
    pub(super) credulous: bool,
    request: Features,
    peer_key: Option<PublicKey>,
    confirm: [u8; 16],
    na: [u8; 16],
    round: u8,
    passkey_method: bool,
    pub(super) ltk: Option<Secret<16>>,
    /// What the central distributed.
    pub(super) central_keys: Vec<Pdu>,
}

const PRIVATE: [u8; 32] = [0x31; 32];

impl Responder {
    fn key(&self) -> PublicKey {
        self.forged_key.unwrap_or_else(|| public_key(&Secret::new(PRIVATE)).unwrap())
    }

    fn nonce(&self) -> [u8; 16] {
        [self.round + 1; 16]
    }

    fn z(&self) -> u8 {
        if self.passkey_method { 0x80 | (self.passkey >> self.round & 1) as u8 } else { 0 }
    }

    fn own_confirm(&self) -> Pdu {
        let peer = self.peer_key.unwrap();
        Pdu::Confirm(toolbox::f4(&self.key().x, &peer.x, &self.nonce(), self.z()))
    }

    fn check(&mut self, theirs: [u8; 16]) -> Vec<Pdu> {
        let secret = shared_secret(&Secret::new(PRIVATE), &self.peer_key.unwrap()).unwrap();
        let nb = self.nonce();
        let (mac_key, ltk) = toolbox::f5(&secret, &self.na, &nb, CENTRAL, PERIPHERAL);
        let r = if self.passkey_method { u128::from(self.passkey).to_le_bytes() } else { [0; 16] };
        let ea = Check {
            nonces: (&self.na, &nb),
            r,
            io_cap: self.request.io_cap(),
            addresses: (CENTRAL, PERIPHERAL),
        };
        if toolbox::f6(&mac_key, &ea) != theirs {
            return vec![Pdu::Failed(0x0B)];
        }
        let eb = Check {
            nonces: (&nb, &self.na),
            r,
            io_cap: self.features.unwrap().io_cap(),
            addresses: (PERIPHERAL, CENTRAL),
        };
        let mut eb = toolbox::f6(&mac_key, &eb);
        eb[0] ^= u8::from(self.forged_check);
        self.ltk = Some(ltk);
        vec![Pdu::DhKeyCheck(eb)]
    }

    /// Answers of the peripheral to a command.
    fn received(&mut self, pdu: Pdu, passkey_method: bool) -> Vec<Pdu> {
        match pdu {
            Pdu::PairingRequest(request) => {
                self.request = request;
                self.round = 0;
                self.passkey_method = passkey_method;
                self.features.map(Pdu::PairingResponse).into_iter().collect()
            }
            Pdu::PublicKey(key) => {
                self.peer_key = Some(key);
                let confirm = (!self.passkey_method).then(|| self.own_confirm());
                [Some(Pdu::PublicKey(self.key())), confirm].into_iter().flatten().collect()
            }
            Pdu::Confirm(confirm) => {
                self.confirm = confirm;
                vec![self.own_confirm()]
            }
            Pdu::Random(na) => {
                self.na = na;
                let (own, peer) = (self.key(), self.peer_key.unwrap());
                if self.passkey_method
                    && !self.credulous
                    && toolbox::f4(&peer.x, &own.x, &na, self.z()) != self.confirm
                {
                    return vec![Pdu::Failed(0x04)];
                }
                let answer = Pdu::Random(self.nonce());
                // The nonce of the last round goes into the check.
                if self.passkey_method && self.round < 19 {
                    self.round += 1;
                }
                vec![answer]
            }
            Pdu::DhKeyCheck(check) => self.check(check),
            other => {
                self.central_keys.push(other);
                vec![]
            }
        }
    }
}

/// Everything below the host, and the user above it.
pub(super) struct Rig {
    pub(super) host: CentralHost,
    pub(super) now: Instant,
    pub(super) responder: Responder,
    pub(super) passkey_method: bool,
    /// What the user types when asked; none: the user looks on.
    pub(super) typed: Option<u32>,
    /// What the user says to a comparison.
    pub(super) equal: Option<bool>,
    /// Error code of a write to the LED as long as the link is plain.
    pub(super) led_error: Option<u8>,
    /// Whether the peripheral can be connected to.
    pub(super) answers: bool,
    /// Whether data from the host still reach the peripheral.
    pub(super) link_works: bool,
    pub(super) bonded_ltk: Option<Secret<16>>,
    pub(super) led: Option<u8>,
    pub(super) commands: Vec<Command>,
    pub(super) shown: Vec<Ui>,
    pub(super) notes: Vec<String>,
    encrypted: bool,
    recombination: Recombination,
    inbox: VecDeque<Inbound>,
}

enum Inbound {
    Event(Event),
    Acl(Acl),
}

impl Rig {
    pub(super) fn new(config: HostConfig) -> Self {
        Self {
            host: CentralHost::new(config, &Entropy::new([3; 32])),
            now: Instant::from_us(1),
            responder: Responder {
                features: Some(Features {
                    io: 0,
                    oob: 0,
                    auth: 0x0D,
                    key_size: 16,
                    initiator_keys: 2,
                    responder_keys: 2,
                }),
                passkey: 123_456,
                ..Responder::default()
            },
            passkey_method: true,
            typed: Some(123_456),
            equal: Some(true),
            led_error: Some(5),
            answers: true,
            link_works: true,
            bonded_ltk: None,
            led: None,
            commands: Vec::new(),
            shown: Vec::new(),
            notes: Vec::new(),
            encrypted: false,
            recombination: Recombination::default(),
            inbox: VecDeque::new(),
        }
    }

    pub(super) fn start(&mut self) {
        self.host.start(self.now);
    }

    /// Runs until `ms` milliseconds after the start of time, or until nothing is due.
    pub(super) fn run_until_ms(&mut self, ms: u64) {
        let end = Instant::from_us(ms * 1000);
        for _ in 0..100_000 {
            if let Some(output) = self.host.poll() {
                self.output(output);
            } else if let Some(inbound) = self.inbox.pop_front() {
                match inbound {
                    Inbound::Event(event) => self.host.event(self.now, event),
                    Inbound::Acl(acl) => self.host.acl(self.now, &acl),
                }
            } else if let Some(at) = self.host.deadline().filter(|at| *at <= end) {
                self.now = self.now.max(at);
                self.host.timer(self.now);
            } else {
                self.now = end;
                return;
            }
        }
        panic!("the host does not come to rest");
    }

    pub(super) fn event(&mut self, event: Event) {
        self.inbox.push_back(Inbound::Event(event));
    }

    pub(super) fn send(&mut self, cid: u16, payload: &[u8]) {
        let packets = l2cap::fragments(HANDLE, cid, payload, 27);
        self.inbox.extend(packets.into_iter().map(Inbound::Acl));
    }

    fn complete(&mut self, command: &Command, returned: Return) {
        let (opcode, status) = (command.opcode(), ErrorCode::SUCCESS);
        self.event(Event::CommandComplete { opcode, status, returned });
    }

    fn status(&mut self, command: &Command) {
        self.event(Event::CommandStatus { opcode: command.opcode(), status: ErrorCode::SUCCESS });
    }

    fn output(&mut self, output: HostOutput) {
        match output {
            HostOutput::Command(command) => {
                self.commands.push(command.clone());
                self.command(&command);
            }
            HostOutput::Acl(acl) => {
                self.event(Event::NumberOfCompletedPackets { handle: HANDLE, count: 1 });
                if self.link_works
                    && let Some((cid, frame)) = self.recombination.push(&acl)
                {
                    self.frame(cid, &frame);
                }
            }
            HostOutput::Show(ui) => {
                use bletwin_sim::node::Act;
                self.shown.push(ui.clone());
                match (ui, self.typed, self.equal) {
                    (Ui::AskPasskey, Some(passkey), _) => {
                        self.host.act(self.now, &Act::TypePasskey(passkey));
                    }
                    (Ui::CompareNumber(_), _, Some(equal)) => {
                        self.host.act(self.now, &Act::Confirm(equal));
                    }
                    _ => {}
                }
            }
            HostOutput::Note(text) => self.notes.push(text),
        }
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::LeReadBufferSize => {
                self.complete(command, Return::BufferSize { length: 27, count: 3 });
            }
            Command::ReadBdAddr => self.complete(command, Return::BdAddr(CENTRAL.octets)),
            Command::LeSetScanEnable { enable: true, .. } => {
                self.complete(command, Return::None);
                let name = b"Nordic_LBS";
                let data = [&[2, 1, 6, name.len() as u8 + 1, 9][..], name].concat();
                self.event(Event::LeAdvertisingReport(AdvertisingReport {
                    event_type: 0,
                    address: PERIPHERAL,
                    data: data.into_iter().collect(),
                    rssi: -50,
                }));
            }
            Command::LeCreateConnection { .. } if !self.answers => self.status(command),
            Command::LeCreateConnectionCancel => {
                self.complete(command, Return::None);
                self.connected(PERIPHERAL, ErrorCode::UNKNOWN_CONNECTION, (0, 0));
            }
            Command::LeCreateConnection { request } => {
                self.status(command);
                self.encrypted = false;
                let parameters = (request.parameters.interval_max, request.parameters.timeout);
                self.connected(request.peer.unwrap(), ErrorCode::SUCCESS, parameters);
            }
            Command::LeEnableEncryption { ltk, .. } => {
                self.status(command);
                let known = self.responder.ltk.take().or_else(|| self.bonded_ltk.clone());
                self.encrypted = known.as_ref() == Some(ltk);
                let status = if self.encrypted {
                    self.bonded_ltk = known;
                    ErrorCode::SUCCESS
                } else {
                    ErrorCode::PIN_OR_KEY_MISSING
                };
                let enabled = self.encrypted;
                self.event(Event::EncryptionChange { handle: HANDLE, status, enabled });
                if self.encrypted && self.responder.peer_key.take().is_some() {
                    self.send(l2cap::CID_SMP, &Pdu::IdentityInformation([0; 16]).encode());
                    self.send(l2cap::CID_SMP, &Pdu::IdentityAddress(PERIPHERAL).encode());
                }
            }
            Command::Disconnect { .. } => {
                self.status(command);
                let reason = ErrorCode::LOCAL_HOST_TERMINATED;
                self.event(Event::DisconnectionComplete { handle: HANDLE, reason });
            }
            Command::LeReadRemoteFeatures { .. } | Command::ReadRemoteVersion { .. } => {
                self.status(command);
            }
            _ => self.complete(command, Return::None),
        }
    }

    fn connected(&mut self, peer: Address, status: ErrorCode, (interval, timeout): (u16, u16)) {
        self.event(Event::LeConnectionComplete(ConnectionComplete {
            status,
            handle: HANDLE,
            role: Role::Central,
            peer,
            peer_identity: None,
            local: CENTRAL,
            interval,
            latency: 0,
            timeout,
            sca: 5,
        }));
    }

    fn frame(&mut self, cid: u16, frame: &[u8]) {
        match cid {
            l2cap::CID_SMP => {
                let pdu = Pdu::parse(frame).unwrap();
                for answer in self.responder.received(pdu, self.passkey_method) {
                    self.send(l2cap::CID_SMP, &answer.encode());
                }
            }
            l2cap::CID_ATT => {
                if let Some(answer) = self.att(frame) {
                    self.send(l2cap::CID_ATT, &answer);
                }
            }
            _ => {}
        }
    }

    /// Attributes of a LED Button Service alone: 1 service, 2–4 Button with CCC, 5–6 LED.
    fn att(&mut self, frame: &[u8]) -> Option<Vec<u8>> {
        let lbs = |n: u16| {
            (0x0000_1523_1212_efde_1523_785f_eabc_d123_u128 + (u128::from(n) << 96)).to_le_bytes()
        };
        let error = |code| Some(vec![1, frame[0], frame[1], frame[2], code]);
        let range = frame.get(1..3).map(|b| u16::from_le_bytes([b[0], b[1]]));
        match (frame[0], range) {
            (0x02, _) => Some(vec![3, 247, 0]),
            (0x10, Some(1)) => Some([&[0x11, 20, 1, 0, 6, 0][..], &lbs(0)].concat()),
            (0x08, Some(1..=2)) => Some([&[9, 21, 2, 0, 0x12, 3, 0][..], &lbs(1)].concat()),
            (0x08, Some(3..=5)) => Some([&[9, 21, 5, 0, 0x08, 6, 0][..], &lbs(2)].concat()),
            (0x04, Some(4)) => Some(vec![5, 1, 4, 0, 0x02, 0x29]),
            (0x12, Some(4)) => Some(vec![0x13]),
            (0x12, Some(6)) => match self.led_error.filter(|_| !self.encrypted) {
                Some(code) => error(code),
                None => {
                    self.led = frame.get(3).copied();
                    Some(vec![0x13])
                }
            },
            (opcode, _) if opcode & 1 == 0 && opcode != 0x1E => error(0x0A),
            _ => None,
        }
    }

    /// Whether the host's log says this.
    pub(super) fn noted(&self, text: &str) -> bool {
        self.notes.iter().any(|note| note.contains(text))
    }
}

//! For tests: a controller below a host, and a [`Peer`] behind it.

use std::collections::VecDeque;

use ble::address::Address;
use ble::error::ErrorCode;
use ble::hci::{Acl, AdvertisingReport, Command, ConnectionComplete, Event, Handle, Return, Role};
use ble::random::Entropy;
use ble::time::Instant;
use ble::ui::Ui;
use bletwin_sim::remembered::Remembered;

use super::peer::{CENTRAL, PERIPHERAL, Peer, fragments};
use super::{CentralHost, HostConfig, HostOutput};

pub(super) const HANDLE: Handle = Handle(0x40);

/// Everything below the host, and the user above it.
pub(super) struct Rig {
    pub(super) host: CentralHost,
    pub(super) now: Instant,
    pub(super) peer: Peer,
    /// The passkey that the user types when asked; `None`: the user does nothing.
    pub(super) typed: Option<u32>,
    /// The user's answer to a comparison.
    pub(super) equal: Option<bool>,
    /// Whether the peripheral can be connected to.
    pub(super) answers: bool,
    /// Whether data from the host still reach the peripheral.
    pub(super) link_works: bool,
    pub(super) commands: Vec<Command>,
    pub(super) shown: Vec<Ui>,
    pub(super) notes: Vec<String>,
    keys: Remembered,
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
            keys: Remembered::default(),
            now: Instant::from_us(1),
            peer: Peer::default(),
            typed: Some(123_456),
            equal: Some(true),
            answers: true,
            link_works: true,
            commands: Vec::new(),
            shown: Vec::new(),
            notes: Vec::new(),
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
                self.host.timer(self.now, &mut self.keys);
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
        let packets = fragments(HANDLE, cid, payload);
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
                if self.link_works {
                    for (cid, frame) in self.peer.packet(&acl) {
                        self.send(cid, &frame);
                    }
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
                    resolved: false,
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
                self.peer.encrypted = false;
                let parameters = (request.parameters.interval_max, request.parameters.timeout);
                self.connected(request.peer.unwrap(), ErrorCode::SUCCESS, parameters);
            }
            Command::LeEnableEncryption { ltk, .. } => {
                self.status(command);
                let key = self.peer.key();
                let enabled = key.as_ref() == Some(ltk);
                let status =
                    if enabled { ErrorCode::SUCCESS } else { ErrorCode::PIN_OR_KEY_MISSING };
                self.event(Event::EncryptionChange { handle: HANDLE, status, enabled });
                if enabled {
                    for (cid, frame) in self.peer.distribution(key) {
                        self.send(cid, &frame);
                    }
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

    /// Whether the host's log says this.
    pub(super) fn noted(&self, text: &str) -> bool {
        self.notes.iter().any(|note| note.contains(text))
    }
}

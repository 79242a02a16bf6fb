//! The whole host against a test controller that answers every command immediately.

mod advertising;
mod application;
mod bonding;
mod changed;
mod channels;
mod directed;
mod overload;
mod pairing;
mod privacy;
mod procedures;

use super::bonds::Bond;
use super::l2cap::{CID_ATT, CID_SMP, frame, split};
use super::message::{HostInput, HostOutput};
use super::*;
use crate::led_button::{LedButton, Light, Press};
use ble::address::Address;
use ble::effect::Completion;
use ble::error::ErrorCode;
use ble::hci::{Acl, AclBoundary, ConnectionComplete, Event, Return, Role};
use ble::secret::Secret;
use ble::time::Duration;
use ble::ui::Dialog;
use std::format;
use std::string::String;
use std::vec::Vec;

const HANDLE: Handle = Handle(0);
const INTEL: Address = Address::public([0x58, 0xA0, 0x23, 0xA6, 0x35, 0x0A]);

/// A host, its controller, and all that came out.
#[derive(Clone)]
struct RigOf<A: Application> {
    host: Host<A, 1>,
    now: Instant,
    /// What LE Connection Update is answered with.
    update_status: ErrorCode,
    credits: u8,
    commands: Vec<Command>,
    frames: Vec<Acl>,
    logs: Vec<String>,
    ui: Vec<Dialog>,
    lights: Vec<A::Output>,
    effects: Vec<Effect>,
    traces: Vec<Trace>,
}

/// With the LED Button.
type Rig = RigOf<LedButton>;

impl<A: Application + Default> RigOf<A> {
    fn new(config: &Config) -> Self {
        Self {
            host: Host::new(config, A::default(), &Entropy::new([3; 32])),
            now: Instant::from_us(1_000),
            update_status: ErrorCode::SUCCESS,
            credits: 4,
            commands: Vec::new(),
            frames: Vec::new(),
            logs: Vec::new(),
            ui: Vec::new(),
            lights: Vec::new(),
            effects: Vec::new(),
            traces: Vec::new(),
        }
    }

    /// Switched on, advertising.
    fn started(config: &Config) -> Self {
        Self::with_bond(config, None)
    }

    /// Switched on with a record in storage, advertising.
    fn with_bond(config: &Config, bond: Option<&Bond>) -> Self {
        let mut rig = Self::new(config);
        if let Some(bond) = bond {
            let record = bond.to_record().unwrap();
            rig.input(HostInput::Completed(Completion::Loaded { slot: bond.slot, record }));
        }
        let _ = rig.host.start(rig.now);
        rig.pump();
        rig
    }

    fn connected(config: &Config) -> Self {
        let mut rig = Self::started(config);
        rig.forget();
        rig.connect(INTEL);
        rig
    }

    fn forget(&mut self) {
        self.commands.clear();
        self.logs.clear();
        self.ui.clear();
        self.lights.clear();
        self.effects.clear();
    }

    fn pump(&mut self) {
        while let Some(output) = self.host.poll() {
            match output {
                HostOutput::Command(command) => {
                    self.answer(&command);
                    self.commands.push(command);
                }
                HostOutput::Acl(acl) => self.frames.push(acl),
                HostOutput::Effect(effect) => self.effects.push(effect),
                HostOutput::Log(log) => self.logs.push(format!("{}", log.line)),
                HostOutput::Dialog(dialog) => self.ui.push(dialog),
                HostOutput::Said(_, text) => self.logs.push(format!("{text}")),
                HostOutput::Show(light) => self.lights.push(light),
                HostOutput::Trace(trace) => self.traces.push(trace),
            }
        }
    }

    fn answer(&mut self, command: &Command) {
        let opcode = command.opcode();
        let (status, returned) = match command {
            Command::LeReadBufferSize => {
                (0, Return::BufferSize { length: 251, count: self.credits })
            }
            Command::LeReadMaximumDataLength => {
                let (tx_octets, tx_time) = (251, 2120);
                let (rx_octets, rx_time) = (251, 2120);
                (0, Return::MaximumDataLength { tx_octets, tx_time, rx_octets, rx_time })
            }
            Command::LeConnectionUpdate { .. } => (self.update_status.0, Return::None),
            _ => (0, Return::None),
        };
        let status = ErrorCode(status);
        let event = match command {
            Command::LeReadRemoteFeatures { .. }
            | Command::LeSetPhy { .. }
            | Command::LeConnectionUpdate { .. }
            | Command::Disconnect { .. } => Event::CommandStatus { opcode, status },
            _ => Event::CommandComplete { opcode, status, returned },
        };
        let _ = self.host.input(self.now, HostInput::Event(event));
    }

    fn input(&mut self, input: HostInput<A::Button>) {
        let _ = self.host.input(self.now, input);
        self.pump();
    }

    fn event(&mut self, event: Event) {
        self.input(HostInput::Event(event));
    }

    fn press(&mut self, button: A::Button) {
        for pressed in [true, false] {
            self.input(HostInput::Button { button, pressed });
        }
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.host.deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            let _ = self.host.timer(self.now);
            self.pump();
        }
        self.now = end;
    }

    fn connect(&mut self, peer: Address) {
        self.event(Event::LeConnectionComplete(ConnectionComplete {
            status: ErrorCode::SUCCESS,
            handle: HANDLE,
            role: Role::Peripheral,
            peer,
            peer_identity: None,
            local: Config::zephyr_2024().address,
            interval: 12,
            latency: 0,
            timeout: 200,
            sca: 0,
        }));
    }

    fn disconnect(&mut self, reason: ErrorCode) {
        self.event(Event::DisconnectionComplete { handle: HANDLE, reason });
    }

    /// The first step of a bonded central.
    fn encrypt(&mut self) {
        self.event(Event::LeLongTermKeyRequest { handle: HANDLE, rand: 0, ediv: 0 });
        let status = ErrorCode::SUCCESS;
        self.event(Event::EncryptionChange { handle: HANDLE, status, enabled: true });
    }

    fn send(&mut self, cid: u16, payload: &[u8]) {
        let data = frame(cid, payload).unwrap();
        self.input(HostInput::Acl(Acl { handle: HANDLE, boundary: AclBoundary::First, data }));
    }

    /// The payload of the only frame sent since the last call, its packet completed.
    fn received(&mut self) -> (u16, Vec<u8>) {
        assert_eq!(self.frames.len(), 1, "{:?}", self.frames);
        let acl = self.frames.remove(0);
        self.event(Event::NumberOfCompletedPackets { handle: HANDLE, count: 1 });
        let (cid, payload) = split(&acl.data).unwrap();
        (cid, payload.to_vec())
    }

    fn ask(&mut self, pdu: &[u8]) -> Vec<u8> {
        self.send(CID_ATT, pdu);
        let (cid, answer) = self.received();
        assert_eq!(cid, CID_ATT);
        answer
    }

    fn names(&self) -> Vec<&'static str> {
        self.commands.iter().map(Command::name).collect()
    }
}

fn bond() -> Bond {
    Bond {
        identity: INTEL,
        ltk: Secret::new([7; 16]),
        irk: None,
        level: 4,
        key_size: 16,
        slot: 0,
        cccd: 0,
        configured: database(),
        known: database(),
        number: 1,
    }
}

/// A Pairing Request: keyboard, bonding, MITM, Secure Connections, 16 octets, no keys but one.
const PAIRING_REQUEST: [u8; 7] = [0x01, 0x02, 0x00, 0x0D, 0x10, 0x02, 0x02];

/// The digest of the present table, as a bond stores it.
fn database() -> u32 {
    LedButton::GATT.digest()
}

//! The responder against published exchanges, a model initiator and a hostile one.

mod attacks;
mod flow;
mod initiator;
mod p256_vectors;
mod pairing_mode;
mod properties;
mod replacement;
pub(super) mod scripted;
mod storing;
mod transcripts;

use super::*;
use ble::effect::{Completion, PublicKey};
use ble::error::ErrorCode;
use ble::log::Line;
use ble::random::Entropy;
use ble::secret::Secret;
use ble::time::{Duration, Instant};
use p256::elliptic_curve::sec1::ToSec1Point as _;
use std::vec::Vec;

pub(super) const HANDLE: Handle = Handle(0);
pub(super) const LOCAL: Address = Address::static_random([0xC0, 1, 2, 3, 4, 5]);
pub(super) const PEER: Address = Address::public([0x58, 0xA0, 0x23, 0xA6, 0x35, 0x0A]);

pub(super) fn config(io: IoCapability, min_level: u8) -> SmpConfig {
    SmpConfig {
        bonding: true,
        database: 0,
        irk: Secret::new([0; 16]),
        lapses: Lapses::NONE,
        io,
        passkey: Passkey::Random,
        min_level,
        back_off: true,
        bondable: true,
        outside: PairingOutsideMode::Refuse,
        overwrite: BondOverwrite::Authenticated,
        table_full: BondTableFull::Refuse,
        identity: LOCAL,
        debug_key: false,
    }
}

/// Public key of a private key, both least significant octet first.
pub(in crate::host) fn public_key(private: &[u8; 32]) -> Option<PublicKey> {
    let mut octets = *private;
    octets.reverse();
    let point = p256::SecretKey::from_slice(&octets).ok()?.public_key().to_sec1_point(false);
    let (mut x, mut y) = ([0; 32], [0; 32]);
    x.copy_from_slice(point.x()?);
    y.copy_from_slice(point.y()?);
    x.reverse();
    y.reverse();
    Some(PublicKey { x, y })
}

/// Shared secret, or `None` for a point that is not on the curve.
pub(in crate::host) fn shared_secret(private: &[u8; 32], peer: &PublicKey) -> Option<Secret<32>> {
    let mut octets = *private;
    octets.reverse();
    let private = p256::SecretKey::from_slice(&octets).ok()?;
    let mut point = [4; 65];
    point[1..33].copy_from_slice(&peer.x);
    point[1..33].reverse();
    point[33..].copy_from_slice(&peer.y);
    point[33..].reverse();
    let peer = p256::PublicKey::from_sec1_bytes(&point).ok()?;
    let secret = p256::ecdh::diffie_hellman(private.to_nonzero_scalar(), peer.as_affine());
    let mut out = [0; 32];
    out.copy_from_slice(secret.raw_secret_bytes());
    out.reverse();
    Some(Secret::new(out))
}

/// A device with its runner: effects are computed on request.
pub(super) struct Device {
    pub(super) manager: SecurityManager<2, 2>,
    pub(super) now: Instant,
    /// Everything that came out and was not taken yet, effects excepted.
    pub(super) outputs: Vec<SmpOutput>,
    pub(super) effects: Vec<Effect>,
    /// Effects are completed immediately.
    pub(super) prompt: bool,
    /// Storage does not answer yet.
    pub(super) holds: bool,
}

impl Device {
    pub(super) fn new(config: SmpConfig) -> Self {
        Self::scripted(config, &[])
    }

    /// The first octets that the device draws are these.
    pub(super) fn scripted(config: SmpConfig, draws: &[u8]) -> Self {
        let mut manager = SecurityManager::new(config, &Entropy::new([5; 32]));
        manager.shared.draws.script(draws);
        let (now, outputs, effects) = (Instant::from_us(1), Vec::new(), Vec::new());
        let mut device = Self { manager, now, outputs, effects, prompt: true, holds: false };
        device.manager.start(device.now);
        device.pump();
        device
    }

    pub(super) fn connect(&mut self) {
        self.connect_from(PEER);
    }

    /// A connection from this address on air, in place of the one before.
    pub(super) fn connect_from(&mut self, peer: Address) {
        self.manager.connected(self.now, HANDLE, LOCAL, peer, None);
    }

    pub(super) fn disconnect(&mut self) {
        self.manager.disconnected(self.now, HANDLE, ErrorCode::REMOTE_USER_TERMINATED);
        self.pump();
        self.outputs.clear();
    }

    /// Whether the link was ended with this reason.
    pub(super) fn hung_up(&self, reason: ErrorCode) -> bool {
        let command = SmpOutput::Command(Command::Disconnect { handle: HANDLE, reason });
        self.outputs.contains(&command)
    }

    pub(super) fn pump(&mut self) {
        while let Some(output) = self.manager.poll() {
            match output {
                SmpOutput::Effect(effect) => self.effects.push(effect),
                output => self.outputs.push(output),
            }
        }
        if self.prompt {
            self.complete();
        }
    }

    /// Completes requested effects, and those that follow from them.
    pub(super) fn complete(&mut self) {
        let held = |effect: &Effect| matches!(effect, Effect::Persist { .. });
        while let Some(at) = self.effects.iter().position(|e| !(self.holds && held(e))) {
            let completion = match self.effects.remove(at) {
                Effect::P256PublicKey { id, private_key } => {
                    Completion::PublicKey { id, key: public_key(private_key.expose()) }
                }
                Effect::P256SharedSecret { id, private_key, peer } => {
                    let secret = shared_secret(private_key.expose(), &peer);
                    Completion::SharedSecret { id, secret }
                }
                Effect::Persist { id, .. } => Completion::Persisted { id, ok: true },
            };
            self.manager.completed(self.now, completion);
            while let Some(output) = self.manager.poll() {
                match output {
                    SmpOutput::Effect(effect) => self.effects.push(effect),
                    output => self.outputs.push(output),
                }
            }
        }
    }

    pub(super) fn receive(&mut self, pdu: &[u8]) {
        self.manager.received(self.now, HANDLE, pdu);
        self.pump();
    }

    /// Sends to the device and returns its payloads.
    pub(super) fn exchange(&mut self, pdu: &[u8]) -> Vec<Vec<u8>> {
        self.receive(pdu);
        self.sent()
    }

    /// Takes the payloads out of the outputs.
    pub(super) fn sent(&mut self) -> Vec<Vec<u8>> {
        let mut sent = Vec::new();
        self.outputs.retain(|output| match output {
            SmpOutput::Send { pdu, .. } => {
                sent.push(pdu.to_vec());
                false
            }
            _ => true,
        });
        sent
    }

    /// The central starts encryption; the key the device gives, if any.
    pub(super) fn ask_ltk(&mut self) -> Option<[u8; 16]> {
        self.outputs.clear();
        self.manager.ltk_request(self.now, HANDLE, 0, 0);
        self.pump();
        self.outputs.iter().find_map(|output| match output {
            SmpOutput::Command(Command::LeLongTermKeyRequestReply { ltk, .. }) => {
                Some(*ltk.expose())
            }
            _ => None,
        })
    }

    pub(super) fn encrypted(&mut self) {
        self.manager.encryption_changed(self.now, HANDLE, ErrorCode::SUCCESS, true);
        self.pump();
    }

    pub(super) fn wait(&mut self, by: Duration) {
        self.now += by;
        self.manager.timer(self.now);
        self.pump();
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        let line = |output: &SmpOutput| match output {
            SmpOutput::Log(log) => Some(log.line.clone()),
            _ => None,
        };
        self.outputs.iter().filter_map(line).collect()
    }

    /// The passkey on the display.
    pub(super) fn shown(&self) -> Option<u32> {
        self.outputs.iter().rev().find_map(|output| match output {
            SmpOutput::Dialog(Dialog::ShowPasskey(passkey)) => Some(*passkey),
            _ => None,
        })
    }

    pub(super) fn failure(&self) -> Option<SecurityError> {
        self.outputs.iter().find_map(|output| match output {
            SmpOutput::SecurityFailed { error, .. } => Some(*error),
            _ => None,
        })
    }

    pub(super) fn ended(&self) -> Option<bool> {
        self.outputs.iter().find_map(|output| match output {
            SmpOutput::PairingEnded { bonded, .. } => Some(*bonded),
            _ => None,
        })
    }
}

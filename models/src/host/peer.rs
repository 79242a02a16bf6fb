//! For tests: the host of a peripheral, from the rules, with as little state as possible.

use ble::address::Address;
use ble::effect::PublicKey;
use ble::hci::{Acl, Handle};
use ble::secret::Secret;
use bletwin_sim::effects::{public_key, shared_secret};

use super::l2cap::{self, Recombination};
use super::smp::toolbox::{self, Check};
use super::smp::{PairingFeatures, Pdu};

pub(crate) const PERIPHERAL: Address = Address::static_random([0xC0, 1, 2, 3, 4, 5]);
pub(crate) const CENTRAL: Address = Address::public([0x58, 0xA0, 0x23, 0xA6, 0x35, 0x0A]);

/// A frame in packets of 27 octets.
pub(crate) fn fragments(handle: Handle, cid: u16, payload: &[u8]) -> Vec<Acl> {
    l2cap::fragments(handle, cid, payload, 27)
}

/// The peripheral's pairing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Responder {
    /// Its answer to Pairing Request; `None`: it does not answer.
    pub(crate) features: Option<PairingFeatures>,
    /// The passkey that it shows or that its user types.
    pub(crate) passkey: u32,
    /// Its public key, if not an honest one.
    pub(crate) forged_key: Option<PublicKey>,
    /// Whether its DHKey check is wrong.
    pub(crate) forged_check: bool,
    /// Whether it takes any confirm value for right.
    pub(crate) credulous: bool,
    request: PairingFeatures,
    peer_key: Option<PublicKey>,
    confirm: [u8; 16],
    na: [u8; 16],
    round: u8,
    passkey_method: bool,
    pub(crate) ltk: Option<Secret<16>>,
    /// The keys that the central distributed.
    pub(crate) central_keys: Vec<Pdu>,
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
                // The nonce of the last round enters the check.
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

/// A peripheral with one bond and a LED Button Service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Peer {
    pub(crate) responder: Responder,
    pub(crate) passkey_method: bool,
    /// Error code of a write to the LED as long as the link is plain.
    pub(crate) led_error: Option<u8>,
    /// Key of the bond.
    pub(crate) bonded_ltk: Option<Secret<16>>,
    /// The value written to the LED.
    pub(crate) led: Option<u8>,
    pub(crate) encrypted: bool,
    recombination: Recombination,
}

impl Default for Peer {
    /// DisplayOnly, Secure Connections, MITM, passkey 123456.
    fn default() -> Self {
        let features = PairingFeatures {
            io: 0,
            oob: 0,
            auth: 0x0D,
            key_size: 16,
            initiator_keys: 2,
            responder_keys: 2,
        };
        let features = Some(features);
        Self {
            responder: Responder { features, passkey: 123_456, ..Responder::default() },
            passkey_method: true,
            led_error: Some(5),
            bonded_ltk: None,
            led: None,
            encrypted: false,
            recombination: Recombination::default(),
        }
    }
}

impl Peer {
    /// The key for the next encryption: of the pairing that runs, else of the bond.
    pub(crate) fn key(&mut self) -> Option<Secret<16>> {
        self.responder.ltk.take().or_else(|| self.bonded_ltk.clone())
    }

    /// Encryption runs with this key: gives the frames that distribute the peripheral's keys, if
    /// it came of a pairing.
    pub(crate) fn distribution(&mut self, key: Option<Secret<16>>) -> Vec<(u16, Vec<u8>)> {
        self.encrypted = true;
        self.bonded_ltk = key;
        if self.responder.peer_key.take().is_none() {
            return vec![];
        }
        [Pdu::IdentityInformation([0; 16]), Pdu::IdentityAddress(PERIPHERAL)]
            .map(|pdu| (l2cap::CID_SMP, pdu.encode()))
            .to_vec()
    }

    /// A packet from the central: gives the frames that answer it.
    pub(crate) fn packet(&mut self, acl: &Acl) -> Vec<(u16, Vec<u8>)> {
        match self.recombination.push(acl) {
            Some((l2cap::CID_SMP, frame)) => {
                let pdu = Pdu::parse(&frame).unwrap();
                let answers = self.responder.received(pdu, self.passkey_method);
                answers.iter().map(|answer| (l2cap::CID_SMP, answer.encode())).collect()
            }
            Some((l2cap::CID_ATT, frame)) => {
                self.att(&frame).map(|answer| (l2cap::CID_ATT, answer)).into_iter().collect()
            }
            _ => vec![],
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
}

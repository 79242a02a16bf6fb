//! SMP commands and their octets (Vol 3, Part H, 3.3–3.7).

use ble::address::{Address, AddressKind};
use ble::effect::PublicKey;
use ble::pdu::cursor::{Reader, Writer};
use ble::secret::Secret;

/// Longest SMP command: Pairing Public Key.
pub const SMP_MAX: usize = 65;

/// AuthReq: bonding wanted.
pub(super) const AUTH_BONDING: u8 = 0x01;
/// AuthReq: protection against a man in the middle wanted.
pub(super) const AUTH_MITM: u8 = 0x04;
/// AuthReq: LE Secure Connections supported.
pub(super) const AUTH_SC: u8 = 0x08;
/// Key distribution: identity key and address.
pub(super) const DISTRIBUTE_IDENTITY: u8 = 0x02;

/// Reason of Pairing Failed (3.5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reason(pub u8);

#[allow(missing_docs, reason = "named as the specification names them")]
impl Reason {
    pub const PASSKEY_ENTRY_FAILED: Self = Self(0x01);
    pub const OOB_NOT_AVAILABLE: Self = Self(0x02);
    pub const AUTHENTICATION_REQUIREMENTS: Self = Self(0x03);
    pub const CONFIRM_VALUE_FAILED: Self = Self(0x04);
    pub const PAIRING_NOT_SUPPORTED: Self = Self(0x05);
    pub const ENCRYPTION_KEY_SIZE: Self = Self(0x06);
    pub const UNSPECIFIED: Self = Self(0x08);
    pub const REPEATED_ATTEMPTS: Self = Self(0x09);
    pub const INVALID_PARAMETERS: Self = Self(0x0A);
    pub const DHKEY_CHECK_FAILED: Self = Self(0x0B);
    pub const NUMERIC_COMPARISON_FAILED: Self = Self(0x0C);
    pub const KEY_REJECTED: Self = Self(0x0F);
    pub const BUSY: Self = Self(0x10);
}

/// Fields of Pairing Request and Pairing Response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct PairingFeatures {
    pub(super) io: u8,
    pub(super) oob: u8,
    pub(super) auth: u8,
    pub(super) key_size: u8,
    pub(super) initiator_keys: u8,
    pub(super) responder_keys: u8,
}

/// A command that this responder understands or sends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Command {
    PairingRequest(PairingFeatures),
    PairingResponse(PairingFeatures),
    Confirm([u8; 16]),
    Random([u8; 16]),
    Failed(Reason),
    IdentityInformation(Secret<16>),
    IdentityAddress(Address),
    SecurityRequest(u8),
    PublicKey(PublicKey),
    DhKeyCheck([u8; 16]),
    Keypress,
    /// A command of the specification that never has its turn here (legacy pairing, signing).
    Foreign,
}

/// Why octets are not a [`Command`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// No octets, or a reserved code: to be ignored.
    Unknown,
    /// Pairing Request with a wrong length: refused at any time.
    Request,
    /// Another command with a wrong length or an impossible value.
    Malformed,
}

impl Command {
    pub(super) fn parse(pdu: &[u8]) -> Result<Self, Unreadable> {
        let (&code, payload) = pdu.split_first().ok_or(Unreadable::Unknown)?;
        let broken = match code {
            0x01 => Unreadable::Request,
            0x02..=0x0E => Unreadable::Malformed,
            // SMP-PDU-3: reserved codes.
            _ => return Err(Unreadable::Unknown),
        };
        // SMP-PDU-1: length of a command.
        Self::fields(code, payload).ok_or(broken)
    }

    fn fields(code: u8, payload: &[u8]) -> Option<Self> {
        let mut r = Reader::new(payload);
        let command = match code {
            0x01 => Self::PairingRequest(PairingFeatures::parse(&mut r)?),
            0x02 => Self::PairingResponse(PairingFeatures::parse(&mut r)?),
            0x03 => Self::Confirm(r.array()?),
            0x04 => Self::Random(r.array()?),
            0x05 => Self::Failed(Reason(r.u8()?)),
            0x08 => Self::IdentityInformation(Secret::new(r.array()?)),
            0x09 => {
                let kind = match r.u8()? {
                    0 => AddressKind::Public,
                    1 => AddressKind::Random,
                    _ => return None,
                };
                Self::IdentityAddress(Address::new(kind, r.array()?))
            }
            0x0B => Self::SecurityRequest(r.u8()?),
            0x0C => Self::PublicKey(PublicKey { x: r.array()?, y: r.array()? }),
            0x0D => Self::DhKeyCheck(r.array()?),
            0x0E => {
                r.u8()?;
                Self::Keypress
            }
            0x06 | 0x0A => {
                r.array::<16>()?;
                Self::Foreign
            }
            _ => {
                r.array::<10>()?;
                Self::Foreign
            }
        };
        r.end()?;
        Some(command)
    }

    /// The octets, code first.
    pub(super) fn encode(&self) -> heapless::Vec<u8, SMP_MAX> {
        let mut w = Writer::new();
        match self {
            Self::PairingRequest(f) => w.bytes(&f.encode(0x01)),
            Self::PairingResponse(f) => w.bytes(&f.encode(0x02)),
            Self::Confirm(value) => w.u8(0x03).bytes(value),
            Self::Random(value) => w.u8(0x04).bytes(value),
            Self::Failed(reason) => w.u8(0x05).u8(reason.0),
            Self::IdentityInformation(irk) => w.u8(0x08).bytes(irk.expose()),
            Self::IdentityAddress(a) => w.u8(0x09).u8(a.kind as u8).bytes(&a.octets),
            Self::SecurityRequest(auth) => w.u8(0x0B).u8(*auth),
            Self::PublicKey(key) => w.u8(0x0C).bytes(&key.x).bytes(&key.y),
            Self::DhKeyCheck(value) => w.u8(0x0D).bytes(value),
            Self::Keypress | Self::Foreign => &mut w,
        };
        // 65 octets hold the longest command.
        w.finish().unwrap_or_default()
    }
}

impl PairingFeatures {
    fn parse(r: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            io: r.u8()?,
            oob: r.u8()?,
            auth: r.u8()?,
            key_size: r.u8()?,
            initiator_keys: r.u8()?,
            responder_keys: r.u8()?,
        })
    }

    const fn encode(&self, code: u8) -> [u8; 7] {
        let Self { io, oob, auth, key_size, initiator_keys, responder_keys } = *self;
        [code, io, oob, auth, key_size, initiator_keys, responder_keys]
    }

    /// AuthReq, OOB flag and IO capability in the order that f6 takes.
    pub(super) const fn for_check(&self) -> [u8; 3] {
        [self.auth, self.oob, self.io]
    }
}

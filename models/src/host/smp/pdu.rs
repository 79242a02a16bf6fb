//! Security Manager commands (Vol 3, Part H, 3.3–3.6).

use ble::address::{Address, AddressKind};
use ble::effect::PublicKey;
use ble::pdu::cursor::Reader;

/// Reasons of Pairing Failed (3.5.5).
pub(crate) mod reason {
    pub(crate) const PASSKEY_ENTRY_FAILED: u8 = 0x01;
    pub(crate) const AUTHENTICATION_REQUIREMENTS: u8 = 0x03;
    pub(crate) const CONFIRM_VALUE_FAILED: u8 = 0x04;
    pub(crate) const PAIRING_NOT_SUPPORTED: u8 = 0x05;
    pub(crate) const ENCRYPTION_KEY_SIZE: u8 = 0x06;
    pub(crate) const UNSPECIFIED: u8 = 0x08;
    pub(crate) const INVALID_PARAMETERS: u8 = 0x0A;
    pub(crate) const DHKEY_CHECK_FAILED: u8 = 0x0B;
    pub(crate) const NUMERIC_COMPARISON_FAILED: u8 = 0x0C;
}

/// AuthReq: Bonding_Flags = bonding.
pub(crate) const AUTH_BONDING: u8 = 0x01;
/// AuthReq: man-in-the-middle protection asked for.
pub(crate) const AUTH_MITM: u8 = 0x04;
/// AuthReq: LE Secure Connections.
pub(crate) const AUTH_SC: u8 = 0x08;
/// Key distribution: IRK and identity address.
pub(crate) const KEY_ID: u8 = 0x02;
/// Key distribution: CSRK.
pub(crate) const KEY_SIGN: u8 = 0x04;

/// What Pairing Request and Pairing Response carry, in the order of the octets on air; f6 covers
/// the first three exactly as they were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct PairingFeatures {
    pub(crate) io: u8,
    pub(crate) oob: u8,
    pub(crate) auth: u8,
    pub(crate) key_size: u8,
    pub(crate) initiator_keys: u8,
    pub(crate) responder_keys: u8,
}

impl PairingFeatures {
    fn from_octets([io, oob, auth, key_size, initiator_keys, responder_keys]: [u8; 6]) -> Self {
        Self { io, oob, auth, key_size, initiator_keys, responder_keys }
    }

    fn octets(self) -> [u8; 6] {
        let Self { io, oob, auth, key_size, initiator_keys, responder_keys } = self;
        [io, oob, auth, key_size, initiator_keys, responder_keys]
    }

    /// The parameter IOcap of f6, most significant octet first.
    pub(crate) fn io_cap(self) -> [u8; 3] {
        [self.auth, self.oob, self.io]
    }
}

/// A Security Manager command.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Pdu {
    PairingRequest(PairingFeatures),
    PairingResponse(PairingFeatures),
    Confirm([u8; 16]),
    Random([u8; 16]),
    Failed(u8),
    EncryptionInformation([u8; 16]),
    CentralIdentification([u8; 10]),
    IdentityInformation([u8; 16]),
    IdentityAddress(Address),
    SigningInformation([u8; 16]),
    SecurityRequest(u8),
    PublicKey(PublicKey),
    DhKeyCheck([u8; 16]),
    Keypress(u8),
}

/// Why octets are no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// A reserved code: to be ignored.
    Reserved,
    /// Wrong length or a field out of range.
    Invalid,
}

impl Pdu {
    pub(crate) fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        // SMP-PDU-1: length of a command.
        // SMP-PDU-3: reserved codes.
        let (code, body) = octets.split_first().ok_or(Malformed::Reserved)?;
        if !(0x01..=0x0E).contains(code) {
            return Err(Malformed::Reserved);
        }
        let mut r = Reader::new(body);
        let pdu = Self::parse_body(*code, &mut r).ok_or(Malformed::Invalid)?;
        r.end().ok_or(Malformed::Invalid)?;
        Ok(pdu)
    }

    fn parse_body(code: u8, r: &mut Reader<'_>) -> Option<Self> {
        Some(match code {
            0x01 => Self::PairingRequest(PairingFeatures::from_octets(r.array()?)),
            0x02 => Self::PairingResponse(PairingFeatures::from_octets(r.array()?)),
            0x03 => Self::Confirm(r.array()?),
            0x04 => Self::Random(r.array()?),
            0x05 => Self::Failed(r.u8()?),
            0x06 => Self::EncryptionInformation(r.array()?),
            0x07 => Self::CentralIdentification(r.array()?),
            0x08 => Self::IdentityInformation(r.array()?),
            0x09 => {
                let kind = match r.u8()? {
                    0 => AddressKind::Public,
                    1 => AddressKind::Random,
                    _ => return None,
                };
                Self::IdentityAddress(Address::new(kind, r.array()?))
            }
            0x0A => Self::SigningInformation(r.array()?),
            0x0B => Self::SecurityRequest(r.u8()?),
            0x0C => Self::PublicKey(PublicKey { x: r.array()?, y: r.array()? }),
            0x0D => Self::DhKeyCheck(r.array()?),
            0x0E => Self::Keypress(r.u8()?),
            _ => return None,
        })
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let with = |code: u8, body: &[u8]| [&[code], body].concat();
        match self {
            Self::PairingRequest(f) => with(0x01, &f.octets()),
            Self::PairingResponse(f) => with(0x02, &f.octets()),
            Self::Confirm(v) => with(0x03, v),
            Self::Random(v) => with(0x04, v),
            Self::Failed(reason) => with(0x05, &[*reason]),
            Self::EncryptionInformation(v) => with(0x06, v),
            Self::CentralIdentification(v) => with(0x07, v),
            Self::IdentityInformation(v) => with(0x08, v),
            Self::IdentityAddress(a) => [&[0x09, a.kind as u8][..], &a.octets].concat(),
            Self::SigningInformation(v) => with(0x0A, v),
            Self::SecurityRequest(auth) => with(0x0B, &[*auth]),
            Self::PublicKey(k) => [&[0x0C][..], &k.x, &k.y].concat(),
            Self::DhKeyCheck(v) => with(0x0D, v),
            Self::Keypress(kind) => with(0x0E, &[*kind]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_parses_is_written_back(octets in proptest::collection::vec(0u8.., 0..70)) {
            if let Ok(pdu) = Pdu::parse(&octets) {
                proptest::prop_assert_eq!(pdu.encode(), octets);
            }
        }
    }

    #[test]
    fn every_length_but_the_right_one_is_refused() {
        let lengths = [6, 6, 16, 16, 1, 16, 10, 16, 7, 16, 1, 64, 16, 1];
        for (code, right) in (1_u8..).zip(lengths) {
            for length in 0..70 {
                let octets = [vec![code], vec![0; length]].concat();
                assert_eq!(Pdu::parse(&octets).is_ok(), length == right, "code {code}");
            }
        }
        assert_eq!(Pdu::parse(&[0x0F, 1]), Err(Malformed::Reserved));
        assert_eq!(Pdu::parse(&[]), Err(Malformed::Reserved));
    }
}

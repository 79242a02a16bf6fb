//! Encryption by hand: the halves that were on air, a key, two packet counters.

use ble::crypto::ccm::{Cipher, Direction, session_key};
use ble::pdu::control::Opcode;
use ble::pdu::data::Llid;
use ble::pdu::data::Payload;
use ble::secret::Secret;

use super::script::Seal;

/// Halves of diversifier and initialization vector, as on air.
type Half = ([u8; 8], [u8; 4]);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Seals {
    central: Option<Half>,
    peripheral: Option<Half>,
    ciphers: Option<(Cipher, Cipher)>,
    pub(super) tx: bool,
    pub(super) rx: bool,
}

fn half(octets: Option<&[u8]>) -> Option<Half> {
    let (skd, rest) = octets?.split_first_chunk::<8>()?;
    Some((*skd, *rest.first_chunk::<4>()?))
}

impl Seals {
    /// Remembers what an LL_ENC_REQ of this side and an LL_ENC_RSP of the other one carry.
    pub(super) fn learn(&mut self, payload: &[u8]) {
        match payload.first().map(|code| Opcode(*code)) {
            Some(Opcode::ENC_REQ) => self.central = half(payload.get(11..)).or(self.central),
            Some(Opcode::ENC_RSP) => self.peripheral = half(payload.get(1..)).or(self.peripheral),
            _ => {}
        }
    }

    /// The session key from both halves; without both there is none.
    pub(super) fn key(&mut self, ltk: [u8; 16]) {
        let (Some((skd_c, iv_c)), Some((skd_p, iv_p))) = (self.central, self.peripheral) else {
            return;
        };
        let key = session_key(&Secret::new(ltk), skd_c, skd_p);
        let cipher = |direction| Cipher::new(key.clone(), iv_c, iv_p, direction);
        self.ciphers =
            Some((cipher(Direction::CentralToPeripheral), cipher(Direction::PeripheralToCentral)));
    }

    /// The payload of a new PDU as sent. Without a key it is sent in the clear.
    pub(super) fn close(&mut self, seal: Seal, llid: u8, payload: &[u8]) -> Vec<u8> {
        let sealed = match seal {
            Seal::Clear => false,
            Seal::AsLink => self.tx,
            _ => true,
        };
        let Some((own, peers)) = self.ciphers.as_mut().filter(|_| sealed && !payload.is_empty())
        else {
            return payload.to_vec();
        };
        let llid = Llid::from_bits(llid);
        let mut octets = Payload::from_slice(payload).unwrap_or_default();
        if seal == Seal::SkippedCounter {
            let mut lost = octets.clone();
            let _ = own.encrypt(llid, &mut lost);
        }
        let mut other = peers.clone();
        let cipher = if seal == Seal::WrongDirection { &mut other } else { own };
        if cipher.encrypt(llid, &mut octets).is_err() {
            return payload.to_vec();
        }
        if let (Seal::WrongMic, Some(last)) = (seal, octets.last_mut()) {
            *last ^= 1;
        }
        octets.to_vec()
    }

    /// The payload of the peripheral's new PDU, if it can be read.
    pub(super) fn open(&mut self, llid: u8, payload: &[u8]) -> Option<Vec<u8>> {
        if !self.rx || payload.is_empty() {
            return Some(payload.to_vec());
        }
        let mut octets = Payload::from_slice(payload).ok()?;
        let (_, cipher) = self.ciphers.as_mut()?;
        cipher.decrypt(Llid::from_bits(llid), &mut octets).ok()?;
        Some(octets.to_vec())
    }
}

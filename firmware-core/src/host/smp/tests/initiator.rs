//! A model initiator, written from the rules: it stores only what it needs and checks everything
//! that it receives.

use super::*;
use ble::crypto::toolbox::{f4, f5, f6, reversed};

pub(super) struct Initiator {
    pub(super) private: [u8; 32],
    /// On air.
    pub(super) address: Address,
    /// As distributed after encryption.
    pub(super) identity: Address,
    pub(super) irk: [u8; 16],
    pub(super) request: [u8; 7],
    pub(super) response: [u8; 7],
    pub(super) peer: PublicKey,
    pub(super) na: [u8; 16],
    pub(super) nb: [u8; 16],
    pub(super) ltk: [u8; 16],
}

/// Pairing Request: KeyboardDisplay, bonding + MITM + SC, 16 octets, keys wanted and offered.
pub(super) const REQUEST: [u8; 7] = [0x01, 0x04, 0x00, 0x0D, 0x10, 0x0F, 0x0F];

impl Initiator {
    pub(super) fn new(request: [u8; 7]) -> Self {
        Self {
            private: [0x21; 32],
            address: PEER,
            identity: PEER,
            irk: [0x33; 16],
            request,
            response: [0; 7],
            peer: PublicKey { x: [0; 32], y: [0; 32] },
            na: [0; 16],
            nb: [0; 16],
            ltk: [0; 16],
        }
    }

    pub(super) fn own(&self) -> PublicKey {
        public_key(&self.private).unwrap()
    }

    pub(super) fn public_key_pdu(&self) -> Vec<u8> {
        [&[0x0C][..], &self.own().x, &self.own().y].concat()
    }

    /// Features and public keys. What follows the responder's key in the same breath is returned.
    pub(super) fn exchange_keys(&mut self, device: &mut Device) -> Vec<Vec<u8>> {
        let answer = device.exchange(&self.request);
        assert_eq!((answer.len(), answer[0][0]), (1, 0x02), "{answer:02x?}");
        self.response = answer[0].as_slice().try_into().unwrap();
        let mut answer = device.exchange(&self.public_key_pdu());
        assert_eq!(answer[0][0], 0x0C, "{answer:02x?}");
        self.peer.x.copy_from_slice(&answer[0][1..33]);
        self.peer.y.copy_from_slice(&answer[0][33..]);
        answer.split_off(1)
    }

    fn confirm(&self, nonce: &[u8; 16], z: u8) -> [u8; 16] {
        reversed(f4(&reversed(self.own().x), &reversed(self.peer.x), &reversed(*nonce), z))
    }

    fn peer_confirm(&self, nonce: &[u8; 16], z: u8) -> [u8; 16] {
        reversed(f4(&reversed(self.peer.x), &reversed(self.own().x), &reversed(*nonce), z))
    }

    /// One round with this bit; the responder's last answer if it is not its nonce.
    pub(super) fn round(
        &mut self,
        device: &mut Device,
        round: u8,
        bit: bool,
    ) -> Result<(), Vec<Vec<u8>>> {
        let z = 0x80 | u8::from(bit);
        self.na = [round ^ 0x5A; 16];
        let answer = device.exchange(&[&[0x03][..], &self.confirm(&self.na.clone(), z)].concat());
        assert_eq!(answer[0][0], 0x03, "round {round}: {answer:02x?}");
        let committed = answer[0][1..].to_vec();
        let answer = device.exchange(&[&[0x04][..], &self.na].concat());
        if answer[0][0] != 0x04 {
            return Err(answer);
        }
        self.nb.copy_from_slice(&answer[0][1..]);
        assert_eq!(committed, self.peer_confirm(&self.nb.clone(), z));
        Ok(())
    }

    pub(super) fn passkey_rounds(
        &mut self,
        device: &mut Device,
        passkey: u32,
    ) -> Result<(), (u8, Vec<Vec<u8>>)> {
        for round in 0..20 {
            let bit = passkey >> round & 1 == 1;
            self.round(device, round, bit).map_err(|answer| (round, answer))?;
        }
        Ok(())
    }

    /// Nonces of Just Works and numeric comparison, after the responder's confirm value.
    pub(super) fn nonces(&mut self, device: &mut Device, confirm: &[Vec<u8>]) {
        assert_eq!((confirm.len(), confirm[0][0]), (1, 0x03), "{confirm:02x?}");
        self.na = [0x77; 16];
        let answer = device.exchange(&[&[0x04][..], &self.na].concat());
        assert_eq!((answer.len(), answer[0][0]), (1, 0x04), "{answer:02x?}");
        self.nb.copy_from_slice(&answer[0][1..]);
        // SMP-CONF-2: a random value fits its commitment.
        assert_eq!(confirm[0][1..], self.peer_confirm(&self.nb.clone(), 0));
    }

    /// The local DHKey check; the LTK is known afterwards.
    pub(super) fn check_pdu(&mut self, passkey: u32) -> (Vec<u8>, [u8; 16]) {
        let mut dhkey = *shared_secret(&self.private, &self.peer).unwrap().expose();
        dhkey.reverse();
        let (a, b) = (self.address.for_smp(), LOCAL.for_smp());
        let (na, nb) = (reversed(self.na), reversed(self.nb));
        let (mac, ltk) = f5(&Secret::new(dhkey), &na, &nb, &a, &b);
        self.ltk = reversed(*ltk.expose());
        let mut r = [0; 16];
        r[12..].copy_from_slice(&passkey.to_be_bytes());
        let io = |pdu: &[u8; 7]| [pdu[3], pdu[2], pdu[1]];
        let ea = f6(&mac, &na, &nb, &r, io(&self.request), &a, &b);
        let eb = f6(&mac, &nb, &na, &r, io(&self.response), &b, &a);
        ([&[0x0D][..], &reversed(ea)].concat(), reversed(eb))
    }

    pub(super) fn check(&mut self, device: &mut Device, passkey: u32) {
        let (pdu, expected) = self.check_pdu(passkey);
        let answer = device.exchange(&pdu);
        assert_eq!(answer, [[&[0x0D][..], &expected].concat()]);
    }

    /// Encryption with the new key, then the keys of both sides.
    pub(super) fn encrypt_and_distribute(&mut self, device: &mut Device) {
        let ltk = device.ask_ltk().expect("the new key");
        assert_eq!(ltk[..usize::from(self.key_size())], self.ltk[..self.key_size().into()]);
        device.encrypted();
        if self.response[6] & 2 != 0 {
            let sent = device.sent();
            assert_eq!(sent.iter().map(|pdu| pdu[0]).collect::<Vec<_>>(), [0x08, 0x09]);
            // GAP-IRK-1: a key of zeros for an address that never changes.
            assert_eq!(sent[0][1..], [0; 16]);
            assert_eq!(sent[1][2..], LOCAL.octets);
        }
        if self.response[5] & 2 != 0 {
            assert_eq!(device.ended(), None, "before the last key");
            device.receive(&[&[0x08][..], &self.irk].concat());
            let kind = self.identity.kind as u8;
            device.receive(&[&[0x09, kind][..], &self.identity.octets].concat());
        }
    }

    pub(super) const fn key_size(&self) -> u8 {
        if self.request[4] < 16 { self.request[4] } else { 16 }
    }

    /// All of a Just Works pairing, up to the check of both sides.
    pub(super) fn just_works(&mut self, device: &mut Device) {
        let confirm = self.exchange_keys(device);
        self.nonces(device, &confirm);
        self.check(device, 0);
    }

    /// All of a Just Works pairing.
    pub(super) fn pair_by_just_works(&mut self, device: &mut Device) {
        self.just_works(device);
        self.encrypt_and_distribute(device);
    }

    /// All of a passkey pairing in which the device shows the passkey.
    pub(super) fn pair_by_passkey(&mut self, device: &mut Device) {
        assert!(self.exchange_keys(device).is_empty());
        let passkey = device.shown().expect("a passkey on the display");
        self.passkey_rounds(device, passkey).unwrap();
        self.check(device, passkey);
        self.encrypt_and_distribute(device);
    }
}

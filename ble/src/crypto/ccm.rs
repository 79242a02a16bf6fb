//! Encryption of data channel PDUs: AES-CCM with a 4-octet MIC (Vol 6, Part E, 2; Part B, 5.1.3).
//!
//! A PDU is encrypted when it is queued, long before its SN, NESN and MD are known: those bits
//! are masked out of the associated data. The packet counter counts new PDUs only; a
//! retransmission sends the octets of the first time.

use aes::Aes128;
use aes::cipher::consts::U16;
use aes::cipher::{BlockCipherEncrypt, BlockSizeUser};
use ccm::aead::AeadInOut as _;
use ccm::aead::inout::InOutBuf;
use ccm::consts::{U4, U13};
use ccm::{Ccm, KeyInit as _};
use octets::OctetVec;

use super::aes::Aes;
use crate::pdu::data::{DataHeader, Llid};
use crate::secret::Secret;

/// OctetVec of a message integrity check.
pub const MIC: usize = 4;

/// Largest packet counter: 39 bits.
const COUNTER_MAX: u64 = (1 << 39) - 1;

/// Which way a PDU goes; each way has its own packet counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Central to peripheral.
    CentralToPeripheral,
    /// Peripheral to central.
    PeripheralToCentral,
}

/// Derives the session key from the long term key (least significant octet first, as HCI carries
/// it) and both halves of the session key diversifier (least significant octet first, as on
/// air). The result is most significant octet first.
#[must_use]
pub fn session_key(ltk: &Secret<16>, skd_c: [u8; 8], skd_p: [u8; 8]) -> Secret<16> {
    session_key_by(Aes::SOFTWARE, ltk, skd_c, skd_p)
}

/// The same, computed by another than this crate.
#[must_use]
pub fn session_key_by(aes: Aes, ltk: &Secret<16>, skd_c: [u8; 8], skd_p: [u8; 8]) -> Secret<16> {
    // LL-ENC-12: session key and nonce.
    let mut key = *ltk.expose();
    key.reverse();
    let mut diversifier = [0; 16];
    for (to, from) in diversifier.iter_mut().rev().zip(skd_c.iter().chain(&skd_p)) {
        *to = *from;
    }
    Secret::new(aes.e(&key, &diversifier))
}

/// The cipher of one direction of one connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cipher {
    key: Secret<16>,
    iv: [u8; 8],
    direction: Direction,
    counter: u64,
}

/// Why a PDU was not encrypted or decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CipherError {
    /// The MIC does not verify, or there is none.
    BadMic,
    /// No room for the MIC.
    TooLong,
    /// All 2³⁹ packet counters of this key are used up.
    Exhausted,
}

impl Cipher {
    /// A cipher at packet counter 0. `key` is most significant octet first (see
    /// [`session_key`]); the halves of the initialization vector are as on air.
    #[must_use]
    pub const fn new(key: Secret<16>, iv_c: [u8; 4], iv_p: [u8; 4], direction: Direction) -> Self {
        let [c0, c1, c2, c3] = iv_c;
        let [p0, p1, p2, p3] = iv_p;
        Self { key, iv: [c0, c1, c2, c3, p0, p1, p2, p3], direction, counter: 0 }
    }

    /// At another packet counter: for an observer who has missed PDUs.
    #[must_use]
    pub const fn at(mut self, counter: u64) -> Self {
        self.counter = counter;
        self
    }

    /// The packet counter of the next PDU.
    #[must_use]
    pub const fn counter(&self) -> u64 {
        self.counter
    }

    /// AES blocks that a payload of `octets` costs: two a block, and three for nonce, associated
    /// data and MIC.
    #[must_use]
    pub const fn blocks(octets: usize) -> u16 {
        let blocks = octets.div_ceil(16).saturating_mul(2).saturating_add(3);
        if blocks > u16::MAX as usize { u16::MAX } else { blocks as u16 }
    }

    fn nonce(&self) -> [u8; 13] {
        let [c0, c1, c2, c3, c4, ..] = self.counter.to_le_bytes();
        let direction = match self.direction {
            Direction::CentralToPeripheral => 0x80,
            Direction::PeripheralToCentral => 0,
        };
        let [i0, i1, i2, i3, i4, i5, i6, i7] = self.iv;
        [c0, c1, c2, c3, (c4 & 0x7F) | direction, i0, i1, i2, i3, i4, i5, i6, i7]
    }

    const fn advance(&mut self) {
        // LL-MIC-1: integrity and packet counter.
        self.counter = self.counter.saturating_add(1);
    }

    /// Encrypts a new PDU's payload in place and appends its MIC.
    ///
    /// # Errors
    /// [`CipherError::TooLong`] if there is no room for the MIC, [`CipherError::Exhausted`] if the
    /// key must not be used any more.
    pub fn encrypt<const N: usize>(
        &mut self,
        llid: Llid,
        payload: &mut OctetVec<N>,
    ) -> Result<(), CipherError> {
        // The key is made ready once for all blocks.
        let ccm: Ccm<Aes128, U4, U13> = Ccm::new(self.key.expose().into());
        let mic = seal(&ccm, (self.counter, self.nonce()), llid, payload)?;
        self.append(mic, payload)
    }

    /// The same, computed by another than this crate.
    ///
    /// # Errors
    /// Those of [`Self::encrypt`].
    pub fn encrypt_by<const N: usize>(
        &mut self,
        aes: Aes,
        llid: Llid,
        payload: &mut OctetVec<N>,
    ) -> Result<(), CipherError> {
        let ccm = Ccm::from(aes.keyed(&self.key));
        let mic = seal(&ccm, (self.counter, self.nonce()), llid, payload)?;
        self.append(mic, payload)
    }

    fn append<const N: usize>(
        &mut self,
        mic: [u8; MIC],
        payload: &mut OctetVec<N>,
    ) -> Result<(), CipherError> {
        payload.extend_from_slice(&mic).map_err(|_| CipherError::TooLong)?;
        self.advance();
        Ok(())
    }

    /// Verifies and removes the MIC of a received PDU and decrypts its payload in place.
    ///
    /// # Errors
    /// [`CipherError::BadMic`]; the payload is then of no use.
    pub fn decrypt<const N: usize>(
        &mut self,
        llid: Llid,
        payload: &mut OctetVec<N>,
    ) -> Result<(), CipherError> {
        let ccm: Ccm<Aes128, U4, U13> = Ccm::new(self.key.expose().into());
        open(&ccm, (self.counter, self.nonce()), llid, payload)?;
        self.advance();
        Ok(())
    }

    /// The same, computed by another than this crate.
    ///
    /// # Errors
    /// Those of [`Self::decrypt`].
    pub fn decrypt_by<const N: usize>(
        &mut self,
        aes: Aes,
        llid: Llid,
        payload: &mut OctetVec<N>,
    ) -> Result<(), CipherError> {
        let ccm = Ccm::from(aes.keyed(&self.key));
        open(&ccm, (self.counter, self.nonce()), llid, payload)?;
        self.advance();
        Ok(())
    }
}

/// Encrypts a payload under a packet counter and its nonce; the MIC.
fn seal<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>, const N: usize>(
    ccm: &Ccm<C, U4, U13>,
    (counter, nonce): (u64, [u8; 13]),
    llid: Llid,
    payload: &mut OctetVec<N>,
) -> Result<[u8; MIC], CipherError> {
    if counter > COUNTER_MAX {
        return Err(CipherError::Exhausted);
    }
    if payload.len().saturating_add(MIC) > N {
        return Err(CipherError::TooLong);
    }
    let aad = [llid as u8 & DataHeader::AAD_MASK];
    let buffer = InOutBuf::from(&mut **payload);
    let mic = ccm.encrypt_inout_detached(&nonce.into(), &aad, buffer);
    Ok(mic.map_err(|_| CipherError::TooLong)?.into())
}

/// Decrypts a payload and takes its MIC off.
fn open<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>, const N: usize>(
    ccm: &Ccm<C, U4, U13>,
    (counter, nonce): (u64, [u8; 13]),
    llid: Llid,
    payload: &mut OctetVec<N>,
) -> Result<(), CipherError> {
    if counter > COUNTER_MAX {
        return Err(CipherError::Exhausted);
    }
    let Some((_, mic)) = payload.split_last_chunk::<MIC>() else {
        return Err(CipherError::BadMic);
    };
    let mic = (*mic).into();
    payload.truncate(payload.len().saturating_sub(MIC));
    let aad = [llid as u8 & DataHeader::AAD_MASK];
    let buffer = InOutBuf::from(&mut **payload);
    ccm.decrypt_inout_detached(&nonce.into(), &aad, buffer, &mic).map_err(|_| CipherError::BadMic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::aes::e;
    use std::thread_local;
    use std::vec::Vec;

    /// Sample data of Vol 6, Part C, 1.
    fn hex<const N: usize>(text: &str) -> [u8; N] {
        let octets: Vec<u8> = (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect();
        octets.try_into().unwrap()
    }

    fn key() -> Secret<16> {
        let mut ltk = hex::<16>("4c68384139f574d836bcf34e9dfb01bf");
        ltk.reverse();
        session_key(&Secret::new(ltk), hex("1302f1e0dfcebdac"), hex("7968574635241302"))
    }

    fn cipher(direction: Direction) -> Cipher {
        Cipher::new(key(), hex("24abdcba"), hex("bebaafde"), direction)
    }

    /// LL-ENC-12: session key and nonce.
    #[test]
    fn session_key_of_the_sample() {
        assert_eq!(*key().expose(), hex::<16>("99ad1b5226a37e3e058e3b8e27c2c666"));
    }

    fn check(cipher: &mut Cipher, llid: Llid, plain: &[u8], on_air: &[u8]) {
        let mut other = cipher.clone();
        let mut octets: OctetVec<255> = OctetVec::from_slice(plain).unwrap();
        cipher.encrypt(llid, &mut octets).unwrap();
        assert_eq!(octets.as_slice(), on_air);
        other.decrypt(llid, &mut octets).unwrap();
        assert_eq!(octets.as_slice(), plain);
        assert_eq!(&other, cipher);
    }

    thread_local! {
        static BLOCKS: core::cell::Cell<u16> = const { core::cell::Cell::new(0) };
    }

    /// Whoever computes the blocks, the octets are the same, and so many are they.
    #[test]
    fn a_lent_cipher_encrypts_the_same() {
        let lent = Aes::lent(|key, block| {
            BLOCKS.set(BLOCKS.get() + 1);
            *block = e(key, block);
        });
        for length in [1, 15, 16, 27, 251] {
            let mut octets: OctetVec<255> = OctetVec::from_slice(&[0x5A; 251][..length]).unwrap();
            let (mut own, mut by_lent) = (octets.clone(), cipher(Direction::PeripheralToCentral));
            let mut reader = by_lent.clone();
            cipher(Direction::PeripheralToCentral).encrypt(Llid::Start, &mut own).unwrap();
            BLOCKS.set(0);
            by_lent.encrypt_by(lent, Llid::Start, &mut octets).unwrap();
            assert_eq!((BLOCKS.get(), octets.as_slice()), (Cipher::blocks(length), own.as_slice()));
            reader.decrypt_by(lent, Llid::Start, &mut octets).unwrap();
            assert_eq!(octets.as_slice(), &[0x5A; 251][..length]);
            let last = own.len() - 1;
            own[last] ^= 1;
            let mut reader = cipher(Direction::PeripheralToCentral);
            assert_eq!(reader.decrypt_by(lent, Llid::Start, &mut own), Err(CipherError::BadMic));
        }
    }

    /// LL-ENC-12: session key and nonce.
    /// LL-MIC-1: integrity and packet counter.
    #[test]
    fn pdus_of_the_sample() {
        let mut c_to_p = cipher(Direction::CentralToPeripheral);
        let mut p_to_c = cipher(Direction::PeripheralToCentral);
        check(&mut c_to_p, Llid::Control, &[6], &hex::<5>("9fcda7f448"));
        check(&mut p_to_c, Llid::Control, &[6], &hex::<5>("a34c13a415"));
        check(
            &mut c_to_p,
            Llid::Start,
            &hex::<27>("1700636465666768696a6b6c6d6e6f707131323334353637383930"),
            &hex::<31>("7a70d66415226df26b17839a060405596bd6564f796b5b9ce6ff32f75a6d33"),
        );
        check(
            &mut p_to_c,
            Llid::Start,
            &hex::<27>("170037363534333231304142434445464748494a4b4c4d4e4f5051"),
            &hex::<31>("f38881e7bd94c9c369b9a66846dd4786aa8c39ce540d0dae3adcdf89b96088"),
        );
    }

    #[test]
    fn any_changed_bit_is_noticed() {
        let mut sent: OctetVec<31> = OctetVec::from_slice(b"light on").unwrap();
        cipher(Direction::CentralToPeripheral).encrypt(Llid::Start, &mut sent).unwrap();
        for bit in 0..sent.len() * 8 {
            let mut received = sent.clone();
            received[bit / 8] ^= 1 << (bit % 8);
            let mut cipher = cipher(Direction::CentralToPeripheral);
            assert_eq!(cipher.decrypt(Llid::Start, &mut received), Err(CipherError::BadMic));
            assert_eq!(cipher.counter(), 0);
        }
        let mut other = sent.clone();
        let mut cipher = cipher(Direction::CentralToPeripheral);
        assert_eq!(cipher.decrypt(Llid::Continuation, &mut other), Err(CipherError::BadMic));
    }

    #[test]
    fn too_short_for_a_mic_is_a_bad_mic() {
        let mut payload: OctetVec<8> = OctetVec::from_slice(&[1, 2, 3]).unwrap();
        let mut cipher = cipher(Direction::CentralToPeripheral);
        assert_eq!(cipher.decrypt(Llid::Start, &mut payload), Err(CipherError::BadMic));
    }
}

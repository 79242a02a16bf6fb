//! Pairings that were overheard: what a legacy one needs is a number of six digits, which can be
//! searched for, and what it distributes afterwards is read off the air.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use ble::address::Address;
use ble::crypto::ccm::Direction;
use ble::crypto::toolbox::{c1, reversed, s1};
use ble::pdu::data::Llid;
use ble::secret::Secret;

use super::identity::{Identity, Told};
use super::{Progress, debug_key};

/// Channel of the Security Manager.
const SMP: u16 = 6;
/// The longest PDU of it, and more.
const FRAME_MAX: usize = 256;
/// Passkeys: 000000 to 999999.
const PASSKEYS: u32 = 1_000_000;
/// How often progress is told.
const STEP: u32 = 1 << 14;

/// L2CAP of one direction, put together.
#[derive(Default)]
struct Frame {
    length: usize,
    cid: u16,
    taken: Vec<u8>,
}

impl Frame {
    /// A part; what it completes.
    fn part(&mut self, llid: Llid, payload: &[u8]) -> Option<(u16, Vec<u8>)> {
        match llid {
            Llid::Start => {
                let (&[l0, l1, c0, c1], rest) = payload.split_first_chunk()?;
                self.length = usize::from(u16::from_le_bytes([l0, l1]));
                self.cid = u16::from_le_bytes([c0, c1]);
                self.taken = rest.to_vec();
            }
            Llid::Continuation if !self.taken.is_empty() => {
                self.taken.extend_from_slice(payload);
            }
            _ => return None,
        }
        if self.taken.len() > FRAME_MAX {
            self.taken.clear();
        }
        let complete = !self.taken.is_empty() && self.taken.len() == self.length;
        complete.then(|| (self.cid, std::mem::take(&mut self.taken)))
    }
}

/// What was heard of a pairing.
#[derive(Default)]
pub(crate) struct HeardPairing {
    frames: [Frame; 2],
    request: Option<[u8; 7]>,
    response: Option<[u8; 7]>,
    confirm: Option<[u8; 16]>,
    randoms: [Option<[u8; 16]>; 2],
    public: [Option<[u8; 64]>; 2],
    /// Keys that have been found and not been taken.
    found: VecDeque<Secret<16>>,
    told: [Told; 2],
    /// Whose private addresses can be resolved, not taken yet.
    identities: VecDeque<Identity>,
}

impl HeardPairing {
    /// A data PDU, plain; `ends`: the addresses of central and peripheral.
    pub(crate) fn data(
        &mut self,
        direction: Direction,
        llid: Llid,
        payload: &[u8],
        ends: Option<[Address; 2]>,
        progress: Progress<'_>,
    ) {
        let frame = self.frames.get_mut(direction as usize);
        let Some((SMP, pdu)) = frame.and_then(|frame| frame.part(llid, payload)) else { return };
        let Some((code, value)) = pdu.split_first() else { return };
        let told = self.told.get_mut(direction as usize);
        self.identities.extend(told.and_then(|told| told.command(&pdu)));
        let whole: Option<[u8; 7]> = pdu.as_slice().try_into().ok();
        let public: Option<[u8; 64]> = value.try_into().ok();
        let value: Option<[u8; 16]> = value.try_into().ok();
        match (code, direction) {
            (0x01, Direction::CentralToPeripheral) => {
                *self = Self { request: whole, ..Self::default() };
            }
            (0x02, Direction::PeripheralToCentral) => self.response = whole,
            (0x03, Direction::CentralToPeripheral) => self.confirm = value,
            (0x04, _) => {
                if let Some(random) = self.randoms.get_mut(direction as usize) {
                    *random = value;
                }
                if direction == Direction::PeripheralToCentral {
                    self.search(ends, progress);
                }
            }
            // Public Key, and the check that ends the second phase.
            (0x0C, _) => {
                if let Some(known) = self.public.get_mut(direction as usize) {
                    *known = public;
                }
            }
            (0x0D, Direction::CentralToPeripheral) => {
                let key = self.by_debug_key(ends);
                self.found.extend(key);
            }
            // Encryption Information: the key for the next connection.
            (0x06, _) => self.found.extend(value.map(Secret::new)),
            _ => {}
        }
    }

    /// The key is as long as the shorter one that both ends allow (octet 4).
    fn size(&self) -> Option<usize> {
        let ([.., request, _, _], [.., response, _, _]) = (self.request?, self.response?);
        Some(usize::from(request.min(response)).clamp(7, 16))
    }

    /// What Secure Connections has come to, if one end used the debug key.
    fn by_debug_key(&self, ends: Option<[Address; 2]>) -> Option<Secret<16>> {
        let public = [self.public[0]?, self.public[1]?];
        let randoms = [self.randoms[0]?, self.randoms[1]?];
        debug_key::long_term_key(public, randoms, ends?, self.size()?)
    }

    /// Keys that came out of it.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = Secret<16>> + '_ {
        self.found.drain(..)
    }

    /// Who was told to be behind private addresses.
    pub(crate) fn take_identities(&mut self) -> impl Iterator<Item = Identity> + '_ {
        self.identities.drain(..)
    }

    /// The temporary key that explains the confirm value gives the short-term key.
    fn search(&mut self, ends: Option<[Address; 2]>, progress: Progress<'_>) -> Option<()> {
        const SC: u8 = 1 << 3;
        let ends = ends?;
        let (request, response) = (self.request?, self.response?);
        if request[3] & response[3] & SC != 0 {
            return None;
        }
        let [mrand, srand] = [self.randoms[0]?, self.randoms[1]?].map(reversed);
        let confirm = reversed(self.confirm.take()?);
        let [initiator, responder] = ends.map(Address::for_smp);
        let (preq, pres) = (reversed(request), reversed(response));
        for passkey in 0..PASSKEYS {
            if passkey % STEP == 0 && progress(passkey) == ControlFlow::Break(()) {
                return None;
            }
            let tk = u128::from(passkey).to_be_bytes();
            if c1(&tk, &mrand, &preq, &pres, &initiator, &responder) == confirm {
                let size = self.size()?;
                let mut stk = reversed(*s1(&tk, &srand, &mrand).expose());
                stk.iter_mut().skip(size).for_each(|octet| *octet = 0);
                self.found.push_back(Secret::new(stk));
                return Some(());
            }
        }
        None
    }
}

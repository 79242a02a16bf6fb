//! The encryption of one connection as an observer sees it who may have missed packets.

use ble::crypto::ccm::{Cipher, Direction, MIC, session_key};
use ble::pdu::control::{ControlPdu, EncReq, EncRsp};
use ble::pdu::data::{Llid, Payload};
use ble::secret::Secret;
use bletwin_sniffer::Sealing;

use super::Keys;

/// So many packets of one direction may have been missed in a row.
const WINDOW: u64 = 64;
/// So many packets are tried with keys of which none has opened one.
const PATIENCE: u32 = 16;
/// Opcodes that exist, with room for those to come.
const OPCODES: u8 = 0x30;

/// What became of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opening {
    pub sealing: Sealing,
    /// What was in it, if it was opened here.
    pub plain: Option<Vec<u8>>,
}

impl Opening {
    const AS_ON_AIR: Self = Self { sealing: Sealing::AsOnAir, plain: None };
    const SEALED: Self = Self { sealing: Sealing::Sealed, plain: None };
}

/// One key, in both directions.
#[derive(Clone)]
struct Session {
    ciphers: [Cipher; 2],
    /// How many packets it has opened.
    successes: u32,
}

/// What is known of a connection's encryption.
#[derive(Default)]
pub(crate) struct Encryption {
    request: Option<EncReq>,
    sessions: Vec<Session>,
    /// Which directions are encrypted.
    active: [bool; 2],
    failures: u32,
    /// Both halves of a session have been seen, or encryption without them.
    begun: bool,
    /// The last payload of each direction as on air, and what it was opened to.
    last: [Option<(Vec<u8>, Opening)>; 2],
}

/// Whether octets can be a plain control PDU.
fn control(payload: &[u8]) -> Option<ControlPdu> {
    let known = payload.first().is_some_and(|opcode| *opcode < OPCODES);
    ControlPdu::parse(payload).ok().filter(|_| known)
}

/// Whether a payload can be plain, by its form.
pub(crate) fn plausible(llid: Llid, payload: &[u8]) -> bool {
    match llid {
        Llid::Control => control(payload).is_some(),
        Llid::Start => payload.split_first_chunk().is_none_or(|(&[l0, l1, c0, c1], rest)| {
            let (length, cid) = (u16::from_le_bytes([l0, l1]), u16::from_le_bytes([c0, c1]));
            usize::from(length) >= rest.len() && length < 0x1000 && (1..0x80).contains(&cid)
        }),
        Llid::Continuation | Llid::Reserved => true,
    }
}

impl Encryption {
    /// Whether anything was encrypted.
    pub(crate) const fn has_begun(&self) -> bool {
        self.begun
    }

    /// Whether a key has opened anything.
    pub(crate) fn has_key(&self) -> bool {
        self.sessions.iter().any(|session| session.successes > 0)
    }

    /// Takes a payload as on air; `opened`: the sniffer has decrypted it.
    pub(crate) fn open(
        &mut self,
        direction: Direction,
        llid: Llid,
        payload: &[u8],
        opened: bool,
        keys: &Keys,
    ) -> Opening {
        if payload.is_empty() {
            return Opening::AS_ON_AIR;
        }
        if let Some(Some((last, opening))) = self.last.get(direction as usize)
            && last == payload
        {
            return opening.clone();
        }
        let opening = self.fresh(direction, llid, payload, opened);
        let plain = opening.plain.as_deref().unwrap_or(payload);
        let readable = opening.sealing != Sealing::Sealed && llid == Llid::Control;
        if let Some(pdu) = control(plain).filter(|_| readable) {
            let encrypted = opening.sealing == Sealing::Opened;
            self.learn(direction, &pdu, encrypted, keys);
        }
        if let Some(last) = self.last.get_mut(direction as usize) {
            *last = Some((payload.to_vec(), opening.clone()));
        }
        opening
    }

    fn fresh(&mut self, direction: Direction, llid: Llid, payload: &[u8], opened: bool) -> Opening {
        if opened {
            self.active = [true; 2];
            self.begun = true;
            // What the sniffer opened counts, too.
            for session in &mut self.sessions {
                session.skip(direction);
            }
            return Opening { sealing: Sealing::Opened, plain: None };
        }
        // What is as short as its MIC, or opens or closes encryption, is not encrypted.
        let opens = match (payload, payload.len()) {
            (_, ..=MIC) => true,
            ([0x03, ..], 23) | ([0x04, ..], 13) => llid == Llid::Control,
            _ => false,
        };
        let active = self.active.get(direction as usize).is_some_and(|active| *active);
        if !self.begun || opens && (!active || payload.len() <= MIC) {
            return Opening::AS_ON_AIR;
        }
        if !active && plausible(llid, payload) {
            return Opening::AS_ON_AIR;
        }
        if let Some(plain) = self.decrypt(direction, llid, payload) {
            self.active = self.active.map(|_| true);
            return Opening { sealing: Sealing::Opened, plain: Some(plain) };
        }
        if opens { Opening::AS_ON_AIR } else { Opening::SEALED }
    }

    fn decrypt(&mut self, direction: Direction, llid: Llid, payload: &[u8]) -> Option<Vec<u8>> {
        if self.failures > PATIENCE && !self.has_key() {
            return None;
        }
        let opened = self.sessions.iter_mut().find_map(|s| s.open(direction, llid, payload));
        if opened.is_none() {
            self.failures = self.failures.saturating_add(1);
        } else {
            // One key has it; the others cannot have it as well.
            self.sessions.retain(|session| session.successes > 0);
        }
        opened
    }

    /// Which way is encrypted, and with what, as control PDUs say.
    fn learn(&mut self, direction: Direction, pdu: &ControlPdu, encrypted: bool, keys: &Keys) {
        use Direction::{CentralToPeripheral as Down, PeripheralToCentral as Up};
        let [down, up] = &mut self.active;
        match (pdu, direction) {
            (ControlPdu::EncReq(request), Down) => self.request = Some(*request),
            (ControlPdu::EncRsp(response), Up) => self.begin(response, keys),
            (ControlPdu::StartEncReq, Up) if !encrypted => (self.begun, *down) = (true, true),
            (ControlPdu::StartEncRsp, Down) if encrypted => *up = true,
            (ControlPdu::PauseEncRsp, Up) if encrypted => *down = false,
            (ControlPdu::PauseEncRsp, Down) if !encrypted => *up = false,
            (ControlPdu::RejectInd(_) | ControlPdu::RejectExtInd { .. }, Up) if !*down => {
                self.sessions.clear();
            }
            _ => {}
        }
    }

    fn begin(&mut self, response: &EncRsp, keys: &Keys) {
        self.begun = true;
        self.active = [false; 2];
        self.failures = 0;
        self.sessions.clear();
        let Some(request) = self.request.take() else { return };
        self.sessions.extend(keys.ltks().map(|ltk| Session::new(ltk, &request, response)));
    }
}

impl Session {
    fn new(ltk: &Secret<16>, request: &EncReq, response: &EncRsp) -> Self {
        let key = session_key(ltk, request.skd_c, response.skd_p);
        let cipher = |way| Cipher::new(key.clone(), request.iv_c, response.iv_p, way);
        let ways = [Direction::CentralToPeripheral, Direction::PeripheralToCentral];
        Self { ciphers: ways.map(cipher), successes: 0 }
    }

    fn skip(&mut self, direction: Direction) {
        if let Some(cipher) = self.ciphers.get_mut(direction as usize) {
            *cipher = cipher.clone().at(cipher.counter().saturating_add(1));
        }
    }

    fn open(&mut self, direction: Direction, llid: Llid, payload: &[u8]) -> Option<Vec<u8>> {
        let cipher = self.ciphers.get_mut(direction as usize)?;
        let payload = Payload::from_slice(payload).ok()?;
        (0..=WINDOW).find_map(|missed| {
            let mut attempt = cipher.clone().at(cipher.counter().saturating_add(missed));
            let mut payload = payload.clone();
            attempt.decrypt(llid, &mut payload).ok()?;
            *cipher = attempt;
            self.successes = self.successes.saturating_add(1);
            Some(payload.to_vec())
        })
    }
}

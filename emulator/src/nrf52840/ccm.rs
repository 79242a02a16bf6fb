//! CCM and AAR, which share address, registers and core: ENABLE selects one of them.
//!
//! Beside RADIO: what is still being received is decrypted when it has ended, and what is being
//! encrypted when it is sent counts as encrypted, as CCM is ahead of RADIO. Gaps: other packets are
//! taken in one go at the end. How long a packet takes is no published figure but ECB's per block,
//! half of that at 2 Mbit/s.

use aes::Aes128;
use aes::cipher::BlockCipherEncrypt;
use ccm::aead::AeadInOut as _;
use ccm::aead::inout::InOutBuf;
use ccm::consts::{U4, U13};
use ccm::{Ccm as Cipher, KeyInit as _};

use super::peripheral::{Common, MICROSECOND, Moment, Peripheral};
use crate::bus::Ticks;
use crate::memory::Memory;

/// Events of CCM, by number.
const KEY_STREAM_ENDED: u8 = 0;
const CRYPT_ENDED: u8 = 1;
/// Events of AAR, by number.
const END: u8 = 0;
const RESOLVED: u8 = 1;
const NOT_RESOLVED: u8 = 2;

/// Values of ENABLE that switch one of them on.
const CCM: u32 = 2;
const AAR: u32 = 3;

/// How long the key stream takes, and one IRK, as the product specification has it.
const KEY_STREAM: Ticks = 50 * MICROSECOND;
const IRK: Ticks = 6 * MICROSECOND;
/// See the gaps.
const BLOCK: Ticks = 460_800;
/// Blocks that are left to be done when a packet has been received: its last, and the MIC.
const LAST: Ticks = 2;

const MIC: usize = 4;
/// NESN, SN and MD are no part of what the MIC covers (Vol 6, Part E, 2.2).
const HEADER_MASK: u8 = 0xE3;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Work {
    KeyStream,
    Crypt,
    /// The packet is being received.
    Follow,
    /// The packet was encrypted for RADIO, which has begun to send it.
    Crypted,
    Resolve,
}

/// Registers of CCM and AAR, and the work that is under way.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(super) struct Ccm {
    common: Common,
    enabled: u32,
    mode: u32,
    /// CNFPTR (NIRK of AAR), INPTR (IRKPTR), OUTPTR (ADDRPTR), SCRATCHPTR.
    pointers: [u32; 4],
    longest: u32,
    mic_ok: bool,
    /// STATUS of AAR.
    index: u32,
    work: Option<(Work, Ticks)>,
    /// RATEOVERRIDE, and whether it applies.
    override_rate: u32,
    overridden: bool,
}

fn octets<const N: usize>(memory: &Memory, address: u32) -> [u8; N] {
    std::array::from_fn(|n| {
        memory.read(address.wrapping_add(n as u32)).map_or(0, |[octet]: [u8; 1]| octet)
    })
}

fn put(memory: &mut Memory, address: u32, octets: &[u8]) {
    for (n, octet) in octets.iter().enumerate() {
        memory.write_ram(address.wrapping_add(n as u32), [*octet]);
    }
}

impl Ccm {
    pub(super) fn new() -> Self {
        Self { mode: 1, longest: 0xFB, ..Self::default() }
    }

    /// Whether it has the AES core, which ECB then has to leave.
    pub(super) fn has_core(&self) -> bool {
        self.work.is_some()
    }

    fn block_time(&self) -> Ticks {
        let rate = if self.overridden { self.override_rate } else { self.mode >> 16 };
        if rate & 3 == 1 { BLOCK / 2 } else { BLOCK }
    }

    /// Length octet of the packet at INPTR, as far as LENGTH and MAXPACKETSIZE let it count.
    fn length(&self, memory: &Memory) -> usize {
        let [_, length] = octets(memory, self.pointers[1]);
        let length = if self.mode >> 24 & 1 == 1 { length } else { length & 0x1F };
        usize::from(length).min(self.longest as usize + MIC)
    }

    fn begin(&mut self, work: Work, takes: Ticks, now: Ticks) {
        self.work = Some((work, now + takes));
    }

    /// How long a whole packet takes.
    fn packet_time(&self, memory: &Memory) -> Ticks {
        let blocks = self.length(memory).div_ceil(16) * 2 + 3;
        self.block_time() * blocks as Ticks
    }

    /// RADIO receives into a packet: if that is to be decrypted, it is when it has ended.
    pub(super) fn follows(&mut self, receives: Option<u32>) {
        let decrypts = self.mode & 1 == 1 && receives == Some(self.pointers[1]);
        if decrypts && matches!(self.work, Some((Work::Crypt, _))) {
            self.work = Some((Work::Follow, Ticks::MAX));
        }
    }

    /// RADIO has received a packet.
    pub(super) fn received(&mut self, now: Ticks) {
        if matches!(self.work, Some((Work::Follow, _))) {
            self.work = Some((Work::Crypt, now + LAST * self.block_time()));
        }
    }

    /// RADIO begins to send a packet: if that is being encrypted, it is encrypted now.
    pub(super) fn is_sent(&mut self, pointer: u32, memory: &mut Memory) {
        let encrypts = self.enabled == CCM && self.mode & 1 == 0 && self.pointers[2] == pointer;
        match self.work {
            Some((Work::Crypt, at)) if encrypts => {
                self.crypt(memory);
                self.work = Some((Work::Crypted, at));
            }
            // It goes on to encrypt by its short.
            Some((Work::KeyStream, _)) if encrypts && self.common.shorts & 1 == 1 => {
                self.crypt(memory);
            }
            _ => {}
        }
    }

    fn crypt(&mut self, memory: &mut Memory) {
        let [configuration, input, output, _] = self.pointers;
        let key: [u8; 16] = octets(memory, configuration);
        let mut nonce = [0; 13];
        nonce[..5].copy_from_slice(&octets::<5>(memory, configuration.wrapping_add(16)));
        let [direction] = octets(memory, configuration.wrapping_add(24));
        nonce[4] = nonce[4] & 0x7F | direction << 7;
        nonce[5..].copy_from_slice(&octets::<8>(memory, configuration.wrapping_add(25)));
        let [header, _, _] = octets(memory, input);
        let length = self.length(memory);
        let mut payload = memory.octets(input.wrapping_add(3), length).unwrap_or_default();
        let cipher = Cipher::<Aes128, U4, U13>::new(&key.into());
        let associated = [header & HEADER_MASK];
        let decrypts = self.mode & 1 == 1;
        self.mic_ok = true;
        if decrypts && !payload.is_empty() {
            let mic = payload.split_off(payload.len().saturating_sub(MIC));
            self.mic_ok = match <[u8; MIC]>::try_from(mic.as_slice()) {
                Ok(mic) => {
                    let text = InOutBuf::from(payload.as_mut_slice());
                    let (nonce, mic) = ((&nonce).into(), (&mic).into());
                    cipher.decrypt_inout_detached(nonce, &associated, text, mic).is_ok()
                }
                Err(_) => false,
            };
        } else if !payload.is_empty() {
            let text = InOutBuf::from(payload.as_mut_slice());
            if let Ok(mic) = cipher.encrypt_inout_detached((&nonce).into(), &associated, text) {
                payload.extend(mic);
            }
        }
        put(memory, output, &[header, payload.len() as u8, 0]);
        put(memory, output.wrapping_add(3), &payload);
    }

    /// Which IRK an address was made with: hash and random part, least significant octets first,
    /// after S0, length and S1.
    fn resolve(&mut self, memory: &Memory) -> bool {
        let [count, keys, packet, _] = self.pointers;
        let address: [u8; 6] = octets(memory, packet.wrapping_add(3));
        let found = (0..count.min(16)).find(|n| {
            let key: [u8; 16] = octets(memory, keys.wrapping_add(16 * n));
            let mut block = [0; 16];
            block[13..].copy_from_slice(&[address[5], address[4], address[3]]);
            let mut block = block.into();
            Aes128::new(&key.into()).encrypt_block(&mut block);
            block[13..] == [address[2], address[1], address[0]]
        });
        self.index = found.unwrap_or(0);
        found.is_some()
    }
}

impl Peripheral for Ccm {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    fn task(&mut self, task: u8, moment: &mut Moment<'_>) {
        match (self.enabled, task) {
            (CCM, 0) => self.begin(Work::KeyStream, KEY_STREAM, moment.now),
            (CCM, 1) => {
                self.overridden = false;
                self.begin(Work::Crypt, self.packet_time(moment.memory), moment.now);
            }
            (AAR, 0) => {
                let keys = Ticks::from(self.pointers[0].clamp(1, 16));
                self.begin(Work::Resolve, IRK * keys, moment.now);
            }
            (_, 2) => self.work = None,
            (CCM, 3) => self.overridden = true,
            _ => {}
        }
    }

    fn read(&mut self, offset: u32, _: Ticks) -> Option<u32> {
        Some(match offset {
            0x400 if self.enabled == AAR => self.index,
            0x400 => self.mic_ok.into(),
            0x500 => self.enabled,
            0x504 if self.enabled == AAR => self.pointers[0],
            0x504 => self.mode,
            0x508..0x518 => self.pointers[(offset - 0x508) as usize / 4],
            0x518 => self.longest,
            0x51C => self.override_rate,
            _ => return None,
        })
    }

    fn write(&mut self, offset: u32, value: u32, _: &mut Moment<'_>) -> bool {
        match offset {
            0x500 => self.enabled = value & 3,
            // NIRK.
            0x504 if self.enabled == AAR => self.pointers[0] = value & 0x1F,
            0x504 => self.mode = value & 0x0103_0001,
            // IRKPTR, of AAR, is where CCM has CNFPTR.
            0x508 if self.enabled == AAR => self.pointers[1] = value,
            0x508..0x518 => self.pointers[(offset - 0x508) as usize / 4] = value,
            0x518 => self.longest = value & 0xFF,
            0x51C => self.override_rate = value & 3,
            _ => return false,
        }
        true
    }

    fn next_event(&self) -> Option<Ticks> {
        self.work.map(|(_, at)| at).filter(|at| *at != Ticks::MAX)
    }

    fn due(&mut self, moment: &mut Moment<'_>) {
        let Some((work, _)) = self.work.take() else { return };
        match work {
            Work::KeyStream => moment.raise(KEY_STREAM_ENDED),
            Work::Crypt => {
                self.crypt(moment.memory);
                moment.raise(CRYPT_ENDED);
            }
            Work::Crypted => moment.raise(CRYPT_ENDED),
            // It waits for RADIO.
            Work::Follow => {}
            Work::Resolve => {
                let found = self.resolve(moment.memory);
                moment.raise(if found { RESOLVED } else { NOT_RESOLVED });
                moment.raise(END);
            }
        }
    }

    /// ENDKSGEN to CRYPT.
    fn shorted(&self, event: u8) -> u32 {
        let shorted = event == KEY_STREAM_ENDED && self.enabled == CCM;
        if shorted { (self.common.shorts & 1) << 1 } else { 0 }
    }
}

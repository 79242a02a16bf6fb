//! Counts the cycles that a key pair and a shared secret take, and leaves them at a symbol in RAM.
//! The emulator's test compares them with what the library's author has published. Likewise those
//! of the encryption of data channel PDUs, by software and by ECB.
#![no_std]
#![no_main]

#[path = "../../src/ecb.rs"]
mod ecb;

use core::hint::black_box;
use core::panic::PanicInfo;
use core::ptr::write_volatile;
use core::sync::atomic::{AtomicU32, Ordering};

use ble::crypto::aes::Aes;
use ble::crypto::ccm::{Cipher, Direction};
use ble::pdu::data::{Llid, Payload};
use ble::secret::Secret;
use cortex_m::Peripherals;
use cortex_m::peripheral::DWT;
use cortex_m_rt::entry;

/// Cycles of a key pair, cycles of a shared secret, and 1 once both are right.
#[unsafe(no_mangle)]
static BLETWIN_CYCLES: [AtomicU32; 3] = [const { AtomicU32::new(0) }; 3];

/// Cycles to encrypt 27 octets and 251 octets by software, the same by ECB, and to decrypt them by
/// ECB; then 1 if all of it is right.
#[unsafe(no_mangle)]
static BLETWIN_AES_CYCLES: [AtomicU32; 7] = [const { AtomicU32::new(0) }; 7];

/// ICACHECNF of NVMC.
const CACHE: *mut u32 = 0x4001_E540 as *mut u32;

/// Private keys of sample data (Core Specification, Vol 2, Part G, 7.1.2), least significant word
/// first.
const KEYS: [[u32; 8]; 2] = [
    [
        0xCD3C_1ABD,
        0x5899_B8A6,
        0xEB40_B799,
        0x4AFF_607B,
        0xD2A3_F50C,
        0x74C9_B3E3,
        0xA3C5_5F38,
        0x3F49_F6D4,
    ],
    [
        0xFA37_32FC,
        0x3F8C_4DD2,
        0x3E91_BE45,
        0x0D67_C14F,
        0xC67D_6C3F,
        0x9C69_B5F9,
        0x1B7A_E1D2,
        0x0055_1880,
    ],
];

type Point = ([u32; 8], [u32; 8]);

/// Does something, and how many cycles that took.
fn count<R>(work: impl FnOnce() -> R) -> (R, u32) {
    let before = DWT::cycle_count();
    let result = black_box(work());
    (result, DWT::cycle_count().wrapping_sub(before))
}

fn pair(key: &[u32; 8]) -> Point {
    let (mut x, mut y) = ([0; 8], [0; 8]);
    let valid = p256_cm4::keygen(&mut x, &mut y, black_box(key));
    assert!(valid);
    (x, y)
}

fn secret(key: &[u32; 8], (x, y): &Point) -> [u8; 32] {
    let mut secret = [0; 32];
    let valid = p256_cm4::ecdh_calc_shared_secret(&mut secret, black_box(key), x, y);
    assert!(valid);
    secret
}

fn cipher() -> Cipher {
    Cipher::new(Secret::new([0x5A; 16]), [1; 4], [2; 4], Direction::PeripheralToCentral)
}

/// Cycles of PDUs of so many octets: by software, by ECB, back by ECB; whether that is right.
fn encrypt(length: usize) -> ([u32; 3], bool) {
    let lent = Aes::lent(ecb::encrypt);
    let plain = Payload::from_slice(&[0xA5; 251][..length]).unwrap_or_default();
    let (mut one, mut other) = (plain.clone(), plain.clone());
    let (_, software) = count(|| cipher().encrypt(Llid::Start, black_box(&mut one)));
    let (_, by_ecb) = count(|| cipher().encrypt_by(lent, Llid::Start, black_box(&mut other)));
    let same = one == other;
    let (back, decrypted) = count(|| cipher().decrypt_by(lent, Llid::Start, black_box(&mut other)));
    ([software, by_ecb, decrypted], same && back.is_ok() && other == plain)
}

fn measure_aes() {
    let [(short, right), (long, too)] = [27, 251].map(encrypt);
    let counts = short.into_iter().zip(long).flat_map(|(short, long)| [short, long]);
    let verdict = core::iter::once(u32::from(right && too));
    for (place, count) in BLETWIN_AES_CYCLES.iter().zip(counts.chain(verdict)) {
        place.store(count, Ordering::Relaxed);
    }
}

#[entry]
fn main() -> ! {
    if let Some(mut core) = Peripherals::take() {
        // SAFETY: a register of the chip that nothing else here uses: switches flash's cache on.
        unsafe { write_volatile(CACHE, 1) };
        core.DCB.enable_trace();
        core.DWT.enable_cycle_counter();
        let [ours, theirs] = &KEYS;
        let (one, cycles) = count(|| pair(ours));
        BLETWIN_CYCLES[0].store(cycles, Ordering::Relaxed);
        let other = pair(theirs);
        let (shared, cycles) = count(|| secret(ours, &other));
        BLETWIN_CYCLES[1].store(cycles, Ordering::Relaxed);
        let right = shared == secret(theirs, &one) && shared != [0; 32];
        BLETWIN_CYCLES[2].store(right.into(), Ordering::Relaxed);
        measure_aes();
    }
    loop {
        cortex_m::asm::wfi();
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        cortex_m::asm::udf();
    }
}

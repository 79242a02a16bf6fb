//! AES-128 by ECB, for the encryption of the link layer, at the level of control.
//!
//! A block takes 7.2 µs, and the processor waits for it: an interrupt of the radio does not. CCM
//! would do a whole PDU by itself, in a time that is not published, and wants its octets elsewhere.
//! CCM and AAR share the core with ECB and abort it; this firmware leaves them off, and what is
//! aborted all the same is computed by software.

use core::sync::atomic::{AtomicU32, Ordering, compiler_fence};

use ble::crypto::aes::e;
use nrf_pac::ECB;

/// Key, plain text and cipher text, as ECB wants them. Control alone uses it.
static DATA: [AtomicU32; 12] = [const { AtomicU32::new(0) }; 12];

/// Encrypts a block in place.
pub fn encrypt(key: &[u8; 16], block: &mut [u8; 16]) {
    let (key_words, _) = key.as_chunks::<4>();
    let (words, _) = block.as_chunks_mut::<4>();
    let texts = key_words.iter().chain(words.iter());
    for (place, octets) in DATA.iter().zip(texts) {
        place.store(u32::from_le_bytes(*octets), Ordering::Relaxed);
    }
    // Of the block before.
    ECB.events_endecb().write_value(0);
    ECB.events_errorecb().write_value(0);
    ECB.ecbdataptr().write_value(DATA.as_ptr() as u32);
    // What was written must be in memory before the chip is told of it.
    compiler_fence(Ordering::SeqCst);
    ECB.tasks_startecb().write_value(1);
    let aborted = loop {
        if ECB.events_endecb().read() != 0 {
            break false;
        }
        if ECB.events_errorecb().read() != 0 {
            break true;
        }
    };
    compiler_fence(Ordering::SeqCst);
    for (octets, place) in words.iter_mut().zip(DATA.iter().skip(8)) {
        if !aborted {
            *octets = place.load(Ordering::Relaxed).to_le_bytes();
        }
    }
    // Neither key nor text stays behind.
    DATA.iter().for_each(|place| place.store(0, Ordering::Relaxed));
    if aborted {
        *block = e(key, block);
    }
}

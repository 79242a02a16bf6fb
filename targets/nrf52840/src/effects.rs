//! Slow work of the core, done in the thread while the interrupts go on.

use ble::effect::{Completion, Effect, PublicKey};
use ble::secret::Secret;

use crate::costs::{Slow, Stopwatch};

/// Does it and gives the answer; what is to be stored is not done here.
pub fn perform(effect: Effect) -> Option<Completion> {
    Some(match effect {
        Effect::P256PublicKey { id, private_key } => {
            let (mut x, mut y) = ([0; 8], [0; 8]);
            let watch = Stopwatch::start();
            let valid = p256_cm4::keygen(&mut x, &mut y, &words(private_key.expose()));
            watch.stop_slow(Slow::KeyPair);
            let key = PublicKey { x: octets(&x), y: octets(&y) };
            Completion::PublicKey { id, key: valid.then_some(key) }
        }
        Effect::P256SharedSecret { id, private_key, peer } => {
            // Most significant octet first, other than everything else here.
            let mut secret = [0; 32];
            let watch = Stopwatch::start();
            let valid = p256_cm4::ecdh_calc_shared_secret(
                &mut secret,
                &words(private_key.expose()),
                &words(&peer.x),
                &words(&peer.y),
            );
            watch.stop_slow(Slow::SharedSecret);
            secret.reverse();
            Completion::SharedSecret { id, secret: valid.then_some(Secret::new(secret)) }
        }
        Effect::Persist { .. } => return None,
    })
}

/// Octets, least significant first, as words, least significant first.
fn words(octets: &[u8; 32]) -> [u32; 8] {
    let (chunks, _) = octets.as_chunks::<4>();
    core::array::from_fn(|n| chunks.get(n).copied().map_or(0, u32::from_le_bytes))
}

fn octets(words: &[u32; 8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (chunk, word) in out.chunks_exact_mut(4).zip(words) {
        chunk.copy_from_slice(&word.to_le_bytes());
    }
    out
}

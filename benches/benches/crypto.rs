//! The primitives of firmware-core, and P-256 as the simulator computes it.

use std::hint::black_box;

use ble::crypto::{aes, ccm, cmac, toolbox};
use ble::pdu::data::{Llid, Payload};
use ble::secret::Secret;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use p256::elliptic_curve::sec1::ToSec1Point as _;
use p256::{NonZeroScalar, PublicKey, ecdh};

fn symmetric(c: &mut Criterion) {
    let key = [0x2B; 16];
    c.bench_function("aes/block", |b| b.iter(|| aes::e(&key, black_box(&[7; 16]))));
    c.bench_function("cmac/65", |b| b.iter(|| cmac::aes_cmac(&key, &[black_box(&[7; 65])])));
    c.bench_function("smp/f4", |b| {
        b.iter(|| toolbox::f4(black_box(&[1; 32]), &[2; 32], &[3; 16], 0x80));
    });
}

fn link_encryption(c: &mut Criterion) {
    let mut group = c.benchmark_group("ccm");
    for octets in [27_u16, 251] {
        group.throughput(Throughput::Bytes(octets.into()));
        group.bench_function(format!("encrypt/{octets}"), |b| {
            let direction = ccm::Direction::CentralToPeripheral;
            let mut cipher = ccm::Cipher::new(Secret::new([3; 16]), [1; 4], [2; 4], direction);
            let plain: Vec<u8> = (0..octets).map(|n| n as u8).collect();
            let plain = Payload::from_slice(&plain).expect("it fits");
            b.iter(|| {
                let mut payload = plain.clone();
                cipher.encrypt(Llid::Start, black_box(&mut payload))
            });
        });
    }
    group.finish();
}

fn scalar(octet: u8) -> NonZeroScalar {
    NonZeroScalar::try_from([octet; 32].as_slice()).expect("in range")
}

fn elliptic(c: &mut Criterion) {
    let own = scalar(5);
    let peer = PublicKey::from_secret_scalar(&scalar(6));
    c.bench_function("p256/public key", |b| {
        b.iter(|| PublicKey::from_secret_scalar(black_box(&own)).to_sec1_point(false));
    });
    c.bench_function("p256/shared secret", |b| {
        b.iter(|| ecdh::diffie_hellman(black_box(own), peer.as_affine()));
    });
}

criterion_group!(benches, symmetric, link_encryption, elliptic);
criterion_main!(benches);

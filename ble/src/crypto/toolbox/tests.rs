//! Every sample of `vectors/smp-toolbox.txt`, read as text so that the numbers stand as published.

use super::*;
use std::collections::BTreeMap;
use std::string::String;
use std::vec::Vec;

const VECTORS: &str = include_str!("vectors/smp-toolbox.txt");

/// The samples of one function, each a table from name to octets.
fn samples(function: &str) -> Vec<BTreeMap<String, Vec<u8>>> {
    let found: Vec<_> = VECTORS
        .split("func = ")
        .skip(1)
        .filter_map(|block| {
            let mut lines = block.lines();
            (lines.next()?.trim() == function).then(|| {
                lines
                    .take_while(|line| !line.trim().is_empty())
                    .filter_map(|line| line.split_once('='))
                    .map(|(name, value)| (name.trim().into(), octets(value)))
                    .collect()
            })
        })
        .collect();
    assert!(!found.is_empty(), "no sample of {function}");
    found
}

fn octets(text: &str) -> Vec<u8> {
    let mut digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() % 2 == 1 {
        digits.insert(0, '0'); // Decimal values, which no test reads as octets.
    }
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
        .collect()
}

fn field<const N: usize>(sample: &BTreeMap<String, Vec<u8>>, name: &str) -> [u8; N] {
    sample[name].as_slice().try_into().unwrap()
}

#[test]
fn aes_cmac_samples() {
    for s in samples("aes_cmac") {
        let message = &s["msg"];
        let (head, tail) = message.split_at(message.len() / 3);
        assert_eq!(aes_cmac(&field(&s, "key"), &[head, tail]), field(&s, "out"));
    }
}

#[test]
fn f4_and_g2_samples() {
    for s in samples("f4") {
        let [z] = field(&s, "z");
        let confirm = f4(&field(&s, "u"), &field(&s, "v"), &field(&s, "x"), z);
        assert_eq!(confirm, field(&s, "out"));
    }
    for s in samples("g2") {
        let value = g2(&field(&s, "u"), &field(&s, "v"), &field(&s, "x"), &field(&s, "y"));
        assert_eq!(value.to_be_bytes(), field(&s, "out32"));
        assert_eq!(value % 1_000_000, 938_554);
    }
}

#[test]
fn f5_and_f6_samples() {
    for s in samples("f5") {
        let w = Secret::new(field(&s, "w"));
        let (n1, n2) = (field(&s, "n1"), field(&s, "n2"));
        let (mac_key, ltk) = f5(&w, &n1, &n2, &field(&s, "a1"), &field(&s, "a2"));
        assert_eq!(mac_key.expose(), &field(&s, "mackey"));
        assert_eq!(ltk.expose(), &field(&s, "ltk"));
    }
    for s in samples("f6") {
        let w = Secret::new(field(&s, "w"));
        let (n1, n2, r) = (field(&s, "n1"), field(&s, "n2"), field(&s, "r"));
        let (a1, a2) = (field(&s, "a1"), field(&s, "a2"));
        assert_eq!(f6(&w, &n1, &n2, &r, field(&s, "iocap"), &a1, &a2), field(&s, "out"));
    }
}

#[test]
fn legacy_samples() {
    for s in samples("c1") {
        let address = |kind, octets| {
            let ([kind], [a, b, c, d, e, f]) = (field(&s, kind), field(&s, octets));
            [kind, a, b, c, d, e, f]
        };
        let (initiator, responder) = (address("iat", "ia"), address("rat", "ra"));
        let (preq, pres) = (field(&s, "preq"), field(&s, "pres"));
        let (k, r) = (field(&s, "k"), field(&s, "r"));
        let confirm = c1(&k, &r, &preq, &pres, &initiator, &responder);
        assert_eq!(confirm, field(&s, "out"));
    }
    for s in samples("s1") {
        let stk = s1(&field(&s, "k"), &field(&s, "r1"), &field(&s, "r2"));
        assert_eq!(stk.expose(), &field(&s, "out"));
    }
}

#[test]
fn ah_sample() {
    for s in samples("ah") {
        let irk = Secret::new(reversed(field(&s, "irk")));
        let hash = crate::crypto::address::ah(&irk, reversed(field(&s, "prand")));
        assert_eq!(reversed(hash), field(&s, "out"));
    }
}

#[test]
fn database_hash_sample() {
    for s in samples("gatt_db_hash") {
        let (head, tail) = s["msg"].split_at(20);
        assert_eq!(database_hash(&[head, tail]), reversed(field(&s, "out")));
    }
}

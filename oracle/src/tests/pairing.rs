//! What hosts may say: pairing (SMP) and attributes (ATT), from the rules.

use ble::crypto::toolbox::{f4, reversed};

use super::later::secure_from;
use super::*;

const ATT: u16 = 4;
const SMP: u16 = 6;
/// Octets of a fragment.
const FRAGMENT: usize = 27;

pub(super) const REQUEST: [u8; 7] = [1, 4, 0, 0x0D, 16, 0x02, 0x06];
const RESPONSE: [u8; 7] = [2, 0, 0, 0x0D, 16, 0x02, 0x02];

/// One frame and its acknowledgement.
fn frame(mut script: Script, by: Role, cid: u16, octets: &[u8]) -> Script {
    let whole = [&(octets.len() as u16).to_le_bytes()[..], &cid.to_le_bytes(), octets].concat();
    for (number, part) in whole.chunks(FRAGMENT).enumerate() {
        script = script.raw(by, if number == 0 { Llid::Start } else { Llid::Continuation }, part);
    }
    script
}

pub(super) fn signal(script: Script, by: Role, octets: &[u8]) -> Script {
    frame(script, by, 5, octets)
}

pub(super) fn smp(script: Script, by: Role, octets: &[u8]) -> Script {
    frame(script, by, SMP, octets)
}

pub(super) fn att(script: Script, by: Role, octets: &[u8]) -> Script {
    frame(script, by, ATT, octets)
}

/// A command with its code and right length.
pub(super) fn command(code: u8) -> Vec<u8> {
    let length = [7, 7, 17, 17, 2, 17, 11, 17, 8, 17, 2, 65, 17, 2][usize::from(code) - 1];
    let mut octets = vec![0; length];
    octets[0] = code;
    octets
}

/// Coordinates of the sample public keys (Vol 2, Part G, 7.1.2).
const KEYS: [[&str; 2]; 2] = [
    [
        "1ea1f0f01faf1d9609592284f19e4c0047b58afd8615a69f559077b22faaa190",
        "4c55f33e429dad377356703a9ab85160472d1130e28e36765f89aff915b1214a",
    ],
    [
        "20b003d2f297be2c5e2c83a7e9f9a5b9eff49111acf4fddbcc0301480e359de6",
        "dc809c49652aeb6d63329abf5a52155c766345c28fed3024741c8ed01589d28b",
    ],
];

/// X or Y of the key of a role, as on air.
pub(super) fn key(by: usize, coordinate: usize) -> [u8; 32] {
    let digits = KEYS[by][coordinate];
    let octet = |at: usize| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap();
    std::array::from_fn(|at| octet(31 - at))
}

/// The octets of commands, whose confirm values are made with `z`.
pub(super) fn spoken(said: &[(Role, u8)], z: u8) -> Vec<(Role, Vec<u8>)> {
    let mut nonces = [1, 101];
    let octets = |(by, code): &(Role, u8)| {
        let mut octets = command(*code);
        let [own, peer] = [*by as usize, 1 - *by as usize].map(|by| key(by, 0));
        let nonce = &mut nonces[*by as usize];
        match code {
            0x0C => octets[1..].copy_from_slice(&[own, key(*by as usize, 1)].concat()),
            3 => octets[1..].copy_from_slice(&reversed(f4(
                &reversed(own),
                &reversed(peer),
                &[*nonce; 16],
                z,
            ))),
            4 => {
                octets[1..].copy_from_slice(&[*nonce; 16]);
                *nonce += 1;
            }
            _ => {}
        }
        (*by, octets)
    };
    said.iter().map(octets).collect()
}

pub(super) fn say_all(script: Script, said: &[(Role, Vec<u8>)]) -> Script {
    said.iter().fold(script, |script, (by, octets)| smp(script, *by, octets))
}

pub(super) fn commands(script: Script, said: &[(Role, u8)]) -> Script {
    say_all(script, &spoken(said, 0x80))
}

pub(super) fn agreed() -> Script {
    smp(smp(Script::new(), C, &REQUEST), P, &RESPONSE)
}

/// Up to the checks: Secure Connections, with a passkey.
pub(super) fn stages() -> Vec<(Role, u8)> {
    let keys = [(C, 0x0C), (P, 0x0C)];
    let rounds = [(C, 3), (P, 3), (C, 4), (P, 4)].repeat(20);
    keys.into_iter().chain(rounds).chain([(C, 0x0D), (P, 0x0D)]).collect()
}

/// Paired and encrypted.
pub(super) fn encrypted() -> Script {
    secure_from(commands(agreed(), &stages()), 0x11)
}

fn address(by: Role, script: Script, octets: [u8; 7]) -> Script {
    smp(script, by, &[&[9][..], &octets].concat())
}

const PUBLIC: [u8; 7] = [0, 1, 1, 1, 1, 1, 1];

fn keys(script: Script) -> Script {
    let script = address(P, smp(script, P, &command(8)), PUBLIC);
    address(C, smp(script, C, &command(8)), [1, 1, 1, 1, 1, 1, 0xC1])
}

pub(super) const READ: [u8; 3] = [0x0A, 3, 0];
const READ_RSP: [u8; 2] = [0x0B, 7];
pub(super) const MTU_REQ: [u8; 3] = [2, 64, 0];
pub(super) const MTU_RSP: [u8; 3] = [3, 65, 0];
const BY_TYPE: [u8; 7] = [8, 1, 0, 0xFF, 0xFF, 0x37, 0x2A];
pub(super) const INDICATION: [u8; 4] = [0x1D, 3, 0, 1];

pub(super) fn asked(script: Script, octets: &[u8]) -> Script {
    att(script, C, octets)
}

pub(super) fn broken() -> Vec<(&'static str, Role, Script)> {
    let new = Script::new;
    let more = [2, 0, 0, 0x0D, 16, 0x02, 0x06 | 0x01];
    let exchanged = || att(asked(new(), &MTU_REQ), P, &MTU_RSP);
    vec![
        ("SMP-PDU-1", C, smp(new(), C, &REQUEST[..6])),
        ("SMP-ROLE-1", P, smp(new(), P, &REQUEST)),
        ("SMP-FEAT-1", C, smp(new(), C, &[1, 5, 0, 0x0D, 16, 2, 2])),
        ("SMP-FEAT-2", P, smp(smp(new(), C, &REQUEST), P, &more)),
        ("SMP-FEAT-4", C, commands(agreed(), &[(C, 3)])),
        ("SMP-SEQ-1", P, commands(agreed(), &[(C, 0x0C), (P, 0x0C), (P, 3)])),
        ("SMP-DIST-1", P, commands(agreed(), &[&stages()[..], &[(P, 8)]].concat())),
        ("SMP-DIST-2", C, smp(encrypted(), C, &command(8))),
        ("SMP-DIST-3", P, smp(encrypted(), P, &command(6))),
        ("SMP-DIST-4", P, address(P, smp(encrypted(), P, &command(8)), [1, 1, 1, 1, 1, 1, 0x41])),
        ("SMP-FAIL-1", P, commands(agreed(), &[(C, 0x0C), (P, 5), (P, 0x0C)])),
        ("SMP-SEC-1", P, commands(agreed(), &[(C, 0x0C), (P, 11)])),
        ("ATT-PDU-1", P, att(exchanged(), P, &[&[0x1B, 3, 0][..], &[1; 62]].concat())),
        ("ATT-SEQ-1", C, asked(asked(new(), &READ), &READ)),
        ("ATT-SEQ-2", P, att(att(new(), P, &INDICATION), P, &INDICATION)),
        ("ATT-RSP-1", P, att(asked(new(), &READ), P, &[0x13])),
        ("ATT-RSP-2", P, att(asked(new(), &[0x52, 3, 0, 1]), P, &[1, 0x52, 3, 0, 3])),
        ("ATT-MTU-1", C, asked(exchanged(), &MTU_REQ)),
        ("ATT-MTU-2", P, att(asked(new(), &MTU_REQ), P, &[3, 22, 0])),
        ("ATT-LIST-1", P, att(asked(new(), &BY_TYPE), P, &[9, 4, 3, 0, 1, 1, 2, 0, 1, 1])),
    ]
}

#[test]
fn good_hosts_break_nothing() {
    let paired = keys(encrypted());
    assert_eq!(paired.named(), BTreeSet::new());
    // Once it is over a peripheral may ask for more, and a central may pair anew.
    assert_eq!(smp(smp(paired, P, &command(11)), C, &REQUEST).named(), BTreeSet::new());
    // A peer that ends it may still receive a command under way.
    let ended = commands(agreed(), &[(C, 0x0C), (P, 5), (C, 0x0C)]);
    assert_eq!(smp(ended, C, &REQUEST).named(), BTreeSet::new());
    // Just Works and legacy pairing have other commands.
    let request = [1, 3, 0, 0x09, 16, 0, 0];
    let just_works = smp(smp(Script::new(), C, &request), P, &[2, 3, 0, 0x09, 16, 0, 0]);
    let said = [(C, 0x0C), (P, 0x0C), (P, 3), (C, 4), (P, 4), (C, 0x0D), (P, 0x0D)];
    assert_eq!(say_all(just_works, &spoken(&said, 0)).named(), BTreeSet::new());
    let legacy = smp(smp(Script::new(), C, &[1, 3, 0, 1, 16, 0, 1]), P, &[2, 3, 0, 1, 16, 0, 1]);
    let legacy = commands(legacy, &[(C, 3), (P, 3), (C, 4), (P, 4)]);
    let distributed = commands(secure_from(legacy, 0x11), &[(P, 6), (P, 7)]);
    assert_eq!(distributed.named(), BTreeSet::new());
}

#[test]
fn good_clients_and_servers_break_nothing() {
    let exchanged = || att(asked(Script::new(), &MTU_REQ), P, &MTU_RSP);
    // Each end is client and server; a notification may come between.
    let both = att(att(asked(exchanged(), &READ), P, &READ), P, &[0x1B, 3, 0, 1]);
    let both = att(att(both, C, &READ_RSP), P, &[1, 0x0A, 3, 0, 5]);
    assert_eq!(both.named(), BTreeSet::new());
    let long = att(asked(exchanged(), &READ), P, &[&[0x0B][..], &[1; 63]].concat());
    assert_eq!(long.named(), BTreeSet::new());
    let indicated = att(att(att(exchanged(), P, &INDICATION), C, &[0x1E]), P, &INDICATION);
    assert_eq!(indicated.named(), BTreeSet::new());
    let list = att(asked(Script::new(), &BY_TYPE), P, &[9, 4, 2, 0, 1, 1, 3, 0, 1, 1]);
    assert_eq!(list.named(), BTreeSet::new());
    // An unknown request may be answered.
    let unknown = att(asked(Script::new(), &[0x3F]), P, &[1, 0x3F, 0, 0, 6]);
    assert_eq!(unknown.named(), BTreeSet::new());
}

/// ATT-PDU-1: a client uses the new ATT_MTU once it has the response.
#[test]
fn a_client_that_has_not_heard_the_response_stays_below_23() {
    let long = [&[0x52, 3, 0][..], &[1; 30]].concat();
    let early = att(asked(Script::new(), &MTU_REQ), C, &long);
    assert_eq!(early.named(), BTreeSet::from([("ATT-PDU-1", C)]));
    let late = att(att(asked(Script::new(), &MTU_REQ), P, &MTU_RSP), C, &long);
    assert_eq!(late.named(), BTreeSet::new());
}

/// SMP-FEAT-2, SMP-SEQ-1: a response may have been under way when another request came.
#[test]
fn a_response_is_held_against_no_later_request() {
    let asked = smp(Script::new(), C, &REQUEST);
    let again = smp(asked, C, &[1, 3, 0, 0x0D, 16, 0, 0]);
    let answered = smp(again, P, &RESPONSE);
    // Whichever of the two the central takes it for.
    let either = [&[(C, 0x0C), (P, 0x0C), (C, 3)][..], &[(C, 0x0C), (P, 0x0C), (P, 3)]];
    for said in either {
        assert_eq!(commands(answered.clone(), said).named(), BTreeSet::new());
    }
}

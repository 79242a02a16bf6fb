//! Pairing: commitments, public keys, time and bonds (SMP, GAP).

use super::later::secure_from;
use super::pairing::{REQUEST, agreed, command, commands, say_all, smp, spoken, stages};
use super::*;

/// Events of 10 ms in 32 s.
const LONG: u64 = 3_200;
const ROUND: [(Role, u8); 6] = [(C, 0x0C), (P, 0x0C), (C, 3), (P, 3), (C, 4), (P, 4)];
const TWO_ROUNDS: [(Role, u8); 10] =
    [(C, 0x0C), (P, 0x0C), (C, 3), (P, 3), (C, 4), (P, 4), (C, 3), (P, 3), (C, 4), (P, 4)];

fn just_works() -> Script {
    let request = [1, 3, 0, 0x09, 16, 0, 0];
    smp(smp(Script::new(), C, &request), P, &[2, 3, 0, 0x09, 16, 0, 0])
}

/// A round in which the peripheral commits to the other bit.
fn other_bit() -> Vec<(Role, Vec<u8>)> {
    let mut said = spoken(&ROUND, 0x80);
    said[3] = spoken(&ROUND, 0x81).swap_remove(3);
    said
}

/// The public key of this role, as both sides send it.
fn reflected(of: Role, more: &[(Role, u8)]) -> Script {
    let mut keys = spoken(&[(C, 0x0C), (P, 0x0C)], 0);
    keys[1 - of as usize].1 = keys[of as usize].1.clone();
    commands(say_all(agreed(), &keys), more)
}

/// A key of the central that is no point of the curve, and what comes of it.
fn invalid(more: &[(Role, u8)]) -> Script {
    let mut said = spoken(&[(C, 0x0C)], 0);
    said[0].1[64] ^= 1;
    commands(say_all(agreed(), &said), more)
}

/// A pairing with a key of this size, and encryption with this key.
fn sized(size: u8, octet: u8) -> Script {
    let said = smp(Script::new(), C, &[1, 4, 0, 0x0D, size, 2, 2]);
    let said = smp(said, P, &[2, 0, 0, 0x0D, 16, 0, 0]);
    secure_from(commands(said, &stages()), octet)
}

fn unbonded(request: u8, response: u8) -> Script {
    let said = smp(Script::new(), C, &[1, 4, 0, request, 16, 2, 2]);
    let said = smp(said, P, &[2, 0, 0, response, 16, 2, 2]);
    secure_from(commands(said, &stages()), 0x11)
}

pub(super) fn broken() -> Vec<(&'static str, Role, Script)> {
    let unfit = {
        let mut said = spoken(&[(C, 0x0C), (P, 0x0C), (P, 3), (C, 4), (P, 4)], 0);
        said[4].1[1] ^= 1;
        say_all(just_works(), &said)
    };
    let again = {
        let first = spoken(&TWO_ROUNDS[..6], 0x80);
        let second = spoken(&ROUND, 0x80);
        say_all(agreed(), &[&first[..], &second[2..5]].concat())
    };
    let late = commands(agreed().events(LONG), &[(C, 0x0C)]);
    vec![
        ("SMP-FEAT-3", C, sized(15, 0x11)),
        ("SMP-KEY-1", P, invalid(&[(P, 0x0C)])),
        ("SMP-KEY-2", C, reflected(C, &[(C, 3)])),
        ("SMP-CONF-1", P, say_all(agreed(), &other_bit())),
        ("SMP-CONF-2", P, unfit),
        ("SMP-PASS-1", C, again),
        ("SMP-TIME-2", C, late),
        ("GAP-BOND-1", P, smp(unbonded(0x0D, 0x0C), P, &command(8))),
    ]
}

fn innocent(script: &Script) {
    assert_eq!(script.named(), BTreeSet::new());
}

/// SMP-CONF-1: confirm values are checked. SMP-CONF-2: a random value fits its commitment.
#[test]
fn who_overlooks_a_commitment_is_named() {
    innocent(&commands(agreed(), &TWO_ROUNDS));
    // The role that sees it ends the pairing.
    let other = other_bit();
    innocent(&smp(say_all(agreed(), &other[..5]), P, &[5, 4]));
    let shown = say_all(agreed(), &other);
    let goes_on = smp(shown.clone(), C, &command(3));
    let both = BTreeSet::from([("SMP-CONF-1", P), ("SMP-CONF-1", C)]);
    assert_eq!(goes_on.named(), both);
    let ends = smp(shown, C, &[5, 4]);
    assert_eq!(ends.named(), BTreeSet::from([("SMP-CONF-1", P)]));
    // A value that fits neither bit.
    let mut unfit = spoken(&ROUND, 0x80);
    unfit[4].1[1] ^= 1;
    let unseen = BTreeSet::from([("SMP-CONF-2", C), ("SMP-CONF-1", P)]);
    assert_eq!(say_all(agreed(), &unfit).named(), unseen);
    let seen = smp(say_all(agreed(), &unfit[..5]), P, &[5, 4]);
    assert_eq!(seen.named(), BTreeSet::from([("SMP-CONF-2", C)]));
}

/// SMP-CONF-1: a new pairing has new commitments.
#[test]
fn a_pairing_is_judged_by_its_own_values() {
    let ended = smp(say_all(agreed(), &other_bit()[..5]), P, &[5, 4]);
    let again = smp(smp(ended, C, &REQUEST), P, &[2, 0, 0, 0x0D, 16, 2, 2]);
    innocent(&commands(again, &TWO_ROUNDS));
}

/// SMP-KEY-2: a reflected public key.
#[test]
fn a_reflected_key_ends_the_pairing() {
    innocent(&smp(reflected(C, &[]), C, &[5, 0x0B]));
    // The peripheral has the debug key, which everybody may have.
    innocent(&reflected(P, &[(C, 3)]));
}

/// SMP-KEY-1: a valid public key.
#[test]
fn a_key_beside_the_curve_ends_the_pairing() {
    innocent(&smp(invalid(&[]), P, &[5, 0x0B]));
    // Its sender is not accused of it: the specification demands the check of the receiver.
    innocent(&invalid(&[]));
    let mut keys = spoken(&[(C, 0x0C), (P, 0x0C)], 0);
    keys[1].1[1] ^= 1;
    let goes_on = commands(say_all(agreed(), &keys), &[(C, 3)]);
    assert_eq!(goes_on.named(), BTreeSet::from([("SMP-KEY-1", C)]));
}

/// SMP-FEAT-3: size of the key.
#[test]
fn a_key_is_no_longer_than_agreed() {
    innocent(&sized(16, 0x11));
    innocent(&sized(7, 0));
    // With the key of an earlier pairing, whose size is unknown.
    let said = smp(Script::new(), C, &[1, 4, 0, 0x0D, 7, 2, 2]);
    innocent(&secure_from(smp(said, P, &[5, 5]), 0x11));
}

/// SMP-TIME-2: silence after a timeout.
#[test]
fn thirty_seconds_end_a_pairing() {
    innocent(&commands(agreed().events(2_900), &[(C, 0x0C)]));
    // Once it is over, another one may begin at any time.
    let unkeyed = smp(smp(Script::new(), C, &REQUEST), P, &[2, 0, 0, 0x0D, 16, 0, 0]);
    let over = commands(unkeyed, &stages());
    innocent(&smp(over.events(LONG), C, &REQUEST));
    let failed = smp(commands(agreed(), &[(C, 0x0C)]), P, &[5, 8]).events(LONG);
    innocent(&smp(failed, C, &REQUEST));
    // A device where the user types may send Keypress Notification.
    let typed = smp(agreed().events(2_000), P, &[14, 1]).events(2_000);
    innocent(&commands(typed, &[(C, 0x0C)]));
}

/// GAP-BOND-1: bonding only where it is allowed.
#[test]
fn who_bonds_may_distribute_keys() {
    innocent(&smp(unbonded(0x0C, 0x0D), P, &command(8)));
    innocent(&unbonded(0x0C, 0x0C));
}

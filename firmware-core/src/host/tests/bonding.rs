//! A device without display or keyboard: who may bond with it, when, and what a client gets before
//! its identity is known.

use super::pairing::PRIVATE;
use super::*;
use crate::config::{Accept, BondOverwrite, PairingOutsideMode};
use crate::host::smp::tests::{public_key, shared_secret};
use ble::crypto::toolbox::{f5, f6, reversed};
use ble::effect::PublicKey;
use ble::error::PeerMisbehaved;
use ble::hci::FilterPolicy;
use ble::security::IoCapability;

const OWNER: Address = INTEL;
const STRANGER: Address = Address::public([0x0B, 0xAD, 0x0B, 0xAD, 0x0B, 0xAD]);
const SWITCH_ON: [u8; 4] = [0x12, 0x15, 0, 1];
const SWITCHED: [u8; 1] = [0x13];
const REFUSED: [u8; 5] = [0x01, 0x12, 0x15, 0, 0x05];
const CONFIGURE: [u8; 5] = [0x12, 0x13, 0, 1, 0];
/// NoInputNoOutput, bonding and Secure Connections, 16 octets, the identity.
const REQUEST: [u8; 7] = [0x01, 0x03, 0x00, 0x09, 0x10, 0x02, 0x02];

fn config() -> Config {
    Config {
        io: IoCapability::NoInputNoOutput,
        required_level: 2,
        accept: Accept::Anyone,
        ..Config::recommended()
    }
}

fn level_2() -> Bond {
    Bond { level: 2, ..bond() }
}

impl Rig {
    fn named(config: &Config, peer: Address, bond: Option<&Bond>) -> Self {
        let mut rig = Self::with_bond(config, bond);
        rig.complete();
        rig.connect(peer);
        rig.forget();
        rig
    }

    /// Pairs by Just Works up to encryption, which is on afterwards; the identity is not
    /// distributed.
    fn just_works(&mut self, address: Address) {
        let features = self.pair_one(&REQUEST, 0x02);
        let own = public_key(&PRIVATE).unwrap();
        let answers = self.pair(&[&[0x0C][..], &own.x, &own.y].concat());
        assert_eq!((answers[0][0], answers[1][0]), (0x0C, 0x03));
        let (mut x, mut y) = ([0; 32], [0; 32]);
        x.copy_from_slice(&answers[0][1..33]);
        y.copy_from_slice(&answers[0][33..]);
        let (na, mut nb) = ([7; 16], [0; 16]);
        nb.copy_from_slice(&self.pair_one(&[&[0x04][..], &na].concat(), 0x04));
        let mut dhkey = *shared_secret(&PRIVATE, &PublicKey { x, y }).unwrap().expose();
        dhkey.reverse();
        let (a, b) = (address.for_smp(), Config::zephyr_2024().address.for_smp());
        let (na, nb) = (reversed(na), reversed(nb));
        let (mac, _) = f5(&Secret::new(dhkey), &na, &nb, &a, &b);
        let io = |pdu: &[u8]| [pdu[2], pdu[1], pdu[0]];
        let ea = reversed(f6(&mac, &na, &nb, &[0; 16], io(&REQUEST[1..]), &a, &b));
        let eb = reversed(f6(&mac, &nb, &na, &[0; 16], io(&features), &b, &a));
        assert_eq!(self.pair_one(&[&[0x0D][..], &ea].concat(), 0x0D), eb);
        self.encrypt();
        self.frames.clear();
        self.event(Event::NumberOfCompletedPackets { handle: HANDLE, count: 4 });
    }

    /// The last keys: the peer's identity.
    fn distribute_identity(&mut self, identity: Address) {
        self.send(CID_SMP, &[&[0x08][..], &[0; 16]].concat());
        self.send(CID_SMP, &[&[0x09, identity.kind as u8][..], &identity.octets].concat());
        self.complete();
    }

    fn is_disconnected(&self) -> bool {
        let reason = ErrorCode::AUTHENTICATION_FAILURE;
        self.commands.contains(&Command::Disconnect { handle: HANDLE, reason })
    }

    fn is_bonded_with(&self, identities: &[Address]) -> bool {
        self.host.bonds().map(|bond| bond.identity).eq(identities.iter().copied())
    }
}

#[test]
fn a_request_in_the_event_after_encryption_is_answered_when_the_identity_has_come() {
    let mut rig = Rig::started(&config());
    rig.press(Press::Pairing);
    rig.complete();
    rig.connect(OWNER);
    rig.just_works(OWNER);
    assert_eq!(rig.host.level(HANDLE), 2, "encrypted");
    rig.send(CID_ATT, &SWITCH_ON);
    assert!(rig.frames.is_empty() && !rig.host.application().led(), "{:?}", rig.frames);
    rig.distribute_identity(OWNER);
    assert_eq!(rig.received(), (CID_ATT, Vec::from(SWITCHED)));
    assert!(rig.host.application().led() && rig.is_bonded_with(&[OWNER]));
}

/// The application hears of bonds when storage has answered: its LED 4 says that they are deleted
/// until there is another.
#[test]
fn the_application_hears_of_bonds_once_they_are_stored_or_gone() {
    let mut rig = Rig::with_bond(&config(), Some(&level_2()));
    rig.complete();
    rig.lights.clear();
    let answer = |rig: &mut Rig| {
        let record = rig.effects.iter().find_map(|effect| match effect {
            Effect::Persist { id, .. } => Some(*id),
            _ => None,
        });
        rig.effects.retain(|effect| !matches!(effect, Effect::Persist { .. }));
        let id = record.expect("a record");
        rig.input(HostInput::Completed(Completion::Persisted { id, ok: true }));
    };
    let shown = |rig: &Rig| rig.lights.iter().filter(|light| light.led == 4).count();
    rig.press(Press::DeleteBonds);
    assert_eq!(shown(&rig), 0, "it could come back");
    answer(&mut rig);
    assert_eq!(rig.lights, [Light { led: 4, on: true }]);
    rig.press(Press::Pairing);
    rig.complete();
    rig.connect(STRANGER);
    rig.just_works(STRANGER);
    assert_eq!(shown(&rig), 1, "not yet");
    rig.distribute_identity(STRANGER);
    assert!(rig.lights.contains(&Light { led: 4, on: false }), "{:?}", rig.lights);
}

#[test]
fn what_needs_no_security_is_answered_all_the_time() {
    let mut rig = Rig::started(&config());
    rig.press(Press::Pairing);
    rig.complete();
    rig.connect(OWNER);
    rig.just_works(OWNER);
    assert_eq!(rig.ask(&CONFIGURE), SWITCHED);
    assert_eq!(rig.ask(&[0x02, 0xF7, 0]), [0x03, 0xF7, 0]);
}

#[test]
fn what_waits_keeps_its_order_and_has_a_bound() {
    let mut rig = Rig::started(&config());
    rig.press(Press::Pairing);
    rig.complete();
    rig.connect(OWNER);
    rig.just_works(OWNER);
    rig.send(CID_ATT, &SWITCH_ON);
    // Commands do not wait for responses, but for what came before them.
    rig.send(CID_ATT, &[0x52, 0x15, 0, 0]);
    rig.send(CID_ATT, &[0x52, 0x13, 0, 1, 0]);
    assert!(rig.traces.is_empty() && rig.frames.is_empty());
    let long = [&[0x52, 0x15, 0][..], &[1; 200]].concat();
    for _ in 0..3 {
        rig.send(CID_ATT, &long);
    }
    let flood = |trace: &Trace| {
        matches!(trace, Trace::Misbehaved { violation: PeerMisbehaved::TooManyRequests, .. })
    };
    assert_eq!(rig.traces.iter().filter(|trace| flood(trace)).count(), 1);
    rig.distribute_identity(OWNER);
    assert_eq!(rig.received().1, SWITCHED);
    assert!(!rig.host.application().led(), "on, then off");
    assert_eq!(rig.ask(&[0x0A, 0x13, 0]), [0x0B, 1, 0]);
}

#[test]
fn a_stranger_with_the_owners_identity_gets_no_access_and_is_disconnected() {
    // Where anyone may pair at any time.
    let outside = Some(PairingOutsideMode::WithoutBonding);
    let mut open = Config { pairing_outside_mode: outside, ..config() };
    open.bond_overwrite = BondOverwrite::Unauthenticated;
    for (config, pressed) in [(open, false), (config(), true)] {
        let mut rig = Rig::with_bond(&config, Some(&level_2()));
        if pressed {
            rig.press(Press::Pairing);
        }
        rig.complete();
        rig.connect(STRANGER);
        rig.forget();
        if !pressed {
            // Without bonding there is no identity to name.
            assert_eq!(rig.pair_one(&REQUEST, 0x02)[4..], [0, 0]);
            continue;
        }
        rig.just_works(STRANGER);
        rig.send(CID_ATT, &SWITCH_ON);
        rig.distribute_identity(OWNER);
        assert!(rig.is_disconnected(), "{:?}", rig.commands);
        let (smp, att) = (rig.frames.remove(0), rig.frames.remove(0));
        assert_eq!(split(&smp.data).unwrap(), (CID_SMP, &[0x05, 0x0F][..]));
        assert_eq!(split(&att.data).unwrap(), (CID_ATT, &REFUSED[..]));
        assert!(!rig.host.application().led());
        assert_eq!(rig.host.bonds().next(), Some(&level_2()));
        let why = "Bond with 58:A0:23:A6:35:0A (public) refused: Just Works replaces no bond";
        assert!(rig.logs.iter().any(|line| line == why), "{:?}", rig.logs);
    }
}

#[test]
fn a_central_that_never_distributes_its_identity_is_disconnected_after_30_s() {
    let mut rig = Rig::started(&config());
    rig.press(Press::Pairing);
    rig.complete();
    rig.connect(STRANGER);
    rig.just_works(STRANGER);
    rig.send(CID_ATT, &SWITCH_ON);
    rig.pass(Duration::from_ms(29_999));
    assert!(!rig.is_disconnected() && rig.frames.is_empty());
    rig.pass(Duration::from_ms(1));
    assert!(rig.is_disconnected() && !rig.host.application().led());
    assert_eq!(rig.received().1, REFUSED);
    rig.disconnect(ErrorCode::LOCAL_HOST_TERMINATED);
    assert!(rig.is_bonded_with(&[]));
}

#[test]
fn what_waits_ends_with_the_connection() {
    let mut rig = Rig::started(&config());
    rig.press(Press::Pairing);
    rig.complete();
    rig.connect(STRANGER);
    rig.just_works(STRANGER);
    rig.send(CID_ATT, &SWITCH_ON);
    rig.disconnect(ErrorCode::CONNECTION_TIMEOUT);
    rig.connect(OWNER);
    assert!(rig.frames.is_empty() && !rig.host.application().led());
    assert_eq!(rig.ask(&SWITCH_ON), REFUSED);
}

#[test]
fn without_the_pairing_button_no_central_bonds_by_just_works() {
    let mut rig = Rig::named(&config(), STRANGER, None);
    rig.pair_one(&REQUEST, 0x05);
    assert_eq!(rig.ask(&SWITCH_ON), REFUSED);
    // A device with a display that lets level 2 in has no reason to be more generous.
    let display = Config { io: IoCapability::DisplayOnly, ..config() };
    let mut rig = Rig::named(&display, STRANGER, None);
    rig.pair_one(&REQUEST, 0x05);
    rig.pair_one(&PAIRING_REQUEST, 0x05);
    // Level 4 needs a person who reads the passkey.
    let mut rig = Rig::named(&Config::recommended(), STRANGER, None);
    rig.pair_one(&PAIRING_REQUEST, 0x02);
}

#[test]
fn pairing_mode_ends_with_a_bond() {
    let mut rig = Rig::started(&config());
    rig.press(Press::Pairing);
    rig.complete();
    rig.connect(OWNER);
    rig.forget();
    rig.just_works(OWNER);
    rig.distribute_identity(OWNER);
    assert!(rig.logs.iter().any(|line| line == "Pairing mode off"), "{:?}", rig.logs);
    rig.disconnect(ErrorCode::REMOTE_USER_TERMINATED);
    rig.complete();
    rig.connect(STRANGER);
    rig.pair_one(&REQUEST, 0x05);
    assert!(rig.is_bonded_with(&[OWNER]));
}

#[test]
fn pairing_mode_outlasts_a_failure_and_ends_with_the_connection_that_it_brought() {
    let mut rig = Rig::named(&config(), STRANGER, None);
    rig.press(Press::Pairing);
    rig.pair_one(&REQUEST, 0x02);
    rig.pair(&[0x05, 0x08]);
    rig.pair_one(&REQUEST, 0x02);
    rig.disconnect(ErrorCode::REMOTE_USER_TERMINATED);
    rig.complete();
    // If pressed during a connection, pairing mode holds for the next one as well.
    rig.connect(OWNER);
    rig.pair_one(&REQUEST, 0x02);
    rig.disconnect(ErrorCode::REMOTE_USER_TERMINATED);
    rig.complete();
    rig.connect(OWNER);
    rig.pair_one(&REQUEST, 0x05);
}

#[test]
fn a_bond_in_pairing_mode_closes_advertising_again() {
    let bonded_only = Config { accept: Accept::BondedOnly, ..config() };
    let mut rig = Rig::started(&bonded_only);
    rig.press(Press::Pairing);
    rig.complete();
    rig.connect(OWNER);
    rig.just_works(OWNER);
    rig.distribute_identity(OWNER);
    rig.forget();
    rig.disconnect(ErrorCode::REMOTE_USER_TERMINATED);
    let filters = rig.commands.iter().filter_map(|command| match command {
        Command::LeSetAdvertisingParameters { parameters } => Some(parameters.filter),
        _ => None,
    });
    assert_eq!(filters.collect::<Vec<_>>(), [FilterPolicy::ConnectFromList]);
}

#[test]
fn a_stranger_at_the_owners_address_changes_nothing_of_what_is_kept() {
    let mut rig = Rig::named(&config(), OWNER, Some(&level_2()));
    assert_eq!(rig.ask(&CONFIGURE), SWITCHED);
    assert_eq!((rig.effects.len(), rig.host.bonds().next().unwrap().cccd), (0, 0));
    rig.disconnect(ErrorCode::REMOTE_USER_TERMINATED);
    rig.connect(OWNER);
    assert_eq!(rig.ask(&[0x0A, 0x13, 0]), [0x0B, 0, 0]);
    // The owner may configure first, and encrypt then.
    assert_eq!(rig.ask(&CONFIGURE), SWITCHED);
    rig.encrypt();
    assert_eq!(rig.host.bonds().next().unwrap().cccd, 1);
}

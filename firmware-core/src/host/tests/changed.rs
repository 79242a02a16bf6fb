//! A table of attributes that is another one than at the bond: after an update of the firmware.

use super::*;
use crate::config::{Lapses, ServiceChanged};

const CONFIGURE_BUTTON: [u8; 5] = [0x12, 0x13, 0, 1, 0];
const READ_BUTTON: [u8; 3] = [0x0A, 0x12, 0];
const CHANGED: [u8; 7] = [0x1D, 0x03, 0, 0x01, 0, 0xFF, 0xFF];
const CONFIRMATION: [u8; 1] = [0x1E];
const OUT_OF_SYNC: [u8; 5] = [0x01, 0x0A, 0, 0, 0x12];
/// Service Changed is wanted; so were notifications of the Button in the table before.
const WANTED: u16 = 0x0003;
/// The client has asked for robust caching.
const ROBUST: u16 = 0x0100;

/// A bond with another table.
fn before(cccd: u16) -> Bond {
    Bond { cccd, configured: 7, known: 7, ..bond() }
}

fn met(config: &Config, bond: &Bond) -> Rig {
    let mut rig = Rig::with_bond(config, Some(bond));
    rig.complete();
    rig.connect(INTEL);
    rig.forget();
    rig
}

fn known(rig: &Rig) -> (u32, u16) {
    rig.host.bonds().next().map(|bond| (bond.known, bond.cccd)).unwrap()
}

/// GATT-SYNC-1: a bonded client is told once it has shown its key, and once only.
#[test]
fn a_bonded_client_is_notified_of_another_table() {
    let mut rig = met(&Config::recommended(), &before(WANTED));
    assert!(rig.frames.is_empty(), "who it is has not been shown");
    rig.encrypt();
    assert_eq!(rig.received(), (CID_ATT, CHANGED.to_vec()));
    assert_eq!(known(&rig).0, 7, "it was not confirmed");
    rig.send(CID_ATT, &CONFIRMATION);
    assert_eq!(known(&rig), (database(), 0x0002), "what was configured is gone");
    assert!(matches!(rig.effects.last(), Some(Effect::Persist { record: Some(_), .. })));
    rig.disconnect(ErrorCode::REMOTE_USER_TERMINATED);
    rig.connect(INTEL);
    rig.frames.clear();
    rig.encrypt();
    assert!(rig.frames.is_empty(), "{:?}", rig.frames);
}

/// GATT-SYNC-1: who leaves without a confirmation is told again.
#[test]
fn an_unconfirmed_indication_is_repeated() {
    let mut rig = met(&Config::recommended(), &before(WANTED));
    for _ in 0..2 {
        rig.encrypt();
        assert_eq!(rig.received().1, CHANGED);
        rig.disconnect(ErrorCode::CONNECTION_TIMEOUT);
        rig.connect(INTEL);
    }
}

#[test]
fn no_client_is_notified_of_the_same_table_or_without_a_subscription() {
    for bond in [Bond { cccd: WANTED, ..bond() }, before(0x0001)] {
        let mut rig = met(&Config::recommended(), &bond);
        rig.encrypt();
        assert!(rig.frames.is_empty(), "{:?}", rig.frames);
    }
}

/// GATT-CCCD-2: what is configured in the new table is kept, though the client was never told.
#[test]
fn what_is_configured_anew_is_kept() {
    let mut rig = met(&Config::recommended(), &before(0x0001));
    rig.encrypt();
    assert_eq!(rig.ask(&[0x0A, 0x13, 0]), [0x0B, 0, 0], "another table, another value");
    assert_eq!(rig.ask(&CONFIGURE_BUTTON), [0x13]);
    rig.disconnect(ErrorCode::REMOTE_USER_TERMINATED);
    rig.connect(INTEL);
    rig.encrypt();
    assert_eq!(rig.ask(&[0x0A, 0x13, 0]), [0x0B, 1, 0]);
}

/// GATT-SYNC-2: Database Out Of Sync once, values held until the client knows.
#[test]
fn a_client_with_robust_caching_is_refused_and_then_served() {
    let mut rig = met(&Config::recommended(), &before(ROBUST));
    rig.encrypt();
    rig.send(CID_ATT, &[0x52, 0x13, 0, 1, 0]);
    rig.host.connections[0].as_mut().unwrap().notify = 0x02;
    rig.press(Press::User);
    assert!(rig.frames.is_empty(), "a command is ignored, a notification waits");
    assert_eq!(rig.ask(&READ_BUTTON), OUT_OF_SYNC);
    assert_eq!(known(&rig).0, 7);
    assert_eq!(rig.ask(&READ_BUTTON)[0], 0x0B);
    assert_eq!(known(&rig), (database(), ROBUST));
}

/// GATT-SYNC-2: who reads the Database Hash, and then asks for anything, knows.
#[test]
fn the_hash_and_one_request_more_are_enough() {
    let mut rig = met(&Config::recommended(), &before(ROBUST));
    rig.encrypt();
    let hash = rig.ask(&[0x08, 1, 0, 0xFF, 0xFF, 0x2A, 0x2B]);
    assert_eq!((hash[0], hash.len(), known(&rig).0), (0x09, 20, 7));
    assert_eq!(rig.ask(&READ_BUTTON)[0], 0x0B);
    assert_eq!(known(&rig).0, database());
}

/// A device that uses the client's address cannot make the server forget the indication due to the
/// client.
#[test]
fn a_stranger_with_the_clients_address_learns_nothing_in_its_place() {
    let mut rig = met(&Config::recommended(), &before(WANTED | ROBUST));
    assert_eq!(rig.ask(&READ_BUTTON), OUT_OF_SYNC);
    assert_eq!(rig.ask(&READ_BUTTON)[0], 0x0B);
    assert_eq!(known(&rig).0, 7);
}

/// As a firmware without any of it.
#[test]
fn a_firmware_without_indications_serves_by_the_handles_that_come() {
    let lapses = Lapses { service_changed: ServiceChanged::Untold, ..Lapses::NONE };
    let config = Config { lapses, ..Config::recommended() };
    let mut rig = met(&config, &before(WANTED | ROBUST));
    rig.encrypt();
    assert!(rig.frames.is_empty());
    assert_eq!(rig.ask(&READ_BUTTON)[0], 0x0B);
    assert_eq!(known(&rig).0, 7);
}

/// A new bond is made with the present table.
#[test]
fn a_new_bond_is_with_this_table() {
    let other = RigOf::<LedButton>::new(&Config::recommended());
    assert_eq!(other.host.values.database(), database());
}

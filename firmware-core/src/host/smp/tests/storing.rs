//! What is said of a bond, and when: what nobody may believe before it is in storage is not said
//! before.

use super::initiator::{Initiator, REQUEST};
use super::*;
use ble::armed::What;

const OTHER: Address = Address::public([0x0B, 0xAD, 0x0B, 0xAD, 0x0B, 0xAD]);

/// A device whose storage does not answer until it is told to.
fn device() -> Device {
    let overwrite = BondOverwrite::Unauthenticated;
    let config = SmpConfig { overwrite, ..config(IoCapability::NoInputNoOutput, 2) };
    let mut device = Device::new(config);
    device.holds = true;
    device
}

/// A central pairs, and leaves.
fn pair(device: &mut Device, identity: Address) {
    device.connect_from(identity);
    let mut central = Initiator { address: identity, identity, ..Initiator::new(REQUEST) };
    central.irk = [identity.octets[0]; 16];
    central.pair_by_just_works(device);
    assert_eq!(device.ended(), Some(true));
}

/// Storage answers the oldest effect: the slot, and the record's length if there is one.
fn answer(device: &mut Device, ok: bool) -> (u8, Option<usize>) {
    let Effect::Persist { id, slot, record } = device.effects.remove(0) else { panic!("a record") };
    device.outputs.clear();
    device.manager.completed(device.now, Completion::Persisted { id, ok });
    device.pump();
    (slot, record.map(|record| record.expose().len()))
}

fn complete(peer: Address, bonded: bool) -> Line {
    Line::PairingComplete { peer, bonded }
}

fn deleted(device: &Device) -> bool {
    device.outputs.contains(&SmpOutput::BondsDeleted)
}

fn works(device: &Device) -> bool {
    let mut works = false;
    device.manager.armed(&mut |armed| works |= armed.what == What::Work);
    works
}

fn delete_all(device: &mut Device) {
    device.outputs.clear();
    device.manager.delete_all_bonds(device.now);
    device.pump();
}

#[test]
fn a_pairing_is_complete_when_its_bond_is_in_storage() {
    let mut device = device();
    pair(&mut device, PEER);
    assert!(device.manager.bond_of(HANDLE).is_some(), "it counts at once");
    assert!(!device.lines().contains(&complete(PEER, true)), "it is not there yet");
    // The central leaves meanwhile.
    device.manager.disconnected(device.now, HANDLE, ErrorCode::REMOTE_USER_TERMINATED);
    let bonded = SmpOutput::Bonded(PEER);
    assert!(!device.outputs.contains(&bonded));
    answer(&mut device, true);
    assert_eq!(device.lines(), [complete(PEER, true)]);
    assert!(device.outputs.contains(&bonded));
}

/// Storage that is damaged is told of, and is erased by whoever deletes all bonds.
#[test]
fn deleting_all_bonds_begins_anew_in_damaged_storage() {
    let mut device = device();
    device.manager.completed(device.now, Completion::Damaged);
    device.pump();
    let what = "Reading bonds (delete all of them to begin anew)";
    let error = ErrorCode::INVALID_PARAMETERS;
    assert_eq!(device.lines(), [Line::ProcedureFailed { what, error }]);
    assert!(device.effects.is_empty(), "unasked nothing is done to it");
    delete_all(&mut device);
    for slot in 0..2 {
        assert!(!deleted(&device));
        assert_eq!(answer(&mut device, true), (slot, None));
    }
    assert!(deleted(&device) && device.effects.is_empty());
}

#[test]
fn a_pairing_whose_bond_is_not_kept_is_complete_at_once() {
    let mut device = device();
    device.manager.shared.config.bonding = false;
    device.connect();
    Initiator::new(REQUEST).just_works(&mut device);
    assert!(device.ask_ltk().is_some());
    device.encrypted();
    device.receive(&[&[0x08][..], &[0; 16]].concat());
    device.receive(&[&[0x09, 0][..], &PEER.octets].concat());
    assert!(device.lines().contains(&complete(PEER, false)), "{:?}", device.lines());
    assert!(device.effects.is_empty());
}

#[test]
fn storage_that_fails_is_told_of() {
    let mut device = device();
    pair(&mut device, PEER);
    answer(&mut device, false);
    assert!(!device.outputs.contains(&SmpOutput::Bonded(PEER)));
    let error = ErrorCode::MEMORY_CAPACITY_EXCEEDED;
    let failed = |what| Line::ProcedureFailed { what, error };
    assert_eq!(device.lines(), [failed("Storing the bond"), complete(PEER, false)]);
    delete_all(&mut device);
    answer(&mut device, false);
    assert!(device.lines() == [failed("Deleting the bond")] && !deleted(&device));
    // What may still be there is deleted with what is.
    delete_all(&mut device);
    assert!(!deleted(&device));
    assert_eq!(answer(&mut device, true), (0, None));
    assert!(deleted(&device));
}

#[test]
fn bonds_are_deleted_when_the_last_of_them_is_gone_from_storage() {
    let mut device = device();
    for peer in [PEER, OTHER] {
        pair(&mut device, peer);
        answer(&mut device, true);
        device.disconnect();
    }
    delete_all(&mut device);
    assert_eq!(device.manager.bonds().count(), 0);
    assert_eq!(answer(&mut device, true), (0, None));
    assert!(!deleted(&device), "the other one could return");
    assert_eq!(answer(&mut device, true), (1, None));
    assert!(deleted(&device));
    delete_all(&mut device);
    assert!(deleted(&device), "there is nothing to be deleted");
}

/// A client that configures faster than flash is written has no more written than the last.
#[test]
fn one_record_of_a_slot_is_on_its_way_at_a_time() {
    let mut device = device();
    pair(&mut device, PEER);
    for cccd in 1..100 {
        device.manager.set_cccd(HANDLE, cccd, true);
        device.pump();
    }
    assert_eq!(device.effects.len(), 1);
    assert!(works(&device));
    answer(&mut device, true);
    assert_eq!(device.lines(), [complete(PEER, true)]);
    let [Effect::Persist { record: Some(record), .. }] = &device.effects[..] else {
        panic!("what has changed since: {:?}", device.effects);
    };
    let bond = crate::host::bonds::Bond::from_record(0, record).unwrap();
    assert_eq!(bond.cccd, 99);
    answer(&mut device, true);
    assert!(device.effects.is_empty() && !works(&device));
}

/// What was on its way comes first: a bond that is deleted before it is in storage is there for a
/// moment, and each line is true when it is said.
#[test]
fn a_bond_is_deleted_while_it_is_being_stored() {
    let mut device = device();
    pair(&mut device, PEER);
    delete_all(&mut device);
    assert_eq!(device.effects.len(), 1);
    answer(&mut device, true);
    assert!(device.lines() == [complete(PEER, true)] && !deleted(&device));
    assert_eq!(answer(&mut device, true), (0, None));
    assert!(device.lines().is_empty() && deleted(&device));
}

/// Two pairings while the record of the first is on its way, and a deletion: of the second nothing
/// was ever in storage.
#[test]
fn a_bond_that_was_never_in_storage_is_none() {
    let mut device = device();
    pair(&mut device, PEER);
    pair(&mut device, PEER);
    assert!(device.lines().iter().all(|line| !matches!(line, Line::PairingComplete { .. })));
    delete_all(&mut device);
    assert_eq!(device.lines(), [complete(PEER, false)], "the second");
    answer(&mut device, true);
    assert_eq!(device.lines(), [complete(PEER, true)], "the first");
    // Another one gets the place before the deletion is written: it overwrites what was there.
    device.manager.disconnected(device.now, HANDLE, ErrorCode::REMOTE_USER_TERMINATED);
    device.outputs.clear();
    pair(&mut device, OTHER);
    assert_eq!(answer(&mut device, true), (0, None));
    assert!(deleted(&device));
    answer(&mut device, true);
    assert_eq!(device.lines(), [complete(OTHER, true)]);
}

#[test]
fn a_bond_is_dropped_when_the_new_one_is_in_its_place() {
    let mut device = device();
    device.manager.shared.config.table_full = BondTableFull::ReplaceOldest;
    let third = Address::public([3; 6]);
    for peer in [PEER, OTHER, third] {
        pair(&mut device, peer);
        let dropped = |line: &Line| matches!(line, Line::OldestBondDropped { .. });
        assert!(!device.lines().iter().any(dropped));
        answer(&mut device, true);
        let lines = device.lines();
        assert_eq!(lines.iter().any(dropped), peer == third, "{lines:?}");
        assert!(lines.contains(&complete(peer, true)));
        device.disconnect();
    }
}

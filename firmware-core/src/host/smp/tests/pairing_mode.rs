//! Who may bond outside pairing mode, and when there is no room.

use super::initiator::{Initiator, REQUEST};
use super::*;
use crate::host::bonds::Bond;

fn closed(io: IoCapability, min_level: u8, outside: PairingOutsideMode) -> Device {
    let mut device = Device::new(SmpConfig { bondable: false, outside, ..config(io, min_level) });
    device.connect();
    device
}

#[test]
fn outside_the_mode_pairing_is_refused() {
    // GAP-BOND-1: bonding only where it is allowed.
    let mut device = closed(IoCapability::NoInputNoOutput, 2, PairingOutsideMode::Refuse);
    assert_eq!(device.exchange(&REQUEST), [[0x05, 0x05]]);
    assert_eq!(device.failure(), Some(SecurityError::PairNotSupported));
    device.manager.set_bondable(true);
    Initiator::new(REQUEST).pair_by_just_works(&mut device);
    assert_eq!(device.manager.bonds().count(), 1);
}

/// GAP 9.4.2: Bonding_Flags "No Bonding", and no keys are distributed.
#[test]
fn outside_the_mode_pairing_may_leave_nothing() {
    let mut device = closed(IoCapability::NoInputNoOutput, 2, PairingOutsideMode::WithoutBonding);
    device.manager.request_security(device.now, HANDLE);
    device.pump();
    assert_eq!(device.sent(), [[0x0B, 0x08]], "nor does it ask for bonding");
    let mut central = Initiator::new(REQUEST);
    let answer = device.exchange(&REQUEST);
    assert_eq!(answer, [[0x02, 0x03, 0x00, 0x08, 0x10, 0x00, 0x00]]);
    device.connect();
    central.pair_by_just_works(&mut device);
    assert_eq!((device.ended(), device.manager.level(HANDLE)), (Some(false), 2));
    assert_eq!(device.manager.bonds().count(), 0);
    device.disconnect();
    device.connect();
    assert_eq!(device.ask_ltk(), None, "the key has ended with the connection");
}

#[test]
fn outside_the_mode_a_person_at_the_device_may_stand_for_the_button() {
    let outside = PairingOutsideMode::Authenticated;
    let mut device = closed(IoCapability::DisplayOnly, 2, outside);
    let mut request = REQUEST;
    request[1] = 0x03;
    assert_eq!(device.exchange(&request), [[0x05, 0x05]], "Just Works");
    Initiator::new(REQUEST).pair_by_passkey(&mut device);
    assert_eq!(device.manager.bonds().count(), 1);
}

fn full(config: SmpConfig, levels: [u8; 2]) -> Device {
    let mut device = Device::new(config);
    for (slot, level) in (0..).zip(levels) {
        let bond = Bond {
            identity: Address::public([slot; 6]),
            ltk: Secret::new([slot; 16]),
            irk: None,
            level,
            key_size: 16,
            slot,
            cccd: 0,
            configured: 0,
            known: 0,
            // The one in the second place is older.
            number: u32::from(9 - slot),
        };
        let record = bond.to_record().unwrap();
        device.manager.completed(device.now, Completion::Loaded { slot, record });
    }
    device.pump();
    device.outputs.clear();
    device.connect();
    device
}

fn identities(device: &Device) -> Vec<Address> {
    device.manager.bonds().map(|bond| bond.identity).collect()
}

#[test]
fn a_full_table_says_so() {
    let mut device = full(config(IoCapability::NoInputNoOutput, 2), [2, 2]);
    assert_eq!(device.exchange(&REQUEST), [[0x05, 0x08]]);
    assert!(device.lines().contains(&Line::BondTableFull { peer: PEER, bonds: 2 }));
}

#[test]
fn the_oldest_bond_makes_room_where_it_may() {
    let table_full = BondTableFull::ReplaceOldest;
    let config = SmpConfig { table_full, ..config(IoCapability::NoInputNoOutput, 2) };
    let mut device = full(config.clone(), [2, 2]);
    Initiator::new(REQUEST).pair_by_just_works(&mut device);
    assert_eq!(identities(&device), [Address::public([0; 6]), PEER]);
    let dropped = Line::OldestBondDropped { peer: Address::public([1; 6]) };
    assert!(device.lines().contains(&dropped));
    // The newest is the last to go.
    let other = Address::public([0x77; 6]);
    device.connect_from(other);
    let central = Initiator { address: other, identity: other, ..Initiator::new(REQUEST) };
    Initiator { irk: [0; 16], ..central }.pair_by_just_works(&mut device);
    assert_eq!(identities(&device), [other, PEER]);
    // None that is stronger: then there is no room.
    let mut device = full(config.clone(), [2, 4]);
    Initiator::new(REQUEST).pair_by_just_works(&mut device);
    assert_eq!(identities(&device), [PEER, Address::public([1; 6])]);
    let mut device = full(config, [4, 4]);
    assert_eq!(device.exchange(&REQUEST), [[0x05, 0x08]]);
}

#[test]
fn a_bond_in_use_makes_no_room() {
    const ELSEWHERE: Handle = Handle(1);
    let table_full = BondTableFull::ReplaceOldest;
    let config = SmpConfig { table_full, ..config(IoCapability::NoInputNoOutput, 2) };
    let mut device = full(config, [2, 2]);
    let oldest = Address::public([1; 6]);
    device.manager.connected(device.now, ELSEWHERE, LOCAL, oldest, None);
    device.manager.ltk_request(device.now, ELSEWHERE, 0, 0);
    device.manager.encryption_changed(device.now, ELSEWHERE, ErrorCode::SUCCESS, true);
    device.pump();
    device.outputs.clear();
    Initiator::new(REQUEST).pair_by_just_works(&mut device);
    assert_eq!(identities(&device), [PEER, oldest]);
}

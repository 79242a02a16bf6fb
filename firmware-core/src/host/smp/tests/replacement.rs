//! Who may replace a bond, take its place or change its stored data.

use super::initiator::{Initiator, REQUEST};
use super::*;
use crate::host::bonds::Bond;

const STRANGER: Address = Address::public([0x0B, 0xAD, 0x0B, 0xAD, 0x0B, 0xAD]);
const OWNER_LTK: [u8; 16] = [0x42; 16];
const OWNER_IRK: [u8; 16] = [0x55; 16];

/// No identity is negotiated.
const NAMELESS: [u8; 7] = [0x01, 0x04, 0x00, 0x0D, 0x10, 0x00, 0x00];

fn just_works(overwrite: BondOverwrite) -> SmpConfig {
    SmpConfig { overwrite, ..config(IoCapability::NoInputNoOutput, 2) }
}

fn owner(level: u8, key_size: u8) -> Bond {
    Bond {
        identity: PEER,
        ltk: Secret::new(OWNER_LTK),
        irk: Some(Secret::new(OWNER_IRK)),
        level,
        key_size,
        slot: 0,
        cccd: 1,
        configured: 0,
        known: 0,
        number: 1,
    }
}

/// A device that is bonded with the owner.
fn bonded(config: SmpConfig, bond: &Bond) -> Device {
    let mut device = Device::new(config);
    let record = bond.to_record().unwrap();
    device.manager.completed(device.now, Completion::Loaded { slot: bond.slot, record });
    device.pump();
    device.outputs.clear();
    device
}

fn is_untouched(device: &Device, bond: &Bond) -> bool {
    device.manager.bonds().eq([bond])
}

fn kept(device: &Device) -> bool {
    device.lines().iter().any(|line| matches!(line, Line::BondRefused { .. }))
}

/// The link is ended, nothing on it is worth anything any more, and the log says why.
fn is_thrown_out(device: &Device) -> bool {
    device.hung_up(ErrorCode::AUTHENTICATION_FAILURE)
        && device.manager.level(HANDLE) == 1
        && device.failure() == Some(SecurityError::KeyRejected)
        && kept(device)
}

/// Encrypts with the key of the bond.
fn prove(device: &mut Device) {
    assert_eq!(device.ask_ltk(), Some(OWNER_LTK));
    device.encrypted();
    device.outputs.clear();
}

#[test]
fn a_stranger_who_names_the_bonded_identity_is_thrown_out() {
    let mut device = bonded(just_works(BondOverwrite::Authenticated), &owner(2, 16));
    device.connect_from(STRANGER);
    let mut stranger = Initiator { address: STRANGER, ..Initiator::new(REQUEST) };
    stranger.pair_by_just_works(&mut device);
    assert!(is_thrown_out(&device), "{:?}", device.outputs);
    assert!(is_untouched(&device, &owner(2, 16)));
    assert_eq!(device.sent(), [[0x05, 0x0F]]);
    // Nothing more on this link, and no key of it either.
    assert_eq!((device.exchange(&REQUEST).len(), device.ask_ltk()), (0, None));
    device.disconnect();
    // Not as the bonded one, either.
    device.connect();
    prove(&mut device);
    assert_eq!(device.manager.level(HANDLE), 2);
}

#[test]
fn a_stranger_at_the_bonded_address_is_refused_before_anything_is_made() {
    for request in [REQUEST, NAMELESS] {
        let mut device = bonded(just_works(BondOverwrite::Authenticated), &owner(2, 16));
        device.connect();
        assert_eq!(device.exchange(&request), [[0x05, 0x03]]);
        assert!(kept(&device) && is_untouched(&device, &owner(2, 16)));
    }
}

#[test]
fn proof_of_the_old_key_lets_just_works_replace_where_it_may() {
    for overwrite in [BondOverwrite::Authenticated, BondOverwrite::Unauthenticated] {
        for proven in [false, true] {
            let closed = SmpConfig { bondable: false, ..just_works(overwrite) };
            let mut device = bonded(closed, &owner(2, 16));
            device.connect();
            if proven {
                prove(&mut device);
            }
            if overwrite == BondOverwrite::Unauthenticated && proven {
                let mut central = Initiator::new(REQUEST);
                central.pair_by_just_works(&mut device);
                assert_eq!(device.ended(), Some(true));
                assert_eq!(device.manager.bonds().next().unwrap().ltk.expose(), &central.ltk);
            } else {
                let reason = if proven { 0x03 } else { 0x05 };
                assert_eq!(device.exchange(&REQUEST), [[0x05, reason]]);
                assert!(is_untouched(&device, &owner(2, 16)));
            }
        }
    }
}

/// A bonded central outside pairing mode may renew its own bond, not make another.
#[test]
fn proof_of_one_bond_is_no_right_to_another() {
    let other = Address::public([8; 6]);
    let closed = SmpConfig { bondable: false, ..just_works(BondOverwrite::Unauthenticated) };
    let mut device = bonded(closed, &owner(2, 16));
    device.connect();
    prove(&mut device);
    let mut central = Initiator { identity: other, ..Initiator::new(REQUEST) };
    central.pair_by_just_works(&mut device);
    assert!(device.hung_up(ErrorCode::AUTHENTICATION_FAILURE));
    assert!(is_untouched(&device, &owner(2, 16)));
}

#[test]
fn proof_ends_with_encryption_and_with_the_bond() {
    let closed = SmpConfig { bondable: false, ..just_works(BondOverwrite::Unauthenticated) };
    let mut device = bonded(closed.clone(), &owner(2, 16));
    device.connect();
    prove(&mut device);
    device.manager.encryption_changed(device.now, HANDLE, ErrorCode::SUCCESS, false);
    device.pump();
    assert_eq!(device.exchange(&REQUEST), [[0x05, 0x05]]);
    let mut device = bonded(closed, &owner(2, 16));
    device.connect();
    prove(&mut device);
    device.manager.delete_all_bonds(device.now);
    device.pump();
    assert_eq!(device.exchange(&REQUEST), [[0x05, 0x05]]);
}

#[test]
fn pairing_mode_lets_just_works_replace_where_it_may() {
    let mut device = bonded(just_works(BondOverwrite::Unauthenticated), &owner(2, 16));
    device.connect();
    let mut central = Initiator::new(REQUEST);
    central.pair_by_just_works(&mut device);
    assert_eq!(device.ended(), Some(true));
    let bond = device.manager.bonds().next().unwrap();
    assert_eq!((bond.ltk.expose(), bond.slot, bond.cccd), (&central.ltk, 0, 0));
}

/// The old bond as (level, octets of key), the new pairing's octets, and whether a person's part
/// in it makes it authenticated. Just Works would be allowed to overwrite.
#[test]
fn a_weaker_key_never_replaces() {
    let cases = [
        ((2, 16), 16, false, true),
        ((2, 7), 16, false, true),
        ((2, 16), 7, false, false),
        ((2, 16), 15, true, false),
        ((2, 16), 16, true, true),
        ((2, 7), 7, true, true),
        ((3, 7), 16, false, false),
        ((3, 8), 7, true, false),
        ((3, 15), 16, true, true),
        ((4, 16), 15, true, false),
        ((4, 16), 16, false, false),
        ((4, 16), 16, true, true),
    ];
    for ((level, size), new_size, authenticated, replaced) in cases {
        let case = std::format!("{level} {size} {new_size} {authenticated}");
        let io = if authenticated { 4 } else { 3 };
        let request = [0x01, io, 0x00, 0x0D, new_size, 0x0F, 0x0F];
        let overwrite = BondOverwrite::Unauthenticated;
        let config = SmpConfig { overwrite, ..config(IoCapability::DisplayOnly, 2) };
        let pair = |device: &mut Device, address| {
            let mut central = Initiator { address, ..Initiator::new(request) };
            if authenticated {
                central.pair_by_passkey(device);
            } else {
                central.pair_by_just_works(device);
            }
        };
        // By the identity distributed after encryption.
        let mut device = bonded(config.clone(), &owner(level, size));
        device.connect_from(STRANGER);
        pair(&mut device, STRANGER);
        assert_eq!(device.ended(), Some(replaced), "{case}");
        assert_eq!(is_thrown_out(&device), !replaced, "{case}");
        assert_eq!(is_untouched(&device, &owner(level, size)), !replaced, "{case}");
        // By the address on air.
        let mut device = bonded(config, &owner(level, size));
        device.connect();
        if replaced {
            pair(&mut device, PEER);
            assert_eq!(device.ended(), Some(true), "{case}");
        } else {
            assert_eq!(device.exchange(&request)[0][0], 0x05, "{case}");
            assert!(is_untouched(&device, &owner(level, size)), "{case}");
        }
    }
}

#[test]
fn a_central_without_identity_is_judged_by_its_address() {
    let private = ble::crypto::address::resolvable(&Secret::new(OWNER_IRK), [1, 2, 3]);
    for address in [PEER, private] {
        let mut device = bonded(just_works(BondOverwrite::Unauthenticated), &owner(2, 16));
        device.connect_from(address);
        Initiator { address, ..Initiator::new(NAMELESS) }.pair_by_just_works(&mut device);
        assert_eq!(device.ended(), Some(true));
        assert_eq!(device.manager.bonds().count(), 1, "the owner's is replaced, in pairing mode");
    }
    let mut device = bonded(just_works(BondOverwrite::Authenticated), &owner(2, 16));
    device.connect_from(private);
    let mut central = Initiator { address: private, ..Initiator::new(NAMELESS) };
    assert_eq!(device.exchange(&central.request), [[0x05, 0x03]]);
    central.address = STRANGER;
    device.connect_from(STRANGER);
    central.pair_by_just_works(&mut device);
    assert_eq!((device.ended(), device.manager.bonds().count()), (Some(true), 2));
}

/// A device that knows a bonded central's IRK (each peripheral that it has bonded with does) could
/// make its private addresses resolve to another bond.
#[test]
fn an_irk_that_another_bond_has_is_refused() {
    let mut device = bonded(just_works(BondOverwrite::Unauthenticated), &owner(2, 16));
    device.connect_from(STRANGER);
    let (address, identity, irk) = (STRANGER, STRANGER, OWNER_IRK);
    Initiator { address, identity, irk, ..Initiator::new(REQUEST) }.pair_by_just_works(&mut device);
    assert!(is_thrown_out(&device) && is_untouched(&device, &owner(2, 16)));
}

/// The connected central that has proved its key is the owner; the other is not.
#[test]
fn a_bond_in_use_on_another_link_is_not_replaced() {
    const ELSEWHERE: Handle = Handle(1);
    let mut device = bonded(just_works(BondOverwrite::Unauthenticated), &owner(2, 16));
    device.manager.connected(device.now, ELSEWHERE, LOCAL, PEER, None);
    device.manager.ltk_request(device.now, ELSEWHERE, 0, 0);
    device.manager.encryption_changed(device.now, ELSEWHERE, ErrorCode::SUCCESS, true);
    device.pump();
    device.outputs.clear();
    device.connect_from(STRANGER);
    Initiator { address: STRANGER, ..Initiator::new(REQUEST) }.pair_by_just_works(&mut device);
    assert!(is_thrown_out(&device) && is_untouched(&device, &owner(2, 16)));
    assert_eq!(device.manager.level(ELSEWHERE), 2);
}

#[test]
fn the_data_of_a_bond_cannot_be_changed_without_its_key() {
    let mut device = bonded(just_works(BondOverwrite::Unauthenticated), &owner(2, 16));
    device.prompt = false;
    device.connect();
    device.manager.set_cccd(HANDLE, 0, true);
    device.pump();
    assert!(is_untouched(&device, &owner(2, 16)), "in clear");
    assert!(!device.manager.is_proven(HANDLE));
    device.prompt = true;
    device.connect();
    let mut request = REQUEST;
    request[3] &= !0x01;
    Initiator::new(request).pair_by_just_works(&mut device);
    assert_eq!(device.manager.level(HANDLE), 2);
    device.manager.set_cccd(HANDLE, 0, true);
    device.pump();
    assert!(is_untouched(&device, &owner(2, 16)), "with a key that is not the bond's");
    device.connect();
    prove(&mut device);
    assert!(device.manager.is_proven(HANDLE));
    device.manager.set_cccd(HANDLE, 0, true);
    assert_eq!(device.manager.bonds().next().unwrap().cccd, 0);
}

/// Keys that are missing, wrong or withdrawn: the link ends without a bond.
#[test]
fn an_unfinished_distribution_ends_the_link() {
    type Spoil = fn(&mut Device);
    let spoilt: [Spoil; 4] = [
        |device| device.receive(&[0x05, 0x08]),
        |device| device.receive(&[0x0D; 17]),
        |device| device.receive(&[&[0x08][..], &[0; 15]].concat()),
        |device| device.wait(Duration::from_secs(30)),
    ];
    for spoil in spoilt {
        let mut device = Device::new(just_works(BondOverwrite::Authenticated));
        device.connect();
        let mut central = Initiator::new(REQUEST);
        central.just_works(&mut device);
        assert!(device.ask_ltk().is_some());
        device.encrypted();
        assert!(device.manager.is_distributing(HANDLE));
        spoil(&mut device);
        assert!(!device.manager.is_distributing(HANDLE));
        assert!(device.hung_up(ErrorCode::AUTHENTICATION_FAILURE), "{:?}", device.outputs);
        assert_eq!((device.manager.level(HANDLE), device.manager.deadline()), (1, None));
        assert_eq!((device.manager.bonds().count(), device.ended()), (0, Some(false)));
        device.receive(&[&[0x09, 0][..], &PEER.octets].concat());
        assert_eq!(device.manager.bonds().count(), 0);
    }
}

// SMP-DIST-4: identity address.
#[test]
fn an_identity_that_is_a_private_address_is_refused() {
    let private = ble::crypto::address::resolvable(&Secret::new([1; 16]), [2; 3]);
    let mut device = Device::new(just_works(BondOverwrite::Authenticated));
    device.connect();
    Initiator::new(REQUEST).just_works(&mut device);
    assert!(device.ask_ltk().is_some());
    device.encrypted();
    device.receive(&[&[0x08][..], &[1; 16]].concat());
    let said = device.exchange(&[&[0x09, 1][..], &private.octets].concat());
    assert_eq!(said.last().unwrap(), &[0x05, 0x0A]);
    assert_eq!(device.manager.bonds().count(), 0);
}

/// A pairing that failed between the keys and encryption gives no level.
#[test]
fn encryption_with_the_key_of_a_failed_pairing_is_worth_nothing() {
    let mut device = Device::new(just_works(BondOverwrite::Authenticated));
    device.connect();
    Initiator::new(REQUEST).just_works(&mut device);
    assert!(device.ask_ltk().is_some());
    device.receive(&[0x05, 0x08]);
    device.encrypted();
    assert_eq!((device.manager.level(HANDLE), device.manager.bonds().count()), (1, 0));
}

#[test]
fn bonds_deleted_while_keys_are_distributed_stay_deleted() {
    let mut device = Device::new(just_works(BondOverwrite::Authenticated));
    device.connect();
    Initiator::new(REQUEST).just_works(&mut device);
    assert!(device.ask_ltk().is_some());
    device.encrypted();
    device.manager.delete_all_bonds(device.now);
    device.pump();
    device.receive(&[&[0x08][..], &[0; 16]].concat());
    device.receive(&[&[0x09, 0][..], &PEER.octets].concat());
    assert_eq!((device.manager.bonds().count(), device.ended()), (0, Some(false)));
}

#[test]
fn an_identity_is_in_the_table_once() {
    let mut device = bonded(just_works(BondOverwrite::Authenticated), &owner(2, 16));
    let again = Bond { slot: 1, ltk: Secret::new([9; 16]), ..owner(2, 16) };
    let record = again.to_record().unwrap();
    device.manager.completed(device.now, Completion::Loaded { slot: 1, record });
    assert!(is_untouched(&device, &owner(2, 16)));
}

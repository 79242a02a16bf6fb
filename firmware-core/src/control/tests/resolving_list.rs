//! The commands of the resolving list (Vol 4, Part E, 7.8.38 to 7.8.44 and 7.8.77).

use std::vec::Vec;

use super::advertising::{DISALLOWED, ENABLE, fresh};
use super::script::{OK, Script};
use crate::control::ControlConfig;
use crate::link::extended::Who;
use crate::link::message::{LinkOrder, LinkReport};
use ble::address::{Address, AddressKind};
use ble::crypto::address::resolvable;
use ble::error::ErrorCode;
use ble::hci::Command;
use ble::pdu::control::FeatureSet;
use ble::secret::Secret;
use ble::work::{Level, Work};

const RESOLVE: Command = Command::LeSetAddressResolutionEnable { enable: true };

fn device(n: u8) -> Address {
    Address::public([n, 0, 0, 0, 0, 0])
}

fn add(n: u8, irk: u8) -> Command {
    let (peer_irk, local_irk) = (Secret::new([irk; 16]), Secret::new([0; 16]));
    Command::LeAddToResolvingList { identity: device(n), peer_irk, local_irk }
}

fn remove(n: u8) -> Command {
    Command::LeRemoveFromResolvingList { identity: device(n) }
}

fn mode(n: u8, device_privacy: bool) -> Command {
    Command::LeSetPrivacyMode { identity: device(n), device_privacy }
}

/// One of the private addresses that come of a key.
fn rpa(irk: u8, which: u8) -> Address {
    resolvable(&Secret::new([irk; 16]), [which, 2, 3])
}

/// Devices 1, 2 and 3 with keys 1, 2 and 3.
fn three() -> Script {
    let mut s = fresh();
    for n in 1..=3 {
        assert_eq!(s.ask(add(n, n)), OK);
    }
    s
}

fn identity(s: &Script, address: Address) -> Option<Address> {
    s.control.who(address).identity
}

/// Resolutions sent to `Link` since the script was last cleared.
fn resolutions(s: &Script) -> Vec<(Address, Option<Address>)> {
    let resolved = |order: &LinkOrder| match *order {
        LinkOrder::Resolved { rpa, identity } => Some((rpa, identity)),
        _ => None,
    };
    s.orders.iter().filter_map(resolved).collect()
}

#[test]
fn the_commands_exist_with_the_feature_only() {
    for command in [add(1, 1), remove(1), Command::LeClearResolvingList, RESOLVE, mode(1, true)] {
        let mut s = Script::unconnected(ControlConfig::SUPPORTED);
        assert_ne!(s.ask(command.clone()), ErrorCode::UNKNOWN_COMMAND, "{command:?}");
        let mut s = Script::unconnected(FeatureSet(!FeatureSet::PRIVACY.0));
        assert_eq!(s.ask(command.clone()), ErrorCode::UNKNOWN_COMMAND, "{command:?}");
    }
}

/// The list is fixed while advertising resolves with it; whether it resolves, while advertising.
#[test]
fn what_advertising_uses_is_fixed_and_nothing_else() {
    for resolves in [false, true] {
        for on in [false, true] {
            for (command, fixed) in [
                (add(4, 4), on && resolves),
                (remove(1), on && resolves),
                (mode(1, true), on && resolves),
                (Command::LeClearResolvingList, on && resolves),
                (Command::LeSetAddressResolutionEnable { enable: !resolves }, on),
            ] {
                let mut s = three();
                s.ask(Command::LeSetAddressResolutionEnable { enable: resolves });
                if on {
                    s.ask(ENABLE);
                }
                let before = s.control.clone();
                let status = s.ask(command.clone());
                assert_eq!(status, if fixed { DISALLOWED } else { OK }, "{command:?} {on}");
                assert_eq!(s.control == before, fixed, "{command:?}");
            }
        }
    }
}

#[test]
fn an_identity_and_a_key_are_listed_once() {
    let mut s = three();
    let invalid = ErrorCode::INVALID_PARAMETERS;
    assert_eq!(s.ask(add(1, 9)), invalid, "the identity is there");
    assert_eq!(s.ask(add(9, 1)), invalid, "the key is there");
    for top in [0x00, 0x40, 0x80] {
        let identity = Address::new(AddressKind::Random, [1, 2, 3, 4, 5, top]);
        let (peer_irk, local_irk) = (Secret::new([9; 16]), Secret::new([0; 16]));
        let private = Command::LeAddToResolvingList { identity, peer_irk, local_irk };
        assert_eq!(s.ask(private), invalid, "{identity} is no identity");
    }
    s.ask(RESOLVE);
    assert_eq!(identity(&s, rpa(9, 1)), None);
    assert_eq!(identity(&s, rpa(1, 1)), Some(device(1)));
    // A key of zeros counts as no key.
    assert_eq!(s.ask(add(4, 0)), OK);
    assert_eq!(s.ask(add(5, 0)), OK);
}

#[test]
fn what_is_not_listed_cannot_be_removed_nor_have_a_mode() {
    let mut s = three();
    let unknown = ErrorCode::UNKNOWN_CONNECTION;
    assert_eq!(s.ask(remove(4)), unknown);
    assert_eq!(s.ask(mode(4, true)), unknown);
    assert_eq!(s.ask(remove(2)), OK);
    assert_eq!(s.ask(remove(2)), unknown);
    s.ask(RESOLVE);
    let found = [1, 2, 3].map(|n| identity(&s, rpa(n, 1)));
    assert_eq!(found, [Some(device(1)), None, Some(device(3))], "the others are still there");
    s.ask(Command::LeClearResolvingList);
    assert_eq!([1, 2, 3].map(|n| identity(&s, rpa(n, 1))), [None; 3]);
    assert_eq!(s.ask(add(1, 1)), OK);
}

/// Vol 6, Part B, 4.7: only resolvable private addresses are resolved, with the keys of the list,
/// while resolution is enabled.
#[test]
fn an_address_is_resolved_by_the_key_that_made_it() {
    let mut s = three();
    s.ask(add(4, 0));
    assert_eq!(identity(&s, rpa(2, 1)), None, "resolution is off after a reset");
    s.ask(RESOLVE);
    for n in 1..=3 {
        for which in 0..5 {
            assert_eq!(identity(&s, rpa(n, which)), Some(device(n)));
        }
    }
    let Address { octets, .. } = rpa(2, 1);
    assert_eq!(identity(&s, Address::new(AddressKind::Public, octets)), None);
    assert_eq!(identity(&s, device(2)), None, "it hides behind nothing");
    assert_eq!(identity(&s, rpa(5, 1)), None);
    assert_eq!(identity(&s, rpa(0, 1)), None, "a key of zeros is none");
    s.ask(Command::LeSetAddressResolutionEnable { enable: false });
    assert_eq!(identity(&s, rpa(2, 1)), None);
}

/// LL-ADV-6: device 1 under network privacy (as after it was added), device 2 under device
/// privacy, device 4 without a key.
#[test]
fn an_identity_must_be_hidden_under_network_privacy_only() {
    let mut s = three();
    s.ask(add(4, 0));
    let hides = |s: &Script| [1, 2, 4, 5].map(|n| s.control.who(device(n)).hides);
    assert_eq!(s.ask(mode(2, true)), OK);
    assert_eq!(hides(&s), [true, false, false, false], "whether addresses are resolved or not");
    s.ask(RESOLVE);
    assert_eq!(hides(&s), [true, false, false, false]);
    assert!(!s.control.who(rpa(1, 1)).hides);
    assert_eq!(s.ask(mode(2, false)), OK);
    assert_eq!(hides(&s), [true, true, false, false]);
    // Added again, it begins with network privacy again.
    s.ask(mode(1, true));
    s.ask(remove(1));
    s.ask(add(1, 1));
    assert_eq!(hides(&s), [true, true, false, false]);
}

/// LL-ADV-5: the filter accept list has identities.
#[test]
fn a_private_address_is_listed_if_its_identity_is() {
    let mut s = three();
    s.ask(Command::LeAddToFilterAcceptList { address: device(1) });
    s.ask(RESOLVE);
    for (n, listed) in [(1, true), (2, false)] {
        let who = Who { identity: Some(device(n)), listed, hides: false };
        assert_eq!(s.control.who(rpa(n, 1)), who);
    }
    assert!(s.control.who(device(1)).listed);
    s.ask(Command::LeSetAddressResolutionEnable { enable: false });
    assert!(!s.control.who(rpa(1, 1)).listed);
}

/// `Link` caches resolutions: each command that makes some wrong corrects these, and sends no
/// others.
#[test]
fn link_gets_changed_resolutions() {
    let mut s = fresh();
    s.ask(RESOLVE);
    s.ask(add(1, 1));
    // The second mention makes no second entry.
    for (irk, which) in [(1, 1), (2, 1), (3, 1), (2, 1), (2, 2)] {
        s.report(LinkReport::Unresolved(rpa(irk, which)));
    }
    let to = |n: u8, listed: bool| {
        let identity = listed.then_some(device(n));
        [(rpa(n, 1), identity), (rpa(n, 2), identity)]
    };
    for (command, changed) in [
        (add(2, 2), to(2, true).to_vec()),
        (add(4, 4), Vec::new()),
        (mode(2, true), Vec::new()),
        (remove(1), [(rpa(1, 1), None)].to_vec()),
        (remove(1), Vec::new()),
        (Command::LeSetAddressResolutionEnable { enable: false }, to(2, false).to_vec()),
        (RESOLVE, to(2, true).to_vec()),
        (Command::LeClearResolvingList, to(2, false).to_vec()),
        (Command::LeClearResolvingList, Vec::new()),
    ] {
        s.clear();
        s.ask(command.clone());
        assert_eq!(resolutions(&s), changed, "{command:?}");
    }
}

/// As many as `Link` remembers: the eight that it asked about last.
#[test]
fn link_gets_no_resolution_that_it_has_forgotten() {
    let mut s = fresh();
    s.ask(RESOLVE);
    for which in 0..9 {
        s.report(LinkReport::Unresolved(rpa(1, which)));
    }
    s.clear();
    s.ask(add(1, 1));
    let last = (1..9).map(|which| (rpa(1, which), Some(device(1))));
    assert_eq!(resolutions(&s), last.collect::<Vec<_>>());
}

/// One AES block for each key that is tried.
#[test]
fn each_key_that_is_tried_is_charged() {
    let charged = |aes_blocks| Work { level: Level::Control, items: 1, aes_blocks };
    let mut s = three();
    s.ask(add(4, 0));
    let unresolved = |s: &mut Script, irk| {
        let work = s.control.report(s.now, LinkReport::Unresolved(rpa(irk, 1)));
        while s.control.poll().is_some() {}
        work
    };
    assert_eq!(unresolved(&mut s, 3), charged(0), "resolution is off");
    s.ask(RESOLVE);
    for (irk, blocks) in [(1, 1), (2, 2), (3, 3), (9, 3)] {
        assert_eq!(unresolved(&mut s, irk), charged(blocks));
    }
    // Key 2 is removed: 1 block for address 1, 2 each for addresses 2, 3 and 9.
    assert_eq!(s.control.command(s.now, remove(2)), charged(7));
    let off = Command::LeSetAddressResolutionEnable { enable: false };
    assert_eq!(s.control.command(s.now, off), charged(0));
}

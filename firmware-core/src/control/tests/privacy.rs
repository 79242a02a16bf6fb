//! The resolving list: identities behind private addresses.

use super::script::{LINK, OK, Script, connect_ind};
use crate::control::ControlConfig;
use crate::link::message::{LinkOrder, LinkReport};
use ble::address::{Address, AddressKind};
use ble::crypto::address::resolvable;
use ble::error::ErrorCode;
use ble::hci::{AdvertisingParameters, AdvertisingType, Command, Event, FilterPolicy};
use ble::pdu::advertising::ConnectInd;
use ble::secret::Secret;

const IRK: [u8; 16] = [7; 16];

fn identity() -> Address {
    Address::public([0x58, 0xA0, 0x23, 0xA6, 0x35, 0x0A])
}

fn add() -> Command {
    let (peer_irk, local_irk) = (Secret::new(IRK), Secret::new([0; 16]));
    Command::LeAddToResolvingList { identity: identity(), peer_irk, local_irk }
}

fn rpa(irk: u8) -> Address {
    resolvable(&Secret::new([irk; 16]), [1, 2, 3])
}

fn privacy() -> Script {
    let mut s = Script::unconnected(ControlConfig::SUPPORTED);
    assert_eq!(s.ask(add()), OK);
    assert_eq!(s.ask(Command::LeSetAddressResolutionEnable { enable: true }), OK);
    s
}

fn accept_only_listed(s: &mut Script) {
    s.ask(Command::LeAddToFilterAcceptList { address: identity() });
    let parameters = AdvertisingParameters {
        interval_min: 160,
        interval_max: 160,
        kind: AdvertisingType::ConnectableUndirected,
        own_address_random: false,
        peer: identity(),
        channel_map: 7,
        filter: FilterPolicy::BothFromList,
    };
    s.ask(Command::LeSetAdvertisingParameters { parameters });
    assert_eq!(s.ask(Command::LeSetAdvertisingEnable { enable: true }), OK);
}

fn connect(s: &mut Script, initiator: Address) {
    let request = ConnectInd { initiator, ..connect_ind() };
    let (link, at) = (LINK, s.now);
    s.report(LinkReport::Connected { link, request, identity: None, provisional: true, at });
}

#[test]
fn addresses_are_resolved_for_link() {
    let mut s = privacy();
    s.report(LinkReport::Unresolved(rpa(7)));
    let known = LinkOrder::Resolved { rpa: rpa(7), identity: Some(identity()) };
    assert_eq!(s.orders.last(), Some(&known));
    s.report(LinkReport::Unresolved(rpa(8)));
    assert_eq!(s.orders.last(), Some(&LinkOrder::Resolved { rpa: rpa(8), identity: None }));
}

#[test]
fn what_link_remembers_follows_the_list() {
    let mut s = Script::unconnected(ControlConfig::SUPPORTED);
    s.ask(Command::LeSetAddressResolutionEnable { enable: true });
    s.report(LinkReport::Unresolved(rpa(7)));
    assert_eq!(s.orders.last(), Some(&LinkOrder::Resolved { rpa: rpa(7), identity: None }));
    s.ask(add());
    let known = LinkOrder::Resolved { rpa: rpa(7), identity: Some(identity()) };
    assert_eq!(s.orders.last(), Some(&known));
}

#[test]
fn a_listed_identity_connects_under_its_private_address() {
    let mut s = privacy();
    accept_only_listed(&mut s);
    connect(&mut s, rpa(7));
    assert!(!s.dropped);
    let events = s.events();
    let [Event::LeConnectionComplete(complete), ..] = &events[..] else { panic!("{events:?}") };
    assert_eq!((complete.peer, complete.peer_identity), (rpa(7), Some(identity())));
}

/// Only a resolvable private address is looked up, and only one at a time is charged.
#[test]
fn addresses_that_cannot_be_resolved_are_not_looked_up() {
    let mut s = privacy();
    let connected = |initiator, at| {
        let request = ConnectInd { initiator, ..connect_ind() };
        LinkReport::Connected { link: LINK, request, identity: None, provisional: false, at }
    };
    let work = s.control.report(s.now, connected(Address::public([9; 6]), s.now));
    assert_eq!(work.aes_blocks, 0);
    while let Some(order) = s.control.poll_order() {
        assert!(!matches!(order, LinkOrder::Resolved { .. }), "{order:?}");
    }
    let mut s = privacy();
    let work = s.control.report(s.now, connected(rpa(7), s.now));
    assert_eq!(work.aes_blocks, 1);
    assert_eq!(s.control.report(s.now, LinkReport::Unresolved(rpa(8))).aes_blocks, 1);
}

#[test]
fn a_stranger_is_refused_and_the_host_hears_nothing() {
    let mut s = privacy();
    accept_only_listed(&mut s);
    connect(&mut s, rpa(8));
    assert_eq!(s.orders.last(), Some(&LinkOrder::Refuse(LINK)));
    assert_eq!(s.events(), []);
}

/// LL-ADV-6: network privacy.
#[test]
fn network_privacy_ignores_the_identity_address_itself() {
    let mut s = privacy();
    accept_only_listed(&mut s);
    connect(&mut s, identity());
    assert_eq!(s.orders.last(), Some(&LinkOrder::Refuse(LINK)));

    // Whether private addresses are resolved makes no difference.
    let mut s = Script::unconnected(ControlConfig::SUPPORTED);
    assert_eq!(s.ask(add()), OK);
    accept_only_listed(&mut s);
    connect(&mut s, identity());
    assert_eq!(s.orders.last(), Some(&LinkOrder::Refuse(LINK)));

    let mut s = privacy();
    let mode = Command::LeSetPrivacyMode { identity: identity(), device_privacy: true };
    assert_eq!(s.ask(mode), OK);
    accept_only_listed(&mut s);
    connect(&mut s, identity());
    assert!(!s.dropped);
}

#[test]
fn the_list_is_bounded_and_fixed_while_in_use() {
    let mut s = privacy();
    for n in 1..9 {
        let identity = Address::public([n, 0, 0, 0, 0, 0]);
        let (peer_irk, local_irk) = (Secret::new([n + 10; 16]), Secret::new([0; 16]));
        let status = s.ask(Command::LeAddToResolvingList { identity, peer_irk, local_irk });
        assert_eq!(status, if n < 8 { OK } else { ErrorCode::MEMORY_CAPACITY_EXCEEDED });
    }
    assert_eq!(s.ask(add()), ErrorCode::INVALID_PARAMETERS, "in it already");
    accept_only_listed(&mut s);
    assert_eq!(s.ask(Command::LeClearResolvingList), ErrorCode::COMMAND_DISALLOWED);
    let off = Command::LeSetAddressResolutionEnable { enable: false };
    assert_eq!(s.ask(off), ErrorCode::COMMAND_DISALLOWED);
}

/// LL-ADV-6: `Link` ignores the identities of devices under network privacy that have a key, which
/// it must know within T_IFS.
#[test]
fn link_knows_whom_to_ignore() {
    let mut s = Script::unconnected(ControlConfig::SUPPORTED);
    let orders = |s: &mut Script| -> std::vec::Vec<LinkOrder> { s.orders.drain(..).collect() };
    let mode = |device_privacy| Command::LeSetPrivacyMode { identity: identity(), device_privacy };
    s.orders.clear();
    s.ask(add());
    assert_eq!(orders(&mut s), [LinkOrder::Ignore(identity())]);
    let other = Address::public([1; 6]);
    let (peer_irk, local_irk) = (Secret::new([0; 16]), Secret::new([1; 16]));
    s.ask(Command::LeAddToResolvingList { identity: other, peer_irk, local_irk });
    assert_eq!(orders(&mut s), [], "who has no key shows its identity");
    let (peer_irk, local_irk) = (Secret::new([9; 16]), Secret::new([1; 16]));
    let third = Address::public([3; 6]);
    s.ask(Command::LeAddToResolvingList { identity: third, peer_irk, local_irk });
    assert_eq!(orders(&mut s), [LinkOrder::Ignore(third)]);
    s.ask(mode(true));
    assert_eq!(orders(&mut s), [LinkOrder::Heed(identity())]);
    s.ask(mode(false));
    assert_eq!(orders(&mut s), [LinkOrder::Ignore(identity())]);
    let remove = |identity| Command::LeRemoveFromResolvingList { identity };
    s.ask(remove(other));
    assert_eq!(orders(&mut s), [], "it was never ignored");
    s.ask(remove(third));
    assert_eq!(orders(&mut s), [LinkOrder::Heed(third)]);
    s.ask(remove(identity()));
    assert_eq!(orders(&mut s), [LinkOrder::Heed(identity())], "the last one, too");
    s.ask(add());
    s.orders.clear();
    s.ask(Command::LeClearResolvingList);
    assert_eq!(orders(&mut s), [LinkOrder::HeedAll]);
    s.ask(add());
    s.orders.clear();
    s.ask(Command::Reset);
    assert!(orders(&mut s).contains(&LinkOrder::HeedAll));
}

/// A local private address replaces the address in the parameters, until it is withdrawn.
///
/// LL-ADV-8: advertising as the host asks.
#[test]
fn advertising_runs_under_a_private_address_of_its_own() {
    let own = |s: &mut Script, shown| {
        s.control.show_own(shown);
        assert_eq!(s.ask(Command::LeSetAdvertisingEnable { enable: true }), OK);
        let Some(LinkOrder::Advertise(what)) = s.orders.last() else { panic!("{:?}", s.orders) };
        let own = what.own;
        assert_eq!(s.ask(Command::LeSetAdvertisingEnable { enable: false }), OK);
        own
    };
    let mut s = Script::unconnected(ControlConfig::SUPPORTED);
    let Address { octets, .. } = rpa(9);
    let public = own(&mut s, None);
    assert_eq!(public.kind, AddressKind::Public);
    assert_eq!(own(&mut s, Some(octets)), rpa(9));
    assert_eq!(own(&mut s, None), public);
}

/// LL-PRIV-2: a host that generates private addresses itself directs advertising to one of them;
/// the target, and no other device, may answer under its present one.
#[test]
fn who_is_called_by_a_private_address_may_show_another() {
    let (called, shown) = (rpa(7), resolvable(&Secret::new(IRK), [9, 9, 9]));
    let unknown = resolvable(&Secret::new([8; 16]), [9, 9, 9]);
    for (initiator, welcome) in [(shown, true), (called, true), (unknown, false)] {
        let mut s = privacy();
        let parameters = AdvertisingParameters {
            interval_min: 160,
            interval_max: 160,
            kind: AdvertisingType::DirectedHighDuty,
            own_address_random: false,
            peer: called,
            channel_map: 7,
            filter: FilterPolicy::Any,
        };
        s.ask(Command::LeSetAdvertisingParameters { parameters });
        s.ask(Command::LeSetAdvertisingEnable { enable: true });
        let Some(LinkOrder::Advertise(what)) = s.orders.last() else { panic!("{:?}", s.orders) };
        assert_eq!((what.target, what.target_shown), (identity(), Some(called)));
        connect(&mut s, initiator);
        assert_eq!(s.dropped, !welcome, "{initiator}");
    }
}

/// LL-PRIV-2: an identity is no private address of its target, and undirected advertising has none.
#[test]
fn only_who_is_called_by_a_private_address_is_shown_by_it() {
    let undirected = AdvertisingType::ConnectableUndirected;
    for (kind, peer) in [(AdvertisingType::DirectedHighDuty, identity()), (undirected, rpa(7))] {
        let mut s = privacy();
        let parameters = AdvertisingParameters {
            interval_min: 160,
            interval_max: 160,
            kind,
            own_address_random: false,
            peer,
            channel_map: 7,
            filter: FilterPolicy::Any,
        };
        s.ask(Command::LeSetAdvertisingParameters { parameters });
        s.ask(Command::LeSetAdvertisingEnable { enable: true });
        let Some(LinkOrder::Advertise(what)) = s.orders.last() else { panic!("{:?}", s.orders) };
        assert_eq!((what.target, what.target_shown), (peer, None), "{kind:?}");
    }
}

/// LL-PRIV-2: directed advertising is for its target, also under a private address that must be
/// resolved first; and it can name it by another one.
#[test]
fn directed_advertising_accepts_its_target_only() {
    for (initiator, welcome) in [(rpa(7), true), (rpa(8), false)] {
        let mut s = privacy();
        s.control.show_target(Some(rpa(7)));
        let parameters = AdvertisingParameters {
            interval_min: 160,
            interval_max: 160,
            kind: AdvertisingType::DirectedLowDuty,
            own_address_random: false,
            peer: identity(),
            channel_map: 7,
            filter: FilterPolicy::Any,
        };
        s.ask(Command::LeSetAdvertisingParameters { parameters });
        s.ask(Command::LeSetAdvertisingEnable { enable: true });
        let Some(LinkOrder::Advertise(what)) = s.orders.last() else { panic!("{:?}", s.orders) };
        assert_eq!((what.target, what.target_shown), (identity(), Some(rpa(7))));
        connect(&mut s, initiator);
        assert_eq!(s.dropped, !welcome, "{initiator}");
    }
}

//! The filter accept list (Vol 4, Part E, 7.8.14 to 7.8.17), and who may connect.

use std::vec::Vec;

use super::advertising::{DISALLOWED, ENABLE, POLICIES, fresh, public, set};
use super::script::{LINK, OK, connect_ind};
use crate::link::extended::Who;
use crate::link::message::{LinkOrder, LinkReport};
use ble::address::{Address, AddressKind};
use ble::error::ErrorCode;
use ble::hci::{AdvertisingParameters, Command, Event, FilterPolicy, Return};

fn device(n: u8) -> Address {
    Address::public([n, 0, 0, 0, 0, 0])
}

fn add(n: u8) -> Command {
    Command::LeAddToFilterAcceptList { address: device(n) }
}

fn remove(n: u8) -> Command {
    Command::LeRemoveFromFilterAcceptList { address: device(n) }
}

/// Vol 4, Part E, 7.8.14: the list holds as many devices as its reported size.
#[test]
fn the_accept_list_holds_what_it_says() {
    let mut s = fresh();
    s.command(Command::LeReadFilterAcceptListSize);
    let size = s.events().pop().and_then(|event| match event {
        Event::CommandComplete { returned: Return::Size(size), .. } => Some(size),
        _ => None,
    });
    let size = size.expect("a size");
    for n in 0..size {
        assert_eq!(s.ask(add(n)), OK);
    }
    assert_eq!(s.ask(add(0)), OK, "in it already");
    assert_eq!(s.ask(add(size)), ErrorCode::MEMORY_CAPACITY_EXCEEDED);
    let added = (0..size).map(|n| LinkOrder::AcceptListAdd(device(n)));
    assert_eq!(s.orders, added.collect::<Vec<_>>());
}

/// Vol 4, Part E, 7.8.15 to 7.8.17: fixed while it is used, that is, while something is advertised
/// under a policy that looks at it.
#[test]
fn the_accept_list_is_fixed_while_a_policy_uses_it_and_only_then() {
    for (filter, _) in POLICIES {
        for on in [false, true] {
            let mut s = fresh();
            s.ask(add(1));
            s.ask(set(AdvertisingParameters { filter, ..public() }));
            if on {
                s.ask(ENABLE);
            }
            s.clear();
            let used = on && filter != FilterPolicy::Any;
            for (command, order) in [
                (add(2), LinkOrder::AcceptListAdd(device(2))),
                (remove(1), LinkOrder::AcceptListRemove(device(1))),
                (Command::LeClearFilterAcceptList, LinkOrder::AcceptListClear),
            ] {
                assert_eq!(s.ask(command), if used { DISALLOWED } else { OK }, "{filter:?} {on}");
                assert_eq!(s.orders.pop(), (!used).then_some(order));
            }
        }
    }
}

fn who(identity: Option<Address>, listed: bool) -> Who {
    Who { identity, listed, hides: false }
}

#[test]
fn the_accept_list_has_who_was_added_and_not_removed() {
    let mut s = fresh();
    for n in 0..4 {
        s.ask(add(n));
    }
    // Under another type it is another device.
    s.ask(Command::LeRemoveFromFilterAcceptList {
        address: Address::new(AddressKind::Random, device(1).octets),
    });
    s.ask(remove(2));
    for (n, listed) in [(0, true), (1, true), (2, false), (3, true), (4, false)] {
        assert_eq!(s.control.who(device(n)), who(None, listed), "{n}");
    }
    // There is room again, even for the removed device.
    assert_eq!(s.ask(add(2)), OK);
    assert_eq!(s.control.who(device(2)), who(None, true));
    s.ask(Command::LeClearFilterAcceptList);
    assert_eq!(s.control.who(device(0)), who(None, false));
}

/// LL-ADV-5: `Link` has accepted provisionally; the policy decides.
#[test]
fn who_may_connect_is_decided_by_policy_and_list() {
    for (filter, anyone) in POLICIES {
        for listed in [false, true] {
            for provisional in [false, true] {
                let mut s = fresh();
                let request = connect_ind();
                s.ask(add(9));
                if listed {
                    s.ask(Command::LeAddToFilterAcceptList { address: request.initiator });
                }
                s.ask(set(AdvertisingParameters { filter, ..public() }));
                s.ask(ENABLE);
                let (link, at, identity) = (LINK, s.now, None);
                s.report(LinkReport::Connected { link, request, identity, provisional, at });
                let taken = anyone || listed || !provisional;
                assert_eq!(s.dropped, !taken, "{filter:?} {listed} {provisional}");
                assert_eq!(s.control.is_advertising(), !taken);
                assert_eq!(s.events().is_empty(), !taken);
            }
        }
    }
}

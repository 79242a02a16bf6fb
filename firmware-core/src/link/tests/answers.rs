//! What an advertiser answers, by the kind of advertising and by the peer (Vol 6, Part B, 4.4.2.2
//! to 4.4.2.7).

use super::*;

const KINDS: [(AdvertisingType, bool, bool); 5] = [
    // Whether it can be scanned; whether it can be connected to.
    (AdvertisingType::ConnectableUndirected, true, true),
    (AdvertisingType::DirectedHighDuty, false, true),
    (AdvertisingType::ScannableUndirected, true, false),
    (AdvertisingType::NonConnectable, false, false),
    (AdvertisingType::DirectedLowDuty, false, true),
];

fn begun(what: Advertising) -> Bench<1> {
    let mut b = Bench::new();
    b.advertise(what);
    b
}

/// Whether `initiator` is connected, and with which identity.
fn connects(b: &mut Bench<1>, initiator: Address) -> Option<(Option<Address>, bool)> {
    b.requests(connect(ConnectInd { initiator, ..request() }));
    let reports = b.reports();
    match reports[..] {
        [] => None,
        [LinkReport::Connected { identity, provisional, .. }] => Some((identity, provisional)),
        _ => panic!("{reports:?}"),
    }
}

fn directed(target: Address, resolve: bool) -> Advertising {
    let kind = AdvertisingType::DirectedLowDuty;
    Advertising { kind, target, resolve, ..advertising() }
}

/// LL-ADV-4: requests for this advertiser.
#[test]
fn each_kind_answers_what_it_is_for() {
    for (kind, scannable, connectable) in KINDS {
        let what = Advertising { kind, ..advertising() };
        let mut b = begun(what.clone());
        // The target sends the request.
        assert_eq!(b.requests(scan_request(CENTRAL)).is_some(), scannable, "{kind:?}");
        assert_eq!(b.reports(), []);
        let mut b = begun(what);
        assert_eq!(connects(&mut b, CENTRAL).is_some(), connectable, "{kind:?}");
    }
}

/// LL-ADV-4. The same from another device: directed advertising is for its target.
#[test]
fn directed_kinds_answer_their_target_only() {
    for (kind, _, connectable) in KINDS {
        let undirected = kind == AdvertisingType::ConnectableUndirected;
        let mut b = begun(Advertising { kind, target: IDENTITY, ..advertising() });
        assert_eq!(connects(&mut b, CENTRAL).is_some(), connectable && undirected, "{kind:?}");
    }
}

/// Vol 6, Part B, 6.2: the target of directed advertising may be given as an identity, or as the
/// private address that it uses just now.
#[test]
fn a_target_may_come_under_a_private_address() {
    for resolve in [false, true] {
        let mut b = begun(directed(RPA, resolve));
        assert_eq!(connects(&mut b, RPA), Some((None, false)), "the very address");
    }
    let known = |b: &mut Bench<1>, identity| {
        b.order(LinkOrder::Resolved { rpa: RPA, identity });
    };
    let mut b = begun(directed(IDENTITY, true));
    known(&mut b, Some(IDENTITY));
    assert_eq!(connects(&mut b, RPA), Some((Some(IDENTITY), false)));
    let mut b = begun(directed(IDENTITY, true));
    known(&mut b, Some(CENTRAL));
    assert_eq!(connects(&mut b, RPA), None, "somebody else's");
    let mut b = begun(directed(IDENTITY, true));
    known(&mut b, None);
    assert_eq!(connects(&mut b, RPA), None, "nobody's");
    let mut b = begun(directed(IDENTITY, false));
    known(&mut b, Some(IDENTITY));
    assert_eq!(connects(&mut b, RPA), None, "nothing is resolved");
}

/// LL-ADV-5: who is not known by the filter accept list but may be behind a private address.
#[test]
fn without_resolution_a_private_address_is_an_address_like_any() {
    for filter in [FilterPolicy::ConnectFromList, FilterPolicy::BothFromList] {
        for listed in [false, true] {
            let mut b = Bench::<1>::new();
            b.order(LinkOrder::Resolved { rpa: RPA, identity: Some(IDENTITY) });
            b.order(LinkOrder::AcceptListAdd(if listed { RPA } else { IDENTITY }));
            b.advertise(Advertising { filter, ..advertising() });
            assert_eq!(connects(&mut b, RPA), listed.then_some((None, false)));
        }
    }
}

/// LL-ADV-5. A private address that does not resolve is a stranger's: it may connect without a
/// filter policy, and not with one.
#[test]
fn a_stranger_connects_where_anyone_may() {
    for (filter, anyone) in [
        (FilterPolicy::Any, true),
        (FilterPolicy::ScanFromList, true),
        (FilterPolicy::ConnectFromList, false),
        (FilterPolicy::BothFromList, false),
    ] {
        let mut b = Bench::<1>::new();
        b.order(LinkOrder::Resolved { rpa: RPA, identity: None });
        b.advertise(Advertising { filter, resolve: true, ..advertising() });
        assert_eq!(connects(&mut b, RPA), anyone.then_some((None, false)), "{filter:?}");
    }
}

/// A value out of range is reported only if the request would otherwise have been accepted.
#[test]
fn the_requests_of_strangers_are_not_judged() {
    let mut b = begun(directed(IDENTITY, false));
    b.requests(connect(ConnectInd { hop: 4, ..request() }));
    assert_eq!(b.reports(), []);
}

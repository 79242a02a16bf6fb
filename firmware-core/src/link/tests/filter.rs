//! Filter accept list and private addresses.

use super::*;

/// Whether a scanner gets an answer, and what is reported about it.
fn scanned(b: &mut Bench<1>, scanner: Address) -> (bool, Vec<LinkReport>) {
    b.advertises();
    let answered = b.requests(scan_request(scanner)).is_some();
    if answered {
        b.command = None;
        let start = b.now + T_IFS;
        b.radio(start, RadioEvent::Transmitted { start, end: start });
    }
    (answered, b.reports())
}

fn filtering(filter: FilterPolicy) -> Bench<1> {
    let mut b = Bench::new();
    b.order(LinkOrder::AcceptListAdd(IDENTITY));
    b.order(LinkOrder::Advertise(Advertising { filter, resolve: true, ..advertising() }));
    b
}

/// LL-ADV-5: filter accept list.
#[test]
fn each_policy_filters_what_it_says() {
    for (filter, scans, connects) in [
        (FilterPolicy::Any, true, true),
        (FilterPolicy::ScanFromList, false, true),
        (FilterPolicy::ConnectFromList, true, false),
        (FilterPolicy::BothFromList, false, false),
    ] {
        let mut b = filtering(filter);
        assert_eq!(scanned(&mut b, IDENTITY), (true, Vec::new()));
        assert_eq!(scanned(&mut b, CENTRAL), (scans, Vec::new()));
        b.advertises();
        b.requests(connect(request()));
        assert_eq!(b.reports().len(), usize::from(connects), "{filter:?}");

        let mut b = filtering(filter);
        b.advertises();
        b.requests(connect(ConnectInd { initiator: IDENTITY, ..request() }));
        assert!(matches!(b.reports()[..], [LinkReport::Connected { provisional: false, .. }]));
    }
}

#[test]
fn the_list_can_be_changed() {
    let mut b = filtering(FilterPolicy::BothFromList);
    b.order(LinkOrder::AcceptListAdd(CENTRAL));
    b.order(LinkOrder::AcceptListRemove(IDENTITY));
    assert!(scanned(&mut b, CENTRAL).0);
    assert!(!scanned(&mut b, IDENTITY).0);
    b.order(LinkOrder::AcceptListClear);
    assert!(!scanned(&mut b, CENTRAL).0);
}

#[test]
fn an_unresolved_scanner_is_reported_and_answered_once_known() {
    let mut b = filtering(FilterPolicy::BothFromList);
    assert_eq!(scanned(&mut b, RPA), (false, [LinkReport::Unresolved(RPA)].to_vec()));
    b.order(LinkOrder::Resolved { rpa: RPA, identity: Some(IDENTITY) });
    assert_eq!(scanned(&mut b, RPA), (true, Vec::new()));
    b.order(LinkOrder::Resolved { rpa: RPA, identity: None });
    assert_eq!(scanned(&mut b, RPA), (false, Vec::new()));
}

/// LL-ADV-5: filter accept list.
#[test]
fn an_address_that_does_not_resolve_never_matches() {
    let mut b = filtering(FilterPolicy::BothFromList);
    b.order(LinkOrder::AcceptListAdd(RPA));
    b.order(LinkOrder::Resolved { rpa: RPA, identity: None });
    assert_eq!(scanned(&mut b, RPA), (false, Vec::new()));
}

#[test]
fn the_cache_forgets_the_oldest() {
    let mut b = filtering(FilterPolicy::BothFromList);
    for n in 0..=8 {
        let rpa = Address::new(AddressKind::Random, [n, 0, 0, 0, 0, 0x40]);
        b.order(LinkOrder::Resolved { rpa, identity: Some(IDENTITY) });
    }
    let rpa = |n| Address::new(AddressKind::Random, [n, 0, 0, 0, 0, 0x40]);
    assert!(!scanned(&mut b, rpa(0)).0);
    assert!(scanned(&mut b, rpa(1)).0);
    assert!(scanned(&mut b, rpa(8)).0);
}

#[test]
fn a_known_private_initiator_comes_with_its_identity() {
    let mut b = filtering(FilterPolicy::BothFromList);
    b.order(LinkOrder::Resolved { rpa: RPA, identity: Some(IDENTITY) });
    b.advertises();
    b.requests(connect(ConnectInd { initiator: RPA, ..request() }));
    let reports = b.reports();
    let [LinkReport::Connected { identity, provisional, .. }] = &reports[..] else {
        panic!("{reports:?}")
    };
    assert_eq!((*identity, *provisional), (Some(IDENTITY), false));
}

#[test]
fn an_unresolved_initiator_is_accepted_provisionally_and_can_be_refused() {
    let mut b = filtering(FilterPolicy::BothFromList);
    b.advertises();
    b.requests(connect(ConnectInd { initiator: RPA, ..request() }));
    assert!(matches!(b.reports()[..], [LinkReport::Connected { provisional: true, .. }]));
    b.order(LinkOrder::Refuse(LINK));
    for channel in [37, 38, 39, 37] {
        assert_eq!(b.advertises().1, channel);
        b.nobody();
    }
    assert_eq!(b.reports(), []);
}

#[test]
fn a_provisional_connection_that_is_not_refused_stays() {
    let mut b = filtering(FilterPolicy::BothFromList);
    b.advertises();
    b.requests(connect(ConnectInd { initiator: RPA, ..request() }));
    b.reports();
    b.event(&empty(0, 0));
    assert_eq!(b.reports(), [LinkReport::Established(LINK)]);
    b.listens();
}

#[test]
fn without_a_filter_a_private_initiator_is_as_welcome_as_any() {
    let mut b = filtering(FilterPolicy::Any);
    b.advertises();
    b.requests(connect(ConnectInd { initiator: RPA, ..request() }));
    assert!(matches!(b.reports()[..], [LinkReport::Connected { provisional: false, .. }]));
}

/// LL-ADV-2: random delay.
///
/// A peer that must use a private address (network privacy) and does not is refused by `Control`,
/// even without a filter policy.
#[test]
fn advertising_goes_on_after_any_refused_connection() {
    let mut b = filtering(FilterPolicy::Any);
    let (first, ..) = b.advertises();
    b.requests(connect(request()));
    assert!(matches!(b.reports()[..], [LinkReport::Connected { provisional: false, .. }]));
    b.order(LinkOrder::Refuse(LINK));
    let (next, channel, _) = b.advertises();
    assert!(channel == 37 && next.since(first) >= Duration::from_ms(20), "an event of its own");
    b.nobody();
    for channel in [38, 39, 37] {
        assert_eq!(b.advertises().1, channel);
        b.nobody();
    }
}

/// LL-ADV-6: neither a scanner nor an initiator is heard under an identity that it must hide,
/// whatever the policy and the list say; under its private address it is.
#[test]
fn who_must_hide_is_ignored_under_its_identity() {
    for filter in [FilterPolicy::Any, FilterPolicy::BothFromList] {
        let mut b = filtering(filter);
        b.order(LinkOrder::Resolved { rpa: RPA, identity: Some(IDENTITY) });
        b.order(LinkOrder::Ignore(IDENTITY));
        assert_eq!(scanned(&mut b, IDENTITY), (false, Vec::new()), "{filter:?}");
        assert!(scanned(&mut b, RPA).0);
        b.advertises();
        b.requests(connect(ConnectInd { initiator: IDENTITY, ..request() }));
        assert_eq!(b.reports(), []);
        b.order(LinkOrder::Heed(IDENTITY));
        assert!(scanned(&mut b, IDENTITY).0);
        b.order(LinkOrder::Ignore(IDENTITY));
        b.order(LinkOrder::HeedAll);
        assert!(scanned(&mut b, IDENTITY).0);
    }
}

//! The GATT client against octets.

use super::*;

const NOW: Instant = Instant::ZERO;

// ATT-SEQ-1: one request at a time. ATT-RSP-1: the response fits its request.
#[test]
fn the_next_request_waits_for_the_response_of_the_last() {
    let mut client = Client::new(23);
    assert_eq!(client.begin(NOW, &Step::Discover), None);
    assert_eq!(client.poll(), Some(vec![0x10, 1, 0, 0xFF, 0xFF, 0x00, 0x28]));
    for other in [&[0x1B, 3, 0, 1][..], &[0x0B, 1], &[0x01, 0x0A, 3, 0, 0x0A]] {
        assert_eq!(client.received(NOW, other), None);
        assert_eq!(client.poll(), None, "{other:?}");
    }
    assert_eq!(client.received(NOW, &[0x01, 0x10, 1, 0, 0x0A]), None);
    assert_eq!(client.poll(), Some(vec![0x08, 1, 0, 0xFF, 0xFF, 0x03, 0x28]));
}

// ATT-MTU-1: one exchange of ATT_MTU. ATT-MTU-3: nothing unasked while ATT_MTU is exchanged.
#[test]
fn the_mtu_is_exchanged_once() {
    let mut client = Client::new(65);
    assert_eq!(client.begin(NOW, &Step::ExchangeMtu), None);
    assert_eq!(client.poll(), Some(vec![0x02, 65, 0]));
    assert_eq!(client.received(NOW, &[0x03, 247, 0]), Some(Ok(())));
    assert_eq!(client.mtu(), 65);
    assert_eq!(client.begin(NOW, &Step::ExchangeMtu), Some(Ok(())));
    assert_eq!(client.poll(), None);
}

// GATT-IND-1: each indication is confirmed. ATT-RSP-2: no answer without a question.
#[test]
fn an_indication_is_confirmed_and_a_notification_is_not() {
    let mut client = Client::new(23);
    client.received(NOW, &[0x1D, 3, 0, 1]);
    assert_eq!(client.poll(), Some(vec![0x1E]));
    client.received(NOW, &[0x1B, 3, 0, 1]);
    assert_eq!(client.poll(), None);
}

// GATT-HASH-2: the database hash is read by its type.
#[test]
fn the_database_hash_is_not_read_by_its_handle() {
    let mut client = Client::new(23);
    assert_eq!(client.begin(NOW, &Step::Read(Uuid::Short(DATABASE_HASH))), None);
    assert_eq!(client.poll(), Some(vec![0x08, 1, 0, 0xFF, 0xFF, 0x2A, 0x2B]));
    let answer = [&[0x09, 18, 8, 0][..], &[7; 16]].concat();
    assert_eq!(client.received(NOW, &answer), Some(Ok(())));
}

// ATT-RSP-3: every request is answered. ATT-MTU-4: one ATT_MTU for client and server.
#[test]
fn a_peer_that_asks_is_answered() {
    let mut client = Client::new(65);
    assert_eq!(client.begin(NOW, &Step::ExchangeMtu), None);
    assert_eq!(client.poll(), Some(vec![0x02, 65, 0]));
    client.received(NOW, &[0x02, 100, 0]);
    assert_eq!(client.poll(), Some(vec![0x03, 65, 0]));
    client.received(NOW, &[0x10, 1, 0, 0xFF, 0xFF, 0x00, 0x28]);
    assert_eq!(client.poll(), Some(vec![0x01, 0x10, 0, 0, 0x06]));
}

/// Service Changed, with its configuration, and the Button.
fn kept() -> Cache {
    let services = vec![(1, 4, Uuid::Short(0x1801)), (5, 7, Uuid::Short(0x180F))];
    let characteristic = |declaration, uuid, cccd| Characteristic {
        declaration,
        value: declaration + 1,
        uuid,
        properties: INDICATE,
        cccd,
    };
    let characteristics =
        vec![characteristic(2, SERVICE_CHANGED, Some(4)), characteristic(6, Uuid::BUTTON, None)];
    Cache { database: Database { services, characteristics }, hash: Some(vec![7; 16]) }
}

// GATT-SYNC-3: what has changed is discovered anew.
#[test]
fn handles_are_believed_until_service_changed_is_indicated() {
    let mut client = Client::new(65);
    client.remember(Caching::ServiceChanged, Some(kept()));
    assert_eq!(client.begin(NOW, &Step::Discover), Some(Ok(())));
    client.received(NOW, &[0x1D, 7, 0, 1]);
    assert!(!client.was_told(), "another value");
    client.received(NOW, &[0x1D, 3, 0, 1, 0, 0xFF, 0xFF]);
    assert!(client.was_told() && !client.was_told());
    client.distrust();
    assert_eq!(
        (client.cache(), client.poll(), client.poll()),
        (None, Some(vec![0x1E]), Some(vec![0x1E]))
    );
    assert_eq!(client.begin(NOW, &Step::Discover), None);
    assert_eq!(client.poll(), Some(vec![0x10, 1, 0, 0xFF, 0xFF, 0x00, 0x28]));
}

// GATT-HASH-2: the database hash is read by its type.
#[test]
fn handles_are_believed_as_long_as_the_hash_is_the_same() {
    for (hash, same) in [(7, true), (8, false)] {
        let mut client = Client::new(65);
        client.remember(Caching::Hash, Some(kept()));
        assert_eq!(client.begin(NOW, &Step::Discover), None);
        assert_eq!(client.poll(), Some(vec![0x08, 1, 0, 0xFF, 0xFF, 0x2A, 0x2B]));
        let answer = [&[0x09, 18, 8, 0][..], &[hash; 16]].concat();
        assert_eq!(client.received(NOW, &answer).is_some(), same);
        assert_eq!(client.poll().is_none(), same, "else it discovers");
    }
}

/// A host that keeps nothing believes nothing.
#[test]
fn who_does_not_cache_discovers() {
    let mut client = Client::new(65);
    client.remember(Caching::None, Some(kept()));
    assert_eq!((client.begin(NOW, &Step::Discover), client.cache()), (None, None));
}

/// GAP-CAR-1: who is called by a private address. ATT-RSP-3: every request is answered.
#[test]
fn a_peripheral_that_asks_learns_whether_directed_advertising_is_resolved() {
    let read = [0x08, 1, 0, 0xFF, 0xFF, 0xA6, 0x2A];
    let not_found = vec![0x01, 0x08, 1, 0, 0x0A];
    for (resolves_calls, answer) in [(true, vec![0x09, 3, 7, 0, 1]), (false, not_found.clone())] {
        let mut client = Client { resolves_calls, ..Client::new(65) };
        client.received(NOW, &read);
        assert_eq!(client.poll(), Some(answer));
    }
    let mut client = Client { resolves_calls: true, ..Client::new(65) };
    for (asked, answer) in [
        (&[0x08, 1, 0, 0xFF, 0xFF, 0x00, 0x2A][..], not_found.clone()),
        (&[0x08, 1, 0, 6, 0, 0xA6, 0x2A], not_found),
        (&[0x08, 0, 0, 0xFF, 0xFF, 0xA6, 0x2A], vec![0x01, 0x08, 0, 0, 0x01]),
        (&[0x08, 9, 0, 8, 0, 0xA6, 0x2A], vec![0x01, 0x08, 9, 0, 0x01]),
        (&[0x08, 1], vec![0x01, 0x08, 0, 0, 0x04]),
    ] {
        client.received(NOW, asked);
        assert_eq!(client.poll(), Some(answer), "{asked:?}");
    }
}

//! What a server discloses of its attributes, and what both ends do with them (ATT, GATT).

use super::later::secure_from;
use super::pairing::{INDICATION, MTU_REQ, MTU_RSP, READ, asked, att, encrypted};
use super::*;

const NEW: fn() -> Script = Script::new;
/// Events of 10 ms in 32 s.
const LONG: u64 = 3_200;

const SERVICES: [u8; 7] = [0x10, 1, 0, 0xFF, 0xFF, 0x00, 0x28];
const CHARACTERISTICS: [u8; 7] = [8, 1, 0, 0xFF, 0xFF, 0x03, 0x28];

/// A question and its answer.
fn exchange(script: Script, request: &[u8], response: &[u8]) -> Script {
    att(asked(script, request), P, response)
}

/// Two characteristics: declarations 2 and 5, values 3 and 6; the first has these properties.
fn characteristics(properties: u8) -> Script {
    let list = [9, 7, 2, 0, properties, 3, 0, 0x37, 0x2A, 5, 0, 0x02, 6, 0, 0x38, 0x2A];
    exchange(NEW(), &CHARACTERISTICS, &list)
}

/// And the configuration of the first one, at handle 4.
fn configurable() -> Script {
    exchange(characteristics(0x30), &[4, 4, 0, 4, 0], &[5, 1, 4, 0, 0x02, 0x29])
}

fn configured(value: u8) -> Script {
    exchange(configurable(), &[0x12, 4, 0, value, 0], &[0x13])
}

const NOTIFICATION: [u8; 4] = [0x1B, 3, 0, 1];

fn by_type(uuid: u16, value: &[u8]) -> Script {
    let [low, high] = uuid.to_le_bytes();
    let entry = [&[9, value.len() as u8 + 2, 8, 0][..], value].concat();
    exchange(NEW(), &[8, 1, 0, 0xFF, 0xFF, low, high], &entry)
}

pub(super) fn broken() -> Vec<(&'static str, Role, Script)> {
    let error = |request: &[u8], error| exchange(NEW(), request, error);
    let exchanged = || exchange(NEW(), &MTU_REQ, &MTU_RSP);
    // How P understands the first request is unknown, so its silence is not judged.
    let unanswered = asked(asked(NEW(), &[0x3F]), &READ).events(LONG);
    vec![
        ("ATT-PDU-4", C, asked(NEW(), &[0x0A, 3])),
        ("ATT-RSP-3", P, asked(NEW(), &READ).events(LONG)),
        ("ATT-ERR-1", P, error(&READ, &[1, 0x0A, 4, 0, 5])),
        ("ATT-ERR-2", P, error(&[4, 1, 0, 9, 0], &[1, 4, 1, 0, 5])),
        ("ATT-SEC-1", P, exchange(encrypted(), &READ, &[1, 0x0A, 3, 0, 0x0F])),
        ("ATT-MTU-3", C, att(asked(NEW(), &MTU_REQ), C, &NOTIFICATION)),
        ("ATT-MTU-4", P, att(exchanged(), P, &MTU_REQ)),
        (
            "ATT-LIST-2",
            P,
            exchange(NEW(), &SERVICES, &[0x11, 6, 1, 0, 5, 0, 0x0A, 0x18, 4, 0, 9, 0, 0x0F, 0x18]),
        ),
        ("ATT-VAL-1", P, exchange(NEW(), &[0x0C, 3, 0, 0xFF, 1], &[0x0D, 1, 1])),
        ("ATT-PREP-2", P, exchange(NEW(), &[0x16, 3, 0, 0, 0, 7], &[0x17, 3, 0, 0, 0, 8])),
        ("ATT-TIME-1", C, asked(unanswered, &READ)),
        ("GATT-DECL-1", P, exchange(NEW(), &SERVICES, &[0x11, 8, 1, 0, 5, 0, 1, 2, 3, 4])),
        ("GATT-DECL-2", P, exchange(NEW(), &CHARACTERISTICS, &[9, 7, 2, 0, 2, 2, 0, 0, 0x2A])),
        ("GATT-DECL-3", P, exchange(characteristics(0x10), &[4, 4, 0, 4, 0], &[1, 4, 4, 0, 0x0A])),
        ("GATT-DISC-2", P, error(&CHARACTERISTICS, &[1, 8, 1, 0, 5])),
        (
            "GATT-SVC-1",
            P,
            exchange(NEW(), &SERVICES, &[0x11, 6, 1, 0, 3, 0, 1, 0x18, 4, 0, 9, 0, 1, 0x18]),
        ),
        ("GATT-OWN-1", P, exchange(NEW(), &CHARACTERISTICS, &[9, 7, 2, 0, 0x22, 3, 0, 5, 0x2A])),
        ("GATT-PROP-1", P, att(characteristics(0x02), P, &NOTIFICATION)),
        ("GATT-CCCD-1", P, att(configured(2), P, &NOTIFICATION)),
        ("GATT-CCCD-3", P, exchange(configurable(), &[0x0A, 4, 0], &[0x0B, 1])),
        ("GATT-IND-1", C, att(NEW(), P, &INDICATION).events(LONG)),
        ("GATT-HASH-2", C, asked(by_type(0x2B2A, &[7; 16]), &[0x0A, 8, 0])),
        ("GATT-FEAT-1", C, asked(by_type(0x2B29, &[3]), &[0x12, 8, 0, 1])),
        ("GATT-SYNC-3", C, asked(out_of_sync(), &[0x0A, 3, 0])),
        ("GAP-NAME-1", P, by_type(0x2A01, &[1, 2, 3])),
    ]
}

fn innocent(script: &Script) {
    assert_eq!(script.named(), BTreeSet::new());
}

fn breaks(script: &Script, rule: &'static str, by: Role) {
    assert_eq!(script.named(), BTreeSet::from([(rule, by)]));
}

/// ATT-PDU-4: the format of each PDU.
#[test]
fn pdus_have_the_parameters_of_their_opcodes() {
    let bad: [&[u8]; 14] = [
        &[0x02, 64],
        &[0x04, 2, 0, 1, 0],
        &[0x06, 1, 0, 9, 0, 0],
        &[0x08, 1, 0, 9, 0, 1, 2, 3],
        &[0x0A, 0, 0],
        &[0x0C, 1, 0, 0],
        &[0x0E, 1, 0],
        &[0x10, 9, 0, 1, 0, 0, 0x28],
        &[0x12, 1],
        &[0x16, 1, 0, 0],
        &[0x18, 2],
        &[0x20, 1, 0, 2],
        &[0x52, 0, 0, 1],
        &[0xD2, 1, 0, 1],
    ];
    for pdu in bad {
        breaks(&asked(NEW(), pdu), "ATT-PDU-4", C);
    }
    let wrong = [&[0x1B, 1][..], &[0x1B, 0, 0, 1], &[0x1D, 0, 0], &[0x23, 1, 0, 1, 0, 7]];
    for pdu in wrong.into_iter().chain([&[0x23, 1, 0, 1, 0, 7, 2, 0, 2, 0, 7][..]]) {
        breaks(&att(NEW(), P, pdu), "ATT-PDU-4", P);
    }
    for pdu in [&[0x12, 1, 0][..], &[0x18, 0], &[0x52, 1, 0], &[0x06, 1, 0, 9, 0, 0, 0x28], &[0x3F]]
    {
        innocent(&asked(NEW(), pdu));
    }
    innocent(&att(NEW(), P, &[0x23, 1, 0, 1, 0, 7, 2, 0, 0, 0]));
    // A range that starts at 0x0000 gets an error; it is no violation.
    innocent(&exchange(NEW(), &[8, 0, 0, 9, 0, 1, 0x2A], &[1, 8, 0, 0, 1]));
}

/// ATT-RSP-3: every request is answered. ATT-TIME-1: 30 seconds. GATT-IND-1: each indication is
/// confirmed.
#[test]
fn thirty_seconds_are_allowed() {
    let late = asked(NEW(), &READ).events(2_900);
    innocent(&att(late.clone(), P, &[0x0B, 7]));
    // A client that waits no longer is early, not late.
    breaks(&asked(late, &READ), "ATT-SEQ-1", C);
    let confirmed = att(att(NEW(), P, &INDICATION).events(2_900), C, &[0x1E]);
    innocent(&att(confirmed, P, &INDICATION));
    // A server whose indication is not confirmed may still answer, and says nothing else.
    let dead = att(NEW(), P, &INDICATION).events(LONG);
    breaks(&exchange(dead.clone(), &READ, &[0x0B, 7]), "GATT-IND-1", C);
    let both = BTreeSet::from([("GATT-IND-1", C), ("ATT-TIME-1", P)]);
    assert_eq!(att(dead.clone(), P, &INDICATION).named(), both);
    assert_eq!(att(dead, P, &NOTIFICATION).named(), both);
}

/// ATT-TIME-1: what was queued in time may be late on the air.
#[test]
fn who_has_had_no_room_is_not_late() {
    let mut script = Script::with(|request| request.timeout = 3_200);
    script = asked(asked(script, &[0x3F]), &READ);
    // No Empty PDU from the central: for 31.5 s it repeats what is not acknowledged.
    let whole = [3, 0, 4, 0, 0x0A, 3, 0];
    script.queue[0].push_back((Llid::Start, whole.to_vec()));
    for _ in 0..3_150 {
        script.packet(C, 0, None);
        script.next();
    }
    script = script.events(2);
    breaks(&script, "ATT-SEQ-1", C);
}

/// ATT-ERR-1: which handle an error names. ATT-ERR-2: errors that discovery does not get.
/// GATT-DISC-2: declarations are open to everybody.
#[test]
fn errors_name_what_they_are_about() {
    let good: [(&[u8], [u8; 5]); 12] = [
        (&READ, [1, 0x0A, 3, 0, 5]),
        (&READ, [1, 0x0A, 0, 0, 0x0E]),
        (&[0x3F], [1, 0x3F, 0, 0, 6]),
        (&[0x0E, 3, 0, 4, 0], [1, 0x0E, 4, 0, 2]),
        (&[8, 2, 0, 9, 0, 1, 0x2A], [1, 8, 5, 0, 5]),
        (&[8, 2, 0, 9, 0, 1, 0x2A], [1, 8, 2, 0, 0x0A]),
        (&[0x10, 2, 0, 9, 0, 1, 0x2A], [1, 0x10, 2, 0, 0x10]),
        (&[6, 2, 0, 9, 0, 0, 0x28, 1, 0x18], [1, 6, 2, 0, 0x0A]),
        (&MTU_REQ, [1, 2, 0, 0, 6]),
        (&[0x12, 3, 0, 1], [1, 0x12, 3, 0, 0xFD]),
        (&[0x18, 1], [1, 0x18, 7, 0, 0x0D]),
        // Any value of a characteristic may be closed.
        (&[8, 1, 0, 9, 0, 0, 0x2A], [1, 8, 3, 0, 5]),
    ];
    for (request, error) in good {
        innocent(&exchange(NEW(), request, &error));
    }
    let bad: [(&[u8], [u8; 5], &'static str); 10] = [
        (&READ, [1, 0x0A, 3, 0, 0x0E], "ATT-ERR-1"),
        (&READ, [1, 0x0A, 3, 0, 0x11], "ATT-ERR-1"),
        (&[0x0E, 3, 0, 4, 0], [1, 0x0E, 5, 0, 2], "ATT-ERR-1"),
        (&[8, 2, 0, 9, 0, 1, 0x2A], [1, 8, 9, 0, 0x0A], "ATT-ERR-1"),
        (&[8, 2, 0, 9, 0, 1, 0x2A], [1, 8, 1, 0, 5], "ATT-ERR-1"),
        (&[6, 2, 0, 9, 0, 0, 0x28, 1, 0x18], [1, 6, 2, 0, 0x0F], "ATT-ERR-2"),
        (&SERVICES, [1, 0x10, 1, 0, 0x12], "ATT-ERR-2"),
        (&READ, [1, 0x0A, 0, 0, 6], "ATT-ERR-2"),
        (&SERVICES, [1, 0x10, 1, 0, 5], "GATT-DISC-2"),
        (&[8, 1, 0, 9, 0, 2, 0x28], [1, 8, 1, 0, 2], "GATT-DISC-2"),
    ];
    for (request, error, rule) in bad {
        breaks(&exchange(NEW(), request, &error), rule, P);
    }
}

/// ATT-SEC-1: which error a lack of security gets.
#[test]
fn a_lack_of_security_has_the_right_error() {
    innocent(&exchange(NEW(), &READ, &[1, 0x0A, 3, 0, 0x0F]));
    innocent(&exchange(encrypted(), &READ, &[1, 0x0A, 3, 0, 0x0C]));
    innocent(&exchange(encrypted(), &READ, &[1, 0x0A, 3, 0, 5]));
    breaks(&exchange(NEW(), &READ, &[1, 0x0A, 3, 0, 0x0C]), "ATT-SEC-1", P);
}

/// ATT-MTU-3, ATT-MTU-4: an exchange runs alone, and with one value.
#[test]
fn an_exchange_of_att_mtu_is_waited_for() {
    // The server may notify meanwhile, and so may the client once it has its answer.
    let notified = att(asked(NEW(), &MTU_REQ), P, &NOTIFICATION);
    innocent(&att(att(notified, P, &MTU_RSP), C, &NOTIFICATION));
    let both = exchange(NEW(), &MTU_REQ, &MTU_RSP);
    innocent(&att(att(both, P, &[2, 65, 0]), C, &[3, 64, 0]));
}

/// ATT-LIST-2: groups of handles.
#[test]
fn groups_follow_each_other() {
    let find = [6, 1, 0, 0xFF, 0xFF, 0, 0x28, 0x0F, 0x18];
    innocent(&exchange(NEW(), &find, &[7, 1, 0, 3, 0, 4, 0, 0xFF, 0xFF]));
    breaks(&exchange(NEW(), &find, &[7, 4, 0, 3, 0]), "ATT-LIST-2", P);
    breaks(&exchange(NEW(), &find, &[7, 1, 0, 4, 0, 4, 0, 9, 0]), "ATT-LIST-2", P);
    breaks(&exchange(NEW(), &find, &[7, 4, 0, 9, 0, 1, 0, 2, 0]), "ATT-LIST-1", P);
    breaks(&exchange(NEW(), &find, &[7, 4, 0, 9]), "ATT-LIST-1", P);
}

/// GATT-DECL-1, GATT-DECL-2, GATT-SVC-1, GATT-OWN-1: declarations.
#[test]
fn good_declarations_break_nothing() {
    let services = [0x11, 6, 1, 0, 8, 0, 1, 0x18, 9, 0, 15, 0, 0, 0x18];
    let once = exchange(NEW(), &SERVICES, &services);
    // A second request gets the same answer.
    innocent(&exchange(once, &SERVICES, &services));
    let long = [&[0x11, 20, 1, 0, 8, 0][..], &[7; 16]].concat();
    innocent(&exchange(NEW(), &SERVICES, &long));
    let own = [9, 7, 2, 0, 0x20, 3, 0, 5, 0x2A, 5, 0, 0x0A, 6, 0, 0x29, 0x2B];
    innocent(&exchange(NEW(), &CHARACTERISTICS, &own));
    // Handles may leave gaps.
    innocent(&exchange(NEW(), &CHARACTERISTICS, &[9, 7, 2, 0, 2, 9, 0, 0, 0x2A]));
    let over = [9, 7, 2, 0, 2, 6, 0, 0, 0x2A, 5, 0, 2, 6, 0, 1, 0x2A];
    breaks(&exchange(NEW(), &CHARACTERISTICS, &over), "GATT-DECL-2", P);
    breaks(&exchange(NEW(), &CHARACTERISTICS, &[9, 6, 2, 0, 2, 3, 0, 1]), "GATT-DECL-2", P);
}

/// GATT-DECL-3: one configuration where there is something to configure.
#[test]
fn a_configuration_is_missed_where_all_is_known() {
    innocent(&configurable());
    // Nothing to configure, or not all descriptors known.
    innocent(&exchange(characteristics(0x02), &[4, 4, 0, 4, 0], &[1, 4, 4, 0, 0x0A]));
    innocent(&characteristics(0x10));
    let alone = [9, 7, 2, 0, 0x10, 3, 0, 0x37, 0x2A];
    let alone = exchange(NEW(), &CHARACTERISTICS, &alone);
    innocent(&exchange(alone.clone(), &[4, 4, 0, 4, 0], &[1, 4, 4, 0, 0x0A]));
    // Up to the last handle there is nothing.
    let rest = [4, 4, 0, 0xFF, 0xFF];
    breaks(&exchange(alone, &rest, &[1, 4, 4, 0, 0x0A]), "GATT-DECL-3", P);
    let list = [9, 7, 2, 0, 0x10, 3, 0, 0x37, 0x2A, 8, 0, 0x02, 9, 0, 0x38, 0x2A];
    let twice = exchange(NEW(), &CHARACTERISTICS, &list);
    let twice = exchange(twice, &[4, 4, 0, 7, 0], &[5, 1, 4, 0, 2, 0x29, 5, 0, 2, 0x29]);
    breaks(&twice, "GATT-DECL-3", P);
}

/// GATT-PROP-1: what a characteristic permits.
#[test]
fn only_values_with_the_property_are_sent() {
    innocent(&att(characteristics(0x10), P, &NOTIFICATION));
    // A handle that is not known yet.
    innocent(&att(characteristics(0x10), P, &[0x1B, 9, 0, 1]));
    breaks(&att(characteristics(0x10), P, &INDICATION), "GATT-PROP-1", P);
    breaks(&att(characteristics(0x10), P, &[0x1B, 5, 0, 1]), "GATT-PROP-1", P);
    breaks(&att(configurable(), P, &[0x1B, 4, 0, 1]), "GATT-PROP-1", P);
}

/// GATT-CCCD-1: nothing that nobody subscribed to.
#[test]
fn subscriptions_count_as_far_as_they_are_known() {
    innocent(&att(configured(1), P, &NOTIFICATION));
    innocent(&att(configured(2), P, &INDICATION));
    breaks(&att(configured(1), P, &INDICATION), "GATT-CCCD-1", P);
    breaks(&att(configured(0), P, &NOTIFICATION), "GATT-CCCD-1", P);
    // A bond may have kept it.
    innocent(&att(configurable(), P, &NOTIFICATION));
    let read = |value| exchange(configurable(), &[0x0A, 4, 0], &[0x0B, value, 0]);
    innocent(&att(read(1), P, &NOTIFICATION));
    breaks(&att(read(0), P, &NOTIFICATION), "GATT-CCCD-1", P);
    // Encryption may restore the client's stored configuration.
    innocent(&att(secure_from(read(0), 0x11), P, &NOTIFICATION));
    // A refused write changes nothing; one under way may have.
    let refused = |value| exchange(configured(value), &[0x12, 4, 0, 0, 0], &[1, 0x12, 4, 0, 5]);
    innocent(&att(refused(1), P, &NOTIFICATION));
    breaks(&att(refused(2), P, &NOTIFICATION), "GATT-CCCD-1", P);
    let under_way = asked(configured(2), &[0x12, 4, 0, 1, 0]);
    innocent(&att(att(under_way, P, &NOTIFICATION), P, &[0x13]));
    innocent(&att(asked(configured(0), &[0x52, 4, 0, 1, 0]), P, &NOTIFICATION));
    let prepared = exchange(configured(0), &[0x16, 4, 0, 0, 0, 1, 0], &[0x17, 4, 0, 0, 0, 1, 0]);
    innocent(&att(prepared, P, &NOTIFICATION));
    // One of another characteristic.
    innocent(&att(configured(0), P, &[0x1B, 9, 0, 1]));
}

/// GATT-FEAT-1: client features stay set. GATT-HASH-2: the database hash is read by its type.
#[test]
fn features_and_hash() {
    let features = || by_type(0x2B29, &[1]);
    innocent(&exchange(features(), &[0x12, 8, 0, 3], &[0x13]));
    let cleared = |answer| exchange(features(), &[0x12, 8, 0, 2], answer);
    breaks(&cleared(&[1, 0x12, 8, 0, 0x13]), "GATT-FEAT-1", C);
    let both = BTreeSet::from([("GATT-FEAT-1", C), ("GATT-FEAT-1", P)]);
    assert_eq!(cleared(&[0x13]).named(), both);
    // A missing octet is zero; the value before a bond is found is unknown.
    breaks(&exchange(features(), &[0x12, 8, 0], &[1, 0x12, 8, 0, 0x13]), "GATT-FEAT-1", C);
    innocent(&exchange(secure_from(features(), 0x11), &[0x12, 8, 0, 2], &[0x13]));
    let hash = || by_type(0x2B2A, &[7; 16]);
    innocent(&exchange(hash(), &[0x0A, 3, 0], &[0x0B, 7]));
    breaks(&asked(hash(), &[0x0C, 8, 0, 0, 0]), "GATT-HASH-2", C);
    breaks(&asked(hash(), &[0x0E, 3, 0, 8, 0]), "GATT-HASH-2", C);
}

fn out_of_sync() -> Script {
    exchange(NEW(), &[0x0A, 3, 0], &[1, 0x0A, 3, 0, 0x12])
}

/// GATT-SYNC-3: what has changed is discovered anew.
#[test]
fn handles_that_are_void_are_not_used() {
    breaks(&asked(out_of_sync(), &[0x12, 3, 0, 1]), "GATT-SYNC-3", C);
    innocent(&asked(exchange(out_of_sync(), &SERVICES, &[1, 0x10, 1, 0, 0x0A]), &[0x0A, 3, 0]));
    let hash = exchange(out_of_sync(), &[8, 1, 0, 0xFF, 0xFF, 0x2A, 0x2B], &[1, 8, 1, 0, 0x0A]);
    innocent(&asked(hash, &[0x0A, 3, 0]));
    // Service Changed at handle 3, configured, indicated and confirmed.
    let list = [9, 7, 2, 0, 0x20, 3, 0, 5, 0x2A];
    let changed = att(exchange(NEW(), &CHARACTERISTICS, &list), P, &[0x1D, 3, 0, 1, 0, 0xFF, 0xFF]);
    let confirmed = || att(changed.clone(), C, &[0x1E]);
    breaks(&asked(confirmed(), &[0x0A, 9, 0]), "GATT-SYNC-3", C);
    innocent(&asked(changed.clone(), &[0x0A, 9, 0]));
    innocent(&asked(exchange(confirmed(), &SERVICES, &[1, 0x10, 1, 0, 0x0A]), &[0x0A, 9, 0]));
}

/// GAP-NAME-1: values of the GAP Service.
#[test]
fn values_of_the_gap_service_have_their_forms() {
    let good: [(u16, &[u8]); 6] = [
        (0x2A00, "Ä".as_bytes()),
        (0x2A00, &"Ä".as_bytes()[..1]),
        (0x2A01, &[0, 0]),
        (0x2A04, &[6, 0, 0x80, 0x0C, 0xF3, 1, 0x80, 0x0C]),
        (0x2A04, &[0xFF; 8]),
        (0x2AA6, &[1]),
    ];
    for (uuid, value) in good {
        innocent(&by_type(uuid, value));
    }
    let bad: [(u16, &[u8]); 6] = [
        (0x2A00, &[0xFF, b'a']),
        (0x2A04, &[6, 0, 6, 0]),
        (0x2A04, &[5, 0, 6, 0, 0, 0, 100, 0]),
        (0x2A04, &[9, 0, 6, 0, 0, 0, 100, 0]),
        (0x2A04, &[6, 0, 6, 0, 0xF4, 1, 100, 0]),
        (0x2AA6, &[1, 0]),
    ];
    for (uuid, value) in bad {
        breaks(&by_type(uuid, value), "GAP-NAME-1", P);
    }
}

//! The oracle names the sender of PDUs that no central may send.

use std::collections::BTreeSet;

use ble::pdu::data::{DataHeader, Llid};
use bletwin_oracle::judge;
use bletwin_sim::record::{Record, RecordKind};

use super::play::{CENTRAL, Case, Outcome, Variant, play};
use super::states::STATES;
use super::table::Table;

/// Kinds of PDU that are wrong in each state in which they can be read, and the rules of which one
/// is broken.
const WRONG: &[(&str, &[&str])] = &[
    ("enc-rsp", &["LL-ROLE-1"]),
    ("start-enc-req", &["LL-ROLE-1"]),
    ("param-rsp", &["LL-ROLE-1"]),
    ("phy-rsp", &["LL-ROLE-1"]),
    ("min-used-channels", &["LL-ROLE-1"]),
    ("peripheral-feature-req", &["LL-ROLE-1"]),
    ("terminate-long", &["LL-CTRL-1"]),
    ("short", &["LL-CTRL-1"]),
    ("long", &["LL-CTRL-1"]),
    ("update-invalid", &["LL-CTRL-4"]),
    ("map-invalid", &["LL-CTRL-4"]),
    ("param-req-invalid", &["LL-CTRL-4"]),
    ("phy-req-none", &["LL-CTRL-4"]),
    ("length-req-low", &["LL-LEN-3"]),
    ("length-req-high", &["LL-LEN-3"]),
    // While encryption starts the first one is wrong already.
    ("version-twice", &["LL-VERS-1", "LL-ENC-1"]),
    ("too-long", &["LL-LEN-1"]),
    ("wrong-length", &["LL-FRAME-1"]),
    ("reserved-llid", &["LL-FRAME-3"]),
    ("reserved-llid-empty", &["LL-FRAME-3"]),
    ("start-empty", &["LL-FRAME-3"]),
    ("empty-control", &["LL-FRAME-3"]),
    ("rfu-bits", &["LL-FRAME-2"]),
    ("cp-bit", &["LL-FRAME-2"]),
];

/// The first case of a cell in which the PDU is wrong.
fn wrong(table: &Table, state: &'static str, pdu: &'static str) -> Option<Outcome> {
    let cases = (0..SEEDS).map(|seed| Case::of(state, pdu, seed));
    let mut outcomes = cases.map(|(mut case, draw)| {
        case.variant = Variant::Plain;
        play(table, &case, draw)
    });
    outcomes.find(|outcome| pdu != "too-long" || outcome.records.iter().any(is_long_data))
}

/// LL-LEN-1 binds data, not control PDUs.
fn is_long_data(record: &Record) -> bool {
    let RecordKind::AirTx(tx) = &record.kind else { return false };
    let header = tx.pdu.octets().first().copied().map(DataHeader::from_octet);
    record.node == CENTRAL
        && tx.channel < 37
        && tx.pdu.payload_len() > 31
        && header.is_some_and(|header| header.llid != Llid::Control)
}

/// More than enough to draw each kind of a PDU once.
const SEEDS: u64 = 16;

#[test]
fn the_oracle_names_the_central_that_sends_what_none_may() {
    let table = Table::read();
    let (mut blind, mut judged) = (BTreeSet::new(), 0);
    for (pdu, rules) in WRONG {
        // There the peripheral has said that it takes more.
        let may = |state: &&&str| (**state, *pdu) != ("own-length", "too-long");
        for state in STATES.iter().filter(may) {
            let Some(outcome) = wrong(&table, state, pdu) else { continue };
            let found = judge(&bletwin_sim::view(&outcome.records));
            judged += 1;
            let named =
                |rule: &&str| found.iter().any(|one| one.culprit == CENTRAL && one.rule == *rule);
            if outcome.answer.is_some() && !rules.iter().any(named) {
                let told: BTreeSet<_> =
                    found.iter().filter(|one| one.culprit == CENTRAL).map(|one| one.rule).collect();
                blind.insert(format!("{state} × {pdu}: {told:?}"));
            }
        }
    }
    assert!(blind.is_empty(), "{blind:#?}");
    assert_eq!(judged, WRONG.len() * STATES.len() - 1);
}

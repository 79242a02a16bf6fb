//! Whoever sends what no central may send is named by the oracle.

use std::collections::BTreeSet;

use bletwin_sim::oracle::judge;

use super::play::{CENTRAL, Case, Variant, play};
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

#[test]
fn the_oracle_names_the_central_that_sends_what_none_may() {
    let table = Table::read();
    let mut blind = BTreeSet::new();
    for (pdu, rules) in WRONG {
        // There the peripheral has said that it takes more.
        let may = |state: &&&str| (**state, *pdu) != ("own-length", "too-long");
        for state in STATES.iter().filter(may) {
            let (mut case, draw) = Case::of(state, pdu, 0);
            case.variant = Variant::Plain;
            let outcome = play(&table, &case, draw);
            let found = judge(&outcome.records);
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
}

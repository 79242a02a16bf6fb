//! What the oracle does not judge of the rules of hosts, and what is knowingly not kept of them.

use crate::att::{ATT_ERR_2, ATT_HAND_1, ATT_PDU_2, ATT_PDU_3, ATT_PREP_1};
use crate::gatt::{
    GAP_CAR_1, GAP_ENC_1, GAP_ENC_2, GAP_IRK_1, GAP_RPA_1, GAP_RPA_2, GAP_SEC_1, GAP_SEC_2,
    GATT_CCCD_2, GATT_CCCD_3, GATT_DISC_1, GATT_HASH_1, GATT_SYNC_1, GATT_SYNC_2,
};
use crate::smp::{
    SMP_DHK_1, SMP_FEAT_5, SMP_METH_1, SMP_PASS_2, SMP_PDU_2, SMP_PDU_3, SMP_REP_1, SMP_SEC_2,
    SMP_TIME_1,
};
use crate::{Document, Rule, att, gatt, smp};

/// The documents of hosts.
pub const DOCUMENTS: [Document; 3] = [smp::DOCUMENT, att::DOCUMENT, gatt::DOCUMENT];

/// Each rule of hosts that the oracle does not judge, and why.
pub const UNJUDGED: &[(Rule, &str)] = &[
    (SMP_PDU_2, "an end may have had another answer under way"),
    (SMP_PDU_3, "silence is no evidence of having ignored it"),
    (SMP_FEAT_5, "what an end demands is its own affair"),
    (SMP_METH_1, "by SMP-SEQ-1: each method has commands of its own"),
    (SMP_PASS_2, "two passkeys may be equal by chance, and a fixed one is a choice"),
    (SMP_DHK_1, "the shared secret does not cross the air; the order is SMP-SEQ-1"),
    (SMP_TIME_1, "what a host tells its user is not on the air; by SMP-TIME-2"),
    (SMP_REP_1, "the text names no time"),
    (SMP_SEC_2, "which keys a central has, and wants, is its own affair"),
    (ATT_PDU_2, "which other errors apply to a request is the server's affair; by ATT-ERR-1"),
    (ATT_PDU_3, "what a server supports is its own affair; by ATT-ERR-1"),
    (ATT_HAND_1, "which handles a server has is its own affair; by ATT-ERR-1"),
    (ATT_PREP_1, "what a value was before is seldom known"),
    (GATT_CCCD_2, "which client is bonded, and who it was, is not on the air"),
    (GATT_HASH_1, "clients seldom read everything that goes into it"),
    (GATT_SYNC_1, "which client is bonded, and what it has seen, is not on the air"),
    (GATT_SYNC_2, "what a client knows is not on the air"),
    (GATT_DISC_1, "which procedure a request belongs to is not on the air"),
    (GAP_IRK_1, "whether a device ever uses a private address is not on the air"),
    (GAP_SEC_1, "which level an attribute needs is not on the air"),
    (GAP_SEC_2, "users are not on the air"),
    (GAP_ENC_1, "which keys a central has is not on the air"),
    (GAP_ENC_2, "which keys a central has is not on the air"),
    (GAP_CAR_1, "what was read in an earlier connection is not always in what is judged"),
    (GAP_RPA_1, "what a device recognises is not on the air"),
    (GAP_RPA_2, "whose two addresses are is not on the air"),
];

/// Rules that are knowingly not kept, and by which device; `docs/FIDELITY.md` lists each by its id.
pub const NOT_KEPT: &[(Rule, &str)] = &[
    (SMP_PASS_2, "both: `passkey` fixes a passkey on purpose"),
    (SMP_REP_1, "peripheral: four peers are remembered, by their addresses"),
    (
        ATT_PREP_1,
        "peripheral: a prepared write that fits is carried out before a later one of another value \
         turns out not to fit",
    ),
    (ATT_ERR_2, "central: it has no server; every request gets Request Not Supported"),
    (GATT_CCCD_3, "peripheral: a write of one octet is refused, though 3.4.5.1 may allow it"),
    (GAP_IRK_1, "central: it distributes an IRK and never uses a private address"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_of_hosts_is_judged_or_it_is_said_why_not() {
        let all = DOCUMENTS.iter().flat_map(|document| document.rules);
        let unjudged: BTreeSet<_> = all.filter(|rule| !rule.judged).map(|rule| rule.id).collect();
        let said: Vec<_> = UNJUDGED.iter().map(|(rule, _)| rule.id).collect();
        assert_eq!(said.iter().copied().collect::<BTreeSet<_>>(), unjudged);
        assert_eq!(said.len(), unjudged.len(), "one is said twice");
    }
}

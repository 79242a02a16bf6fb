//! Feature bits that agree with each other: the features on air are those that the controller
//! reports to its host, except for the first octet of a response.

use bletwin_rules::features::LL_FEAT_4;
use std::collections::BTreeMap;

use ble::hci::{Event, Return};
use ble::pdu::control::{ControlPdu, FeatureSet};

use super::Findings;
use super::link::{Link, other};
use bletwin_sniffer::{Hci, NodeId, RecordId, Said};

/// Bits that may or must be zero on air regardless of support (Table 4.9 of 4.6).
const MAY_BE_HIDDEN: u64 = {
    let bits: [u8; 13] = [4, 6, 7, 12, 13, 19, 20, 21, 22, 27, 36, 42, 48];
    let mut all = 0;
    let mut at = 0;
    while at < bits.len() {
        all |= 1 << bits[at];
        at += 1;
    }
    all
};

/// The features that each controller has reported to its host, and in which record.
pub(super) type Own = BTreeMap<NodeId, (FeatureSet, RecordId)>;

pub(super) fn own(hci: &[Hci]) -> Own {
    let reported = hci.iter().filter_map(|record| match &record.said {
        Said::Event(Event::CommandComplete { returned: Return::Features(set), .. }) => {
            Some((record.node, (*set, record.id)))
        }
        _ => None,
    });
    reported.collect()
}

pub(super) fn check(link: &Link<'_>, own: &Own, findings: &mut Findings) {
    let mut asked = [None; 2];
    for packet in &link.packets {
        let Some(pdu) = packet.control() else { continue };
        let (set, common) = match pdu {
            ControlPdu::FeatureReq(set) | ControlPdu::PeripheralFeatureReq(set) => {
                if packet.taken {
                    // With two requests open, the answer may be to either.
                    let right = !findings.is_wrong(packet);
                    asked[other(packet.by) as usize] = Some(*set).filter(|_| right);
                }
                (set.0, u64::MAX)
            }
            ControlPdu::FeatureRsp(set) => {
                let Some(FeatureSet(asked)) = asked[packet.by as usize] else { continue };
                (set.0, asked | !0xFF)
            }
            _ => continue,
        };
        let Some((FeatureSet(reported), record)) = own.get(&packet.item.from) else { continue };
        let wrong = (set ^ reported & common) & !MAY_BE_HIDDEN;
        if packet.new && wrong != 0 {
            let text = format!("{}: bits {wrong:X} are not those of the device", packet.name());
            link.report(findings, LL_FEAT_4.id, packet, &[*record], text);
        }
    }
}

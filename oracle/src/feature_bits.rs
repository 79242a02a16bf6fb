//! Feature bits that agree with each other: what a device shows on air is what its controller
//! tells its own host, the first octet of a response aside.

use bletwin_rules::features::LL_FEAT_4;
use std::collections::BTreeMap;

use ble::hci::{Event, Return};
use ble::pdu::control::{ControlPdu, FeatureSet};

use super::Findings;
use super::link::{Link, other};
use bletwin_sniffer::{Hci, NodeId, RecordId, Said};

/// Bits that may be zero on air whatever the device has, or that have to be (Table 4.9 of 4.6).
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

/// What each controller has told its host of itself, and in which record.
pub(super) type Own = BTreeMap<NodeId, (FeatureSet, RecordId)>;

pub(super) fn own(hci: &[Hci]) -> Own {
    let told = hci.iter().filter_map(|record| match &record.said {
        Said::Event(Event::CommandComplete { returned: Return::Features(set), .. }) => {
            Some((record.node, (*set, record.id)))
        }
        _ => None,
    });
    told.collect()
}

pub(super) fn check(link: &Link<'_>, own: &Own, findings: &mut Findings) {
    let mut asked = [None; 2];
    for packet in &link.packets {
        let Some(pdu) = packet.control() else { continue };
        let (set, common) = match pdu {
            ControlPdu::FeatureReq(set) | ControlPdu::PeripheralFeatureReq(set) => {
                if packet.taken {
                    // Of two at once either may be meant.
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
        let Some((FeatureSet(told), record)) = own.get(&packet.item.from) else { continue };
        let wrong = (set ^ told & common) & !MAY_BE_HIDDEN;
        if packet.new && wrong != 0 {
            let text = format!("{}: bits {wrong:X} are not those of the device", packet.name());
            link.report(findings, LL_FEAT_4.id, packet, &[*record], text);
        }
    }
}

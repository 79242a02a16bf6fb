//! GAP-AD and GAP-DISC: what advertising and scan response data say, in legacy PDUs.

use std::collections::BTreeMap;

use bletwin_rules::gatt::{GAP_AD_1, GAP_AD_2, GAP_DISC_1, GAP_DISC_2};

use ble::hci::{Event, FilterPolicy};
use ble::pdu::advertising::{ADVERTISING_ACCESS_ADDRESS, AdvertisingPdu};
use bletwin_sniffer::{Frame, Hci, Moment, NodeId, Said, View};

use super::asked::{Commands, HostSettings};
use super::{Finding, Findings};

const FLAGS: u8 = 0x01;
/// Shortened and Complete Local Name: one name.
const NAMES: [u8; 2] = [0x08, 0x09];
/// Types that stand at most once in a block: Flags, both target addresses, Appearance, Advertising
/// Interval, LE Supported Features, Advertising Interval - long.
const SINGLE: [u8; 7] = [FLAGS, 0x17, 0x18, 0x19, 0x1A, 0x27, 0x2F];

const LIMITED: u8 = 1 << 0;
const GENERAL: u8 = 1 << 1;
const NO_BR_EDR: u8 = 1 << 2;
const BOTH_AT_ONCE: u8 = 1 << 3;

pub(super) fn check(view: &View, findings: &mut Findings) {
    let mut hosts: BTreeMap<NodeId, Commands> = BTreeMap::new();
    for moment in view.moments() {
        match moment {
            Moment::Hci(hci) => crossed(hci, hosts.entry(hci.node).or_default()),
            Moment::Frame(_, frame)
                if frame.access_address == ADVERTISING_ACCESS_ADDRESS
                    && frame.channel.is_none_or(|channel| channel >= 37) =>
            {
                sent(frame, hosts.get(&frame.from).map(Commands::asked), findings);
            }
            Moment::Frame(..) => {}
        }
    }
}

fn crossed(hci: &Hci, host: &mut Commands) {
    match &hci.said {
        Said::Command(command) => host.command(hci.at, command),
        Said::Octets(octets) => host.octets(octets),
        Said::Event(
            Event::CommandComplete { opcode, status, .. } | Event::CommandStatus { opcode, status },
        ) => host.answer(*opcode, *status),
        Said::Event(_) => {}
    }
}

fn sent(frame: &Frame, asked: Option<&HostSettings>, findings: &mut Findings) {
    let Some(pdu) = AdvertisingPdu::parse(&frame.pdu) else { return };
    let (data, responds) = match &pdu {
        AdvertisingPdu::AdvInd { data, .. }
        | AdvertisingPdu::AdvNonconnInd { data, .. }
        | AdvertisingPdu::AdvScanInd { data, .. } => (data, false),
        AdvertisingPdu::ScanRsp { data, .. } => (data, true),
        _ => return,
    };
    let (mut faults, flags) = faults(data, responds);
    faults.extend(closed(flags, asked));
    for (rule, text) in faults {
        findings.add(Finding {
            rule,
            culprit: frame.from,
            at: frame.at,
            record: frame.id,
            evidence: Vec::new(),
            text: format!("{}: {text}", pdu.name()),
        });
    }
}

/// GAP-DISC-2: a discoverable device answers every peer. An advertisement still on air after the
/// host has ended advertising follows the earlier request.
fn closed(flags: u8, asked: Option<&HostSettings>) -> Option<(&'static str, String)> {
    let asked = asked.filter(|asked| asked.enabled && flags & (LIMITED | GENERAL) != 0)?;
    let filter = asked.parameters.as_ref()?.filter;
    let text = || format!("discoverable, with filter policy {filter:?}");
    (filter != FilterPolicy::Any).then(|| (GAP_DISC_2.id, text()))
}

/// The faults in the data of an advertisement or scan response, and the flags in it.
fn faults(mut data: &[u8], responds: bool) -> (Vec<(&'static str, String)>, u8) {
    let (mut faults, mut all) = (Vec::new(), 0);
    let mut seen: Vec<u8> = Vec::new();
    while let Some((&length, rest)) = data.split_first() {
        if length == 0 {
            if rest.iter().any(|octet| *octet != 0) {
                faults.push((GAP_AD_1.id, "a structure without octets".to_owned()));
            }
            break;
        }
        let Some((structure, next)) = rest.split_at_checked(length.into()) else {
            let text = format!("a structure of {length} octets, of which {} are there", rest.len());
            faults.push((GAP_AD_1.id, text));
            break;
        };
        if let Some((&kind, value)) = structure.split_first() {
            let kind = if NAMES.contains(&kind) { NAMES[0] } else { kind };
            let single = SINGLE.contains(&kind) || NAMES.contains(&kind);
            if single && seen.contains(&kind) {
                faults.push((GAP_AD_2.id, format!("type 0x{kind:02X} for the second time")));
            }
            seen.push(kind);
            if kind == FLAGS {
                all |= value.first().copied().unwrap_or_default();
                faults.extend(flags(value, responds));
            }
        }
        data = next;
    }
    (faults, all)
}

fn flags(value: &[u8], responds: bool) -> Option<(&'static str, String)> {
    let flags = value.first().copied().unwrap_or_default();
    let all = |bits| flags & bits == bits;
    let discoverable = flags & (LIMITED | GENERAL) != 0;
    if responds {
        Some((GAP_AD_2.id, "flags".to_owned()))
    } else if all(LIMITED | GENERAL) {
        Some((GAP_DISC_1.id, "limited and general discoverable".to_owned()))
    } else if discoverable && all(NO_BR_EDR | BOTH_AT_ONCE) {
        Some((GAP_DISC_1.id, "without BR/EDR, and with both transports at once".to_owned()))
    } else {
        None
    }
}

//! The ladder: one line per packet, time from top to bottom.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ble::phy::TxPhy;

use super::{names, seconds};
use crate::record::Reception;
use crate::sniffer::{AirItem, Decoded, Direction};

/// The ladder of the packets that `wanted` approves of.
///
/// Columns: time in seconds, connEventCount, direction (C the central, P the peripheral), packet.
/// Marks: `lost` (not received by its peer), `CRC error`, `repeated`, `encrypted`, on LE Coded
/// `S=2` or `S=8`.
#[must_use]
pub fn ladder(items: &[AirItem], wanted: impl FnMut(&AirItem) -> bool) -> String {
    ladder_between(items, wanted, &BTreeMap::new())
}

/// The same; the central of each connection is named in a column, as far as there are `names`.
#[must_use]
pub fn ladder_between(
    items: &[AirItem],
    mut wanted: impl FnMut(&AirItem) -> bool,
    names: &BTreeMap<usize, &str>,
) -> String {
    let several = lives_overlap(items);
    let head = if several { "  link" } else { "" };
    let width = names.values().map(|name| name.chars().count()).max().unwrap_or(0).max(7);
    let whose = |item: &AirItem| match names.is_empty() {
        true => String::new(),
        false => {
            let name = item.connection.and_then(|number| names.get(&number).copied());
            format!("  {:<width$}", name.unwrap_or("-"))
        }
    };
    let who = if names.is_empty() { String::new() } else { format!("  {:<width$}", "central") };
    let mut text = format!("     time s{head}{who}  event        packet\n");
    for item in items.iter().filter(|item| wanted(item)) {
        let link = match item.connection {
            _ if !several => String::new(),
            Some(number) => format!("{:>6}", number + 1),
            None => format!("{:>6}", "-"),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", with_link(item, &[link, whose(item)].concat()));
    }
    text
}

/// Whether a connection goes on after a later one was made.
fn lives_overlap(items: &[AirItem]) -> bool {
    let mut last = 0;
    let mut connections = items.iter().filter_map(|item| item.connection);
    connections.any(|number| {
        last = last.max(number);
        number < last
    })
}

/// Everything but empty data PDUs and unanswered advertising: what most readers want.
#[must_use]
pub fn substantial(item: &AirItem) -> bool {
    match &item.decoded {
        Decoded::Empty => false,
        Decoded::Advertising(_) => item.connection.is_some(),
        // The answer to AUX_CONNECT_REQ is a part of every connection that it begins.
        Decoded::Extended { pdu, .. } => pdu.connect_rsp,
        _ => true,
    }
}

/// One line of the ladder.
#[must_use]
pub fn line(item: &AirItem) -> String {
    with_link(item, "")
}

fn with_link(item: &AirItem, link: &str) -> String {
    let event = item.event.map_or_else(|| "-".to_owned(), |event| event.to_string());
    let arrow = match item.direction {
        Some(Direction::CentralToPeripheral) => "C ──▶ P",
        Some(Direction::PeripheralToCentral) => "C ◀── P",
        None => "  ◀─▶  ",
    };
    let mut text =
        format!("{:>11}{link}  {event:>5}  {arrow}  {}", seconds(item.at), names::describe(item));
    for mark in marks(item) {
        text.push_str("  [");
        text.push_str(mark);
        text.push(']');
    }
    text
}

fn marks(item: &AirItem) -> impl Iterator<Item = &'static str> {
    let arrival = match item.reception {
        _ if item.advertising_name().is_some() && item.connection.is_none() => None,
        Some(Reception::Ok) => None,
        Some(Reception::CrcError) => Some("CRC error"),
        None => Some("lost"),
    };
    let repeated = item.retransmission.then_some("repeated");
    let encrypted = match item.decrypted {
        Some(true) => Some("encrypted"),
        Some(false) => Some("encrypted, key unknown or MIC wrong"),
        None => None,
    };
    let coding = match item.phy {
        TxPhy::CodedS2 => Some("S=2"),
        TxPhy::CodedS8 => Some("S=8"),
        TxPhy::Le1M | TxPhy::Le2M => None,
    };
    [arrival, repeated, encrypted, coding].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::NodeId;
    use crate::sniffer::sniff;
    use crate::sniffer::tests::Tape;
    use ble::pdu::control::ControlPdu;
    use ble::pdu::data::Llid;
    use ble::phy::PhySet;

    #[test]
    fn a_ladder_reads_like_one() {
        let mut tape = Tape::connected();
        let two = PhySet::LE_2M;
        tape.empty(NodeId(0), 5_000);
        tape.control(NodeId(1), 5_230, ControlPdu::PhyReq { tx: two, rx: two });
        let update = ControlPdu::PhyUpdateInd { c_to_p: two, p_to_c: PhySet::NONE, instant: 9 };
        tape.control(NodeId(0), 15_000, update);
        tape.data(NodeId(0), 25_000, Llid::Control, &update.encode(), false);
        tape.data(NodeId(0), 35_000, Llid::Start, &[2, 0, 6, 0, 5, 8], true);
        if let Some(last) = tape.records.pop() {
            assert!(matches!(last.kind, crate::record::RecordKind::AirRx { .. }));
        }
        insta::assert_snapshot!(ladder(&sniff(&tape.records), substantial));
    }
}

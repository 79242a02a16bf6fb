//! PDUs on air and events to the hosts, in the words of a collision's expectation.

use std::collections::VecDeque;

use ble::error::ErrorCode;
use ble::hci::{Event, Handle};
use ble::pdu::control::ControlPdu;
use ble::time::Instant;
use bletwin_sim::node::NodeId;
use bletwin_sim::record::{Note, Record, RecordKind};
use bletwin_sim::sniffer::{Direction, sniff};

/// The run, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) air: Vec<String>,
    pub(super) central: Vec<String>,
    pub(super) peripheral: Vec<String>,
}

/// The observed or expected result.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// What happened from then on.
    pub(super) from: Instant,
    /// Peripheral and central.
    pub(super) nodes: [NodeId; 2],
    /// Where there are several: number of the connection, and its handles at both.
    pub(super) link: Option<(usize, [Handle; 2])>,
}

impl Seen {
    /// The expected result.
    pub(super) fn expected(air: &[&str], central: &[&str], peripheral: &[&str]) -> Self {
        let owned = |list: &[&str]| list.iter().map(|line| (*line).to_owned()).collect();
        Self { air: owned(air), central: owned(central), peripheral: owned(peripheral) }
    }

    /// Of what happened.
    pub(super) fn of(records: &[Record], view: &View) -> Self {
        let View { from, nodes, link } = *view;
        let here = |connection| link.is_none_or(|(number, _)| connection == Some(number));
        let air = sniff(records).into_iter();
        let air =
            air.filter(|item| item.at >= from && !item.retransmission && here(item.connection));
        let air = air.filter_map(|item| {
            let who = match item.direction? {
                Direction::CentralToPeripheral => "C",
                Direction::PeripheralToCentral => "P",
            };
            Some(format!("{who} {}", pdu(item.control()?)?))
        });
        let events = |end: usize| {
            let node = nodes[end];
            let here = |handle| link.is_none_or(|(_, handles)| handles[end] == handle);
            let notes = records.iter().filter(|record| record.node == node && record.at >= from);
            let events = notes.filter_map(|record| match &record.kind {
                RecordKind::Note(Note::HciEvent(event)) => {
                    event_in_words(event).filter(|(handle, _)| here(*handle)).map(|(_, text)| text)
                }
                _ => None,
            });
            events.collect()
        };
        Self { air: air.collect(), central: events(1), peripheral: events(0) }
    }

    /// The first difference from the expected result, in a sentence.
    pub(super) fn difference(&self, expected: &Self) -> Option<String> {
        let differs = |what: &str, seen: &[String], expected: &[String]| {
            let mut left: VecDeque<&String> = expected.iter().collect();
            let first = seen.iter().find(|line| left.pop_front() != Some(*line));
            match (first, left.front()) {
                (None, None) => None,
                (None, Some(missing)) => Some(format!("{what} ended before: {missing}.")),
                (Some(line), _) => {
                    let at = seen.iter().position(|other| std::ptr::eq(other, line))?;
                    let due = expected.get(at).map_or("nothing more", String::as_str);
                    Some(format!("{what} was: {line}. By the rules it is: {due}."))
                }
            }
        };
        differs("On air", &self.air, &expected.air)
            .or_else(|| differs("What the central told its host", &self.central, &expected.central))
            .or_else(|| {
                let what = "What the peripheral told its host";
                differs(what, &self.peripheral, &expected.peripheral)
            })
    }
}

/// `None`: of the feature exchange, which comes first in every run.
fn pdu(pdu: &ControlPdu) -> Option<String> {
    let name = pdu.opcode().name();
    Some(match pdu {
        ControlPdu::FeatureReq(_)
        | ControlPdu::PeripheralFeatureReq(_)
        | ControlPdu::FeatureRsp(_) => return None,
        ControlPdu::RejectExtInd { opcode, error } => {
            format!("{name} {} 0x{:02X}", opcode.name(), error.0)
        }
        ControlPdu::RejectInd(error) | ControlPdu::TerminateInd(error) => {
            format!("{name} 0x{:02X}", error.0)
        }
        ControlPdu::UnknownRsp(opcode) => format!("{name} {}", opcode.name()),
        _ => name.into(),
    })
}

/// With the link's handle. `None`: what says nothing of a procedure.
fn event_in_words(event: &Event) -> Option<(Handle, String)> {
    let code = |status: ErrorCode| format!("0x{:02X}", status.0);
    Some(match event {
        Event::LePhyUpdateComplete { handle, status, tx, rx } => {
            let status = code(*status);
            (*handle, format!("PHY update {status}: tx {}, rx {}", *tx as u8, *rx as u8))
        }
        Event::LeConnectionUpdateComplete { handle, status, interval, .. } => {
            (*handle, format!("connection update {}: interval {interval}", code(*status)))
        }
        Event::LeDataLengthChange { handle, tx_octets, rx_octets, .. } => {
            (*handle, format!("data length: tx {tx_octets}, rx {rx_octets}"))
        }
        Event::LeRemoteConnectionParameterRequest { handle, interval_max, .. } => {
            (*handle, format!("asked for interval {interval_max}"))
        }
        Event::DisconnectionComplete { handle, reason, .. } => {
            (*handle, format!("disconnected {}", code(*reason)))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(air: &[&str]) -> Seen {
        let air = air.iter().map(|line| (*line).to_owned()).collect();
        Seen { air, central: Vec::new(), peripheral: Vec::new() }
    }

    #[test]
    fn the_first_difference_is_reported() {
        let expected = seen(&["C LL_PHY_REQ", "P LL_PHY_RSP"]);
        assert_eq!(expected.difference(&expected), None);
        let short = seen(&["C LL_PHY_REQ"]).difference(&expected).unwrap();
        assert_eq!(short, "On air ended before: P LL_PHY_RSP.");
        let other = seen(&["C LL_PHY_REQ", "P LL_UNKNOWN_RSP LL_PHY_REQ"]).difference(&expected);
        let other = other.unwrap();
        let text = "On air was: P LL_UNKNOWN_RSP LL_PHY_REQ. By the rules it is: P LL_PHY_RSP.";
        assert_eq!(other, text);
        let long = seen(&["C LL_PHY_REQ", "P LL_PHY_RSP", "P LL_PHY_RSP"]).difference(&expected);
        assert!(long.unwrap().ends_with("By the rules it is: nothing more."));
    }
}

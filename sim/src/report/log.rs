//! The log of one device, as Zephyr's backend prints it.

use std::collections::VecDeque;
use std::fmt::Write as _;

use ble::log::Stamp;
use ble::time::Instant;

use crate::node::NodeId;
use crate::record::{Note, Record, RecordKind};

/// How a line begins that came by a chip's serial port.
const SERIAL: &str = "UARTE0: ";
/// How many lines may come before one that is the same by the serial port.
const BEHIND: usize = 64;

/// All log lines of a node, one per line: `[00:00:15.123,456] <inf> BLE_Main: Connected`. Times
/// count from when the node was last switched on. What a chip prints twice, for a debugger and by
/// its serial port, is here once.
#[must_use]
pub fn log(records: &[Record], node: NodeId) -> String {
    let mut text = String::new();
    let mut recent: VecDeque<String> = VecDeque::new();
    let mut started = Instant::ZERO;
    for record in records.iter().filter(|record| record.node == node) {
        match &record.kind {
            RecordKind::Started => started = record.at,
            RecordKind::Note(note) => {
                let Some(line) = line(note) else { continue };
                let serial = line.strip_prefix(SERIAL).map(unstamped);
                let same = |one: &String| serial == Some(one.as_str());
                // Each line is one that came by the serial port, and no more.
                if let Some(place) = recent.iter().position(same) {
                    recent.remove(place);
                    continue;
                }
                let time = Stamp(record.at.since(started));
                // Writing to a string cannot fail.
                let _ = writeln!(text, "[{time}] {line}");
                if serial.is_none() {
                    if recent.len() == BEHIND {
                        recent.pop_front();
                    }
                    recent.push_back(line);
                }
            }
            _ => {}
        }
    }
    text
}

/// A note as a line of the log, without its time: `<inf> BLE_Main: Connected`; `None` if it is no
/// line of the log.
#[must_use]
pub fn line(note: &Note) -> Option<String> {
    match note {
        Note::Log(log) => Some(format!("<{}> {log}", log.severity.short())),
        Note::Said(severity, text) => Some(format!("<{}> app: {text}", severity.short())),
        Note::Printed(text) => Some(text.clone()),
        _ => None,
    }
}

/// A line without the time in brackets that its device has put before it.
fn unstamped(line: &str) -> &str {
    let stamped = line.strip_prefix('[').and_then(|line| line.split_once("] "));
    stamped.map_or(line, |(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sniffer::tests::Tape;
    use ble::error::ErrorCode;
    use ble::log::{Line, Log, Severity};

    #[test]
    fn lines_look_like_those_of_the_device() {
        let mut tape = Tape::default();
        let node = NodeId(1);
        tape.record(node, 1_000_000, RecordKind::Started);
        let line = Line::Disconnected(ErrorCode::CONNECTION_TIMEOUT);
        let log_line = Log { severity: Severity::Info, module: "BLE_Main", line };
        tape.record(node, 3_724_123_456, RecordKind::Note(Note::Log(log_line.clone())));
        tape.record(NodeId(0), 3_724_123_456, RecordKind::Note(Note::Log(log_line)));
        let expected = "[01:02:03.123,456] <inf> BLE_Main: Disconnected (reason 8)\n";
        assert_eq!(log(&tape.records, node), expected);
    }

    #[test]
    fn what_is_printed_twice_is_told_once() {
        let mut tape = Tape::default();
        let node = NodeId(1);
        let line = Log { severity: Severity::Info, module: "BLE_Main", line: Line::Connected };
        tape.record(node, 1, RecordKind::Note(Note::Log(line)));
        for serial in ["UARTE0: [00:00:01.000,000] <inf> BLE_Main: Connected", "UARTE0: else"] {
            tape.record(node, 2, RecordKind::Note(Note::Printed(serial.into())));
        }
        let lines = log(&tape.records, node);
        let texts: Vec<_> = lines.lines().filter_map(|line| line.split_once("] ")).collect();
        let texts: Vec<_> = texts.into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["<inf> BLE_Main: Connected", "UARTE0: else"]);
    }

    /// Only the same line is the same: an empty one was taken for the end of every other.
    #[test]
    fn what_only_ends_alike_is_told() {
        let printed = ["", "ready", "UARTE0: not ready", "UARTE0: ready", "UARTE0: ready"];
        let mut tape = Tape::default();
        for text in printed {
            tape.record(NodeId(1), 2, RecordKind::Note(Note::Printed(text.into())));
        }
        let lines = log(&tape.records, NodeId(1));
        let texts: Vec<_> = lines.lines().filter_map(|line| line.split_once("] ")).collect();
        let texts: Vec<_> = texts.into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["", "ready", "UARTE0: not ready", "UARTE0: ready"]);
    }
}

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
                let again = |line: &String| {
                    let serial = line.strip_prefix(SERIAL);
                    serial.is_some_and(|serial| recent.iter().any(|one| serial.ends_with(one)))
                };
                if let Some(line) = line(note).filter(|line| !again(line)) {
                    let time = Stamp(record.at.since(started));
                    // Writing to a string cannot fail.
                    let _ = writeln!(text, "[{time}] {line}");
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
}

//! The log of one device, as Zephyr's backend prints it.

use std::fmt::Write as _;

use ble::log::Severity;
use ble::time::{Duration, Instant};

use crate::node::NodeId;
use crate::record::{Note, Record, RecordKind};

/// All log lines of a node, one per line: `[00:00:15.123,456] <inf> BLE_Main: Connected`. Times
/// count from when the node was last switched on.
#[must_use]
pub fn log(records: &[Record], node: NodeId) -> String {
    let mut text = String::new();
    let mut started = Instant::ZERO;
    for record in records.iter().filter(|record| record.node == node) {
        match &record.kind {
            RecordKind::Started => started = record.at,
            RecordKind::Note(note) => {
                if let Some(line) = line(note) {
                    let time = timestamp(record.at.since(started));
                    // Writing to a string cannot fail.
                    let _ = writeln!(text, "[{time}] {line}");
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
        Note::Log(log) => Some(format!("<{}> {}: {}", short(log.severity), log.module, log.line)),
        Note::Said(severity, text) => Some(format!("<{}> app: {text}", short(*severity))),
        Note::Printed(text) => Some(text.clone()),
        _ => None,
    }
}

const fn short(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "err",
        Severity::Warning => "wrn",
        Severity::Info => "inf",
        Severity::Debug => "dbg",
    }
}

/// `00:00:15.123,456`: hours, minutes, seconds, milliseconds, microseconds.
#[must_use]
pub fn timestamp(since_boot: Duration) -> String {
    let us = since_boot.as_us();
    let s = us / 1_000_000;
    let (ms, rest) = (us / 1_000 % 1_000, us % 1_000);
    format!("{:02}:{:02}:{:02}.{ms:03},{rest:03}", s / 3_600, s / 60 % 60, s % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sniffer::tests::Tape;
    use ble::error::ErrorCode;
    use ble::log::{Line, Log};

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
}

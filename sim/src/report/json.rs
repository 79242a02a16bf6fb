//! Records as JSON, for other tools.

use ble::log::Severity;
use serde_json::{Value, json};

use crate::record::{Note, RECORD_SCHEMA, Record, RecordKind};

/// All records as one object: `schema`, `nodes` (names by number), `records`. Times are world
/// time in nanoseconds; octets are hexadecimal, in the order of the air.
#[must_use]
pub fn json(records: &[Record], nodes: &[&str]) -> Value {
    let records: Vec<Value> = records.iter().map(record).collect();
    json!({ "schema": RECORD_SCHEMA, "nodes": nodes, "records": records })
}

fn record(record: &Record) -> Value {
    let causes: Vec<u64> = record.causes.iter().map(|id| id.0).collect();
    let (kind, details) = kind(&record.kind);
    json!({
        "id": record.id.0,
        "causes": causes,
        "at_ns": record.at.ticks() / 64,
        "node": record.node.0,
        "kind": kind,
        "details": details,
    })
}

fn kind(kind: &RecordKind) -> (&'static str, Value) {
    match kind {
        RecordKind::Started => ("started", Value::Null),
        RecordKind::Note(n) => note(n),
        RecordKind::Shown(ui) => ("shown", debug(ui)),
        RecordKind::Acted(act) => ("acted", debug(act)),
        RecordKind::AirTx(tx) => {
            let details = json!({
                "channel": tx.channel,
                "phy": format!("{:?}", tx.phy),
                "access_address": format!("{:08x}", tx.access_address),
                "crc_init": format!("{:06x}", tx.crc_init),
                "pdu": hex(tx.pdu.octets()),
                "crc": hex(&tx.crc.to_le_bytes()[..3]),
                "end_ns": tx.end.ticks() / 64,
                "tag": tx.tag,
            });
            ("air-tx", details)
        }
        RecordKind::AirRx { tx, reception, rssi_dbm } => {
            let crc_ok = *reception == crate::record::Reception::Ok;
            ("air-rx", json!({ "tx": tx.0, "crc_ok": crc_ok, "rssi_dbm": rssi_dbm }))
        }
        RecordKind::AirMiss => ("air-miss", Value::Null),
        RecordKind::Fault(text) => ("fault", json!(text)),
        RecordKind::RadioError(error) => ("radio-error", debug(error)),
    }
}

fn note(note: &Note) -> (&'static str, Value) {
    match note {
        Note::HciCommand(command) => {
            ("hci-command", json!({ "name": command.name(), "text": debug(command) }))
        }
        Note::HciEvent(event) => {
            ("hci-event", json!({ "name": event.name(), "text": debug(event) }))
        }
        Note::AclOut(acl) => ("acl-out", json!({ "handle": acl.handle.0, "data": hex(&acl.data) })),
        Note::AclIn(acl) => ("acl-in", json!({ "handle": acl.handle.0, "data": hex(&acl.data) })),
        Note::H4 { to_host, octets } => {
            ("h4", json!({ "to-host": to_host, "octets": hex(octets) }))
        }
        Note::Log(log) => ("log", logged(log.severity, log.module, &log.line)),
        Note::Said(severity, text) => ("log", logged(*severity, "app", text)),
        Note::Trace(trace) => ("trace", debug(trace)),
        Note::EffectStarted { id, what } => {
            ("effect-started", json!({ "effect": id.0, "what": what }))
        }
        Note::EffectEnded { id } => ("effect-ended", json!({ "effect": id.0 })),
        Note::Printed(text) => ("printed", json!(text)),
        Note::Host(text) => ("host", json!(text)),
    }
}

fn logged(severity: Severity, module: &str, text: &impl std::fmt::Display) -> Value {
    json!({
        "severity": format!("{severity:?}").to_lowercase(),
        "module": module,
        "text": text.to_string(),
    })
}

/// Secrets print as redacted.
fn debug(value: &impl std::fmt::Debug) -> Value {
    Value::String(format!("{value:?}"))
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::NodeId;
    use crate::sniffer::tests::Tape;
    use ble::hci::{Command, Handle};
    use ble::secret::Secret;

    #[test]
    fn an_object_with_its_version_and_no_secrets() {
        let mut tape = Tape::connected();
        let ltk = Secret::new([0x2A; 16]);
        let command = Command::LeEnableEncryption { handle: Handle(1), rand: 0, ediv: 0, ltk };
        tape.record(NodeId(0), 2_000, RecordKind::Note(Note::HciCommand(command)));
        let object = json(&tape.records, &["central", "peripheral"]);
        assert_eq!(object["schema"], RECORD_SCHEMA);
        assert_eq!(object["records"][0]["details"]["access_address"], "8e89bed6");
        assert_eq!(object["records"][0]["at_ns"], 1_000_000);
        assert_eq!(object["records"][2]["details"]["name"], "LeEnableEncryption");
        let text = object.to_string();
        assert!(text.contains("redacted") && !text.contains("42, 42"), "{text}");
    }
}

//! What crossed HCI, as one number.

use ble::hci::codec::{CodecError, ConnectionEvent, encode_acl, encode_command, encode_event};
use bletwin_sim::record::{Note, Record, RecordKind};
use sha2::{Digest, Sha256};

use super::hex;

/// Digest of every HCI packet of every node, with its time and direction: equal for equal runs. A
/// packet that HCI has no octets for counts with its time alone.
#[must_use]
pub fn hci_sha256(records: &[Record]) -> String {
    let mut hash = Sha256::new();
    for record in records {
        let RecordKind::Note(note) = &record.kind else { continue };
        let Some((to_host, octets)) = packet(note) else { continue };
        hash.update(record.at.ticks().to_le_bytes());
        hash.update(record.node.0.to_le_bytes());
        hash.update([u8::from(to_host)]);
        hash.update(octets.unwrap_or_default());
    }
    hex(&hash.finalize())
}

/// Whether it goes to the host, and its octets.
fn packet(note: &Note) -> Option<(bool, Result<Vec<u8>, CodecError>)> {
    Some(match note {
        Note::HciCommand(command) => (false, encode_command(command).map(|o| o.to_vec())),
        Note::HciEvent(event) => {
            (true, encode_event(event, ConnectionEvent::Enhanced).map(|o| o.to_vec()))
        }
        Note::AclOut(acl) => (false, encode_acl(acl, true).map(|o| o.to_vec())),
        Note::AclIn(acl) => (true, encode_acl(acl, false).map(|o| o.to_vec())),
        Note::H4 { to_host, octets } => (*to_host, Ok(octets.clone())),
        _ => return None,
    })
}

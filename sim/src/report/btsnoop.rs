//! What a host and its controller say to each other, as Android and BlueZ write it to a file.

use ble::hci::codec::{ConnectionEvent, encode_acl, encode_command, encode_event};

use crate::node::NodeId;
use crate::record::{Note, Record, RecordKind};

/// Version of the format, and that its packets begin with an indicator of H4.
const HEAD: [u8; 16] = [b'b', b't', b's', b'n', b'o', b'o', b'p', 0, 0, 0, 0, 1, 0, 0, 3, 0xEA];
/// Its times are µs since the year 0; that is where those of bletwin begin: on 2000-01-01.
const BEGIN_US: u64 = 0x00E0_3AB4_4A67_6000;
/// A packet to the host, and a packet that is a command or an event.
const TO_HOST: u32 = 1;
const CONTROL: u32 = 2;

/// A whole file with everything that crossed the HCI of a device; empty but for its head where
/// nothing did.
#[must_use]
pub fn btsnoop(records: &[Record], node: NodeId) -> Vec<u8> {
    let mut file = HEAD.to_vec();
    for record in records.iter().filter(|record| record.node == node) {
        let RecordKind::Note(note) = &record.kind else { continue };
        let Some((to_host, h4)) = packet(note) else { continue };
        let control = matches!(h4.first(), Some(1 | 4));
        let flags = if to_host { TO_HOST } else { 0 } | if control { CONTROL } else { 0 };
        let length = u32::try_from(h4.len()).unwrap_or(u32::MAX);
        // As long as it was, as long as it is here, and none were lost.
        for word in [length, length, flags, 0] {
            file.extend_from_slice(&word.to_be_bytes());
        }
        file.extend_from_slice(&(BEGIN_US + record.at.as_us()).to_be_bytes());
        file.extend_from_slice(&h4);
    }
    file
}

/// Whether a packet went to the host, and its octets of H4; `None`: no packet, or one that HCI has
/// no octets for.
fn packet(note: &Note) -> Option<(bool, Vec<u8>)> {
    let h4 = |indicator: u8, octets: &[u8]| [&[indicator], octets].concat();
    Some(match note {
        Note::HciCommand(command) => (false, h4(1, &encode_command(command).ok()?)),
        Note::HciEvent(event) => {
            (true, h4(4, &encode_event(event, ConnectionEvent::Enhanced).ok()?))
        }
        Note::AclOut(acl) => (false, h4(2, &encode_acl(acl, true).ok()?)),
        Note::AclIn(acl) => (true, h4(2, &encode_acl(acl, false).ok()?)),
        _ => return None,
    })
}

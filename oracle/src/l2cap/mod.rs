//! The hosts of both ends, by what they say to each other on L2CAP: pairing and attributes.
//!
//! Each end is judged by its own knowledge: what it has sent, in its order, and what has reached
//! it. A frame counts as sent when its last fragment is first on air, and as received when the
//! peer's link layer has taken that fragment.

mod att;
mod lists;
mod pairing;
mod smp;
mod terms;

use std::collections::BTreeMap;

use ble::hci::Role;

use super::Findings;
use super::link::{Link, Packet};
use bletwin_sniffer::{Decoded, RecordId};

const CID_ATT: u16 = 0x0004;
const CID_SMP: u16 = 0x0006;

/// A whole L2CAP frame on a fixed channel.
struct Frame<'a> {
    by: Role,
    cid: u16,
    octets: &'a [u8],
    /// Its last fragment.
    packet: &'a Packet<'a>,
}

impl Frame<'_> {
    fn is_encrypted(&self) -> bool {
        self.packet.item.decrypted == Some(true)
    }
}

/// Gives a finding of a rule against the sender of a frame.
struct Court<'a, 'b> {
    link: &'a Link<'b>,
    findings: &'a mut Findings,
}

impl Court<'_, '_> {
    fn report(&mut self, rule: &'static str, frame: &Frame<'_>, text: String) {
        self.link.report(self.findings, rule, frame.packet, &[], text);
    }
}

/// Judges both hosts of a connection, as long as all that they say can be read.
pub(super) fn check(link: &Link<'_>, findings: &mut Findings) {
    let mut court = Court { link, findings };
    let mut smp = smp::Smp::default();
    let mut att = att::Att::default();
    // By the record of the first transmission of the last fragment.
    let mut under_way: BTreeMap<RecordId, Frame<'_>> = BTreeMap::new();
    for packet in &link.packets {
        // What follows hangs on what cannot be read.
        if packet.item.decrypted == Some(false) {
            return;
        }
        if let Decoded::L2cap { cid, bytes, complete: true } = &packet.item.decoded
            && packet.new
        {
            let frame = Frame { by: packet.by, cid: *cid, octets: bytes, packet };
            match frame.cid {
                CID_SMP => smp.sent(&frame, &mut court),
                CID_ATT => att.sent(&frame, &mut court),
                _ => {}
            }
            under_way.insert(packet.first, frame);
        }
        if packet.taken
            && let Some(frame) = under_way.remove(&packet.first)
        {
            match frame.cid {
                CID_SMP => smp.received(&frame),
                CID_ATT => att.received(&frame),
                _ => {}
            }
        }
    }
}

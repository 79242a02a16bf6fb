//! The hosts of both ends, by what they say to each other on L2CAP: pairing, attributes, and
//! requests for parameters.
//!
//! Each end is judged by what it can know: what it has sent, in order, and what it has received. A
//! frame counts as sent when its last fragment is first on air, and as received when the peer's
//! link layer has taken that fragment.

mod answers;
mod att;
mod attributes;
mod changes;
mod codes;
mod commitments;
mod court;
mod declarations;
mod formats;
mod idle;
mod lists;
mod pairing;
mod signalling;
mod smp;
mod terms;
mod values;

use std::collections::BTreeMap;

use super::Findings;
use super::link::Link;
use bletwin_sniffer::{Decoded, RecordId};
use court::{Court, SentFrame, TIMEOUT, Wrong};

const CID_ATT: u16 = 0x0004;
const CID_SIGNALLING: u16 = 0x0005;
const CID_SMP: u16 = 0x0006;

/// Judges both hosts of a connection, as long as all that they say can be read.
pub(super) fn check(link: &Link<'_>, findings: &mut Findings) {
    let mut court = Court { link, findings, idle: idle::Idle::default() };
    let mut smp = smp::Smp::default();
    let mut att = att::Att::default();
    let mut signalling = signalling::Signalling::default();
    // By the record of the first transmission of the last fragment.
    let mut under_way: BTreeMap<RecordId, SentFrame<'_>> = BTreeMap::new();
    for packet in &link.packets {
        // What follows hangs on what cannot be read.
        if packet.item.decrypted == Some(false) {
            return;
        }
        if court.idle.pass(packet)
            && let Some((rule, text)) = att.silent(packet)
        {
            court.link.report(court.findings, rule, packet, &[], text);
        }
        if idle::is_of_encryption(packet) {
            att.forget();
        }
        if let Decoded::L2cap { cid, bytes, complete: true } = &packet.item.decoded
            && packet.new
        {
            let frame = SentFrame { by: packet.by, cid: *cid, octets: bytes, packet };
            match frame.cid {
                CID_SMP => {
                    att.forget();
                    smp.sent(&frame, &mut court);
                }
                CID_ATT => att.sent(&frame, &mut court),
                CID_SIGNALLING => signalling.sent(&frame, &mut court),
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
                CID_SIGNALLING => signalling.received(&frame),
                _ => {}
            }
        }
    }
    smp.keys(&mut court);
}

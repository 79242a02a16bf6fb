//! The hosts of both ends, by what they say to each other on L2CAP: pairing, attributes, and
//! requests for parameters.
//!
//! Each end is judged by its own knowledge: what it has sent, in its order, and what has reached
//! it. A frame counts as sent when its last fragment is first on air, and as received when the
//! peer's link layer has taken that fragment.

mod answers;
mod att;
mod attributes;
mod codes;
mod commitments;
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

use ble::hci::Role;
use ble::time::{Duration, Instant};

use super::Findings;
use super::link::{Link, Packet};
use bletwin_sniffer::{Decoded, RecordId};

const CID_ATT: u16 = 0x0004;
const CID_SIGNALLING: u16 = 0x0005;
const CID_SMP: u16 = 0x0006;

/// Timeout of an ATT transaction and of a pairing (30 s), and what clocks may be off.
const TIMEOUT: Duration = Duration::from_secs(31);

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

    fn at(&self) -> Instant {
        self.packet.item.at
    }
}

/// What is wrong: the rule, and how it is broken.
type Wrong = Option<(&'static str, String)>;

/// Gives a finding of a rule against the sender of a frame.
struct Court<'a, 'b> {
    link: &'a Link<'b>,
    findings: &'a mut Findings,
    idle: idle::Idle,
}

impl Court<'_, '_> {
    fn report(&mut self, rule: &'static str, frame: &Frame<'_>, text: String) {
        self.link.report(self.findings, rule, frame.packet, &[], text);
    }

    fn report_all(
        &mut self,
        frame: &Frame<'_>,
        wrong: impl IntoIterator<Item = (&'static str, String)>,
    ) {
        wrong.into_iter().for_each(|(rule, text)| self.report(rule, frame, text));
    }

    /// Whether the sender of a frame had nothing left to send at a time, or later, before it.
    fn was_idle(&self, by: Role, since: Instant) -> bool {
        self.idle.of(by).is_some_and(|idle| idle >= since)
    }
}

/// Judges both hosts of a connection, as long as all that they say can be read.
pub(super) fn check(link: &Link<'_>, findings: &mut Findings) {
    let mut court = Court { link, findings, idle: idle::Idle::default() };
    let mut smp = smp::Smp::default();
    let mut att = att::Att::default();
    let mut signalling = signalling::Signalling::default();
    // By the record of the first transmission of the last fragment.
    let mut under_way: BTreeMap<RecordId, Frame<'_>> = BTreeMap::new();
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
            let frame = Frame { by: packet.by, cid: *cid, octets: bytes, packet };
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

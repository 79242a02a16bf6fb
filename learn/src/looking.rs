//! One connection of a capture that is being looked at, and what was seen with the packets that
//! show it.

use std::collections::BTreeMap;

use bletwin_explain::captured::CapturedLink;
use bletwin_explain::why::{Pdu, What};
use bletwin_models::host::Uuid;
use bletwin_sniffer::AirItem;

/// Channel of the Attribute Protocol.
pub(crate) const ATT: u16 = 4;
/// Channel of the Security Manager.
pub(crate) const SMP: u16 = 6;
/// Channel of L2CAP's signalling.
pub(crate) const SIGNALLING: u16 = 5;
/// ATT errors for want of security.
pub(crate) const WANTING: [u8; 3] = [0x05, 0x0C, 0x0F];
/// IO capabilities as keys have them, by their numbers (Vol 3, Part H, 2.3.2).
pub(crate) const IO: [&str; 5] =
    ["display-only", "display-yes-no", "keyboard-only", "none", "keyboard-display"];
/// Most places that are kept of one fact.
const PLACES: usize = 3;

/// A value that was seen, and where: `connection 1, event 2, 0.146 s`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown<T> {
    /// What was seen.
    pub value: T,
    /// The first places that show it.
    pub places: Vec<String>,
}

/// Values that were seen of one thing, in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values<T>(pub Vec<Shown<T>>);

impl<T> Default for Values<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> Values<T> {
    pub(crate) fn add(&mut self, value: T, place: String) {
        match self.0.iter_mut().find(|shown| shown.value == value) {
            Some(shown) if shown.places.len() < PLACES => shown.places.push(place),
            Some(_) => {}
            None => self.0.push(Shown { value, places: vec![place] }),
        }
    }

    /// Whether nothing was seen of it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values alone.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|shown| &shown.value)
    }
}

/// One connection that is being looked at.
pub(crate) struct Looking<'a> {
    pub(crate) link: &'a CapturedLink,
    /// What its PDUs were read from, one by one.
    pub(crate) items: &'a [&'a AirItem],
    pub(crate) number: usize,
}

impl Looking<'_> {
    pub(crate) fn pdus(&self) -> &[Pdu] {
        &self.link.why.account.pdus
    }

    /// Where a PDU is, for a comment.
    pub(crate) fn place(&self, index: usize) -> String {
        let pdu = self.pdus().get(index);
        let what = pdu.map_or_else(String::new, |pdu| format!("{} ({})", pdu.name(), pdu.place()));
        format!("connection {}: {what}", self.number)
    }

    /// PDUs of the central or of the peripheral that say something new, with their places.
    pub(crate) fn news(&self, central: bool) -> impl Iterator<Item = (usize, &Pdu)> {
        let all = self.pdus().iter().enumerate();
        all.filter(move |(_, pdu)| {
            pdu.is_news() && pdu.from_central == central && pdu.event.is_some()
        })
    }

    /// Whether packets are missing between two PDUs.
    pub(crate) fn hidden(&self, from: usize, to: usize) -> bool {
        self.link.why.account.sight.hidden(from, to) > 0
    }

    /// Octets of an SMP command or of a signalling packet.
    pub(crate) fn frame(&self, index: usize, cid: u16) -> Option<&[u8]> {
        let (channel, octets) = self.items.get(index)?.frame()?;
        (channel == cid).then_some(octets)
    }

    /// The first PDU behind which nothing can be read any more.
    pub(crate) fn readable(&self) -> usize {
        let all = self.pdus();
        all.iter().position(|pdu| pdu.what == What::Unreadable).unwrap_or(all.len())
    }
}

/// UUIDs as profiles write them: `led`, `button`, `0x2a00`, or 32 digits.
fn written(uuid: &[u8]) -> Option<String> {
    let uuid = match uuid {
        [low, high] => Uuid::Short(u16::from_le_bytes([*low, *high])),
        long => Uuid::Long(long.try_into().ok()?),
    };
    Some(match &uuid {
        led if *led == Uuid::LED => "led".into(),
        button if *button == Uuid::BUTTON => "button".into(),
        Uuid::Short(short) => format!("{short:#06x}"),
        Uuid::Long(octets) => format!("{:032x}", u128::from_le_bytes(*octets)),
    })
}

/// Learns which characteristics have their values where, from a Read By Type Response.
pub(crate) fn declarations(octets: &[u8], of: &mut BTreeMap<u16, String>) {
    let [0x09, length, entries @ ..] = octets else { return };
    let length = usize::from(*length);
    if !matches!(length, 7 | 21) {
        return;
    }
    for entry in entries.chunks_exact(length) {
        let value = u16::from_le_bytes([entry[3], entry[4]]);
        of.extend(written(&entry[5..]).map(|uuid| (value, uuid)));
    }
}

//! What its user and its application did, by the requests of its ATT client.

use std::collections::BTreeMap;

use ble::pdu::control::Opcode;
use bletwin_explain::why::{Exchange, What};

use super::Seen;
use crate::looking::{ATT, Looking, Shown, WANTING, declarations};

const PAIRING_REQUEST: u8 = 0x01;

/// One thing that was wanted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SeenStep {
    /// It exchanges the MTU.
    Mtu,
    /// Pairing or encryption that nothing else had asked for.
    Secure,
    /// Discovery of services, characteristics or descriptors.
    Discover,
    /// A value was read: the characteristic's UUID as profiles write it.
    Read(Option<String>),
    /// A value of so many octets was written; what it was is not kept.
    Write(Option<String>, usize),
    /// Notifications or indications were enabled.
    Subscribe(Option<String>),
}

impl SeenStep {
    /// What kind it is, which is compared.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Mtu => "mtu",
            Self::Secure => "secure",
            Self::Discover => "discover",
            Self::Read(_) => "read",
            Self::Write(..) => "write",
            Self::Subscribe(_) => "subscribe",
        }
    }
}

impl Looking<'_> {
    pub(super) fn steps(&self, seen: &mut Seen) {
        let mut of: BTreeMap<u16, String> = BTreeMap::new();
        let mut steps: Vec<SeenStep> = Vec::new();
        let mut places = Vec::new();
        // What asked for security since the last request.
        let (mut wanted, mut secured) = (false, false);
        let readable = self.readable();
        if self.hidden(0, readable) || !self.link.from_the_start {
            return;
        }
        for (index, pdu) in self.pdus().iter().enumerate().take(readable) {
            if !pdu.is_news() {
                continue;
            }
            if let (What::Smp(code), true) = (&pdu.what, pdu.event.is_some()) {
                wanted |= *code == 0x0B && !pdu.from_central;
                if *code == 0x01
                    && pdu.from_central
                    && !std::mem::replace(&mut secured, true)
                    && !wanted
                {
                    steps.push(SeenStep::Secure);
                    places.push(self.place(index));
                }
            }
            let Some(octets) = self.frame(index, ATT) else { continue };
            if !pdu.from_central {
                wanted |= matches!(octets, [0x01, _, _, _, error] if WANTING.contains(error));
                declarations(octets, &mut of);
                continue;
            }
            let Some(step) = step(octets, &of) else { continue };
            // The same again, as after an error, or the next part of a discovery.
            if steps.last() != Some(&step) {
                places.push(self.place(index));
                steps.push(step);
            }
        }
        // With a bond, what was secured once is not secured again by anybody.
        let pairs = self.news(true).any(|(_, pdu)| pdu.what == What::Smp(PAIRING_REQUEST));
        let encrypts = |e: &Exchange| e.from_central && e.opcode == Opcode::ENC_REQ;
        let bonded = !pairs && self.link.why.account.exchanges.iter().any(encrypts);
        match bonded {
            _ if steps.is_empty() => {}
            true => seen.steps_again.push(Shown { value: steps, places }),
            false => seen.steps.push(Shown { value: steps, places }),
        }
    }
}

fn step(octets: &[u8], of: &BTreeMap<u16, String>) -> Option<SeenStep> {
    let at = |handle: u16| of.get(&handle).cloned();
    Some(match octets {
        [0x02, ..] => SeenStep::Mtu,
        [0x04 | 0x06 | 0x08 | 0x10, ..] => SeenStep::Discover,
        [0x0A | 0x0C, low, high, ..] => SeenStep::Read(at(u16::from_le_bytes([*low, *high]))),
        [0x12 | 0x52, low, high, value @ ..] => {
            let handle = u16::from_le_bytes([*low, *high]);
            match (at(handle), value) {
                (None, [_, 0]) => {
                    let owner = of.range(..handle).next_back().map(|(_, uuid)| uuid.clone());
                    SeenStep::Subscribe(owner)
                }
                (uuid, value) => SeenStep::Write(uuid, value.len()),
            }
        }
        _ => return None,
    })
}

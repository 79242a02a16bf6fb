//! What it says of itself: features, how it pairs, lengths, its application.

use std::collections::BTreeMap;

use ble::pdu::control::ControlPdu;
use bletwin_explain::why::What;
use bletwin_explain::why::air::NoBond;
use bletwin_setup::{Tenant, applications};

use super::{Fact, SeenFirmware};
use crate::looking::{ATT, IO, Looking, SMP, WANTING, declarations};

const PAIRING_REQUEST: u8 = 0x01;
const PAIRING_RESPONSE: u8 = 0x02;
const PUBLIC_KEY: u8 = 0x0C;
const REPEATED_ATTEMPTS: u8 = 0x09;
const BONDING: u8 = 0x03;
const MITM: u8 = 0x04;
const SECURE: u8 = 0x08;
const NO_INPUT_NO_OUTPUT: u8 = 3;
/// Features that a firmware can leave out, by their bits.
pub(super) const FEATURES: [(u8, &str); 7] = [
    (8, "2m"),
    (11, "coded"),
    (5, "data-length"),
    (1, "param-request"),
    (2, "extended-reject"),
    (4, "ping"),
    (3, "feature-exchange"),
];

impl Looking<'_> {
    pub(super) fn peripheral_says(&self, seen: &mut SeenFirmware) {
        if let Some(What::Connect(_, request)) = self.pdus().first().map(|pdu| &pdu.what) {
            let public = request.advertiser.kind == ble::address::AddressKind::Public;
            let fact = match request.advertiser.is_resolvable() {
                true => Fact::Between(1, 3_600),
                false => Fact::OneOf(vec!["never"]),
            };
            seen.fact("rpa-timeout", fact, self.place(0));
            if !request.advertiser.is_resolvable() {
                let kind = if public { "public" } else { "random, static" };
                seen.other("address", kind.into(), self.place(0));
            }
        }
        for (index, pdu) in self.news(false) {
            let place = || self.place(index);
            match &pdu.what {
                What::Control(ControlPdu::PeripheralFeatureReq(set)) => {
                    self.offers(seen, index, set.0, u64::MAX);
                }
                What::Control(ControlPdu::FeatureRsp(set)) => {
                    // Of the first octet it says what both have.
                    let exchanges = self.link.why.account.exchanges.iter();
                    let asked = exchanges.filter(|e| e.last() == index).find_map(|exchange| {
                        match self.pdus().get(exchange.request)?.what {
                            What::Control(ControlPdu::FeatureReq(theirs)) => Some(theirs.0),
                            _ => None,
                        }
                    });
                    self.offers(seen, index, set.0, asked.unwrap_or(0) | !0xFF);
                }
                What::Control(ControlPdu::LengthReq(l) | ControlPdu::LengthRsp(l)) => {
                    let words = format!(
                        "receives {} octets in {} µs, sends {} in {} µs",
                        l.max_rx_octets, l.max_rx_time, l.max_tx_octets, l.max_tx_time
                    );
                    seen.other("data length", words, place());
                }
                What::Control(ControlPdu::VersionInd(v)) => {
                    let words = format!(
                        "{}, company {:#06x}, subversion {:#06x}",
                        v.version, v.company, v.subversion
                    );
                    seen.other("version of its link layer", words, place());
                }
                What::Control(ControlPdu::PhyReq { tx, rx }) => {
                    let words = format!("to send {:#04x}, to receive {:#04x}", tx.0, rx.0);
                    seen.other("PHYs that it asks for", words, place());
                }
                What::Att(octets) => {
                    if let [0x02 | 0x03, low, high, ..] = octets[..] {
                        let mtu = u16::from_le_bytes([low, high]).to_string();
                        seen.other("ATT_MTU that it can receive", mtu, place());
                    }
                }
                What::Smp(PAIRING_RESPONSE) => self.response(seen, index),
                What::Smp(PUBLIC_KEY) => {
                    let debug = pdu.no_bond == Some(NoBond::DebugKey);
                    seen.word("debug-key", if debug { "true" } else { "false" }, place());
                }
                What::PairingFailed(REPEATED_ATTEMPTS) => {
                    seen.word("pairing-back-off", "true", place());
                }
                _ => {}
            }
        }
        self.sends(seen);
        self.demands(seen);
        self.application(seen);
    }

    /// Features among those of which the PDU says something.
    fn offers(&self, seen: &mut SeenFirmware, index: usize, set: u64, tells: u64) {
        for (bit, name) in FEATURES.into_iter().filter(|(bit, _)| tells >> bit & 1 == 1) {
            let values = seen.features.entry(name).or_default();
            values.add(set >> bit & 1 == 1, self.place(index));
        }
    }

    fn response(&self, seen: &mut SeenFirmware, index: usize) {
        let place = || self.place(index);
        let Some([_, io, _, auth, size, central, own, ..]) = self.frame(index, SMP) else { return };
        if let Some(io) = IO.get(usize::from(*io)) {
            seen.word("io", io, place());
        }
        let request = self.news(true).filter(|(at, _)| *at < index);
        let request = request.filter(|(_, pdu)| pdu.what == What::Smp(PAIRING_REQUEST)).last();
        let words = format!(
            "Secure Connections {}, key of {size} octets, keys {central:#04x} of the central and \
             {own:#04x} of its own",
            if auth & SECURE == 0 { "no" } else { "yes" },
        );
        seen.other("pairing", words, place());
        let Some([_, theirs, _, wanted, ..]) = request.and_then(|(at, _)| self.frame(at, SMP))
        else {
            return;
        };
        // It offers no bond to whoever wants none.
        if wanted & BONDING != 0 {
            let bonds = if auth & BONDING == 0 { "false" } else { "true" };
            seen.word("bonding", bonds, place());
        }
        // Whoever answers a request that can only become Just Works is content with level 2.
        let blind = (wanted | auth) & MITM == 0;
        if blind || *theirs == NO_INPUT_NO_OUTPUT || *io == NO_INPUT_NO_OUTPUT {
            seen.fact("required-level", Fact::Between(1, 2), place());
        }
    }

    /// The level that it demands, as far as an unencrypted link shows it.
    fn demands(&self, seen: &mut SeenFirmware) {
        for refused in &self.link.why.account.transactions {
            let wanting = refused.error.is_some_and(|error| WANTING.contains(&error));
            let at = refused.answer.unwrap_or(refused.request);
            let plain = self.pdus().get(at).is_some_and(|pdu| !pdu.encrypted);
            if wanting && plain && refused.from_central {
                seen.fact("required-level", Fact::Between(2, 4), self.place(at));
            }
        }
    }

    /// How many PDUs it sends in one connection event.
    fn sends(&self, seen: &mut SeenFirmware) {
        let mut of: BTreeMap<u16, (usize, usize)> = BTreeMap::new();
        for (index, pdu) in self.news(false) {
            if let Some(event) = pdu.event {
                of.entry(event).or_insert((0, index)).0 += 1;
            }
        }
        let Some((count, index)) = of.into_values().max_by_key(|(count, _)| *count) else { return };
        let event = if count == 1 { "one".into() } else { format!("up to {count}") };
        seen.other("PDUs that it sends in a connection event", event, self.place(index));
    }

    /// The application that alone has what was discovered.
    fn application(&self, seen: &mut SeenFirmware) {
        let mut of = BTreeMap::new();
        for (index, _) in self.news(false) {
            let Some(octets) = self.frame(index, ATT) else { continue };
            let before = of.len();
            declarations(octets, &mut of);
            if of.len() == before {
                continue;
            }
            let found = octets.get(2..).unwrap_or_default();
            let uuids = found.chunks_exact(usize::from(octets[1]).max(1));
            for uuid in uuids.filter_map(|entry| entry.get(5..)) {
                let has = |one: &&Tenant| {
                    one.gatt().attributes.iter().any(|one| one.kind.octets() == uuid)
                };
                let all = applications::all();
                let mut owners = all.iter().filter(has).map(Tenant::name);
                if let (Some(name), None) = (owners.next(), owners.next()) {
                    seen.word("app", name, self.place(index));
                }
            }
        }
    }
}

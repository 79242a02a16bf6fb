//! Extended advertising: fields, pointers, answers on secondary channels, and ADI.

use bletwin_rules::extended::{LL_EXT_1, LL_EXT_2, LL_EXT_3, LL_EXT_5};
use std::collections::{BTreeMap, VecDeque};

use ble::address::Address;
use ble::pdu::advertising::AdvertisingPdu;
use ble::pdu::extended::{AdvMode, AuxPtr, ExtendedPdu, T_MAFS};
use ble::phy::{Phy, TxPhy};
use ble::time::{Duration, Instant};

use super::timing::{JITTER, t_ifs_error};
use super::{Finding, Findings};
use bletwin_sniffer::{AirItem, Decoded, NodeId, RecordId};

/// Pointers of one sender that are remembered: three ADV_EXT_INDs and a chain's.
const POINTERS: usize = 8;

type Wrong = Option<(&'static str, String)>;

pub(super) fn check(items: &[AirItem], findings: &mut Findings) {
    let mut senders: BTreeMap<NodeId, Sender> = BTreeMap::new();
    // The last packet on each secondary channel, which the next may answer.
    let mut asked: BTreeMap<u8, Spoken<'_>> = BTreeMap::new();
    for item in items {
        let wrong = match &item.decoded {
            Decoded::Extended { name, pdu } => {
                let sender = senders.entry(item.from).or_default();
                let before = asked.get(&item.channel);
                fields(name, pdu)
                    .or_else(|| answer(item, before, name, pdu))
                    .or_else(|| sender.sent(item, name, pdu))
            }
            Decoded::Advertising(pdu) if item.is_secondary() => {
                request(item, asked.get(&item.channel), pdu)
            }
            _ => continue,
        };
        if let Some((rule, text)) = wrong {
            let name = item.advertising_name().unwrap_or_default();
            findings.add(Finding {
                rule,
                culprit: item.from,
                at: item.at,
                record: item.record,
                evidence: asked
                    .get(&item.channel)
                    .map(|before| before.record)
                    .into_iter()
                    .collect(),
                text: format!("{name}: {text}"),
            });
        }
        let spoken = Spoken { record: item.record, end: item.end, phy: item.phy.phy(), item };
        asked.insert(item.channel, spoken);
    }
}

struct Spoken<'a> {
    record: RecordId,
    end: Instant,
    phy: Phy,
    item: &'a AirItem,
}

/// The faults in the fields of a PDU (Tables 2.9 to 2.13 of Vol 6, Part B).
fn fields(name: &str, pdu: &ExtendedPdu) -> Wrong {
    let pointed = pdu.aux.is_some();
    let wrong = match (name, pdu.mode) {
        ("ADV_EXT_IND", _) if !pdu.data.is_empty() => "data on a primary channel",
        ("ADV_EXT_IND", AdvMode::Connectable | AdvMode::Scannable) if !pointed => "no AuxPtr",
        ("ADV_EXT_IND", _) if pointed != pdu.adi.is_some() => "ADI and AuxPtr go together",
        ("ADV_EXT_IND", _) if !pointed && pdu.advertiser.is_none() => "neither AdvA nor AuxPtr",
        ("AUX_ADV_IND", _) if pdu.adi.is_none() => "no ADI",
        ("AUX_ADV_IND", AdvMode::Connectable | AdvMode::Scannable) if pdu.advertiser.is_none() => {
            "no AdvA"
        }
        ("AUX_ADV_IND", AdvMode::Connectable | AdvMode::Scannable) if pointed => {
            "an AuxPtr where a chain is not allowed"
        }
        ("AUX_ADV_IND", AdvMode::Scannable) if !pdu.data.is_empty() => {
            "data that belong into the scan response"
        }
        ("AUX_SCAN_RSP", _) if pdu.advertiser.is_none() => "no AdvA",
        ("AUX_CHAIN_IND", _) if pdu.advertiser.is_some() || pdu.target.is_some() => "an address",
        ("AUX_CONNECT_RSP", _) if pdu.advertiser.is_none() || pdu.target.is_none() => {
            "AdvA or TargetA is missing"
        }
        ("AUX_CONNECT_RSP" | "AUX_SCAN_RSP" | "AUX_CHAIN_IND", mode) if mode != AdvMode::None => {
            "AdvMode is not zero"
        }
        _ => return None,
    };
    Some((LL_EXT_1.id, wrong.to_owned()))
}

/// The fault of a request on a secondary channel, if any.
fn request(item: &AirItem, before: Option<&Spoken<'_>>, pdu: &AdvertisingPdu) -> Wrong {
    let (wanted, mode) = match pdu {
        AdvertisingPdu::ScanReq { advertiser, .. } => (*advertiser, AdvMode::Scannable),
        AdvertisingPdu::ConnectInd(request) => (request.advertiser, AdvMode::Connectable),
        _ => return Some((LL_EXT_1.id, "a legacy PDU on a secondary channel".to_owned())),
    };
    // Another sender may have spoken in between: then the sequence says nothing.
    let before = before?;
    let Decoded::Extended { name: "AUX_ADV_IND", pdu } = &before.item.decoded else { return None };
    if pdu.advertiser != Some(wanted) {
        return None;
    }
    if pdu.mode != mode {
        return Some((LL_EXT_3.id, "not what the advertiser can be asked".to_owned()));
    }
    after(before, item.at, item.phy)
}

/// The fault of AUX_SCAN_RSP or AUX_CONNECT_RSP, if any.
fn answer(item: &AirItem, before: Option<&Spoken<'_>>, name: &str, pdu: &ExtendedPdu) -> Wrong {
    let Decoded::Advertising(asked) = &before?.item.decoded else { return None };
    let ends = match (name, asked) {
        ("AUX_SCAN_RSP", AdvertisingPdu::ScanReq { advertiser, .. }) => [Some(*advertiser), None],
        ("AUX_CONNECT_RSP", AdvertisingPdu::ConnectInd(request)) => {
            [Some(request.advertiser), Some(request.initiator)]
        }
        _ => return None,
    };
    let [advertiser, target]: [Option<Address>; 2] = ends;
    if pdu.advertiser != advertiser || target.is_some_and(|target| pdu.target != Some(target)) {
        return Some((LL_EXT_3.id, "not the addresses of the request".to_owned()));
    }
    after(before?, item.at, item.phy)
}

fn after(before: &Spoken<'_>, at: Instant, phy: TxPhy) -> Wrong {
    if before.phy != phy.phy() {
        return Some((LL_EXT_3.id, format!("on {:?} and not on {:?}", phy.phy(), before.phy)));
    }
    let off = t_ifs_error(before.end, at, Duration::ZERO)?;
    Some((LL_EXT_3.id, format!("began {off} after what it answers")))
}

/// A pointer that has been on air.
struct Pointer {
    at: Instant,
    end: Instant,
    aux: AuxPtr,
}

/// What a sender has announced.
#[derive(Default)]
struct Sender {
    pointers: VecDeque<Pointer>,
    /// By SID: the DID of the last AUX_ADV_IND, and its data.
    contents: BTreeMap<u8, (u16, Vec<u8>)>,
}

impl Sender {
    fn sent(&mut self, item: &AirItem, name: &str, pdu: &ExtendedPdu) -> Wrong {
        let named = matches!(name, "AUX_ADV_IND" | "AUX_CHAIN_IND");
        let wrong = if named { self.named(item) } else { None };
        if let Some(aux) = pdu.aux {
            if self.pointers.len() >= POINTERS {
                self.pointers.pop_front();
            }
            self.pointers.push_back(Pointer { at: item.at, end: item.end, aux });
        }
        wrong.or_else(|| if name == "AUX_ADV_IND" { self.contents(pdu) } else { None })
    }

    /// Whether the pointers before a packet name it, and leave time for it.
    fn named(&mut self, item: &AirItem) -> Wrong {
        let pointers = std::mem::take(&mut self.pointers);
        let here = |p: &&Pointer| p.aux.channel == item.channel && p.aux.phy == item.phy.phy();
        let Some(last) = pointers.iter().rfind(here) else {
            return Some((LL_EXT_2.id, "no AuxPtr names it".to_owned()));
        };
        if item.at + JITTER.times(2) < last.end + T_MAFS {
            let gap = item.at.since(last.end).as_us();
            return Some((LL_EXT_2.id, format!("begins {gap} µs after the packet that names it")));
        }
        pointers.iter().filter(here).find_map(|pointer| {
            let earliest = pointer.at + pointer.aux.earliest();
            let tolerance = JITTER.times(2) + pointer.aux.earliest().ppm(pointer.aux.ppm());
            let early = item.at + tolerance < earliest;
            let late = item.at > earliest + pointer.aux.unit() + tolerance;
            (early || late).then(|| {
                let after = item.at.since(pointer.at).as_us();
                let said = pointer.aux.earliest().as_us();
                (LL_EXT_2.id, format!("{after} µs after an AuxPtr that says {said} µs"))
            })
        })
    }

    /// Whether new contents have a new DID.
    fn contents(&mut self, pdu: &ExtendedPdu) -> Wrong {
        let adi = pdu.adi?;
        let now = (adi.did, pdu.data.to_vec());
        let before = self.contents.insert(adi.sid, now.clone())?;
        (before.0 == now.0 && before.1 != now.1)
            .then(|| (LL_EXT_5.id, format!("other data with the same DID {}", adi.did)))
    }
}

//! Feature bits against behaviour, and the form of rejects that they decide.

use bletwin_rules::control::LL_REJ_1;
use bletwin_rules::features::{LL_FEAT_1, LL_FEAT_2, LL_FEAT_3};
use std::collections::BTreeSet;

use ble::error::ErrorCode;
use ble::hci::Role;
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode};

use super::Findings;
use super::link::{Link, Packet, other};
use super::table::{needs, only};
use bletwin_sniffer::RecordId;

/// What an end has said of itself.
#[derive(Clone, Copy)]
struct AnnouncedFeatures {
    set: FeatureSet,
    /// Octet 0 of a response holds only what both have.
    whole: bool,
    record: RecordId,
    /// Event from which the peer must heed it.
    from: u64,
}

/// The features that an end has shown on air whole.
pub(super) fn shown(link: &Link<'_>, role: Role) -> Option<FeatureSet> {
    link.packets.iter().filter(|packet| packet.by == role).find_map(|packet| {
        match packet.control() {
            Some(ControlPdu::FeatureReq(set) | ControlPdu::PeripheralFeatureReq(set)) => Some(*set),
            _ => None,
        }
    })
}

/// Events after which nothing is sent any more that was queued before the features were known.
const QUEUE_EVENTS: u64 = 2;

pub(super) fn check(link: &Link<'_>, findings: &mut Findings) {
    let mut announced: [Option<AnnouncedFeatures>; 2] = [None; 2];
    let mut asked: [Option<FeatureSet>; 2] = [None; 2];
    // What each end has taken from the other.
    let mut known: [Option<AnnouncedFeatures>; 2] = [None; 2];
    let mut open = TakenRequests::default();
    for packet in &link.packets {
        let Some(opcode) = packet.opcode() else { continue };
        if packet.taken {
            open.took(packet.by, opcode, findings.is_wrong(packet));
        }
        let Some(pdu) = packet.control() else { continue };
        let (own, peer) = (packet.by as usize, other(packet.by) as usize);
        if packet.new {
            let peer = known[own].filter(|announced| packet.event >= announced.from);
            let view = KnownFeatures { own: announced[own], peer, asked: asked[own], open: &open };
            if let Some((rule, record, text)) = wrong(&view, packet, pdu) {
                let evidence: Vec<_> = record.into_iter().collect();
                link.report(findings, rule, packet, &evidence, text);
            }
            // A device that does not know the request has not read it.
            if *pdu == ControlPdu::UnknownRsp(Opcode::PERIPHERAL_FEATURE_REQ) {
                known[own] = known[own].filter(|announced| !announced.whole);
            }
            if let Some(set) = set(pdu) {
                let whole = !matches!(pdu, ControlPdu::FeatureRsp(_));
                let (record, from) = (packet.item.record, u64::MAX);
                announced[own] = Some(AnnouncedFeatures { set, whole, record, from });
            }
        }
        if packet.taken
            && let Some(set) = set(pdu)
        {
            if !matches!(pdu, ControlPdu::FeatureRsp(_)) {
                // With two requests open, the answer may be to either.
                asked[peer] = Some(set).filter(|_| !findings.is_wrong(packet));
            }
            let from = packet.event + QUEUE_EVENTS;
            known[peer] = announced[own].map(|announced| AnnouncedFeatures { from, ..announced });
        }
    }
}

/// The requests of each end whose answer is left open.
#[derive(Default)]
struct TakenRequests {
    /// Requests, the last of each kind received, that break a rule.
    wrong: [BTreeSet<u8>; 2],
    /// The last request was LL_ENC_REQ: either form of a reject is right (5.1.3.1).
    encryption: [bool; 2],
}

impl TakenRequests {
    fn took(&mut self, by: Role, opcode: Opcode, wrong: bool) {
        let taker = other(by) as usize;
        match wrong {
            true => self.wrong[taker].insert(opcode.0),
            false => self.wrong[taker].remove(&opcode.0),
        };
        self.encryption[taker] = opcode == Opcode::ENC_REQ;
    }
}

struct KnownFeatures<'a> {
    own: Option<AnnouncedFeatures>,
    peer: Option<AnnouncedFeatures>,
    asked: Option<FeatureSet>,
    open: &'a TakenRequests,
}

pub(super) const fn set(pdu: &ControlPdu) -> Option<FeatureSet> {
    match pdu {
        ControlPdu::FeatureReq(set)
        | ControlPdu::PeripheralFeatureReq(set)
        | ControlPdu::FeatureRsp(set) => Some(*set),
        _ => None,
    }
}

fn wrong(
    view: &KnownFeatures<'_>,
    packet: &Packet<'_>,
    pdu: &ControlPdu,
) -> Option<(&'static str, Option<RecordId>, String)> {
    let name = packet.name();
    match pdu {
        ControlPdu::FeatureRsp(set) => {
            let asked = view.asked?;
            let more = set.0 & !asked.0 & 0xFF;
            (more != 0).then(|| {
                (LL_FEAT_1.id, None, format!("{name} with bits {more:02X} that were not asked for"))
            })
        }
        ControlPdu::UnknownRsp(what) => {
            let (own, needed) = (view.own?, needs(*what)?);
            // LL-CTRL-2: what is not for its role it need not know.
            let has = own.set.0 & needed.0 != 0 && only(*what) != Some(packet.by);
            // Nor what breaks a rule.
            let open = view.open.wrong[packet.by as usize].contains(&what.0);
            (has && !open).then(|| {
                let text = format!("does not know {} but has its feature bit", what.name());
                (LL_FEAT_2.id, Some(own.record), text)
            })
        }
        ControlPdu::RejectExtInd { .. } | ControlPdu::RejectInd(_) => {
            reject(view, packet.by, pdu, &name)
        }
        // 5.1.8: it may be sent to a peer that does not support it.
        ControlPdu::PingReq => None,
        _ => {
            // An end that has not answered may still have its own request queued before the answer.
            let (_, peer, needed) = (view.own?, view.peer?, needs(pdu.opcode())?);
            let lacks = peer.whole && peer.set.0 & needed.0 == 0;
            lacks.then(|| {
                (LL_FEAT_3.id, Some(peer.record), format!("{name} to a peer without the feature"))
            })
        }
    }
}

/// LL_REJECT_EXT_IND if both ends have the feature, and for a collision LL_REJECT_IND if not (5.3).
/// LL_REJECT_IND remains possible as long as the features are not known, and for LL_ENC_REQ.
fn reject(
    view: &KnownFeatures<'_>,
    by: Role,
    pdu: &ControlPdu,
    name: &str,
) -> Option<(&'static str, Option<RecordId>, String)> {
    let (own, peer) = (view.own?, view.peer?);
    let both = own.set.and(peer.set).has(FeatureSet::EXTENDED_REJECT);
    let collision = [ErrorCode::LL_PROCEDURE_COLLISION, ErrorCode::DIFFERENT_TRANSACTION_COLLISION];
    let wrong = match pdu {
        ControlPdu::RejectExtInd { error, .. } => !both && collision.contains(error),
        _ => both && !view.open.encryption[by as usize],
    };
    wrong.then(|| {
        let text = format!("{name} although the exchanged features demand the other form");
        (LL_REJ_1.id, Some(peer.record), text)
    })
}

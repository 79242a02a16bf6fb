//! Where the failing and the cured run part: the first PDU of the peripheral that differs.

use std::collections::BTreeSet;

use ble::pdu::control::{ControlPdu, Opcode};
use ble::time::Instant;
use bletwin_sim::record::RecordId;
use bletwin_sim::sniffer::{AirItem, Decoded, Direction, sniff};
use firmware_core::host::procedures::Request;
use serde::Serialize;

use bletwin_explain::why::air;
use bletwin_scenarios::stage::Finished;

const CID_ATT: u16 = 4;
const CID_SIGNALLING: u16 = 5;
const CID_SMP: u16 = 6;
const PAIRING_FAILED: u8 = 0x05;
const ATT_ERROR_RSP: u8 = 0x01;

/// The compared part of a PDU of the peripheral.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Record of its transmission.
    pub record: RecordId,
    /// Connection, from 0.
    pub connection: usize,
    /// connEventCount of the event in which it was sent, where that is known.
    pub event: Option<u16>,
    /// Its first bit.
    pub at: Instant,
    /// Name as the specification writes it.
    pub name: String,
    /// The procedure that it asks for, if it is such a request.
    pub request: Option<Request>,
    /// Whether it only reports an earlier failure: an end, a refusal.
    pub reports: bool,
    /// What must be equal for two PDUs to be the same: nothing that chance decides.
    signature: Vec<u8>,
}

/// How the PDU at which they part differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Difference {
    /// The cured run does not have it.
    OnlyInFailing,
    /// The cured run has it later.
    EarlierInFailing,
    /// The failing run lacks it.
    OnlyInCured,
    /// Both have it, but in another connection event.
    OtherEvent,
}

/// Where two runs part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// How the two runs differ in the PDU.
    pub difference: Difference,
    /// The PDU, from the run that it is named after.
    pub spot: Spot,
    /// The PDU of the other run in its place.
    pub other: Option<Spot>,
    /// PDUs of the peripheral that both runs have before it.
    pub common: usize,
}

/// The PDUs of the peripheral that say something, by connection.
#[must_use]
pub fn spots(run: &Finished) -> Vec<Vec<Spot>> {
    let mut all: Vec<Vec<Spot>> = Vec::new();
    // Connections whose central has sent its version: the peripheral's is then an answer.
    let mut versions = BTreeSet::new();
    for item in sniff(&run.records) {
        let (Some(connection), Some(direction)) = (item.connection, item.direction) else {
            continue;
        };
        let version = item.control().is_some_and(|pdu| pdu.opcode() == Opcode::VERSION_IND);
        if direction == Direction::CentralToPeripheral {
            if version {
                versions.insert(connection);
            }
            continue;
        }
        if item.retransmission {
            continue;
        }
        all.resize_with(all.len().max(connection + 1), Vec::new);
        if let Some(mut spot) = spot(connection, &item) {
            spot.request = spot.request.filter(|_| !version || !versions.contains(&connection));
            all[connection].push(spot);
        }
    }
    all
}

fn spot(connection: usize, item: &AirItem) -> Option<Spot> {
    let (request, signature) = match &item.decoded {
        Decoded::Control(pdu) => (asked(pdu), control(pdu)),
        Decoded::L2cap { cid, bytes, complete: true } => match (*cid, bytes.as_slice()) {
            // With the same seed keys are the same, unless the firmware is built to choose another.
            (CID_SMP, [0x01 | 0x02 | 0x05 | 0x0B | 0x0C, ..]) => (None, frame(*cid, bytes)),
            // The error's code counts, and the request that it names.
            (CID_ATT, [ATT_ERROR_RSP, ..]) => (None, frame(*cid, bytes)),
            (CID_SIGNALLING, [0x12, _, rest @ ..]) => {
                (Some(Request::Parameters), [&frame(*cid, &[0x12])[..], rest].concat())
            }
            (_, [code, ..]) => (None, frame(*cid, &[*code])),
            (_, []) => return None,
        },
        Decoded::L2cap { .. }
        | Decoded::Empty
        | Decoded::Advertising(_)
        | Decoded::Extended { .. } => return None,
        Decoded::Opaque => (None, vec![item.header & 3]),
    };
    let name = air::pdu(item).name();
    let (record, event, at) = (item.record, item.event, item.at);
    let reports = reports(&item.decoded);
    Some(Spot { record, connection, event, at, name, request, reports, signature })
}

/// LL_TERMINATE_IND, rejections, Pairing Failed, ATT Error Response: without them the failure that
/// they report would still exist.
fn reports(decoded: &Decoded) -> bool {
    match decoded {
        Decoded::Control(pdu) => {
            matches!(
                pdu.opcode(),
                Opcode::TERMINATE_IND | Opcode::REJECT_IND | Opcode::REJECT_EXT_IND
            )
        }
        Decoded::L2cap { cid, bytes, complete: true } => matches!(
            (*cid, bytes.as_slice()),
            (CID_SMP, [PAIRING_FAILED, ..]) | (CID_ATT, [ATT_ERROR_RSP, ..])
        ),
        _ => false,
    }
}

fn frame(cid: u16, bytes: &[u8]) -> Vec<u8> {
    let cid = cid.to_le_bytes();
    [&[0xFF][..], &cid, bytes].concat()
}

/// Opcode, and the values that a request asks for: no keys, no counters, and no answers, which
/// follow from earlier differences.
fn control(pdu: &ControlPdu) -> Vec<u8> {
    let opcode = pdu.opcode();
    match pdu {
        ControlPdu::ConnectionParamReq(asked) => {
            let values = [asked.interval_min, asked.interval_max, asked.latency, asked.timeout];
            let octets = values.into_iter().flat_map(u16::to_le_bytes);
            [opcode.0].into_iter().chain(octets).collect()
        }
        ControlPdu::PhyReq { .. } | ControlPdu::LengthReq(_) | ControlPdu::RejectExtInd { .. } => {
            pdu.encode().to_vec()
        }
        _ => vec![opcode.0],
    }
}

/// The procedure that a PDU of a peripheral asks for.
const fn asked(pdu: &ControlPdu) -> Option<Request> {
    match pdu.opcode() {
        Opcode::PHY_REQ => Some(Request::Phy),
        Opcode::LENGTH_REQ => Some(Request::DataLength),
        Opcode::CONNECTION_PARAM_REQ => Some(Request::Parameters),
        Opcode::PERIPHERAL_FEATURE_REQ => Some(Request::Features),
        Opcode::VERSION_IND => Some(Request::Version),
        _ => None,
    }
}

/// Where the runs part; `None`: the peripheral says the same in both, in the same events.
#[must_use]
pub fn part(failing: &Finished, cured: &Finished) -> Option<Parting> {
    let (failing, cured) = (spots(failing), spots(cured));
    let mut common = 0;
    for (connection, ours) in failing.iter().enumerate() {
        let theirs = cured.get(connection).map_or(&[][..], Vec::as_slice);
        let same = ours.iter().zip(theirs).take_while(|(a, b)| a.signature == b.signature).count();
        common += same;
        if let Some(parting) = at(ours, theirs, same, common) {
            return Some(parting);
        }
    }
    other_event(&failing, &cured)
}

/// Where the failing run asks for `request` in this connection, and whether the cured one does.
#[must_use]
pub fn part_at(
    failing: &Finished,
    cured: &Finished,
    connection: usize,
    request: Request,
) -> Option<Parting> {
    let (failing, cured) = (spots(failing), spots(cured));
    let ours = failing.get(connection)?;
    let theirs = cured.get(connection).map_or(&[][..], Vec::as_slice);
    let spot = ours.iter().find(|spot| spot.request == Some(request))?;
    let later = theirs.iter().any(|theirs| theirs.signature == spot.signature);
    let same = ours.iter().zip(theirs).take_while(|(a, b)| a.signature == b.signature);
    Some(Parting {
        difference: if later { Difference::EarlierInFailing } else { Difference::OnlyInFailing },
        spot: spot.clone(),
        other: None,
        common: same.count(),
    })
}

/// The kind of difference at `index`.
fn at(ours: &[Spot], theirs: &[Spot], index: usize, common: usize) -> Option<Parting> {
    let has = |spots: &[Spot], spot: &Spot| {
        spots.get(index..).is_some_and(|rest| rest.iter().any(|s| s.signature == spot.signature))
    };
    let (our, their) = (ours.get(index), theirs.get(index));
    let named = |difference, spot: &Spot, other: Option<&Spot>| {
        Some(Parting { difference, spot: spot.clone(), other: other.cloned(), common })
    };
    match (our, their) {
        (Some(our), _) if !has(theirs, our) => named(Difference::OnlyInFailing, our, their),
        // One more in the cured run, which then continues like the failing one.
        (Some(our), Some(their))
            if !has(ours, their)
                && theirs.get(index + 1).is_some_and(|s| s.signature == our.signature) =>
        {
            named(Difference::OnlyInCured, their, Some(our))
        }
        (Some(our), _) => named(Difference::EarlierInFailing, our, their),
        // The failing run ends here: missing PDUs mean nothing, unless it has sent none at all.
        (None, Some(their)) if index == 0 && ours.is_empty() => {
            named(Difference::OnlyInCured, their, None)
        }
        (None, _) => None,
    }
}

/// The first PDU after the common ones that the cured run sends while the failing run is still
/// alive, and that the failing run never sends.
#[must_use]
pub fn lacked(failing: &Finished, cured: &Finished) -> Option<Parting> {
    let (failing, cured) = (spots(failing), spots(cured));
    let mut common = 0;
    for (connection, ours) in failing.iter().enumerate() {
        let theirs = cured.get(connection).map_or(&[][..], Vec::as_slice);
        let same = ours.iter().zip(theirs).take_while(|(a, b)| a.signature == b.signature).count();
        common += same;
        if ours.len() > same {
            return lacking(ours, theirs, same, common);
        }
    }
    None
}

/// The same in one connection, from `index` on.
fn lacking(ours: &[Spot], theirs: &[Spot], index: usize, common: usize) -> Option<Parting> {
    let our = ours.get(index)?;
    let missing = |their: &&Spot| !ours.iter().any(|our| our.signature == their.signature);
    let mut meanwhile = theirs.get(index..)?.iter().take_while(|their| their.at < our.at);
    Some(Parting {
        difference: Difference::OnlyInCured,
        spot: meanwhile.find(missing)?.clone(),
        other: Some(our.clone()),
        common,
    })
}

fn other_event(failing: &[Vec<Spot>], cured: &[Vec<Spot>]) -> Option<Parting> {
    let pairs = || failing.iter().flatten().zip(cured.iter().flatten());
    let common = pairs().take_while(|(a, b)| a.event == b.event).count();
    let (ours, theirs) = pairs().nth(common)?;
    Some(Parting {
        difference: Difference::OtherEvent,
        spot: ours.clone(),
        other: Some(theirs.clone()),
        common,
    })
}

#[cfg(test)]
mod tests {
    use ble::error::ErrorCode;
    use bletwin_scenarios::catalogue;
    use bletwin_scenarios::stage::Stage;
    use bletwin_setup::Setup;

    use super::*;

    fn spots(letters: &str) -> Vec<Spot> {
        let spot = |(event, letter): (u16, char)| Spot {
            record: RecordId(u64::from(event)),
            connection: 0,
            event: Some(event),
            at: Instant::from_us(u64::from(event)),
            name: letter.to_string(),
            request: None,
            reports: false,
            signature: vec![letter as u8],
        };
        (0..).zip(letters.chars()).filter(|(_, letter)| *letter != '.').map(spot).collect()
    }

    fn lacked_of(failing: &str, cured: &str) -> Option<String> {
        let (failing, cured) = (spots(failing), spots(cured));
        let same = failing.iter().zip(&cured).take_while(|(a, b)| a.signature == b.signature);
        let same = same.count();
        lacking(&failing, &cured, same, same).map(|parting| parting.spot.name)
    }

    /// A missing answer, while the failing run continues with something else.
    #[test]
    fn what_the_failing_run_lacks_while_it_lives_is_named() {
        assert_eq!(lacked_of("f....p", "f.s..xp"), Some("s".into()));
        assert_eq!(lacked_of("f.p", "f...sp"), None, "by then the failing run had gone on");
        assert_eq!(lacked_of("f.p.s", "fs.p"), None, "it has it later");
    }

    /// Ends and refusals report; requests, answers and values of a server do not.
    #[test]
    fn what_only_reports_is_known_as_such() {
        let att =
            |bytes: &[u8]| Decoded::L2cap { cid: CID_ATT, bytes: bytes.to_vec(), complete: true };
        let smp =
            |bytes: &[u8]| Decoded::L2cap { cid: CID_SMP, bytes: bytes.to_vec(), complete: true };
        assert!(reports(&smp(&[PAIRING_FAILED, 0x0B])) && reports(&att(&[ATT_ERROR_RSP, 0x12])));
        assert!(!reports(&smp(&[0x02])) && !reports(&att(&[0x13])));
        let control = |pdu| reports(&Decoded::Control(pdu));
        assert!(control(ControlPdu::TerminateInd(ErrorCode::REMOTE_USER_TERMINATED)));
        assert!(control(ControlPdu::RejectInd(ErrorCode::PIN_OR_KEY_MISSING)));
        assert!(
            !control(ControlPdu::UnknownRsp(Opcode::PHY_REQ)) && !control(ControlPdu::StartEncReq)
        );
    }

    fn parted(failing: &str, cured: &str) -> Option<(Difference, String)> {
        let (failing, cured) = (spots(failing), spots(cured));
        let same = failing.iter().zip(&cured).take_while(|(a, b)| a.signature == b.signature);
        let same = same.count();
        at(&failing, &cured, same, same).map(|p| (p.difference, p.spot.name))
    }

    /// Requests of LL_VERSION_IND in a run of `pairing`.
    fn versions(set: &[&str]) -> Vec<Option<Request>> {
        let mut setup = Setup::new("zephyr-2024", "honest", 1).unwrap();
        for assignment in set {
            setup.set(assignment).unwrap();
        }
        let run = Stage::new(catalogue::by_name("pairing").unwrap(), &setup).play();
        let spots = super::spots(&run).into_iter().flatten();
        spots.filter(|spot| spot.name == "LL_VERSION_IND").map(|spot| spot.request).collect()
    }

    #[test]
    fn an_answer_to_the_central_s_version_asks_for_nothing() {
        let asks = ["version-exchange=on-connect", "central.on-connect=none"];
        assert_eq!(versions(&asks), [Some(Request::Version)]);
        let answers = ["central.own-procedures=version@20", "central.on-connect=none"];
        assert_eq!(versions(&answers), [None]);
    }

    #[test]
    fn what_only_the_failing_run_has_is_named() {
        assert_eq!(parted("fpl", "flss"), Some((Difference::OnlyInFailing, "p".into())));
        assert_eq!(parted("fp", "f"), Some((Difference::OnlyInFailing, "p".into())));
    }

    #[test]
    fn what_the_cured_run_has_later_is_named() {
        assert_eq!(parted("fpl", "flssp"), Some((Difference::EarlierInFailing, "p".into())));
        assert_eq!(parted("fp", "flssp"), Some((Difference::EarlierInFailing, "p".into())));
    }

    #[test]
    fn what_only_the_cured_run_has_is_named() {
        assert_eq!(parted("fpl", "sfpl"), Some((Difference::OnlyInCured, "s".into())));
        assert_eq!(parted("", "s"), Some((Difference::OnlyInCured, "s".into())));
    }

    #[test]
    fn a_run_that_ends_early_has_not_parted() {
        assert_eq!(parted("fp", "fpl"), None);
    }
}

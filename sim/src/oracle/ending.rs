//! How connections end: for a permitted reason, without a request left unanswered, and with both
//! ends there until then.

use firmware_core::error::ErrorCode;
use firmware_core::hci::{Event, Role};
use firmware_core::pdu::control::ControlPdu;
use firmware_core::time::{Duration, Instant};

use super::duty::{INVALID, said_goodbye};
use super::link::{HciEvent, Link, other};
use super::procedure::{Due, Procedures};
use super::{Finding, Findings};

/// Clocks of 500 ppm at either end are far within it.
const SLACK_PPM: u32 = 20_000;
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(40);
/// What an answer may take on a link that then dies: far more than any honest device needs.
const PATIENCE: Duration = Duration::from_secs(1);
/// Events after which a central that sends nothing is gone.
const SILENT_EVENTS: u64 = 6;

pub(super) fn check(link: &Link<'_>, procedures: &Procedures, findings: &mut Findings) {
    for role in [Role::Central, Role::Peripheral] {
        let ended = ended(link, role);
        let until = ended.map_or(link.end, |(hci, _)| hci.at);
        for due in &procedures.due[role as usize] {
            late(link, role, due, until, findings);
        }
        if let Some((hci, reason)) = ended
            && let Some(text) = wrong_reason(link, procedures, hci, reason, findings)
        {
            let evidence = procedures.due[role as usize].iter().map(|due| due.record).collect();
            let (at, record) = (hci.at, hci.record);
            let culprit = link.node(role);
            findings.add(Finding { rule: "LL-END-1", culprit, at, record, evidence, text });
        }
        abandoned(link, procedures, role, findings);
    }
    silent_central(link, findings);
}

pub(super) fn ended<'a>(link: &'a Link<'_>, role: Role) -> Option<(&'a HciEvent<'a>, ErrorCode)> {
    link.hci.iter().find_map(|hci| match hci.event {
        Event::DisconnectionComplete { reason, .. } if hci.by == role => Some((hci, *reason)),
        _ => None,
    })
}

fn late(link: &Link<'_>, role: Role, due: &Due, until: Instant, findings: &mut Findings) {
    if until.since(due.at) > RESPONSE_TIMEOUT + PATIENCE {
        findings.add(Finding {
            rule: if due.unknown { "LL-CTRL-2" } else { "LL-LIVE-1" },
            culprit: link.node(role),
            at: until,
            record: due.record,
            evidence: Vec::new(),
            text: format!("{} was not answered within 40 s", due.opcode.name()),
        });
    }
}

/// A link that died on the other end's supervision timer, while this end owed it an answer that
/// it had all the time to give.
fn abandoned(link: &Link<'_>, procedures: &Procedures, role: Role, findings: &mut Findings) {
    let Some((hci, ErrorCode::CONNECTION_TIMEOUT)) = ended(link, other(role)) else {
        return;
    };
    if procedures.encrypting() {
        return;
    }
    let last = link.packets.iter().rev().find(|packet| packet.by != role && packet.heard());
    let Some(last) = last else { return };
    for due in procedures.due[role as usize].iter().filter(|due| !due.unknown) {
        if last.item.at.since(due.at) > PATIENCE {
            findings.add(Finding {
                rule: "LL-LIVE-2",
                culprit: link.node(role),
                at: hci.at,
                record: due.record,
                evidence: vec![last.item.record, hci.record],
                text: format!("{} was never answered and the link died", due.opcode.name()),
            });
        }
    }
}

/// A central that has the connection sends in its events.
fn silent_central(link: &Link<'_>, findings: &mut Findings) {
    let Some(last) = link.last_of(Role::Central).and_then(|at| link.packets.get(at)) else {
        return;
    };
    let until = ended(link, Role::Central).map_or(link.end, |(hci, _)| hci.at);
    let gap = until.since(last.item.at);
    let longest = link.longest_interval().times(SILENT_EVENTS) + Duration::from_ms(20);
    if gap > longest {
        findings.add(Finding {
            rule: "LL-LIVE-3",
            culprit: link.node(Role::Central),
            at: until,
            record: last.item.record,
            evidence: Vec::new(),
            text: format!("the central sent nothing for its last {} ms", gap.as_us() / 1_000),
        });
    }
}

/// Why the reason that an end reports is not a permitted one.
fn wrong_reason(
    link: &Link<'_>,
    procedures: &Procedures,
    hci: &HciEvent<'_>,
    reason: ErrorCode,
    findings: &Findings,
) -> Option<String> {
    let peer = other(hci.by);
    let broke = |rules: &[&str]| {
        let node = link.node(peer);
        findings.told.findings.iter().any(|f| f.culprit == node && rules.contains(&f.rule))
    };
    let permitted = match reason {
        // Whatever the peer said with its LL_TERMINATE_IND.
        _ if terminated(link, peer, hci.at) == Some(reason) => true,
        ErrorCode::CONNECTION_TIMEOUT => timed_out(link, hci),
        ErrorCode::LOCAL_HOST_TERMINATED => {
            said_goodbye(link, hci.by, hci.at) || timed_out(link, hci)
        }
        ErrorCode::LL_RESPONSE_TIMEOUT => procedures
            .awaited_from(peer)
            .any(|due| hci.at.since(due.at) + PATIENCE > RESPONSE_TIMEOUT),
        ErrorCode::INSTANT_PASSED => broke(&["LL-INST-1"]) || late_instant(link, peer),
        ErrorCode::MIC_FAILURE => {
            broke(&["LL-ENC-1", "LL-ENC-2", "LL-MIC-1"])
                || terminated(link, peer, hci.at) == Some(reason)
        }
        ErrorCode::LL_PROCEDURE_COLLISION | ErrorCode::DIFFERENT_TRANSACTION_COLLISION => {
            broke(&["LL-COLL-1", "LL-COLL-2", "LL-PROC-1"])
        }
        ErrorCode::FAILED_TO_ESTABLISH => {
            !link.packets.iter().any(|packet| packet.by == peer && packet.heard())
        }
        INVALID if broke(&["LL-CTRL-4"]) => true,
        _ => false,
    };
    (!permitted).then(|| format!("the connection was given up with {reason:?} for no such cause"))
}

/// The code of an LL_TERMINATE_IND that the peer has taken.
fn terminated(link: &Link<'_>, by: Role, before: Instant) -> Option<ErrorCode> {
    link.packets.iter().rev().filter(|packet| packet.by == by && packet.taken).find_map(|packet| {
        match packet.control() {
            Some(ControlPdu::TerminateInd(code)) if packet.item.at < before => Some(*code),
            _ => None,
        }
    })
}

/// Whether nothing was received for the supervision timeout.
fn timed_out(link: &Link<'_>, hci: &HciEvent<'_>) -> bool {
    let peer = other(hci.by);
    let last = link.packets.iter().rev().find(|packet| packet.by == peer && packet.heard());
    let since = last.map_or(link.connect.end, |last| last.item.at);
    let timeout = link.shortest_timeout();
    hci.at.since(since) + timeout.ppm(SLACK_PPM) >= timeout
}

/// Whether an instant's PDU was taken only after its instant, through losses.
fn late_instant(link: &Link<'_>, by: Role) -> bool {
    link.packets.iter().any(|packet| {
        let instant = match packet.control() {
            Some(ControlPdu::ConnectionUpdateInd(update)) => update.instant,
            Some(
                ControlPdu::ChannelMapInd { instant, .. }
                | ControlPdu::PhyUpdateInd { instant, .. },
            ) => *instant,
            _ => return false,
        };
        packet.by == by && packet.taken && instant.wrapping_sub(packet.event as u16) >= 0x7FFF
    })
}

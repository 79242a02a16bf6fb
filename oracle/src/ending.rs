//! How connections end: for a permitted reason, without a request left unanswered, and with both
//! ends there until then.

use ble::error::ErrorCode;
use ble::hci::{Event, Role};
use ble::pdu::control::{ControlPdu, Opcode};
use ble::time::{Duration, Instant};
use bletwin_rules::collisions::{LL_COLL_1, LL_COLL_2};
use bletwin_rules::connection::LL_CONN_1;
use bletwin_rules::control::{LL_CTRL_1, LL_CTRL_2, LL_CTRL_4, LL_PROC_1};
use bletwin_rules::data_length::LL_LEN_3;
use bletwin_rules::encryption::{LL_ENC_1, LL_ENC_2, LL_ENC_3, LL_ENC_5, LL_ENC_11, LL_MIC_1};
use bletwin_rules::framing::LL_FRAME_3;
use bletwin_rules::termination::LL_END_1;
use bletwin_rules::timeout::{LL_LIVE_1, LL_LIVE_2, LL_LIVE_3};

use super::encryption::Refusal;
use super::link::{HciEvent, Link, Packet, UNIT, other};
use super::obligations::said_goodbye;
use super::procedure::{Due, OpenedProcedures, PAST};
use super::window::Reach;
use super::{Finding, Findings, Rule};
use bletwin_sniffer::RecordId;

/// Clocks of 500 ppm at either end are far within it.
const SLACK_PPM: u32 = 20_000;
/// What two clocks of 500 ppm may differ.
const CLOCKS_PPM: u32 = 1_000;
/// Intervals within which a connection is established.
const ESTABLISHING: u64 = 6;
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(40);
/// What an answer may take on a link that then dies: far more than any honest device needs.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn check(
    link: &Link<'_>,
    procedures: &OpenedProcedures,
    refusals: &[Refusal],
    findings: &mut Findings,
) {
    for role in [Role::Central, Role::Peripheral] {
        let ended = ended(link, role);
        let until = ended.map_or(link.end, |(hci, _)| hci.at);
        for due in procedures.due[role as usize].iter().filter(|due| !due.open) {
            late(link, role, due, until, findings);
        }
        if let Some((hci, reason)) = ended {
            let cause = cause(link, procedures, refusals, hci, reason, findings);
            gives_up(link, procedures, hci, reason, &cause, findings);
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
            rule: if due.unknown { LL_CTRL_2.id } else { LL_LIVE_1.id },
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
fn abandoned(link: &Link<'_>, procedures: &OpenedProcedures, role: Role, findings: &mut Findings) {
    let Some((hci, ErrorCode::CONNECTION_TIMEOUT)) = ended(link, other(role)) else {
        return;
    };
    if procedures.encrypting() {
        return;
    }
    let last = link.packets.iter().rev().find(|packet| packet.by != role && packet.heard());
    let Some(last) = last else { return };
    for due in procedures.due[role as usize].iter().filter(|due| !due.unknown && !due.open) {
        if last.item.at.since(due.at) > PATIENCE {
            findings.add(Finding {
                rule: LL_LIVE_2.id,
                culprit: link.node(role),
                at: hci.at,
                record: due.record,
                evidence: vec![last.item.record, hci.record],
                text: format!("{} was never answered and the link died", due.opcode.name()),
            });
        }
    }
}

/// A central that has the connection sends once in each supervision timeout.
fn silent_central(link: &Link<'_>, findings: &mut Findings) {
    let Some(last) = link.last_of(Role::Central).and_then(|at| link.packets.get(at)) else {
        return;
    };
    let until = ended(link, Role::Central).map_or(link.end, |(hci, _)| hci.at);
    let gap = until.since(last.item.at);
    let timeout = patience(link, last);
    let over = |packet: &Packet<'_>| packet.opcode() == Some(Opcode::TERMINATE_IND);
    if gap + gap.ppm(CLOCKS_PPM) >= timeout && !link.packets.iter().any(over) {
        findings.add(Finding {
            rule: LL_LIVE_3.id,
            culprit: link.node(Role::Central),
            at: until,
            record: last.item.record,
            evidence: Vec::new(),
            text: format!("the central sent nothing for its last {} ms", gap.as_us() / 1_000),
        });
    }
}

/// How long a peripheral must wait after this last packet of the central. Pending parameters
/// restart the timer.
fn patience(link: &Link<'_>, last: &Packet<'_>) -> Duration {
    let timeout = |units: u16| Duration::from_ms(10 * u64::from(units));
    let (mut most, mut interval) = (timeout(link.request.timeout), link.interval());
    for packet in link.packets.iter().filter(|packet| packet.by == Role::Central) {
        let Some(ControlPdu::ConnectionUpdateInd(update)) = packet.control() else { continue };
        let ahead = update.instant.wrapping_sub(packet.event as u16);
        let events = (packet.event + u64::from(ahead)).saturating_sub(last.event);
        let until = interval.times(events);
        if until < most {
            most = until + timeout(update.timeout);
            interval = UNIT.times(u64::from(update.interval));
        }
    }
    most
}

/// Why an end left.
enum Cause {
    /// No permitted reason.
    None,
    /// A refusal that it should have taken.
    Refusal(RecordId),
    Permitted,
}

/// Reports a device that disconnected without a cause, or for one that the specification does not
/// recommend.
fn gives_up(
    link: &Link<'_>,
    procedures: &OpenedProcedures,
    hci: &HciEvent<'_>,
    reason: ErrorCode,
    cause: &Cause,
    findings: &mut Findings,
) {
    let (rule, evidence, why) = match cause {
        Cause::Permitted => return,
        Cause::None => {
            let due = procedures.due[hci.by as usize].iter().map(|due| due.record);
            (LL_END_1.id, due.collect(), "no such cause")
        }
        Cause::Refusal(record) => {
            (LL_ENC_5.id, vec![*record], "an LL_UNKNOWN_RSP while encryption started")
        }
    };
    findings.add(Finding {
        rule,
        culprit: link.node(hci.by),
        at: hci.at,
        record: hci.record,
        evidence,
        text: format!("the connection was given up with {reason:?} for {why}"),
    });
}

const COLLISIONS: &[&str] = &[LL_COLL_1.id, LL_COLL_2.id, LL_PROC_1.id];
const FIELDS: &[&str] = &[LL_CTRL_1.id, LL_CTRL_4.id, LL_LEN_3.id, LL_CONN_1.id];

/// The violations of its peer for which an end may disconnect with a reason: where no rule says
/// what follows a violation, a device may ignore it, refuse it or disconnect (Vol 1, Part E, 2.7).
/// The reason has to fit what was broken.
///
/// A malformed PDU (LL-FRAME-3) may count as a packet for one end only, so that later packets do
/// not decrypt.
const fn violations(reason: ErrorCode) -> &'static [&'static str] {
    match reason {
        ErrorCode::MIC_FAILURE => {
            &[LL_ENC_1.id, LL_ENC_2.id, LL_ENC_3.id, LL_ENC_11.id, LL_MIC_1.id, LL_FRAME_3.id]
        }
        ErrorCode::LL_PROCEDURE_COLLISION | ErrorCode::DIFFERENT_TRANSACTION_COLLISION => {
            COLLISIONS
        }
        ErrorCode::INVALID_LL_PARAMETERS => FIELDS,
        _ => &[],
    }
}

/// Whether an end had taken a PDU, before it left, that breaks one of these rules.
fn met(
    link: &Link<'_>,
    hci: &HciEvent<'_>,
    findings: &Findings,
    breaks: impl Fn(&Finding) -> bool,
) -> bool {
    let peer = link.node(other(hci.by));
    findings.examined.findings.iter().any(|found| {
        let came = || {
            let at = link.taken(found.record).and_then(|at| link.packets.get(at));
            found.record == link.connect.record || at.is_some_and(|it| it.item.at < hci.at)
        };
        found.culprit == peer && breaks(found) && came()
    })
}

fn cause(
    link: &Link<'_>,
    procedures: &OpenedProcedures,
    refusals: &[Refusal],
    hci: &HciEvent<'_>,
    reason: ErrorCode,
    findings: &Findings,
) -> Cause {
    let peer = other(hci.by);
    let permitted = match reason {
        // The code in the peer's LL_TERMINATE_IND.
        _ if terminated(link, peer, hci.at)
            .is_some_and(|said| said.is_none_or(|c| c == reason)) =>
        {
            true
        }
        ErrorCode::CONNECTION_TIMEOUT => timed_out(link, hci) || out_of_reach(link, hci),
        ErrorCode::LOCAL_HOST_TERMINATED => {
            said_goodbye(link, hci.by, hci.at) || timed_out(link, hci) || stillborn(link, hci)
        }
        // LL-ENC-9: the link layer itself says it, with this error.
        ErrorCode::PIN_OR_KEY_MISSING => procedures.pauses() && said_goodbye(link, hci.by, hci.at),
        ErrorCode::LL_RESPONSE_TIMEOUT => procedures
            .awaited_from(peer)
            .any(|due| hci.at.since(due.at) + PATIENCE > RESPONSE_TIMEOUT),
        ErrorCode::INSTANT_PASSED => late_instant(link, hci),
        ErrorCode::FAILED_TO_ESTABLISH => unheard(link, hci),
        ErrorCode::LMP_PDU_NOT_ALLOWED => {
            met(link, hci, findings, |found| Rule::is_of_control(found.rule))
        }
        ErrorCode::MIC_FAILURE if link.keys_differ(hci.at) => true,
        reason => met(link, hci, findings, |found| violations(reason).contains(&found.rule)),
    };
    if permitted {
        return Cause::Permitted;
    }
    let came = |refusal: &&Refusal| {
        let packet = link.taken(refusal.record).and_then(|at| link.packets.get(at));
        refusal.taker == hci.by && packet.is_some_and(|it| it.item.at < hci.at)
    };
    let mut taken = refusals.iter().filter(came).filter(|_| reason == ErrorCode::MIC_FAILURE);
    match taken.clone().find(|refusal| refusal.opcode != Opcode::UNKNOWN_RSP) {
        // LL-ENC-6: by 6.2 it is unexpected.
        Some(_) => Cause::Permitted,
        None => taken.next().map_or(Cause::None, |refusal| Cause::Refusal(refusal.record)),
    }
}

/// The peer's received LL_TERMINATE_IND: its code, or `None` inside if it cannot be read.
fn terminated(link: &Link<'_>, by: Role, before: Instant) -> Option<Option<ErrorCode>> {
    link.packets.iter().rev().filter(|packet| packet.by == by && packet.taken).find_map(|packet| {
        let says = packet.opcode() == Some(Opcode::TERMINATE_IND) && packet.item.at < before;
        says.then(|| match packet.control() {
            Some(ControlPdu::TerminateInd(code)) => Some(*code),
            _ => None,
        })
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

/// Whether this end never heard its peer.
fn unheard(link: &Link<'_>, hci: &HciEvent<'_>) -> bool {
    !link.packets.iter().any(|packet| packet.by != hci.by && packet.heard())
}

/// Whether a connection that this end's host has ended was not established in time (4.5.2).
fn stillborn(link: &Link<'_>, hci: &HciEvent<'_>) -> bool {
    let timeout = link.interval().times(ESTABLISHING);
    let over = hci.at.since(link.connect.end) + timeout.ppm(SLACK_PPM) >= timeout;
    link.farewells[hci.by as usize].is_some() && unheard(link, hci) && over
}

/// Whether a peripheral had not heard its central for so long that its window had grown to the
/// middle between two anchors: then too the connection is lost (4.2.4).
fn out_of_reach(link: &Link<'_>, hci: &HciEvent<'_>) -> bool {
    let came = |packet: &&Packet<'_>| {
        packet.by == Role::Central && packet.item.reception.is_some() && packet.item.at < hci.at
    };
    let last = link.packets.iter().rev().find(came);
    let since = last.map_or(link.connect.end, |last| last.item.at);
    hci.by == Role::Peripheral && !Reach::of(link).lasts(hci.at.since(since))
}

/// Whether an instant's PDU was taken only after its instant.
fn late_instant(link: &Link<'_>, hci: &HciEvent<'_>) -> bool {
    link.packets.iter().any(|packet| {
        let instant = match packet.control() {
            Some(ControlPdu::ConnectionUpdateInd(update)) => update.instant,
            Some(
                ControlPdu::ChannelMapInd { instant, .. }
                | ControlPdu::PhyUpdateInd { instant, .. },
            ) => *instant,
            _ => return false,
        };
        let came = packet.by != hci.by && packet.taken && packet.item.at < hci.at;
        came && instant.wrapping_sub(packet.event as u16) >= PAST
    })
}

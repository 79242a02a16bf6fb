//! Obligations of a device: to disconnect where it must, to acknowledge LL_TERMINATE_IND, not to
//! wait forever.

use ble::hci::Role;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::time::Duration;
use bletwin_rules::encryption::{LL_ENC_1, LL_ENC_2, LL_ENC_6, LL_MIC_1, LL_MIC_2};
use bletwin_rules::instants::LL_INST_2;
use bletwin_rules::termination::LL_TERM_2;
use bletwin_rules::timeout::LL_TIME_1;

use super::ending::ended;
use super::link::{Link, Packet, other};
use super::procedure::{OpenedProcedures, PAST};
use super::{Finding, Findings};

/// Violations of the peer after which a device must disconnect immediately (5.1.3).
const OBLIGE: [&str; 3] = [LL_ENC_1.id, LL_ENC_2.id, LL_MIC_1.id];
/// Events until it must have disconnected.
const GRACE: u64 = 3;
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(40);
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn check(link: &Link<'_>, procedures: &OpenedProcedures, findings: &mut Findings) {
    stays(link, findings);
    for role in [Role::Central, Role::Peripheral] {
        unacknowledged(link, role, findings);
        waits(link, procedures, role, findings);
    }
}

/// A device that continues a connection that it must end.
fn stays(link: &Link<'_>, findings: &mut Findings) {
    let violations = findings.examined.findings.iter().filter(|found| OBLIGE.contains(&found.rule));
    let mut reasons: Vec<_> = violations
        .filter_map(|found| {
            let at = link.taken(found.record)?;
            let early = found.rule == LL_ENC_1.id;
            let obliges = !early || !is_done(&link.packets[..at], link.packets[at].by);
            obliges.then_some((at, if early { LL_ENC_6.id } else { LL_MIC_2.id }))
        })
        .collect();
    let past = |packet: &Packet<'_>| match packet.control() {
        Some(ControlPdu::ConnectionUpdateInd(update)) => {
            update.instant.wrapping_sub(packet.event as u16) >= PAST
        }
        _ => false,
    };
    let late = link.packets.iter().enumerate().filter(|(_, packet)| past(packet));
    reasons.extend(late.map(|(at, _)| (at, LL_INST_2.id)));
    let goodbye =
        |packet: &Packet<'_>| matches!(packet.control(), Some(ControlPdu::TerminateInd(_)));
    let ends = link.packets.iter().enumerate().filter(|(_, packet)| goodbye(packet));
    reasons.extend(ends.map(|(at, _)| (at, LL_TERM_2.id)));
    for (at, rule) in reasons {
        let reason = &link.packets[at];
        let victim = other(reason.by);
        let after = link.packets.iter().skip(at).filter(|packet| packet.by == victim);
        // A device that sends LL_TERMINATE_IND for a violation may wait for the acknowledgement;
        // one that has received it does not.
        let says_goodbye = rule != LL_TERM_2.id
            && after.clone().any(|p| p.opcode() == Some(Opcode::TERMINATE_IND));
        // Before it acknowledges, which it has to, it may have left events out.
        let acknowledged = after.clone().next().filter(|_| rule == LL_TERM_2.id);
        let skipped = acknowledged.map_or(0, |own| (own.event - reason.event).saturating_sub(1));
        let mut stays = after.filter(|packet| packet.event > reason.event + skipped + GRACE);
        if let Some(packet) = stays.next().filter(|_| reason.taken && !says_goodbye) {
            let text = format!("goes on after {}, which ends the connection", reason.name());
            link.report(findings, rule, packet, &[reason.item.record], text);
        }
    }
}

/// Whether an encryption start is over for the peer of `by`: for the peripheral it is with the
/// central's LL_START_ENC_RSP, before the central hears of that.
fn is_done(before: &[Packet<'_>], by: Role) -> bool {
    // All of them were taken: another one has followed.
    let sent = before.iter().rev().filter(|packet| {
        let clear = packet.item.decrypted != Some(true);
        packet.by == by && !(clear && packet.opcode() == Some(Opcode::START_ENC_RSP))
    });
    let last = sent.filter_map(Packet::opcode).find(|opcode| {
        matches!(*opcode, Opcode::START_ENC_RSP | Opcode::ENC_REQ | Opcode::PAUSE_ENC_REQ)
    });
    by == Role::Central && last == Some(Opcode::START_ENC_RSP)
}

/// A device that disconnects on LL_TERMINATE_IND without having acknowledged it.
fn unacknowledged(link: &Link<'_>, role: Role, findings: &mut Findings) {
    let Some((hci, reason)) = ended(link, role) else { return };
    let goodbye = link.packets.iter().position(|packet| {
        let code =
            matches!(packet.control(), Some(ControlPdu::TerminateInd(code)) if *code == reason);
        packet.by != role && packet.taken && code
    });
    let Some(at) = goodbye else { return };
    let answered = link.packets.iter().skip(at).any(|packet| packet.by == role);
    if !answered {
        findings.add(Finding {
            rule: LL_TERM_2.id,
            culprit: link.node(role),
            at: hci.at,
            record: hci.record,
            evidence: vec![link.packets[at].item.record],
            text: "left without acknowledging LL_TERMINATE_IND".to_owned(),
        });
    }
}

/// A device that waits longer for an answer than the response timeout.
fn waits(link: &Link<'_>, procedures: &OpenedProcedures, role: Role, findings: &mut Findings) {
    let sent = link
        .packets
        .iter()
        .rev()
        .find(|packet| packet.by == role && packet.new && packet.opcode().is_some());
    let Some(sent) = sent else { return };
    let left = link.left(role);
    let open = procedures.due[other(role) as usize].iter().find(|due| !due.unknown && !due.open);
    let Some(due) = open else { return };
    let waited = left.since(due.at.max(sent.item.at));
    if waited > RESPONSE_TIMEOUT + PATIENCE {
        findings.add(Finding {
            rule: LL_TIME_1.id,
            culprit: link.node(role),
            at: left,
            record: due.record,
            evidence: vec![sent.item.record],
            text: format!(
                "has waited {} s for the answer to {}",
                waited.as_us() / 1_000_000,
                due.opcode.name()
            ),
        });
    }
}

/// Whether an LL_TERMINATE_IND of this end was acknowledged, or had its time.
pub(super) fn said_goodbye(link: &Link<'_>, role: Role, before: ble::time::Instant) -> bool {
    let goodbyes =
        link.packets.iter().enumerate().filter(|(_, packet)| {
            packet.by == role && packet.opcode() == Some(Opcode::TERMINATE_IND)
        });
    let mut goodbyes = goodbyes.peekable();
    let timeout = link.shortest_timeout();
    // The timer runs from the moment at which it was queued.
    let slow = goodbyes.peek().is_some_and(|(_, first)| {
        let asked = link.farewells[role as usize].unwrap_or(first.item.at);
        before.since(asked.min(first.item.at)) + timeout.ppm(20_000) >= timeout
    });
    slow || goodbyes.any(|(at, goodbye)| {
        link.packets.iter().skip(at).any(|packet| {
            packet.by != role
                && packet.heard()
                && packet.item.at < before
                && packet.header.nesn != goodbye.header.sn
        })
    })
}

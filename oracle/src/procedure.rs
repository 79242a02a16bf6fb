//! Control procedures: which end may start which one when, which PDUs need an answer, and by when.

use ble::error::ErrorCode;
use ble::hci::Role;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::time::{Duration, Instant};
use bletwin_rules::collisions::{LL_COLL_1, LL_COLL_2, LL_COLL_3, LL_COLL_4};
use bletwin_rules::connection_update::LL_PAR_3;
use bletwin_rules::control::{LL_CTRL_2, LL_PROC_1, LL_ROLE_1, LL_RSP_1};
use bletwin_rules::instants::{LL_INST_1, LL_INST_4};
use bletwin_rules::timeout::LL_LIVE_1;
use bletwin_rules::version::LL_VERS_1;

use super::Findings;
use super::link::{Link, Packet, other};
use super::table::{ProcedureKind, answers, is_owed, kind, only};
use super::values::param_field;
use bletwin_sniffer::RecordId;

/// The procedure response timeout.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(40);
/// Events from an instant's PDU to its instant, at least.
const INSTANT_EVENTS: u16 = 6;
/// An instant this far ahead lies in the past.
pub(super) const PAST: u16 = 0x7FFF;

/// A procedure under way.
#[derive(Clone, Copy)]
struct OpenProcedure {
    kind: ProcedureKind,
    record: RecordId,
    /// The other end has sent a PDU of it.
    answered: Option<RecordId>,
    /// Event of its instant.
    until: Option<u64>,
}

/// A PDU that an end has taken and owes an answer to.
#[derive(Clone, Copy)]
pub(super) struct Due {
    pub(super) opcode: Opcode,
    pub(super) record: RecordId,
    pub(super) at: Instant,
    /// It must be answered with LL_UNKNOWN_RSP.
    pub(super) unknown: bool,
    /// Or served, as its receiver reads it: it is known, and its length is wrong (2.4.2).
    bent: bool,
    /// It broke a rule: the reaction is left open, and no answer is owed.
    pub(super) open: bool,
    /// It is an LL_CONNECTION_PARAM_REQ out of range, which has to be rejected.
    out_of_range: bool,
}

/// The procedures of a connection, by the end that started them.
#[derive(Default)]
pub(super) struct OpenedProcedures {
    open: [Option<OpenProcedure>; 2],
    pub(super) due: [Vec<Due>; 2],
    /// Requests that the central served where it had to reject them. The peripheral may take that
    /// for a PDU of the central's own procedure, and wait for the reject.
    unrejected: Vec<Due>,
    /// What a plain reject of each end was taken for, where it might have been for another request,
    /// and when that was.
    rejected: [Option<(Due, Instant)>; 2],
    /// Opcodes that each end has taken, for LL_UNKNOWN_RSP and rejects.
    seen: [u64; 2],
    version: [Option<RecordId>; 2],
    /// The last PDU of an end belongs to a procedure that it has open itself.
    of_own: [bool; 2],
    /// An LL_PAUSE_ENC_REQ was taken.
    paused: bool,
    /// connPeripheralLatency in force, and what follows it at which event.
    latency: u16,
    next_latency: Option<(u64, u16)>,
}

/// Checks all procedures and returns those open at the end of the connection.
pub(super) fn check(link: &Link<'_>, findings: &mut Findings) -> OpenedProcedures {
    let mut all = OpenedProcedures { latency: link.request.latency, ..OpenedProcedures::default() };
    for packet in &link.packets {
        all.expire(packet.event);
        if packet.new
            && let Some(opcode) = packet.opcode()
        {
            all.sent(link, packet, opcode, findings);
        }
        if packet.taken
            && let Some(opcode) = packet.opcode()
        {
            all.took(packet, opcode, findings.is_wrong(packet), findings.is_stray(packet));
        }
    }
    all
}

impl OpenedProcedures {
    /// Whether encryption is being started or paused.
    pub(super) fn encrypting(&self) -> bool {
        self.open.iter().flatten().any(|open| open.kind == ProcedureKind::Encryption)
    }

    /// Whether the central has had an encryption pause begin.
    pub(super) const fn pauses(&self) -> bool {
        self.paused
    }

    /// The answers that the other end may be waiting for.
    pub(super) fn awaited_from(&self, role: Role) -> impl Iterator<Item = &Due> {
        let unrejected = self.unrejected.iter().filter(move |_| role == Role::Central);
        self.due[role as usize].iter().chain(unrejected)
    }

    fn see(&mut self, taker: Role, opcode: Opcode) {
        self.seen[taker as usize] |= 1 << u32::from(opcode.0).min(63);
    }

    fn expire(&mut self, event: u64) {
        for open in &mut self.open {
            open.take_if(|open| open.until.is_some_and(|until| event >= until));
        }
        if let Some((_, latency)) = self.next_latency.take_if(|(instant, _)| event >= *instant) {
            self.latency = latency;
        }
    }

    fn sent(&mut self, link: &Link<'_>, packet: &Packet<'_>, opcode: Opcode, out: &mut Findings) {
        let (by, name) = (packet.by, opcode.name());
        let mut report = |rule, evidence: &[RecordId], text| {
            link.report(out, rule, packet, evidence, text);
        };
        if only(opcode).is_some_and(|role| role != by) {
            report(LL_ROLE_1.id, &[], format!("{name} is for the other role to send"));
            return;
        }
        let own = by as usize;
        let continues = self.continues(by, opcode);
        let answered = self.settle(packet, opcode);
        if let Some(due) = answered {
            let refuses = matches!(opcode, Opcode::UNKNOWN_RSP | Opcode::REJECT_IND);
            if due.unknown && !due.bent && !refuses {
                report(
                    LL_CTRL_2.id,
                    &[due.record],
                    format!("{name} answers what is not understood"),
                );
            }
            if packet.item.at.since(due.at) > RESPONSE_TIMEOUT {
                report(LL_LIVE_1.id, &[due.record], format!("{name} came after more than 40 s"));
            }
        }
        let stray =
            answered.is_none() && must_answer(opcode, by) && !self.may_refuse(packet, opcode);
        if stray {
            report(LL_RSP_1.id, &[], format!("{name} answers nothing"));
        }
        let again = self.version[own].filter(|_| opcode == Opcode::VERSION_IND);
        if let Some(first) = again {
            report(LL_VERS_1.id, &[first], format!("{name} a second time"));
        }
        if let Some(wrong) = wrong_instant(packet) {
            report(LL_INST_1.id, &[], format!("{name} with an instant {wrong}"));
        } else if let Some((ahead, needed)) = self.too_near(packet) {
            let text = format!(
                "{name} with an instant {ahead} events ahead: with latency {} it takes {needed} \
                 to have six to listen to",
                self.latency
            );
            report(LL_INST_4.id, &[], text);
        }
        let excused = answered.is_some_and(|due| due.open);
        if self.rejects_collision_as_peripheral(packet) && !excused {
            report(
                LL_COLL_3.id,
                &[],
                format!("{name}: it is for the central to reject collisions"),
            );
        }
        // The exchange of versions is over: one more LL_VERSION_IND begins nothing that could end.
        let starts = answered.is_none() && !continues && again.is_none() && is_start(opcode);
        if let (true, Some(kind)) = (starts, kind(opcode)) {
            for (rule, record, text) in self.wrong_start(by, kind) {
                report(rule, &[record], format!("{name} {text}"));
            }
        } else if let Some((own, due)) = self.serves_collision(by, opcode, answered) {
            if let Some(answer) = own.answered {
                let text = format!("{name} where leaving the connection is recommended");
                report(LL_COLL_4.id, &[answer, due.record], text);
            } else if by == Role::Central && !due.open {
                let text = format!("{name} instead of a reject while an own procedure is open");
                report(LL_COLL_2.id, &[own.record], text);
            }
            if by == Role::Central {
                self.unrejected.push(due);
            }
        }
        if let Some(due) = answered.filter(|due| due.out_of_range) {
            let accepts = [Opcode::CONNECTION_PARAM_RSP, Opcode::CONNECTION_UPDATE_IND];
            if accepts.contains(&opcode) {
                report(LL_PAR_3.id, &[due.record], format!("{name} to a request out of range"));
            }
        }
        // LL-RSP-2: what answers nothing changes nothing.
        if !stray {
            self.advance(packet, opcode, starts);
        }
        // A device that refuses the response to its own request ends its procedure, in any form: a
        // reject may name the request or the response.
        let refuses = [Opcode::UNKNOWN_RSP, Opcode::REJECT_IND, Opcode::REJECT_EXT_IND];
        if refuses.contains(&opcode)
            && answered.is_some_and(|due| due.opcode == Opcode::CONNECTION_PARAM_RSP)
        {
            self.open[own].take_if(|open| open.kind == ProcedureKind::Parameters);
        }
    }

    /// How far ahead an instant lies that is too near at this latency, and how far it should.
    fn too_near(&self, packet: &Packet<'_>) -> Option<(u16, u32)> {
        let ahead = instant(packet)?.wrapping_sub(packet.event as u16);
        let needed = u32::from(INSTANT_EVENTS) * (u32::from(self.latency) + 1);
        (u32::from(ahead) < needed).then_some((ahead, needed))
    }

    /// Whether a PDU of the central continues a procedure that it started itself.
    fn continues(&self, by: Role, opcode: Opcode) -> bool {
        let goes_on = matches!(opcode, Opcode::CONNECTION_UPDATE_IND | Opcode::ENC_REQ);
        goes_on
            && self.open[by as usize].is_some_and(|open| {
                Some(open.kind) == kind(opcode) && open.answered.is_some() && open.until.is_none()
            })
    }

    /// Takes what this PDU answers off the sender's list.
    fn settle(&mut self, packet: &Packet<'_>, opcode: Opcode) -> Option<Due> {
        let due = &mut self.due[packet.by as usize];
        let fits = |due: &Due| match (opcode, packet.control()) {
            (_, Some(ControlPdu::UnknownRsp(what))) => due.opcode == *what,
            (_, Some(ControlPdu::RejectExtInd { opcode: what, .. })) => {
                due.opcode == *what || kind(due.opcode) == kind(*what)
            }
            (Opcode::REJECT_IND, _) => due.opcode != Opcode::PHY_RSP,
            (Opcode::VERSION_IND, _) => due.opcode == Opcode::VERSION_IND,
            (Opcode::CONNECTION_UPDATE_IND, _) => {
                kind(due.opcode) == Some(ProcedureKind::Parameters)
            }
            _ => answers(opcode, packet.by).contains(&due.opcode),
        };
        // An answer in the sender's own procedure comes before one in the peer's; but a plain
        // reject is for requests.
        let own = |due: &Due| {
            let response = matches!(due.opcode, Opcode::PHY_RSP | Opcode::CONNECTION_PARAM_RSP);
            response && opcode != Opcode::REJECT_IND && fits(due)
        };
        // A reject answers the PDU that it names.
        let named = |due: &Due| {
            matches!(packet.control(), Some(ControlPdu::RejectExtInd { opcode, .. })
                if due.opcode == *opcode)
        };
        let first = |is: &dyn Fn(&Due) -> bool| due.iter().position(is);
        let at = first(&named).or_else(|| first(&own)).or_else(|| first(&fits));
        let plainly = &mut self.rejected[packet.by as usize];
        let Some(at) = at else {
            // Then the plain reject was for another one, if one of then is still open.
            let (answered, at) = plainly.filter(|(due, _)| fits(due))?;
            let other = first(&|due| due.at < at && due.opcode != Opcode::PHY_RSP)?;
            due.remove(other);
            *plainly = None;
            return Some(answered);
        };
        if opcode == Opcode::REJECT_IND && due.iter().filter(|due| fits(due)).count() > 1 {
            *plainly = due.get(at).map(|due| (*due, packet.item.at));
        }
        Some(due.remove(at))
    }

    /// LL_UNKNOWN_RSP and rejects may name anything that was taken.
    fn may_refuse(&self, packet: &Packet<'_>, opcode: Opcode) -> bool {
        let seen =
            |what: Opcode| self.seen[packet.by as usize] >> u32::from(what.0).min(63) & 1 == 1;
        match packet.control() {
            Some(ControlPdu::UnknownRsp(what)) => seen(*what),
            Some(ControlPdu::RejectExtInd { opcode: what, .. }) => seen(*what),
            _ => opcode == Opcode::REJECT_IND && self.seen[packet.by as usize] != 0,
        }
    }

    fn rejects_collision_as_peripheral(&self, packet: &Packet<'_>) -> bool {
        let error = match packet.control() {
            Some(ControlPdu::RejectInd(error) | ControlPdu::RejectExtInd { error, .. }) => *error,
            _ => return false,
        };
        let collision =
            [ErrorCode::LL_PROCEDURE_COLLISION, ErrorCode::DIFFERENT_TRANSACTION_COLLISION];
        packet.by == Role::Peripheral && collision.contains(&error)
    }

    /// The faults in starting a procedure now.
    fn wrong_start(&self, by: Role, kind: ProcedureKind) -> Vec<(&'static str, RecordId, String)> {
        let mut wrong = Vec::new();
        if let Some(open) = &self.open[by as usize] {
            let text = format!("while its own {:?} procedure is open", open.kind);
            wrong.push((LL_PROC_1.id, open.record, text));
        }
        let theirs = self.open[other(by) as usize].as_ref();
        if let Some(open) = theirs.filter(|open| kind.has_instant() && open.kind.has_instant())
            && let Some(answered) = open.answered
        {
            let text = format!("after its answer in the peer's {:?} procedure", open.kind);
            wrong.push((LL_COLL_1.id, answered, text));
        }
        wrong
    }

    /// A device's open procedure with an instant while it serves another one of the peer's, and the
    /// request that it serves.
    fn serves_collision(
        &self,
        by: Role,
        opcode: Opcode,
        answered: Option<Due>,
    ) -> Option<(OpenProcedure, Due)> {
        let due = answered.filter(|due| {
            due.opcode == Opcode::PHY_REQ || due.opcode == Opcode::CONNECTION_PARAM_REQ
        })?;
        let positive = match by {
            Role::Central => [Opcode::PHY_UPDATE_IND, Opcode::CONNECTION_UPDATE_IND],
            Role::Peripheral => [Opcode::PHY_RSP, Opcode::CONNECTION_PARAM_RSP],
        };
        let own = self.open[by as usize].filter(|own| own.kind.has_instant())?;
        positive.contains(&opcode).then_some((own, due))
    }

    /// Updates the open procedures after a PDU was sent for the first time.
    fn advance(&mut self, packet: &Packet<'_>, opcode: Opcode, starts: bool) {
        let (by, own) = (packet.by, packet.by as usize);
        let record = packet.item.record;
        if opcode == Opcode::VERSION_IND {
            self.version[own].get_or_insert(record);
        }
        if opcode == Opcode::ENC_RSP {
            let at = packet.item.at;
            let (unknown, bent, open, out_of_range) = (false, false, false, false);
            self.due[own].push(Due { opcode, record, at, unknown, bent, open, out_of_range });
        }
        if starts && let Some(kind) = kind(opcode) {
            self.open[own] = Some(OpenProcedure { kind, record, answered: None, until: None });
        }
        let until = instant(packet)
            .map(|instant| packet.event + u64::from(instant.wrapping_sub(packet.event as u16)));
        if let (Some(at), Some(ControlPdu::ConnectionUpdateInd(update))) = (until, packet.control())
        {
            self.next_latency = Some((at, update.latency));
        }
        let kind = kind(opcode);
        let mine_is_open = self.open[own].is_some_and(|open| Some(open.kind) == kind);
        self.of_own[own] = mine_is_open;
        let theirs = self.open[other(by) as usize].as_mut();
        if let Some(open) = theirs.filter(|open| Some(open.kind) == kind && !starts) {
            open.answered = Some(record);
            if !mine_is_open {
                open.until = until.or(open.until);
            }
        }
        if let Some(open) = self.open[own].as_mut().filter(|open| Some(open.kind) == kind) {
            open.until = until.or(open.until);
        }
        if mine_is_open && changes_nothing(packet) {
            self.open[own] = None;
        }
    }

    /// `wrong`: it breaks a rule; `stray`: it answers nothing.
    fn took(&mut self, packet: &Packet<'_>, opcode: Opcode, wrong: bool, stray: bool) {
        let (by, taker) = (packet.by, other(packet.by));
        let malformed = packet.control().is_none_or(|pdu| matches!(pdu, ControlPdu::Unknown(_)));
        // 2.4: a payload without an opcode is no control PDU, and may also be ignored.
        let malformed = malformed && opcode != Opcode::NONE;
        let unknown = malformed || is_start(opcode) && only(opcode).is_some_and(|role| role != by);
        let out_of_range = matches!(packet.control(),
            Some(ControlPdu::ConnectionParamReq(param)) if param_field(param).is_some());
        let (record, at) = (packet.item.record, packet.item.end);
        let owed = only(opcode).is_none_or(|role| role == by) && is_owed(opcode, by);
        let bent = malformed && opcode.ctr_data_len().is_some();
        let open = wrong && !unknown && !out_of_range || bent && !owed;
        let due = Due { opcode, record, at, unknown, bent, open, out_of_range };
        self.paused |= opcode == Opcode::PAUSE_ENC_REQ && !wrong;
        self.see(taker, opcode);
        // One answer is due, however often it is asked for.
        let unanswered_version = opcode == Opcode::VERSION_IND
            && self.version[taker as usize].is_none()
            && self.due[taker as usize].iter().all(|due| due.opcode != Opcode::VERSION_IND);
        if owed || unanswered_version || unknown {
            self.due[taker as usize].push(due);
        }
        let in_own = self.of_own[by as usize];
        let Some(open) = self.open[taker as usize] else { return };
        let closes = match packet.control() {
            Some(ControlPdu::RejectInd(_)) => true,
            Some(ControlPdu::UnknownRsp(what) | ControlPdu::RejectExtInd { opcode: what, .. }) => {
                kind(*what) == Some(open.kind)
            }
            Some(
                ControlPdu::FeatureRsp(_)
                | ControlPdu::LengthRsp(_)
                | ControlPdu::PingRsp
                | ControlPdu::VersionInd(_),
            ) => kind(opcode) == Some(open.kind),
            Some(ControlPdu::StartEncRsp) => {
                by == Role::Peripheral && open.kind == ProcedureKind::Encryption
            }
            _ => open.kind == ProcedureKind::Phy && changes_nothing(packet) && !in_own && !stray,
        };
        if closes && open.until.is_none() {
            self.open[taker as usize] = None;
        } else if closes && matches!(open.kind, ProcedureKind::Parameters | ProcedureKind::Phy) {
            // The update that seemed to answer the refused request was the central's own; its
            // instant still applies.
            self.open[taker as usize] = None;
            self.open[by as usize] = Some(OpenProcedure { answered: None, ..open });
        }
    }
}

/// Whether it is an LL_PHY_UPDATE_IND that ends its procedure immediately.
fn changes_nothing(packet: &Packet<'_>) -> bool {
    matches!(packet.control(), Some(ControlPdu::PhyUpdateInd { .. })) && instant(packet).is_none()
}

/// PDUs that never come by themselves.
fn must_answer(opcode: Opcode, by: Role) -> bool {
    !answers(opcode, by).is_empty()
        || matches!(opcode, Opcode::UNKNOWN_RSP | Opcode::REJECT_IND | Opcode::REJECT_EXT_IND)
}

/// PDUs that start a procedure unless they answer or go on with one.
const fn is_start(opcode: Opcode) -> bool {
    matches!(
        opcode,
        Opcode::FEATURE_REQ
            | Opcode::PERIPHERAL_FEATURE_REQ
            | Opcode::VERSION_IND
            | Opcode::ENC_REQ
            | Opcode::PAUSE_ENC_REQ
            | Opcode::CONNECTION_UPDATE_IND
            | Opcode::CONNECTION_PARAM_REQ
            | Opcode::CHANNEL_MAP_IND
            | Opcode::PING_REQ
            | Opcode::LENGTH_REQ
            | Opcode::PHY_REQ
    )
}

pub(super) const fn instant(packet: &Packet<'_>) -> Option<u16> {
    match packet.item.control() {
        Some(ControlPdu::ConnectionUpdateInd(update)) => Some(update.instant),
        Some(ControlPdu::ChannelMapInd { instant, .. }) => Some(*instant),
        Some(ControlPdu::PhyUpdateInd { c_to_p, p_to_c, instant })
            if c_to_p.0 != 0 || p_to_c.0 != 0 =>
        {
            Some(*instant)
        }
        _ => None,
    }
}

fn wrong_instant(packet: &Packet<'_>) -> Option<String> {
    let ahead = instant(packet)?.wrapping_sub(packet.event as u16);
    match ahead {
        PAST.. => Some("in the past, not six events ahead".to_owned()),
        0..INSTANT_EVENTS => Some(format!("only {ahead} events ahead, not six")),
        _ => None,
    }
}

//! ATT-PDU, -SEQ, -RSP, -MTU and -TIME: requests and answers. Each end may be client and server.

use ble::time::Instant;
use bletwin_rules::att::{
    ATT_MTU_1, ATT_MTU_2, ATT_MTU_3, ATT_MTU_4, ATT_PDU_1, ATT_PDU_4, ATT_RSP_1, ATT_RSP_2,
    ATT_RSP_3, ATT_SEQ_1, ATT_SEQ_2, ATT_TIME_1,
};
use bletwin_rules::gatt::GATT_IND_1;

use super::attributes::Attributes;
use super::changes::Changes;
use super::codes::{AttKind, code, kind};
use super::declarations::Declarations;
use super::values::Values;
use super::{Court, SentFrame, TIMEOUT, Wrong, answers, formats, lists};
use crate::link::{Packet, other};

/// ATT_MTU before it is exchanged.
const MTU_MIN: usize = 23;
/// Most requests that are remembered of a client that does not wait.
const OPEN_MAX: usize = 8;
/// Most indications that are remembered of a server that does not wait.
const INDICATIONS_MAX: usize = 255;

/// A request that has reached a server.
pub(super) struct Ask {
    pub(super) octets: Vec<u8>,
    /// Whether the link was encrypted.
    pub(super) encrypted: bool,
    at: Instant,
}

/// One end's knowledge.
struct End {
    /// The open request of its client, and since when.
    asked: Option<(u8, Instant)>,
    /// Requests that have reached its server.
    asks: Vec<Ask>,
    /// Requests of an unknown kind, or too many: the request of an answer is no longer known.
    unknown: bool,
    /// The open indication of its server.
    indicated: Option<Instant>,
    /// When the indications that have reached its client came.
    indications: Vec<Instant>,
    /// It has sent ATT_EXCHANGE_MTU_REQ.
    exchanged: bool,
    /// The ATT_MTU that it has offered, with the opcode.
    offered: Option<(u8, usize)>,
    /// The ATT_MTU that its peer has offered.
    heard: Option<usize>,
    /// The largest ATT_MTU that has been in force for it.
    mtu: usize,
    /// It owes an answer, and that was reported.
    silent: bool,
}

impl Default for End {
    fn default() -> Self {
        Self {
            asked: None,
            asks: Vec::new(),
            unknown: false,
            indicated: None,
            indications: Vec::new(),
            exchanged: false,
            offered: None,
            heard: None,
            mtu: MTU_MIN,
            silent: false,
        }
    }
}

/// What is known of one end's server.
#[derive(Default)]
struct Server {
    attributes: Attributes,
    declarations: Declarations,
    values: Values,
    changes: Changes,
}

/// Both ends of a connection.
#[derive(Default)]
pub(super) struct Att {
    ends: [End; 2],
    servers: [Server; 2],
}

impl Att {
    pub(super) fn sent(&mut self, frame: &SentFrame<'_>, court: &mut Court<'_, '_>) {
        let Some(&opcode) = frame.octets.first() else { return };
        let (end, server) = (&mut self.ends[frame.by as usize], &mut self.servers);
        if frame.octets.len() > end.mtu {
            let text = format!("{} octets, with an ATT_MTU of {}", frame.octets.len(), end.mtu);
            court.report(ATT_PDU_1.id, frame, text);
        }
        let malformed = formats::fault(frame.octets);
        court.report_all(frame, malformed.map(|text| (ATT_PDU_4.id, text)));
        let (kind, late) = (kind(opcode), end.late(frame, court));
        court.report_all(frame, late.clone());
        match kind {
            AttKind::Request => {
                end.ask(opcode, frame, court, late.is_some());
                let server = &mut server[other(frame.by) as usize];
                court.report_all(frame, server.values.asked(&server.attributes, frame.octets));
                court.report_all(frame, server.changes.asked(frame.octets));
            }
            AttKind::Response => {
                if let Some(ask) = end.answer(opcode, frame, court) {
                    server[frame.by as usize].answered(&ask, frame, court);
                }
            }
            AttKind::Indication | AttKind::Notification => {
                end.sends(kind, frame, court, late.is_some());
                server[frame.by as usize].sends(kind, frame, court);
            }
            AttKind::Confirmation if end.indications.is_empty() => {
                court.report(ATT_RSP_2.id, frame, "a confirmation of no indication".to_owned());
            }
            AttKind::Confirmation => {
                end.indications.remove(0);
                server[other(frame.by) as usize].changes.confirmed();
            }
            AttKind::Command | AttKind::Unknown => {}
        }
        end.exchange(opcode, frame, court);
    }

    pub(super) fn received(&mut self, frame: &SentFrame<'_>) {
        let Some(&opcode) = frame.octets.first() else { return };
        let by = other(frame.by) as usize;
        let end = &mut self.ends[by];
        match kind(opcode) {
            AttKind::Request if end.asks.len() < OPEN_MAX => {
                let (octets, encrypted) = (frame.octets.to_vec(), frame.is_encrypted());
                end.asks.push(Ask { octets, encrypted, at: frame.at() });
            }
            AttKind::Request | AttKind::Unknown => end.unknown = true,
            AttKind::Response => end.asked = None,
            AttKind::Indication if end.indications.len() < INDICATIONS_MAX => {
                end.indications.push(frame.at());
            }
            AttKind::Confirmation => end.indicated = None,
            AttKind::Indication | AttKind::Command | AttKind::Notification => {}
        }
        self.servers[by].values.takes(frame.octets);
        if matches!(opcode, code::EXCHANGE_MTU_REQ | code::EXCHANGE_MTU_RSP) {
            end.heard = value(frame.octets);
        }
        // A client uses the new value from the response on.
        if opcode == code::EXCHANGE_MTU_RSP {
            end.apply();
        }
    }

    /// The identity of an end may have changed, and its values with it.
    pub(super) fn forget(&mut self) {
        self.servers.iter_mut().for_each(|server| server.values.forget());
    }

    /// The answer that the sender of this packet owes: it has nothing else to send.
    pub(super) fn silent(&mut self, packet: &Packet<'_>) -> Wrong {
        let end = &mut self.ends[packet.by as usize];
        let overdue = |since: Instant| packet.item.at.since(since) > TIMEOUT;
        if end.silent {
            return None;
        }
        let wrong = match (end.asks.as_slice(), end.indications.first()) {
            ([ask], _) if !end.unknown && overdue(ask.at) => {
                let request = ask.octets.first().copied().unwrap_or_default();
                Some((ATT_RSP_3.id, format!("no response to 0x{request:02X} in 30 s")))
            }
            (_, Some(since)) if overdue(*since) => {
                Some((GATT_IND_1.id, "no confirmation in 30 s".to_owned()))
            }
            _ => None,
        };
        end.silent = wrong.is_some();
        wrong
    }
}

impl Server {
    /// A response to a request: ATT-LIST, and the attributes and values in it.
    fn answered(&mut self, ask: &Ask, frame: &SentFrame<'_>, court: &mut Court<'_, '_>) {
        let request = &ask.octets;
        court.report_all(frame, lists::fault(request, frame.octets));
        court.report_all(frame, answers::faults(ask, frame.octets));
        self.changes.answered(frame.octets);
        self.attributes.learn(request, frame.octets);
        let declared = self.declarations.faults(&self.attributes, request, frame.octets);
        court.report_all(frame, declared);
        court.report_all(frame, self.values.answers(&self.attributes, request, frame.octets));
    }

    fn sends(&mut self, kind: AttKind, frame: &SentFrame<'_>, court: &mut Court<'_, '_>) {
        let &[code::NOTIFICATION | code::INDICATION, low, high, ..] = frame.octets else { return };
        let (handle, indicates) = (u16::from_le_bytes([low, high]), kind == AttKind::Indication);
        if indicates {
            self.changes.indicated(&self.attributes, handle);
        }
        court.report_all(frame, self.values.sends(&self.attributes, handle, indicates));
    }
}

impl End {
    /// ATT-TIME-1: 30 seconds.
    fn late(&self, frame: &SentFrame<'_>, court: &Court<'_, '_>) -> Wrong {
        let &opcode = frame.octets.first()?;
        let ended = matches!(
            kind(opcode),
            AttKind::Request | AttKind::Command | AttKind::Notification | AttKind::Indication
        );
        let open = [self.asked.map(|(_, since)| since), self.indicated];
        let since = open.into_iter().flatten().min().filter(|_| ended)?;
        // This PDU was not queued before.
        court.was_idle(frame.by, since + TIMEOUT).then(|| {
            let text = format!("0x{opcode:02X} after a transaction of more than 30 s");
            (ATT_TIME_1.id, text)
        })
    }

    /// ATT-SEQ-1: one request at a time.
    fn ask(&mut self, opcode: u8, frame: &SentFrame<'_>, court: &mut Court<'_, '_>, late: bool) {
        match self.asked {
            Some(_) if late => {}
            Some((open, _)) => {
                let text = format!("request 0x{opcode:02X} before the response to 0x{open:02X}");
                court.report(ATT_SEQ_1.id, frame, text);
                self.asked = Some((opcode, frame.at()));
            }
            None => self.asked = Some((opcode, frame.at())),
        }
    }

    /// ATT-SEQ-2: one indication at a time. ATT-MTU-3: nothing unasked while ATT_MTU is exchanged.
    fn sends(
        &mut self,
        kind: AttKind,
        frame: &SentFrame<'_>,
        court: &mut Court<'_, '_>,
        late: bool,
    ) {
        if self.asked.is_some_and(|(opcode, _)| opcode == code::EXCHANGE_MTU_REQ) {
            let text = "before the response to its ATT_EXCHANGE_MTU_REQ".to_owned();
            court.report(ATT_MTU_3.id, frame, text);
        }
        if kind == AttKind::Indication {
            if self.indicated.is_some() && !late {
                let text = "an indication before the confirmation of the last one".to_owned();
                court.report(ATT_SEQ_2.id, frame, text);
            }
            let at = frame.at();
            self.indicated.get_or_insert(at);
        }
    }

    /// ATT-RSP-1: the response fits its request. ATT-RSP-2: no answer without a question. The
    /// request that it answers.
    fn answer(
        &mut self,
        opcode: u8,
        frame: &SentFrame<'_>,
        court: &mut Court<'_, '_>,
    ) -> Option<Ask> {
        let answered = match opcode {
            code::ERROR_RSP => frame.octets.get(1).copied().unwrap_or_default(),
            _ => opcode - 1,
        };
        let open = self.asks.iter().position(|ask| ask.octets.first() == Some(&answered));
        if let Some(open) = open {
            return Some(self.asks.remove(open));
        }
        if self.unknown {
            // The request that it answers is not known.
        } else if let Some(ask) = self.asks.first() {
            let request = ask.octets.first().copied().unwrap_or_default();
            let text = format!("0x{opcode:02X} for 0x{answered:02X}, asked was 0x{request:02X}");
            court.report(ATT_RSP_1.id, frame, text);
        } else {
            let text = format!("0x{opcode:02X} for 0x{answered:02X}, and no request is open");
            court.report(ATT_RSP_2.id, frame, text);
        }
        None
    }

    /// ATT-MTU-1: one exchange of ATT_MTU. ATT-MTU-2: ATT_MTU is 23 or more. ATT-MTU-4: one ATT_MTU
    /// for client and server.
    fn exchange(&mut self, opcode: u8, frame: &SentFrame<'_>, court: &mut Court<'_, '_>) {
        if !matches!(opcode, code::EXCHANGE_MTU_REQ | code::EXCHANGE_MTU_RSP) {
            return;
        }
        if opcode == code::EXCHANGE_MTU_REQ && std::mem::replace(&mut self.exchanged, true) {
            court.report(ATT_MTU_1.id, frame, "ATT_EXCHANGE_MTU_REQ a second time".to_owned());
        }
        let Some(octets) = value(frame.octets) else { return };
        if octets < MTU_MIN {
            court.report(ATT_MTU_2.id, frame, format!("a value of {octets}"));
        }
        if let Some((with, before)) = self.offered.replace((opcode, octets))
            && with != opcode
            && before != octets
        {
            court.report(ATT_MTU_4.id, frame, format!("a value of {octets}, before {before}"));
        }
        // A server uses the new value as soon as the response is sent.
        if opcode == code::EXCHANGE_MTU_RSP {
            self.apply();
        }
    }

    fn apply(&mut self) {
        if let (Some((_, offered)), Some(heard)) = (self.offered, self.heard) {
            self.mtu = self.mtu.max(offered.min(heard));
        }
    }
}

/// Of an exchange of ATT_MTU.
fn value(octets: &[u8]) -> Option<usize> {
    let &[_, low, high] = octets else { return None };
    Some(usize::from(u16::from_le_bytes([low, high])))
}

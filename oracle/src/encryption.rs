//! What may be sent while encryption starts or pauses, and the integrity of what is sent
//! afterwards.

use ble::error::ErrorCode;
use ble::hci::Role;
use ble::pdu::control::{ControlPdu, Opcode};
use ble::pdu::data::Llid;
use bletwin_rules::encryption::{LL_ENC_1, LL_ENC_2, LL_ENC_3, LL_ENC_9, LL_ENC_11, LL_MIC_1};

use super::Findings;
use super::link::{Link, Packet, other};
use bletwin_sniffer::{Decoded, RecordId};

/// Refusals of an earlier request. Older versions allowed them in between and link layers accept
/// them; by 6.2 all but LL_UNKNOWN_RSP are unexpected, so that disconnecting for one is right as
/// well.
pub(super) const REFUSALS: [Opcode; 3] =
    [Opcode::REJECT_IND, Opcode::REJECT_EXT_IND, Opcode::UNKNOWN_RSP];

/// A refusal while encryption started or paused.
pub(super) struct Refusal {
    /// The end that it was sent to.
    pub(super) taker: Role,
    pub(super) opcode: Opcode,
    pub(super) record: RecordId,
}

/// Checks all that concerns encryption, and gives the refusals in between.
pub(super) fn check(link: &Link<'_>, findings: &mut Findings) -> Vec<Refusal> {
    let mut start = Start::default();
    let mut refusals = Vec::new();
    for packet in &link.packets {
        if packet.new && packet.item.decrypted == Some(false) {
            let (rule, text) = if is_plain(packet) {
                (LL_ENC_2.id, "a control PDU in plain text on an encrypted link")
            } else {
                (LL_MIC_1.id, "the MIC does not fit key, packet counter and payload")
            };
            link.report(findings, rule, packet, &[], text.to_owned());
        }
        if let (true, Some((rule, text))) = (packet.new, wrong_side(packet)) {
            link.report(findings, rule, packet, &[], text.to_owned());
        }
        if let Some(evidence) = start.keeps_a_refresh(packet) {
            let text = format!("{} where LL_TERMINATE_IND is due", packet.name());
            link.report(findings, LL_ENC_9.id, packet, &[evidence], text);
        }
        if let (true, Some(since)) = (packet.new, start.since[packet.by as usize]) {
            match start.judge(packet) {
                Fit::Right => {}
                Fit::Refusal(opcode) => refusals.push(Refusal {
                    taker: other(packet.by),
                    opcode,
                    record: packet.item.record,
                }),
                Fit::Wrong => {
                    let text = format!("{} while encryption starts or pauses", packet.name());
                    link.report(findings, LL_ENC_1.id, packet, &[since], text);
                }
            }
        }
        start.learn(packet);
    }
    refusals
}

/// Whether a PDU that does not decrypt is a control PDU that was never encrypted.
fn is_plain(packet: &Packet<'_>) -> bool {
    let payload = packet.tx.pdu.payload();
    let known = payload.first().and_then(|opcode| Opcode(*opcode).ctr_data_len());
    packet.header.llid == Llid::Control && known.is_some() && ControlPdu::parse(payload).is_ok()
}

/// A request of the central that begins what cannot begin: encryption where it runs, or a pause
/// where none runs.
fn wrong_side(packet: &Packet<'_>) -> Option<(&'static str, &'static str)> {
    let encrypted = packet.item.decrypted == Some(true);
    match packet.control().filter(|_| packet.by == Role::Central)? {
        ControlPdu::EncReq(_) if encrypted => Some((
            LL_ENC_3.id,
            "LL_ENC_REQ on an encrypted link, without an LL_PAUSE_ENC_REQ before it",
        )),
        ControlPdu::PauseEncReq if !encrypted => {
            Some((LL_ENC_11.id, "LL_PAUSE_ENC_REQ on a link in the clear"))
        }
        _ => None,
    }
}

/// How a PDU fits into an encryption start or pause.
enum Fit {
    Right,
    Refusal(Opcode),
    Wrong,
}

/// How far the start or pause is, for each end.
#[derive(Default)]
struct Start {
    /// The PDU since which an end must hold back.
    since: [Option<RecordId>; 2],
    /// The PDUs of the procedure that each end may send next.
    next: [&'static [Opcode]; 2],
    /// Encryption ran before.
    paused: bool,
}

impl Start {
    /// A PDU of an end that must hold back.
    fn judge(&self, packet: &Packet<'_>) -> Fit {
        // An unreadable PDU is judged by its MIC, and a malformed frame by its framing. A control
        // PDU without an opcode has the wrong length (2.4.2), and is unexpected.
        let unreadable = packet.item.decrypted == Some(false) || !packet.is_whole();
        let control = packet.header.llid == Llid::Control;
        let empty = packet.item.decoded == Decoded::Empty && !control;
        if unreadable || empty || packet.header.llid == Llid::Reserved {
            return Fit::Right;
        }
        let Some(opcode) = packet.control().map(ControlPdu::opcode) else { return Fit::Wrong };
        if opcode == Opcode::TERMINATE_IND || self.next[packet.by as usize].contains(&opcode) {
            Fit::Right
        } else if REFUSALS.contains(&opcode) {
            Fit::Refusal(opcode)
        } else {
            Fit::Wrong
        }
    }

    /// The request of a refresh that the peripheral refuses for want of a key, and stays.
    fn keeps_a_refresh(&self, packet: &Packet<'_>) -> Option<RecordId> {
        let refuses = match packet.control()? {
            ControlPdu::RejectInd(error) => *error == ErrorCode::PIN_OR_KEY_MISSING,
            ControlPdu::RejectExtInd { opcode: Opcode::ENC_REQ, error } => {
                *error == ErrorCode::PIN_OR_KEY_MISSING
            }
            _ => false,
        };
        let due = self.next[packet.by as usize].contains(&packet.control()?.opcode());
        let refuses = refuses && due && self.paused && packet.by == Role::Peripheral;
        self.since[Role::Central as usize].filter(|_| packet.new && refuses)
    }

    fn learn(&mut self, packet: &Packet<'_>) {
        let Some(pdu) = packet.control() else { return };
        if packet.new {
            self.sent(packet, pdu);
        }
        if packet.taken {
            self.took(packet, pdu);
        }
    }

    fn sent(&mut self, packet: &Packet<'_>, pdu: &ControlPdu) {
        let by = packet.by as usize;
        let is_next = self.next[by].contains(&pdu.opcode());
        let encrypted = packet.item.decrypted == Some(true);
        let record = Some(packet.item.record);
        match (pdu, packet.by) {
            (ControlPdu::EncReq(_), Role::Central) if !encrypted => {
                self.since[by] = self.since[by].or(record);
            }
            (ControlPdu::PauseEncReq, Role::Central) if encrypted => {
                self.since[by] = self.since[by].or(record);
            }
            (ControlPdu::EncRsp(_) | ControlPdu::PauseEncRsp, Role::Peripheral) if is_next => {
                self.since[by] = self.since[by].or(record);
            }
            (ControlPdu::RejectInd(_) | ControlPdu::RejectExtInd { .. }, Role::Peripheral)
                if is_next =>
            {
                self.since[by] = None;
            }
            _ => {}
        }
        self.paused |= is_next && *pdu == ControlPdu::PauseEncRsp;
        if is_next {
            self.next[by] = match (pdu, packet.by) {
                (ControlPdu::EncRsp(_), _) => {
                    &[Opcode::START_ENC_REQ, Opcode::REJECT_IND, Opcode::REJECT_EXT_IND]
                }
                (ControlPdu::PauseEncRsp, Role::Central) => &[Opcode::ENC_REQ],
                _ => &[],
            };
        }
    }

    fn took(&mut self, packet: &Packet<'_>, pdu: &ControlPdu) {
        // Nothing of it counts outside of a start or pause.
        if self.since[Role::Central as usize].is_none() {
            return;
        }
        let taker = other(packet.by) as usize;
        match (pdu, packet.by) {
            (ControlPdu::EncReq(_), Role::Central) => {
                self.next[taker] = &[Opcode::ENC_RSP, Opcode::REJECT_IND, Opcode::REJECT_EXT_IND];
            }
            (ControlPdu::PauseEncReq, Role::Central) => {
                self.next[taker] = &[Opcode::PAUSE_ENC_RSP];
            }
            (ControlPdu::PauseEncRsp, Role::Peripheral) => {
                self.next[taker] = &[Opcode::PAUSE_ENC_RSP];
            }
            (ControlPdu::StartEncReq, Role::Peripheral) => {
                self.next[taker] = &[Opcode::START_ENC_RSP];
            }
            // The peripheral has the central's, and still owes its own.
            (ControlPdu::StartEncRsp, Role::Central) if packet.item.decrypted == Some(true) => {
                self.since[taker] = None;
                self.next[taker] = &[Opcode::START_ENC_RSP];
            }
            (ControlPdu::StartEncRsp, Role::Peripheral)
            | (
                ControlPdu::RejectInd(_)
                | ControlPdu::RejectExtInd {
                    opcode: Opcode::ENC_REQ | Opcode::PAUSE_ENC_REQ, ..
                }
                | ControlPdu::UnknownRsp(Opcode::ENC_REQ | Opcode::PAUSE_ENC_REQ),
                Role::Peripheral,
            ) => {
                self.since[taker] = None;
                self.next[taker] = &[];
                self.paused = false;
            }
            _ => {}
        }
    }
}

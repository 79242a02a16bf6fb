//! What may be sent while encryption starts, and the integrity of what is sent afterwards.

use firmware_core::hci::Role;
use firmware_core::pdu::control::{ControlPdu, Opcode};
use firmware_core::pdu::data::Llid;

use super::Findings;
use super::link::{Link, Packet};
use crate::record::RecordId;
use crate::sniffer::Decoded;

/// What either end may send in between. The rejects and LL_UNKNOWN_RSP end an earlier request;
/// older versions allowed them and receivers must take them.
const BETWEEN: [Opcode; 8] = [
    Opcode::TERMINATE_IND,
    Opcode::START_ENC_REQ,
    Opcode::START_ENC_RSP,
    Opcode::ENC_RSP,
    Opcode::REJECT_IND,
    Opcode::REJECT_EXT_IND,
    Opcode::UNKNOWN_RSP,
    Opcode::PAUSE_ENC_RSP,
];

pub(super) fn check(link: &Link<'_>, findings: &mut Findings) {
    let mut start = Start::default();
    for packet in &link.packets {
        if packet.new && packet.item.decrypted == Some(false) {
            let (rule, text) = if is_plain(packet) {
                ("LL-ENC-2", "a control PDU in plain text on an encrypted link")
            } else {
                ("LL-MIC-1", "the MIC does not fit key, packet counter and payload")
            };
            link.report(findings, rule, packet, &[], text.to_owned());
        }
        let since = start.since[packet.by as usize];
        if let (true, Some(since)) = (packet.new, since)
            && !is_allowed(packet)
        {
            let text = format!("{} while encryption starts or pauses", packet.name());
            link.report(findings, "LL-ENC-1", packet, &[since], text);
        }
        start.learn(packet);
    }
}

fn is_allowed(packet: &Packet<'_>) -> bool {
    match (&packet.item.decoded, packet.opcode()) {
        (Decoded::Empty, _) => true,
        (_, Some(Opcode::ENC_REQ)) => packet.by == Role::Central,
        (_, Some(opcode)) => BETWEEN.contains(&opcode),
        // What cannot be read is judged by its MIC.
        (Decoded::Opaque, None) => true,
        _ => false,
    }
}

/// Whether a PDU that does not decrypt is a control PDU that was never encrypted.
fn is_plain(packet: &Packet<'_>) -> bool {
    let payload = packet.tx.pdu.payload();
    let known = payload.first().and_then(|opcode| Opcode(*opcode).ctr_data_len());
    packet.header.llid == Llid::Control && known.is_some() && ControlPdu::parse(payload).is_ok()
}

/// Since which PDU each end must hold back.
#[derive(Default)]
struct Start {
    since: [Option<RecordId>; 2],
}

impl Start {
    fn learn(&mut self, packet: &Packet<'_>) {
        let [central, peripheral] = &mut self.since;
        let record = Some(packet.item.record);
        match (packet.control(), packet.by) {
            (Some(ControlPdu::EncReq(_) | ControlPdu::PauseEncReq), Role::Central)
                if packet.new =>
            {
                *central = record;
            }
            (Some(ControlPdu::EncRsp(_) | ControlPdu::PauseEncRsp), Role::Peripheral)
                if packet.new =>
            {
                *peripheral = record;
            }
            (Some(ControlPdu::StartEncRsp), Role::Peripheral) if packet.taken => *central = None,
            (Some(ControlPdu::StartEncRsp), Role::Central) if packet.taken => *peripheral = None,
            (
                Some(
                    ControlPdu::RejectInd(_)
                    | ControlPdu::RejectExtInd { opcode: Opcode::ENC_REQ, .. },
                ),
                Role::Peripheral,
            ) => {
                if packet.new {
                    *peripheral = None;
                }
                if packet.taken {
                    *central = None;
                }
            }
            (
                Some(ControlPdu::UnknownRsp(Opcode::ENC_REQ | Opcode::PAUSE_ENC_REQ)),
                Role::Peripheral,
            ) if packet.taken => *central = None,
            _ => {}
        }
    }
}

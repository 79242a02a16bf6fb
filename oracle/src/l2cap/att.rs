//! ATT-PDU, -SEQ, -RSP and -MTU: requests and answers. Each end may be client and server.

use ble::hci::Role;
use bletwin_rules::att::{
    ATT_LIST_1, ATT_MTU_1, ATT_MTU_2, ATT_PDU_1, ATT_RSP_1, ATT_RSP_2, ATT_SEQ_1, ATT_SEQ_2,
};

use super::{Court, Frame, lists};

/// ATT_MTU before it is exchanged.
const MTU_MIN: usize = 23;

const ERROR_RSP: u8 = 0x01;
const EXCHANGE_MTU_REQ: u8 = 0x02;
const EXCHANGE_MTU_RSP: u8 = 0x03;
const NOTIFICATION: u8 = 0x1B;
const INDICATION: u8 = 0x1D;
const CONFIRMATION: u8 = 0x1E;
const MULTIPLE_NOTIFICATION: u8 = 0x23;
/// Command flag of an opcode.
const COMMAND: u8 = 0x40;
const REQUESTS: [u8; 12] = [0x02, 0x04, 0x06, 0x08, 0x0A, 0x0C, 0x0E, 0x10, 0x12, 0x16, 0x18, 0x20];
/// Most requests that are remembered of a client that does not wait.
const OPEN_MAX: usize = 8;

/// What a PDU is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Request,
    Response,
    Indication,
    Confirmation,
    /// Nothing answers it.
    Alone,
    /// Not known: it may be a request.
    Unknown,
}

fn kind(opcode: u8) -> Kind {
    match opcode {
        INDICATION => Kind::Indication,
        CONFIRMATION => Kind::Confirmation,
        NOTIFICATION | MULTIPLE_NOTIFICATION => Kind::Alone,
        _ if opcode & COMMAND != 0 => Kind::Alone,
        _ if REQUESTS.contains(&opcode) => Kind::Request,
        ERROR_RSP => Kind::Response,
        _ if REQUESTS.contains(&opcode.wrapping_sub(1)) => Kind::Response,
        _ => Kind::Unknown,
    }
}

/// One end's knowledge.
struct End {
    /// The open request of its client.
    asked: Option<u8>,
    /// Requests that have reached its server, with their octets.
    asks: Vec<Vec<u8>>,
    /// Of the peer, of an unknown kind.
    unknown: bool,
    /// The open indication of its server.
    indicated: bool,
    /// Indications that have reached its client.
    indications: u8,
    /// It has sent ATT_EXCHANGE_MTU_REQ.
    exchanged: bool,
    /// What it has said in it, or heard.
    offered: Option<usize>,
    heard: Option<usize>,
    /// The largest ATT_MTU that has been in force for it.
    mtu: usize,
}

impl Default for End {
    fn default() -> Self {
        Self {
            asked: None,
            asks: Vec::new(),
            unknown: false,
            indicated: false,
            indications: 0,
            exchanged: false,
            offered: None,
            heard: None,
            mtu: MTU_MIN,
        }
    }
}

/// Both ends of a connection.
#[derive(Default)]
pub(super) struct Att {
    ends: [End; 2],
}

impl Att {
    pub(super) fn sent(&mut self, frame: &Frame<'_>, court: &mut Court<'_, '_>) {
        let Some(&opcode) = frame.octets.first() else { return };
        let end = &mut self.ends[frame.by as usize];
        if frame.octets.len() > end.mtu {
            let text = format!("{} octets, with an ATT_MTU of {}", frame.octets.len(), end.mtu);
            court.report(ATT_PDU_1.id, frame, text);
        }
        match kind(opcode) {
            Kind::Request => end.ask(opcode, frame, court),
            Kind::Response => end.answer(opcode, frame, court),
            Kind::Indication if end.indicated => {
                let text = "an indication before the confirmation of the last one".to_owned();
                court.report(ATT_SEQ_2.id, frame, text);
            }
            Kind::Indication => end.indicated = true,
            Kind::Confirmation if end.indications == 0 => {
                court.report(ATT_RSP_2.id, frame, "a confirmation of no indication".to_owned());
            }
            Kind::Confirmation => end.indications -= 1,
            Kind::Alone | Kind::Unknown => {}
        }
        end.exchange(opcode, frame, court);
    }

    pub(super) fn received(&mut self, frame: &Frame<'_>) {
        let Some(&opcode) = frame.octets.first() else { return };
        let by = if frame.by == Role::Central { Role::Peripheral } else { Role::Central };
        let end = &mut self.ends[by as usize];
        match kind(opcode) {
            Kind::Request if end.asks.len() < OPEN_MAX => end.asks.push(frame.octets.to_vec()),
            Kind::Request | Kind::Unknown => end.unknown = true,
            Kind::Response => end.asked = None,
            Kind::Indication => end.indications = end.indications.saturating_add(1),
            Kind::Confirmation => end.indicated = false,
            Kind::Alone => {}
        }
        if matches!(opcode, EXCHANGE_MTU_REQ | EXCHANGE_MTU_RSP) {
            end.heard = value(frame.octets);
        }
        // A client uses the new value from the response on.
        if opcode == EXCHANGE_MTU_RSP {
            end.apply();
        }
    }
}

impl End {
    /// ATT-SEQ-1: one request at a time.
    fn ask(&mut self, opcode: u8, frame: &Frame<'_>, court: &mut Court<'_, '_>) {
        if let Some(open) = self.asked.replace(opcode) {
            let text = format!("request 0x{opcode:02X} before the response to 0x{open:02X}");
            court.report(ATT_SEQ_1.id, frame, text);
        }
    }

    /// ATT-RSP-1: the response fits its request. ATT-RSP-2: no answer without a question.
    fn answer(&mut self, opcode: u8, frame: &Frame<'_>, court: &mut Court<'_, '_>) {
        let answered = match opcode {
            ERROR_RSP => frame.octets.get(1).copied().unwrap_or_default(),
            _ => opcode - 1,
        };
        let open = self.asks.iter().position(|ask| ask.first() == Some(&answered));
        if let Some(open) = open {
            let request = self.asks.remove(open);
            if let Some(text) = lists::fault(&request, frame.octets) {
                court.report(ATT_LIST_1.id, frame, text);
            }
        } else if self.unknown {
            // What it answers cannot be told.
        } else if let Some(ask) = self.asks.first() {
            let request = ask.first().copied().unwrap_or_default();
            let text = format!("0x{opcode:02X} for 0x{answered:02X}, asked was 0x{request:02X}");
            court.report(ATT_RSP_1.id, frame, text);
        } else {
            let text = format!("0x{opcode:02X} for 0x{answered:02X}, and no request is open");
            court.report(ATT_RSP_2.id, frame, text);
        }
    }

    /// ATT-MTU-1: one exchange of ATT_MTU. ATT-MTU-2: ATT_MTU is 23 or more.
    fn exchange(&mut self, opcode: u8, frame: &Frame<'_>, court: &mut Court<'_, '_>) {
        if !matches!(opcode, EXCHANGE_MTU_REQ | EXCHANGE_MTU_RSP) {
            return;
        }
        if opcode == EXCHANGE_MTU_REQ && std::mem::replace(&mut self.exchanged, true) {
            court.report(ATT_MTU_1.id, frame, "ATT_EXCHANGE_MTU_REQ a second time".to_owned());
        }
        let Some(octets) = value(frame.octets) else { return };
        if octets < MTU_MIN {
            court.report(ATT_MTU_2.id, frame, format!("a value of {octets}"));
        }
        self.offered = Some(octets);
        // A server uses the new value as soon as the response is sent.
        if opcode == EXCHANGE_MTU_RSP {
            self.apply();
        }
    }

    fn apply(&mut self) {
        if let (Some(offered), Some(heard)) = (self.offered, self.heard) {
            self.mtu = self.mtu.max(offered.min(heard));
        }
    }
}

/// Of an exchange of ATT_MTU.
fn value(octets: &[u8]) -> Option<usize> {
    let &[_, low, high] = octets else { return None };
    Some(usize::from(u16::from_le_bytes([low, high])))
}

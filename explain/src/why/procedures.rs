//! Pairs link-layer requests with what became of them.

use ble::error::ErrorCode;
use ble::pdu::control::{ControlPdu, Opcode};

use super::air::{Pdu, What};

/// What a request got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The PDU at this index answered it.
    Answered(usize),
    /// The PDU at this index set an instant for it.
    Scheduled {
        /// Index of the PDU.
        pdu: usize,
        /// connEventCount from which the change applies.
        instant: u16,
    },
    /// The PDU at this index rejected it, or did not know it.
    Refused {
        /// Index of the PDU.
        pdu: usize,
        /// Why; `None` for LL_UNKNOWN_RSP.
        error: Option<ErrorCode>,
    },
}

/// A request and its answer, if there was one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Index of the request.
    pub request: usize,
    /// Opcode of the request.
    pub opcode: Opcode,
    /// Whether the central asked.
    pub from_central: bool,
    /// What it got.
    pub answer: Option<Answer>,
}

impl Exchange {
    /// Index of the last PDU that belongs to it.
    #[must_use]
    pub const fn last(&self) -> usize {
        match self.answer {
            Some(
                Answer::Answered(pdu) | Answer::Scheduled { pdu, .. } | Answer::Refused { pdu, .. },
            ) => pdu,
            None => self.request,
        }
    }

    /// connEventCount from which its outcome applies.
    #[must_use]
    pub const fn instant(&self) -> Option<u16> {
        match self.answer {
            Some(Answer::Scheduled { instant, .. }) => Some(instant),
            _ => None,
        }
    }

    /// Whether it is the start of an encryption that was refused for want of a key.
    #[must_use]
    pub fn is_without_key(&self) -> bool {
        let missing = Some(ErrorCode::PIN_OR_KEY_MISSING);
        self.opcode == Opcode::ENC_REQ
            && matches!(self.answer, Some(Answer::Refused { error, .. }) if error == missing)
    }

    /// Whether it was rejected, or not known.
    #[must_use]
    pub const fn is_refused(&self) -> bool {
        matches!(self.answer, Some(Answer::Refused { .. }))
    }

    /// Whether it asks for something that begins at an instant.
    #[must_use]
    pub const fn has_instant(&self) -> bool {
        matches!(self.opcode, Opcode::PHY_REQ | Opcode::CONNECTION_PARAM_REQ)
    }

    /// Whether an instant is still to be named for it.
    #[must_use]
    pub const fn awaits_instant(&self) -> bool {
        self.has_instant() && matches!(self.answer, None | Some(Answer::Answered(_)))
    }
}

/// All exchanges of control PDUs, in the order of their requests.
#[must_use]
pub fn exchanges(pdus: &[Pdu]) -> Vec<Exchange> {
    let mut found: Vec<Exchange> = Vec::new();
    for (index, pdu) in pdus.iter().enumerate().filter(|(_, p)| p.is_news()) {
        let What::Control(control) = &pdu.what else { continue };
        if settle(&mut found, index, pdu.from_central, control) {
            continue;
        }
        if asks(control.opcode()) {
            found.push(Exchange {
                request: index,
                opcode: control.opcode(),
                from_central: pdu.from_central,
                answer: None,
            });
        }
    }
    found
}

/// A PDU of the central that sets an instant, asked for or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Index of the PDU, when it was first on air.
    pub pdu: usize,
    /// connEventCount from which what it says applies.
    pub instant: u16,
}

/// Everything that sets an instant, in the order on air.
#[must_use]
pub fn announcements(pdus: &[Pdu]) -> Vec<Announcement> {
    let news = pdus.iter().enumerate().filter(|(_, p)| p.is_news() && p.from_central);
    news.filter_map(|(pdu, p)| {
        let What::Control(control) = &p.what else { return None };
        let instant = match control {
            ControlPdu::ConnectionUpdateInd(update) => update.instant,
            ControlPdu::ChannelMapInd { instant, .. } => *instant,
            ControlPdu::PhyUpdateInd { instant, c_to_p, p_to_c }
                if c_to_p.0 != 0 || p_to_c.0 != 0 =>
            {
                *instant
            }
            _ => return None,
        };
        Some(Announcement { pdu, instant })
    })
    .collect()
}

/// Looks for the exchange that `pdu` continues; tells whether it was one's answer.
fn settle(found: &mut [Exchange], index: usize, from_central: bool, pdu: &ControlPdu) -> bool {
    let Some(answer) = verdict(index, pdu) else { return false };
    let open = found.iter_mut().rev().find(|e| {
        let unfinished = matches!(e.answer, None | Some(Answer::Answered(_)));
        unfinished && concerns(pdu, e) && (e.from_central != from_central || is_own_follow_up(pdu))
    });
    let Some(exchange) = open else { return false };
    let continued = Exchange { answer: Some(answer), ..*exchange };
    // A missing key is told after LL_ENC_RSP, when the host has been asked for it.
    let may_follow = matches!(answer, Answer::Scheduled { .. }) || continued.is_without_key();
    if exchange.answer.is_some() && !may_follow {
        return false;
    }
    *exchange = continued;
    true
}

const fn verdict(index: usize, pdu: &ControlPdu) -> Option<Answer> {
    Some(match pdu {
        ControlPdu::FeatureRsp(_)
        | ControlPdu::LengthRsp(_)
        | ControlPdu::PhyRsp { .. }
        | ControlPdu::ConnectionParamRsp(_)
        | ControlPdu::PingRsp
        | ControlPdu::EncRsp(_)
        | ControlPdu::PauseEncRsp
        | ControlPdu::VersionInd(_) => Answer::Answered(index),
        ControlPdu::PhyUpdateInd { instant, c_to_p, p_to_c } => {
            if c_to_p.0 == 0 && p_to_c.0 == 0 {
                Answer::Answered(index)
            } else {
                Answer::Scheduled { pdu: index, instant: *instant }
            }
        }
        ControlPdu::ConnectionUpdateInd(update) => {
            Answer::Scheduled { pdu: index, instant: update.instant }
        }
        ControlPdu::RejectInd(error) | ControlPdu::RejectExtInd { error, .. } => {
            Answer::Refused { pdu: index, error: Some(*error) }
        }
        ControlPdu::UnknownRsp(_) => Answer::Refused { pdu: index, error: None },
        _ => return None,
    })
}

/// Whether an answer may belong to a request with this opcode.
fn concerns(pdu: &ControlPdu, exchange: &Exchange) -> bool {
    let opcode = exchange.opcode;
    match pdu {
        ControlPdu::FeatureRsp(_) => {
            matches!(opcode, Opcode::FEATURE_REQ | Opcode::PERIPHERAL_FEATURE_REQ)
        }
        ControlPdu::LengthRsp(_) => opcode == Opcode::LENGTH_REQ,
        ControlPdu::PhyRsp { .. } | ControlPdu::PhyUpdateInd { .. } => opcode == Opcode::PHY_REQ,
        ControlPdu::ConnectionParamRsp(_) | ControlPdu::ConnectionUpdateInd(_) => {
            opcode == Opcode::CONNECTION_PARAM_REQ
        }
        ControlPdu::PingRsp => opcode == Opcode::PING_REQ,
        ControlPdu::EncRsp(_) => opcode == Opcode::ENC_REQ,
        ControlPdu::PauseEncRsp => opcode == Opcode::PAUSE_ENC_REQ,
        ControlPdu::VersionInd(_) => opcode == Opcode::VERSION_IND,
        ControlPdu::UnknownRsp(refused) | ControlPdu::RejectExtInd { opcode: refused, .. } => {
            opcode == *refused
        }
        // LL_REJECT_IND does not say what it rejects: the latest open request.
        ControlPdu::RejectInd(_) => true,
        _ => false,
    }
}

/// The initiator itself ends a procedure with these, after the responder has answered.
const fn is_own_follow_up(pdu: &ControlPdu) -> bool {
    matches!(pdu, ControlPdu::PhyUpdateInd { .. } | ControlPdu::ConnectionUpdateInd(_))
}

const fn asks(opcode: Opcode) -> bool {
    matches!(
        opcode,
        Opcode::FEATURE_REQ
            | Opcode::PERIPHERAL_FEATURE_REQ
            | Opcode::VERSION_IND
            | Opcode::LENGTH_REQ
            | Opcode::PHY_REQ
            | Opcode::CONNECTION_PARAM_REQ
            | Opcode::PING_REQ
            | Opcode::ENC_REQ
            | Opcode::PAUSE_ENC_REQ
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use ble::phy::{PhySet, TxPhy};
    use ble::time::Instant;
    use bletwin_sim::record::RecordId;

    fn pdu(event: u16, from_central: bool, control: ControlPdu) -> Pdu {
        Pdu {
            id: RecordId(u64::from(event)),
            at: Instant::from_us(u64::from(event) * 15_000),
            event: Some(event),
            from_central,
            phy: TxPhy::Le1M,
            what: What::Control(control),
            encrypted: false,
            repeated: false,
            heard: true,
            no_bond: None,
        }
    }

    const REQ: ControlPdu = ControlPdu::PhyReq { tx: PhySet::LE_2M, rx: PhySet::LE_2M };
    const RSP: ControlPdu = ControlPdu::PhyRsp { tx: PhySet::LE_2M, rx: PhySet::LE_2M };

    fn ind(instant: u16) -> ControlPdu {
        ControlPdu::PhyUpdateInd { c_to_p: PhySet::LE_2M, p_to_c: PhySet::LE_2M, instant }
    }

    #[test]
    fn an_unanswered_request_stays_open() {
        let found = exchanges(&[pdu(5, false, REQ)]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].answer, None);
    }

    #[test]
    fn a_peripherals_request_is_scheduled_by_the_centrals_indication() {
        let found = exchanges(&[pdu(5, false, REQ), pdu(6, true, ind(12)), pdu(8, true, REQ)]);
        assert_eq!(found[0].instant(), Some(12));
        assert_eq!((found[1].from_central, found[1].answer), (true, None));
    }

    #[test]
    fn a_centrals_own_request_is_scheduled_by_itself() {
        let found = exchanges(&[pdu(5, true, REQ), pdu(5, false, RSP), pdu(6, true, ind(13))]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].instant(), Some(13));
    }

    #[test]
    fn a_plain_reject_belongs_to_the_latest_open_request() {
        let reject = ControlPdu::RejectInd(ErrorCode::LL_PROCEDURE_COLLISION);
        let found = exchanges(&[pdu(5, false, REQ), pdu(6, true, reject)]);
        assert!(matches!(found[0].answer, Some(Answer::Refused { .. })));
    }
}

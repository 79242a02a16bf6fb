//! When a peripheral could have begun a procedure: what it does not begin then, it does not want.

use ble::pdu::control::{ControlPdu, Opcode};
use bletwin_explain::why::{Answer, Exchange, What};

use crate::looking::Looking;

/// So many events of its own, in which nothing was in its way, show what it does not begin.
pub(super) const CALM: usize = 8;

impl Looking<'_> {
    /// Index of the first PDU in front of which others may have been on air, or that cannot be
    /// read: what is not there up to it was not sent.
    pub(super) fn clear(&self) -> usize {
        let gap = self.link.why.account.sight.gaps().map(|gap| gap.until).min();
        // Whatever the central sends is answered in the same event.
        let inside = self.pdus().windows(2).position(|two| {
            let [one, next] = two else { return false };
            let answered = !next.from_central && next.event == one.event;
            one.from_central && one.event.is_some() && !answered
        });
        gap.unwrap_or(usize::MAX).min(inside.unwrap_or(usize::MAX)).min(self.readable())
    }

    /// In how many events between two PDUs the peripheral sent something and no procedure was open.
    pub(super) fn calm(&self, from: usize, to: usize) -> usize {
        let here = self.pdus().iter().enumerate().take(to).skip(from);
        let mut events: Vec<u16> = here
            .filter(|(index, pdu)| !pdu.from_central && !self.is_busy(*index))
            .filter_map(|(_, pdu)| pdu.event)
            .collect();
        events.dedup();
        events.len()
    }

    /// Whether a procedure of either side was open at a PDU.
    fn is_busy(&self, index: usize) -> bool {
        let begun = |exchange: &&Exchange| exchange.request <= index;
        let open = |exchange: &Exchange| match exchange.answer {
            // Nothing else begins before an answer.
            None => true,
            Some(_) if exchange.opcode == Opcode::ENC_REQ => index <= self.encrypted_from(exchange),
            Some(Answer::Scheduled { instant, pdu }) => {
                let event = self.pdus().get(index).and_then(|pdu| pdu.event);
                index <= pdu || event.is_some_and(|event| event.wrapping_sub(instant) > 0x8000)
            }
            // The central's indication is to come.
            Some(Answer::Answered(_)) if exchange.awaits_instant() => true,
            Some(_) => index <= exchange.last(),
        };
        self.link.why.account.exchanges.iter().filter(begun).any(open)
    }

    /// Index of the PDU with which encryption began that this exchange asked for, or was refused.
    pub(super) fn encrypted_from(&self, exchange: &Exchange) -> usize {
        if matches!(exchange.answer, Some(Answer::Refused { .. })) {
            return exchange.last();
        }
        let on = self.news(false).find(|(index, pdu)| {
            *index > exchange.request && pdu.what == What::Control(ControlPdu::StartEncRsp)
        });
        on.map_or(usize::MAX, |(index, _)| index)
    }
}

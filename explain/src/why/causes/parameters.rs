//! Connection parameters that a side insisted on and did not get.

use ble::error::ErrorCode;
use ble::pdu::control::{ControlPdu, Opcode};

use crate::why::account::Account;
use crate::why::air::{Pdu, What};
use crate::why::ending::How;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases::{count, hundredths, side};

/// Connection Parameter Update Request and its response, by their codes.
const REQUEST: u8 = 0x12;
const RESPONSE: u8 = 0x13;

pub(super) fn look(account: &Account) -> Option<Hypothesis> {
    let How::Terminated { pdu: goodbye } = account.ending.as_ref()?.how else { return None };
    let end = account.pdu(goodbye)?;
    let unacceptable = ErrorCode::UNACCEPTABLE_CONNECTION_PARAMETERS;
    if end.what != What::Control(ControlPdu::TerminateInd(unacceptable)) {
        return None;
    }
    let of_leaver = |p: &Pdu| p.from_central == end.from_central && p.is_news();
    let asks = |p: &Pdu| match &p.what {
        What::Control(pdu) => pdu.opcode() == Opcode::CONNECTION_PARAM_REQ,
        What::Signalling(bytes) => bytes.first() == Some(&REQUEST),
        _ => false,
    };
    let news = || account.pdus.iter().enumerate();
    let asked: Vec<usize> =
        news().filter(|(_, p)| of_leaver(p) && asks(p)).map(|(index, _)| index).collect();
    let last = *asked.last()?;
    let answers = |p: &Pdu| match &p.what {
        What::Control(pdu) => matches!(
            pdu.opcode(),
            Opcode::CONNECTION_UPDATE_IND
                | Opcode::CONNECTION_PARAM_RSP
                | Opcode::REJECT_IND
                | Opcode::REJECT_EXT_IND
                | Opcode::UNKNOWN_RSP
        ),
        What::Signalling(bytes) => bytes.first() == Some(&RESPONSE),
        _ => false,
    };
    let answer =
        news().skip(last + 1).find(|(_, p)| p.from_central != end.from_central && answers(p));
    let (who, other) = (side(end.from_central), side(!end.from_central));
    let got = match answer {
        Some((index, _)) => {
            format!("the {other}'s answer to the last was {}", account.named(index))
        }
        None => format!("the {other} answered nothing to the last"),
    };
    let text = format!(
        "The {who} asked for other connection parameters {} ({} the last), {got}, and without them \
         the {who} did not stay: it left with 0x3B (Unacceptable Connection Parameters).{}",
        count(asked.len(), "time"),
        account.named(last),
        account.pdu(last).and_then(|pdu| compared(account, pdu)).unwrap_or_default()
    );
    let places = [Some(last), answer.map(|(index, _)| index), Some(goodbye)];
    let places = places.into_iter().flatten();
    Some(Hypothesis::new(Cause::ParametersNotGranted, Confidence::Shown, places, text))
}

/// What was asked for, and what was in force in the end.
fn compared(account: &Account, request: &Pdu) -> Option<String> {
    let [min, max, latency, timeout] = match &request.what {
        What::Control(ControlPdu::ConnectionParamReq(asked)) => {
            [asked.interval_min, asked.interval_max, asked.latency, asked.timeout]
        }
        What::Signalling(bytes) => {
            let word = |at: usize| {
                Some(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at.checked_add(1)?)?]))
            };
            [word(4)?, word(6)?, word(8)?, word(10)?]
        }
        _ => return None,
    };
    let timing = account.timing()?;
    let ms = |units: u16| hundredths(u64::from(units) * 125);
    Some(format!(
        " It asked for an interval of {} to {} ms, latency {latency} and a timeout of {} ms; in \
         force were {} ms, latency {} and {} ms.",
        ms(min),
        ms(max),
        u32::from(timeout) * 10,
        hundredths(timing.interval.as_us() / 10),
        timing.latency,
        timing.timeout.as_us() / 1_000
    ))
}

//! Answers to the peripheral's requests, and how a controller stops to work.

use ble::error::ErrorCode;
use bletwin_schema::{Shape, ValueKind, Written};

use super::{When, form};
use crate::controller::quirk::{Answer, Condition, Stall};

/// An error code: decimal, or hexadecimal after `0x`.
fn error_code(text: &str) -> Option<ErrorCode> {
    let code = match text.strip_prefix("0x") {
        Some(hex) => u8::from_str_radix(hex, 16).ok()?,
        None => text.parse().ok()?,
    };
    (code != 0).then_some(ErrorCode(code))
}

/// One answer to a request of the peripheral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::profile) struct WrittenAnswer {
    pub(in crate::profile) condition: Condition,
    pub(in crate::profile) answer: Answer,
    pub(in crate::profile) delay_events: u16,
    pub(in crate::profile) spread_events: u16,
}

/// An answer under its condition, after its delay.
#[derive(Debug)]
pub(in crate::profile) enum AnswerWhen {}

const ANSWERS: [&str; 13] = [
    "honest",
    "now",
    "overlap",
    "after-encryption",
    "never",
    "block",
    "silent",
    "unknown",
    "reject",
    "reject-ext",
    "then-phy-req",
    "then-param-req",
    "no-switch",
];

impl ValueKind for AnswerWhen {
    type Value = WrittenAnswer;

    fn shape() -> Shape {
        let conditions = When::shape();
        let how = format!(
            "ANSWER[@CONDITION][+EVENTS], or +LEAST..MOST events, with ANSWER honest, now, \
             overlap, after-encryption, never, block, silent:EVENTS, unknown, reject:CODE, \
             reject-ext:CODE, then-phy-req, then-param-req or no-switch, and CONDITION {}",
            conditions.expects()
        );
        let examples = ANSWERS.map(|word| match word {
            "silent" => "silent:6".into(),
            "reject" | "reject-ext" => format!("{word}:0x1a"),
            word => word.to_owned(),
        });
        let conditions = conditions.words();
        let under = conditions.iter().map(|condition| format!("never@{condition}"));
        Shape::Form {
            how,
            words: [&ANSWERS[..], &conditions].concat(),
            examples: examples
                .into_iter()
                .chain(under)
                .chain(["honest+6".into(), "honest+2..9".into()])
                .collect(),
        }
    }

    fn parse(text: &str) -> Option<WrittenAnswer> {
        let (text, delay) = text.split_once('+').unwrap_or((text, "0"));
        let (word, when) = text.split_once('@').unwrap_or((text, "always"));
        let (least, most) = delay.split_once("..").unwrap_or((delay, delay));
        let (least, most): (u16, u16) = (least.parse().ok()?, most.parse().ok()?);
        Some(WrittenAnswer {
            condition: When::parse(when)?,
            answer: answer(word)?,
            delay_events: least,
            spread_events: most.checked_sub(least)?,
        })
    }

    fn write(rule: &WrittenAnswer) -> Written {
        let word = match rule.answer {
            Answer::Honest => "honest".into(),
            Answer::Now => "now".into(),
            Answer::Overlap => "overlap".into(),
            Answer::AfterEncryption => "after-encryption".into(),
            Answer::Never => "never".into(),
            Answer::BlockControl => "block".into(),
            Answer::SilentAfterEvents(events) => format!("silent:{events}"),
            Answer::Unknown => "unknown".into(),
            Answer::RejectInd(code) => format!("reject:{:#04x}", code.0),
            Answer::RejectExt(code) => format!("reject-ext:{:#04x}", code.0),
            Answer::UpdateThenOwnPhyReq => "then-phy-req".into(),
            Answer::UpdateThenParamReq => "then-param-req".into(),
            Answer::UpdateNoSwitch => "no-switch".to_owned(),
        };
        let when = match rule.condition {
            Condition::Always => String::new(),
            condition => format!("@{}", When::write(&condition)),
        };
        let delay = match (rule.delay_events, rule.spread_events) {
            (0, 0) => String::new(),
            (events, 0) => format!("+{events}"),
            (least, more) => format!("+{least}..{}", u32::from(least) + u32::from(more)),
        };
        Written::Text(word + &when + &delay)
    }
}

/// How a controller stops to work.
#[derive(Debug)]
pub(in crate::profile) enum Stalls {}

impl ValueKind for Stalls {
    type Value = Stall;

    fn shape() -> Shape {
        form("block, silent:EVENTS", &["block", "silent"], &["block", "silent:6"])
    }

    fn parse(text: &str) -> Option<Stall> {
        match text.split_once(':') {
            None if text == "block" => Some(Stall::Block),
            Some(("silent", events)) => Some(Stall::SilentAfterEvents(events.parse().ok()?)),
            _ => None,
        }
    }

    fn write(value: &Stall) -> Written {
        Written::Text(match value {
            Stall::Block => "block".into(),
            Stall::SilentAfterEvents(events) => format!("silent:{events}"),
        })
    }
}

fn answer(text: &str) -> Option<Answer> {
    let (word, argument) = text.split_once(':').unwrap_or((text, ""));
    Some(match (word, argument) {
        ("honest", "") => Answer::Honest,
        ("now", "") => Answer::Now,
        ("overlap", "") => Answer::Overlap,
        ("after-encryption", "") => Answer::AfterEncryption,
        ("never", "") => Answer::Never,
        ("block", "") => Answer::BlockControl,
        ("silent", events) => Answer::SilentAfterEvents(events.parse().ok()?),
        ("unknown", "") => Answer::Unknown,
        ("reject", code) => Answer::RejectInd(error_code(code)?),
        ("reject-ext", code) => Answer::RejectExt(error_code(code)?),
        ("then-phy-req", "") => Answer::UpdateThenOwnPhyReq,
        ("then-param-req", "") => Answer::UpdateThenParamReq,
        ("no-switch", "") => Answer::UpdateNoSwitch,
        _ => return None,
    })
}

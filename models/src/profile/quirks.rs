//! Answers to the peripheral's requests, as users write them: `ANSWER[@CONDITION][+EVENTS]`, such
//! as `block@pairing` or `reject:0x2a@always+2`.

use super::{Profile, error_code};
use crate::controller::quirk::{Answer, AnswerRule, Condition, PeripheralRequest};
use crate::controller::{AutomaticProcedure, OwnProcedure};

/// How answers are written.
pub(super) const SYNTAX: &str = "ANSWER[@CONDITION][+EVENTS] with ANSWER honest, now, \
     after-encryption, never, block, silent:EVENTS, unknown, reject:CODE, reject-ext:CODE, \
     then-phy-req, then-param-req or no-switch, and CONDITION always, pairing, encrypting, plain, \
     cached or first";

fn answer(text: &str) -> Option<Answer> {
    let (word, argument) = text.split_once(':').unwrap_or((text, ""));
    Some(match (word, argument) {
        ("now", "") => Answer::Now,
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

fn condition(text: &str) -> Option<Condition> {
    Some(match text {
        "always" => Condition::Always,
        "pairing" => Condition::WhileSmpOrEncryptionPending,
        "encrypting" => Condition::WhileEncryptionStarting,
        "plain" => Condition::WhileNotEncrypted,
        "cached" => Condition::IfFeaturesCached,
        "first" => Condition::FirstConnection,
        _ => return None,
    })
}

/// Replaces the rules for one request.
pub(super) fn set(profile: &mut Profile, request: PeripheralRequest, text: &str) -> Option<()> {
    let (text, delay) = text.split_once('+').unwrap_or((text, "0"));
    let delay_events = delay.parse().ok()?;
    let (word, when) = text.split_once('@').unwrap_or((text, "always"));
    let condition = condition(when)?;
    let rule = match word {
        "honest" => None,
        _ => Some(AnswerRule { request, condition, answer: answer(word)?, delay_events }),
    };
    let rules = &mut profile.controller.quirks.rules;
    rules.retain(|rule| rule.request != request);
    rules.extend(rule);
    Some(())
}

/// How pressed procedures are written.
pub(super) const PRESS_SYNTAX: &str = "PROCEDURE@EVENT, several with commas, or none: started in \
     that connection event whatever the rules say; PROCEDURE is features, version, length, phy, \
     ping, channel-map or parameters";

/// Replaces what is pressed.
pub(super) fn press(profile: &mut Profile, text: &str) -> Option<()> {
    let listed = text.split(',').filter(|_| text != "none");
    let pressed = listed.map(|text| pressed(text.trim())).collect::<Option<_>>()?;
    profile.controller.quirks.pressed = pressed;
    Some(())
}

fn pressed(text: &str) -> Option<OwnProcedure> {
    let (word, event) = text.split_once('@')?;
    let procedure = AutomaticProcedure::by_name(word)?;
    Some(OwnProcedure { procedure, at_event: event.parse().ok()? })
}

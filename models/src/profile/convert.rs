//! From the words of a file to the values that controller and host work with, and which of them
//! cannot go together.

use firmware_core::config::IoCapability;
use firmware_core::pdu::control::FeatureSet;

use super::Profile;
use super::values::Rule;
use crate::controller::AutomaticProcedure;
use crate::controller::quirk::{Answer, AnswerRule, Condition, PeripheralRequest};
use crate::host::{HostProcedure, ParameterRules, Step, acceptable};

/// Replaces the rules for one request. Honesty at the end goes without saying.
pub(super) fn set_rules(profile: &mut Profile, request: PeripheralRequest, mut given: Vec<Rule>) {
    let honest = |rule: &Rule| rule.answer == Answer::Honest && rule.delay_events == 0;
    while given.pop_if(|last| honest(last)).is_some() {}
    let rules = &mut profile.controller.quirks.rules;
    rules.retain(|rule| rule.request != request);
    rules.extend(given.into_iter().map(|rule| {
        let Rule { condition, answer, delay_events } = rule;
        AnswerRule { request, condition, answer, delay_events }
    }));
}

/// The rules for one request.
pub(super) fn rules_of(profile: &Profile, request: PeripheralRequest) -> Vec<Rule> {
    let rules = &profile.controller.quirks.rules;
    let of = |rule: &AnswerRule| {
        let AnswerRule { condition, answer, delay_events, .. } = *rule;
        Rule { condition, answer, delay_events }
    };
    let given: Vec<Rule> = rules.iter().filter(|rule| rule.request == request).map(of).collect();
    if given.is_empty() {
        return vec![Rule {
            condition: Condition::Always,
            answer: Answer::Honest,
            delay_events: 0,
        }];
    }
    given
}

/// What cannot go together, and which key to mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contradiction {
    pub(super) key: &'static str,
    pub(super) what: &'static str,
    pub(super) help: &'static str,
}

/// The first contradiction in a profile.
pub(super) fn contradiction(profile: &Profile) -> Option<Contradiction> {
    let found = |key, what, help| Some(Contradiction { key, what, help });
    let parameters = &profile.host.parameters;
    let pairing = &profile.host.pairing;
    if parameters.interval_min > parameters.interval_max {
        return found(
            "interval-max-us",
            "the longest connection interval is shorter than the shortest",
            "make `interval-max-us` at least `interval-us`",
        );
    }
    if !acceptable(parameters, ParameterRules::All) {
        return found(
            "timeout-ms",
            "the supervision timeout must exceed twice (1 + latency) connection intervals",
            "raise `timeout-ms`, or lower `latency` or `interval-us`",
        );
    }
    if pairing.min_key_size > pairing.max_key_size {
        return found(
            "min-key-size",
            "the shortest key is longer than the longest",
            "make `min-key-size` at most `max-key-size`",
        );
    }
    if pairing.require_mitm && pairing.io == IoCapability::NoInputNoOutput {
        return found(
            "require-mitm",
            "a central that can neither show nor ask cannot demand protection from a man in the \
             middle",
            "set `require-mitm = false`, or another `io`",
        );
    }
    if let Some((key, feature)) = lacking(profile) {
        return found(key, "it takes a feature that `features` lacks", feature);
    }
    let automatic = &profile.controller.automatic;
    if automatic.iter().any(|own| own.procedure == AutomaticProcedure::MinUsedChannels) {
        return found(
            "own-procedures",
            "within the rules only a peripheral starts min-used-channels",
            "put it under `press`",
        );
    }
    shadowed(profile).then_some(Contradiction {
        key: "phy-req",
        what: "an answer under `always` comes before another to the same request, which could \
               never be given",
        help: "put the answer under `always` last, or leave one out",
    })
}

/// A key that cannot work without a feature that is not there.
fn lacking(profile: &Profile) -> Option<(&'static str, &'static str)> {
    let has = |feature| profile.controller.features.has(feature);
    let two = has(FeatureSet::LE_2M) || has(FeatureSet::LE_CODED);
    let needs = |procedure: &AutomaticProcedure| match procedure {
        AutomaticProcedure::Phy if !two => Some("add bit 8 (2M) to `features`"),
        AutomaticProcedure::DataLength if !has(FeatureSet::DATA_LENGTH_EXTENSION) => {
            Some("add bit 5 (data length) to `features`")
        }
        AutomaticProcedure::Ping if !has(FeatureSet::PING) => {
            Some("add bit 4 (ping) to `features`")
        }
        _ => None,
    };
    let asks_phy = profile.host.on_connect.iter().any(|p| matches!(p, HostProcedure::Phy(_)));
    let secures = profile.host.steps.contains(&Step::Secure);
    let own = profile.controller.automatic.iter().find_map(|own| needs(&own.procedure));
    if let Some(help) = own {
        Some(("own-procedures", help))
    } else if asks_phy && !two {
        Some(("on-connect", "add bit 8 (2M) to `features`"))
    } else if secures && !has(FeatureSet::ENCRYPTION) {
        Some(("steps", "add bit 0 (encryption) to `features`, or leave the step `secure` out"))
    } else {
        None
    }
}

/// Whether a rule can never apply because of one before it.
fn shadowed(profile: &Profile) -> bool {
    let rules = &profile.controller.quirks.rules;
    rules.iter().enumerate().any(|(at, rule)| {
        let before = rules.get(..at).unwrap_or_default();
        before.iter().any(|b| b.request == rule.request && b.condition == Condition::Always)
    })
}

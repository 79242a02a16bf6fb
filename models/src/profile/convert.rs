//! From the words of a file to the values that controller and host work with.

use super::Profile;
use super::values::WrittenAnswer;
use crate::controller::quirk::{Answer, AnswerRule, Condition, PeripheralRequest};

/// Replaces the rules for one request. The last rule, to answer honestly, is implied.
pub(super) fn set_rules(
    profile: &mut Profile,
    request: PeripheralRequest,
    mut given: Vec<WrittenAnswer>,
) {
    let honest = |rule: &WrittenAnswer| {
        rule.answer == Answer::Honest && (rule.delay_events, rule.spread_events) == (0, 0)
    };
    while given.pop_if(|last| honest(last)).is_some() {}
    let rules = &mut profile.controller.quirks.rules;
    rules.retain(|rule| rule.request != request);
    rules.extend(given.into_iter().map(|rule| {
        let WrittenAnswer { condition, answer, delay_events, spread_events } = rule;
        AnswerRule { request, condition, answer, delay_events, spread_events }
    }));
}

/// The rules for one request.
pub(super) fn rules_of(profile: &Profile, request: PeripheralRequest) -> Vec<WrittenAnswer> {
    let rules = &profile.controller.quirks.rules;
    let of = |rule: &AnswerRule| {
        let AnswerRule { condition, answer, delay_events, spread_events, .. } = *rule;
        WrittenAnswer { condition, answer, delay_events, spread_events }
    };
    let given: Vec<WrittenAnswer> =
        rules.iter().filter(|rule| rule.request == request).map(of).collect();
    if given.is_empty() {
        return vec![WrittenAnswer {
            condition: Condition::Always,
            answer: Answer::Honest,
            delay_events: 0,
            spread_events: 0,
        }];
    }
    given
}

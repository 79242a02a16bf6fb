//! Values of a profile that cannot go together, and values that can have no effect.

use ble::pdu::control::FeatureSet;
use ble::security::IoCapability;
use bletwin_schema::{Conflict, ValueKind};

use super::Profile;
use super::convert::rules_of;
use super::values::{AnswerWhen, Procedures, Steps, WrittenAnswer};
use crate::controller::quirk::{Answer, Condition, PeripheralRequest};
use crate::controller::{AutomaticProcedure, OwnProcedure, StartMoment};
use crate::host::{HostProcedure, OwnAddress, ParameterRules, Step, acceptable};

/// All conflicts: errors before warnings.
pub(super) fn conflicts(profile: &Profile) -> Vec<Conflict> {
    let errors = numbers(profile).or_else(|| lacking(profile)).or_else(|| out_of_place(profile));
    let mut found: Vec<Conflict> = errors.into_iter().collect();
    for (request, key) in REQUESTS {
        found.extend(rules(key, request, &rules_of(profile, request)));
    }
    found.extend(without_effect(profile));
    found
}

/// Requests of the peripheral, and the key of the answers to each.
const REQUESTS: [(PeripheralRequest, &str); 5] = [
    (PeripheralRequest::Phy, "phy-req"),
    (PeripheralRequest::DataLength, "length-req"),
    (PeripheralRequest::ConnectionParameters, "param-req"),
    (PeripheralRequest::Features, "feature-req"),
    (PeripheralRequest::Version, "version-ind"),
];

fn numbers(profile: &Profile) -> Option<Conflict> {
    let parameters = &profile.host.parameters;
    let pairing = &profile.host.pairing;
    if parameters.interval_min > parameters.interval_max {
        return Some(Conflict::error(
            &["interval-max-us", "interval-us"],
            "the longest connection interval is shorter than the shortest",
            "make `interval-max-us` at least `interval-us`",
        ));
    }
    if !acceptable(parameters, ParameterRules::All) {
        return Some(Conflict::error(
            &["timeout-ms", "latency", "interval-max-us", "interval-us"],
            "the supervision timeout must exceed twice (1 + latency) connection intervals",
            "raise `timeout-ms`, or lower `latency` or `interval-us`",
        ));
    }
    if pairing.min_key_size > pairing.max_key_size {
        return Some(Conflict::error(
            &["min-key-size", "max-key-size"],
            "the shortest key is longer than the longest",
            "make `min-key-size` at most `max-key-size`",
        ));
    }
    (pairing.require_mitm && pairing.io == IoCapability::NoInputNoOutput).then(|| {
        Conflict::error(
            &["require-mitm", "io"],
            "a central that can neither show nor ask cannot demand protection from a man in the \
             middle",
            "set `require-mitm = false`, or another `io`",
        )
    })
}

/// A key that cannot work without a feature that is not there.
fn lacking(profile: &Profile) -> Option<Conflict> {
    let has = |feature| profile.controller.features.has(feature);
    let two = has(FeatureSet::LE_2M) || has(FeatureSet::LE_CODED);
    let needs = |procedure: &AutomaticProcedure| match procedure {
        AutomaticProcedure::Phy { .. } if !two => Some("add bit 8 (2M) to `features`"),
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
    let (key, help) = if let Some(help) = own {
        ("own-procedures", help)
    } else if asks_phy && !two {
        ("on-connect", "add bit 8 (2M) to `features`")
    } else if secures && !has(FeatureSet::ENCRYPTION) {
        ("steps", "add bit 0 (encryption) to `features`, or leave the step `secure` out")
    } else {
        return None;
    };
    let what = format!("`{key}` takes a feature that `features` lacks");
    Some(Conflict::error(&[key, "features"], what, help))
}

fn out_of_place(profile: &Profile) -> Option<Conflict> {
    let automatic = &profile.controller.automatic;
    let pressed = &profile.controller.quirks.pressed;
    let own = senseless("own-procedures", automatic);
    if let Some(senseless) = own.or_else(|| senseless("press", pressed)) {
        return Some(senseless);
    }
    let what = automatic.iter().find_map(|own| match own.procedure {
        AutomaticProcedure::MinUsedChannels => {
            Some("within the rules only a peripheral starts min-used-channels")
        }
        AutomaticProcedure::Raw(_) => Some("no rule has a procedure that is one opcode"),
        _ => None,
    });
    what.map(|what| Conflict::error(&["own-procedures"], what, "put it under `press`"))
}

/// A listed procedure that follows nothing, has no instant to move, or has no peer to ask for it.
fn senseless(key: &'static str, list: &[OwnProcedure]) -> Option<Conflict> {
    let text = |own: &OwnProcedure| format!("`{}`", Procedures::write(own));
    if let Some(first) = list.first().filter(|own| own.moment == StartMoment::After) {
        let what =
            format!("{} in `{key}` waits for the end of one before it: there is none", text(first));
        return Some(Conflict::error(&[key], what, "name another moment, such as `@0`"));
    }
    let instant = |own: &&OwnProcedure| {
        use AutomaticProcedure::{ChannelMap, Parameters, Phy};
        !matches!(own.procedure, ChannelMap(_) | Parameters(_) | Phy { .. })
    };
    if let Some(own) = list.iter().filter(|own| own.ahead.is_some()).find(instant) {
        let what = format!("{} in `{key}`: this procedure has no instant", text(own));
        return Some(Conflict::error(&[key], what, "leave `~EVENTS` out"));
    }
    let asked = |own: &&OwnProcedure| {
        use AutomaticProcedure::{ChannelMap, MinUsedChannels, Ping, Raw};
        let waits = own.unless_asked || own.moment == StartMoment::Asked;
        waits && matches!(own.procedure, ChannelMap(_) | MinUsedChannels | Ping | Raw(_))
    };
    list.iter().find(asked).map(|own| {
        let what = format!("{} in `{key}`: a peripheral never asks for this", text(own));
        Conflict::error(&[key], what, "leave `?` out, or name another moment than `asked`")
    })
}

/// Answers to one request that could never be given, or whose words say nothing.
fn rules(
    key: &'static str,
    request: PeripheralRequest,
    rules: &[WrittenAnswer],
) -> Option<Conflict> {
    let text = |rule: &WrittenAnswer| format!("`{}`", AnswerWhen::write(rule));
    let instant =
        matches!(request, PeripheralRequest::Phy | PeripheralRequest::ConnectionParameters);
    for (at, rule) in rules.iter().enumerate() {
        let before = rules.get(..at).unwrap_or_default();
        if let Some(first) = before.iter().find(|first| covers(first.condition, rule.condition)) {
            let what = format!(
                "{} is never given: {} comes before it and holds whenever it does",
                text(rule),
                text(first)
            );
            let help = match first.condition == rule.condition {
                true => "leave one of the two out; the first whose condition holds is given",
                false => "put it before the other; the first whose condition holds is given",
            };
            return Some(Conflict::error(&[key], what, help));
        }
        if rule.answer == Answer::Never && (rule.delay_events, rule.spread_events) != (0, 0) {
            let what = format!("{} waits some events, and then does not answer", text(rule));
            let help = "leave `+EVENTS` out; `silent:EVENTS` stops altogether after so many";
            return Some(Conflict::error(&[key], what, help));
        }
        if matches!(rule.answer, Answer::Overlap | Answer::UpdateNoSwitch) && !instant {
            let what = format!("{}: the answer to this request has no instant", text(rule));
            let help = "such an answer is for `phy-req` and `param-req`; `honest` says the rest";
            return Some(Conflict::error(&[key], what, help));
        }
    }
    None
}

/// Whether one condition holds wherever another does.
fn covers(condition: Condition, other: Condition) -> bool {
    condition == Condition::Always
        || condition == other
        // Pairing is under way until encryption has started.
        || (condition, other)
            == (Condition::WhileSmpOrEncryptionPending, Condition::WhileEncryptionStarting)
}

/// Values that are accepted with a warning.
fn without_effect(profile: &Profile) -> Vec<Conflict> {
    let has = |feature| profile.controller.features.has(feature);
    let two = has(FeatureSet::LE_2M) || has(FeatureSet::LE_CODED);
    let quirks = &profile.controller.quirks;
    let mut found = Vec::new();
    let mut warn = |keys: &[&'static str], what: String, help: &str| {
        found.push(Conflict::warning(keys, what, help));
    };
    // The controller answers an unknown request with LL_UNKNOWN_RSP before any rule applies.
    let known = [
        (PeripheralRequest::Phy, two, "bit 8 (2M)"),
        (PeripheralRequest::DataLength, has(FeatureSet::DATA_LENGTH_EXTENSION), "bit 5"),
        (
            PeripheralRequest::ConnectionParameters,
            has(FeatureSet::CONNECTION_PARAMETERS_REQUEST),
            "bit 1",
        ),
        (PeripheralRequest::Features, has(FeatureSet::PERIPHERAL_FEATURE_EXCHANGE), "bit 3"),
    ];
    for (request, known, bit) in known {
        let asked = quirks.rules.iter().any(|rule| rule.request == request);
        let key = REQUESTS.iter().find(|(of, _)| *of == request).map(|(_, key)| *key);
        if let Some(key) = key.filter(|_| asked && !known) {
            let what = format!(
                "`{key}` has no effect: without {bit} in `features` the answer is LL_UNKNOWN_RSP"
            );
            warn(&[key, "features"], what, "add the bit, or leave the key out");
        }
    }
    let asks = profile.controller.request_parameters;
    if asks && !has(FeatureSet::CONNECTION_PARAMETERS_REQUEST) {
        warn(
            &["request-parameters", "features"],
            "`request-parameters` has no effect without bit 1 in `features`".into(),
            "add the bit, or set `request-parameters = false`",
        );
    }
    if !has(FeatureSet::ENCRYPTION) {
        if quirks.encryption_patience_events.is_some() {
            warn(
                &["encryption-patience", "features"],
                "`encryption-patience` has no effect without bit 0 in `features`: encryption \
                 never starts"
                    .into(),
                "add the bit, or set `encryption-patience = \"never\"`",
            );
        }
        let starting =
            quirks.rules.iter().find(|rule| rule.condition == Condition::WhileEncryptionStarting);
        let of = |request| REQUESTS.iter().find(|(of, _)| *of == request).map(|(_, key)| *key);
        if let Some(key) = starting.and_then(|rule| of(rule.request)) {
            let what = format!(
                "`{key}`: the condition `encrypting` never holds without bit 0 in `features`"
            );
            warn(&[key, "features"], what, "add the bit, or choose another condition");
        }
    }
    let steps = &profile.host.steps;
    let found_first = steps.iter().position(|step| *step == Step::Discover).unwrap_or(steps.len());
    let asks = |step: &Step| matches!(step, Step::Read(_) | Step::Write(..) | Step::Subscribe(_));
    if let Some(early) = steps.iter().take(found_first).find(|step| asks(step)) {
        let what = format!(
            "`{}` in `steps` has no effect: no characteristic is known before `discover`",
            Steps::write(early)
        );
        warn(&["steps"], what, "put `discover` before it");
    }
    if profile.host.forgets_itself && profile.host.address != OwnAddress::Resolvable {
        warn(
            &["forgets-itself", "address-type"],
            "`forgets-itself` has no effect: only behind a resolvable address another identity can \
             stand"
                .into(),
            "set `address-type = \"resolvable\"`, or `forgets-itself = false`",
        );
    }
    found
}

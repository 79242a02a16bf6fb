//! Which built-in central comes nearest, and where it contradicts what was seen.

use ble::phy::PhySet;
use bletwin_models::controller::quirk::{Answer, Condition, PeripheralRequest};
use bletwin_models::controller::{AutomaticProcedure, OwnProcedure, StartMoment};
use bletwin_models::host::{HostProcedure, Step as Wanted};
use bletwin_models::profile::{KEYS, Profile};
use bletwin_schema::Written;

use crate::change::{Change, answers, own, parameters, steps};
use crate::looking::Shown;
use crate::seen::{Reaction, Seen, SeenRequest, SeenStep, Situation};

/// What SCA promises at the worst, ppm.
const PPM: [i64; 8] = [500, 250, 150, 100, 75, 50, 30, 20];
/// A controller that is told of an event later answers later, and other links come first.
const LATE: u16 = 4;
/// How far a wait for nothing may be off that is counted in events.
const WAIT_MS: u32 = 700;
/// So long SMP waits by itself.
const SMP_MS: u32 = 29_000;
/// The longest packet without LE Coded, µs.
const UNCODED_US: i64 = 2_120;
/// Procedures that begin so late are not part of a beginning.
const BEGINNING: u16 = 60;

/// The built-in central with the fewest contradictions, and those. Of several the simplest.
#[must_use]
pub fn nearest(seen: &Seen) -> (Profile, Vec<Change>) {
    let all = Profile::all().into_iter().map(|profile| {
        let changes = contradictions(&profile, seen);
        (profile, changes)
    });
    let simple = |(profile, changes): &(Profile, Vec<Change>)| {
        let quirks = &profile.controller.quirks;
        let departs = quirks.rules.len() + quirks.pressed.len();
        (changes.len(), departs, profile.host.grants.len())
    };
    all.min_by_key(simple).unwrap_or_else(|| (Profile::honest(), Vec::new()))
}

/// Where a central would not have done what was seen.
#[must_use]
pub fn contradictions(profile: &Profile, seen: &Seen) -> Vec<Change> {
    let mut changes = Vec::new();
    numbers(profile, seen, &mut changes);
    words(profile, seen, &mut changes);
    let offers = profile
        .controller
        .ch_sel
        .unwrap_or_else(|| profile.controller.features.has(ble::pdu::control::FeatureSet::CSA2));
    if let Some(shown) =
        seen.ch_sel.0.first().filter(|_| !seen.ch_sel.values().any(|v| *v == offers))
    {
        let word = if shown.value { "on" } else { "off" };
        changes.push(Change::one("ch-sel", Written::Text(word.into()), &shown.places));
    }
    let instants: Vec<u16> = seen.instants.values().copied().collect();
    let ahead = profile.controller.automatic.iter().filter_map(|own| own.ahead);
    let known = |v: &u16| {
        *v == profile.controller.instant_events
            || ahead.clone().any(|a| i32::from(a) == i32::from(*v))
    };
    if let (false, Some(least)) = (instants.iter().any(known), instants.iter().min()) {
        let places: Vec<String> =
            seen.instants.0.iter().flat_map(|shown| shown.places.clone()).collect();
        let number = Written::Number(i64::from((*least).max(1)));
        let change = Change::one("instant-events", number, &places);
        changes.push(change.several(instants.iter().map(ToString::to_string)));
    }
    gave_up(profile, seen, &mut changes);
    for what in PeripheralRequest::ALL {
        let wrong = seen.answers.iter().filter(|(request, _)| request.what == what).any(
            |(request, reactions)| {
                !reactions.values().all(|reaction| reacts(profile, *request, *reaction))
            },
        );
        if wrong {
            changes.push(answers(what, seen));
        }
    }
    if own_differs(profile, seen) {
        changes.extend(own(seen));
    }
    changes.extend(parameters(profile, seen));
    let tokens = wanted(profile);
    let bare: Vec<&str> = tokens.iter().copied().filter(|token| *token != "secure").collect();
    let other = match seen.steps.is_empty() {
        false => seen.steps.iter().find(|shown| differs(&tokens, shown)),
        // What it does with a bond is the rest of what it did without.
        true => seen.steps_again.iter().find(|shown| differs(&bare, shown)),
    };
    changes.extend(other.map(steps));
    changes
}

fn numbers(profile: &Profile, seen: &Seen, changes: &mut Vec<Change>) {
    for (key, values) in &seen.plain {
        let Some(first) = values.0.first() else { continue };
        let all: Vec<i64> = values.values().copied().collect();
        let known = |name: &str| match KEYS.find(name).map(|key| key.get(profile)) {
            Some(Written::Number(number)) => number,
            Some(Written::Bits(bits)) => i64::try_from(bits).unwrap_or(i64::MAX),
            _ => i64::MIN,
        };
        let has = known(key);
        let fits = |value: &i64| match *key {
            "interval-us" => (has..=known("interval-max-us")).contains(value),
            "clock-ppm" => worst(has) == *value,
            "max-time-us" => *value == has || *value == has.min(UNCODED_US),
            _ => *value == has,
        };
        if all.iter().any(fits) {
            continue;
        }
        let least = all.iter().min().copied().unwrap_or(first.value);
        let most = all.iter().max().copied().unwrap_or(first.value);
        let value = |number: i64| match *key {
            "features" => Written::Bits(u64::try_from(number).unwrap_or(0)),
            _ => Written::Number(number),
        };
        let chosen = if *key == "interval-us" { least } else { first.value };
        let mut change = Change::one(key, value(chosen), &first.places);
        if *key == "interval-us" && most > least {
            change.values.push(("interval-max-us", value(most)));
        }
        changes.push(change.several(all.iter().map(ToString::to_string)));
    }
}

/// The worst accuracy of the class that a sleep clock is announced in.
fn worst(ppm: i64) -> i64 {
    PPM.into_iter().rev().find(|most| ppm <= *most).unwrap_or(500)
}

fn words(profile: &Profile, seen: &Seen, changes: &mut Vec<Change>) {
    for (key, values) in &seen.words {
        let Some(known) = KEYS.find(key).map(|key| key.get(profile).to_string()) else { continue };
        let fits = |value: &String| match *key {
            "address-type" => known.split(':').next() == Some(value),
            _ => *value == known,
        };
        if values.values().any(fits) {
            continue;
        }
        let Some(shown) = values.0.first() else { continue };
        let written = match shown.value.as_str() {
            "true" | "false" => Written::Flag(shown.value == "true"),
            // The address itself is nobody's business.
            "static" => Written::Text("static:C0:DE:C0:DE:00:01".into()),
            word => Written::Text(word.into()),
        };
        let change = Change::one(key, written, &shown.places);
        changes.push(change.several(values.values().cloned()));
    }
}

fn gave_up(profile: &Profile, seen: &Seen, changes: &mut Vec<Change>) {
    let told = profile.host.give_up.map(|wait| u32::try_from(wait.as_us() / 1_000).unwrap_or(0));
    let fits = |ms: &u32| told.is_some_and(|told| told.abs_diff(*ms) <= WAIT_MS) || *ms >= SMP_MS;
    let Some(shown) = seen.gave_up.0.iter().find(|shown| !fits(&shown.value)) else { return };
    // Rounded: the wait is some host's timer, and it began a little earlier or later.
    let ms = i64::from((shown.value + 250) / 500 * 500);
    let change = Change::one("give-up-ms", Written::Number(ms), &shown.places);
    changes.push(change.several(seen.gave_up.values().map(ToString::to_string)));
}

/// Whether a central would have done this about a request.
fn reacts(profile: &Profile, request: SeenRequest, reaction: Reaction) -> bool {
    let rules = &profile.controller.quirks.rules;
    let mut honest_is_left = true;
    for rule in rules.iter().filter(|rule| rule.request == request.what) {
        let holds = holds(rule.condition, request.when);
        let late = (rule.delay_events, rule.spread_events);
        if holds != Some(false) && fits(profile, request, rule.answer, late, reaction) {
            return true;
        }
        if holds == Some(true) {
            honest_is_left = false;
            break;
        }
    }
    honest_is_left && fits(profile, request, Answer::Honest, (0, 0), reaction)
}

/// Whether a condition held; `None`: what was captured does not tell.
const fn holds(condition: Condition, when: Situation) -> Option<bool> {
    match condition {
        Condition::Always => Some(true),
        Condition::WhileSmpOrEncryptionPending => Some(when.pairing),
        Condition::WhileEncryptionStarting => Some(when.encrypting),
        Condition::WhileNotEncrypted => Some(!when.encrypted),
        Condition::IfFeaturesCached | Condition::FirstConnection => None,
    }
}

fn fits(
    profile: &Profile,
    request: SeenRequest,
    answer: Answer,
    (delay, spread): (u16, u16),
    reaction: Reaction,
) -> bool {
    use ble::pdu::control::FeatureSet;
    let needs = match request.what {
        PeripheralRequest::Phy => FeatureSet::LE_2M,
        PeripheralRequest::DataLength => FeatureSet::DATA_LENGTH_EXTENSION,
        PeripheralRequest::ConnectionParameters => FeatureSet::CONNECTION_PARAMETERS_REQUEST,
        PeripheralRequest::Features => FeatureSet::PERIPHERAL_FEATURE_EXCHANGE,
        PeripheralRequest::Version => FeatureSet(0),
    };
    let can = profile.controller.features.0 & needs.0 == needs.0;
    match (answer, reaction) {
        (Answer::Honest | Answer::Now | Answer::Overlap, Reaction::Served(events)) => {
            let most = delay.saturating_add(spread).saturating_add(LATE);
            can && (delay..=most).contains(&events)
        }
        // A collision, or parameters that are refused, are answered so by the rules.
        (
            Answer::Honest | Answer::Now | Answer::Overlap,
            Reaction::Reject(0x23 | 0x2A | 0x3B) | Reaction::RejectExt(0x23 | 0x2A | 0x3B),
        ) => can,
        (Answer::Honest, Reaction::AfterEncryption) => request.when.encrypting,
        (Answer::Honest, Reaction::Unknown) => !can,
        (Answer::AfterEncryption, Reaction::AfterEncryption)
        | (Answer::Never, Reaction::Never)
        | (Answer::BlockControl, Reaction::Block)
        | (Answer::Unknown, Reaction::Unknown)
        | (Answer::UpdateThenOwnPhyReq, Reaction::ThenPhy)
        | (Answer::UpdateThenParamReq, Reaction::ThenParameters)
        | (Answer::UpdateNoSwitch, Reaction::NoSwitch) => true,
        (Answer::Overlap, Reaction::Overlap) => can,
        (Answer::SilentAfterEvents(n), Reaction::Silent(events)) => n.abs_diff(events) <= 1,
        (Answer::RejectInd(code), Reaction::Reject(seen)) => code.0 == seen,
        (Answer::RejectExt(code), Reaction::RejectExt(seen)) => code.0 == seen,
        _ => false,
    }
}

/// A procedure that a central begins: its name, PHYs, and whether it does so in every connection.
type Begun = (&'static str, Option<(PhySet, PhySet)>, bool);

/// What a central begins by itself: its name, PHYs, and whether it does so in every connection.
fn begins(profile: &Profile) -> Vec<Begun> {
    let mut all: Vec<Begun> = Vec::new();
    for wish in &profile.host.on_connect {
        all.push(match wish {
            HostProcedure::Features => ("features", None, true),
            HostProcedure::Version => ("version", None, true),
            HostProcedure::DataLength => ("length", None, true),
            HostProcedure::Phy(set) => ("phy", Some((*set, *set)), true),
        });
    }
    if profile.controller.length_from_default {
        all.push(("length", None, false));
    }
    let pressed = profile.controller.quirks.pressed.iter().map(|own| (own, false));
    let own = profile.controller.automatic.iter().map(|own| (own, true));
    for (OwnProcedure { procedure, moment, unless_asked, .. }, sure) in own.chain(pressed) {
        let soon = matches!(moment, StartMoment::Event(event) if *event < BEGINNING / 2);
        let sure = sure && !unless_asked && (soon || *moment == StartMoment::After);
        let phys = match procedure {
            AutomaticProcedure::Phy { tx, rx } if *tx != PhySet::NONE => Some((*tx, *rx)),
            _ => None,
        };
        all.push((procedure.name(), phys, sure));
    }
    all
}

fn own_differs(profile: &Profile, seen: &Seen) -> bool {
    let begins = begins(profile);
    let answer = |wanted: Reaction| {
        seen.answers.values().any(|all| all.values().any(|reaction| *reaction == wanted))
    };
    let strange = |start: &&crate::seen::Start| {
        let beside = match start.name {
            "phy" => answer(Reaction::ThenPhy),
            "parameters" => answer(Reaction::ThenParameters),
            _ => false,
        };
        let known = begins
            .iter()
            .any(|(name, phys, _)| *name == start.name && (phys.is_none() || start.phys == *phys));
        start.event < BEGINNING && !beside && !known
    };
    let missing = begins.iter().any(|(name, _, sure)| *sure && seen.absent.contains(name));
    missing || seen.own.iter().any(|start| strange(&start))
}

/// Whether neither of two courses is the beginning of the other.
fn differs(wanted: &[&str], shown: &Shown<Vec<SeenStep>>) -> bool {
    let mut kinds: Vec<&str> = shown.value.iter().map(SeenStep::kind).collect();
    kinds.dedup();
    !wanted.starts_with(&kinds) && !kinds.starts_with(wanted)
}

/// What a user and an application want, by kind.
fn wanted(profile: &Profile) -> Vec<&'static str> {
    let kinds = profile.host.steps.iter().filter_map(|step| match step {
        Wanted::ExchangeMtu => Some("mtu"),
        Wanted::Secure => Some("secure"),
        Wanted::Discover => Some("discover"),
        Wanted::Write(..) => Some("write"),
        Wanted::Read(_) => Some("read"),
        Wanted::Subscribe(_) => Some("subscribe"),
        Wanted::Stay(_) | Wanted::Disconnect => None,
    });
    let mut kinds: Vec<&'static str> = kinds.collect();
    kinds.dedup();
    kinds
}

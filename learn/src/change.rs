//! Keys of a profile that differ from its base, each with what shows it.

use ble::hci::ConnectionParameters;
use bletwin_models::controller::quirk::PeripheralRequest;
use bletwin_models::host::{ParameterRules, acceptable};
use bletwin_models::profile::Profile;
use bletwin_schema::Written;

use crate::looking::Shown;
use crate::seen::{Reaction, Seen, SeenRequest, SeenStep, Start, key};

/// Keys that are set together, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Keys and their values.
    pub values: Vec<(&'static str, Written)>,
    /// The packets that show it.
    pub places: Vec<String>,
    /// All that was seen, where that was not the same each time.
    pub range: Option<String>,
}

impl Change {
    pub(crate) fn one(key: &'static str, value: Written, places: &[String]) -> Self {
        Self { values: vec![(key, value)], places: places.to_vec(), range: None }
    }

    /// Tells that several values were seen.
    pub(crate) fn several(self, all: impl Iterator<Item = String>) -> Self {
        let mut all: Vec<String> = all.collect();
        all.sort_by_key(|text| (text.len(), text.clone()));
        all.dedup();
        let range = (all.len() > 1).then(|| all.join(", "));
        Self { range, ..self }
    }
}

fn list(items: Vec<String>) -> Written {
    Written::List(items.into_iter().map(Written::Text).collect())
}

/// All that was seen of one kind of request, as rules: the narrowest conditions first.
pub(crate) fn answers(what: PeripheralRequest, seen: &Seen) -> Change {
    let all: Vec<_> = seen.answers.iter().filter(|(request, _)| request.what == what).collect();
    let mut rules: Vec<String> = Vec::new();
    let mut places = Vec::new();
    let rank = |(request, _): &&(&SeenRequest, _)| {
        let when = request.when;
        (!when.encrypting, !when.pairing, when.encrypted)
    };
    let mut ordered = all.clone();
    ordered.sort_by_key(|entry| rank(&entry));
    // What was answered alike everywhere needs no condition.
    let mut kinds: Vec<String> =
        all.iter().flat_map(|(_, values)| values.values().map(|r| word(*r, 0))).collect();
    kinds.dedup();
    let alike = kinds.len() == 1 && all.len() > 1;
    for (request, values) in ordered {
        let condition = match request.when {
            _ if alike => "",
            when if when.encrypting => "@encrypting",
            when if when.pairing => "@pairing",
            when if !when.encrypted => "@plain",
            _ => "",
        };
        let delays: Vec<u16> = values
            .values()
            .filter_map(|reaction| match reaction {
                Reaction::Served(events) => Some(*events),
                _ => None,
            })
            .collect();
        let (least, most) =
            (delays.iter().min().copied().unwrap_or(0), delays.iter().max().copied().unwrap_or(0));
        let Some(worst) = values.values().max() else { continue };
        let delay = match (least, most) {
            // An event or two are the way of the rules.
            (0..=1, 0..=4) => String::new(),
            (least, most) if least == most => format!("+{least}"),
            (least, most) => format!("+{least}..{most}"),
        };
        let rule = format!("{}{condition}{delay}", word(*worst, most));
        if !rules.contains(&rule) {
            rules.push(rule);
        }
        places.extend(values.0.iter().flat_map(|shown| shown.places.clone()));
    }
    Change { values: vec![(key(what), list(rules))], places, range: None }
}

fn word(reaction: Reaction, _: u16) -> String {
    match reaction {
        Reaction::Served(_) => "honest".into(),
        Reaction::AfterEncryption => "after-encryption".into(),
        Reaction::Never => "never".into(),
        Reaction::Block => "block".into(),
        Reaction::Silent(events) => format!("silent:{events}"),
        Reaction::Unknown => "unknown".into(),
        Reaction::Reject(code) => format!("reject:{code:#04x}"),
        Reaction::RejectExt(code) => format!("reject-ext:{code:#04x}"),
        Reaction::ThenPhy => "then-phy-req".into(),
        Reaction::ThenParameters => "then-param-req".into(),
        Reaction::Overlap => "overlap".into(),
        Reaction::NoSwitch => "no-switch".into(),
    }
}

/// What it begins by itself, in the order of the first connection that shows it: each when the one
/// before is over, since that is how controllers do it; no event number but the first.
pub(crate) fn own(seen: &Seen) -> Option<Change> {
    let shown = seen.own.first().map_or(0, |start| start.connection);
    let starts: Vec<&Start> =
        seen.own.iter().filter(|start| start.connection == shown).take(8).collect();
    let mut items = Vec::new();
    for (place, start) in starts.iter().enumerate() {
        let phys = match start.phys {
            Some((tx, rx)) if tx == rx => format!(":{}", phys(tx)?),
            Some((tx, rx)) => format!(":{}:{}", phys(tx)?, phys(rx)?),
            None => String::new(),
        };
        let with =
            start.parameters.map_or(phys, |(us, latency, ms)| format!(":{us}:{latency}:{ms}"));
        let moment = match place {
            0 => start.event.to_string(),
            _ => "after".into(),
        };
        items.push(format!("{}{with}@{moment}", start.name));
    }
    let own = if items.is_empty() { Written::Text("none".into()) } else { list(items) };
    let none = Written::Text("none".into());
    let values = vec![
        ("own-procedures", own),
        ("on-connect", none),
        ("length-from-default", Written::Flag(false)),
    ];
    let places = starts.iter().map(|start| start.place.clone()).collect();
    Some(Change { values, places, range: None })
}

fn phys(set: ble::phy::PhySet) -> Option<String> {
    let names = [(1, "1m"), (2, "2m"), (4, "coded")];
    let named: Vec<&str> =
        names.into_iter().filter(|(bit, _)| set.0 & bit != 0).map(|(_, name)| name).collect();
    (!named.is_empty()).then(|| named.join("+"))
}

/// Which connection parameters it grants, and what it makes of them.
pub(crate) fn parameters(profile: &Profile, seen: &Seen) -> Option<Change> {
    let asked = |text: &str| {
        let words: Vec<u16> = text.split(':').filter_map(|word| word.parse().ok()).collect();
        let [interval_min, interval_max, latency, timeout] = words[..] else { return None };
        Some(ConnectionParameters { interval_min, interval_max, latency, timeout })
    };
    let shown = |key: &str| seen.words.get(key).map(|v| v.0.as_slice()).unwrap_or_default();
    let (granted, rejected) = (shown("parameters-granted"), shown("parameters-rejected"));
    let kept = shown("parameters-kept");
    let fits = |rules: ParameterRules| {
        let takes = |text: &str| asked(text).is_some_and(|wish| acceptable(&wish, rules));
        let given = |shown: &Shown<String>| {
            let (wish, _) = shown.value.split_once('>').unwrap_or((&shown.value, ""));
            rules != ParameterRules::AcceptOnly && takes(wish)
        };
        granted.iter().all(given)
            && rejected.iter().all(|shown| !takes(&shown.value))
            && (kept.is_empty() || rules == ParameterRules::AcceptOnly)
    };
    let mut change = Change { values: Vec::new(), places: Vec::new(), range: None };
    if !fits(profile.host.parameter_rules) {
        let all = [
            (ParameterRules::All, "all".to_owned()),
            (ParameterRules::Apple, "apple".to_owned()),
            (ParameterRules::AcceptOnly, "accept-only".to_owned()),
            (ParameterRules::Reject, "reject".to_owned()),
        ];
        let (_, word) = all.into_iter().find(|(rules, _)| fits(*rules))?;
        change.values.push(("parameter-rules", Written::Text(word)));
        let places = granted.iter().chain(rejected).chain(kept);
        change.places.extend(places.flat_map(|shown| shown.places.clone()));
    }
    let other = granted.iter().find_map(|shown| {
        let (wish, got) = shown.value.split_once('>')?;
        let interval: u16 = got.split(':').next()?.parse().ok()?;
        (asked(wish)?.interval_max != interval).then_some((interval, shown))
    });
    if let Some((interval, shown)) = other.filter(|_| profile.host.grants.is_empty()) {
        let us = u32::from(interval) * 1_250;
        change.values.push(("grants", list(vec![format!("interval:{us}")])));
        change.places.extend(shown.places.clone());
    }
    (!change.values.is_empty()).then_some(change)
}

/// What its user and application do.
pub(crate) fn steps(shown: &Shown<Vec<SeenStep>>) -> Change {
    let mut words: Vec<String> = Vec::new();
    for step in &shown.value {
        let word = match step {
            SeenStep::Mtu | SeenStep::Secure | SeenStep::Discover => step.kind().to_owned(),
            SeenStep::Read(Some(uuid)) => format!("read:{uuid}"),
            // What was written stays with whoever captured it.
            SeenStep::Write(Some(uuid), octets) => {
                format!("write:{uuid}:01{}", "00".repeat(octets.saturating_sub(1).min(511)))
            }
            SeenStep::Subscribe(Some(uuid)) => format!("subscribe:{uuid}"),
            SeenStep::Read(None) | SeenStep::Write(None, _) | SeenStep::Subscribe(None) => continue,
        };
        if words.last() != Some(&word) {
            words.push(word);
        }
    }
    words.push("stay:8000".into());
    Change::one("steps", list(words), &shown.places)
}

//! What was seen of a peripheral as a file of a firmware.

use bletwin_setup::keys::PERIPHERAL;
use bletwin_setup::preset;

use super::says::FEATURES;
use super::{Fact, FirmwareKey, SeenFirmware, base};
use crate::comment::comment;
use crate::looking::{Shown, Values};

impl SeenFirmware {
    /// What was seen of one key; `name`: the preset that has a say where several values are left.
    pub(super) fn key(&self, key: &'static str, name: &str) -> Option<FirmwareKey> {
        let given = base(name, key).unwrap_or_default();
        match key {
            "param-update" => self.moment(&given),
            "features-left-out" => self.left_out(),
            "features-hollow" => {
                let offered = |one: &&&str| {
                    self.features.get(**one).is_some_and(|all| all.values().any(|is| *is))
                };
                list(key, &self.hollow, offered)
            }
            "never-answers" => list(key, &self.unanswered, |_| true),
            _ => resolve(key, self.facts.get(key)?, &given),
        }
    }

    /// When it asks for parameters: how long after connecting, and whether it lets a pairing pass.
    fn moment(&self, given: &str) -> Option<FirmwareKey> {
        const KEY: &str = "param-update";
        let (ms, waits) = given.split_once(':').unwrap_or((given, ""));
        let mut found = resolve(KEY, self.facts.get("param-update-ms")?, ms)?;
        if !waits.is_empty() && !self.facts.contains_key(KEY) {
            found.value = format!("{}:{waits}", found.value);
        }
        Some(found)
    }

    /// Whether nothing that was seen speaks against a value, as `--set` takes it.
    #[must_use]
    pub fn admits(&self, key: &str, value: &str) -> bool {
        let names = || value.split(',');
        let admits = |key: &str, value: &str| {
            let all = self.facts.get(key).map(|all| all.0.as_slice()).unwrap_or_default();
            all.iter().all(|shown| allows(&shown.value, value))
        };
        match key {
            "param-update" => match value.split_once(':') {
                Some((ms, _)) => admits("param-update-ms", ms) && !self.facts.contains_key(key),
                None => admits("param-update-ms", value),
            },
            "features-left-out" => self.features.iter().all(|(name, offered)| {
                let out = names().any(|one| one == *name);
                offered.values().all(|offered| *offered != out)
            }),
            "features-hollow" => self.hollow.values().all(|name| names().any(|one| one == *name)),
            "never-answers" => self.unanswered.values().all(|name| names().any(|one| one == *name)),
            _ => admits(key, value),
        }
    }

    fn left_out(&self) -> Option<FirmwareKey> {
        let lacks = |name: &&str| {
            self.features.get(name).is_some_and(|all| all.values().all(|offered| !offered))
        };
        let names = FEATURES.map(|(_, name)| name);
        let out: Vec<&str> = names.into_iter().filter(lacks).collect();
        let untold: Vec<&str> =
            names.into_iter().filter(|name| !self.features.contains_key(name)).collect();
        let first = self.features.values().next()?.0.first()?;
        Some(FirmwareKey {
            key: "features-left-out",
            value: if out.is_empty() { "none".into() } else { out.join(",") },
            places: first.places.clone(),
            range: (!untold.is_empty()).then(|| format!("nothing of {}", untold.join(", "))),
        })
    }
}

fn list(
    key: &'static str,
    all: &Values<&'static str>,
    counts: impl Fn(&&&'static str) -> bool,
) -> Option<FirmwareKey> {
    let names: Vec<&str> = all.values().filter(&counts).copied().collect();
    let places = all.0.iter().filter(|shown| counts(&&shown.value));
    let places = places.flat_map(|shown| shown.places.clone()).collect();
    (!names.is_empty()).then(|| FirmwareKey { key, value: names.join(","), places, range: None })
}

/// What all connections agree on, or what the first has shown.
fn resolve(key: &'static str, all: &Values<Fact>, given: &str) -> Option<FirmwareKey> {
    let first = all.0.first()?;
    let common = all.values().skip(1).try_fold(first.value.clone(), both);
    let (fact, differ) = match common {
        Some(common) => (common, false),
        None => (first.value.clone(), true),
    };
    let shown: Vec<&Shown<Fact>> = all.0.iter().collect();
    let places: Vec<String> = shown.iter().flat_map(|one| one.places.clone()).collect();
    let range = match differ {
        true => Some(all.values().map(words).collect::<Vec<_>>().join(", then ")),
        false => (!is_one(&fact)).then(|| words(&fact)),
    };
    Some(FirmwareKey { key, value: chosen(key, &fact, given), places, range })
}

fn both(a: Fact, b: &Fact) -> Option<Fact> {
    Some(match (a, b) {
        (Fact::OneOf(a), Fact::OneOf(b)) => {
            let left: Vec<&str> = a.into_iter().filter(|word| b.contains(word)).collect();
            Fact::OneOf(Some(left).filter(|left| !left.is_empty())?)
        }
        (Fact::Between(low, high), Fact::Between(l, h)) => {
            let (low, high) = (low.max(*l), high.min(*h));
            (low <= high).then_some(Fact::Between(low, high))?
        }
        (Fact::Is(a), Fact::Is(b)) => (a == *b).then_some(Fact::Is(a))?,
        _ => return None,
    })
}

fn allows(fact: &Fact, value: &str) -> bool {
    match fact {
        Fact::OneOf(words) => words.contains(&value),
        Fact::Between(low, high) => {
            value.parse().is_ok_and(|number| (*low..=*high).contains(&number))
        }
        Fact::Is(one) => one == value,
    }
}

fn is_one(fact: &Fact) -> bool {
    match fact {
        Fact::OneOf(words) => words.len() == 1,
        Fact::Between(low, high) => low == high,
        Fact::Is(_) => true,
    }
}

fn words(fact: &Fact) -> String {
    match fact {
        Fact::OneOf(words) => words.join(" or "),
        Fact::Between(low, high) if low == high => low.to_string(),
        Fact::Between(low, high) => format!("{low} to {high}"),
        Fact::Is(value) => value.clone(),
    }
}

/// One of the values that are left: the preset's, else the roundest.
fn chosen(key: &str, fact: &Fact, given: &str) -> String {
    match fact {
        Fact::OneOf(words) if words.contains(&given) => given.to_owned(),
        Fact::OneOf(words) => words.first().copied().unwrap_or(given).to_owned(),
        Fact::Is(value) => value.clone(),
        Fact::Between(low, high) => match given.parse::<u32>() {
            Ok(number) if (low..=high).contains(&&number) => given.to_owned(),
            _ => roundest(key, *low, *high).to_string(),
        },
    }
}

fn roundest(key: &str, low: u32, high: u32) -> u32 {
    // Nobody pairs for nothing.
    if key == "required-level" {
        return high;
    }
    let steps: &[u32] = match key {
        // 10, 5, 2.5 ms.
        "advertising-interval" => &[160, 80, 32, 16, 8, 4],
        "param-tries" => &[],
        // What the specification recommends for private addresses (Vol 3, Part C, Appendix A).
        "rpa-timeout" => &[900, 60, 10],
        _ => &[1_000, 500, 100, 50, 10],
    };
    let above = |step: &u32| low.max(1).div_ceil(*step).saturating_mul(*step);
    steps.iter().map(above).find(|number| *number <= high).unwrap_or(low)
}

/// The keys that a firmware here can have, with their values as a file has them, or why not.
fn entries(seen: &SeenFirmware, name: &str) -> Vec<(FirmwareKey, Option<String>)> {
    let Some(mut build) = preset(name) else { return Vec::new() };
    let entry = |found: FirmwareKey| {
        let fits = PERIPHERAL.set(&mut build, found.key, &found.value).is_ok();
        let key = PERIPHERAL.find(found.key).filter(|_| fits);
        let line = key.map(|key| format!("{} = {}", found.key, key.get(&build).toml()));
        (found, line)
    };
    seen.keys(name).into_iter().map(entry).collect()
}

impl SeenFirmware {
    /// The lines of its file, without what shows them.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        entries(self, self.nearest()).into_iter().filter_map(|(_, line)| line).collect()
    }

    /// What is otherwise than in the nearest preset, as `--set` takes it.
    #[must_use]
    pub fn departures(&self) -> Vec<String> {
        let name = self.nearest();
        let differs = |found: &FirmwareKey| base(name, found.key).as_ref() != Some(&found.value);
        let own = entries(self, name).into_iter();
        let own = own.filter(|(found, line)| line.is_some() && differs(found));
        own.map(|(found, _)| format!("{}={}", found.key, found.value)).collect()
    }
}

pub(super) fn toml(seen: &SeenFirmware) -> String {
    let base = seen.nearest();
    let mut text = format!("preset = \"{base}\"\n");
    let number = seen.connections;
    let plural = if number == 1 { "" } else { "s" };
    let about = format!(
        "What the peripheral was seen to do in {number} captured connection{plural}, as keys of a \
         firmware, for `--peripheral`."
    );
    comment(&mut text, &about);
    for (FirmwareKey { key, value, places, range }, line) in entries(seen, base) {
        text.push('\n');
        for place in &places {
            comment(&mut text, &format!("Shown by {place}."));
        }
        if let Some(range) = &range {
            comment(&mut text, &format!("Seen: {range}."));
        }
        match line {
            Some(line) => text += &format!("{line}\n"),
            // A value that no firmware here can have is told, and not written.
            None => comment(&mut text, &format!("{key}: {value}, which no firmware here has.")),
        }
    }
    text.push('\n');
    let mut others = seen.others().peekable();
    if others.peek().is_some() {
        comment(&mut text, "Seen, and there is no key for it:");
    }
    for (what, values) in others {
        let all: Vec<&str> = values.values().map(String::as_str).collect();
        let place = values.0.first().and_then(|shown| shown.places.first());
        let place = place.map_or_else(String::new, |place| format!(" ({place})"));
        comment(&mut text, &format!("- {what}: {}{place}", all.join("; ")));
    }
    comment(
        &mut text,
        &format!("Not seen, so as the preset has it: {}.", seen.not_seen().join(", ")),
    );
    text
}

//! A learned central as a file.

use std::fmt::Write as _;

use bletwin_models::controller::quirk::PeripheralRequest;
use bletwin_schema::Written;

use crate::Learned;
use crate::comment::comment;
use crate::seen::{Seen, Situation, key};

/// Keys whose values packets say, and words that a behaviour is: each may not have been seen.
const SAID: [&str; 24] = [
    "interval-us",
    "latency",
    "timeout-ms",
    "clock-ppm",
    "address-type",
    "features",
    "ll-version",
    "company",
    "subversion",
    "max-octets",
    "max-time-us",
    "mtu",
    "io",
    "bonding",
    "mitm",
    "secure-connections",
    "max-key-size",
    "require-mitm",
    "pair-on-att-error",
    "pair-on-security-request",
    "bonded-start",
    "key-missing",
    "key-missing-reason",
    "disconnect-reason",
];

/// Keys of a profile of which nothing was seen, so that they are the base's. Of what a request
/// meets, the situations in which none came.
#[must_use]
pub fn not_seen(seen: &Seen) -> Vec<String> {
    let said = |key: &&str| !seen.plain.contains_key(key) && !seen.words.contains_key(key);
    let mut missing: Vec<String> = SAID.into_iter().filter(said).map(str::to_owned).collect();
    let granted = ["parameters-granted", "parameters-rejected", "parameters-kept"];
    for (key, is_there) in [
        ("ch-sel", !seen.ch_sel.is_empty()),
        ("instant-events", !seen.instants.is_empty()),
        ("own-procedures", !seen.own.is_empty() || !seen.absent.is_empty()),
        ("parameter-rules", granted.iter().any(|key| seen.words.contains_key(key))),
        ("give-up-ms", !seen.gave_up.is_empty()),
        ("steps", !seen.steps.is_empty() || !seen.steps_again.is_empty()),
    ] {
        missing.extend((!is_there).then(|| key.to_owned()));
    }
    for what in PeripheralRequest::ALL {
        let met = |words: &&str| {
            seen.answers.keys().any(|one| one.what == what && one.when.words() == *words)
        };
        let unmet: Vec<&str> = Situation::WORDS.into_iter().filter(|words| !met(words)).collect();
        match unmet.len() {
            0 => {}
            len if len == Situation::WORDS.len() => missing.push(key(what).to_owned()),
            _ => missing.push(format!("{} ({})", key(what), unmet.join(", "))),
        }
    }
    missing
}

pub(crate) fn toml(learned: &Learned, about: &str) -> String {
    let Learned { base, changes, seen } = learned;
    let number = seen.connections;
    let mut text = format!(
        "version = 1\nabout = {}\n# Learned from {number} captured connection{}. The built-in \
         central that comes nearest:\nextends = {}\n",
        Written::Text(about.into()).toml(),
        if number == 1 { "" } else { "s" },
        Written::Text(base.name.clone()).toml(),
    );
    if changes.is_empty() {
        text += "# Nothing that was seen contradicts it.\n";
    }
    for change in changes {
        text.push('\n');
        for place in &change.places {
            comment(&mut text, &format!("Shown by {place}."));
        }
        if let Some(range) = &change.range {
            comment(&mut text, &format!("Seen: {range}."));
        }
        for (key, value) in &change.values {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{key} = {}", value.toml());
        }
    }
    let missing = not_seen(seen);
    text.push('\n');
    comment(&mut text, &format!("Not seen, so as the base has it: {}.", missing.join(", ")));
    text
}

//! A learned central as a file.

use std::fmt::Write as _;

use bletwin_models::controller::quirk::PeripheralRequest;
use bletwin_schema::Written;

use crate::comment::comment;
use crate::{Learned, Seen};

/// Keys of a profile of which nothing was seen, so that they are the base's.
#[must_use]
pub fn not_seen(seen: &Seen) -> Vec<String> {
    let mut missing = Vec::new();
    for key in ["features", "ll-version", "company", "max-octets", "interval-us", "mtu", "io"] {
        let seen = seen.plain.contains_key(key) || seen.words.contains_key(key);
        missing.extend((!seen).then(|| key.to_owned()));
    }
    for key in [
        "address-type",
        "pair-on-att-error",
        "pair-on-security-request",
        "bonded-start",
        "key-missing",
        "disconnect-reason",
    ] {
        missing.extend((!seen.words.contains_key(key)).then(|| key.to_owned()));
    }
    if seen.instants.is_empty() {
        missing.push("instant-events".into());
    }
    let granted = ["parameters-granted", "parameters-rejected", "parameters-kept"];
    if !granted.iter().any(|key| seen.words.contains_key(key)) {
        missing.push("parameter-rules".into());
    }
    if seen.gave_up.is_empty() {
        missing.push("give-up-ms".into());
    }
    if seen.steps.is_empty() {
        missing.push("steps".into());
    }
    for (what, key) in [
        (PeripheralRequest::Phy, "phy-req"),
        (PeripheralRequest::DataLength, "length-req"),
        (PeripheralRequest::ConnectionParameters, "param-req"),
        (PeripheralRequest::Features, "feature-req"),
        (PeripheralRequest::Version, "version-ind"),
    ] {
        let mut situations = seen.answers.keys().filter(|request| request.what == what);
        let pairing = situations.clone().any(|request| request.when.pairing);
        let other = situations.any(|request| !request.when.pairing);
        missing.extend(match (pairing, other) {
            (true, true) => None,
            (true, false) => Some(format!("{key} (but while pairing)")),
            (false, true) => Some(format!("{key} (while pairing)")),
            (false, false) => Some(key.to_owned()),
        });
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

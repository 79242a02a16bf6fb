//! What can be changed of a firmware configuration: each key's other values, as the table of keys
//! gives them.

use ble::security::IoCapability;
use bletwin_schema::{Key, Shape};
use bletwin_setup::Build;
use firmware_core::config::{Accept, Passkey};
use serde::Serialize;

use bletwin_setup::keys::PERIPHERAL;

/// What a change demands of the device, the easiest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// Other behaviour, nothing else.
    Plain,
    /// Other buttons or another display.
    Hardware,
    /// Less security: a cure of last resort.
    Weaker,
}

/// One key with another value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// As in `--set`.
    pub key: &'static str,
    /// As in `--set`.
    pub value: String,
    /// What it demands of the device.
    pub kind: ChangeKind,
    /// Place in the table of keys and their values: between equals the first is preferred.
    #[serde(skip)]
    pub place: usize,
}

impl Change {
    /// As in `--set`.
    #[must_use]
    pub fn assignment(&self) -> String {
        format!("{}={}", self.key, self.value)
    }
}

/// A configuration and how it differs from the one in question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The changes, at most one per key.
    pub changes: Vec<Change>,
    /// The configuration with these changes made.
    pub config: Build,
}

impl Candidate {
    /// The one in question.
    #[must_use]
    pub fn base(config: &Build) -> Self {
        Self { changes: Vec::new(), config: config.clone() }
    }

    /// `base` with these changes. All values are known to be good.
    #[must_use]
    pub fn with(base: &Build, changes: &[Change]) -> Self {
        let mut changes = changes.to_vec();
        changes.sort_by_key(|change| PERIPHERAL.iter().position(|key| key.name == change.key));
        let mut config = base.clone();
        for change in &changes {
            let _ = PERIPHERAL.set(&mut config, change.key, &change.value);
        }
        Self { changes, config }
    }

    /// The most demanding of its changes.
    #[must_use]
    pub fn kind(&self) -> ChangeKind {
        self.changes.iter().map(|change| change.kind).max().unwrap_or(ChangeKind::Plain)
    }

    /// As in `--set`, one after the other.
    #[must_use]
    pub fn assignments(&self) -> Vec<String> {
        self.changes.iter().map(Change::assignment).collect()
    }
}

/// Every other value of every key, in the order of the table.
#[must_use]
pub fn changes(base: &Build) -> Vec<Change> {
    let mut found = Vec::new();
    for key in PERIPHERAL.iter() {
        let mut seen = vec![base.clone()];
        for value in values(key) {
            let mut config = base.clone();
            let taken = PERIPHERAL.set(&mut config, key.name, &value);
            // Another way to write a value is no other value.
            if taken.is_ok() && !seen.contains(&config) {
                let (kind, place) = (kind(base, &config), found.len());
                found.push(Change { key: key.name, value, kind, place });
                seen.push(config);
            }
        }
    }
    found
}

/// Values of a key that are worth a try. Words and short ranges are read from the table, so that a
/// new key is searched automatically; for keys with too many values, these are listed here.
fn values(key: &Key<Build>) -> Vec<String> {
    let chosen: &[&str] = match key.name {
        "param-update" => &["5000:not-while-pairing", "never", "5000", "1000", "30000"],
        // Another application is another device.
        "app" | "updated-app" => &[],
        // To request channels, or to refuse requests, cures nothing; not to do so may.
        "min-used-channels" => &["0"],
        "param-requests" => &["accept"],
        // What Apple's rules accept, with a patient timeout first; Zephyr's; short; long.
        "preferred" => &["24,36,0,600", "12,24,0,600", "24,40,0,42", "6,12,0,200", "80,160,0,600"],
        // To insist, or to leave, mends nothing; not to may.
        "param-tries" => &["1"],
        "param-period" => &[],
        "param-not-granted" => &["stay"],
        "leave-when-idle" => &["never"],
        // A static passkey and the debug key give security away; the lapses of old firmware are
        // mistakes. Of these only the way back is tried.
        "passkey" => &["random"],
        "features-hollow" => &["none"],
        "refusals" => &["all"],
        "never-answers" => &["none"],
        "second-unknown" => &["answer"],
        "before-instant" => &["leave"],
        "check-address" => &["on-air"],
        "stored-key" => &["kept"],
        // Using private addresses cures nothing; a central that cannot resolve them is served
        // without.
        "rpa-timeout" => &["never"],
        "service-changed" => &["told"],
        // Without bonding there is no bond to lose, which is no cure.
        "bonding" => &["true"],
        "debug-key" => &["false"],
        // A bond that is let in by opening the door to all is no cure.
        "pairing-outside-mode" => &["by-level"],
        "bond-overwrite" => &["authenticated"],
        "bond-table-full" => &["refuse"],
        // Whole features: a central that fails with them is then not offered them.
        "features-left-out" => &["none", "2m,coded", "data-length", "param-request"],
        _ => return listed(&key.shape()),
    };
    chosen.iter().map(ToString::to_string).collect()
}

/// Words as they are, a short range in full, a long one by a few of its numbers.
fn listed(shape: &Shape) -> Vec<String> {
    match *shape {
        Shape::Number { min, max, step: 1 } if max - min < 8 => {
            (min..=max).map(|n| n.to_string()).collect()
        }
        Shape::Number { min, max, .. } => {
            let steps = [20, 50, 100, 160, 250, 500, 1_600];
            let inside = steps.into_iter().filter(|step| (min + 1..max).contains(step));
            [min].into_iter().chain(inside).chain([max]).map(|n| n.to_string()).collect()
        }
        _ => shape.classes().into_iter().map(|class| class.sample).collect(),
    }
}

fn kind(base: &Build, changed: &Build) -> ChangeKind {
    let (base, changed) = (&base.config, &changed.config);
    let weaker = changed.required_level < base.required_level
        || (changed.io == IoCapability::NoInputNoOutput && changed.io != base.io)
        || matches!(changed.passkey, Passkey::Static(_)) && changed.passkey != base.passkey
        || (changed.debug_key && !base.debug_key)
        || (!changed.pairing_back_off && base.pairing_back_off)
        || (changed.rpa_timeout_s.is_none() && base.rpa_timeout_s.is_some())
        || (changed.accept == Accept::Anyone && changed.accept != base.accept);
    if weaker {
        ChangeKind::Weaker
    } else if changed.io != base.io {
        ChangeKind::Hardware
    } else {
        ChangeKind::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bletwin_setup::preset;

    #[test]
    fn every_key_of_the_firmware_is_searched() {
        for base in ["zephyr-2024", "recommended"].map(preset).map(Option::unwrap) {
            let changes = changes(&base);
            // Of these the good value is all that is tried, and these presets have it.
            let good = [
                "app",
                "updated-app",
                "passkey",
                "features-hollow",
                "refusals",
                "debug-key",
                "min-used-channels",
                "param-requests",
                "pairing-outside-mode",
                "bond-overwrite",
                "bond-table-full",
                "bonding",
                "param-tries",
                "param-period",
                "param-not-granted",
                "leave-when-idle",
                "never-answers",
                "second-unknown",
                "before-instant",
                "check-address",
                "stored-key",
                "rpa-timeout",
                "service-changed",
            ];
            for key in PERIPHERAL.iter().filter(|key| !good.contains(&key.name)) {
                assert!(changes.iter().any(|change| change.key == key.name), "{}", key.name);
            }
            for change in &changes {
                let one = Candidate::with(&base, std::slice::from_ref(change));
                assert_ne!(one.config, base, "{change:?}");
            }
        }
    }

    #[test]
    fn what_weakens_security_is_known_as_such() {
        let base = preset("zephyr-2024").unwrap();
        let weaker: Vec<String> = changes(&base)
            .iter()
            .filter(|change| change.kind == ChangeKind::Weaker)
            .map(Change::assignment)
            .collect();
        let expected = [
            "io=none",
            "required-level=1",
            "required-level=2",
            "required-level=3",
            "accept=anyone",
            "pairing-back-off=false",
        ];
        assert_eq!(weaker, expected);
        let mut debug = base.clone();
        debug.config.debug_key = true;
        assert_eq!(kind(&base, &debug), ChangeKind::Weaker);
        assert_eq!(kind(&debug, &base), ChangeKind::Plain);
        let mut fixed = base;
        fixed.config.passkey = Passkey::Static(123_456);
        assert!(changes(&fixed).iter().any(|c| c.assignment() == "passkey=random"));
    }

    #[test]
    fn long_ranges_are_sampled() {
        let words = vec!["on-connect", "after-bonding", "never"];
        assert_eq!(listed(&Shape::Words(words)).len(), 3);
        assert_eq!(listed(&Shape::Number { min: 1, max: 4, step: 1 }), ["1", "2", "3", "4"]);
        let range = Shape::Number { min: 32, max: 16_384, step: 1 };
        assert_eq!(listed(&range)[..3], ["32", "50", "100"]);
    }
}

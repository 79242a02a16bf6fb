//! Every word does something: for each key of firmware, air and central, runs with any two classes
//! of its values (every word, both ends of a range, every form) differ, on the simulated air or in
//! the log. Keys and classes come from the schema: a new one without an effect in these
//! surroundings fails until it has its own in [`places`]. What shows first of each is kept beside,
//! to be read. Answers to the peripheral's requests have more to prove, in [`answers`].

mod answers;
mod places;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ble::time::Duration;
use bletwin_explain::report;
use bletwin_models::profile::KEYS;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::Stage;
use bletwin_schema::Keys;
use bletwin_setup::Setup;
use bletwin_setup::keys::{AIR, CENTRAL_PREFIX, PERIPHERAL};
use bletwin_sim::report::names::describe;
use bletwin_sim::sniffer::{Decoded, Direction, sniff};
use places::{BEHIND, LATER, PLACES};
use rayon::prelude::*;

/// Scenario, central, and what is set besides.
type Place = (&'static str, &'static str, &'static [&'static str]);

/// Where words are tried that show in any run.
const EVERYWHERE: &[Place] = &[
    ("pairing", "honest", &[]),
    ("reconnect", "honest", &[]),
    ("pairing", "windows-intel-clean", &["phy-update=on-connect"]),
];

/// Simulated events after which a run has shown what it has to.
const EVENTS: u32 = 60_000;

/// What is on air and in the log, with its times.
type Seen = Vec<(u64, String)>;

/// The setup of a place; `Err`: it is refused there.
fn setup((_, central, besides): Place, assignment: Option<&str>) -> Result<Setup, String> {
    let mut setup = Setup::new("zephyr-2024", central, 1).expect("known names");
    for set in besides.iter().copied().chain(assignment) {
        setup.set(set).unwrap_or_else(|error| panic!("{set}: {error}"));
    }
    setup.check().map_err(|error| error.what)?;
    Ok(setup)
}

fn seen(place: Place, assignment: &str) -> Option<Seen> {
    let setup = setup(place, Some(assignment)).ok()?;
    let stage = Stage::new(catalogue::by_name(place.0).expect("known"), &setup);
    let mut stage = stage.unjudged();
    let events = std::cell::Cell::new(0);
    stage.run(|| events.replace(events.get() + 1) > EVENTS);
    if let Some((_, seconds)) = LATER.iter().find(|(key, _)| assignment.starts_with(key)) {
        stage.world.run_until(stage.world.now() + Duration::from_secs(*seconds));
    }
    let run = stage.finish();
    let items = sniff(&run.records);
    let mut seen: Seen = items
        .iter()
        .filter(|item| item.decoded != Decoded::Empty && item.connection.is_some())
        .map(|item| {
            let who = match item.direction {
                Some(Direction::PeripheralToCentral) => "P",
                _ => "C",
            };
            let octets: String = item.payload.iter().map(|octet| format!("{octet:02x}")).collect();
            let on = (item.phy, item.channel);
            (item.at.as_us(), format!("{who} {}|{octets}{on:?}", describe(item)))
        })
        .collect();
    seen.push((0, format!("{} packets on air|", items.len())));
    seen.extend(report::log(&run).lines().map(|line| (0, format!("log: {line}|"))));
    Some(seen)
}

/// What of `this` differs first from `other`, for people: no times, no octets.
fn first_difference(this: &Seen, other: &Seen) -> String {
    let said = |line: Option<&(u64, String)>| match line {
        None => "nothing more".to_owned(),
        Some((_, text)) => text.split('|').next().unwrap_or_default().to_owned(),
    };
    let same = |at: &usize| {
        let text = |seen: &Seen| seen.get(*at).map(|(_, text)| text.clone());
        text(this) == text(other)
    };
    let longest = this.len().max(other.len());
    match (0..longest).find(|at| !same(at)) {
        Some(at) => {
            let (here, there) = (said(this.get(at)), said(other.get(at)));
            if here == there { here } else { format!("{here}, not {there}") }
        }
        None => {
            let at = this.iter().zip(other).position(|(a, b)| a.0 != b.0);
            format!("another time of {}", said(at.and_then(|at| this.get(at))))
        }
    }
}

/// Words of one key.
struct Words {
    key: String,
    /// Where it is tried, in this order.
    places: Vec<Place>,
    samples: Vec<String>,
}

/// What was found out about the words of one key.
#[derive(Default)]
struct WordResult {
    /// Lines that say what shows.
    shown: BTreeSet<String>,
    /// Words without a difference, and what each is like.
    silent: BTreeSet<String>,
}

impl Words {
    fn of<T>(prefix: &str, keys: Keys<T>) -> Vec<Self> {
        let words = keys.iter().map(|key| {
            let full = format!("{prefix}{}", key.name);
            let own = PLACES.iter().filter(|(keys, _)| keys.contains(&full.as_str()));
            let own: Vec<Place> = own.flat_map(|(_, places)| *places).copied().collect();
            let places = if own.is_empty() { EVERYWHERE.to_vec() } else { own };
            let samples = key.shape().classes().into_iter().map(|class| class.sample);
            Self { key: full, places, samples: samples.collect() }
        });
        words.collect()
    }

    fn full(&self, word: &str) -> String {
        let before =
            BEHIND.iter().find(|(key, _)| *key == self.key).map_or("", |(_, before)| before);
        let before = if word == "none" { "" } else { before };
        format!("{}={before}{word}", self.key)
    }

    /// Samples that mean different things; with the value that holds anyway, if there is but one.
    fn distinct(&self) -> Vec<String> {
        let place = ("pairing", "honest", &[][..]);
        let mut values = BTreeMap::new();
        let mut distinct = Vec::new();
        for word in &self.samples {
            let mut setup = setup(place, None).expect("good");
            setup.set(&self.full(word)).expect("a sample is taken");
            let value = format!("{:?}{:?}{:?}", setup.peripheral, setup.air, setup.central);
            if values.insert(value, word).is_none() {
                distinct.push(word.clone());
            }
        }
        distinct
    }

    fn try_words(&self) -> WordResult {
        let mut result = WordResult::default();
        // Words that have not been distinguished yet.
        let mut groups = vec![self.distinct()];
        if let [alone] = groups.as_slice()
            && alone.len() == 1
        {
            return self.try_alone(&alone[0]);
        }
        let refused = |word: &String| {
            let by = |place: &Place| setup(*place, Some(&self.full(word))).err();
            let all: Vec<_> = self.places.iter().map(by).collect();
            all.iter().all(Option::is_some).then(|| all.into_iter().flatten().next()).flatten()
        };
        for group in &mut groups {
            group.retain(|word| match refused(word) {
                Some(why) => {
                    result.shown.insert(format!("{}: refused, {why}", self.full(word)));
                    false
                }
                None => true,
            });
        }
        for place in &self.places {
            let (open, done): (Vec<_>, Vec<_>) = groups.into_iter().partition(|g| g.len() > 1);
            groups = done;
            for group in open {
                let runs: Vec<(String, Option<Seen>)> = group
                    .into_par_iter()
                    .map(|word| (word.clone(), seen(*place, &self.full(&word))))
                    .collect();
                let mut classes: Vec<(Option<Seen>, Vec<String>)> = Vec::new();
                for (word, run) in runs {
                    match classes.iter_mut().find(|(seen, _)| *seen == run) {
                        Some((_, words)) => words.push(word),
                        None => classes.push((run, vec![word])),
                    }
                }
                for (at, (this, words)) in classes.iter().enumerate() {
                    let other = if at == 0 { classes.get(1) } else { classes.first() };
                    if let (Some(this), Some((Some(other), _))) = (this, other) {
                        let difference = first_difference(this, other);
                        let line = |word: &String| format!("{}: {difference}", self.full(word));
                        result.shown.extend(words.iter().map(line));
                    }
                }
                groups.extend(classes.into_iter().map(|(_, words)| words));
            }
        }
        for group in groups.into_iter().filter(|group| group.len() > 1) {
            result.silent.insert(format!("{}={}", self.key, group.join(" = ")));
        }
        result
    }

    /// A key with one sample: it must differ from what holds anyway.
    fn try_alone(&self, word: &str) -> WordResult {
        let mut result = WordResult::default();
        for place in &self.places {
            let key = |setup: &Setup| match self.key.strip_prefix(CENTRAL_PREFIX) {
                Some(name) => KEYS.find(name).map(|key| key.get(&setup.central)),
                None => PERIPHERAL.find(&self.key).map(|key| key.get(&setup.peripheral)),
            };
            let before = setup(*place, None).ok().and_then(|setup| key(&setup));
            let before = before.expect("a key of the central or the peripheral").to_string();
            let run = seen(*place, &self.full(word)).zip(seen(*place, &self.full(&before)));
            if let Some((this, other)) = run.filter(|(this, other)| this != other) {
                let difference = first_difference(&this, &other);
                result.shown.insert(format!("{}: {difference}", self.full(word)));
                return result;
            }
        }
        result.silent.insert(self.full(word));
        result
    }
}

#[test]
fn every_word_of_every_key_shows() {
    let answers: Vec<String> =
        answers::KEYS.iter().map(|key| format!("{CENTRAL_PREFIX}{key}")).collect();
    let all = [Words::of("", PERIPHERAL), Words::of("", AIR), Words::of(CENTRAL_PREFIX, KEYS)];
    let all = all.into_iter().flatten().filter(|words| !answers.contains(&words.key));
    let result: Vec<WordResult> =
        all.collect::<Vec<_>>().par_iter().map(Words::try_words).collect();
    let found: BTreeSet<&str> = result.iter().flat_map(|t| &t.silent).map(String::as_str).collect();
    // Words below comments that say why: `KEY=WORD = WORD`, which nothing distinguishes.
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/system/words/silent.txt");
    let text = std::fs::read_to_string(file).expect("is there");
    let declared: BTreeSet<&str> =
        text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let mute: Vec<_> = found.difference(&declared).collect();
    let heard: Vec<_> = declared.difference(&found).collect();
    let shown: Vec<&str> = result.iter().flat_map(|t| &t.shown).map(String::as_str).collect();
    assert!(mute.is_empty(), "no run here tells apart {mute:#?}\n{}", shown.join("\n"));
    assert!(heard.is_empty(), "in words/silent.txt, but told apart: {heard:#?}");
    insta::assert_snapshot!(shown.join("\n"));
}

/// A feature that is offered, and whose PDUs are unknown: by itself, and beside another that is
/// the same procedure.
#[test]
fn a_hollow_feature_is_unknown_on_air() {
    let place: Place = (
        "pairing",
        "honest",
        &["phy-update=never", "central.own-procedures=phy@20", "central.on-connect=features"],
    );
    let says = |assignment: &str, what: &str| {
        let heard = seen(place, assignment).expect("taken");
        heard.iter().any(|(_, line)| line.starts_with(what))
    };
    let unknown = "P LL_UNKNOWN_RSP LL_PHY_REQ";
    for hollow in ["2m", "coded", "2m,coded"] {
        let hollow = format!("features-hollow={hollow}");
        assert!(says(&hollow, unknown) && !says(&hollow, "P LL_PHY_RSP"), "{hollow}");
        assert!(says(&hollow, "P LL_FEATURE_RSP 000000000001493f"), "{hollow}: it is offered");
    }
    assert!(says("features-hollow=ping", "P LL_PHY_RSP") && !says("features-hollow=ping", unknown));
}

//! The report of a campaign, and the sum of its parts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::progress::version;
use super::{Done, Finding, Options, Shard};
use bletwin_setup::error::BadInput;

/// What all units of one pair came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PairCounts {
    /// What its units are counted under: see [`Done::pair`].
    pub pair: String,
    /// Units that were searched.
    pub units: usize,
    /// Cases that were played, added over units.
    pub runs: u64,
    /// Different traces, added over units.
    pub traces: u64,
    /// Different states, added over units.
    pub states: u64,
    /// Runs in which something was found.
    pub violations: u64,
}

/// So many missing parts are named: a file may say that there are any number of them.
const NAMED: usize = 100;

/// Parts without which a sum is not that of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Lacking {
    /// Parts that were not given: the first hundred of them.
    pub missing: Vec<Shard>,
    /// How many more were not given.
    pub more: usize,
    /// Parts that ended before they were complete.
    pub cut: Vec<Shard>,
}

impl Lacking {
    fn is_nothing(&self) -> bool {
        self.missing.is_empty() && self.cut.is_empty()
    }
}

/// The result of a campaign, or of a part of one. Counts depend on version, options and, where it
/// is not complete, on which units were done; never on threads, parts or time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Version of bletwin.
    pub bletwin: String,
    /// The options of the search.
    pub options: Options,
    /// Whether all of it was.
    pub complete: bool,
    /// Of a sum of parts: those that are not in it, and those in it that were cut off.
    #[serde(default, skip_serializing_if = "Lacking::is_nothing")]
    pub lacking: Lacking,
    /// Units that were searched, and those that there are.
    pub units: [usize; 2],
    /// Cases that were played.
    pub runs: u64,
    /// Those that joined a known way.
    pub joined: u64,
    /// Start states that the two devices do not reach: nothing was run from there.
    pub unreached: u64,
    /// Different traces on air: within a unit each is counted once, units are added.
    pub traces: u64,
    /// Different states of the world, counted in the same way.
    pub states: u64,
    /// Runs in which something was found.
    pub violations: u64,
    /// Wall-clock time, added over parts.
    pub seconds: f64,
    /// The findings of all units.
    pub findings: Vec<Finding>,
    /// The same by pair.
    pub pairs: Vec<PairCounts>,
}

impl Report {
    /// Adds what units came to.
    #[must_use]
    pub fn new(options: &Options, mut done: Vec<Done>, seconds: f64) -> Self {
        done.sort_by_key(|done| done.number);
        done.dedup_by_key(|done| done.number);
        let wanted = options.units().len();
        let mut report = Self {
            bletwin: version().into(),
            options: options.clone(),
            complete: done.len() == wanted,
            lacking: Lacking::default(),
            units: [done.len(), wanted],
            runs: 0,
            joined: 0,
            unreached: 0,
            traces: 0,
            states: 0,
            violations: 0,
            seconds,
            findings: Vec::new(),
            pairs: Vec::new(),
        };
        let mut pairs: BTreeMap<String, PairCounts> = BTreeMap::new();
        for unit in done {
            report.runs += unit.runs;
            report.joined += unit.joined;
            report.unreached += unit.unreached;
            report.traces += unit.traces;
            report.states += unit.states;
            report.violations += unit.violations;
            report.findings.extend(unit.findings);
            let counts = pairs.entry(unit.pair.clone()).or_default();
            counts.pair = unit.pair;
            counts.units += 1;
            counts.runs += unit.runs;
            counts.traces += unit.traces;
            counts.states += unit.states;
            counts.violations += unit.violations;
        }
        report.pairs = pairs.into_values().collect();
        report
    }

    /// Adds parts of one campaign.
    ///
    /// # Errors
    /// [`BadInput`] if they are not parts of one, or one is there twice.
    pub fn merge(parts: Vec<Self>) -> Result<Self, BadInput> {
        let bad = |what: String| BadInput {
            what,
            help: "merge the JSON of `bletwin explore --shard K/N --json`, one for each K".into(),
        };
        let mut parts = parts.into_iter();
        let mut sum = parts.next().ok_or_else(|| bad("there is nothing to merge".into()))?;
        let mut seen = vec![sum.options.shard.index()];
        let count = sum.options.shard.count();
        let mut cut: Vec<Shard> =
            (!sum.complete).then_some(sum.options.shard).into_iter().collect();
        for part in parts {
            let mut options = part.options.clone();
            options.shard = sum.options.shard;
            if (&options, &part.bletwin) != (&sum.options, &sum.bletwin)
                || part.options.shard.count() != count
            {
                return Err(bad("these are not parts of one search".into()));
            }
            if seen.contains(&part.options.shard.index()) {
                return Err(bad(format!("part {} is there twice", part.options.shard)));
            }
            seen.push(part.options.shard.index());
            cut.extend((!part.complete).then_some(part.options.shard));
            sum.add(part);
        }
        let absent = (1..=count).filter(|index| !seen.contains(index));
        let absent = absent.take(NAMED).filter_map(|index| Shard::new(index, count).ok());
        let missing: Vec<Shard> = absent.collect();
        let more = count.saturating_sub(seen.len()).saturating_sub(missing.len());
        cut.sort_by_key(|shard| shard.index());
        sum.lacking = Lacking { missing, more, cut };
        sum.complete &= seen.len() == count;
        sum.options.shard = Shard::default();
        sum.units[1] = sum.options.units().len();
        Ok(sum)
    }

    fn add(&mut self, part: Self) {
        self.complete &= part.complete;
        self.units[0] += part.units[0];
        self.runs += part.runs;
        self.joined += part.joined;
        self.unreached += part.unreached;
        self.traces += part.traces;
        self.states += part.states;
        self.violations += part.violations;
        self.seconds += part.seconds;
        self.findings.extend(part.findings);
        for counts in part.pairs {
            match self.pairs.iter_mut().find(|own| own.pair == counts.pair) {
                Some(own) => {
                    own.units += counts.units;
                    own.runs += counts.runs;
                    own.traces += counts.traces;
                    own.states += counts.states;
                    own.violations += counts.violations;
                }
                None => self.pairs.push(counts),
            }
        }
        self.pairs.sort_by(|a, b| a.pair.cmp(&b.pair));
        self.findings.sort_by(|a, b| (&a.case, &a.rule).cmp(&(&b.case, &b.rule)));
    }
}

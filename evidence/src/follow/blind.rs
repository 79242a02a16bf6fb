//! Connections whose beginning was not seen: the interval is that of which most pauses are
//! multiples.

use super::place::{ANSWERED, BEHIND, Grid, Sighting, UNIT, US};

/// Events begin after pauses of at least so long.
const PAUSE: i64 = 1_000 * US;
/// So many beginnings decide.
const BEGINNINGS: usize = 6;
/// So many are looked at first.
const NEXT: usize = 9;
/// More are not looked at.
const BEGINNINGS_MAX: usize = 32;
/// The first of them of which one is an anchor point.
const PHASES: usize = 4;
/// The longest interval: 4 s.
const LONGEST: i64 = 3_200;
const SHORTEST: i64 = 6;

/// Beginnings of events, until there are enough.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blind {
    starts: Vec<i64>,
    until: Option<i64>,
}

impl Blind {
    /// Of packets that come one after the other; whether their times are those of the air.
    pub(crate) fn of<'a>(coming: impl Iterator<Item = &'a Sighting>) -> (Self, bool) {
        let (mut blind, mut exact) = (Self::default(), false);
        for seen in coming {
            exact = seen.exact;
            if blind.until.is_none_or(|end| seen.at.saturating_sub(end) > PAUSE) {
                if blind.starts.len() == BEGINNINGS_MAX {
                    break;
                }
                blind.starts.push(seen.at);
            }
            blind.until = Some(seen.end);
        }
        (blind, exact)
    }

    /// Whether at least two thirds of the beginnings are anchor points of a grid.
    pub(crate) fn agrees(&self, grid: &Grid, exact: bool) -> bool {
        let fits = |at: &&i64| {
            let seen = Sighting { at: **at, end: **at, told: None, exact };
            grid.fits(&seen).is_some()
        };
        // The first is the one that raised the question.
        let later = self.starts.iter().skip(1).take(NEXT);
        later.len() < 2 || later.clone().filter(fits).count() * 3 >= later.len() * 2
    }

    /// How far a packet is behind the anchor points that follow it, if most of them say so: it
    /// answers one that was not heard.
    pub(crate) fn behind(&self, at: i64, grid: &Grid, exact: bool) -> Option<i64> {
        if !exact {
            return None;
        }
        // Clocks must not drift as far as a packet is long: where theirs are not known, soon.
        let parts = if grid.rate() == 0 { 1_600 } else { 20_000 };
        let interval = grid.span(1).max(1);
        let off = |start: &i64| {
            let since = start.saturating_sub(at);
            let events = u64::try_from((since + interval / 2) / interval).ok()?;
            (since > 0 && since / parts < BEHIND / 2).then(|| since - grid.span(events))
        };
        let mut offs: Vec<i64> = self.starts.iter().filter_map(off).collect();
        if offs.len() < 2 {
            return None;
        }
        offs.sort_unstable();
        let middle = offs.get((offs.len() - 1) / 2)?;
        (-ANSWERED..=-BEHIND / 2).contains(middle).then_some(-middle)
    }

    /// When events begin: the longest interval of which two thirds of the pauses are multiples, of
    /// as few as will do: the interval may change soon.
    pub(crate) fn grid(&self, exact: bool) -> Option<Grid> {
        [NEXT, 2 * NEXT, BEGINNINGS_MAX]
            .iter()
            .find_map(|most| grid(self.starts.get(..*most).unwrap_or(&self.starts), exact))
    }
}

fn grid(starts: &[i64], exact: bool) -> Option<Grid> {
    if starts.len() < BEGINNINGS {
        return None;
    }
    let pauses = starts.windows(2).filter_map(|two| match two {
        [from, to] => Some(to.saturating_sub(*from)),
        _ => None,
    });
    let mut pauses: Vec<i64> = pauses.collect();
    let middle = pauses.len() / 2;
    // A lost packet or a change makes one that is too short; the usual one is the interval.
    let longest = (*pauses.select_nth_unstable(middle).1 / UNIT + 1).clamp(SHORTEST, LONGEST);
    (SHORTEST..=longest).rev().map(|n| n * UNIT).find_map(|interval| {
        let walks =
            (0..PHASES).filter_map(|from| Some((walk(starts.get(from..)?, interval, exact), from)));
        // Of those that are as good, the first: an answer comes after what it answers.
        let (fit, from) = walks.max_by_key(|(fit, from)| (*fit, PHASES - from))?;
        let anchor = starts.get(from)?;
        (fit * 3 >= starts.len() * 2).then(|| Grid::new(interval, *anchor))
    })
}

/// How many beginnings are at multiples of an interval after each other, from the first on.
fn walk(starts: &[i64], interval: i64, exact: bool) -> usize {
    let Some((first, later)) = starts.split_first() else { return 0 };
    let mut last = *first;
    let mut fit = 1;
    for start in later {
        let since = start.saturating_sub(last);
        let times = (since + interval / 2) / interval;
        let off = (since - times * interval).abs();
        let clocks = if exact { 40 * US } else { 600 * US };
        if times > 0 && off <= clocks + since / 2_000 {
            last = *start;
            fit += 1;
        }
    }
    fit
}

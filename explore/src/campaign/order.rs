//! The order of units. The result of all is the same in any order; the searched part of an
//! interrupted search should be a sample of the whole.

use std::collections::BTreeMap;

use super::Task;
use crate::pairs::Unit;

/// How many units are chosen with regard to earlier choices: by then every value has occurred
/// often.
const CHOSEN: usize = 400;

/// Sides of a unit: whatever two units may have in common.
fn sides(unit: &Unit) -> Vec<(usize, String)> {
    let case = &unit.case;
    let link = format!("{:?} {:?}", case.csa, case.encryption);
    let wishes = unit.wishes.iter().map(|(side, what)| format!("{} {}", side.name(), what.name()));
    [unit.pair(), case.start.name().to_owned(), link]
        .into_iter()
        .chain(wishes)
        .enumerate()
        .collect()
}

/// The same units so that the first few of them, however many, have as many values in equal numbers
/// as can be: what each side asks for, both together, start states, algorithms, encryption. Seeds
/// come one after the other.
pub(super) fn spread(units: Vec<(usize, Task)>) -> Vec<(usize, Task)> {
    let mut seeds: BTreeMap<u64, Vec<(usize, Task)>> = BTreeMap::new();
    for (number, task) in units {
        let seed = match &task {
            Task::Meetings(unit) => unit.case.seed,
            // Drawn from seeds: any number of them is a sample.
            Task::Seeds(_) => 0,
        };
        seeds.entry(seed).or_default().push((number, task));
    }
    seeds.into_values().flat_map(of_one_seed).collect()
}

fn of_one_seed(mut left: Vec<(usize, Task)>) -> Vec<(usize, Task)> {
    if left.iter().any(|(_, task)| matches!(task, Task::Seeds(_))) {
        return left;
    }
    // Values as small numbers, each with its number of occurrences.
    let mut names: BTreeMap<(usize, String), usize> = BTreeMap::new();
    let mut values: Vec<Vec<usize>> = left
        .iter()
        .map(|(_, task)| {
            let Task::Meetings(unit) = task else { return Vec::new() };
            let number = |side| {
                let next = names.len();
                *names.entry(side).or_insert(next)
            };
            sides(unit).into_iter().map(number).collect()
        })
        .collect();
    // A value counts the more, the more others its side has: all turn round at the same pace.
    let mut kinds: BTreeMap<usize, usize> = BTreeMap::new();
    names.keys().for_each(|(side, _)| *kinds.entry(*side).or_default() += 1);
    let mut weight = vec![0; names.len()];
    names.iter().for_each(|((side, _), value)| weight[*value] = kinds[side]);
    let mut came = vec![0_usize; names.len()];
    let mut order = Vec::new();
    while !left.is_empty() && order.len() < CHOSEN {
        let load = |values: &[usize]| values.iter().map(|v| came[*v] * weight[*v]).sum::<usize>();
        let next = (0..left.len()).min_by_key(|at| load(&values[*at])).unwrap_or(0);
        for value in values.remove(next) {
            came[value] += 1;
        }
        order.push(left.remove(next));
    }
    // The rest in an order that has nothing to do with how they are numbered.
    left.sort_by_key(|(number, _)| (*number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    order.extend(left);
    order
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::campaign::{Options, SearchKind, Shard};

    fn options(kind: SearchKind, shard: Shard) -> Options {
        Options { kind, seeds: 1..3, shard, ..crate::campaign::tests::options() }
    }

    #[test]
    fn nothing_is_lost_nor_there_twice() {
        for kind in [SearchKind::Pairs, SearchKind::Triples] {
            let options = options(kind, Shard::default());
            let mut ordered = options.ordered();
            ordered.sort_by_key(|(number, _)| *number);
            assert_eq!(ordered, options.units());
        }
    }

    /// Red when units came in the order of their numbers: the first seven were all of one
    /// procedure of the peripheral's, on one kind of link.
    #[test]
    fn any_first_few_units_are_a_sample_of_all() {
        for (kind, shard) in [
            (SearchKind::Pairs, Shard::default()),
            (SearchKind::Triples, Shard::default()),
            (SearchKind::Pairs, Shard::new(3, 8).unwrap()),
        ] {
            let ordered = options(kind, shard).ordered();
            let sides = |(_, task): &(usize, Task)| match task {
                Task::Meetings(unit) => sides(unit),
                Task::Seeds(_) => Vec::new(),
            };
            let of_first_seed = ordered.len() / 2;
            let all: BTreeSet<_> = ordered[..of_first_seed].iter().flat_map(sides).collect();
            for side in 1..=4 {
                let values = all.iter().filter(|(other, _)| *other == side).count();
                let first: Vec<_> = ordered.iter().take(2 * values).flat_map(sides).collect();
                let of = |value: &&(usize, String)| value.0 == side;
                let seen: BTreeSet<_> = first.iter().filter(of).collect();
                assert_eq!(seen.len(), values, "{kind:?}, side {side}: {seen:?}");
            }
            let seven: BTreeSet<_> =
                ordered.iter().take(7).map(|unit| sides(unit)[0].clone()).collect();
            assert_eq!(seven.len(), 7, "{seven:?}");
        }
    }
}

//! Shrinking on meaning: what was found is made smaller by steps that a value itself proposes,
//! as long as it is still found.

/// Something that can be made simpler.
pub trait Shrink: Sized {
    /// Simpler values, the boldest steps first. Repeated steps must come to an end: each is
    /// smaller by some measure that cannot go down for ever.
    fn simpler(&self) -> Vec<Self>;
}

/// What shrinking has led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk<T> {
    /// The simplest value that is still found.
    pub value: T,
    /// Values that were tried.
    pub tried: usize,
    /// Nothing simpler was left to try, as opposed to `most` being used up.
    pub complete: bool,
}

/// Takes the first simpler value that `still_found` holds for, again and again, until none is
/// left or `most` have been tried. Deterministic if `still_found` is.
pub fn shrink<T: Shrink>(
    start: T,
    most: usize,
    mut still_found: impl FnMut(&T) -> bool,
) -> Shrunk<T> {
    let mut value = start;
    let mut tried = 0;
    'simpler: loop {
        for candidate in value.simpler() {
            if tried == most {
                return Shrunk { value, tried, complete: false };
            }
            tried += 1;
            if still_found(&candidate) {
                value = candidate;
                continue 'simpler;
            }
        }
        return Shrunk { value, tried, complete: true };
    }
}

/// A list without a part of it, larger parts first: halves, quarters, … single elements.
#[must_use]
pub fn shorter<T: Clone>(list: &[T]) -> Vec<Vec<T>> {
    let mut all = Vec::new();
    let mut part = list.len();
    while part > 0 {
        for start in (0..list.len()).step_by(part) {
            let end = (start + part).min(list.len());
            all.push([&list[..start], &list[end..]].concat());
        }
        part /= 2;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Shrink for Vec<u32> {
        fn simpler(&self) -> Vec<Self> {
            let smaller = (0..self.len()).filter(|index| self[*index] > 0).map(|index| {
                let mut list = self.clone();
                list[index] -= 1;
                list
            });
            shorter(self).into_iter().chain(smaller).collect()
        }
    }

    #[test]
    fn only_what_matters_is_left() {
        let start = vec![9, 3, 7, 1, 8, 5];
        let found = |list: &Vec<u32>| list.iter().any(|n| *n >= 7) && list.contains(&3);
        let shrunk = shrink(start, 10_000, found);
        assert_eq!((shrunk.value, shrunk.complete), (vec![3, 7], true));
    }

    #[test]
    fn trying_ends() {
        let shrunk = shrink(vec![1_000_000], 10, |list| !list.is_empty());
        assert_eq!((shrunk.value, shrunk.tried, shrunk.complete), (vec![999_995], 10, false));
    }

    #[test]
    fn parts_are_left_out_large_ones_first() {
        assert_eq!(shorter(&[1, 2, 3]), [vec![], vec![2, 3], vec![1, 3], vec![1, 2]]);
    }
}

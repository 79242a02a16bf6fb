//! Up to `N` octets that are moved by value.
//!
//! A message of a link layer has room for the longest PDU and mostly carries two octets. Where
//! there is no heap, the room goes wherever the message goes. With the feature `spill`, which a
//! simulator has and a chip has not, [`IN_PLACE`] octets are carried in place and more on the heap.
//! Nothing but its size and speed tells one from the other.
//!
//! ```
//! use octets::OctetVec;
//!
//! let mut pdu: OctetVec<4> = OctetVec::from_slice(&[1, 2, 3]).unwrap();
//! pdu.push(4).unwrap();
//! assert!(pdu.push(5).is_err(), "it is full");
//! assert_eq!(pdu[..], [1, 2, 3, 4]);
//! ```

#![cfg_attr(not(test), no_std)]

use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::{Deref, DerefMut};

/// Most octets that are carried in place where the feature `spill` is there: an LL Control PDU with
/// header and MIC, an advertisement, an L2CAP frame of the default MTU.
pub const IN_PLACE: usize = 40;

#[cfg(not(feature = "spill"))]
type Held<const N: usize> = heapless::Vec<u8, N, u16>;
#[cfg(feature = "spill")]
type Held<const N: usize> = smallvec::SmallVec<[u8; IN_PLACE]>;

/// There is no room for so many octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Full;

/// Up to `N` octets; `N` is at most 65,535.
#[derive(Default)]
pub struct OctetVec<const N: usize>(Held<N>);

impl<const N: usize> Clone for OctetVec<N> {
    fn clone(&self) -> Self {
        #[cfg(not(feature = "spill"))]
        return Self(self.0.clone());
        // A derived one would copy octet by octet.
        #[cfg(feature = "spill")]
        Self(Held::<N>::from_slice(self))
    }
}

impl<const N: usize> OctetVec<N> {
    /// Holds no octet yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// As many as there is room for, all zero.
    #[must_use]
    pub fn zeros() -> Self {
        #[cfg(not(feature = "spill"))]
        return Self(Held::<N>::from_array([0; N]));
        #[cfg(feature = "spill")]
        Self(Held::<N>::from_elem(0, N))
    }

    /// A copy of these.
    ///
    /// # Errors
    /// [`Full`] if they are more than `N`.
    pub fn from_slice(octets: &[u8]) -> Result<Self, Full> {
        let mut new = Self::new();
        new.extend_from_slice(octets)?;
        Ok(new)
    }

    /// Appends one octet.
    ///
    /// # Errors
    /// [`Full`] if there are `N` already.
    pub fn push(&mut self, octet: u8) -> Result<(), Full> {
        self.extend_from_slice(&[octet])
    }

    /// Appends all of these or none.
    ///
    /// # Errors
    /// [`Full`] if there would be more than `N`.
    pub fn extend_from_slice(&mut self, octets: &[u8]) -> Result<(), Full> {
        if octets.len() > N.saturating_sub(self.len()) {
            return Err(Full);
        }
        #[cfg(not(feature = "spill"))]
        return self.0.extend_from_slice(octets).map_err(|_| Full);
        #[cfg(feature = "spill")]
        {
            self.0.extend_from_slice(octets);
            Ok(())
        }
    }

    /// All of them, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self
    }

    /// Keeps the first `len` octets; all, if there are fewer.
    pub fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }
}

impl<const N: usize> Deref for OctetVec<N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> DerefMut for OctetVec<N> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl<const N: usize> PartialEq for OctetVec<N> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<const N: usize> Eq for OctetVec<N> {}

impl<const N: usize> PartialEq<[u8]> for OctetVec<N> {
    fn eq(&self, other: &[u8]) -> bool {
        **self == *other
    }
}

impl<const N: usize, const M: usize> PartialEq<[u8; M]> for OctetVec<N> {
    fn eq(&self, other: &[u8; M]) -> bool {
        **self == other[..]
    }
}

impl<const N: usize> Hash for OctetVec<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<const N: usize> fmt::Debug for OctetVec<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<'a, const N: usize> IntoIterator for &'a OctetVec<N> {
    type Item = &'a u8;
    type IntoIter = core::slice::Iter<'a, u8>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<const N: usize> TryFrom<&[u8]> for OctetVec<N> {
    type Error = Full;

    fn try_from(octets: &[u8]) -> Result<Self, Full> {
        Self::from_slice(octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::hash::DefaultHasher;

    const MOST: usize = 64;

    /// What is done to them.
    #[derive(Clone, Debug)]
    enum Step {
        Push(u8),
        Extend(Vec<u8>),
        Truncate(usize),
        Set(usize, u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            any::<u8>().prop_map(Step::Push),
            proptest::collection::vec(any::<u8>(), 0..=MOST).prop_map(Step::Extend),
            (0..=MOST + 2).prop_map(Step::Truncate),
            (0..MOST, any::<u8>()).prop_map(|(at, octet)| Step::Set(at, octet)),
        ]
    }

    fn hash(value: &impl Hash) -> u64 {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        hasher.finish()
    }

    proptest! {
        /// Whatever the feature: the octets, the hash and the words of a vector with a limit, and a
        /// step that does not fit changes nothing.
        #[test]
        fn they_are_a_vector_with_a_limit(steps in proptest::collection::vec(step(), 0..40)) {
            let mut octets = OctetVec::<MOST>::new();
            let mut model: Vec<u8> = Vec::new();
            for step in steps {
                let (taken, fits) = match step {
                    Step::Push(octet) => {
                        let fits = model.len() < MOST;
                        model.extend(fits.then_some(octet));
                        (octets.push(octet), fits)
                    }
                    Step::Extend(more) => {
                        let fits = model.len() + more.len() <= MOST;
                        model.extend(fits.then_some(&more).into_iter().flatten());
                        (octets.extend_from_slice(&more), fits)
                    }
                    Step::Truncate(len) => {
                        model.truncate(len);
                        octets.truncate(len);
                        (Ok(()), true)
                    }
                    Step::Set(at, octet) => {
                        model.get_mut(at).into_iter().for_each(|place| *place = octet);
                        octets.get_mut(at).into_iter().for_each(|place| *place = octet);
                        (Ok(()), true)
                    }
                };
                prop_assert_eq!(taken, if fits { Ok(()) } else { Err(Full) });
                prop_assert_eq!(&octets[..], &model[..]);
                prop_assert_eq!(hash(&octets), hash(&&model[..]));
                prop_assert_eq!(format!("{octets:?}"), format!("{model:?}"));
                prop_assert_eq!(&octets, &octets.clone());
                prop_assert_eq!(&OctetVec::<MOST>::zeros()[..], &[0; MOST]);
            }
        }
    }

    #[test]
    fn a_simulator_moves_few_octets_and_a_chip_has_no_heap() {
        let in_place = size_of::<OctetVec<257>>() > 257;
        assert_eq!(in_place, cfg!(not(feature = "spill")));
        assert!(in_place || size_of::<OctetVec<257>>() <= 48, "{}", size_of::<OctetVec<257>>());
    }
}
